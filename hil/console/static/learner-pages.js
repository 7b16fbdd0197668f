// The first page and the last: the briefing, and what is looked at before a lesson is finished.

import { errorText, facts, logItem } from "./learner-desk.js";
import { busy, button, dialog, fill, h } from "./ui.js";

/** Objectives, minutes, level, who reviewed it; nothing that gives the case away. */
export function briefingPage(node, desk, begin) {
  const { briefing, run } = desk.view;
  const back = desk.view.record.length > 0;
  fill(
    node,
    h(
      "div",
      { class: "card briefing stack wide" },
      h("header", {}, h("p", { class: "quiet" }, run.name || "Lesson"), h("h1", { id: "briefing-title" }, "Before you begin")),
      h("div", { class: "stack" }, briefing.words.map((text) => h("p", { class: "lead" }, text))),
      h("section", { class: "stack tight" }, h("h2", {}, "Afterwards you can"), briefing.objectives.length
        ? h("ul", {}, briefing.objectives.map((text) => h("li", {}, text)))
        : h("p", {}, "The debrief tells what this case is to teach; here it would give the case away.")),
      facts([
        ["takes", briefing.minutes],
        ["level", briefing.level],
        ["kind", { skill: "skill: hints, and going back to try again", case: "case: no hints, a debrief afterwards", team: "team: together, a debrief afterwards" }[briefing.zone] ?? briefing.zone],
      ]),
      h("p", { class: briefing.not_reviewed ? "say warn" : "say" }, briefing.reviewed),
      briefing.fidelity && h("section", { class: "stack tight" }, h("h2", {}, "What is unlike the ward"), h("p", {}, briefing.fidelity)),
      h(
        "section",
        { class: "stack tight" },
        h("h2", {}, "How it works"),
        h(
          "ul",
          {},
          h("li", {}, "The pump can be heard, not seen. What it does you learn by interrogating it; what you read is as old as the time beside it."),
          h("li", {}, "The patient is examined: a value appears when you measure it."),
          h("li", {}, "Time goes on while you think, except while the simulation is paused."),
          h("li", {}, "Everything you do is kept for the debrief, under the nickname you chose."),
        ),
      ),
      h("div", { class: "row" }, button(back ? "Back to the patient" : "Begin", begin, { class: "primary large", id: "begin" })),
    ),
  );
}

/** All of it once more, then a confirmation; returns what fills the page anew. */
export function finishPage(node, desk, back) {
  const finish = button("Finish the lesson", () => busy(finish, confirmed), { class: "primary" });
  const told = h("div", { role: "alert" });

  async function confirmed() {
    const sure = await dialog({
      title: "Finish the lesson?",
      body: h("p", {}, "After this you can do nothing more for this patient. The pump stays as it is."),
      actions: [
        { label: "Not yet", value: "", focus: true },
        { label: "Finish now", value: "yes", kind: "primary" },
      ],
    });
    if (sure !== "yes") return;
    const answer = await desk.do("finish");
    fill(told, !answer.ok && h("div", { class: "say bad" }, errorText(answer.error)));
  }

  function open() {
    const { record, thoughts, notes } = desk.view;
    const pending = desk.pendingWords();
    return [
      h("h1", { id: "finish-title" }, "Before you finish"),
      h("p", {}, "Look at what you did. You can still go back."),
      pending && h("div", { class: "say warn" }, h("b", {}, "Something was typed and not sent"), pending),
      h("h2", {}, "You think"),
      thoughts.length ? facts(thoughts.map(({ text, sure, when }) => [text, `${sure}, ${when}`])) : h("p", { class: "say warn" }, "You have not committed to a diagnosis."),
      notes.length > 0 && h("h2", {}, "Your notes"),
      notes.length > 0 && h("ol", { class: "log" }, notes.map((note) => logItem(note, note.text))),
      h("h2", {}, "You did"),
      record.length ? recordList(record) : h("p", { class: "empty" }, "Nothing yet."),
      told,
      h("div", { class: "row" }, button("Back to the patient", back, { id: "not-finished" }), finish),
    ];
  }

  function over() {
    const { state, record } = desk.view;
    const ready = state === "debrief";
    return [
      h("h1", { id: "finish-title" }, state === "finished" ? "You have finished" : "The lesson is over"),
      h("p", {}, ready ? "The debrief is open." : "The debrief opens when the instructor opens it."),
      ready && h("p", {}, h("a", { class: "button primary", href: "/debrief" }, "Open the debrief")),
      h("h2", {}, "You did"),
      record.length ? recordList(record) : h("p", { class: "empty" }, "Nothing."),
      h("p", {}, h("a", { href: "/api/me/export.json", download: "" }, "Keep your own record (JSON)")),
    ];
  }

  const draw = () => fill(node, h("div", { class: "card briefing stack wide" }, desk.view.state === "open" ? open() : over()));
  desk.watch(["state", "record", "thoughts", "notes"], () => {
    if (!node.hidden || desk.view.state !== "open") draw();
  });
  return draw;
}

/** What was done, oldest first. */
export function recordList(record) {
  return h("ol", { class: "log" }, record.map((item) => logItem(item, item.words, item.error && h("div", { class: "bad" }, `Not done: ${item.error}`))));
}
