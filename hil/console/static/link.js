// The page's line to the console: one WebSocket that comes back by itself.
//
//   const link = connect({ onView, onChange, onSound, onState });      // or link.onView(fn) and so on, later
//   const { ok, seen, error } = await link.send("interrogate", {});     // never rejects; sent again after a drop, done once
//
// onHello(hello)   who we are: role, nickname, learner, run, colour, units, chosen; an instructor also links and places
// onView(view)     everything there is to show, at the start and after each drop
// onChange(set, view)   top-level keys that have new values; view has them already
// onSound(message), onBeat({seq, ms, clock}), onState({word, text, since})
// A state's word is connecting, ok, lost, rejoining or gone; its text says it to people.

const VERSION = 1;
const SILENCE_MS = 2200; // a beat comes each second; with the next look this is said before three seconds are over
const LOOK_MS = 250;
const WAITS_MS = [300, 600, 1200, 2400, 4000];
const OFFSETS_KEPT = 30;
const ROLES = { "/learner": "learner", "/instructor": "instructor", "/observe": "observer" };

export function connect(options = {}) {
  return new Link(options);
}

function freshId() {
  const words = crypto.getRandomValues(new Uint32Array(3)); // randomUUID is not there on a plain local network
  return Array.from(words, (word) => word.toString(36)).join("");
}

class Link {
  #hearers = { hello: [], view: [], change: [], sound: [], state: [], beat: [] };
  #waiting = new Map(); // id -> {text, done}: what was asked and not answered yet, in order
  #page = freshId();
  #count = 0;
  #socket = null;
  #tries = 0;
  #retry = 0;
  #heardMs = 0;
  #overdue = false;
  #offsets = [];

