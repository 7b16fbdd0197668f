// The instructor's page: it puts the parts together and joins them to the server's view.

import { connect } from "./link.js";
import { mountSound } from "./sound.js";
import { announce, setText, tabs, h } from "./ui.js";
import { Board } from "./instructor-board.js";
import { mountTime } from "./instructor-time.js";
import { mountClass } from "./instructor-class.js";
import { mountCase } from "./instructor-case.js";
import { mountActs } from "./instructor-acts.js";
import { mountJudge } from "./instructor-judge.js";
import { mountLog } from "./instructor-log.js";
import { mountChooser, mountLesson } from "./instructor-lesson.js";

const at = (id) => document.getElementById(id);
const link = connect();
const board = new Board(link);
let built = false;

function build() {
  built = true;
  mountTime(board, at);
  mountClass(board, at("class"));
  mountCase(board, at("case"));
  const panels = Object.fromEntries(["acts", "judge", "log", "lesson"].map((id) => [id, h("div", { class: "stack" })]));
  const words = { acts: "Act", judge: "Judge", log: "Log", lesson: "Lesson" };
  let drawLog = () => {};
  const side = tabs("What you can do", Object.entries(panels).map(([id, panel]) => ({ id, label: words[id], panel })), (id) => id === "log" && drawLog());
  at("side").append(side.node, ...Object.values(panels));
  mountActs(board, panels.acts);
  mountJudge(board, panels.judge);
  drawLog = mountLog(board, panels.log);
  mountLesson(board, panels.lesson);
}

/** The list of lessons before one has begun, the class afterwards. */
function stage(chosen) {
  at("waiting").hidden = true;
  for (const id of ["room", "transport", "clock", "audible"]) at(id).hidden = !chosen;
  if (!chosen) setText(at("pace"), "no lesson yet");
  if (chosen && !built) build();
  if (!chosen && at("chooser").hidden) mountChooser(board, at("chooser"));
  at("chooser").hidden = chosen;
}

function tell({ word, text }) {
  const lost = word !== "ok";
  board.lost = lost;
  setText(at("link"), { ok: "link ok", connecting: "connecting", gone: "disconnected" }[word] ?? "no link");
  at("link").className = `badge ${lost ? "bad" : "good"}`;
  at("clock").classList.toggle("stale", lost);
  const hide = !lost || word === "connecting";
  if (!hide) setText(at("lost"), word === "gone" ? text : `${text} Nothing you do is sent until it is back.`);
  if (hide && !at("lost").hidden) announce("Connected again");
  at("lost").hidden = hide;
  if (!lost) board.askCase?.();
}

link.onState(tell);
link.onHello((hello) => {
  board.hello = hello;
  if (hello.colour) document.body.style.setProperty("--run", hello.colour);
  setText(at("run"), hello.run ?? "pumpsim");
  stage(Boolean(hello.chosen));
  board.touch(["hello"]);
});
link.onView((view) => board.set(view, true));
link.onChange((set) => board.set(set));
link.onBeat(({ clock }) => clock?.text && setText(at("clock"), clock.text));
mountSound(at("sound"), link);
