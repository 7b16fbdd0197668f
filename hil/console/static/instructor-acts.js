// What a trainer does to a case or to the class: inject and clear, say, ask and give findings, the next steps of the lesson.

import { button, field, fill, freshId, h, list, setText } from "./ui.js";
import { badge } from "./instructor-board.js";

/** Fill the panel. */
export function mountActs(board, panel) {
  const whose = target(board);
  fill(panel, whose.node, injecting(board, whose), inForce(board), talking(board, whose), steps(board, whose));
}

/** For whom: the open learner or the whole class. */
function target(board) {
  const name = freshId("whom");
  const one = h("input", { type: "radio", name, value: "one", checked: true }), all = h("input", { type: "radio", name, value: "all" });
  const words = h("span");
  board.watch(["open", "row:*"], () => setText(words, board.row()?.nickname ?? "the open learner"));
  const node = h("fieldset", { class: "whom" }, h("legend", {}, "For whom"), h("div", { class: "row" }, h("label", { class: "choice" }, one, words), h("label", { class: "choice" }, all, "the whole class")));
  return { node, learner: () => (all.checked ? "" : board.open), words: () => (all.checked ? "the class" : (board.row()?.nickname ?? "")) };
}

// ---------------------------------------------------------------- inject and clear

function injecting(board, whose) {
  const choice = h("select", { id: "fault" });
  const about = h("dl", { class: "facts small" }), fields = h("div", { class: "stack tight" }), told = h("div");
  const submit = h("button", { type: "submit", class: "primary", disabled: true }, "Inject");
  let inputs = [];
  const chosen = () => board.view.forms?.find(({ name }) => name === choice.value);
  choice.addEventListener("change", () => {
    const form = chosen();
    submit.disabled = !form;
    fill(told);
    fill(about, form && [["In truth", form.truth], ["The pump notices", form.notices], ["The pump misses", form.misses], ["It", form.stays]].map(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
    inputs = (form?.fields ?? []).map(parameter);
    fill(fields, inputs.map(({ node }) => node));
  });
  const form = h("form", { class: "stack tight", novalidate: true }, field("Fault", choice).node, fields, h("details", { class: "small" }, h("summary", {}, "What it does"), about), h("div", { class: "row" }, submit), told);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const params = Object.fromEntries(inputs.map(({ key, control }) => [key, control.value.trim()]).filter(([, text]) => text));
    const answer = await board.do("inject", { learner: whose.learner(), fault: choice.value, params }, { from: submit, told, done: `Injected for ${whose.words()}: ${choice.value}.` });
    if (answer.ok) {
      choice.value = "";
      choice.dispatchEvent(new Event("change"));
      fill(told, h("div", { class: "say good", role: "status" }, `Injected for ${whose.words()}.`));
      board.askCase?.();
    }
  });
  board.watch(["forms"], ({ forms }) => {
    if (choice.options.length || !forms) return;
    const families = [...new Set(forms.map(({ family }) => family))];
    fill(choice, h("option", { value: "" }, "choose a fault"), families.map((family) => h("optgroup", { label: family }, forms.filter((each) => each.family === family).map(({ name, label }) => h("option", { value: name }, `${family}: ${label}`)))));
  });
  return h("section", { class: "stack tight", "aria-label": "Inject a fault" }, h("h3", {}, "Inject"), form);
}

/** One parameter of a fault: nothing is filled in beforehand; what an empty field means is said. */
function parameter({ key, label, meaning, hint, choices, values, needed }) {
  const control = choices.length
    ? h("select", { name: key }, h("option", { value: "" }, needed ? "choose" : "as it is"), choices.map((text, place) => h("option", { value: values[place] }, text)))
    : h("input", { name: key, autocomplete: "off", spellcheck: "false" });
  const { node } = field(needed ? label : `${label} (may stay empty)`, control, [meaning, hint].filter(Boolean).join(": "));
  return { node, key, control };
}

function inForce(board) {
  const rows = h("ul", { class: "plain-list" }), none = h("p", { class: "empty" }, "No fault is in force."), told = h("div");
  board.watch(["case", "open"], ({ case: known }) => {
    const faults = known?.learner === board.open ? known.faults : [];
    none.hidden = faults.length > 0;
    list(rows, faults, ({ handle }) => handle, ({ handle, words }) => {
      const clear = button("Clear", async () => {
        await board.do("clear", { learner: board.open, handle }, { from: clear, told, done: `Cleared: ${words}.` });
        board.askCase?.();
      }, { class: "small", "aria-label": `Clear ${words}` });
      return h("li", { class: "row between" }, h("span", { class: "grow" }, words), clear);
    });
  });
  return h("section", { class: "stack tight", "aria-label": "In force" }, h("h3", {}, "In force"), none, rows, told);
}

// ---------------------------------------------------------------- say, ask, give

function talking(board, whose) {
  const text = h("textarea", { id: "message", rows: 3 }), told = h("div");
  const send = (label, act, done) => {
    const node = button(label, async () => {
      if (!text.value.trim()) return void fill(told, h("div", { class: "say bad", role: "alert" }, "Write something first."));
      const answer = await board.do(act, { learner: whose.learner(), text: text.value.trim() }, { from: node, told, done: `${done} ${whose.words()}.` });
      if (answer.ok) text.value = "";
    });
    return node;
  };
  const asked = h("ul", { class: "plain-list" });
  board.watch(["row:*", "open"], () => list(asked, (board.row()?.prompts ?? []).toReversed(), ({ id }) => id, ({ text: words, at }) => h("li", {}, h("span", {}, words, " ", h("span", { class: "when" }, at)), h("div")), (node, { reply }) => fill(node.lastElementChild, reply ? [badge("answered", "good"), ` ${reply}`] : badge("no answer yet", "plain"))));
  const buttons = h("div", { class: "row" }, send("Say", "say", "Said to"), send("Ask", "ask", "Asked"), send("Give finding", "give-finding", "Given to"));
  const hint = "Say: a message. Ask: a question that waits for an answer. Give finding: what an examination shows.";
  return h("section", { class: "stack tight", "aria-label": "Speak to the learners" }, h("h3", {}, "Say, ask, give a finding"), field("Words", text, hint).node, buttons, told, asked);
}

// ---------------------------------------------------------------- the lesson's own steps

function steps(board, whose) {
  const rows = h("ol", { class: "steps" }), none = h("p", { class: "empty" }, "This lesson has no steps of its own."), told = h("div");
  board.watch(["lesson", "steps", "open"], ({ lesson, steps: done }) => {
    none.hidden = lesson.steps.length > 0;
    const at = (id) => done[`${board.open}:${id}`] ?? done[`:${id}`] ?? "";
    const next = lesson.steps.find(({ id }) => !at(id));
    list(rows, lesson.steps, ({ id }) => id, ({ id, when, what }) => {
      const now = button("Do it now", () => board.do("step", { learner: whose.learner(), id }, { from: now, told, done: "Done." }), { class: "small", "aria-label": `Do it now: ${what || when}` });
      return h("li", {}, h("div", { class: "row between" }, h("span", { class: "grow" }, what || "a hidden step", " ", h("span", { class: "when" }, when)), h("span", { class: "state" }), now));
    }, (node, { id }) => {
      const when = at(id);
      fill(node.querySelector(".state"), when ? badge(`done ${when}`, "good") : id === next?.id ? badge("next", "low") : badge("waits", "plain"));
    });
  });
  return h("section", { class: "stack tight", "aria-label": "Steps of the lesson" }, h("h3", {}, "Steps of the lesson"), none, rows, told);
}
