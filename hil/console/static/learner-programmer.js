// The programmer: what was read and when, the therapy form, commands, and the exchanges as they went over the wire.

import { mountAlarms } from "./alarms.js";
import { actButton, actDisclosure, errorText, facts, growing, logItem } from "./learner-desk.js";
import { dayDrawn } from "./learner-review.js";
import { therapyPanel } from "./learner-therapy.js";
import { busy, button, dialog, fill, h, list, setText, tabs } from "./ui.js";

const STALE_US = 600_000_000; // a reading older than this does not carry an update
const APART = ["interrogate", "review", "review-refill", "type", "update", "leave"]; // acts that have a place of their own

export function programmerPanel(node, desk) {
  const read = h("section", { class: "stack" });
  const therapy = h("section", { class: "stack" });
  const commands = h("section", { class: "stack" });
  const wire = h("section", { class: "stack" });
  const entries = [
    { id: "read", label: "Read-out", panel: read },
    { id: "therapy", label: "Program therapy", panel: therapy },
    { id: "commands", label: "Commands", panel: commands },
    { id: "wire", label: "Wire", panel: wire },
  ];
  const inner = tabs("Programmer", entries);
  inner.node.classList.add("inner");
  const top = h("div", { class: "row between programmer-top" });
  node.append(h("h2", { class: "visually-hidden" }, "Programmer"), top, inner.node, read, therapy, commands, wire);
  topRow(top, desk, () => inner.show("read"));
  readPanel(read, desk);
  therapyPanel(therapy, desk);
  commandsPanel(commands, desk);
  wirePanel(wire, desk);
}

/** Interrogate and put away are at hand in every part of the programmer. */
function topRow(node, desk, onRead) {
  const interrogate = desk.door("interrogate");
  const leave = desk.door("leave");
  const when = h("span", { class: "quiet", id: "read-when" });
  const told = h("div", { class: "full", role: "alert" });
  const read = interrogate && button(interrogate.label, () => busy(read, async () => {
    const answer = await desk.do("interrogate");
    fill(told, !answer.ok && h("div", { class: "say bad" }, h("b", {}, "The pump was not read"), errorText(answer.error)));
    if (answer.ok) onRead();
  }), { class: "primary", id: "interrogate" });
  const away = leave && actButton(desk, leave, { confirm: () => mayLeave(desk), onDone: () => desk.abandon?.() });
  node.append(h("div", { class: "row" }, read, when), away ?? "", told);
  const tell = () => {
    const { readout } = desk.view;
    const old = readout && desk.clock.at_us - readout.at_us > STALE_US;
    setText(when, readout ? `read at ${readout.when}${old ? ", more than 10 min ago" : ""}` : "not read yet");
  };
  desk.watch(["readout"], tell);
  desk.onBeat(tell);
}

async function mayLeave(desk) {
  const words = desk.pendingWords();
  if (!words) return true;
  const answer = await dialog({
    title: "Put the programmer away?",
    body: h("p", { class: "say warn" }, words),
    actions: [
      { label: "Stay", value: "", focus: true },
      { label: "Put it away, what I typed is lost", value: "yes", kind: "danger" },
    ],
  });
  return answer === "yes";
}

function readPanel(node, desk) {
  const since = h("div", { class: "say warn", role: "status", hidden: true });
  const alarmBox = h("div");
  const alarms = mountAlarms(alarmBox, desk.sound);
  const box = h("div", { class: "stack" });
  node.append(since, alarmBox, box);
  desk.watch(["read_since"], ({ read_since: words }) => {
    since.hidden = !words;
    setText(since, words ? `You have since sent “${words}”. What is below was read before it: interrogate again to see what the pump does now.` : "");
  });
  let shownAt;
  desk.watch(["readout"], ({ readout }) => {
    if (readout?.n === shownAt && shownAt !== undefined) return;
    shownAt = readout?.n;
    alarms.show((readout?.alarms ?? []).map((alarm) => ({ id: `${alarm.word} ${alarm.since}`, priority: alarm.priority, gone: alarm.marks.startsWith("gone"), words: [alarm.name, alarm.flow].filter(Boolean).join(": "), caption: `${alarm.class}, since ${alarm.since} by the pump's clock, ${alarm.marks}` })));
    fill(box, readout ? readOut(readout, desk.link.hello?.learner) : unread());
  });
}

const unread = () => h("div", { class: "unread" }, h("p", { class: "big" }, "Nothing is known of this pump."), h("p", { class: "quiet" }, "Interrogate it: what it does is shown here, with the time at which it was read."));

