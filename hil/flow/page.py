"""A flow report as lines for a person, as one object for a program, and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hil.flow.accuracy import FlowReport, Trumpet
from hil.flow.bolus import BolusResult
from hil.pages.svg_plot import WIDTH, Curve, Panel, draw
from hil.pages.ticks import ticks_around, ticks_within
from hil.wording import quantity

__all__ = ["NO_CLAIM", "bolus_lines", "data", "lines", "picture"]

NO_CLAIM = "after the method of IEC 60601-2-24; no claim of conformance"
NL_PER_UL = 1_000
S_PER_MIN = 60
S_PER_H = 3_600
PER_MILLE = 1_000
SPAN_MIN = 1e-3
"""An axis spans no less, in its unit: what lies closer together is one value and its rounding."""
PANEL_HEIGHT = 240


def lines(report: FlowReport) -> Iterator[str]:
    """The report as text."""
    chosen, start_up = report.sample_set, report.start_up_nl_per_h
    yield f"{chosen.name} set, a sample each {quantity.duration(chosen.interval_s)}; {NO_CLAIM}"
    density, evaporation = report.corrections
    yield f"set rate {_flow(report.rate_nl_per_h)}, density {density / 1e6:.4f} g/mL, evaporation {evaporation / 1e3:g} mg/h"
    span = quantity.duration(len(start_up) * chosen.interval_s)
    mean = sum(start_up) / len(start_up)
    yield ""
    yield f"start-up, the first {span}: lowest {_flow(min(start_up))}, mean {_flow(mean)}, highest {_flow(max(start_up))}"
    for trumpet in (report.first, report.last):
        if trumpet is not None:
            yield ""
            yield from _trumpet_lines(trumpet)


def _trumpet_lines(trumpet: Trumpet) -> Iterator[str]:
    span = f"{trumpet.from_s / S_PER_H:g} h to {trumpet.to_s / S_PER_H:g} h"
    yield f"from {span}: flow {_flow(trumpet.flow_nl_per_h)}, overall error {trumpet.error_percent:+.2f} %"
    yield f"{'window':>12}  {'highest':>10}  {'lowest':>10}  {'windows':>7}"
    for window in trumpet.windows:
        name = f"{window.window_s // S_PER_MIN} min"
        yield f"{name:>12}  {window.highest_percent:>+8.2f} %  {window.lowest_percent:>+8.2f} %  {window.windows:>7}"


def bolus_lines(results: Sequence[BolusResult]) -> Iterator[str]:
    """Boluses one a line, and their mean and extremes."""
    for bolus, delivered_nl, error in results:
        asked = quantity.VOLUME.text(bolus.volume_nl)
        yield f"bolus of {asked} at {quantity.duration(bolus.at_s)}: {delivered_nl / 1e6:.6f} mL came, error {error:+.2f} %"
    errors = [result.error_percent for result in results]
    if errors:
        mean, name = sum(errors) / len(errors), "boluses" if len(errors) > 1 else "bolus"
        yield f"{len(errors)} {name}: mean error {mean:+.2f} %, from {min(errors):+.2f} % to {max(errors):+.2f} %"


def data(report: FlowReport | None, boluses: Sequence[BolusResult]) -> dict[str, Any]:
    """The report as one object."""
    return {"method": NO_CLAIM, "flow": report, "boluses": list(boluses)}


def picture(report: FlowReport, title: str) -> str:
    """Both curves under one another, each with its own axis: time above, length of the window below."""
    upper, lower = _start_up(report, title), _trumpets(report)
    heights = [int(text.split('height="')[1].split('"')[0]) for text in (upper, lower)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {sum(heights)}" width="{WIDTH}" height="{sum(heights)}">\n'
    return f'{head}{upper}<g transform="translate(0 {heights[0]})">\n{lower}</g>\n</svg>\n'


def _start_up(report: FlowReport, title: str) -> str:
    flows = [flow / NL_PER_UL for flow in report.start_up_nl_per_h]
    hours = [(number + 1) * report.sample_set.interval_s / S_PER_H for number in range(len(flows))]
    rate = report.rate_nl_per_h / NL_PER_UL
    ticks = _ticks([0, rate, *flows])
    curves = (Curve("flow", flows), Curve("set rate", [rate] * len(flows)))
    panel = Panel("Start-up curve", "uL/h", ticks[0], ticks[-1], ticks, curves, PANEL_HEIGHT)
    return draw(title, "hours", [0.0, *hours], [_from_start(panel)], ticks_within(0, hours[-1]))


def _from_start(panel: Panel) -> Panel:
    """A curve of intervals begins with its first one."""
    curves = tuple(Curve(curve.name, [curve.values[0], *curve.values]) for curve in panel.curves)
    return Panel(panel.title, panel.unit, panel.low, panel.high, panel.ticks, curves, panel.height)


def _trumpets(report: FlowReport) -> str:
    shown = [trumpet for trumpet in (report.first, report.last) if trumpet is not None]
    minutes = [window.window_s / S_PER_MIN for window in report.first.windows]
    panels = [_trumpet_panel(trumpet, len(minutes)) for trumpet in shown]
    return draw(f"Error over windows; {NO_CLAIM}", "minutes: length of the window, not time", minutes, panels, minutes)


def _trumpet_panel(trumpet: Trumpet, count: int) -> Panel:
    highest = [window.highest_percent for window in trumpet.windows]
    lowest = [window.lowest_percent for window in trumpet.windows]
    ticks = _ticks([0, trumpet.error_percent, *highest, *lowest])
    curves = (
        Curve("highest", highest),
        Curve("lowest", lowest),
        Curve("overall", [trumpet.error_percent] * count),
        Curve("no error", [0.0] * count),
    )
    title = f"Trumpet curve, {trumpet.from_s / S_PER_H:g} h to {trumpet.to_s / S_PER_H:g} h"
    return Panel(title, "%", ticks[0], ticks[-1], ticks, curves, PANEL_HEIGHT)


def _ticks(values: Sequence[float]) -> list[float]:
    """Round numbers around all values."""
    return ticks_around(min(values), max(values), least=max(abs(max(values)) / PER_MILLE, SPAN_MIN))


def _flow(nl_per_h: float) -> str:
    return f"{nl_per_h / NL_PER_UL:.4g} uL/h"
