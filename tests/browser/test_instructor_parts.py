"""Parts of the instructor's page by themselves: the drawing, the plots over time, the list of lessons. No server is needed."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from hil.lesson.views.curves import CHARTS
from hil.lesson.views.sides import drawing
from tests.browser.browser import PHONE, OpenPage, axe, overflows, shot, static_site

HOST = '<div class="card" id="host"></div>'
NL = 1_000_000


def opened(open_page: OpenPage, **how: Any) -> Page:
    """A page with the styles of the console and nothing on it."""
    page = open_page(**how)
    static_site(page, HOST)
    for sheet in ("uplot/uPlot.min.css", "style.css", "instructor.css"):
        page.add_style_tag(url=f"http://console.test/static/{sheet}")
    return page


# ---------------------------------------------------------------- the drawing


def truth(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "reservoir_nl": 2 * NL,
        "reservoir_concentration_ng_per_ml": 2 * NL,
        "tubing_nl": 140_000,
        "catheter_nl": 200_000,
    }
    fields |= {"path": [[100_000, 0], [120_000, 500_000], [120_000, 2 * NL]], "moving": False, "tip_level": "", "faults": ["catheter.leak"]}
    return {**fields, **changes}


BELIEF = {"computed_reservoir_nl": 12 * NL, "rate_nl_per_h": 10_000, "fill": None, "prescription": {"concentration_ng_per_ml": 2 * NL}}


def drawn(page: Page, told: dict[str, Any]) -> None:
    """Both sides."""
    page.evaluate(
        """async ({shape, true: so, believed, words}) => {
          const { drawSide } = await import("/static/drawing.js");
          const { h } = await import("/static/ui.js");
          const sides = [["In truth", so, words.true], ["As the pump believes", believed, words.believed]];
          const figures = sides.map(([title, side, said]) => drawSide({ title, side, shape, words: said }));
          document.getElementById("host").replaceChildren(h("div", { class: "sides" }, figures));
        }""",
        told,
    )


def test_the_drawing_shows_each_front_and_says_it(open_page: OpenPage) -> None:
    """Where two fluids meet stands a front; fluid without drug is hatched; a leak has its sign and its words; all of it is said too."""
    page = opened(open_page)
    drawn(page, drawing(truth(), BELIEF, 40 * NL))
    so, believed = page.locator("figure").nth(0), page.locator("figure").nth(1)

    expect(so.locator(".front")).to_have_count(2)
    expect(so.locator(".fluid-none")).to_have_count(1)
    expect(so.locator(".cross")).to_have_count(1)
    assert {"2 mL", "2,000 mcg/mL", "no flow", "✕ catheter leaks"} <= set(so.locator("text").all_text_contents())
    expect(believed.locator(".front")).to_have_count(0)
    assert {"12 mL", "flows"} <= set(believed.locator("text").all_text_contents())
    said = so.locator("svg").get_attribute("aria-label")
    assert said is not None
    assert "from pump to tip 0.12 mL of 2,000 mcg/mL, then 0.12 mL of 500 mcg/mL, then 0.1 mL of no drug" in said
    assert not axe(page)


@pytest.mark.parametrize("path", [[[340_000, 0]], [[1, 0], [339_999, NL]], [[10_000, 100_000 * place] for place in range(34)]])
def test_the_drawing_bears_any_path(open_page: OpenPage, path: list[list[int]]) -> None:
    """One piece, a last drop, or a great many: nothing leaves the drawing."""
    page = opened(open_page, size=PHONE, theme="dark")
    drawn(page, drawing(truth(path=path, reservoir_nl=0), None, 40 * NL))

    expect(page.locator("figure").first.locator(".front")).to_have_count(len(path) - 1)
    assert not overflows(page)
    box = page.locator("figure svg").first.evaluate(
        """svg => {
          const all = svg.getBBox(), view = svg.viewBox.baseVal;
          return [all.x, all.y, all.x + all.width - view.width, all.y + all.height - view.height];
        }"""
    )
    assert min(box[:2]) >= -1
    assert max(box[2:]) <= 1


# ---------------------------------------------------------------- over time


def case_at(minutes: int, *, anew: bool, rows: list[int], learner: str = "L1") -> dict[str, Any]:
    """What the console tells of a case: a row each ten minutes."""
    names = [series["key"] for chart in CHARTS for series in chart["series"]]

    def columns(at: list[int]) -> dict[str, list[float]]:
        return {"at": [60.0 * minute for minute in at], **{name: [100.0 + minute for minute in at] for name in names}}

    curves = {"anew": anew, "first_us": 0, "step_us": 600_000_000, "charts": CHARTS, "columns": columns(rows), "tail": columns([minutes])}
    lanes = [{"name": "pump", "spans": [{"from": 0, "to": 1_200, "label": "the pump is stopped", "tone": "stopped"}], "points": []}]
    marks = [{"at": 600.0, "time": "10:10", "label": "started the pump", "kind": "act"}]
    return {"learner": learner, "at": f"10:{minutes:02d}", "origin_s": 36_000, "curves": curves, "lanes": lanes, "marks": marks}


def plotted(page: Page) -> None:
    page.add_script_tag(url="http://console.test/static/uplot/uPlot.iife.min.js")
    page.evaluate(
        """async () => {
          const { CasePlot } = await import("/static/plot.js");
          window.plot = new CasePlot(document.getElementById("host"));
        }"""
    )


def shown(page: Page, told: dict[str, Any]) -> bool:
    """Give it to the plot and wait for the frame that draws it; whether it fitted."""
    fits = page.evaluate(
        """async told => {
          const fits = plot.show(told);
          await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
          return fits;
        }""",
        told,
    )
    return bool(fits)


def test_plots_grow_and_stand_still_when_frozen(open_page: OpenPage) -> None:
    """New rows are added to those that are there; a frozen plot keeps its picture and loses no row; its words stop no pump."""
    page = opened(open_page)
    plotted(page)
    assert shown(page, case_at(20, anew=True, rows=[0, 10, 20]))
    expect(page.locator(".plot")).to_have_count(1 + len(CHARTS))
    expect(page.locator(".plot-marks li")).to_have_text("○10:10 started the pump")
    drawn_rows = "plot.charts[1].plot.data[0].length"
    assert page.evaluate(drawn_rows) == 4

    page.get_by_role("button", name="Freeze plot").click()
    expect(page.get_by_text("Plot frozen at 10:20; the simulation and the pump go on.")).to_be_visible()
    assert shown(page, case_at(40, anew=False, rows=[30, 40]))
    assert page.evaluate(drawn_rows) == 4

    page.get_by_role("button", name="Freeze plot").click()
    page.wait_for_function(f"{drawn_rows} === 6")
    assert page.evaluate("plot.since") == 40 * 60 * 1_000_000
    assert not shown(page, case_at(60, anew=False, rows=[60]) | {"curves": case_at(60, anew=False, rows=[60])["curves"] | {"step_us": 1}})


def test_figures_are_there_without_seeing_and_without_a_mouse(open_page: OpenPage) -> None:
    """Arrow keys move one cursor through all plots and read its figures out; a table has them too, with the lanes in words."""
    page = opened(open_page, size=PHONE)
    plotted(page)
    assert shown(page, case_at(30, anew=True, rows=[0, 10, 20]))
    page.locator(".plots").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")

    expect(page.locator(".readout")).to_contain_text("Cursor: 10:10. out of the tip, in truth 110 mcg/day")
    expect(page.locator(".plot-head .key b").first).to_have_text("110")
    page.get_by_text("Figures as a table").press("Enter")
    expect(page.locator(".plot-table tbody tr")).to_have_count(4)
    expect(page.locator(".plot-table")).to_contain_text("pump: the pump is stopped, 10:00 to 10:20")
    assert not axe(page)
    assert not overflows(page)
    shot(page, "plots-390")


# ---------------------------------------------------------------- before a lesson has begun


def test_a_lesson_is_chosen_from_a_list(open_page: OpenPage) -> None:
    """Each lesson says what it is for, how long it takes and that no clinician has reviewed it; choosing it is one act."""
    page = open_page()
    row = {"name": "found-stopped", "title": "A stopped pump", "level": "foundation", "zone": "case", "minutes": 30}
    lessons = [{**row, "objectives": ["Read the pump."], "clinically_reviewed": "none yet"}]
    static_site(page, HOST)

    def answer(route: Route) -> None:
        route.fulfill(json=lessons)

    page.route("**/api/lessons", answer)
    page.evaluate(
        """async () => {
          const { mountChooser } = await import("/static/instructor-lesson.js");
          window.done = [];
          const links = { address: "http://console.test", code: "AB-12", learner: "http://console.test/join#x", observer: "" };
          const order = async (act, args) => (window.done.push([act, args]), { ok: true });
          await mountChooser({ hello: { links }, do: order }, document.getElementById("host"));
        }"""
    )

    expect(page.locator("article")).to_contain_text("foundation · zone: case · 30 min")
    expect(page.locator("article")).to_contain_text("Clinically reviewed: none yet")
    expect(page.locator("#host")).to_contain_text("Learners go to http://console.test and type AB-12")
    page.get_by_role("button", name="Begin A stopped pump").click()
    assert page.evaluate("window.done") == [["choose", {"lesson": "found-stopped"}]]
