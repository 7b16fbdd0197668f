// What all parts of the instructor's page share: the view, who is told when a key of it changes (once a frame at most), which learner is
// open, and how an order is given and answered.

import { announce, busy, fill, h } from "./ui.js";

export class Board {
  constructor(link) {
    this.link = link;
    this.view = {};
    this.hello = {};
    this.open = "";
    this.lost = true;
    this.watchers = [];
    this.changed = new Set();
    this.wanted = false;
  }

  /** Call `tell(view)` once a frame in which one of these keys changed; `row:*` is every key that begins so. `open` is the open learner. */
  watch(keys, tell) {
    this.watchers.push({ keys, tell });
    for (const key of keys) this.touch(key.endsWith("*") ? [`${key.slice(0, -1)}`] : [key]);
  }

  /** Other values for some keys; a whole view replaces all. */
  set(values, whole = false) {
    if (whole) {
      this.touch(Object.keys(this.view));
      this.view = {};
    }
    Object.assign(this.view, values);
    this.touch(Object.keys(values));
  }

  touch(keys) {
    for (const key of keys) this.changed.add(key);
    if (this.wanted) return;
    this.wanted = true;
    requestAnimationFrame(() => this.render());
  }

  render() {
    this.wanted = false;
    if (!this.view.run) return; // told when there is something to tell
    const changed = [...this.changed];
    this.changed.clear();
    const met = (key) => (key.endsWith("*") ? changed.some((each) => each.startsWith(key.slice(0, -1))) : changed.includes(key));
    for (const { keys, tell } of this.watchers) if (keys.some(met)) tell(this.view);
  }

  /** The row of a learner, of the open one if none is named. */
  row(key = this.open) {
    return this.view[`row:${key}`];
  }

  get learners() {
    return this.view.learners ?? [];
  }

  /** Open a learner's case. */
  show(key) {
    if (key === this.open || !this.row(key)) return;
    this.open = key;
    this.touch(["open"]);
    const hash = `#${encodeURIComponent(key)}`;
    if (location.hash !== hash) history.replaceState(null, "", hash);
  }

  /** Give an order; resolves to {ok, seen, error}. The answer is said in `told` if there is such a place. */
  async do(act, args = {}, { from = null, told = null, done = "" } = {}) {
    const run = async () => {
      if (this.lost) return { ok: false, error: { what: "there is no connection", do: "wait until it is back; nothing was sent" } };
      try {
        const answer = await this.link.send(act, args);
        return { ok: Boolean(answer?.ok), seen: answer?.seen ?? {}, error: answer?.error ?? null };
      } catch (error) {
        return { ok: false, error: { what: String(error?.message ?? error), do: "look whether it was done before you do it again" } };
      }
    };
    const answer = (await (from ? busy(from, run) : run())) ?? { ok: false, error: null };
    const words = answer.ok ? done : errorText(answer.error);
    if (told) fill(told, words && h("div", { class: answer.ok ? "say good" : "say bad", role: answer.ok ? "status" : "alert" }, words));
    else if (words) announce(words, !answer.ok);
    return answer;
  }
}

/** What is wrong and what to do, as one sentence. */
export const errorText = (error) => (error ? [error.what, error.do].filter(Boolean).join("; ") : "");

/** A badge: sign, word and tone. */
export const badge = (word, tone = "plain", sign = "") => h("span", { class: `badge ${tone}` }, sign && tone !== "good" ? `${sign} ${word}` : word);
