"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const host = document.getElementById("plots");
  const INK = "#202124", QUIET = "#5f6368", LINE = "#e3e5e8", TRUTH = "#1b7f3b", BELIEF = "#5f6368", CRITICAL = "#b00020";
  const FONT = '12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
  const TONES = {
    "calm": { fill: "#e4efe7", edge: TRUTH, text: INK },
    "stopped": { fill: "#e3e5e8", edge: QUIET, text: INK },
    "non-critical": { fill: "#ffd600", edge: "#8a7400", text: INK },
    "critical": { fill: CRITICAL, edge: CRITICAL, text: "#ffffff" },
  };
  const LANE = 26, GUTTER = 64, RIGHT = 26, FLAG = 21, PRINT = 690;
  const sync = uPlot.sync("run");
  const charts = [];
  const spread = xs => xs.length > 1 ? [xs[0], xs[xs.length - 1]] : [(xs[0] || 0) - 0.5, (xs[0] || 0) + 0.5];
  const FULL = spread(data.days);

  const number = value => {
    if (value === null || value === undefined) return "";
    const size = Math.abs(value);
    const places = size === 0 ? 0 : size < 0.1 ? 4 : size < 10 ? 3 : size < 1000 ? 2 : 0;
    return value.toLocaleString("en-US", { maximumFractionDigits: places });
  };
  const clock = day => {
    const minutes = Math.floor((day - Math.floor(day)) * 1440 + 1e-6);
    const two = n => String(n).padStart(2, "0");
    return `day ${Math.floor(day + 1e-9)} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  };

  // One scale for all: a zoom in one plot is a zoom in each.
  let spreading = false;
  const follow = (u, key) => {
    if (key !== "x" || spreading) return;
    spreading = true;
    const { min, max } = u.scales.x;
    charts.forEach(other => { if (other !== u) other.setScale("x", { min, max }); });
    spreading = false;
  };

  // Marks: a line through every plot, a numbered flag in the first; flags that would touch stand one below the other.
  const markLines = u => {
    const c = u.ctx, r = devicePixelRatio;
    c.save();
    c.beginPath();
    c.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    c.clip();
    data.marks.forEach(mark => {
      const x = Math.round(u.valToPos(mark.at, "x", true)) + 0.5;
      c.strokeStyle = mark.kind === "act" ? "#9aa0a6" : CRITICAL;
      c.lineWidth = r;
      c.setLineDash(mark.kind === "act" ? [2 * r, 3 * r] : [5 * r, 3 * r]);
      c.beginPath(); c.moveTo(x, u.bbox.top); c.lineTo(x, u.bbox.top + u.bbox.height); c.stroke();
    });
    c.restore();
  };
  const flagRows = u => {
    const ends = [];
    return data.marks.map((mark, i) => {
      const x = u.valToPos(mark.at, "x", true), r = devicePixelRatio;
      let row = ends.findIndex(end => end + 3 * r < x - 10 * r);
      if (row < 0) row = ends.length;
      ends[row] = x + 10 * r;
      return { mark, x, row, text: String(i + 1) };
    });
  };
  const FLAG_ROWS = (() => {
    const width = Math.max(host.clientWidth - GUTTER - RIGHT, 200), ends = [];
    data.marks.forEach(mark => {
      const x = (mark.at - FULL[0]) / (FULL[1] - FULL[0]) * width;
      let row = ends.findIndex(end => end + 3 < x - 10);
      if (row < 0) row = ends.length;
      ends[row] = x + 10;
    });
    return Math.min(ends.length, 8);
  })();
  const flags = u => {
    const c = u.ctx, r = devicePixelRatio;
    c.save();
    c.font = `600 ${11 * r}px system-ui, "DejaVu Sans", sans-serif`;
    c.textAlign = "center"; c.textBaseline = "middle";
    flagRows(u).forEach(({ mark, x, row, text }) => {
      if (x < u.bbox.left - 1 || x > u.bbox.left + u.bbox.width + 1 || row >= FLAG_ROWS) return;
      const y = u.bbox.top + (10 + row * FLAG) * r, alarm = mark.kind === "alarm", red = mark.kind !== "act";
      c.beginPath();
      if (red) c.rect(x - 9 * r, y - 9 * r, 18 * r, 18 * r); else c.arc(x, y, 9 * r, 0, 7);
      c.fillStyle = alarm ? CRITICAL : "#fff"; c.fill();
      c.lineWidth = 1.5 * r; c.strokeStyle = red ? CRITICAL : QUIET; c.stroke();
      c.fillStyle = alarm ? "#fff" : red ? CRITICAL : INK; c.fillText(text, x, y + r / 2);
    });
    c.restore();
  };

  // Lanes: bars of one lane that overlap stand in rows of their own.
  const ROWS = [];
  ["mode", "alarm", "sound"].forEach(name => {
    const rows = [];
    data.lanes.filter(span => span.lane === name).sort((a, b) => a.from - b.from).forEach(span => {
      const free = rows.find(row => row[row.length - 1].to <= span.from + 1e-9);
      if (free) free.push(span); else rows.push([span]);
    });
    (rows.length ? rows : [[]]).forEach((spans, i) => ROWS.push({ name: i ? "" : name, spans }));
  });
  // A bar carries its name inside, else to its right where nothing stands; one too narrow for either is named by its mark.
  const bar = (u, span, next, y, h) => {
    const c = u.ctx, r = devicePixelRatio, tone = TONES[span.tone], end = u.bbox.left + u.bbox.width;
    const from = u.valToPos(span.from, "x", true), to = Math.max(u.valToPos(span.to, "x", true), from + 2 * r);
    c.fillStyle = tone.fill; c.fillRect(from, y, to - from, h);
    c.strokeStyle = tone.edge; c.lineWidth = r; c.strokeRect(from, y, to - from, h);
    const text = ({ "critical": "◆ ", "non-critical": "● " }[span.tone] || "") + span.label, width = c.measureText(text).width;
    const inside = Math.max(from, u.bbox.left) + 5 * r, limit = next ? u.valToPos(next.from, "x", true) : end;
    c.textAlign = "left";
    if (inside + width < Math.min(to, end) - 3 * r) { c.fillStyle = tone.text; c.fillText(text, inside, y + h / 2); }
    else if (to > u.bbox.left && to + width + 8 * r < limit) { c.fillStyle = INK; c.fillText(text, to + 5 * r, y + h / 2); }
  };
  const lanes = u => {
    const c = u.ctx, r = devicePixelRatio, top = u.bbox.top + FLAG_ROWS * FLAG * r;
    c.save();
    c.font = `${12 * r}px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif`;
    c.textBaseline = "middle";
    ROWS.forEach(({ name, spans }, i) => {
      const y = top + (i * LANE + 3) * r, h = (LANE - 6) * r;
      c.fillStyle = QUIET; c.textAlign = "right";
      c.fillText(name, u.bbox.left - 8 * r, y + h / 2);
      c.save();
      c.beginPath(); c.rect(u.bbox.left, top, u.bbox.width, ROWS.length * LANE * r); c.clip();
      c.strokeStyle = LINE; c.lineWidth = r;
      c.beginPath(); c.moveTo(u.bbox.left, y + h / 2); c.lineTo(u.bbox.left + u.bbox.width, y + h / 2); c.stroke();
      spans.forEach((span, n) => bar(u, span, spans[n + 1], y, h));
      c.restore();
    });
    c.restore();
  };

  // A short bolus would flatten the days around it: a scale leaves out what holds for under 2 % of the time shown, and says so.
  const tops = (u, min, max) => {
    const [from, to] = u.series[0].idxs || [0, data.days.length - 1];
    const values = u.data.slice(1).flatMap(column => column.slice(from, to + 1)).filter(v => v !== null).sort((a, b) => a - b);
    const usual = values.length ? values[Math.floor((values.length - 1) * 0.98)] : 0;
    return max > 3 * usual && usual > 0 ? usual * 1.5 : max > 0 ? max * 1.08 : 1;
  };
  const beyond = u => {
    const c = u.ctx, r = devicePixelRatio, top = u.scales.y.max;
    c.save();
    c.font = `${11 * r}px system-ui, "DejaVu Sans", sans-serif`;
    c.fillStyle = INK; c.textAlign = "left"; c.textBaseline = "top";
    let last = -Infinity;
    u.data[0].forEach((day, i) => {
      const value = Math.max(...u.data.slice(1).map(column => column[i] || 0));
      const x = u.valToPos(day, "x", true);
      if (value <= top || x < u.bbox.left || x > u.bbox.left + u.bbox.width || x - last < 60 * r) return;
      last = x;
      c.fillText(`▲ ${number(value)}`, x + 4 * r, u.bbox.top + 2 * r);
    });
    c.restore();
  };

  const axis = extra => Object.assign({ stroke: QUIET, font: FONT, labelFont: FONT, grid: { stroke: LINE, width: 1 }, ticks: { stroke: LINE, width: 1 } }, extra);
  const days = last => axis({
    show: true, size: last ? 34 : 6, space: 60,
    values: last ? (u, splits) => splits.map(v => v % 1 ? clock(v).replace("day ", "") : `day ${v}`) : () => [],
    incrs: [1 / 1440, 5 / 1440, 10 / 1440, 30 / 1440, 1 / 24, 2 / 24, 3 / 24, 6 / 24, 12 / 24, 1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 365],
  });
  const options = (height, extra) => Object.assign({
    width: host.clientWidth, height, padding: [6, RIGHT, 0, 0],
    cursor: { sync: { key: sync.key, setSeries: false }, drag: { x: true, y: false }, points: { size: 6 } },
    scales: { x: { time: false, range: (u, min, max) => min === null ? FULL : [min, max] } },
  }, extra);
  const add = (title, unit, make) => {
    const box = document.createElement("div");
    box.className = "plot";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", title ? `${title}, ${unit}, over the days of the run; the tables below give the figures` : "marks, modes, alarms and sounds");
    if (title) box.innerHTML = `<h3>${title} <small>${unit}</small></h3>`;
    host.append(box);
    charts.push(make(box));
  };
  const hooks = more => ({ setScale: [follow], draw: [markLines].concat(more || []) });

  add("", "", box => new uPlot(options(FLAG_ROWS * FLAG + ROWS.length * LANE + 14, {
    legend: { show: false }, hooks: hooks([lanes, flags]),
    scales: Object.assign({ y: { range: [0, 1] } }, options(0).scales),
    axes: [days(false), axis({ size: GUTTER, values: () => [], grid: { show: false }, ticks: { show: false } })],
    series: [{}, { show: true, stroke: "transparent", points: { show: false } }],
  }), [data.days, data.days.map(() => null)], box));

  data.charts.forEach((chart, i) => {
    const step = chart.step ? uPlot.paths.stepped({ align: 1 }) : undefined;
    const value = (u, v) => v === null || v === undefined ? "–" : `${number(v)} ${chart.unit}`;
    const series = [{ label: "at", value: (u, v) => v === null || v === undefined ? "–" : clock(v) }], columns = [data.days];
    series.push({ label: chart.truth.name, stroke: TRUTH, width: 2, paths: step, points: { show: false }, value });
    columns.push(chart.truth.values);
    if (chart.belief) {
      series.push({ label: chart.belief.name, stroke: BELIEF, width: 2, dash: [7, 5], paths: step, points: { show: false }, value });
      columns.push(chart.belief.values);
    }
    const last = i === data.charts.length - 1;
    add(chart.title, chart.unit, box => new uPlot(options(last ? 168 : 140, {
      hooks: hooks([beyond]), series,
      scales: Object.assign({ y: { range: (u, min, max) => [0, tops(u, min, max)] } }, options(0).scales),
      axes: [days(last), axis({ size: GUTTER, values: (u, splits) => splits.map(number) })],
    }), columns, box));
  });

  const fit = width => charts.forEach(chart => chart.setSize({ width, height: chart.height }));
  addEventListener("resize", () => fit(host.clientWidth));
  addEventListener("beforeprint", () => fit(PRINT));
  addEventListener("afterprint", () => fit(host.clientWidth));
})();
