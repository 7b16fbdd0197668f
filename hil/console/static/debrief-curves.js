// Curves under the lanes, on their time axis and with their cursor; and two futures from one decision.

import { fill, h } from "./ui.js";
import { labelled, ticks } from "./debrief-timeline.js";
import { decimalsOf, tick } from "./numbers.js";

/* global uPlot */
const NARROW = matchMedia("(max-width: 760px)");
const DARK = matchMedia("(prefers-color-scheme: dark)");
const DASHES = [[], [7, 5], [2, 4], [10, 4, 2, 4]];
const TOKENS = ["--good", "--accent", "--bad", "--quiet"];

/** A colour of the style sheet as the canvas needs it. */
function colour(name) {
  const probe = document.body.appendChild(h("i", { hidden: true }));
  probe.style.setProperty("color", `var(${name})`);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const axisTexts = (splits) => splits.map((value) => tick(value, splits.length > 1 ? decimalsOf(splits[1] - splits[0]) : 0));

/** Draw charts ({title, unit, at_us, series: [{name, values}]}) one below the other; returns {window(range), cursor(us)}. */
function draw(host, view, charts, height) {
  let plots = [], range = [view.from_us, view.to_us], at = null;
  const make = () => {
    plots.forEach((plot) => plot.destroy());
    fill(host);
    const ink = colour("--quiet"), line = colour("--line"), font = '12px system-ui, "DejaVu Sans", sans-serif';
    plots = charts.map((chart, place) => {
      const last = place === charts.length - 1;
      const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
      const box = host.appendChild(h("div", { class: "plot", role: "img", "aria-label": spoken(chart) }, h("h3", {}, chart.title, " ", h("small", {}, chart.unit), key(chart))));
      const canvas = box.appendChild(h("div", { class: "canvas" }));
      return new uPlot({
        width: canvas.clientWidth, height: height + (last ? 28 : 0), padding: [8, 30, 0, 0],
        legend: { show: false }, cursor: { show: false },
        scales: { x: { time: false, range: () => range }, y: { range: (_, low, high) => chart.range ?? [Math.min(low ?? 0, 0), (high || 1) * 1.1] } },
        axes: [
          { ...axis, size: last ? 28 : 4, splits: (plot) => ticks(view, range, Math.min(8, Math.max(3, Math.floor(plot.width / 110)))), values: (_, splits) => (last ? labelled(view, splits) : splits.map(() => "")) },
          { ...axis, size: 56, values: (_, splits) => axisTexts(splits) },
        ],
        series: [{}, ...chart.series.map((series, number) => ({ label: series.name, stroke: colour(TOKENS[number]), width: 2, dash: DASHES[number], points: { show: false }, paths: series.step ? uPlot.paths.stepped({ align: 1 }) : undefined }))],
        hooks: { draw: [(plot) => mark(plot, at)] },
      }, [chart.at_us, ...chart.series.map(({ values }) => values)], canvas);
    });
  };
  const again = () => plots.forEach((plot) => plot.setScale("x", { min: range[0], max: range[1] }));
  make();
  const wide = (plot) => plot.root.parentElement.clientWidth;
  const fit = () => plots.forEach((plot) => plot.root.isConnected && plot.setSize({ width: wide(plot), height: plot.height }));
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(host);
  NARROW.addEventListener("change", make);
  DARK.addEventListener("change", make);
  new MutationObserver(make).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  addEventListener("beforeprint", () => plots.forEach((plot) => plot.setSize({ width: NARROW.matches ? 690 : 690 - 140, height: plot.height })));
  addEventListener("afterprint", fit);
  return { window: (wanted) => ((range = wanted), again()), cursor: (us) => ((at = us), plots.forEach((plot) => plot.redraw(false))) };
}

function mark(plot, us) {
  if (us === null) return;
  const { ctx, bbox } = plot, x = plot.valToPos(us, "x", true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = colour("--ink");
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

const key = ({ series }) => h("span", { class: "key" }, series.map(({ name }, number) => h("span", {}, h("i", { class: `line line-${number}` }), ` ${name}`)));

/** A plot in words: where each curve begins, its extremes, where it ends. */
function spoken({ title, unit, series }) {
  const told = series.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    return known.length ? `${name}: ${tick(known[0], 2)} at first, between ${tick(Math.min(...known), 2)} and ${tick(Math.max(...known), 2)}, ${tick(known.at(-1), 2)} at the end` : `${name}: nothing`;
  });
  return `${title}, ${unit}. ${told.join(". ")}.`;
}

/** The curves of the run below the timeline. */
export async function curves(host, load, strip) {
  fill(host, h("p", { class: "empty", role: "status" }, "Working out the curves …"));
  try {
    const { charts } = await load();
    if (!charts.length) return fill(host, h("p", { class: "empty" }, "There are no curves of this run."));
    const drawn = draw(host, strip.view, charts, 120);
    strip.follow(({ window, at_us }) => {
      drawn.window(window);
      drawn.cursor(at_us);
    });
  } catch (error) {
    fill(host, h("p", { class: "empty", role: "alert" }, `No curves: ${error.message}`));
  }
  return undefined;
}

/** Choose a decision and see the path that was taken and the one of the good scripted learner. */
export function futures(host, view, load) {
  const decisions = view.deeds.filter(({ decision }) => decision);
  const body = h("div", { class: "plots alone" });
  if (!decisions.length) return host.append(h("p", { class: "empty" }, "The log holds no decision to start from."));
  const chosen = h("select", { id: "future-from" }, h("option", { value: "" }, "Choose a decision …"), decisions.map(({ n, at, words }) => h("option", { value: n }, `${at} – ${words}`)));
  chosen.addEventListener("change", async () => {
    if (!chosen.value) return fill(body);
    fill(body, h("p", { class: "empty", role: "status" }, "Working out the other path …"));
    try {
      const future = await load(chosen.value);
      const host = h("div", {});
      fill(body, h("p", {}, future.words), host);
      const drawn = draw(host, { ...view, from_us: future.from_us, to_us: future.to_us }, future.charts, 150);
      drawn.cursor(future.at_us);
      if (future.acts.length) body.append(h("details", {}, h("summary", {}, "What was done on the good path"), h("ol", { class: "log" }, future.acts.map(({ at, words }) => h("li", {}, h("span", { class: "when" }, at), words)))));
    } catch (error) {
      fill(body, h("p", { class: "empty", role: "alert" }, `No other path: ${error.message}`));
    }
    return undefined;
  });
  host.append(h("div", { class: "row" }, h("label", { for: "future-from" }, "From the decision"), chosen), body);
  return undefined;
}
