// Lanes and curves of one case on one axis of simulated time, with one cursor and marks through all. It keeps the rows that it was sent
// and draws them; "Freeze plot" stops the drawing and nothing else.

import { tick } from "./numbers.js";
import { fill, h, list, setProp, setText } from "./ui.js";

/* global uPlot */
const DAY_S = 86_400;
const ROWS_MAX = 3_000;
const TABLE_ROWS = 24;
const LANE = 24, LANE_GAP = 4, TICKS = 6, BARS_MAX = 5, GUTTER = 58, RIGHT = 22, CURVE = 104;
const DASHES = [[], [7, 5]];
const WINDOWS = [["lesson", "the lesson", null], ["all", "with the day before", Infinity], ["week", "last 7 days", 7 * DAY_S], ["day", "last day", DAY_S], ["hours", "last 6 h", 21_600], ["hour", "last hour", 3_600]];
const LEAD_S = 3_600, LEAST_S = 10_800;
const INCREMENTS = [10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, DAY_S, 2 * DAY_S, 5 * DAY_S, 10 * DAY_S, 30 * DAY_S, 90 * DAY_S];

const two = (number) => String(number).padStart(2, "0");

/** Plots in `host`; `origin` is set from the first data. Use {show(case), clear()}. */
export class CasePlot {
  constructor(host) {
    this.host = host;
    this.frozen = false;
    this.window = "lesson";
    this.zoomed = null;
    this.charts = [];
    this.rows = null;
    this.wanted = false;
    this.build();
  }