function readOut(readout, learner) {
  return [
    h(
      "div",
      { class: `state-line ${readout.runs ? "runs" : "stopped"}` },
      h("div", {}, h("span", { class: "quiet" }, `The pump said at ${readout.when}`), h("p", { class: "big" }, readout.state)),
      h("div", {}, h("span", { class: "quiet" }, "programmed dose per day"), h("p", { class: "big" }, readout.dose_per_day)),
      readout.link && h("div", {}, h("span", { class: "quiet" }, "line to the pump"), h("p", {}, readout.link)),
    ),
    !readout.alarms?.length && h("p", { class: "quiet" }, "No alarm."),
    (readout.drawn ?? []).map((day) => dayDrawn(day, { alone: true })),
    h("div", { class: "blocks" }, (readout.blocks ?? []).map(({ title, rows }) => h("section", { class: "well" }, h("h3", {}, title), facts(rows)))),
    learner && h("p", {}, h("a", { href: `/print/${encodeURIComponent(learner)}/${readout.n}`, target: "_blank", rel: "noopener" }, "Print this reading"), h("span", { class: "quiet" }, " (opens a page of its own)")),
    readout.log?.length > 0 && h("details", { class: "well" }, h("summary", {}, `Log of the pump, newest first (${readout.log.length})`), h("ol", { class: "pump-log mono" }, readout.log.map((line) => h("li", {}, line)))),
  ];
}

function commandsPanel(node, desk) {
  const told = h("div", { role: "status" });
  const doors = desk.group("programmer").filter(({ act }) => !APART.includes(act));
  const plain = doors.filter((door) => !door.arguments.length);
  const forms = doors.filter((door) => door.arguments.length);
  const asks = { stop: { title: "Stop the pump?", text: "Nothing flows while it is stopped; the patient gets no drug.", yes: "Stop pump" }, start: { title: "Start the pump?", text: "It runs the program that is in it, as it is.", yes: "Start pump" } };
  const { node: historyBox, items: history } = growing("Commands that were sent");
  node.append(
    h("h3", {}, "At once"),
    h("div", { class: "row" }, plain.map((door) => actButton(desk, door, { told, kind: door.act === "stop" ? "danger" : "", confirm: asks[door.act] && (() => sure(asks[door.act], desk)) }))),
    told,
    forms.length > 0 && h("h3", {}, "With values"),
    h("div", { class: "grid commands" }, forms.map((door) => actDisclosure(desk, door))),
    h("h3", {}, "Sent so far"),
    historyBox,
  );
  desk.watch(["programmed"], ({ programmed }) =>
    list(history, [...programmed].reverse(), ({ n }) => n, (item) => logItem(item, h("b", {}, item.title), item.text && h("div", {}, item.text), item.rows.length > 0 && facts(item.rows), item.error && h("div", { class: "bad" }, `Not done: ${item.error}`))),
  );
}

async function sure({ title, text, yes }, desk) {
  const { readout } = desk.view;
  const body = [h("p", {}, text), h("p", { class: "quiet" }, readout ? `Last read at ${readout.when}: ${readout.state}.` : "The pump was not read.")];
  return (await dialog({ title, body, actions: [{ label: yes, value: "yes", kind: "primary", focus: true }, { label: "Do not", value: "" }] })) === "yes";
}

function wirePanel(node, desk) {
  const empty = h("p", { class: "empty" }, "Nothing has gone over the wire yet.");
  const items = h("div", { class: "stack tight" });
  node.append(h("p", { class: "hint" }, "Each exchange of your programmer with the pump, as it went: who sent it, what it is, its bytes."), empty, items);
  desk.watch(["wire"], ({ wire }) => {
    empty.hidden = wire.length > 0;
    list(items, [...wire].reverse(), ({ n }) => n, exchange);
  });
}

/** The frames of one act; the table is made when it is opened. */
function exchange({ when, title, frames, left_out: leftOut }) {
  const body = h("div");
  const node = h("details", { class: "well" }, h("summary", {}, h("span", { class: "when" }, when), ` ${title}, ${frames.length} frames`), body);
  node.addEventListener("toggle", () => {
    if (!node.open || body.childElementCount) return;
    body.append(h("ol", { class: "frames", tabindex: "0", "aria-label": `Frames of ${title}` }, frames.map((frame) => h("li", { class: frame.from }, h("div", {}, frame.from === "pump" ? "← from the pump: " : "→ from the programmer: ", h("b", {}, frame.name), frame.answer && ` (${frame.answer})`), frame.fields && h("div", { class: "hint" }, frame.fields), h("code", {}, frame.hex)))));
    if (leftOut) body.append(h("p", { class: "quiet" }, `${leftOut} more frames were left out.`));
  });
  return node;
}
