// The log, readable at three levels: what matters at the bedside; the frames of each act too; everything.

import { fill, h, list, setText } from "./ui.js";

const LEVELS = { clinical: ["clinical"], wire: ["clinical", "wire"], debug: ["clinical", "wire", "debug"] };
const SHOWN_MAX = 150;

/** Fill the panel. */
export function mountLog(board, panel) {
  const level = h("select", { "aria-label": "Level of the log" }, h("option", { value: "clinical" }, "clinical"), h("option", { value: "wire" }, "with the wire"), h("option", { value: "debug" }, "everything"));
  const all = h("input", { type: "checkbox" }), note = h("p", { class: "empty" }, "Nothing yet.");
  const lines = h("ol", { class: "log" });
  const scroll = h("div", { class: "log-scroll", tabindex: "0", role: "log", "aria-label": "Log, the newest first", "aria-live": "off" }, lines);
  fill(panel, h("div", { class: "row between" }, h("label", { class: "choice" }, "Show ", level), h("label", { class: "choice" }, all, "the whole class")), note, scroll, h("p", { class: "small quiet" }, "The whole log: ", h("a", { href: "/api/run/export.json", download: "" }, "JSON"), ", ", h("a", { href: "/api/run/export.csv", download: "" }, "CSV")));
  const draw = () => {
    if (panel.hidden) return;
    const wire = level.value !== "clinical", found = [];
    for (const name of LEVELS[level.value]) for (const [key, chunk] of Object.entries(board.view)) if (key.startsWith(`log:${name}:`)) found.push(...chunk);
    const mine = found.filter(({ key }) => all.checked || !key || key === board.open).sort((one, other) => other.n - one.n).slice(0, SHOWN_MAX);
    note.hidden = mine.length > 0;
    list(lines, mine, ({ n }) => `${n}/${wire}`, (line) => make(line, wire));
  };
  level.addEventListener("change", draw);
  all.addEventListener("change", draw);
  board.watch(["log:*", "open"], draw);
  return draw;
}

function make({ at, who, about, text, wire }, frames) {
  const words = h("span", {}, h("b", {}, who), about && ` (${about})`, ` ${text}`);
  const below = frames && wire?.length ? h("ul", { class: "frames mono" }, wire.map((frame) => h("li", {}, frame))) : null;
  const node = h("li", {}, h("span", { class: "when" }, at), h("div", {}, words, below));
  setText(node.firstChild, at);
  return node;
}
