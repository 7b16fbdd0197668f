// The five steps of a debrief as tabs, each with its questions, what the log says to it, and a timer.

import { button, h, setText, tabs } from "./ui.js";

const PARTS = [["preview", "Preview"], ["observation", "Observation, from the log"], ["view", "Your point of view"], ["inquiry", "Inquiry"], ["listen", "Listen"]];
const shown = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** A stop watch for one step; only one of all runs at a time. */
function stopwatch(minutes, running) {
  const face = h("span", { class: "clock" }, "0:00");
  const node = button("Start the timer", () => (timer ? stop() : start()), { class: "small", "aria-pressed": "false" });
  let seconds = 0, timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    setText(node, seconds ? "Go on" : "Start the timer");
    node.setAttribute("aria-pressed", "false");
  }
  function start() {
    running.stop?.();
    running.stop = stop;
    timer = setInterval(() => setText(face, shown(++seconds)), 1000);
    setText(node, "Hold the timer");
    node.setAttribute("aria-pressed", "true");
  }
  return h("div", { class: "row" }, face, h("span", { class: "quiet" }, `of about ${minutes} min`), node);
}

const topic = (each, number) =>
  h("div", { class: "well stack tight topic" }, h("h4", {}, `Topic ${number + 1}`), h("dl", { class: "facts" }, PARTS.map(([name, label]) => [h("dt", {}, label), h("dd", {}, each[name])])));

function phase(step, running) {
  const notes = step.id === "summary" && h("div", { class: "field" }, h("label", { for: "takeaways" }, "Take-aways, for the print"), h("textarea", { id: "takeaways", rows: 4 }));
  return h("div", { class: "stack phase", "data-title": step.title },
    stopwatch(step.minutes, running),
    h("ul", {}, step.ask.map((text) => h("li", {}, text))),
    step.from_log.length > 0 && [h("h4", {}, "From the log"), h("ol", {}, step.from_log.map((text) => h("li", {}, text)))],
    step.topics?.map(topic),
    notes);
}

export function pearls({ pearls: { phases, form, zone }, run }) {
  const running = {};
  const entries = phases.map((step) => ({ id: step.id, label: step.title, panel: phase(step, running) }));
  const { node } = tabs("Steps of the debrief", entries);
  return h("div", { class: "stack" }, h("p", { class: "quiet" }, `Zone: ${zone}. ${form} ${run.review}.`), node, entries.map(({ panel }) => panel));
}
