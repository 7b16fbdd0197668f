// What all panels of the learner's page share: the view, its watchers, the acts, forms of acts, and what is typed but not sent.

import { announce, busy, button, field, fill, freshId, h, setText } from "./ui.js";

export class Desk {
  constructor(link) {
    this.link = link;
    this.view = {};
    this.clock = {};
    this.lost = true;
    this.watchers = [];
    this.lostWatchers = [];
    this.beats = [];
    this.pending = new Map();
    this.pendingWatchers = [];
  }

  /** Call `tell(view)` now and whenever one of these keys changes. */
  watch(keys, tell) {
    this.watchers.push({ keys, tell });
    tell(this.view);
  }

  onBeat(tell) {
    this.beats.push(tell);
  }

  onPending(tell) {
    this.pendingWatchers.push(tell);
    tell();
  }

  set(values, whole = false) {
    Object.assign(this.view, values);
    if (whole) return;
    for (const { keys, tell } of this.watchers) if (keys.some((key) => key in values)) tell(this.view);
  }

  tellAll() {
    for (const { tell } of this.watchers) tell(this.view);
  }

  beat(clock) {
    this.clock = clock;
    for (const tell of this.beats) tell(clock);
  }

  setLost(lost) {
    this.lost = lost;
    document.body.classList.toggle("link-lost", lost);
  }

  /** How this run writes micrograms. */
  get mcg() {
    return this.view.run?.profile === "UK" ? "micrograms" : "mcg";
  }

  // ---------------------------------------------------------------- acts

  /** The acts of a group that this lesson allows. */
  group(name) {
    return this.view.doors?.find(({ group }) => group === name)?.acts ?? [];
  }

  /** One act, undefined if it is not at hand. */
  door(act) {
    return this.view.doors?.flatMap(({ acts }) => acts).find((each) => each.act === act);
  }

  /** Do it; resolves to {ok, seen, error}, whatever happens. */
  async do(act, args = {}) {
    if (this.lost) return { ok: false, error: { what: "there is no connection", where: "", do: "wait until it is back: nothing was sent" } };
    try {
      const answer = await this.link.send(act, args);
      return { ok: Boolean(answer?.ok), seen: answer?.seen ?? {}, error: answer?.error ?? null };
    } catch (error) {
      return { ok: false, error: { what: String(error?.message ?? error), where: "", do: "see whether it was done before you do it again" } };
    }
  }

  // ---------------------------------------------------------------- typed, not sent

  /** What is typed in one place and was not sent; empty words take it away. */
  setPending(place, words) {
    if (words) this.pending.set(place, words);
    else this.pending.delete(place);
    for (const tell of this.pendingWatchers) tell();
  }

  pendingWords() {
    if (!this.pending.size) return "";
    const read = this.view.readout;
    const state = !read ? "The pump was not read: what it runs is not known" : read.runs ? "The pump still runs the old program" : "The pump is STOPPED";
    return `Not sent: ${[...this.pending.values()].join(", ")}. ${state}${read ? ` (as read ${read.when})` : ""}.`;
  }
}

const FIRST = ["measured", "expected", "difference"];

/** An error of an act in a sentence. */
export const errorText = (error) => (error ? [error.what, error.do].filter(Boolean).join("; ") : "");

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Rows of [name, text] as a list of facts. */
export const facts = (rows) => h("dl", { class: "facts" }, rows.map(([name, text]) => [h("dt", {}, capital(name)), h("dd", {}, text)]));

/** A form for one act, made from the words of its door: one field an argument, nothing chosen beforehand. */
export function actForm(desk, door, { kind = "", label = door.label, onDone, confirm, before = [], fixed = {} } = {}) {
  const fields = door.arguments.filter(({ name }) => !(name in fixed)).map((argument) => ({ argument, ...control(argument, door) }));
  const told = h("div", { class: "told", role: "status" });
  const submit = h("button", { type: "submit", class: kind }, label);
  const form = h("form", { class: "act stack tight", novalidate: true }, before, fields.map(({ node }) => node), h("div", { class: "row" }, submit), told);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(submit, async () => {
      const args = { ...fixed };
      for (const { argument, value } of fields) if (value() !== "") args[argument.name] = value();
      if (confirm && !(await confirm(args))) return;
      for (const each of fields) each.error("");
      const answer = await desk.do(door.act, args);
      sayAnswer(told, answer, fields);
      if (answer.ok) {
        for (const each of fields) each.clear();
        onDone?.(answer, args);
      }
    });
  });
  return form;
}

