// What a page sounds, and what it says about its sound: state in words, Mute, volume, a test through the server, what was missed.
//
// mountSound(element, link) -> {unlock, player}. The link is that of link.js. A sound that the server sends is {n, tones, ramp_ms, ..., due_ms, aloud, caption, repeats, test}.

import { Player } from "./player.js";
import { lengthOf } from "./synth.js";
import { button, h, setText } from "./ui.js";

const MS_PER_S = 1000;
const ANSWER_MS = 4000;
const SHOWN_MS = 4000; // how long a caption stays lit after its sound
const WORDS = {
  running: "Sound on",
  locked: "Sound is off",
  suspended: "Sound is off",
  interrupted: "Sound was interrupted",
  closed: "Sound has ended: load the page again",
};
const MISSED = { not_unlocked: "sound is off", blocked: "the browser stopped it", hidden: "this page was hidden", muted: "muted", late: "it came too late" };

let tables;

/** The numbers that the server gives every page. */
export function soundTable() {
  tables ??= fetch("/static/sounds.json").then((answer) => answer.json());
  return tables;
}

/** A page without a server's sounds: it may play its own. */
const NO_LINK = { onSound() {}, onState() {}, onHello() {}, report() {}, serverMs: () => null };

/** Put the sound controls into an element; without a link there is nothing to test. */
export function mountSound(element, given) {
  const link = given ?? NO_LINK;
  const parts = controls();
  parts.test.hidden = !given;
  if (link.role === "instructor") parts.within.append(speakers(link, parts), depth(link, parts));
  if (given) parts.within.append(h("a", { href: "/quiz", target: "_blank" }, "Alarm quiz"));
  element.classList.add("sound");
  element.append(parts.caption, parts.state, parts.enable, parts.mute, parts.more, parts.said);
  const player = new Player(Number(parts.volume.value), () => shown(player, parts, link));
  const missed = new Map();
  let table;

  soundTable().then((found) => {
    table = found;
    parts.volume.value = String(found.volume_percent);
    player.setVolume(found.volume_percent);
  });
  parts.enable.addEventListener("click", () => player.unlock());
  parts.mute.addEventListener("click", () => player.setMuted(!player.muted));
  parts.volume.addEventListener("input", () => setText(parts.percent, `${parts.volume.value} %`));
  parts.volume.addEventListener("change", () => player.setVolume(Number(parts.volume.value)));
  parts.test.addEventListener("click", () => test(link, parts));

  link.onSound(async (message) => {
    lit(parts, message);
    if (message.test) parts.heard?.();
    if (!message.aloud) return;
    const late = table && link.serverMs() !== null && link.serverMs() - message.due_ms > table.late_ms;
    const outcome = late ? "late" : await player.play(message);
    link.report("heard", { n: message.n, outcome });
    if (outcome === "played") {
      if (message.test) setText(parts.said, "The test sound was played.");
    } else {
      missed.set(outcome, (missed.get(outcome) ?? 0) + 1);
      setText(parts.said, missedWords(missed));
    }
  });
  link.onState(({ word }) => tickWhenLost(word, player, parts, table));
  link.onHello(() => link.report("audio", player.report));
  shown(player, parts, link);
  return { unlock: () => player.unlock(), player };
}

function controls() {
  const volume = h("input", { type: "range", min: "0", max: "100", step: "5", value: "40" });
  const percent = h("output", { class: "sound-percent" }, "40 %");
  const test = button("Test sound", null, { class: "sound-test" });
  const within = h("span", { class: "sound-within" }, h("label", {}, h("span", { class: "visually-hidden" }, "Volume"), volume), test);
  return {
    caption: h("span", { class: "sound-now", hidden: true }),
    state: h("strong", { class: "sound-state", role: "status" }),
    enable: button("Enable sound", null, { class: "primary sound-enable" }),
    mute: button("Mute", null, { class: "sound-mute" }),
    volume,
    percent,
    test,
    within,
    more: h("details", { class: "sound-more" }, h("summary", {}, "Volume ", percent), within),
    said: h("span", { class: "sound-said", role: "status" }),
  };
}

const SPEAKERS = { own: "each learner's own page", room: "this page, for the room", none: "nobody: captions only" };
const DEPTHS = ["0 mm", "10 mm", "20 mm", "30 mm"];

function speakers(link, parts) {
  const choice = h("select", {}, h("option", { value: "" }, "not chosen yet"), Object.entries(SPEAKERS).map(([value, words]) => h("option", { value }, words)));
  const show = (who) => who && (choice.value = who);
  choice.addEventListener("change", () => choice.value && order(link, parts, "speakers", { who: choice.value }));
  link.onView?.((view) => show(view.speakers));
  link.onChange?.((set) => show(set.speakers));
  return h("label", {}, "Who sounds ", choice);
}

function depth(link, parts) {
  const choice = h("select", {}, DEPTHS.map((words) => h("option", { value: words }, words === "0 mm" ? "not at all" : `as under ${words}`)));
  choice.addEventListener("change", () => order(link, parts, "muffle", { depth: choice.value }));
  return h("label", {}, "Muffled ", choice);
}

async function order(link, parts, act, args) {
  const { ok, error } = await link.send(act, args);
  setText(parts.said, ok ? "" : error.what);
}

function shown(player, parts, link) {
  const on = player.state === "running";
  const words = on ? (player.muted ? "Muted" : player.volume === 0 ? "Volume 0: nothing is heard" : WORDS.running) : (WORDS[player.state] ?? player.state);
  setText(parts.state, words);
  parts.state.classList.toggle("off", !player.audible);
  parts.enable.hidden = on;
  parts.mute.hidden = !on;
  setText(parts.mute, player.muted ? "Unmute" : "Mute");
  setText(parts.percent, `${player.volume} %`);
  const told = JSON.stringify(player.report);
  if (told !== parts.told) {
    parts.told = told;
    link.report("audio", player.report);
  }
}

function lit(parts, message) {
  const times = message.repeats === 1 ? "once" : `${message.repeats} times`;
  const repeats = message.repeats ? ` (sounded ${times} more, not played)` : "";
  setText(parts.caption, `♪ ${message.caption}${repeats}${message.aloud ? "" : " – not on this page"}`);
  parts.caption.hidden = false;
  clearTimeout(parts.darkens);
  parts.darkens = setTimeout(() => (parts.caption.hidden = true), lengthOf(message) * MS_PER_S + SHOWN_MS);
}

async function test(link, parts) {
  setText(parts.said, "Asking the server for the test sound …");
  const heard = new Promise((done) => (parts.heard = () => done("")));
  const silence = new Promise((done) => setTimeout(() => done("No test sound came from the server."), ANSWER_MS));
  const asked = link.send("test-sound", {}).then(
    (answer) => (answer?.ok === false ? (answer.error?.what ?? "The server refused the test sound.") : heard),
    () => "The server cannot be reached.",
  );
  const words = await Promise.race([asked, silence]);
  if (words) setText(parts.said, words);
}

function missedWords(missed) {
  const all = [...missed.values()].reduce((sum, count) => sum + count, 0);
  const why = [...missed].map(([outcome, count]) => `${missed.size > 1 ? `${count} ` : ""}${MISSED[outcome] ?? outcome}`).join(", ");
  return `${all} ${all === 1 ? "sound was" : "sounds were"} not played: ${why}.`;
}

function tickWhenLost(word, player, parts, table) {
  const here = word === "ok";
  if (parts.here && !here && table && player.audible) player.play(table.link_lost);
  parts.here = here;
}
