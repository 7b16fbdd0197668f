// What else a learner does: refill step by step, examine, order, think and write, and look at his own record.

import { actButton, actDisclosure, actForm, facts, growing, logItem, spoken } from "./learner-desk.js";
import { recordList } from "./learner-pages.js";
import { refillCheck } from "./learner-refill.js";
import { fill, h, list } from "./ui.js";

const STEPS = { puncture: "Puncture", withdraw: "Withdraw and compare", rinse: "Rinse", fill: "Fill", "tell-refill": "Tell the pump" };
const HINTS = {
  withdraw: "What comes out is compared with what the pump computed, as you last read it.",
  "tell-refill": "The pump has no sensor: it believes what it is told. Type what went through the needle; it is typed again on purpose.",
};

/** What acts gave, newest first. */
function results(desk, key, label, empty) {
  const none = h("p", { class: "empty" }, empty);
  const { node: box, items } = growing(label);
  desk.watch([key], (view) => {
    const all = view[key];
    none.hidden = all.length > 0;
    list(items, [...all].reverse(), ({ n }) => n, answered);
  });
  return h("div", {}, none, box);
}

function answered(item) {
  return logItem(item, h("b", {}, item.title), item.text && h("div", {}, item.text), item.rows.length > 0 && h("div", { class: item.warns ? "say warn" : "" }, facts(item.rows)), item.error && h("div", { class: "bad" }, `Not done: ${item.error}`));
}

/** One card an act: a form where something is to be typed, else a button. */
function card(desk, door, { title = door.label, hint = "", number = 0, extra = [], options = {} } = {}) {
  const told = h("div", { role: "status" });
  const inside = door.arguments.length ? actForm(desk, door, options) : h("div", { class: "stack tight" }, h("div", {}, actButton(desk, door, { told, ...options })), told);
  return h("section", { class: "card stack tight" }, h("h3", {}, number > 0 && h("span", { class: "step-number" }, `${number}`), title), hint && h("p", { class: "hint" }, hint), extra, inside);
}

/** Acts without values as buttons, those with values folded up. */
function atHand(desk, doors) {
  const told = h("div", { role: "status" });
  const plain = doors.filter((door) => !door.arguments.length);
  const forms = doors.filter((door) => door.arguments.length);
  return [h("div", { class: "row" }, plain.map((door) => actButton(desk, door, { told }))), told, h("div", { class: "grid folded" }, forms.map((door) => actDisclosure(desk, door)))];
}

export function refillPanel(node, desk) {
  const doors = desk.group("refill").filter(({ act }) => act !== "review-refill");
  const cards = doors.map((door, place) => {
    const facts = { title: STEPS[door.act] ?? door.label, hint: HINTS[door.act], number: place + 1 };
    return door.act === "tell-refill" && desk.door("review-refill") ? refillCheck(desk, door, facts) : card(desk, door, facts);
  });
  node.append(
    h("h2", {}, "Refill, step by step"),
    h("div", { class: "grid steps" }, cards),
    h("section", { class: "card" }, h("h2", {}, "Measured at the needle"), results(desk, "refill", "What the refill gave", "Nothing was done at the needle yet.")),
  );
}

export function examinePanel(node, desk) {
  const doors = [...desk.group("examine"), ...desk.group("hands")];
  node.append(
    h("h2", {}, "Examine and handle"),
    ...atHand(desk, doors),
    h("section", { class: "card" }, h("h2", {}, "Findings"), results(desk, "results", "Findings", "No finding yet.")),
  );
}

export function treatPanel(node, desk) {
  node.append(
    h("h2", {}, "Order a treatment"),
    h("div", { class: "grid" }, desk.group("treat").map((door) => card(desk, door))),
    h("section", { class: "card" }, h("h2", {}, "Ordered"), results(desk, "orders", "Orders", "Nothing was ordered.")),
  );
}

export function thinkPanel(node, desk) {
  const titles = { think: "I think …", note: "A note to yourself", call: "Call somebody", wait: "Wait" };
  const think = desk.door("think");
  if (think && desk.view.diagnoses.length) {
    think.arguments = think.arguments.map((argument) => (argument.name === "diagnosis" ? { ...argument, choices: desk.view.diagnoses } : argument));
  }
  const doors = [...desk.group("mind"), ...desk.group("wait")].filter(({ act }) => !["finish", "reply"].includes(act));
  const hints = { think: "You commit yourself at this time; you may change your mind later, and both stay." };
  const thoughts = h("ol", { class: "log" });
  const notes = h("ol", { class: "log" });
  const calls = h("ol", { class: "log" });
  node.append(
    h("h2", {}, "Think, note, call"),
    h("div", { class: "grid" }, doors.map((door) => card(desk, door, { title: titles[door.act], hint: hints[door.act] }))),
    h("section", { class: "card stack" }, h("h2", {}, "So far"), h("h3", {}, "You think"), thoughts, h("h3", {}, "Notes"), notes, h("h3", {}, "Calls"), calls),
  );
  const shown = (box, items, words) => fill(box, items.length ? [...items].reverse().map((item) => logItem(item, words(item))) : h("li", { class: "empty" }, "nothing yet"));
  desk.watch(["thoughts"], (view) => shown(thoughts, view.thoughts, ({ text, sure }) => `${text} (${sure})`));
  desk.watch(["notes"], (view) => shown(notes, view.notes, ({ text }) => text));
  desk.watch(["calls"], (view) => shown(calls, view.calls, ({ whom, text }) => text || spoken(whom)));
}

export function recordPanel(node, desk) {
  const box = h("div");
  node.append(h("h2", {}, "What you did"), h("section", { class: "card" }, box));
  desk.watch(["record"], ({ record }) => fill(box, record.length ? recordList([...record].reverse()) : h("p", { class: "empty" }, "Nothing yet.")));
}