/** Put an answer under a form: an error at the field that it is about, else in a line. */
export function sayAnswer(told, { ok, seen, error }, fields = []) {
  if (ok) {
    const rows = rowsOf(seen);
    fill(told, h("div", { class: "say good" }, h("b", {}, seen.text || "Done."), rows.length > 0 && facts(rows)));
    return;
  }
  const at = fields.find(({ argument }) => argument.name === error?.where);
  if (at) {
    at.error(errorText(error));
    at.focus();
    fill(told);
  } else fill(told, h("div", { class: "say bad" }, h("b", {}, "Not done."), errorText(error)));
}

/** The texts of an answer by name, what was measured first. */
function rowsOf(seen) {
  const shown = Object.entries(seen).filter(([key, value]) => typeof value === "string" && value && !["text", "token"].includes(key));
  const rank = ([key]) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  return shown.sort((one, other) => rank(one) - rank(other)).map(([key, value]) => [key.replaceAll("_", " "), value.endsWith(` ${key}`) ? value.slice(0, -key.length - 1) : value]);
}

/** The control for one argument. */
function control(argument, door) {
  const { name, label, example, choices, needed, long } = argument;
  const words = needed === false ? `${label} (optional)` : label;
  if (choices?.length && choices.length <= 4) return radios(words, choices);
  const hint = choices?.length ? "" : hintOf(argument, door);
  const input = choices?.length
    ? h("select", { name }, h("option", { value: "" }, "choose"), choices.map((choice) => h("option", { value: choice.id ?? choice }, choice.text ?? spoken(choice))))
    : h(long ? "textarea" : "input", { name, autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const { node, error } = field(words, input, hint);
  return { node, error, value: () => input.value.trim(), clear: () => (input.value = ""), focus: () => input.focus() };
}

/** What to write, without a figure that somebody could take over. */
function hintOf(argument, door) {
  const { name, example } = argument;
  if (!example || name === "drug") return "";
  if (door.arguments.some((other) => other !== argument && other.choices?.length > 4)) return "with its unit";
  const quantity = /^[\d.,]+ (\D+)$/.exec(example);
  if (quantity) return `in ${quantity[1]}`;
  if (/^\d+$/.test(example)) return "a whole number";
  return /\d/.test(example) ? `written like ${example}` : `such as ${example}`;
}

export const spoken = (word) => String(word).replaceAll("-", " ");

function radios(label, choices) {
  const name = freshId("choice");
  const inputs = choices.map((choice) => h("input", { type: "radio", name, value: choice.id ?? choice }));
  const error = h("div", { class: "error", hidden: true });
  const node = h(
    "fieldset",
    {},
    h("legend", {}, label),
    h("div", { class: "row" }, inputs.map((input, place) => h("label", { class: "choice" }, input, choices[place].text ?? spoken(choices[place])))),
    error,
  );
  return {
    node,
    error: (text) => {
      setText(error, text);
      error.hidden = !text;
    },
    value: () => inputs.find(({ checked }) => checked)?.value ?? "",
    clear: () => inputs.forEach((input) => (input.checked = false)),
    focus: () => inputs[0].focus(),
  };
}

/** A disclosure with a form of an act in it. */
export function actDisclosure(desk, door, options) {
  return h("details", { class: "well" }, h("summary", {}, door.label), actForm(desk, door, options));
}

/** A button that does an act without arguments, and says underneath what came of it. */
export function actButton(desk, door, { kind = "", confirm, onDone, told } = {}) {
  const node = button(door.label, () =>
    busy(node, async () => {
      if (confirm && !(await confirm())) return;
      const answer = await desk.do(door.act);
      if (told) sayAnswer(told, answer);
      else announce(answer.ok ? `${door.label}: done` : errorText(answer.error), !answer.ok);
      if (answer.ok) onDone?.(answer);
    }), { class: kind, "data-act": door.act });
  return node;
}

/** A list that grows; what comes is read out. Returns {node, items}, items being the list itself. */
export function growing(label, props = {}) {
  const items = h("ol", { class: "log" });
  return { node: h("div", { role: "log", "aria-label": label, ...props }, items), items };
}

/** Entries of the log, newest first: time, what, and what came of it. */
export function logItem(item, title, ...more) {
  return h("li", {}, h("span", { class: "when" }, item.when), h("div", { class: "stack tight" }, h("div", {}, title), ...more));
}
