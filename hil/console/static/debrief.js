// The debrief of one learner: critical errors first, then what was true beside what was known, on one time axis.

import { announce, busy, button, fill, h, setText, themeButton } from "./ui.js";
import { timeline } from "./debrief-timeline.js";
import { curves, futures } from "./debrief-curves.js";
import { pearls } from "./debrief-pearls.js";

const main = document.getElementById("main");
const key = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const source = `/api/debrief${key ? `/${encodeURIComponent(key)}` : ""}`;

async function fetched(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.what ?? body.detail ?? `the server answers ${answer.status}`);
  return body;
}

/** Give an order of the instructor's. Rejects with what is wrong. */
async function ordered(act, args = {}) {
  const answer = await fetch("/api/order", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ act, args }) });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error?.what ?? body.what ?? `the server answers ${answer.status}`);
  return body;
}

const card = (title, props, ...children) => h("section", { class: "card stack", ...props }, h("h2", {}, title), ...children);
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const SIGNS = { met: ["good", "done"], missed: ["bad", "not done"], open: ["plain", "open"], "not judged": ["plain", "not judged"] };

// ---------------------------------------------------------------- the head: three judgements that are never added up

function judgements(view) {
  const { verdict, critical, checklist } = view;
  const judged = checklist.filter(({ state }) => state !== "not judged");
  const met = judged.filter(({ state }) => state === "met");
  const points = (items) => items.reduce((sum, { weight }) => sum + weight, 0);
  return h(
    "section", { class: "judgements", "aria-labelledby": "verdict" },
    h("div", { class: `say verdict ${verdict.passed ? "good" : "bad"}` },
      h("h2", { id: "verdict" }, verdict.words),
      h("p", {}, `${view.learner.nickname} · ${view.run.lesson} · ${view.run.length} of simulated time`),
      h("p", { class: "quiet" }, view.run.review)),
    h("div", { class: "grid three" },
      card("Critical errors", { class: `card stack tight first ${critical.length ? "has" : ""}` },
        critical.length ? h("ul", { class: "plain" }, critical.map(criticalError)) : h("p", {}, "None.")),
      card("Checklist", { class: "card stack tight" },
        h("p", { class: "figure" }, `${verdict.share_percent} %`),
        h("p", { class: "quiet" }, `${plural(met.length, "item")} of ${judged.length} done, ${points(met)} of ${plural(points(judged), "point")}`),
        judged.length < checklist.length && h("p", { class: "quiet" }, `${plural(checklist.length - judged.length, "item")} not judged`)),
      ratingCard(view)));
}

/** The global rating; the instructor gives it here, or gives another. */
function ratingCard({ rating, ratings, role, learner }) {
  const shown = (given) => [
    h("p", { class: "figure" }, given ? `${given.score} of ${given.of}` : "–"),
    h("p", { class: "quiet" }, given ? given.words : "The instructor has not rated yet."),
    given?.note && h("p", {}, given.note)];
  const face = h("div", { class: "stack tight" }, shown(rating));
  if (role !== "instructor") return card("Global rating", { class: "card stack tight" }, face);
  const score = h("select", { id: "rating" }, h("option", { value: "" }, "Choose …"), ratings.map((each) => h("option", { value: each.score }, `${each.score} – ${each.words}`)));
  const note = h("input", { id: "rating-note", maxlength: 200 });
  const wrong = h("p", { class: "bad", role: "alert" });
  const save = button("Save the rating", () => busy(save, async () => {
    setText(wrong, score.value ? "" : "Choose a rating first.");
    if (!score.value) return;
    try {
      await ordered("rate", { learner: learner.key, score: score.value, note: note.value });
      fill(face, shown((await fetched(source)).rating));
      form.open = false;
      announce("The rating is saved");
    } catch (error) {
      setText(wrong, `Not saved: ${error.message}`);
    }
  }), { class: "primary" });
  const form = h("details", { class: "rate" }, h("summary", {}, rating ? "Rate again" : "Rate"), h("div", { class: "stack tight" },
    h("label", { for: "rating" }, "Rating"), score, h("label", { for: "rating-note" }, "Note"), note, wrong, h("div", {}, save)));
  return card("Global rating", { class: "card stack tight" }, face, form);
}

