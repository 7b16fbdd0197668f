// The page's one audio context: unlocked by a gesture, and honest about what could be heard.
//
// What cannot be heard when it is due is dropped and said so; it is never played late. What is cut off in the middle is not taken up again.

import { schedule } from "./synth.js";

const AHEAD_S = 0.03; // time to get a burst onto the audio clock
const GESTURES = ["click", "pointerup", "keydown"];
export class Player {
  /** `changed()` is called when whether or how loudly it sounds has changed. */
  constructor(volumePercent, changed) {
    this.volume = volumePercent;
    this.muted = false;
    this._changed = changed;
    this._playing = new Set();
    this._context = null;
    for (const kind of GESTURES) document.addEventListener(kind, () => this._gesture(), { capture: true });
    document.addEventListener("visibilitychange", () => changed());
    if (navigator.userActivation?.hasBeenActive) queueMicrotask(() => this.unlock()); // once whoever made it has it; by the Join button of the same document
  }

  /** locked until a first gesture; else as the browser has it: running, suspended, interrupted, closed. */
  get state() {
    return this._context ? this._context.state : "locked";
  }

  get audible() {
    return this.state === "running" && !this.muted && this.volume > 0;
  }

  /** What the server is told. */
  get report() {
    return { state: this.state, muted: this.muted, volume: this.volume, hidden: document.hidden };
  }

  /** Make sound possible; to be called in a gesture. Resolves to whether it is. */
  async unlock() {
    if (!this._context) {
      this._context = new AudioContext();
      this._master = this._context.createGain();
      this._master.connect(this._context.destination);
      this._level();
      this._context.addEventListener("statechange", () => this._turned());
    }
    if (this._context.state !== "running") {
      this._changed();
      try {
        await this._context.resume();
      } catch {
        // it stays as it is, and the page says so
      }
    }
    this._changed();
    return this.state === "running";
  }

  setMuted(muted) {
    this.muted = muted;
    this._level();
    this._changed();
  }

  setVolume(percent) {
    this.volume = percent;
    this._level();
    this._changed();
  }

  /** Sound a burst now, or not at all. Resolves to what became of it: played, muted, not_unlocked, hidden or blocked. */
  async play(burst) {
    const refusal = this._refusal();
    if (refusal) return refusal;
    const playing = schedule(this._context, burst, this._context.currentTime + AHEAD_S, this._master);
    const cut = new Promise((done) => (playing.cut = () => done("blocked")));
    this._playing.add(playing);
    const outcome = await Promise.race([playing.ended.then(() => "played"), cut]);
    this._playing.delete(playing);
    return outcome;
  }

  _refusal() {
    if (this.state !== "running") {
      if (!this._context) return "not_unlocked";
      return document.hidden ? "hidden" : this._everRan ? "blocked" : "not_unlocked";
    }
    return this.muted || this.volume === 0 ? "muted" : "";
  }

  _gesture() {
    if (this.state !== "running" && (navigator.userActivation?.isActive ?? true)) this.unlock();
  }

  _turned() {
    if (this.state === "running") this._everRan = true;
    else this._cut();
    this._changed();
  }

  _cut() {
    for (const playing of this._playing) {
      playing.cut();
      playing.stop();
    }
  }

  _level() {
    if (this._context) this._master.gain.value = this.muted ? 0 : this.volume / 100;
  }
}
