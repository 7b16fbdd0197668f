// Alarms on the console's side, as they were read from a pump: shape, mark, word and colour, never one alone; the light flashes for five
// seconds at most, and not at all where somebody wants no motion.
//
// mountAlarms(element, sound?) -> {show(alarms)}; an alarm is {id, priority: "high"|"medium"|"low", gone?, words, caption?}; one that is gone has no light.

import { soundTable } from "./sound.js";
import { button, h, list, s, setText } from "./ui.js";

const MS_PER_S = 1000;
const DARK = 0.15; // how much of the light is left while it is off
const SHAPES = {
  diamond: "M20 2 38 20 20 38 2 20Z",
  triangle: "M20 3 38 36 2 36Z",
  circle: "M20 2a18 18 0 1 1 0 36a18 18 0 1 1 0-36Z",
};
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Put alarms into an element; `sound` (of mountSound) adds a Mute button beside them. */
export function mountAlarms(element, sound) {
  const rows = h("div", { class: "alarms" });
  const stop = button("Stop flashing", () => steady(rows, stop), { hidden: true });
  const mute = sound && button("Mute", () => (sound.player.setMuted(!sound.player.muted), setText(mute, sound.player.muted ? "Unmute" : "Mute")));
  const acts = h("div", { class: "row alarm-acts", hidden: true }, stop, mute);
  element.append(rows, acts);
  return {
    async show(alarms) {
      const table = await soundTable();
      const made = (alarm) => row(alarm, table.priorities[alarm.priority]);
      list(rows, alarms, (alarm) => `${alarm.id}/${alarm.priority}/${Boolean(alarm.gone)}`, made, update);
      acts.hidden = alarms.length === 0;
      await flashNew(rows, stop, table.flash_s_max);
    },
  };
}

function update(node, { words, caption }) {
  setText(node.querySelector(".alarm-words"), words);
  if (caption) setText(node.querySelector(".alarm-caption"), caption);
}

function row(alarm, priority) {
  const caption = alarm.caption && h("span", { class: "alarm-caption" }, alarm.caption);
  if (alarm.gone) return h("div", { class: "alarm gone", role: "status" }, h("strong", { class: "alarm-word" }, "No longer active"), h("span", { class: "alarm-words" }, alarm.words), caption);
  const shape = s("svg", { viewBox: "0 0 40 40", class: "alarm-light", "aria-hidden": "true" }, s("path", { d: SHAPES[priority.shape] }));
  const words = h("span", { class: "alarm-words" }, alarm.words);
  const heading = h("strong", { class: "alarm-word" }, `${priority.mark} ${priority.word} priority`);
  const node = h("div", { class: `alarm ${alarm.priority}`, role: "alert" }, shape, heading, words, caption);
  node.flash = { hz: priority.flash_millihz / MS_PER_S, duty: priority.duty_percent / 100 };
  return node;
}

async function flashNew(rows, stop, seconds) {
  const flashing = [];
  for (const node of rows.children) {
    const { hz, duty } = node.flash ?? {};
    node.flash = null;
    if (!hz || still.matches) continue;
    const light = [{ opacity: 1, offset: 0 }, { opacity: 1, offset: duty }, { opacity: DARK, offset: duty }, { opacity: DARK, offset: 1 }];
    flashing.push(node.querySelector(".alarm-light").animate(light, { duration: MS_PER_S / hz, iterations: Math.floor(seconds * hz) }));
  }
  if (!flashing.length) return;
  stop.hidden = false;
  Promise.allSettled(flashing.map((animation) => animation.finished)).then(() => (stop.hidden = rows.getAnimations({ subtree: true }).length === 0));
}

function steady(rows, stop) {
  for (const animation of rows.getAnimations({ subtree: true })) animation.cancel();
  stop.hidden = true;
}
