// Facts and acts on one time axis, with a cursor that goes from decision to decision. On a narrow screen the axis runs down.

import { announce, button, fill, h, setProp, setText } from "./ui.js";

const MINUTE = 60e6, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const STEPS = [MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY];
const ZOOMS = [["whole run", 0], ["5 days", 5 * DAY], ["1 day", DAY], ["6 h", 6 * HOUR], ["1 h", HOUR], ["10 min", 10 * MINUTE]];
const STRIPS = [["true", "true"], ["could", "could have known"], ["knew", "knew"]];

/** Simulated time as the case's clock shows it. */
export function clock(view, us) {
  const at = view.origin_us + us, minute = Math.floor((at % DAY) / MINUTE);
  const time = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  const first = Math.floor(view.origin_us / DAY), day = Math.floor(at / DAY) - first + 1;
  return Math.floor((view.origin_us + view.to_us) / DAY) === first ? time : `day ${day}, ${time}`;
}

/** Round times of the case's clock within a window. */
export function ticks(view, [from, to], most = 8) {
  const step = STEPS.find((each) => (to - from) / each <= most) ?? STEPS.at(-1);
  const found = [];
  for (let at = Math.ceil((view.origin_us + from) / step) * step - view.origin_us; at <= to; at += step) found.push(at);
  return found;
}

/** The same with their words: the day is said at the first, and where it changes. */
export function labelled(view, times) {
  const day = (text) => (text.includes(",") ? text.split(",", 1)[0] : "");
  const texts = times.map((us) => clock(view, us));
  return texts.map((text, place) => (place && day(text) && day(text) === day(texts[place - 1]) ? text.slice(day(text).length + 2) : text));
}

export function timeline(view) {
  const decisions = view.deeds.filter(({ decision }) => decision);
  const stops = decisions.length ? decisions : view.deeds;
  const whole = [view.from_us, Math.max(view.to_us, view.from_us + MINUTE)];
  const ends = view.deeds.length ? [view.deeds[0].at_us, view.deeds.at(-1).at_us] : whole;
  const listeners = [];
  let shown = whole, place = 0, width = 0;

  const at = (us) => ((us - shown[0]) / (shown[1] - shown[0])) * 100;
  const axis = h("div", { class: "axis track", "aria-hidden": "true" });
  const cursor = h("div", { class: "cursor", "aria-hidden": "true" });
  const placed = []; // [node, from, to]: what lies on the axis
  const lay = (node, from, to = from) => (placed.push([node, from, to]), node);

  const strips = (lane) => STRIPS.map(([name]) => h("span", { class: `strip ${name}` }, lane[name].map(([from, to]) => lay(h("i", {}), from, to))));
  const fact = (lane) => h("div", { class: "lane", title: lane.words }, h("span", { class: "name" }, h("b", {}, String(lane.number)), h("span", {}, ` ${lane.words}`)), h("div", { class: "track" }, strips(lane)));
  const mark = (deed) => lay(h("i", { class: deed.decision ? "decision" : "look", title: `${deed.at} ${deed.words}` }), deed.at_us);
  const tone = (group) => group.at_us.map((us) => lay(h("i", { class: group.heard ? "heard" : "unheard", title: `${group.pattern}: ${group.words}` }), us));
  const lane = (name, sign, marks) => h("div", { class: `lane marks ${name}` }, h("span", { class: "name" }, h("b", {}, sign), h("span", {}, ` ${name}`)), h("div", { class: "track" }, marks));

  const strip = h("div", { class: "timeline", role: "group", tabindex: "0", "aria-label": "Facts and acts over time; left and right arrows go from decision to decision", onkeydown: keys },
    h("div", { class: "lane head" }, h("span", { class: "name" }), axis),
    view.lanes.map(fact),
    view.sounds.length > 0 && lane("sounds", "♪", view.sounds.map(tone)),
    lane("did", "✎", view.deeds.map(mark)),
    h("div", { class: "over", "aria-hidden": "true" }, cursor));

  const card = h("div", { class: "moment", role: "group", "aria-label": "at the cursor" });
  const count = h("span", { class: "quiet nowrap" });
  const back = button("◀ Previous decision", () => go(place - 1));
  const next = button("Next decision ▶", () => go(place + 1));
  const zooms = ZOOMS.filter(([, us]) => us < whole[1] - whole[0]).map(([label, us]) => button(label, () => zoom(us), { class: "small", "data-us": us }));

  function keys(event) {
    const to = { ArrowLeft: place - 1, ArrowUp: place - 1, ArrowRight: place + 1, ArrowDown: place + 1, Home: 0, End: stops.length - 1 }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(to);
  }

  function zoom(us) {
    width = us;
    for (const each of zooms) setProp(each, "aria-pressed", String(Number(each.dataset.us) === us));
    draw();
  }

  function frame() {
    if (!width) return whole;
    const fits = ends[1] - ends[0] < 0.9 * width; // all acts at once, else around the cursor
    const wanted = fits ? ends[0] - 0.05 * width : (stops[place]?.at_us ?? whole[0]) - width / 2;
    const from = Math.min(Math.max(wanted, whole[0]), whole[1] - width);
    return [from, from + width];
  }

  function draw() {
    shown = frame();
    for (const [node, from, to] of placed) {
      node.hidden = to < shown[0] || from > shown[1];
      node.style.setProperty("--from", String(Math.max(at(from), 0)));
      node.style.setProperty("--to", String(Math.min(at(to), 100)));
    }
    const times = ticks(view, shown), words = labelled(view, times);
    fill(axis, times.map((us, each) => {
      const node = h("span", {}, words[each]);
      node.style.setProperty("--from", String(at(us)));
      return node;
    }));
    const stop = stops[place];
    cursor.hidden = !stop;
    if (stop) cursor.style.setProperty("--from", String(at(stop.at_us)));
    for (const listener of listeners) listener({ window: shown, at_us: stop?.at_us ?? null });
  }

  function go(to) {
    place = Math.min(Math.max(to, 0), Math.max(stops.length - 1, 0));
    const stop = stops[place];
    if (stop) fill(card, moment(stop));
    setText(count, stop ? `${place + 1} of ${stops.length}` : "no decision in the log");
    back.disabled = place === 0;
    next.disabled = place >= stops.length - 1;
    if (stop) announce(`${stop.at}: ${stop.words}`);
    draw();
  }

  const node = h("div", { class: "stack" },
    h("div", { class: "row between" }, legend(), h("div", { class: "row", role: "group", "aria-label": "time shown" }, h("span", { class: "quiet" }, "Show"), zooms.length ? zooms : "the whole run")),
    strip,
    h("div", { class: "row steps" }, back, next, count),
    card,
    asTable(view));
  // a lesson that goes on for a day after the last act would press all acts into a corner
  const first = ZOOMS.slice(1).filter(([, us]) => us >= HOUR && us < (whole[1] - whole[0]) / 2 && ends[1] - ends[0] < 0.9 * us).at(-1);
  if (zooms.length) zoom(first ? first[1] : 0);
  go(0);
  return { node, follow: (listener) => (listeners.push(listener), draw()), view };
}

