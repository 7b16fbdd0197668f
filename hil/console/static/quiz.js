// The alarm quiz. The page sends its answers so far and gets the next turn; what a sound is it learns after it has answered.

import { tick } from "/static/numbers.js";
import { mountSound } from "/static/sound.js";
import { lengthOf } from "/static/synth.js";
import { announce, busy, button, fill, freshId, h, setText } from "/static/ui.js";

const ASK = "/api/quiz/results";
const SEEDS = 1000;
const UNHEARD = { muted: "Sound is muted.", not_unlocked: "Sound is off.", hidden: "This page was hidden.", blocked: "The browser stopped the sound." };
const main = document.getElementById("main");
const sound = mountSound(document.getElementById("sound"));
let asked;

begin();

function begin() {
  const turns = h("select", {}, [8, 16, 24, 40].map((count) => h("option", { value: count, selected: count === 16 }, String(count))));
  const seed = h("input", { value: String(Math.floor(Math.random() * SEEDS)), inputmode: "numeric", size: "6" });
  const sums = h("input", { type: "checkbox" });
  const error = h("p", { class: "say bad", role: "alert", hidden: true });
  const start = button("Start", () => {
    const chosen = seed.value.trim();
    error.hidden = /^\d{1,9}$/.test(chosen);
    setText(error, error.hidden ? "" : `${chosen || "Nothing"} is no number of a quiz: type a whole number such as 42.`);
    if (!error.hidden) return seed.focus();
    sound.unlock();
    asked = { seed: Number(chosen), items: Number(turns.value), busy: sums.checked, answers: [] };
    return busy(start, next);
  }, { class: "primary" });
  fill(main, h("section", { class: "card stack" },
    h("h2", {}, "Hear it, name it, act"),
    h("p", {}, "You hear a sound. Say what it is, how urgent it is, and what you do first. An answer is right if urgency and first act are right; the name is counted apart."),
    h("p", { class: "quiet" }, "With earphones it is quieter for others and clearer for you. Whoever cannot hear can read each pattern in words. The same number of a quiz brings the same sounds."),
    h("div", { class: "row" }, field("Sounds", turns), field("Number of the quiz", seed)),
    h("label", { class: "choice" }, sums, "With a sum to work out while it sounds"),
    error,
    h("div", { class: "row" }, start)));
}

function field(label, control) {
  control.id = freshId("quiz");
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}

async function next() {
  const turn = await post(ASK).then((answer) => answer.json());
  if (turn.error) return fill(main, problem(turn.error.what));
  if (turn.last) return feedback(turn);
  return ask(turn);
}

const problem = (what) => h("section", { class: "card stack" }, h("p", { class: "say bad", role: "alert" }, what), h("div", { class: "row" }, button("Begin again", begin)));

async function post(address) {
  const body = JSON.stringify(asked);
  try {
    return await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body });
  } catch {
    return Response.json({ error: { what: "The server cannot be reached." } });
  }
}

// ---------------------------------------------------------------- a turn

function ask(turn) {
  const answer = { read: false, heardMs: 0 };
  const said = h("p", { class: "say warn", role: "status", hidden: true });
  const pattern = h("p", { class: "pattern", hidden: true }, turn.pattern);
  const send = h("button", { type: "submit", class: "primary" }, "Answer");
  const sum = turn.sum && h("input", { inputmode: "numeric", size: "6", autocomplete: "off" });
  const groups = ["name", "priority", "act"].map((part) => choices(part, turn.choices[part]));
  const again = button("Play again", () => busy(again, play));
  const read = button("Read the pattern", () => {
    answer.read = true;
    pattern.hidden = false;
    ready();
  });
  const form = h("form", { class: "card stack" },
    h("h2", { tabindex: "-1" }, `Sound ${turn.n} of ${turn.of}`),
    h("div", { class: "row" }, again, read),
    said,
    pattern,
    sum && h("div", { class: "field" }, h("label", { for: (sum.id = freshId("sum")) }, "Meanwhile, how much is ", h("span", { class: "sum" }, turn.sum), "?"), sum),
    h("div", { class: "groups" }, groups.map(({ node }) => node)),
    h("div", { class: "row" }, send));
  const ready = () => send.setAttribute("aria-disabled", String(!(answer.heardMs || answer.read)));
  const play = async () => {
    const outcome = await sound.player.play(turn.burst);
    answer.heardMs ||= outcome === "played" ? performance.now() - lengthOf(turn.burst) * 1000 : 0;
    said.hidden = outcome === "played";
    setText(said, outcome === "played" ? "" : `${UNHEARD[outcome] ?? outcome} Turn it on above, then press Play again; or read the pattern.`);
    ready();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-disabled") === "true") return;
    const [name, priority, act] = groups.map(({ chosen }) => chosen());
    const ms = answer.heardMs ? Math.round(performance.now() - answer.heardMs) : 0;
    asked.answers.push({ name, priority, act, ms: Math.min(ms, 3600000), read: answer.read, sum: sumOf(sum) });
    busy(send, next);
  });
  fill(main, form);
  form.querySelector("h2").focus();
  ready();
  return sound.unlock().then(() => busy(again, play));
}