const criticalError = ({ at, text, why, debrief }) =>
  h("li", {}, h("span", { class: "badge bad" }, at || "critical error"), h("b", {}, ` ${text}`), why && h("p", { class: "quiet" }, why), h("p", {}, debrief));

// ---------------------------------------------------------------- lists

function checklistTable({ checklist }) {
  const row = ({ text, weight, state, at, why, debrief }) => {
    const [kind, word] = SIGNS[state] ?? ["plain", state];
    return h("tr", {},
      h("td", {}, h("span", { class: `badge ${kind}` }, word)),
      h("th", { scope: "row" }, h("b", {}, text), h("p", { class: "quiet" }, debrief)),
      h("td", {}, at && h("span", { class: "nowrap" }, at), why && h("p", { class: "quiet" }, why)),
      h("td", { class: "number" }, state === "met" ? `${weight} of ${weight}` : state === "not judged" ? "–" : `0 of ${weight}`));
  };
  const heads = ["state", "item, and why it is there", "when", "points"];
  return h("table", { class: "cards" }, h("thead", {}, h("tr", {}, heads.map((head, place) => h("th", { scope: "col", class: place === 3 && "number" }, head)))), h("tbody", {}, checklist.map(row)));
}

const missedChance = ({ words, from, to, length, ways, then }) =>
  h("li", {}, h("b", {}, words), h("p", {}, `${length}: from ${from} to ${to}; ${then}.`), h("p", { class: "quiet" }, `It would have been shown by: ${ways.join(", ")}.`));

const nearMiss = ({ at, words, detail, corrected }) =>
  h("li", {}, h("span", { class: "when" }, at), h("div", {}, h("b", {}, words), detail && h("p", {}, detail),
    h("p", { class: "quiet" }, corrected ? `carried out otherwise ${corrected} later` : "nothing was carried out afterwards")));

const sounding = ({ at, pattern, words, heard, count }) =>
  h("li", {}, h("span", { class: "when" }, at), h("div", {}, h("b", {}, pattern.replaceAll("-", " ")), count > 1 && ` – ${count} times`,
    h("p", { class: heard ? "quiet" : "bad" }, words)));

const none = (text) => h("p", { class: "empty" }, text);

function lists(view) {
  return h("div", { class: "grid three lists" },
    card("Missed chances", {}, view.missed.length ? h("ol", { class: "plain stack tight" }, view.missed.map(missedChance)) : none("Nothing that could have been known stayed unknown.")),
    card("Near misses", {}, view.near_misses.length ? h("ol", { class: "log" }, view.near_misses.map(nearMiss)) : none("No limit was met, no entry changed, no update abandoned.")),
    card("Sounds", {}, h("p", {}, view.audibility.words), view.sounds.length > 0 && h("ol", { class: "log" }, view.sounds.map(sounding))));
}

function actsTable({ deeds, learner }) {
  const row = ({ n, at, act, words, detail, answer, shown }) =>
    h("tr", {}, h("td", { class: "nowrap" }, at), h("th", { scope: "row" }, words, detail && h("p", { class: "quiet" }, detail), act === "interrogate" && answer === "done" && h("p", {}, h("a", { href: `/print/${encodeURIComponent(learner.key)}/${n}` }, "printout"))), h("td", {}, answer), h("td", {}, shown.join(", ") || "–"));
  const node = h("details", {}, h("summary", {}, `All ${plural(deeds.length, "act")}`),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "all acts" }, h("table", {},
      h("thead", {}, h("tr", {}, ["when", "act", "answer", "it showed"].map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, deeds.map(row)))));
  addEventListener("beforeprint", () => (node.open = true));
  return node;
}

// ---------------------------------------------------------------- the bar

