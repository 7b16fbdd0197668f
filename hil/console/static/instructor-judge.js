// How the open learner stands: the checklist with its automatic ticks, which a trainer may set otherwise and annotate; critical errors apart
// and first; the global rating apart from both.

import { button, fill, freshId, h, list, setText } from "./ui.js";
import { badge } from "./instructor-board.js";

const STATES = { met: ["met", "good"], missed: ["missed", "bad"], open: ["open", "plain"], "not judged": ["not judged", "plain"] };

/** Fill the panel. */
export function mountJudge(board, panel) {
  const verdict = h("p"), critical = h("ul", { class: "plain-list" }), items = h("ul", { class: "plain-list items" }), told = h("div");
  fill(panel, verdict, critical, h("h3", {}, "Checklist"), items, told, rating(board));
  board.watch(["case", "row:*", "open"], ({ case: known, lesson }) => {
    const score = known?.learner === board.open ? known.score : null, row = board.row();
    setText(verdict, score ? `${score.verdict}. ${score.points} of ${score.points_most} points.` : "");
    list(critical, score?.critical_errors ?? [], ({ id }) => id, ({ text }) => h("li", { class: "item" }, h("span", { class: "grow" }, "Critical error: ", text), h("span")), (node, { committed, why }) => {
      node.lastElementChild.replaceChildren(badge(committed ? "committed" : "not so far", committed ? "high" : "plain"));
      node.title = why;
    });
    const found = score?.items ?? lesson.checklist.map((item) => ({ ...item, state: "open", why: "", by: "auto" }));
    list(items, found, ({ id }) => id, (item) => make(board, item, told), (node, item) => update(node, item, row));
  });
}

function make(board, { id, text, weight }, told) {
  const note = h("input", { autocomplete: "off", "aria-label": `Note on: ${text}` });
  const set = (label, state) => {
    const node = button(label, () => board.do("tick", { learner: board.open, item: id, state, note: note.value.trim() }, { from: node, told }), { class: "small", "aria-label": `${label}: ${text}` });
    return node;
  };
  const parts = { state: h("span"), why: h("span", { class: "quiet small" }), note };
  const more = h("details", { class: "small" }, h("summary", {}, "Judge it yourself"), h("div", { class: "stack tight" }, h("div", { class: "row" }, set("Met", "met"), set("Missed", "missed"), set("As the log has it", "auto")), h("label", {}, "Note ", note)));
  const node = h("li", {}, h("div", { class: "item" }, h("span", { class: "grow" }, text, " ", h("span", { class: "quiet small" }, `weight ${weight}`)), parts.state), parts.why, more);
  node.parts = parts;
  return node;
}

function update(node, { id, state, why, by }, row) {
  const [word, tone] = STATES[state] ?? [state, "plain"], tick = row?.ticks?.[id];
  const told = JSON.stringify([state, why, by, tick]);
  if (node.told === told) return;
  node.told = told;
  fill(node.parts.state, badge(by === "auto" ? word : `${word}, by you`, tone));
  setText(node.parts.why, why === word ? "" : why);
  if (tick && document.activeElement !== node.parts.note) node.parts.note.value = tick.note;
}

function rating(board) {
  const name = freshId("rating"), told = h("div"), note = h("textarea", { rows: 2, id: freshId("note") });
  const inputs = h("div", { class: "stack tight" });
  const save = button("Keep rating", async () => {
    const chosen = inputs.querySelector("input:checked");
    if (!chosen) return void fill(told, h("div", { class: "say bad", role: "alert" }, "Choose 1 to 5 first."));
    await board.do("rate", { learner: board.open, score: chosen.value, note: note.value.trim() }, { from: save, told, done: "Rating kept." });
  });
  board.watch(["lesson"], ({ lesson }) => fill(inputs, lesson.ratings.map(({ score, words }) => h("label", { class: "choice" }, h("input", { type: "radio", name, value: score }), `${score}: ${words}`))));
  let shown = "";
  board.watch(["row:*", "open", "lesson"], () => {
    const given = board.row()?.rating ?? {}, key = JSON.stringify([board.open, given]);
    if (key === shown) return;
    shown = key;
    for (const input of inputs.querySelectorAll("input")) input.checked = Number(input.value) === Number(given.score);
    note.value = given.note ?? "";
    fill(told);
  });
  return h("section", { class: "stack tight", "aria-label": "Global rating" }, h("h3", {}, "Global rating"), h("fieldset", {}, h("legend", {}, "As a whole"), inputs), h("label", { for: note.id }, "Note"), note, h("div", { class: "row" }, save), told);
}
