// Programming a therapy: typed field by field, each read strictly by the server as it is left; reviewed; sent; read back.
//
// Nothing is chosen beforehand. What cannot be read is shown as it was typed and has to be acknowledged; the field keeps its last good value.

import { capital, errorText } from "./learner-desk.js";
import { comparison, dayDrawn, headline, readBack } from "./learner-review.js";
import { busy, button, fill, freshId, h, setProp, setText } from "./ui.js";

const MODES = { simple: "Simple: one dose, even over the day", flex: "Flex: steps over the day", "minimum-rate": "Minimum rate: keeps the catheter open" };
const MINIMUM = "minimum-rate";
const DAY_SETS = ["all", "Mon-Fri", "Sat, Sun"];
const MORE = [
  ["critical-alarm-every", "Critical alarm every", "in min or h"],
  ["non-critical-alarm-every", "Non-critical alarm every", "in min or h"],
  ["patient-bolus.dose", "Patient bolus: dose", "in {mcg}"],
  ["patient-bolus.duration", "Patient bolus: given over", "in min"],
  ["patient-bolus.lockout", "Patient bolus: one in", "in min or h"],
  ["patient-bolus.most-per-day", "Patient bolus: most in 24 h", "a whole number"],
  ["patient-bolus.daily-limit", "Patient bolus: all drug in 24 h at most", "in {mcg}/day"],
];

/** A step gives a dose, or runs at a rate: by the unit that was typed. */
const strengthKey = (text) => (text.trim() === MINIMUM || /(mL\/day|nL\/h)$/.test(text.trim()) ? "rate" : "dose");

