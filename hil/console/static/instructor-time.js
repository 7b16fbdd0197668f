// The bar on top: simulated time and what is done with it. "Pause simulation" stops the whole class; no word here stops a pump or a plot.

import { button, dialog, fill, h, list, setProp, setText, themeButton } from "./ui.js";

const SPEEDS = [1, 10, 100, 1_000, 10_000, 100_000];
const short = (speed) => (speed >= 1000 ? `x${speed / 1000}k` : `x${speed}`);

/** Fill the bar. */
export function mountTime(board, at) {
  const pause = button("Pause simulation", () => board.do(running(board) ? "pause" : "resume", {}, { from: pause }), { class: "primary", id: "pause" });
  const speeds = h("div", { class: "segments", role: "group", "aria-label": "Speed of simulated time" });
  for (const speed of SPEEDS) {
    const node = button(short(speed), () => board.do("speed", { factor: String(speed) }, { from: node }), { class: "small", "aria-label": `Speed x${speed.toLocaleString("en-US")}`, "data-speed": speed });
    speeds.append(node);
  }
  const told = h("div", { class: "transport-told", role: "status" });
  const hour = button("Advance 1 h", () => board.do("advance", { time: "1 h" }, { from: hour, told }), { class: "small" });
  const next = button("Next event", () => board.do("next-event", {}, { from: next, told }), { class: "small" });
  const until = button("Run until…", () => runUntil(board, told), { class: "small" });
  const mark = button("Bookmark…", () => bookmark(board, told), { class: "small", id: "bookmark" });
  const back = h("select", { "aria-label": "Return to a bookmark", id: "return", onchange: () => goBack(board, back, told) });
  fill(at("transport"), pause, speeds, h("div", { class: "row" }, hour, next, until), h("div", { class: "row" }, mark, back), told, themeButton());

  board.watch(["run"], ({ run }) => {
    setText(at("run"), run.name || "Lesson");
    document.title = `${run.name || "Lesson"}: instructor`;
    if (run.colour) document.body.style.setProperty("--run", run.colour);
  });
  board.watch(["clock", "now", "run"], ({ clock, now, run }) => {
    const state = run.ended ? "ended" : (now?.state ?? clock.state), speed = now?.speed ?? clock.speed;
    const words = { running: speed > 1 ? `Running at x${Number(speed).toLocaleString("en-US")}` : "Running in real time", paused: "Simulation paused", ended: "The lesson is over" }[state] ?? state;
    setText(at("pace"), now?.hurrying ? `Advancing until ${clock.goal || "it is reached"}` : words);
    setText(at("why"), state !== "ended" && clock.why && !/^(simulation|x\d|time)/.test(clock.why) ? clock.why : "");
    at("pace").className = `badge ${state === "running" ? "good" : state === "paused" ? "medium" : "plain"}`;
    setText(pause, state === "running" ? "Pause simulation" : "Resume simulation");
    for (const node of at("transport").querySelectorAll("button, select")) if (!node.matches(".plain")) node.disabled = state === "ended";
    for (const node of speeds.children) setProp(node, "aria-pressed", String(Number(node.dataset.speed) === Number(speed)));
  });
  board.watch(["now", "learners"], ({ now, learners }) => {
    at("audible").hidden = !learners?.length;
    if (!now) return;
    setText(at("audible"), now.audible);
    at("audible").className = `badge ${now.all_audible ? "good" : "medium"}`;
  });
  board.watch(["bookmarks"], ({ bookmarks }) => {
    const rows = [{ name: "", words: bookmarks.length ? "Return to…" : "No bookmark yet" }, ...bookmarks.map(({ name, at: when }) => ({ name, words: `${name} (${when})` }))];
    list(back, rows, ({ name }) => name, ({ name, words }) => h("option", { value: name }, words), (node, { words }) => setText(node, words));
    back.value = "";
  });
}

const running = (board) => (board.view.now?.state ?? board.view.clock.state) === "running";

async function bookmark(board, told) {
  const name = h("input", { maxlength: 40, autocomplete: "off", id: "bookmark-name" });
  const chosen = await dialog({
    title: "Bookmark this moment",
    body: [h("p", {}, "Pumps, patients and the class are kept as they are now. Returning undoes what came later."), h("label", { for: "bookmark-name" }, "Name"), name],
    actions: [{ label: "Keep", value: "keep", kind: "primary" }, { label: "Cancel", value: "" }],
  });
  if (chosen && name.value.trim()) await board.do("bookmark", { name: name.value.trim() }, { told, done: `Bookmark ${name.value.trim()} kept.` });
}

async function goBack(board, back, told) {
  const name = back.value;
  back.value = "";
  if (!name) return;
  const chosen = await dialog({
    title: `Return to ${name}?`,
    body: h("p", {}, "Every pump and patient goes back to that moment. What was done since stays in the log, and counts no more."),
    actions: [{ label: "Return", value: "yes", kind: "primary" }, { label: "Cancel", value: "" }],
  });
  if (chosen) await board.do("return", { name }, { told, done: `Back at ${name}.` });
}

const UNTIL = [
  { id: "alarm", words: "an alarm sounds", choices: [["alarm-sounding", "any alarm"]] },
  { id: "pump", words: "the pump changes", choices: [["pump-stopped", "it is stopped"], ["motor-stalled", "its motor stands"], ["low-reservoir", "its reservoir is low"], ["reservoir-empty", "its reservoir is empty"]] },
  { id: "patient", words: "the patient changes", choices: [["under-dosed", "under-dosed"], ["withdrawal-early", "early withdrawal"], ["withdrawal-severe", "severe withdrawal"], ["over-dosed", "over-dosed"], ["breathing-fails", "breathing fails"]] },
];

async function runUntil(board, told) {
  const condition = h("select", { id: "until-condition" }, h("option", { value: "" }, "choose"), UNTIL.map(({ words, choices }) => h("optgroup", { label: words }, choices.map(([value, text]) => h("option", { value }, text)))));
  const time = h("input", { id: "until-time", autocomplete: "off", placeholder: "" });
  const chosen = await dialog({
    title: "Run until…",
    body: [
      h("p", {}, "Time runs ahead as fast as it can. A new alarm ends it."),
      h("div", { class: "field" }, h("label", { for: "until-condition" }, "this is so for a learner"), condition),
      h("div", { class: "field" }, h("label", { for: "until-time" }, "or so much time has passed"), time, h("div", { class: "hint" }, "such as 6 h or 2 days")),
    ],
    actions: [{ label: "Run", value: "run", kind: "primary" }, { label: "Cancel", value: "" }],
  });
  if (!chosen) return;
  if (condition.value) await board.do("until", { condition: condition.value }, { told });
  else if (time.value.trim()) await board.do("advance", { time: time.value.trim() }, { told });
}