  build() {
    this.freeze = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.toggle() }, "Freeze plot");
    this.note = h("span", { class: "quiet small", role: "status" });
    this.range = h("select", { "aria-label": "Time shown", onchange: () => ((this.window = this.range.value), (this.zoomed = null), this.draw()) }, WINDOWS.map(([value, words]) => h("option", { value }, words)));
    this.readout = h("output", { class: "readout", "aria-live": "polite" });
    this.board = h("div", { class: "plots", tabindex: "0", role: "group", "aria-label": "Curves over time. Left and right arrow keys move the cursor, its figures are read out; the table below has them too." });
    this.board.addEventListener("keydown", (event) => this.step(event));
    this.marks = h("ol", { class: "plot-marks" });
    this.table = h("details", { class: "plot-table", ontoggle: () => this.tabulate() }, h("summary", {}, "Figures as a table"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Figures as a table" }));
    fill(this.host, h("div", { class: "row between" }, h("div", { class: "row" }, this.freeze, h("label", { class: "choice" }, "Show ", this.range)), this.note), this.board, this.readout, this.marks, this.table);
    new ResizeObserver(() => this.later()).observe(this.board);
    const again = () => (this.colours = null, this.remake());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** Forget the case. */
  clear() {
    this.charts.forEach(({ plot }) => plot.destroy());
    this.charts = [];
    this.rows = this.known = null;
    this.zoomed = null;
    fill(this.board);
    fill(this.marks);
    setText(this.readout, "");
  }

  /** Rows after those that are there, lanes and marks; returns false if the rows do not fit and are to be asked for anew. */
  show(known) {
    const { curves } = known;
    if (curves.anew) {
      if (this.known && this.known.learner !== known.learner) this.clear();
      this.rows = curves.columns;
      this.step_us = curves.step_us;
      this.first_us = curves.first_us;
      this.described = curves.charts;
    } else if (!this.rows || curves.step_us !== this.step_us) return false;
    else for (const [name, values] of Object.entries(curves.columns)) this.rows[name].push(...values);
    if (this.rows.at.length > ROWS_MAX) return false;
    this.tail = curves.tail;
    this.known = known;
    this.shift = known.origin_s % DAY_S;
    if (!this.frozen) this.later();
    return true;
  }

  /** How far the rows go, in us from where they begin; the server is asked for those after it. */
  get since() {
    const at = this.rows?.at;
    return at?.length ? Math.round(at[at.length - 1] * 1e6) - this.first_us : null;
  }

  toggle() {
    this.frozen = !this.frozen;
    setProp(this.freeze, "aria-pressed", String(this.frozen));
    setText(this.note, this.frozen ? `Plot frozen at ${this.known?.at ?? "the start"}; the simulation and the pump go on.` : "");
    if (!this.frozen) this.later();
  }

  later() {
    if (this.wanted) return;
    this.wanted = true;
    requestAnimationFrame(() => {
      this.wanted = false;
      this.draw();
    });
  }

  /** Times on the plot are seconds since the first midnight of the case. */
  x(at) {
    return at + this.shift;
  }

  clock(x) {
    const minutes = Math.floor(x / 60 + 1e-6), day = Math.floor(minutes / 1440);
    const time = `${two(Math.floor((minutes - day * 1440) / 60))}:${two(((minutes % 60) + 60) % 60)}`;
    return day === 0 ? time : day < 0 ? `${-day} day${day < -1 ? "s" : ""} before, ${time}` : `day ${day + 1}, ${time}`;
  }

  draw() {
    if (!this.rows || !this.known || this.board.clientWidth < 80) return;
    const at = [...this.rows.at, ...this.tail.at].map((value) => this.x(value));
    this.data = { at };
    for (const name of Object.keys(this.rows)) if (name !== "at") this.data[name] = [...this.rows[name], ...this.tail[name]];
    if (!this.charts.length) this.make();
    const end = at[at.length - 1], [from, to] = this.zoomed ?? this.chosen(at[0], end);
    const range = [from, Math.max(to, from + 60)];
    const height = this.layout();
    for (const chart of this.charts) {
      const wide = { width: this.board.clientWidth, height: chart.lanes ? height : chart.height };
      if (chart.plot.width !== wide.width || chart.plot.height !== wide.height) chart.plot.setSize(wide);
      chart.plot.batch(() => {
        chart.plot.setData(chart.lanes ? [at, at.map(() => null)] : [at, ...chart.series.map(({ key }) => this.data[key])], false);
        chart.plot.setScale("x", { min: range[0], max: range[1] });
      });
    }
    this.say();
    if (this.table.open) this.tabulate();
  }

  /** The window that was chosen: the lesson with an hour before it, or so much before now. */
  chosen(first, end) {
    const length = WINDOWS.find(([name]) => name === this.window)[2];
    return [Math.max(first, length === null ? Math.min(this.x(-LEAD_S), end - LEAST_S) : end - length), end];
  }

  /** Bars that overlap stand below one another; returns the height of the lanes. */
  layout() {
    let top = 2;
    this.lanes = this.known.lanes.map(({ name, spans, points }) => {
      const rows = [];
      const bars = spans.map((span) => {
        let row = rows.findIndex((end) => end <= span.from);
        if (row < 0) row = rows.length < BARS_MAX ? rows.length : BARS_MAX - 1;
        rows[row] = span.to;
        return { ...span, row };
      });
      const lane = { name, bars, points, top, rows: Math.max(1, rows.length), ticks: bars.length > 0 && points.length > 0 ? TICKS : 0 };
      top += lane.rows * LANE + lane.ticks + LANE_GAP;
      return lane;
    });
    return top + 36;
  }

  palette() {
    if (this.colours) return this.colours;
    const probe = document.body.appendChild(h("i", { hidden: true }));
    const of = (name) => (probe.style.setProperty("color", `var(${name})`), getComputedStyle(probe).color);
    const names = { ink: "--ink", quiet: "--quiet", line: "--line", paper: "--paper", well: "--well", edge: "--edge", truth: "--good", other: "--accent", bad: "--bad", high: "--high", onHigh: "--on-high", medium: "--medium", onMedium: "--on-medium" };
    this.colours = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, of(name)]));
    probe.remove();
    return this.colours;
  }

  remake() {
    if (!this.charts.length) return;
    this.charts.forEach(({ plot }) => plot.destroy());
    this.charts = [];
    fill(this.board);
    this.later();
  }

  make() {
    const colours = this.palette();
    const font = '12px system-ui, "DejaVu Sans", sans-serif';
    const axis = { stroke: colours.quiet, font, grid: { stroke: colours.line, width: 1 }, ticks: { stroke: colours.line, width: 1 } };
    const times = (shown) => ({ ...axis, incrs: INCREMENTS, space: 76, size: shown ? 24 : 6, values: (_, splits) => splits.map((x) => (shown ? this.tick(x) : "")) });
    const common = (height) => ({
      width: this.board.clientWidth, height, padding: [6, RIGHT, 0, 0],
      cursor: { sync: { key: "case", setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { size: 6 }, y: false },
      legend: { show: false },
    });
    const x = { time: false };
    const hooks = (more) => ({ setCursor: [(plot) => this.point(plot)], setSelect: [(plot) => this.zoom(plot)], draw: [...more, (plot) => this.lines(plot)] });
    const lanes = h("div", { class: "plot lanes" });
    this.board.append(lanes);
    const top = new uPlot({ ...common(160), scales: { x, y: { range: [0, 1] } }, hooks: hooks([(plot) => this.paintLanes(plot)]), axes: [times(true), { ...axis, size: GUTTER, values: () => [], grid: { show: false }, ticks: { show: false } }], series: [{}, { stroke: "transparent", points: { show: false } }] }, [[0, 1], [null, null]], lanes);
    this.charts = [{ plot: top, lanes: true }];
    this.described.forEach(({ title, unit, step, series, range, least }, place) => {
      const last = place === this.described.length - 1, height = CURVE + (last ? 20 : 0);
      const colour = (number) => (number ? colours.other : colours.truth);
      const values = series.map(() => h("b"));
      const key = series.map(({ name }, number) => h("span", { class: "key" }, h("i", { class: number ? "line dashed" : "line" }), ` ${name} `, values[number]));
      const box = h("div", { class: "plot" }, h("div", { class: "plot-head" }, h("h4", {}, title, " ", h("small", {}, unit)), key));
      this.board.append(box);
      const plot = new uPlot({
        ...common(height), hooks: hooks([]), scales: { x, y: { range: range ?? ((_, low, high) => spread(low, high, least)) } },
        axes: [times(last), { ...axis, size: GUTTER, space: 26, values: (_, splits) => splits.map(short) }],
        series: [{}, ...series.map((_, number) => ({ stroke: colour(number), width: 2, dash: DASHES[number], points: { show: false }, paths: step ? uPlot.paths.stepped({ align: -1 }) : undefined }))],
      }, [[0, 1], ...series.map(() => [null, null])], box);
      this.charts.push({ plot, series, values, height, unit });
    });
    this.board.addEventListener("dblclick", () => ((this.zoomed = null), this.later()));
  }

  tick(x) {
    const day = Math.floor(x / DAY_S);
    return x % DAY_S === 0 ? (day < 0 ? "day before" : `day ${day + 1}`) : this.clock(x).replace(/^.*, /, "");
  }

  zoom(plot) {
    if (plot.select.width < 6) return;
    this.zoomed = [plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")];
    this.charts.forEach(({ plot: each }) => each.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false));
    this.later();
  }

  /** The cursor of one plot is that of all: figures beside the titles. */
  point(plot) {
    if (plot.cursor.idx === this.index) return;
    this.index = plot.cursor.idx;
    this.say();
  }

  say() {
    const place = this.index ?? null;
    for (const { series, values } of this.charts) series?.forEach(({ key }, number) => setText(values[number], place === null ? "" : short(this.data[key][place])));
    setText(this.readout, place === null ? "" : `Cursor: ${this.clock(this.data.at[place])}`);
  }

  step(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (move === undefined || !this.data || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const last = this.data.at.length - 1, from = this.index ?? last;
    const place = Math.max(0, Math.min(last, move === -Infinity ? 0 : move === Infinity ? last : from + move * (event.shiftKey ? 10 : 1)));
    this.charts.forEach(({ plot }) => plot.setCursor({ left: plot.valToPos(this.data.at[place], "x"), top: 10 }, false));
    this.index = place;
    this.say();
    const told = this.charts.filter(({ series }) => series).map(({ series, unit }) => series.map(({ key, name }) => `${name} ${short(this.data[key][place])} ${unit}`).join(", "));
    setText(this.readout, `Cursor: ${this.clock(this.data.at[place])}. ${told.join("; ")}`);
  }

  /** Marks through every plot. */
  lines(plot) {
    const { ctx, bbox } = plot, colours = this.palette(), r = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { at, kind } of [...(this.known?.marks ?? []), { at: 0, kind: "begin" }]) {
      const x = Math.round(plot.valToPos(this.x(at), "x", true)) + 0.5;
      ctx.strokeStyle = { act: colours.edge, alarm: colours.bad, done: colours.other, begin: colours.ink }[kind];
      ctx.lineWidth = r;
      ctx.setLineDash({ act: [2 * r, 3 * r], alarm: [6 * r, 3 * r], done: [1 * r, 2 * r], begin: [] }[kind]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
    if (plot === this.charts[0]?.plot) this.listMarks();
  }

  listMarks() {
    const signs = { act: "○", done: "◇", alarm: "◆" };
    const shown = (this.known.marks ?? []).slice(-12).map((mark, place) => ({ ...mark, id: `${mark.at}:${mark.label}:${place}` }));
    list(this.marks, shown, ({ id }) => id, ({ kind, time, label }) => h("li", { class: kind }, h("b", { "aria-hidden": "true" }, signs[kind]), h("span", { class: "when" }, time), ` ${label}`));
  }

  paintLanes(plot) {
    const { ctx, bbox } = plot, colours = this.palette(), r = devicePixelRatio;
    const tones = { stopped: [colours.well, colours.ink, colours.ink], high: [colours.high, colours.high, colours.onHigh], medium: [colours.medium, colours.edge, colours.onMedium], calm: [colours.well, colours.edge, colours.ink] };
    const signs = { high: "◆ ", medium: "▲ ", stopped: "■ " };
    ctx.save();
    ctx.font = `${12 * r}px system-ui, "DejaVu Sans", sans-serif`;
    ctx.textBaseline = "middle";
    for (const { name, bars, points, top, rows, ticks } of this.lanes ?? []) {
      const y0 = bbox.top + top * r, height = (rows * LANE + ticks) * r;
      ctx.fillStyle = colours.quiet;
      ctx.textAlign = "right";
      ctx.fillText(name, bbox.left - 8 * r, y0 + (LANE / 2) * r);
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, y0, bbox.width, height);
      ctx.clip();
      ctx.fillStyle = colours.line;
      ctx.fillRect(bbox.left, y0 + height - r, bbox.width, r);
      for (const { from, to, label, tone, row } of bars) {
        const x1 = plot.valToPos(this.x(from), "x", true), x2 = Math.max(plot.valToPos(this.x(to), "x", true), x1 + 3 * r);
        const y = y0 + (row * LANE + 3) * r, high = (LANE - 6) * r, [back, edge, ink] = tones[tone] ?? tones.calm;
        ctx.fillStyle = back;
        ctx.fillRect(x1, y, x2 - x1, high);
        ctx.strokeStyle = edge;
        ctx.lineWidth = r;
        ctx.strokeRect(x1, y, x2 - x1, high);
        const words = `${signs[tone] ?? ""}${label}`, wide = ctx.measureText(words).width, left = Math.max(x1, bbox.left) + 5 * r;
        ctx.textAlign = "left";
        if (left + wide < x2) (ctx.fillStyle = ink), ctx.fillText(words, left, y + high / 2);
      }
      ctx.fillStyle = colours.ink;
      for (const { at } of points) {
        const x = plot.valToPos(this.x(at), "x", true);
        ctx.beginPath();
        if (bars.length) ctx.rect(x - r, y0 + height - 6 * r, 2 * r, 6 * r);
        else ctx.arc(x, y0 + (LANE / 2) * r, 4 * r, 0, 7);
        ctx.fill();
      }
      ctx.restore();
    }
    ctx.restore();
  }

  /** The same in figures: a few rows over the time shown, and every span of the lanes. */
  tabulate() {
    if (!this.table.open || !this.data) return;
    const { at } = this.data, stride = Math.max(1, Math.ceil(at.length / TABLE_ROWS)), places = [];
    for (let place = at.length - 1; place >= 0; place -= stride) places.unshift(place);
    const series = this.described.flatMap(({ unit, series: rows }) => rows.map(({ key, name }) => ({ key, name, unit })));
    const head = h("tr", {}, h("th", { scope: "col" }, "time"), series.map(({ name, unit }) => h("th", { scope: "col", class: "number" }, name, h("br"), h("small", {}, unit))));
    const body = places.map((place) => h("tr", {}, h("th", { scope: "row", class: "nowrap" }, this.clock(at[place])), series.map(({ key }) => h("td", { class: "number" }, short(this.data[key][place])))));
    const spans = this.known.lanes.flatMap(({ name, spans: bars }) => bars.map((bar) => h("li", {}, `${name}: ${bar.label}, ${this.clock(this.x(bar.from))} to ${this.clock(this.x(bar.to))}`)));
    fill(this.table.lastElementChild, h("table", {}, h("thead", {}, head), h("tbody", {}, body)), h("h4", {}, "Lanes"), h("ul", {}, spans));
  }
}

/** A figure of a curve: as fine as it can be read. */
function short(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  return tick(value, size >= 1_000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3);
}

/** A scale that begins at nothing where that does not flatten the curve. */
function spread(low, high, least) {
  if (low === null || (low === 0 && high === 0)) return [0, 1];
  if (least && high - low < least) return [(low + high - least) / 2, (low + high + least) / 2];
  const room = (high - low) * 0.12 || Math.abs(high) * 0.1 || 1;
  return [low >= 0 && low < high * 0.6 ? 0 : low - room, high + room];
}