/** One typed value. `path` is a function, because steps move. */
class Typed {
  constructor(form, { path, label, hint, short = false }) {
    Object.assign(this, { form, path, good: "" });
    const id = freshId("typed");
    this.input = h("input", { id, autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": `${id}-change ${id}-wrong` });
    this.change = h("div", { class: "change-line", id: `${id}-change`, role: "status" });
    this.wrong = h("div", { class: "say bad wrong", id: `${id}-wrong`, role: "alert", hidden: true });
    this.beside = h("div", { class: "row beside" });
    this.node = h("div", { class: `field${short ? " short" : ""}` }, h("label", { for: id }, label), this.input, h("div", { class: "hint" }, hint.replace("{mcg}", form.desk.mcg)), this.beside, this.change, this.wrong);
    this.input.addEventListener("change", () => this.check());
    this.input.addEventListener("input", () => form.touched());
    form.fields.add(this);
  }

  /** As if it had been typed. */
  put(text) {
    if (this.bad) return;
    this.input.value = text;
    this.check();
  }

  /** Have the server read it. */
  check() {
    const text = this.input.value.trim();
    if (this.bad || text === this.good) return;
    if (!text) {
      this.good = "";
      setText(this.change, "");
      this.form.touched();
      return;
    }
    this.form.checking(this.ask(text));
  }

  async ask(text) {
    const { desk } = this.form;
    if (!desk.door("type")) {
      this.good = text;
      return;
    }
    const answer = await desk.do("type", { field: this.path(), text });
    if (answer.ok) {
      this.good = text;
      setText(this.change, answer.seen.change || (answer.seen.text === text ? "" : `read as ${answer.seen.text}`));
      this.change.classList.toggle("factor", / x$/.test(answer.seen.change ?? ""));
    } else this.refuse(text, answer.error);
    this.form.touched();
  }

  /** Say what is wrong; nothing can be typed here before it was acknowledged. */
  refuse(typed, error) {
    this.bad = true;
    this.input.readOnly = true;
    setProp(this.input, "aria-invalid", "true");
    this.understood = button("Understood, I type it again", () => this.acknowledge(), { class: "small" });
    fill(this.wrong, h("b", {}, typed ? h("span", {}, "You typed ", h("code", {}, typed)) : "Nothing is typed"), h("div", {}, errorText(error)), typed && h("div", {}, this.good ? `The field keeps ${this.good}.` : "The field stays empty."), this.understood);
    this.wrong.hidden = false;
  }

  acknowledge() {
    this.clearWrong();
    this.input.value = this.good;
    this.input.focus();
    this.input.select();
    this.form.touched();
  }

  clearWrong() {
    this.bad = false;
    this.input.readOnly = false;
    setProp(this.input, "aria-invalid", null);
    this.wrong.hidden = true;
    fill(this.wrong);
  }

  clear() {
    this.clearWrong();
    this.good = this.input.value = "";
    setText(this.change, "");
  }

  gone() {
    this.form.fields.delete(this);
  }
}

/** Buttons that type for one: what is in the pump, stock strengths, small steps. None is chosen beforehand. */
function offers(typed, choices) {
  fill(typed.beside, choices.map(({ label, text }) => button(label, () => typed.put(text), { class: "small", "aria-label": `${typed.node.querySelector("label").textContent}: type ${text}` })));
}

class Form {
  constructor(desk) {
    Object.assign(this, { desk, mode: "", fields: new Set(), groups: [], checks: new Set() });
    this.top = [
      ["drug", "Drug", "its name, as the pump knows it"],
      ["concentration", "Concentration", "in {mcg}/mL"],
      ["low-reservoir-alarm", "Low-reservoir alarm at", "in mL"],
    ].map(([path, label, hint]) => new Typed(this, { path: () => path, label, hint }));
    this.daily = new Typed(this, { path: () => "daily-dose", label: "Dose per day", hint: "in {mcg}/day" });
    this.more = MORE.map(([path, label, hint]) => new Typed(this, { path: () => path, label, hint }));
    this.pattern = h("div", { class: "stack" });
    this.told = h("div", { role: "alert" });
    this.reviewed = button("Review before sending", () => busy(this.reviewed, () => this.review()), { class: "primary", id: "review" });
    this.node = h("div", { class: "stack" }, this.modes(), h("div", { class: "grid fields" }, this.top.map(({ node }) => node)), this.daily.node, this.pattern, this.moreBox(), this.told, h("div", { class: "row" }, this.reviewed, button("Clear the form", () => this.clear())));
    this.setMode("");
  }

  modes() {
    const name = freshId("mode");
    this.radios = Object.entries(MODES).map(([mode, label]) => [h("input", { type: "radio", name, value: mode, onchange: () => this.setMode(mode) }), label]);
    return h("fieldset", {}, h("legend", {}, "How the drug is given"), h("div", { class: "row" }, this.radios.map(([input, label]) => h("label", { class: "choice" }, input, label))));
  }

  moreBox() {
    return h("details", { class: "well" }, h("summary", {}, "Alarm repeats and patient bolus (may stay empty)"), h("div", { class: "grid fields" }, this.more.map(({ node }) => node)));
  }

  setMode(mode) {
    this.mode = mode;
    for (const [input] of this.radios) input.checked = input.value === mode;
    this.daily.node.hidden = mode !== "simple";
    this.pattern.hidden = mode !== "flex";
    if (mode === "flex" && !this.groups.length) this.addGroup();
    this.touched();
  }

  // ---------------------------------------------------------------- a day's pattern

  addGroup() {
    const group = { steps: [], box: h("div", { class: "stack tight" }) };
    group.days = new Typed(this, { path: () => `groups.${this.groups.indexOf(group)}.days`, label: "Days", hint: "all, a range, or a list with commas" });
    offers(group.days, DAY_SETS.map((text) => ({ label: text, text })));
    group.node = h("fieldset", { class: "group stack tight" }, h("legend", {}, "Days and their steps"), group.days.node, group.box, h("div", { class: "row" }, button("Add a step", () => this.addStep(group).until.input.focus(), { class: "small" }), button("Take the last step away", () => this.dropStep(group), { class: "small" }), this.groups.length > 0 && button("Take these days away", () => this.dropGroup(group), { class: "small" })));
    this.groups.push(group);
    this.addStep(group);
    this.drawGroups();
    return group;
  }

  addStep(group) {
    const path = (key) => () => `groups.${this.groups.indexOf(group)}.steps.${group.steps.indexOf(step)}.${key}`;
    const step = { from: h("output", { class: "from" }) };
    step.until = new Typed(this, { path: path("to"), label: "until", hint: "hh:mm; 24:00 ends the day", short: true });
    step.dose = new Typed(this, { path: () => path(strengthKey(step.dose.input.value))(), label: "gives, in all of this time", hint: "in {mcg}; or a rate in mL/day", short: true });
    offers(step.dose, [{ label: "minimum rate", text: MINIMUM }]);
    step.node = h("div", { class: "step" }, h("div", { class: "field" }, h("span", { class: "label" }, "from"), step.from), step.until.node, step.dose.node);
    step.until.input.addEventListener("change", () => this.drawFroms(group));
    group.steps.push(step);
    group.box.append(step.node);
    this.drawFroms(group);
    return step;
  }

  dropStep(group) {
    if (group.steps.length < 2) return;
    const step = group.steps.pop();
    step.until.gone();
    step.dose.gone();
    step.node.remove();
    this.touched();
  }

  dropGroup(group) {
    while (group.steps.length > 1) this.dropStep(group);
    for (const typed of [group.days, group.steps[0].until, group.steps[0].dose]) typed.gone();
    this.groups.splice(this.groups.indexOf(group), 1);
    this.drawGroups();
  }

  drawGroups() {
    const copy = this.desk.view.readout?.form?.groups;
    fill(this.pattern, this.groups.map(({ node }) => node), h("div", { class: "row" }, button("Add other days", () => this.addGroup().days.input.focus(), { class: "small" }), copy && button("Type the pattern that is in the pump", () => this.copy(copy), { class: "small" })));
    this.touched();
  }

  drawFroms(group) {
    group.steps.forEach((step, place) => setText(step.from, this.from(group, place)));
  }

  /** A step begins where the one before ends. */
  from(group, place) {
    return place ? group.steps[place - 1].until.input.value.trim() || "…" : "00:00";
  }

  copy(groups) {
    while (this.groups.length) this.dropGroup(this.groups[0]);
    for (const each of groups) {
      const group = this.addGroup();
      group.days.put(each.days);
      each.steps.forEach((step, place) => {
        const at = group.steps[place] ?? this.addStep(group);
        at.until.put(step.to);
        at.dose.put(step.dose ?? step.rate ?? "");
      });
      this.drawFroms(group);
    }
  }

  // ---------------------------------------------------------------- reading and sending

  checking(promise) {
    this.checks.add(promise);
    promise.finally(() => this.checks.delete(promise));
  }

  values() {
    const form = { mode: this.mode };
    const shown = [...this.top, ...(this.mode === "simple" ? [this.daily] : []), ...this.more];
    for (const typed of shown) {
      const [key, part] = typed.path().split(".");
      if (!typed.good) continue;
      if (part) (form[key] ??= {})[part] = typed.good;
      else form[key] = typed.good;
    }
    if (this.mode === "flex") {
      form.groups = this.groups.map((group) => ({ days: group.days.good, steps: group.steps.map((step, place) => ({ from: this.from(group, place).replace("…", ""), to: step.until.good, [strengthKey(step.dose.good)]: step.dose.good })) }));
    }
    return form;
  }

  get dirty() {
    return Boolean(this.mode) || [...this.fields].some(({ input }) => input.value.trim());
  }

  touched() {
    this.desk.setPending("therapy", this.reviewing ? "a therapy that was reviewed" : this.dirty ? "a therapy" : "");
    this.onTouched?.();
  }

  clear() {
    while (this.groups.length) this.dropGroup(this.groups[0]);
    for (const typed of this.fields) typed.clear();
    fill(this.told);
    this.setMode("");
  }

  async review() {
    for (const typed of this.fields) typed.check();
    await Promise.all(this.checks);
    const wrong = [...this.fields].find(({ bad }) => bad);
    if (wrong) {
      fill(this.told, h("div", { class: "say bad" }, "Something that was typed cannot be read: acknowledge it first."));
      wrong.understood.focus();
      return;
    }
    fill(this.told);
    const answer = await this.desk.do("review", this.values());
    if (!answer.ok) this.refused(answer.error);
  }

  /** Errors beside their fields; what has no field in a line. */
  refused(error) {
    const rest = [];
    let first;
    for (const each of error.fields ?? [{ field: "", typed: "", what: error.what, do: error.do }]) {
      const typed = [...this.fields].find((field) => field.path() === each.field && !field.node.closest("[hidden]"));
      if (typed) {
        typed.good = "";
        typed.refuse(each.typed, each);
        first ??= typed;
      } else rest.push(`${each.field ? `${spokenField(each.field)}: ` : ""}${errorText(each)}`);
    }
    fill(this.told, rest.length > 0 && h("div", { class: "say bad" }, h("b", {}, "This cannot be reviewed"), rest.map((text) => h("div", {}, text))));
    first?.understood.focus();
  }
}

const spokenField = (field) => ({ mode: "how the drug is given", groups: "the days" })[field] ?? field.replaceAll(".", " ").replaceAll("-", " ");

/** The form, then what stands before sending, then what came of it. */
export function therapyPanel(node, desk) {
  if (!desk.door("review") || !desk.door("update")) {
    node.append(h("p", { class: "empty" }, "Programming a therapy is not at hand here."));
    return;
  }
  const form = new Form(desk);
  desk.abandon = () => form.clear();
  form.onTouched = () => {
    const before = sent.querySelector("details");
    if (before && form.dirty) before.open = false;
  };
  const sent = h("div", { class: "stack" });
  const screen = h("div", { class: "stack wide", id: "review-screen", hidden: true });
  const writing = h("div", { class: "stack" }, h("p", { class: "hint" }, "Every value is typed with its unit. Read the pump first; what is in it stands beside the fields as an offer."), form.node);
  node.append(sent, writing, screen);

  const [, strength] = form.top;
  desk.watch(["readout"], ({ readout, stock }) => {
    const own = readout?.form ?? {};
    const same = (path) => (own[path] ? [{ label: `as in the pump: ${own[path]}`, text: own[path] }] : []);
    for (const typed of [...form.top, ...form.more]) offers(typed, same(typed.path()));
    offers(strength, [...same("concentration"), ...(stock ?? []).map((text) => ({ label: text, text }))]);
    offers(form.daily, [...same("daily-dose"), ...(readout?.titration ?? [])]);
    if (!form.groups.length || !form.dirty) form.drawGroups();
  });

  const show = (review) => {
    writing.hidden = sent.hidden = form.reviewing = Boolean(review);
    form.touched();
    screen.hidden = !review;
    if (!review) return fill(screen);
    fill(screen, reviewScreen(desk, review, () => {
      show(null);
      form.reviewed.focus();
    }));
    screen.querySelector("h3").focus();
    return undefined;
  };
  let shown;
  desk.watch(["review"], ({ review }) => {
    if (review?.n === shown) return;
    shown = review?.n;
    show(review);
  });
  let told;
  desk.watch(["sent"], ({ sent: latest }) => {
    if (latest?.n === told) return;
    const fresh = told !== undefined || Boolean(desk.view.record?.length && form.dirty);
    told = latest?.n;
    fill(sent, latest && h("details", { class: "sent stack", open: fresh }, h("summary", {}, `The update of ${latest.when}: asked, sent, what the pump says`), readBack(latest.rows)));
    if (latest && fresh) {
      form.clear();
      sent.querySelector("summary").focus();
    }
  });
}

/** The Finish screen. */
function reviewScreen(desk, review, back) {
  const told = h("div", { role: "alert" });
  const reason = h("textarea", { rows: "2", id: freshId("reason") });
  const interrupt = review.notes.some((text) => text.startsWith("A bolus is running")) && h("input", { type: "checkbox" });
  const send = button("Send to the pump", () => busy(send, async () => {
    if (review.warnings.length && !reason.value.trim()) {
      fill(told, h("div", { class: "say bad" }, "Write why this is right all the same, or go back and change it."));
      reason.focus();
      return;
    }
    const args = { token: review.token, ...(review.warnings.length && { reason: reason.value.trim() }), ...(interrupt && interrupt.checked && { interrupt: "yes" }) };
    const answer = await desk.do("update", args);
    if (!answer.ok) refusedUpdate(told, desk, answer.error);
  }), { class: "primary", id: "send" });
  return [
    h("h3", { tabindex: "-1" }, review.changed ? "Compare before you send" : "Nothing would change"),
    headline(review.top),
    review.drawn.map((day) => dayDrawn(day)),
    review.warnings.map((warning) => h("div", { class: "say bad" }, h("b", {}, `Warning ${warning.rule}: ${warning.what}`), `${warning.title}: ${warning.why}. ${capital(warning.do)}.`)),
    review.notes.map((text) => h("div", { class: "say warn" }, text)),
    review.bridge ? bridge(review.bridge) : null,
    comparison(review.rows, ["", `in the pump now (read at ${desk.view.readout?.when ?? review.when})`, "will be sent", ""], `Every line, beside the pump as it was read at ${desk.view.readout?.when ?? review.when}`),
    review.warnings.length > 0 && h("div", { class: "field" }, h("label", { for: reason.id }, "Why it is right all the same"), reason, h("div", { class: "hint" }, "The reason is kept in the log.")),
    interrupt && h("label", { class: "choice" }, interrupt, "It may end the bolus that is running"),
    told,
    h("div", { class: "row" }, send, button("Back to the form", back)),
  ];
}

function bridge({ volume, rate, lasts, until, of, without }) {
  return h("div", { class: "say warn" }, h("b", {}, `Bridge bolus: ${volume} at ${rate}, ${lasts}, until ${until}`), `It runs the old strength out of ${of}. Without it: ${without}. It is given as a command of its own, after the update.`);
}

function refusedUpdate(told, desk, error) {
  const again = /interrogate/.test(error?.do ?? "") && desk.door("interrogate") && button("Interrogate the pump again", () => busy(again, async () => {
    const answer = await desk.do("interrogate");
    if (!answer.ok) fill(told, h("div", { class: "say bad" }, errorText(answer.error)));
  }), { class: "primary" });
  fill(told, h("div", { class: "say bad stack tight" }, h("b", {}, "Nothing was sent"), h("div", {}, errorText(error)), again && h("div", {}, again)));
}