  constructor({ role, watch = "", onHello, onView, onChange, onSound, onState, onBeat } = {}) {
    this.role = role ?? ROLES[location.pathname] ?? "learner";
    this.watch = watch;
    this.hello = null;
    this.view = {};
    this.clock = null;
    this.state = { word: "connecting", text: "Connecting …", since: Date.now() };
    const given = { hello: onHello, view: onView, change: onChange, sound: onSound, state: onState, beat: onBeat };
    for (const [kind, hear] of Object.entries(given)) if (hear) this.#hearers[kind].push(hear);
    setInterval(() => this.#look(), LOOK_MS);
    addEventListener("online", () => this.#again(0));
    document.addEventListener("visibilitychange", () => document.hidden || this.#again(0));
    queueMicrotask(() => this.#open()); // after whoever made us has said what he wants to hear
  }

  onHello(hear) { this.#hearers.hello.push(hear); if (this.hello) hear(this.hello); }
  onView(hear) { this.#hearers.view.push(hear); if (Object.keys(this.view).length) hear(this.view); }
  onChange(hear) { this.#hearers.change.push(hear); }
  onSound(hear) { this.#hearers.sound.push(hear); }
  onBeat(hear) { this.#hearers.beat.push(hear); }
  onState(hear) { this.#hearers.state.push(hear); hear(this.state); }

  // Do something; resolves with {ok, seen} or {ok: false, error: {what, where, do}}.
  send(act, args = {}) {
    const id = `${this.#page}-${++this.#count}`;
    const text = JSON.stringify({ v: VERSION, t: "do", id, act, args });
    return new Promise((done) => {
      if (this.state.word === "gone") {
        done({ ok: false, error: { what: this.state.text, where: act, do: "open your link again" } });
        return;
      }
      this.#waiting.set(id, { text, done });
      this.#write(text);
    });
  }

  // Tell something that nobody answers: report("heard", {n, outcome}), report("audio", {state, muted, volume, hidden}).
  report(kind, facts = {}) {
    this.#write(JSON.stringify({ v: VERSION, t: kind, ...facts }));
  }

  // What the server's clock shows now, in ms; null before the first beat. The fastest of the last beats was the least late.
  serverMs() {
    return this.#offsets.length ? performance.now() + Math.max(...this.#offsets) : null;
  }

  // Acts that were asked for and have no answer yet.
  get unanswered() { return this.#waiting.size; }

  // Look at another learner's case (observers).
  look(learner) {
    this.watch = learner;
    this.#drop();
    this.#again(0);
  }

  #write(text) {
    if (this.#socket?.readyState === WebSocket.OPEN && this.hello) this.#socket.send(text);
  }

  #open() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    if (this.#socket || this.state.word === "gone") return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const query = new URLSearchParams({ role: this.role, ...(this.watch && { watch: this.watch }) });
    const socket = new WebSocket(`${scheme}//${location.host}/ws?${query}`);
    this.#socket = socket;
    this.#heardMs = performance.now();
    this.#overdue = false;
    let greeted = false;
    socket.onmessage = (event) => {
      if (socket !== this.#socket) return;
      this.#heardMs = performance.now();
      this.#overdue = false;
      const message = JSON.parse(event.data);
      greeted ||= message.t === "hello";
      this.#take(message);
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (this.state.word === "gone") return;
      this.#say("lost", "Connection lost. What you see may be old.");
      if (!greeted) this.#ask();
      this.#again(this.#wait());
    };
  }

  #take(message) {
    switch (message.t) {
      case "hello":
        this.hello = message;
        this.#tries = 0;
        this.#tell("hello", message);
        break;
      case "view":
        this.view = message.view;
        this.#say("ok", "Connected");
        this.#tell("view", this.view);
        for (const { text } of this.#waiting.values()) this.#write(text);
        break;
      case "change":
        Object.assign(this.view, message.set);
        this.#tell("change", message.set, this.view);
        break;
      case "answer":
        this.#waiting.get(message.id)?.done({ ok: message.ok, seen: message.seen, error: message.error });
        this.#waiting.delete(message.id);
        break;
      case "beat":
        this.#offsets.push(message.ms - performance.now());
        if (this.#offsets.length > OFFSETS_KEPT) this.#offsets.shift();
        this.clock = message.clock;
        this.#tell("beat", message);
        break;
      case "sound":
        this.#tell("sound", message);
        break;
      case "gone":
        this.#leave(message);
        break;
    }
  }

  // The server tells us to go: for good, unless it is the server itself that goes.
  #leave({ why, again }) {
    if (again) {
      this.#drop();
      this.#say("lost", `Connection lost: ${why}.`);
      this.#again(this.#wait());
      return;
    }
    this.#say("gone", `Not connected: ${why}.`);
    this.#drop();
    for (const { done } of this.#waiting.values()) done({ ok: false, error: { what: why, where: "connection", do: "open your link again" } });
    this.#waiting.clear();
  }

  #look() {
    if (!this.#socket) return;
    const overdue = performance.now() - this.#heardMs > SILENCE_MS;
    if (overdue && this.#overdue) { // twice: a page that slept itself finds its messages after the first look
      this.#drop();
      this.#say("lost", "Connection lost. What you see may be old.");
      this.#again(this.#wait());
    }
    this.#overdue = overdue;
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #wait() {
    const wait = WAITS_MS[Math.min(this.#tries++, WAITS_MS.length - 1)];
    return wait * (0.8 + 0.4 * Math.random()); // not all of a class at the same moment
  }

  #again(wait) {
    if (this.#socket || this.state.word === "gone" || (this.#retry && wait > 0)) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#say("rejoining", "Connection lost. Trying to rejoin …");
      this.#open();
    }, wait);
  }

  // A connection that was refused does not say why: ask whether we are still known here.
  async #ask() {
    try {
      const response = await fetch("/api/me");
      if (!response.ok) return;
      const { here } = await response.json();
      if (!here.some(({ role }) => role === this.role)) this.#leave({ why: "you are not in this run any more" });
    } catch {
      // nobody there yet: the next try will tell
    }
  }

  #say(word, text) {
    if (word === this.state.word && text === this.state.text) return;
    this.state = { word, text, since: Date.now() };
    document.documentElement.dataset.link = word;
    this.#tell("state", this.state);
  }

  #tell(kind, ...facts) {
    for (const hear of this.#hearers[kind]) {
      try {
        hear(...facts);
      } catch (error) {
        console.error(error); // one listener's mistake must not stop the line
      }
    }
  }
}
