// The class at a glance: one row a learner. The arrow keys go from learner to learner, and opening one is all they do.

import { button, fill, h, list, setProp, setText } from "./ui.js";
import { badge } from "./instructor-board.js";

const COLUMNS = ["Learner", "Last act", "Pump", "Patient", "Sound", "Remarks"];
const SOUND = { ok: "good", off: "bad", muted: "medium", hidden: "medium", unknown: "plain" };

/** Fill the card of the class. */
export function mountClass(board, card) {
  const body = h("tbody");
  const count = h("span", { class: "quiet small" });
  const joining = h("div", { class: "row joining" });
  const table = h("table", { class: "class-table" }, h("caption", { class: "visually-hidden" }, "The learners; open one to see its pump and patient"), h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col" }, name)))), body);
  const empty = h("p", { class: "empty" }, "Nobody has joined yet. Give the learners the address and the code, or the link.");
  fill(card, h("div", { class: "row between" }, h("div", { class: "row baseline" }, h("h2", { id: "class-title" }, "Class"), count), joining), empty, h("div", { class: "class-scroll", tabindex: "-1" }, table));
  body.addEventListener("keydown", (event) => arrows(event, board, body));
  board.watch(["hello"], () => joinLinks(joining, board.hello));
  board.watch(["row:*", "learners", "now", "open"], (view) => {
    const rows = board.learners.map((key) => ({ key, row: board.row(key), now: view.now?.rows?.[key] })).filter(({ row }) => row);
    empty.hidden = rows.length > 0;
    table.hidden = !rows.length;
    setText(count, rows.length ? `${rows.length} learner${rows.length > 1 ? "s" : ""}` : "");
    list(body, rows, ({ key }) => key, ({ key }) => make(board, key), (node, item) => update(node, item, board));
    if (rows.length && !board.row(board.open)) board.show(rows.find(({ key }) => `#${encodeURIComponent(key)}` === location.hash)?.key ?? rows[0].key);
  });
}

function make(board, key) {
  const cells = COLUMNS.slice(1).map((name) => h("td", { "data-label": name }));
  const name = button("", () => board.show(key), { class: "name" });
  const node = h("tr", { onclick: (event) => event.target.closest("button") || board.show(key) }, h("th", { scope: "row" }, name), cells);
  node.parts = { name, cells, told: [] };
  return node;
}

function update(node, { key, row, now }, board) {
  const { name, cells, told } = node.parts, open = key === board.open;
  setText(name, row.nickname);
  setProp(name, "aria-current", open ? "true" : null);
  setProp(name, "tabindex", open ? "0" : "-1");
  node.classList.toggle("open", open);
  const alarms = now?.alarms ?? [];
  const contents = [
    [row.last || "nothing yet", now?.ago ?? ""],
    [now?.mode ?? "–", now?.stopped ?? false, now?.sounding ?? false, ...alarms.map((alarm) => `${alarm.priority}/${alarm.name}`)],
    [(now ?? row).condition.word, (now ?? row).condition.sign, (now ?? row).condition.tone],
    [row.online ? row.sound.words : "not connected", row.online ? (SOUND[row.sound.state] ?? "plain") : "bad"],
    [row.finished, row.thought, row.faults.length, row.prompts.filter(({ reply }) => reply).length, ...(now?.errors ?? [])],
  ].map((each) => JSON.stringify(each));
  const draw = [
    () => [h("span", {}, row.last || "nothing yet"), " ", h("span", { class: "quiet nowrap" }, now?.ago ?? "")],
    () => [badge(now?.mode ?? "–", now?.stopped ? "stop" : "plain", now?.stopped ? "■" : ""), ...alarms.map((alarm) => [" ", badge(alarm.name, alarm.priority)]), now?.sounding && [" ", h("span", { class: "quiet" }, "sounds now")]],
    () => badge((now ?? row).condition.word, (now ?? row).condition.tone, (now ?? row).condition.tone === "good" ? "" : ""),
    () => badge(row.online ? row.sound.words : "not connected", row.online ? (SOUND[row.sound.state] ?? "plain") : "bad"),
    () => remarks(row, now),
  ];
  contents.forEach((text, place) => {
    if (told[place] === text) return;
    told[place] = text;
    fill(cells[place], draw[place]());
  });
}

function remarks(row, now) {
  const found = [];
  if (now?.errors?.length) found.push(badge("critical error", "high"));
  if (row.finished) found.push(badge("finished", "good"));
  if (row.faults.length) found.push(h("span", { class: "quiet" }, `${row.faults.length} injected`));
  const replies = row.prompts.filter(({ reply }) => reply).length;
  if (row.prompts.length) found.push(h("span", { class: "quiet" }, `${replies} of ${row.prompts.length} answered`));
  if (row.thought) found.push(h("span", {}, row.thought));
  return found.length ? h("span", { class: "row" }, found) : "";
}

function arrows(event, board, body) {
  const keys = board.learners, at = keys.indexOf(board.open);
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: keys.length - 1 }[event.key];
  if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  board.show(keys[(to + keys.length) % keys.length]);
  const chosen = keys[(to + keys.length) % keys.length];
  requestAnimationFrame(() => [...body.children].find((node) => node.dataset.key === chosen)?.parts.name.focus());
}

/** Where learners go to. */
export function joinLinks(node, { links }) {
  if (!links) return;
  const said = h("span", { role: "status", class: "quiet small" });
  const copy = (label, text) => button(label, async () => {
    try {
      await navigator.clipboard.writeText(text);
      setText(said, "copied");
    } catch {
      setText(said, text);
    }
  }, { class: "small" });
  fill(node, h("span", { class: "small" }, "Learners go to ", h("b", {}, links.address), links.code && [" and type ", h("b", { class: "mono" }, links.code)]), copy("Copy learner link", links.learner), copy("Copy observer link", links.observer), said);
}
