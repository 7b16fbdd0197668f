// The observer's page: the view of one learner at a time, without any control that acts.

import { connect } from "./link.js";
import { messagesPanel, soundsPanel } from "./learner-bedside.js";
import { mountSound } from "./sound.js";
import { button, fill, h, list, setProp, setText, themeButton } from "./ui.js";
import { Board } from "./instructor-board.js";

const at = (id) => document.getElementById(id);
const link = connect();
const board = new Board(link);
const STATES = { running: "Running", paused: "Simulation paused", ended: "The lesson is over", waiting: "No lesson has begun" };
let watched = "";
let built = false;
let learners = [];

function build() {
  built = true;
  const said = h("div", { class: "stack tight" }), read = h("div", { class: "stack tight" }), done = h("ol", { class: "log" }), none = h("p", { class: "empty" }, "Nothing yet.");
  at("patient").append(said);
  at("readout").append(read);
  at("record").append(none, done);
  soundsPanel(at("sounds"), desk);
  messagesPanel(at("messages"), desk);
  board.watch(["record"], ({ record }) => {
    none.hidden = record.length > 0;
    list(done, record.toReversed(), ({ n }) => n, ({ when, words, answer, error }) => h("li", {}, h("span", { class: "when" }, when), h("div", {}, words, answer && answer !== "done" ? ` (${answer}${error?.what ? `: ${error.what}` : ""})` : "")));
  });
  board.watch(["patient"], ({ patient }) => {
    const rows = Object.entries(patient.measured).map(([what, values]) => [h("dt", {}, what.replaceAll("-", " ")), h("dd", {}, `${values.at(-1).value} `, h("span", { class: "when" }, `at ${values.at(-1).when}`))]);
    const told = patient.said.toReversed().map(({ when, asked, text }) => h("li", {}, h("span", { class: "when" }, when), h("div", {}, asked && h("b", {}, `${asked.replaceAll("-", " ")}: `), text)));
    fill(said, rows.length || told.length ? [rows.length > 0 && h("dl", { class: "facts" }, rows), told.length > 0 && h("ol", { class: "log" }, told)] : h("p", { class: "empty" }, "Nothing was measured or asked yet."));
  });
  board.watch(["readout"], ({ readout }) => {
    if (!readout) return fill(read, h("p", { class: "empty" }, "The pump was not read yet."));
    const blocks = (readout.blocks ?? []).map(({ title, rows }) => [h("h3", {}, title), h("dl", { class: "facts" }, rows.map(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]))]);
    const alarms = (readout.alarms ?? []).map((alarm) => h("li", {}, [alarm.name, alarm.priority, alarm.state].filter(Boolean).join(", ")));
    return fill(read, h("p", {}, h("b", {}, readout.state ?? ""), " ", h("span", { class: "when" }, `read ${readout.when}`)), alarms.length > 0 && h("ul", {}, alarms), blocks);
  });
}

/** Panels of the learner's page ask for a desk; this one cannot act. */
const desk = { watch: (keys, tell) => board.watch(keys, tell) };

function choices() {
  learners = board.view.class ?? learners; // a view that comes anew has the class with its first beat
  at("waiting").hidden = learners.length > 0;
  at("watching").hidden = !learners.length || !built;
  if (learners.length && !learners.some(({ key }) => key === watched)) watched = learners[0]?.key ?? "";
  list(at("class"), learners, ({ key }) => key, ({ key }) => button("", () => {
    watched = key;
    link.look(key);
    choices();
  }), (node, { key, nickname }) => {
    setText(node, nickname);
    setProp(node, "aria-pressed", String(key === watched));
  });
}

link.onState(({ word, text }) => {
  const lost = word !== "ok";
  setText(at("link"), { ok: "link ok", connecting: "connecting", gone: "disconnected" }[word] ?? "no link");
  at("link").className = `badge ${lost ? "bad" : "good"}`;
  at("clock").classList.toggle("stale", lost);
  at("lost").hidden = !lost || word === "connecting";
  setText(at("lost"), text);
});
link.onHello((hello) => {
  setText(at("run"), hello.run ?? "pumpsim");
  document.title = `${hello.run ?? "Lesson"}: observer`;
  if (hello.colour) document.body.style.setProperty("--run", hello.colour);
});
link.onView((view) => {
  board.set(view, true);
  if (view.record && !built) build();
  choices();
});
link.onChange((set) => {
  board.set(set);
  if (set.class) choices();
});
link.onBeat(({ clock }) => {
  if (!clock) return;
  setText(at("clock"), clock.text ?? "--:--");
  setText(at("pace"), clock.state === "running" && clock.speed > 1 ? `Running at x${Number(clock.speed).toLocaleString("en-US")}` : (STATES[clock.state] ?? clock.state));
});
at("theme").append(themeButton());
mountSound(at("sound"), link);
