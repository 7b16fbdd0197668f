// What stands before somebody who is about to send: old beside new, what it gives in a day, when it is empty, both days drawn.

import { capital } from "./learner-desk.js";
import { h, s } from "./ui.js";

const MINUTES = 1440;
const HEIGHT = 160;
const SIGNS = { up: "▲", down: "▼", changed: "●", same: "" };
const SAID = { up: "more", down: "less", changed: "changed", same: "unchanged" };

/** The sign and the factor of a change, with a word for those who hear the page. */
export function mark({ change, factor }) {
  if (change === "same") return h("span", { class: "visually-hidden" }, "unchanged");
  return h("span", { class: `mark ${change}` }, h("span", { "aria-hidden": "true" }, SIGNS[change]), h("span", { class: "visually-hidden" }, SAID[change]), factor ? ` ${factor}` : "");
}

/** A column's name without what stands in brackets. */
const short = (heading) => heading.replace(/ \(.*/, "");

/** Two columns; unchanged rows are grey and there. On a narrow screen each cell says its column. */
export function comparison(rows, headings, caption = "") {
  return h(
    "table",
    { class: "compare" },
    caption && h("caption", {}, caption),
    h("thead", {}, h("tr", {}, headings.map((text, place) => (text ? h("th", { scope: "col" }, text) : h("td", { class: place ? "change" : "" }, h("span", { class: "visually-hidden" }, place ? "change" : "line")))))),
    h(
      "tbody",
      {},
      rows.map((row) =>
        h(
          "tr",
          { class: row.change === "same" ? "same" : "changed" },
          h("th", { scope: "row" }, capital(row.name)),
          h("td", { class: "lines", "data-column": short(headings[1]) }, row.current),
          h("td", { class: "lines", "data-column": short(headings[2]) }, row.pending),
          h("td", { class: "change" }, mark(row)),
        ),
      ),
    ),
  );
}

/** The figures that catch errors: dose per day, peak rate, low and empty dates; each with what it was. */
export function headline(top) {
  return h(
    "ul",
    { class: "headline" },
    top.map((row) =>
      h(
        "li",
        { class: row.change === "same" ? "same" : "changed" },
        h("span", { class: "name" }, capital(row.name)),
        h("span", { class: "new" }, row.pending),
        h("span", { class: "was" }, row.change === "same" ? "unchanged" : h("span", {}, "was ", row.current)),
        row.change !== "same" && row.factor && h("span", { class: "big-factor" }, mark(row)),
      ),
    ),
  );
}

/** A day drawn, both therapies on one scale: the old one dashed, the new one solid. `alone` draws one, as it was read. */
export function dayDrawn(day, { alone = false } = {}) {
  const y = (rate) => HEIGHT - (day.top ? (rate / day.top) * (HEIGHT - 8) : 0);
  const line = (steps) => steps.map(([from, to, rate], place) => `${place ? "L" : "M"}${from} ${y(rate).toFixed(1)}L${to} ${y(rate).toFixed(1)}`).join("");
  const area = (steps) => (steps.length ? `${line(steps)}L${steps.at(-1)[1]} ${HEIGHT}L${steps[0][0]} ${HEIGHT}Z` : "");
  const title = alone
    ? `${capital(day.days)}, what the pump gives: ${day.pending_text}`
    : `${capital(day.days)}. In the pump now: ${day.current_text}. Will be sent: ${day.pending_text}.${day.factor && day.factor !== "1 x" ? ` ${day.factor} the dose per day.` : ""}`;
  const svg = s(
    "svg",
    { viewBox: `0 0 ${MINUTES} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": title },
    [6, 12, 18].map((hour) => s("path", { d: `M${hour * 60} 0V${HEIGHT}`, class: "rule" })),
    s("path", { d: `M0 ${HEIGHT}H${MINUTES}`, class: "base" }),
    s("path", { d: area(day.pending), class: "area" }),
    !alone && s("path", { d: line(day.current), class: "old" }),
    s("path", { d: line(day.pending), class: "new" }),
  );
  return h(
    "figure",
    { class: "day" },
    h("div", { class: "over" }, h("b", {}, capital(day.days)), h("span", { class: "quiet" }, `top of the scale ${day.top_text}`), !alone && day.factor && day.factor !== "1 x" && h("span", { class: "picture-factor" }, `${day.factor} the dose per day`)),
    h("div", { class: "plot" }, svg),
    h("div", { class: "hours", "aria-hidden": "true" }, ["00:00", "06:00", "12:00", "18:00", "24:00"].map((text) => h("span", {}, text))),
    !alone && h("div", { class: "legend", "aria-hidden": "true" }, h("span", { class: "old" }, "in the pump now"), h("span", { class: "new" }, "will be sent")),
  );
}

/** Three columns after an update: asked, sent, what the pump says it has. */
export function readBack(rows) {
  const wrong = rows.filter(({ differs }) => differs);
  return [
    wrong.length
      ? h("div", { class: "say bad" }, h("b", {}, "The pump says something else"), `Look at: ${wrong.map(({ name }) => name).join(", ")}.`)
      : h("div", { class: "say good" }, h("b", {}, "The pump has what was asked"), "Every line was read back and is the same."),
    h(
      "table",
      { class: "compare three" },
      h("thead", {}, h("tr", {}, h("td", {}, h("span", { class: "visually-hidden" }, "line")), ["asked", "sent", "pump says"].map((text) => h("th", { scope: "col" }, text)))),
      h(
        "tbody",
        {},
        rows.map(({ name, asked, sent, says, differs }) =>
          h(
            "tr",
            { class: differs ? "changed" : "" },
            h("th", { scope: "row" }, capital(name)),
            h("td", { class: "lines", "data-column": "asked" }, asked),
            h("td", { class: "lines", "data-column": "sent" }, sent),
            h("td", { class: "lines", "data-column": "pump says" }, differs ? h("span", { class: "bad" }, "✗ ", says) : says),
          ),
        ),
      ),
    ),
  ];
}
