// Reservoir, tubing and catheter as one side sees them: the truth, or what the pump believes. A pure function of the server's numbers.
// Strength is said by shade and in words; fluid without drug is hatched; where two fluids meet stands a front.

import { freshId, h, s } from "./ui.js";

const TANK = { x: 10, y: 24, width: 112, height: 104 };
const PIPE = { x: 122, y: 96, width: 196, height: 16 };
const LETTER_PX = 6.2; // a piece that is narrower than its words is named in the description only

/** A figure of one side: `shape` is common to both, so that the two compare by eye. */
export function drawSide({ title, side, shape, words }) {
  const hatch = freshId("hatch");
  const svg = s(
    "svg",
    { viewBox: "0 0 340 172", class: "drawing", role: "img", "aria-label": words },
    s("defs", {}, s("pattern", { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("path", { d: "M0 0V6", class: "hatch" }))),
    tank(side.reservoir, shape, hatch),
    pipe(side, shape, hatch),
    tip(side),
    marks(side.marks),
  );
  return h("figure", { class: "side" }, h("figcaption", {}, title), svg);
}

const shade = (piece, shape) => (0.18 + 0.72 * Math.min(1, piece.ng_per_ml / shape.strongest_ng_per_ml)).toFixed(3);

/** Fluid of one strength as a box. */
function fluid(box, piece, shape, hatch) {
  const drug = piece.ng_per_ml > 0;
  return s("rect", { ...box, class: drug ? "fluid" : "fluid-none", "fill-opacity": drug ? shade(piece, shape) : null, fill: drug ? null : `url(#${hatch})` });
}

function tank(reservoir, shape, hatch) {
  const { x, y, width, height } = TANK;
  const share = reservoir ? Math.max(0, Math.min(1, reservoir.nl / shape.capacity_nl)) : 0;
  const level = Math.max(share * (height - 4), share > 0 ? 1.5 : 0);
  return s(
    "g",
    {},
    s("rect", { x, y, width, height, rx: 12, class: "wall" }),
    reservoir && level > 0 && fluid({ x: x + 2, y: y + height - 2 - level, width: width - 4, height: level, rx: Math.min(10, level / 2) }, reservoir, shape, hatch),
    plate(x + width / 2, y + height / 2 + 4, reservoir ? reservoir.volume : "unknown"),
    reservoir && text(x + width / 2, y + height + 17, reservoir.strength, "label"),
    text(x + width / 2, y - 8, `of ${shape.capacity_text}`, "note"),
  );
}

function pipe(side, shape, hatch) {
  const { x, y, width, height } = PIPE, whole = shape.tubing_nl + shape.catheter_nl || 1;
  const nodes = [s("rect", { x, y, width, height, class: "wall" })];
  let from = x;
  const held = side.path.reduce((sum, piece) => sum + piece.nl, 0) || whole;
  side.path.forEach((piece, place) => {
    const wide = (piece.nl / held) * width;
    nodes.push(fluid({ x: from, y: y + 2, width: Math.max(wide, 0.5), height: height - 4 }, piece, shape, hatch));
    if (place) nodes.push(s("path", { d: `M${from.toFixed(1)} ${y - 5}V${y + height + 5}`, class: "front" }));
    if (wide >= piece.strength.length * LETTER_PX) nodes.push(text(from + wide / 2, y - 8, piece.strength, "label"));
    from += wide;
  });
  const joint = x + (shape.tubing_nl / whole) * width;
  nodes.push(s("path", { d: `M${joint.toFixed(1)} ${y + height}v7`, class: "joint" }));
  nodes.push(text((x + joint) / 2, y + height + 16, "tubing", "note"), text((joint + x + width) / 2 - 14, y + height + 16, "catheter", "note"));
  if (!side.path.length) nodes.push(text(x + width / 2, y - 8, "not known", "label"));
  return s("g", {}, nodes);
}

function tip(side) {
  const x = PIPE.x + PIPE.width, y = PIPE.y + PIPE.height / 2;
  const arrow = side.flows ? s("path", { d: `M${x + 4} ${y - 7}L${x + 18} ${y}L${x + 4} ${y + 7}Z`, class: "flow" }) : s("path", { d: `M${x + 6} ${y - 9}V${y + 9}`, class: "no-flow" });
  return s("g", {}, arrow, text(340, y + 24, side.flows ? "flows" : "no flow", side.flows ? "note end" : "label end bad"));
}

const SITES = { block: PIPE.x + PIPE.width * 0.62, gap: PIPE.x + PIPE.width * 0.8, motor: PIPE.x + 6, pocket: TANK.x + TANK.width / 2 };

/** What is in force, where it is, with a sign and words. */
function marks(found) {
  return s(
    "g",
    { class: "faults" },
    found.slice(0, 2).map(({ site, words }, place) => {
      const x = SITES[site], y = site === "pocket" ? TANK.y + TANK.height + 6 : PIPE.y + PIPE.height / 2;
      return s("g", {}, ["halo", "cross"].map((kind) => s("path", { d: `M${x - 7} ${y - 7}L${x + 7} ${y + 7}M${x + 7} ${y - 7}L${x - 7} ${y + 7}`, class: kind })), text(340, 150 + 16 * place, `✕ ${words}`, "label end bad"));
    }),
  );
}

function text(x, y, words, kind = "") {
  return s("text", { x: x.toFixed(1), y: y.toFixed(1), class: kind, "text-anchor": kind.includes("end") ? "end" : "middle" }, words);
}

/** Words that are readable on any fluid. */
function plate(x, y, words) {
  const wide = words.length * 9.2 + 12, high = 22;
  return s("g", {}, s("rect", { x: x - wide / 2, y: y - high + 5, width: wide, height: high, rx: 4, class: "plate" }), text(x, y, words, "big"));
}
