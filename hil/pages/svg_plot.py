"""Plots as plain SVG text for the documents: panels under one another on one time axis, no script, no library.

Colours are those of the report, told apart by shade and dash as well, so that a print in grey reads too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

__all__ = ["Curve", "Panel", "draw"]

WIDTH, LEFT, RIGHT, TOP, GAP = 900, 62, 170, 54, 44
STYLES = (("#1b7f3b", ""), ("#b00020", "6 3"), ("#3b5bdb", "2 3"), ("#5f6368", "10 3 2 3"))
FONT = 'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="13"'
INK, QUIET, LINE = "#202124", "#5f6368", "#dadce0"


@dataclass(frozen=True, slots=True)
class Curve:
    """A name and its values, one for each time."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: what is drawn from `low` to `high`, with lines at `ticks`; `log` has both above 0."""

    title: str
    unit: str
    low: float
    high: float
    ticks: Sequence[float]
    curves: Sequence[Curve]
    height: int = 130
    log: bool = False

    def share(self, value: float) -> float:
        """How far up a value lies, within the panel."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = log10(low), log10(high), log10(at)
        return (at - low) / (high - low)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Times from first to last over the drawing's width."""

    first: float
    last: float

    def x(self, at: float) -> float:
        return LEFT + (at - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)


def draw(
    title: str, unit: str, times: Sequence[float], panels: Sequence[Panel], ticks: Sequence[float], marks: Sequence[tuple[float, str]] = ()
) -> str:
    """The whole drawing; `marks` are numbered lines through all panels, explained below them."""
    axis = _Axis(times[0], times[-1])
    tops = [TOP + sum(panel.height + GAP for panel in panels[:place]) for place in range(len(panels))]
    bottom = tops[-1] + panels[-1].height
    height = bottom + 44 + (20 * -(-len(marks) // 2) + 8 if marks else 0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" {FONT}>',
        f"  <title>{escape(title)}</title>",
        f'  <rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'  <text x="{LEFT}" y="24" fill="{INK}" font-size="16" font-weight="600">{escape(title)}</text>',
    ]
    for panel, top in zip(panels, tops, strict=True):
        lines += _panel(panel, top, axis, times)
    lines += [_text(axis.x(tick), bottom + 18, f"{tick:g}", QUIET, anchor="middle") for tick in ticks]
    lines.append(_text(axis.x(axis.last), bottom + 36, unit, QUIET, anchor="end"))
    lines += _marks(marks, axis, tops[0], bottom)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _panel(panel: Panel, top: int, axis: _Axis, times: Sequence[float]) -> Iterator[str]:
    right, bottom = axis.x(axis.last), top + panel.height

    def y(value: float) -> float:
        return bottom - panel.share(value) * panel.height

    unit = f'<tspan fill="{QUIET}" font-weight="400" dx="8">{escape(panel.unit)}</tspan>'
    yield f'  <text x="{LEFT}" y="{top - 8}" fill="{INK}" font-weight="600">{escape(panel.title)}{unit}</text>'
    for tick in panel.ticks:
        yield f'  <path d="M{LEFT} {y(tick):.1f}H{right:.1f}" stroke="{LINE}"/>'
        yield _text(LEFT - 8, y(tick) + 4, f"{tick:g}", QUIET, anchor="end")
    for curve, (colour, dash) in zip(panel.curves, STYLES, strict=False):
        points = " ".join(f"{axis.x(at):.1f},{y(value):.1f}" for at, value in zip(times, curve.values, strict=True))
        yield f'  <polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dash}"/>'
    for place, (curve, (colour, dash)) in enumerate(zip(panel.curves, STYLES, strict=False)):
        level = top + 10 + 18 * place
        yield f'  <path d="M{right + 10:.1f} {level}h22" stroke="{colour}" stroke-width="2.4" stroke-dasharray="{dash}"/>'
        yield _text(right + 38, level + 4, curve.name, INK)


def _marks(marks: Sequence[tuple[float, str]], axis: _Axis, top: int, bottom: int) -> Iterator[str]:
    for place, (at, label) in enumerate(marks):
        x, row, column = axis.x(at), place // 2, place % 2
        yield f'  <path d="M{x:.1f} {top - 4}V{bottom}" stroke="{QUIET}" stroke-dasharray="1 3"/>'
        yield _text(x + 3, top + 10, str(place + 1), QUIET, size=11)
        yield _text(LEFT + column * 390, bottom + 60 + 20 * row, f"{place + 1}  {label}", INK)


def _text(x: float, y: float, text: str, colour: str, anchor: str = "start", size: int = 13) -> str:
    return f'  <text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