/** The four answers at one decision. */
function moment(stop) {
  const list = (items, empty) => (items.length ? h("ul", {}, items.map((text) => h("li", {}, text))) : h("p", { class: "quiet" }, empty));
  const part = (name, title, body) => h("div", { class: `part ${name}` }, h("h4", {}, h("span", { class: `swatch ${name}` }), ` ${title}`), body);
  return [
    h("h3", {}, `${stop.at} – ${stop.words}`, stop.answer !== "done" && h("span", { class: "quiet" }, ` (${stop.answer})`)),
    h("div", { class: "grid four" },
      part("knew", "Knew", list(stop.knew, "nothing of what was so")),
      part("could", "Could have known", list(stop.could, "nothing more")),
      part("did", "Did", h("div", {}, h("p", {}, stop.words), stop.detail && h("p", { class: "quiet" }, stop.detail), stop.shown.length > 0 && h("p", { class: "quiet" }, `it showed: ${stop.shown.join(", ")}`))),
      part("true", "Truth", list(stop.truth, "nothing of the list"))),
  ];
}

const legend = () => h("p", { class: "legend" }, STRIPS.map(([name, words]) => h("span", {}, h("span", { class: `swatch ${name}` }), ` ${words}`)),
  h("span", {}, h("i", { class: "decision" }), " decision"), h("span", {}, h("i", { class: "look" }), " look"),
  h("span", {}, h("i", { class: "heard" }), " heard"), h("span", {}, h("i", { class: "unheard" }), " not audible"));

/** The same in words. */
function asTable(view) {
  const spans = (list) => list.map(([from, to]) => `${clock(view, from)} to ${clock(view, to)}`).join("; ") || "–";
  const row = (lane) => h("tr", {}, h("th", { scope: "row" }, `${lane.number} ${lane.words}`), STRIPS.map(([name]) => h("td", {}, spans(lane[name]))), h("td", {}, lane.ways.join(", ") || "no act of this lesson"));
  return h("details", {}, h("summary", {}, "Facts as a table"),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "facts as a table" }, h("table", {},
      h("thead", {}, h("tr", {}, ["fact", "true", "could have been known", "known", "shown by"].map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, view.lanes.map(row)))));
}
