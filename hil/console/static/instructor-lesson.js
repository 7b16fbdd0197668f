// The lesson itself: what it is for and how to help along; keeping the run as a lesson; its end. And the list to choose from before.

import { joinLinks } from "./instructor-class.js";
import { button, dialog, fill, h, setText } from "./ui.js";

/** Fill the panel of the lesson. */
export function mountLesson(board, panel) {
  const about = h("div", { class: "stack tight" }), told = h("div"), over = document.getElementById("over");
  const save = button("Save as lesson…", () => saveAs(board, told));
  const end = button("End lesson…", () => finish(board, told), { class: "danger", id: "end-lesson" });
  fill(panel, about, h("div", { class: "row" }, save, end), told);
  board.watch(["lesson"], ({ lesson }) => fill(about, h("h3", {}, lesson.title || "Lesson"), h("p", { class: "quiet small" }, [lesson.review, lesson.level, lesson.zone && `zone: ${lesson.zone}`, lesson.minutes && `${lesson.minutes} min`].filter(Boolean).join(" · ")), part("Objectives", lesson.objectives), part("What truly happened", lesson.story, true), part("How to help along", lesson.facilitation), part("Sources", lesson.sources, true)));
  board.watch(["run", "open"], ({ run }) => {
    end.disabled = Boolean(run.ended);
    if (run.ended && over.hidden) scrollTo(0, 0);
    over.hidden = !run.ended;
    if (run.ended) fill(over, h("div", { class: "row between" }, h("span", {}, h("b", {}, "The lesson is over"), `: ${run.ended}.`), h("a", { class: "button primary", href: board.open ? `/debrief/${encodeURIComponent(board.open)}` : "/debrief" }, "Open the debrief")));
  });
}

function part(title, texts, folded = false) {
  if (!texts?.length) return null;
  const body = texts.length > 1 ? h("ul", {}, texts.map((text) => h("li", {}, text))) : h("p", {}, texts[0]);
  return folded ? h("details", {}, h("summary", {}, title), body) : h("div", {}, h("h4", {}, title), body);
}

async function saveAs(board, told) {
  const name = h("input", { id: "lesson-name", maxlength: 60, autocomplete: "off" });
  const chosen = await dialog({
    title: "Save this run as a lesson",
    body: [h("p", {}, "The lesson as it began, with all that you injected, said and asked as its steps. Cut and annotate it afterwards with an editor."), h("div", { class: "field" }, h("label", { for: "lesson-name" }, "Name of its folder"), name, h("div", { class: "hint" }, "small words with hyphens between, such as my-first-lesson"))],
    actions: [{ label: "Save", value: "save", kind: "primary" }, { label: "Cancel", value: "" }],
  });
  if (!chosen || !name.value.trim()) return;
  const answer = await board.do("save-lesson", { name: name.value.trim() }, { told, done: "Saved." });
  const where = answer.seen?.folder ?? answer.seen?.text ?? answer.seen?.path;
  if (answer.ok && where) fill(told, h("div", { class: "say good", role: "status" }, "Saved as ", h("code", {}, where)));
}

async function finish(board, told) {
  const chosen = await dialog({
    title: "End the lesson?",
    body: h("p", {}, "Simulated time stops for everybody, the checklist is judged, and nobody can act any more. The debrief opens after this."),
    actions: [{ label: "End lesson", value: "end", kind: "danger" }, { label: "Go on", value: "", focus: true }],
  });
  if (chosen) await board.do("end", {}, { told, done: "The lesson is over." });
}

/** The lessons to choose from, while none has begun. */
export async function mountChooser(board, card) {
  const joining = h("div", { class: "row joining" });
  joinLinks(joining, board.hello);
  fill(card, h("div", { class: "row between" }, h("h2", {}, "Choose a lesson"), joining), h("p", { class: "quiet" }, "Learners may join before or after. No learner sees a lesson's name or story before the debrief."), h("p", { class: "empty", role: "status" }, "Looking for lessons …"));
  const told = h("div");
  try {
    const response = await fetch("/api/lessons", { headers: { accept: "application/json" } });
    const found = await response.json(), lessons = Array.isArray(found) ? found : (found.lessons ?? []);
    card.lastElementChild.remove();
    card.append(told, h("div", { class: "grid lessons" }, lessons.map((lesson) => choice(board, lesson, told))));
    if (!lessons.length) told.append(h("p", { class: "empty" }, "There are no lessons here."));
  } catch {
    setText(card.lastElementChild, "The lessons cannot be read; reload the page.");
  }
}

function choice(board, lesson, told) {
  const take = button("Begin this lesson", () => board.do("choose", { lesson: lesson.name }, { from: take, told }), { class: "primary", "aria-label": `Begin ${lesson.title}` });
  const facts = [lesson.level, lesson.zone && `zone: ${lesson.zone}`, lesson.minutes && `${lesson.minutes} min`].filter(Boolean).join(" · ");
  const reviewed = lesson.clinically_reviewed ?? "none yet";
  return h("article", { class: "well stack tight lesson" }, h("h3", {}, lesson.title), h("p", { class: "quiet small" }, facts), h("ul", { class: "grow" }, (lesson.objectives ?? []).map((text) => h("li", {}, text))), h("p", { class: "small quiet" }, reviewed.startsWith("Clinically") ? reviewed : `Clinically reviewed: ${reviewed}`), h("div", {}, take));
}
