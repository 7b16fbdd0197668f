// The learner's page: what the server's view says, put into panels. Each panel names the keys of the view that it shows.

import { connect } from "./link.js";
import { mountSound } from "./sound.js";
import { announce, button, fill, h, setText, tabs, themeButton } from "./ui.js";
import { Desk } from "./learner-desk.js";
import { briefingPage, finishPage } from "./learner-pages.js";
import { examinePanel, recordPanel, refillPanel, thinkPanel, treatPanel } from "./learner-work.js";
import { messagesPanel, patientPanel, promptsPanel, soundsPanel } from "./learner-bedside.js";
import { programmerPanel } from "./learner-programmer.js";

const link = connect();
const at = (id) => document.getElementById(id);
const desk = new Desk(link);
const WORDS = { running: "Running", paused: "Simulation paused", ended: "The lesson is over", waiting: "Waiting for the instructor" };
let built = false;

// ---------------------------------------------------------------- pages

function show(next) {
  for (const id of ["briefing", "desk", "finish"]) at(id).hidden = id !== next;
  at("menu").hidden = next === "briefing";
  const title = at(next).querySelector("h1, h2");
  if (next !== "desk" && title) {
    title.tabIndex = -1;
    title.focus();
  } else if (next === "desk") at("work").focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

const BEGUN = () => `begun ${desk.view.run?.name} ${desk.view.run?.nickname}`;
const begun = () => desk.view.record?.length > 0 || desk.view.state !== "open" || kept(BEGUN());

/** Whether this tab remembers something; one that may not remember anything begins with the briefing. */
function kept(name, keep = false) {
  try {
    if (keep) sessionStorage.setItem(name, "yes");
    return sessionStorage.getItem(name) === "yes";
  } catch {
    return false;
  }
}

function build() {
  built = true;
  const work = [
    { id: "programmer", label: "Programmer", make: programmerPanel, groups: ["programmer"] },
    { id: "refill", label: "Refill", make: refillPanel, groups: ["refill"] },
    { id: "examine", label: "Examine", make: examinePanel, groups: ["examine", "hands"] },
    { id: "treat", label: "Treat", make: treatPanel, groups: ["treat"] },
    { id: "think", label: "Think, note, call", make: thinkPanel, groups: ["mind", "wait"] },
    { id: "record", label: "Your record", make: recordPanel, groups: [] },
  ];
  const entries = work.map(({ id, label, make, groups }) => {
    const panel = h("section", { class: "stack wide" });
    if (groups.length && !groups.some((group) => desk.group(group).length)) panel.append(h("p", { class: "empty" }, "Nothing of this is at hand here."));
    else make(panel, desk);
    return { id, label, panel };
  });
  desk.tabs = tabs("Work area", entries);
  at("tabs").replaceChildren(desk.tabs.node, ...entries.map(({ panel }) => panel));
  patientPanel(at("patient"), desk);
  soundsPanel(at("sounds"), desk);
  messagesPanel(at("messages"), desk);
  promptsPanel(at("prompts"), desk);
  briefingPage(at("briefing"), desk, () => {
    desk.sound.unlock();
    kept(BEGUN(), true);
    show("desk");
  });
  const leave = finishPage(at("finish"), desk, () => show("desk"));
  fill(
    at("menu"),
    button("Briefing", () => show("briefing"), { class: "small" }),
    themeButton(),
    button("Finish lesson", () => (leave(), show("finish")), { class: "small", id: "finish-lesson" }),
  );
  desk.watch(["run"], ({ run }) => {
    setText(at("run"), run.name || "Lesson");
    setText(at("who"), run.nickname ? `You are ${run.nickname}` : "");
    document.title = `${run.name || "Lesson"}: bedside`;
    if (run.colour) document.body.style.setProperty("--run", run.colour);
  });
  desk.watch(["clock"], ({ clock }) => pace(clock));
  let before = "open";
  desk.watch(["state"], ({ state }) => {
    at("finish-lesson").hidden = state !== "open";
    if (state === "ended" || state === "debrief") pace({ state: "ended" });
    if (state !== "open") show("finish");
    else if (before !== "open") show("desk");
    before = state;
  });
  desk.onPending(() => {
    const words = desk.pendingWords();
    at("pending").hidden = !words;
    setText(at("pending"), words);
  });
  show(begun() ? (desk.view.state === "open" ? "desk" : "finish") : "briefing");
}

function pace(clock) {
  const speed = Number(clock.speed) > 1 ? ` at x${Number(clock.speed).toLocaleString("en-US")}` : "";
  const words = clock.state === "running" ? `Running${speed}` : (WORDS[clock.state] ?? clock.state);
  at("pace").classList.toggle("paused", clock.state === "paused");
  const why = clock.why && clock.state !== "running" && !words.toLowerCase().includes(clock.why.toLowerCase());
  setText(at("pace"), why ? `${words}: ${clock.why}` : words);
}

// ---------------------------------------------------------------- the link

function tell({ word, text }) {
  const ok = word === "ok";
  setText(at("link"), ok ? "Connected" : word === "connecting" ? "Connecting" : "Not connected");
  at("link").className = `badge ${ok ? "good" : word === "connecting" ? "plain" : "bad"}`;
  for (const id of ["clock", "pace"]) at(id).classList.toggle("stale", !ok);
  const lost = !ok && word !== "connecting";
  if (lost) setText(at("lost"), `${text}${word === "gone" ? "" : " Nothing that you do now is sent until it is back."}`);
  else if (!at("lost").hidden) announce("Connected again");
  at("lost").hidden = !lost;
  desk.setLost(!ok);
}

addEventListener("beforeunload", (event) => {
  if (desk.pendingWords() && desk.view.state === "open") event.preventDefault();
});

function begin(view) {
  if (view.waiting || !view.briefing) {
    fill(at("briefing"), h("div", { class: "card briefing" }, h("h1", { id: "briefing-title" }, "Waiting for the instructor"), h("p", {}, "The lesson has not been chosen yet. This page goes on by itself.")));
    at("briefing").hidden = false;
    return;
  }
  desk.set(view, true);
  if (built) desk.tellAll();
  else build();
}

link.onHello((hello) => hello.colour && document.body.style.setProperty("--run", hello.colour));
link.onView(begin);
link.onChange((set, view) => (built ? desk.set(set) : begin(view)));
link.onState(tell);
link.onBeat(({ clock }) => {
  if (!clock) return;
  setText(at("clock"), clock.text ?? "--:--");
  desk.beat(clock);
});
const sound = mountSound(at("sound"), link);
desk.sound = sound;
