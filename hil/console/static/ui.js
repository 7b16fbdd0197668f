// What pages are built with: elements, lists that keep their nodes, tabs, dialogs, announcements. No library, no global state
// but the one live region.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: h("button", {class: "primary", onclick: save, "aria-pressed": "false"}, "Save"). Falsy children are left out. */
export function h(tag, props, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

function filled(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) setProp(node, name, value);
  node.append(...children.flat(Infinity).filter(shown));
  return node;
}

const shown = (child) => child !== null && child !== undefined && child !== false && child !== "";

/** Set one attribute, property or listener; null, undefined and false take it away. */
export function setProp(node, name, value) {
  if (name.startsWith("on") && typeof value === "function") node.addEventListener(name.slice(2), value);
  else if (name === "style" && value && typeof value === "object") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
  else if (["value", "checked", "disabled", "hidden", "selected", "indeterminate", "open"].includes(name) && name in node) {
    if (node[name] !== value || node.localName === "option") node[name] = value ?? ""; // an option without the attribute is worth its text
  } else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : String(value));
}

/** Change a node's text only if it differs, so that a screen reader is not told twice. */
export function setText(node, text) {
  const wanted = String(text ?? "");
  if (node.textContent !== wanted) node.textContent = wanted;
  return node;
}

/** Put other children in a node. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(shown));
  return node;
}

/** Show items as children of a node and keep the node of an item that stays: make(item) -> node, update(node, item). Focus is kept. */
export function list(node, items, key, make, update) {
  const before = new Map([...node.children].map((child) => [child.dataset.key, child]));
  let place = node.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = before.get(name);
    if (child) before.delete(name);
    else (child = make(item)).dataset.key = name;
    update?.(child, item);
    if (child === place) place = place.nextElementSibling;
    else node.insertBefore(child, place);
  }
  for (const child of before.values()) child.remove();
  return node;
}

/** A labelled button. */
export function button(label, onclick, props = {}) {
  return h("button", { type: "button", onclick, ...props }, label);
}

/** Run an asynchronous act behind a button: no second click while it runs. Resolves to what the act gives. */
export async function busy(node, act) {
  if (node.getAttribute("aria-busy") === "true") return undefined;
  node.setAttribute("aria-busy", "true");
  try {
    return await act();
  } finally {
    node.removeAttribute("aria-busy");
  }
}

let regions;

/** Say a text to a screen reader. `urgent` interrupts: only for what is new and cannot wait. */
export function announce(text, urgent = false) {
  if (!regions) {
    const region = (role) => document.body.appendChild(h("div", { class: "visually-hidden", role, "aria-atomic": "true" }));
    regions = { status: region("status"), alert: region("alert") };
  }
  const region = regions[urgent ? "alert" : "status"];
  region.textContent = "";
  requestAnimationFrame(() => setText(region, text));
}

let numbered = 0;

/** A name for an id that no other element has. */
export const freshId = (stem) => `${stem}-${++numbered}`;

/**
 * Tabs: entries are {id, label, panel, hidden?}. Arrow keys, Home and End move; returns {node, show(id), shown(), count(id, n)}.
 * The panels stay in the document, hidden, so that what was typed is not lost.
 */
export function tabs(label, entries, onShow) {
  const heads = new Map();
  const bar = h("div", { class: "tabs", role: "tablist", "aria-label": label });
  let current;
  const show = (id, focus = false) => {
    current = id;
    for (const { id: each, panel } of entries) {
      const chosen = each === id;
      setProp(heads.get(each), "aria-selected", String(chosen));
      setProp(heads.get(each), "tabindex", chosen ? "0" : "-1");
      panel.hidden = !chosen;
    }
    if (focus) heads.get(id).focus();
    onShow?.(id);
  };
  for (const { id, label: text, panel } of entries) {
    const head = h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, onclick: () => show(id) }, text);
    for (const [name, value] of Object.entries({ id: `panel-${id}`, role: "tabpanel", "aria-labelledby": `tab-${id}`, tabindex: "-1" })) setProp(panel, name, value);
    heads.set(id, head);
    bar.append(head);
  }
  bar.addEventListener("keydown", (event) => {
    const ids = entries.map(({ id }) => id).filter((id) => !heads.get(id).hidden);
    const at = ids.indexOf(current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1 }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show(ids[(to + ids.length) % ids.length], true);
  });
  const count = (id, number) => {
    const head = heads.get(id);
    head.querySelector(".count")?.remove();
    if (number) head.append(h("span", { class: "count" }, String(number), h("span", { class: "visually-hidden" }, " new")));
  };
  show(entries[0].id);
  return { node: bar, show, shown: () => current, count, heads };
}

/**
 * Ask in a modal dialog; resolves to the value of the button that was pressed, null on Escape. The first action has the focus unless
 * one says `focus: true`. actions: [{label, value, kind?, focus?}].
 */
export function dialog({ title, body, actions }) {
  return new Promise((resolve) => {
    const id = freshId("dialog");
    const buttons = actions.map(({ label, value, kind, focus }) => button(label, () => node.close(value), { class: kind, value, autofocus: focus }));
    const node = h("dialog", { "aria-labelledby": id }, h("h2", { id }, title), h("div", { class: "stack" }, body), h("div", { class: "row actions" }, buttons));
    node.addEventListener("cancel", () => (node.returnValue = ""));
    node.addEventListener("close", () => {
      node.remove();
      resolve(node.returnValue || null);
    });
    document.body.append(node);
    node.showModal();
  });
}

/** A field: label, hint, a control, and room for an error that the control points to. Returns {node, control, error(text)}. */
export function field(label, control, hint) {
  const id = control.id || (control.id = freshId("field"));
  const error = h("div", { class: "error", id: `${id}-error`, hidden: true });
  const about = hint && h("div", { class: "hint", id: `${id}-hint` }, hint);
  const node = h("div", { class: "field" }, h("label", { for: id }, label), control, about, error);
  const say = (text) => {
    setText(error, text);
    error.hidden = !text;
    setProp(control, "aria-invalid", text ? "true" : null);
    setProp(control, "aria-describedby", [about && `${id}-hint`, text && `${id}-error`].filter(Boolean).join(" ") || null);
  };
  say("");
  return { node, control, error: say };
}

/** A button that goes round the machine's theme, light and dark; the choice is kept on this machine. */
export function themeButton() {
  const kept = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const order = ["", "light", "dark"];
  const words = { "": "Theme: system", light: "Theme: light", dark: "Theme: dark" };
  const node = button("", () => apply(order[(order.indexOf(now) + 1) % order.length], true), { class: "plain small" });
  let now = "";
  const apply = (theme, keep) => {
    now = order.includes(theme) ? theme : "";
    if (now) document.documentElement.dataset.theme = now;
    else delete document.documentElement.dataset.theme;
    setText(node, words[now]);
    if (keep) {
      try {
        localStorage.setItem("theme", now);
      } catch {
        // a page that may not keep anything still changes its colours
      }
    }
  };
  apply(kept() ?? "");
  return node;
}
