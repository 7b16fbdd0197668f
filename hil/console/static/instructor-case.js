// The open learner: truth beside belief, in words, as a drawing and over time. It is asked for about once a second, and only while the page
// can be seen; the next question waits for the answer, so that a slow page falls behind by itself.

import { button, dialog, fill, h, list, setText } from "./ui.js";
import { badge, errorText } from "./instructor-board.js";
import { drawSide } from "./drawing.js";
import { CasePlot } from "./plot.js";

const EVERY_MS = 1_000;

/** Fill the part of the open learner. */
export function mountCase(board, host) {
  const name = h("h2", {}), badges = h("span", { class: "row" }), when = h("span", { class: "quiet small" }), facts = h("p", { class: "small facts-now" });
  const apart = h("div", { class: "apart" });
  const sides = h("div", { class: "sides" });
  const rows = h("tbody");
  const table = h("table", { class: "versus" }, h("caption", { class: "visually-hidden" }, "Truth beside belief"), h("thead", {}, h("tr", {}, ["", "in truth", "the pump believes"].map((text) => h("th", { scope: "col" }, text)))), rows);
  const patient = h("dl", { class: "facts" });
  const plots = h("div", { class: "stack tight" });
  const failed = h("div", { class: "say bad", role: "alert", hidden: true });
  const away = h("span", { class: "row", hidden: true }, badge("not connected", "bad"), button("Let in again…", () => letIn(board), { class: "small" }));
  const parts = [
    h("section", { class: "card stack" }, h("div", { class: "row between" }, h("div", { class: "row" }, name, badges, away, button("Send out…", () => sendOut(board), { class: "small" })), when), facts, failed, apart, sides, h("div", { class: "figures" }, h("div", { class: "scroll" }, table), h("div", { class: "well" }, h("h3", {}, "The patient, in truth"), patient))),
    h("section", { class: "card", "aria-label": "Over time" }, plots),
  ];
  const empty = h("div", { class: "card empty" }, "Open a learner to see pump and patient.");
  fill(host, empty, parts);
  const plot = new CasePlot(plots);

  const show = (known) => {
    empty.hidden = true;
    for (const part of parts) part.hidden = false;
    setText(name, known.nickname);
    setText(when, `as of ${known.at}`);
    fill(badges, badge(known.condition.word, known.condition.tone));
    away.hidden = board.row()?.online !== false;
    setText(facts, known.facts.length ? `So now: ${known.facts.join("; ")}.` : "");
    fill(apart, known.differences.length ? h("div", { class: "say warn" }, h("b", {}, "The pump has it wrong"), h("ul", {}, known.differences.map((text) => h("li", {}, text)))) : h("div", { class: "say good" }, "What the pump believes is so."));
    const { shape, true: so, believed, words } = known.drawing;
    fill(sides, drawSide({ title: "In truth", side: so, shape, words: words.true }), drawSide({ title: "As the pump believes", side: believed, shape, words: words.believed }));
    list(rows, known.rows, ({ what }) => what, ({ what }) => h("tr", {}, h("th", { scope: "row" }, what), h("td"), h("td")), (node, row) => {
      node.classList.toggle("parts", !row.agrees);
      setText(node.children[1], row.truth);
      setText(node.children[2], row.agrees ? row.belief : `≠ ${row.belief}`);
    });
    fill(patient, known.patient.map(({ what, text }) => [h("dt", {}, what), h("dd", {}, text)]));
    board.set({ case: known });
  };

  let asked = "", timer = 0, busy = false;
  const ask = async () => {
    clearTimeout(timer);
    timer = setTimeout(ask, EVERY_MS);
    if (busy || board.lost || document.hidden || !board.open) return;
    busy = true;
    const learner = board.open;
    if (learner !== asked) plot.clear();
    asked = learner;
    try {
      const since = plot.since;
      const response = await fetch(`/api/run/case?learner=${encodeURIComponent(learner)}${since === null ? "" : `&since=${since}`}`, { headers: { accept: "application/json" } });
      const known = await response.json();
      if (learner !== board.open) return;
      failed.hidden = response.ok;
      if (!response.ok) setText(failed, errorText(known.error ?? known) || "The console does not tell of this case.");
      else {
        if (!plot.show(known)) plot.clear();
        show(known);
      }
    } catch {
      // the link itself says that the console is away
    } finally {
      busy = false;
      if (learner !== board.open) ask();
    }
  };
  for (const part of parts) part.hidden = true;
  board.watch(["open"], () => ask());
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  board.askCase = ask;
}

/** A link for a learner whose browser is gone; it is good once. */
async function letIn(board) {
  const row = board.row(), { ok, seen, error } = await board.do("readmit", { learner: board.open });
  const body = ok ? [h("p", {}, `This link lets ${row.nickname} go on where they left, once. Give it to nobody else.`), h("p", { class: "mono" }, seen.link)] : h("p", { class: "bad" }, errorText(error));
  await dialog({ title: `Let ${row.nickname} in again`, body, actions: [{ label: "Done", value: "" }] });
}

/** Somebody took a place who is nobody of the class. */
async function sendOut(board) {
  const { nickname } = board.row(), learner = board.open;
  const chosen = await dialog({
    title: `Send ${nickname} out?`,
    body: h("p", {}, "The place is free for somebody else, and what was done in it stays in the log. They cannot come back to it."),
    actions: [{ label: "Send out", value: "yes", kind: "danger" }, { label: "Cancel", value: "", focus: true }],
  });
  if (!chosen) return;
  const { ok, error } = await board.do("send-out", { learner });
  if (!ok) await dialog({ title: "Not sent out", body: h("p", { class: "bad" }, errorText(error)), actions: [{ label: "Close", value: "" }] });
}