const sumOf = (input) => (input && /^\d{1,4}$/.test(input.value.trim()) ? Number(input.value) : null);

const LEGENDS = { name: "What is it?", priority: "How urgent?", act: "What do you do first?" };

function choices(part, options) {
  const group = freshId(part);
  const inputs = [...options, ["", "I do not know"]].map(([value, words]) => ({ input: h("input", { type: "radio", name: group, value, checked: value === "" }), words }));
  const node = h("fieldset", {}, h("legend", {}, LEGENDS[part]), h("div", { class: "choices" }, inputs.map(({ input, words }) => h("label", {}, input, words))));
  return { node, chosen: () => inputs.find(({ input }) => input.checked).input.value };
}

function feedback(turn) {
  const { last } = turn;
  const verdict = (hit) => h("span", { class: `badge ${hit ? "good" : "bad"}` }, hit ? "right" : "not so");
  const rows = [["It was", last.name, last.name_right], ["Urgency", last.priority, last.priority_right], ["First act", last.act, last.act_right]];
  if ("sum" in last) rows.push(["The sum", String(last.sum), last.sum_right]);
  const go = button(turn.result ? "See the result" : "Next sound", () => (turn.result ? result(turn.result) : ask(turn)), { class: "primary" });
  fill(main, h("section", { class: "card stack" },
    h("h2", {}, last.right ? "Right" : "Not right"),
    h("table", {}, h("tbody", {}, rows.map(([what, words, hit]) => h("tr", {}, h("th", { scope: "row" }, what), h("td", {}, words), h("td", {}, verdict(hit)))))),
    h("p", { class: "quiet" }, `Where it comes from: ${last.source}.`),
    h("div", { class: "row" }, go)));
  announce(last.right ? "Right" : `Not right. It was ${last.name}: ${last.priority} priority. ${last.act}.`);
  go.focus();
}

// ---------------------------------------------------------------- the result

function result(found) {
  const share = (percent) => (percent === null ? "not asked" : `${percent} %`);
  const facts = [
    ["Right (urgency and first act)", share(found.right_percent)],
    ["First half", share(found.first_half_percent)],
    ["Second half", share(found.second_half_percent)],
    ["Urgency", share(found.priority_percent)],
    ["First act", share(found.act_percent)],
    ["Name (not graded)", share(found.name_percent)],
    ["Sums", share(found.sum_percent)],
    ["Median time to answer", found.median_ms === null ? "nothing was heard" : `${tick(found.median_ms / 1000, 1)} s`],
  ];
  const save = button("Save as CSV", () => busy(save, download));
  const heading = h("h2", { tabindex: "-1" }, "Your result");
  fill(main,
    h("section", { class: "card stack" }, heading, h("dl", { class: "facts" }, facts.map(([term, words]) => [h("dt", {}, term), h("dd", {}, words)])),
      h("div", { class: "row" }, save, button("Another quiz", begin))),
    h("section", { class: "card stack" }, h("h2", {}, "What was taken for what"),
      found.confused.length ? h("ul", {}, found.confused.map((line) => h("li", {}, line))) : h("p", {}, "Nothing was taken for anything else."),
      h("p", { class: "quiet" }, "Rows: what sounded. Columns: what it was taken for."),
      matrix(found.matrix)));
  heading.focus();
}

function matrix({ rows, columns, counts }) {
  const cell = (count, row, column) => h("td", { class: count && (row === column ? "same" : "other") }, count ? String(count) : "·");
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" }, h("table", { class: "matrix" },
    h("caption", { class: "visually-hidden" }, "Confusion matrix"),
    h("thead", {}, h("tr", {}, h("td", {}), columns.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((name, row) => h("tr", {}, h("th", { scope: "row" }, name), counts[row].map((count, column) => cell(count, row, column)))))));
}

async function download() {
  const answer = await post(`${ASK}.csv`);
  if (!answer.ok) return;
  const address = URL.createObjectURL(await answer.blob());
  h("a", { href: address, download: `alarm-quiz-${asked.seed}.csv` }).click();
  URL.revokeObjectURL(address);
}
