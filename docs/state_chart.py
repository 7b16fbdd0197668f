"""State tables as pictures: a column for each state, a line for each trigger, from the states that take it to the one it leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from firmware_sim.firmware.machine import StateTable

__all__ = ["chart", "table"]

LEFT, COLUMN, TOP, ROW, BOX, HIGH, FOOT = 170, 140, 20, 38, 120, 30, 56
DOT, RING, HEAD = 5, 10, 11
INK, QUIET, LINE, FILL, EDGE = "#0f172a", "#475569", "#cbd5e1", "#e0f2fe", "#0284c7"
FONT = 'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="14"'


class Step(NamedTuple):
    """What a trigger does."""

    trigger: str
    sources: tuple[str, ...]
    destination: str


def steps(states: StateTable) -> list[Step]:
    """The rows of a table, sources as a tuple."""
    return [Step(name, (sources,) if isinstance(sources, str) else tuple(sources), end) for name, sources, end in states.rows]


def table(states: StateTable) -> str:
    """The same as a table of Markdown."""
    lines = ["| trigger | taken in | leads to |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {step.trigger} | {', '.join(step.sources)} | {step.destination} |" for step in steps(states))])


def chart(title: str, states: StateTable) -> str:
    """The picture."""
    rows = steps(states)
    width, bottom = LEFT + COLUMN * len(states.states), TOP + HIGH + ROW * len(rows) + ROW // 2
    height = bottom + FOOT
    says = "; ".join(f"{step.trigger} leads from {', '.join(step.sources)} to {step.destination}" for step in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" {FONT}>',
        f"  <title>{escape(f'{title}: {says}')}</title>",
        f'  <rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for place, state in enumerate(states.states):
        parts += _column(_x(place), state, bottom, first=not place)
    for place, step in enumerate(rows):
        parts += _row(step, states.states, TOP + HIGH + ROW * (place + 1))
    return "\n".join([*parts, *_legend(height - 20), "</svg>"]) + "\n"


def _x(place: int) -> int:
    return LEFT + COLUMN * place + COLUMN // 2


def _column(x: int, state: str, bottom: int, *, first: bool) -> Iterator[str]:
    edge = 3 if first else 1
    yield f'  <path d="M{x} {TOP + HIGH}V{bottom}" stroke="{LINE}"/>'
    yield f'  <rect x="{x - BOX // 2}" y="{TOP}" width="{BOX}" height="{HIGH}" rx="6" fill="{FILL}" stroke="{EDGE}" stroke-width="{edge}"/>'
    yield f'  <text x="{x}" y="{TOP + 20}" fill="{INK}" text-anchor="middle">{escape(state)}</text>'


def _row(step: Step, states: Sequence[str], y: int) -> Iterator[str]:
    end = _x(states.index(step.destination))
    at = [_x(states.index(source)) for source in step.sources]
    yield f'  <text x="{LEFT - 14}" y="{y + 5}" fill="{INK}" text-anchor="end">{escape(step.trigger)}</text>'
    yield f'  <path d="M{min(*at, end)} {y}H{max(*at, end)}" stroke="{QUIET}" stroke-width="2"/>'
    if end in at:
        yield f'  <circle cx="{end}" cy="{y}" r="{RING}" fill="#ffffff" stroke="{QUIET}" stroke-width="2"/>'
    gap = RING if end in at else 0
    for side in {-1 if x < end else 1 for x in at if x != end}:
        tip = end + side * gap
        yield f'  <path d="M{tip} {y}l{side * HEAD} {-HEAD // 2}v{HEAD}z" fill="{QUIET}"/>'
    yield from (f'  <circle cx="{x}" cy="{y}" r="{DOT}" fill="{INK}"/>' for x in at)


def _legend(y: int) -> Iterator[str]:
    x = 24
    yield f'  <circle cx="{x}" cy="{y - 5}" r="{DOT}" fill="{INK}"/>'
    yield f'  <text x="{x + 12}" y="{y}" fill="{QUIET}">taken here</text>'
    yield f'  <path d="M{x + 126} {y - 5}l{-HEAD} {-HEAD // 2}v{HEAD}z" fill="{QUIET}"/>'
    yield f'  <text x="{x + 134}" y="{y}" fill="{QUIET}">leads here</text>'
    yield f'  <circle cx="{x + 240}" cy="{y - 5}" r="{RING}" fill="#ffffff" stroke="{QUIET}" stroke-width="2"/>'
    yield f'  <circle cx="{x + 240}" cy="{y - 5}" r="{DOT}" fill="{INK}"/>'
    yield f'  <text x="{x + 256}" y="{y}" fill="{QUIET}">taken here, and stays here</text>'
    yield f'  <text x="{x + 462}" y="{y}" fill="{QUIET}">thick edge: a new pump begins here</text>'
