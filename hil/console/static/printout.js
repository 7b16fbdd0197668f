// One reading of the pump on one A4 page.

import { button, fill, h, s, setText, themeButton } from "./ui.js";

const main = document.getElementById("main");

/** The program over 24 h as steps. */
function drawing({ days, pending, top, top_text: most }) {
  const x = (minute) => 30 + (minute / 1440) * 360, y = (rate) => 66 - (top ? rate / top : 0) * 56;
  const path = pending.map(([from, to, rate], place) => `${place ? "L" : "M"}${x(from)} ${y(rate)}H${x(to)}`).join("");
  return h("figure", {},
    s("svg", { viewBox: "8 0 404 84", role: "img", "aria-label": `Program over 24 h, ${days}; at most ${most}` },
      [0, 6, 12, 18, 24].map((hour) => [s("path", { d: `M${x(hour * 60)} 10V66`, class: "grid-line" }), s("text", { x: x(hour * 60), y: 80, "text-anchor": "middle" }, `${String(hour).padStart(2, "0")}:00`)]),
      s("path", { d: "M30 66H390", class: "base" }), s("path", { d: path, class: "program" })),
    h("figcaption", {}, `${days}, at most ${most}`));
}

const rows = (block) => h("section", {}, h("h2", {}, block.title), h("table", {}, h("tbody", {}, block.rows.map(([name, text]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, text))))));

const alarm = (each) => h("li", {}, h("b", {}, `${each.class === "critical" ? "◆" : "●"} ${each.name}`), ` (${each.class}), since ${each.since}; ${each.marks}${each.flow ? `; ${each.flow}` : ""}`);

function sheet(view) {
  document.title = `Interrogation ${view.read_clock} – pumpsim`;
  setText(document.getElementById("run"), view.run || "Run");
  if (view.colour) document.body.style.setProperty("--run", view.colour);
  fill(document.getElementById("tools"), button("Print", () => window.print(), { class: "primary small" }), themeButton());
  fill(main,
    h("header", { class: "top" },
      h("div", {}, h("h1", {}, "Interrogation"), h("p", {}, view.pump)),
      h("dl", { class: "facts" },
        h("dt", {}, "read at"), h("dd", {}, view.read_at), h("dt", {}, "pump's clock"), h("dd", {}, view.read_clock),
        h("dt", {}, "read by"), h("dd", {}, view.nickname), h("dt", {}, "run, reading"), h("dd", {}, `${view.run || "–"}, ${view.n}`))),
    h("p", { class: "headline" }, h("b", {}, view.state), h("span", {}, view.runs ? `programmed ${view.dose_per_day}` : `last program ${view.dose_per_day}`)),
    h("section", { class: "alarms" }, h("h2", {}, "Alarms"), view.alarms.length ? h("ul", {}, view.alarms.map(alarm)) : h("p", {}, "none")),
    h("div", { class: "blocks" }, view.blocks.map(rows), view.drawn.length > 0 && h("section", {}, h("h2", {}, "Program over 24 h"), view.drawn.slice(0, 2).map(drawing))),
    h("section", { class: "records" }, h("h2", {}, "Log of the pump, newest first"), view.log.length ? h("ol", {}, view.log.map((line) => h("li", {}, line))) : h("p", {}, "empty"),
      view.log_left_out > 0 && h("p", { class: "quiet" }, `${view.log_left_out} older records are not printed.`)),
    h("footer", {}, h("span", {}, `Simulated pump. Lesson: ${view.review.toLowerCase()}.`), h("span", {}, "What the pump says; it may be otherwise.")));
}

const [, , key = "", n = "0"] = location.pathname.split("/");
try {
  const answer = await fetch(`/api/print/${key}/${n}`, { headers: { Accept: "application/json" } });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.what ?? `the server answers ${answer.status}`);
  sheet(body);
} catch (error) {
  fill(main, h("p", { role: "alert" }, `No printout: ${error.message}`));
}