function bar(view) {
  const { run, role } = view;
  setText(document.getElementById("run"), run.name || "Run");
  if (run.colour) document.body.style.setProperty("--run", run.colour);
  const chooser = view.others.length > 1 && h("label", { class: "row" }, "Learner", h("select", { onchange: (event) => location.assign(`/debrief/${encodeURIComponent(event.target.value)}`) },
    view.others.map((other) => h("option", { value: other.key, selected: other.key === view.learner.key }, other.nickname))));
  fill(document.getElementById("tools"),
    chooser, h("span", { class: "grow" }),
    role === "instructor" && opener(view),
    button("Print", () => window.print(), { class: "small" }), themeButton());
}

/** Files to keep: the log of the learner's own case, or of the class. */
function files({ role }) {
  const of = role === "instructor" ? "/api/run" : "/api/me";
  const file = (name, label) => h("a", { class: "button", href: `${of}/${name}`, download: "" }, label);
  return card("To keep", { class: "card stack files" }, h("div", { class: "row" },
    file("export.json", "Log and debrief, JSON"), file("export.csv", "Log, CSV"),
    role === "instructor" && [file("items.csv", "Items and learners, CSV"), file("curves.csv", "Curves, CSV")]));
}

/** One explicit order: before it no learner has any truth, after it each has that of his own case. */
function opener({ opened, ended }) {
  if (opened) return h("span", { class: "badge good" }, "open to the learners");
  if (!ended) return h("span", { class: "quiet" }, "the learners see it after you end the lesson and open it");
  const wrong = h("span", { class: "bad", role: "alert" });
  const node = button("Open the debrief to the learners", async () => {
    node.disabled = true;
    setText(wrong, "");
    try {
      await ordered("open-debrief");
      node.replaceWith(h("span", { class: "badge good" }, "open to the learners"));
      announce("The debrief is open to the learners");
    } catch (error) {
      node.disabled = false;
      setText(wrong, `Not opened: ${error.message}`);
    }
  }, { class: "primary small" });
  return [wrong, node];
}

// ---------------------------------------------------------------- the page

function closed(view) {
  setText(document.getElementById("run"), view.run?.name || "Run");
  if (view.run?.colour) document.body.style.setProperty("--run", view.run.colour);
  fill(document.getElementById("tools"), h("span", { class: "grow" }), h("a", { class: "button", href: "/api/me/export.json", download: "" }, "My log as JSON"), themeButton());
  fill(main, h("section", { class: "card stack" }, h("h2", {}, "Not open yet"), h("p", { role: "status" }, view.why), button("Look again", show)));
}

function page(view) {
  bar(view);
  const strip = timeline(view);
  const plots = h("div", { class: "plots" });
  const future = card("Two futures", { id: "futures" }, h("p", { class: "quiet" }, "The path that was taken, and the one of a learner who does the lesson well, from the same moment on."));
  fill(main,
    judgements(view),
    h("section", { class: "card stack", "aria-labelledby": "lanes" }, h("h2", { id: "lanes" }, "True, could have known, knew, did"), strip.node, plots, actsTable(view)),
    lists(view),
    future,
    card("Talk it over", { id: "pearls" }, pearls(view)),
    card("Checklist", {}, checklistTable(view)),
    h("div", { class: "grid two" },
      card("What truly happened", {}, view.story.map((text) => h("p", {}, text))),
      card("What the debrief should come to", {}, view.points.map((text) => h("p", {}, text)),
        h("h3", {}, "What the lesson is to teach"), h("ul", {}, view.run.objectives.map((text) => h("li", {}, text))),
        view.run.fidelity && [h("h3", {}, "What was unlike the ward"), h("p", {}, view.run.fidelity)])),
    files(view));
  curves(plots, () => fetched(`${source}/curves`), strip);
  futures(future, view, (n) => fetched(`${source}/future/${n}`));
}

async function show() {
  try {
    const view = await fetched(source);
    document.title = `Debrief – ${view.run?.name || "pumpsim"}`;
    (view.open ? page : closed)(view);
  } catch (error) {
    fill(main, h("section", { class: "card stack" }, h("h2", {}, "The debrief cannot be shown"), h("p", { role: "alert" }, error.message), button("Try again", show)));
  }
}

show();
