// At the bedside: the patient, of whom nothing is shown that was not measured, asked or seen; what sounded; what the instructor says.

import { actButton, actDisclosure, capital, errorText, growing, spoken } from "./learner-desk.js";
import { announce, busy, button, field, fill, h, list, setText } from "./ui.js";

const NEVER = "not measured";

/** Tiles that stay empty until somebody measures; below them what was asked and answered. */
export function patientPanel(node, desk) {
  const measure = desk.door("measure");
  const what = measure?.arguments.find(({ name }) => name === "what");
  const told = h("div", { role: "status" });
  const tiles = (what?.choices ?? []).map((choice) => tile(desk, measure, choice, told));
  const others = desk.group("patient").filter((door) => door !== measure);
  const { node: saidBox, items: said } = growing("What the patient said and showed");
  node.append(
    h("p", { class: "hint" }, "Nothing is known until you measure, ask or look. Each value keeps the time at which it was taken."),
    tiles.length > 0 ? h("ul", { class: "tiles" }, tiles.map(({ node: each }) => each)) : h("p", { class: "empty" }, "Nothing can be measured here."),
    told,
    ...others.map((door) => (door.arguments.length ? actDisclosure(desk, door) : actButton(desk, door))),
    saidBox,
  );
  desk.watch(["patient"], ({ patient }) => {
    for (const each of tiles) each.show(patient.measured[each.what] ?? []);
    list(
      said,
      [...patient.said].reverse(),
      ({ n }) => n,
      (item) => h("li", {}, h("span", { class: "when" }, item.when), h("div", {}, item.asked && h("b", {}, `${capital(spoken(item.asked))}: `), item.text)),
    );
  });
}

function tile(desk, door, choice, told) {
  const what = choice.id ?? choice;
  const name = capital(choice.text ?? spoken(what));
  const value = h("span", { class: "value none" }, NEVER);
  const when = h("span", { class: "when" });
  const earlier = h("details", { hidden: true }, h("summary", {}, "Earlier"), h("ol", { class: "log" }));
  const take = button("Measure", () =>
    busy(take, async () => {
      const { ok, seen, error } = await desk.do(door.act, { what });
      if (ok) announce(`${name}: ${seen.value ?? seen.text ?? "done"}`);
      fill(told, !ok && h("div", { class: "say bad" }, errorText(error)));
    }), { class: "small", "aria-label": `Measure ${name.toLowerCase()}` });
  const node = h("li", { class: `tile${["look", "pocket"].includes(what) ? " said" : ""}` }, h("span", { class: "name" }, name), value, take, when, earlier);
  return {
    node,
    what,
    show: (values) => {
      const last = values.at(-1);
      setText(value, last?.value ?? NEVER);
      value.classList.toggle("none", !last);
      setText(when, last ? `at ${last.when}` : "");
      setText(take, last ? "Again" : "Measure");
      earlier.hidden = values.length < 2;
      list(earlier.lastElementChild, values.slice(0, -1).reverse(), ({ n }) => n, (item) => h("li", {}, h("span", { class: "when" }, item.when), h("span", {}, item.value)));
    },
  };
}

/** Every sound of the pump so far, missed ones too; a repeat counts up its line. The live caption is the sound bar's. */
export function soundsPanel(node, desk) {
  const empty = h("p", { class: "empty" }, "Nothing has sounded since you came.");
  const items = h("ol", { class: "log sounded" });
  node.append(empty, items);
  desk.watch(["sounds"], ({ sounds }) => {
    empty.hidden = sounds.length > 0;
    list(
      items,
      [...sounds].reverse(),
      ({ first, pattern }) => `${first} ${pattern}`,
      () => h("li", {}, h("span", { class: "when" }), h("div", {}, h("div", { class: "caption" }), h("div", { class: "hint" }))),
      (each, item) => {
        setText(each.querySelector(".when"), item.when);
        setText(each.querySelector(".caption"), item.caption);
        setText(each.querySelector(".hint"), item.count > 1 ? `first at ${item.first}` : "");
      },
    );
  });
}

/** What the instructor says and the findings that he gives. */
export function messagesPanel(node, desk) {
  const empty = h("p", { class: "empty" }, "No messages.");
  const { node: box, items } = growing("Messages");
  node.append(empty, box);
  desk.watch(["messages"], ({ messages }) => {
    empty.hidden = messages.length > 0;
    list(items, [...messages].reverse(), ({ n }) => n, (item) => h("li", {}, h("span", { class: "when" }, item.when), h("div", {}, item.by && h("b", {}, item.by === "finding" ? "Finding: " : "Instructor: "), item.text)));
  });
}

/** Questions of the instructor, each answered once; one that was answered stays as a line until the next comes. */
export function promptsPanel(node, desk) {
  desk.watch(["prompts"], ({ prompts }) => {
    const open = prompts.filter(({ reply }) => reply === null);
    const last = prompts.filter(({ reply }) => reply !== null).slice(-1);
    list(
      node,
      [...open, ...last],
      ({ id, reply }) => `${id}${reply === null ? "" : " answered"}`,
      (prompt) => (prompt.reply === null ? question(desk, prompt) : h("p", { class: "say" }, h("b", {}, prompt.text), `You answered: ${prompt.reply}`)),
    );
  });
}

function question(desk, { id, text }) {
  const input = h("textarea", { rows: "2" });
  const { node, error } = field(text, input, "You can answer once.");
  const send = h("button", { type: "submit", class: "primary" }, "Answer");
  const form = h("form", { class: "say stack tight", novalidate: true }, h("b", {}, "The instructor asks"), node, h("div", {}, send));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(send, async () => {
      if (!input.value.trim()) return error("write an answer first");
      const answer = await desk.do("reply", { id, text: input.value.trim() });
      return error(answer.ok ? "" : errorText(answer.error));
    });
  });
  announce(`The instructor asks: ${text}`);
  return form;
}
