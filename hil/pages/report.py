"""One self-contained page about one run: plots on a common time axis, belief beside truth, the log and the wire.

A caller fills `ReportData` with plain integers and short texts; this module decides how they look. The page holds its scripts and
styles, asks the network for nothing, and says so in its content policy.

Times are virtual true microseconds since the run began; the page shows them as days. `origin_clock_us` is what the device clock
showed at that instant, for the dates of the log. All columns of `Samples` have one length, and `at_us` rises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from hil.errors import HilError
from hil.pages.template import filled, static
from hil.system.whole_file import write_whole
from hil.wording import quantity

__all__ = ["Compared", "LogLine", "Mark", "Moment", "ReportData", "Samples", "Span", "WireLine", "render", "write_report"]

_PARTS = {"uplot_js": "uplot/uPlot.iife.min.js", "uplot_css": "uplot/uPlot.min.css", "report_js": "report.js", "report_css": "report.css"}
FIELD_CHARS_MAX = 40
"""Characters of a decoded field that the wire's table shows."""
US_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Samples:
    """The curves: what the firmware believes (programmed, computed) beside what is so (true).

    Rates are drawn as steps: a value holds until the next sample, so sample closely where a bolus runs.
    """

    at_us: tuple[int, ...]
    programmed_nl_per_h: tuple[int, ...]
    """Commanded flow, boluses in it; 0 while stopped."""
    true_nl_per_h: tuple[int, ...]
    """Flow out of the catheter tip, over the sampling step."""
    programmed_ng_per_day: tuple[int, ...]
    """Commanded flow x the therapy's concentration."""
    true_ng_per_day: tuple[int, ...]
    """Drug out of the tip, over the sampling step, as a daily dose."""
    computed_nl: tuple[int, ...]
    """Reservoir as the pump computes it."""
    true_nl: tuple[int, ...]
    """Reservoir above the residual, in truth."""
    tip_ng_per_ml: tuple[int, ...]
    """Drug concentration of the fluid at the catheter tip."""
    programmed_ng: tuple[int, ...]
    """Drug delivered since the run began, as the pump believes: commanded volume x concentration."""
    delivered_ng: tuple[int, ...]
    """Drug that left the tip since the run began, in truth."""


class Span(NamedTuple):
    """A bar in a lane: what held from `start_us` to `end_us`. Bars of one lane that overlap are drawn in rows of their own."""

    lane: Literal["mode", "alarm", "sound"]
    label: str
    start_us: int
    end_us: int
    tone: Literal["calm", "stopped", "non-critical", "critical"] = "calm"


class Mark(NamedTuple):
    """A numbered line through all plots: something that was done to the pump, or that it did."""

    at_us: int
    label: str
    kind: Literal["act", "fault", "alarm"] = "act"


class Compared(NamedTuple):
    """One row of belief beside truth, both already written with their unit."""

    what: str
    belief: str
    truth: str
    agrees: bool = True


class Moment(NamedTuple):
    """A moment at which belief and truth are compared."""

    at_us: int
    title: str
    rows: tuple[Compared, ...]


class LogLine(NamedTuple):
    """One record of the pump's log; volumes None where the record has none, `good` False where its CRC does not fit."""

    number: int
    clock_us: int
    kind: str
    detail: str
    programmed_nl: int | None = None
    delivered_nl: int | None = None
    good: bool = True


class WireLine(NamedTuple):
    """One frame, or one run of bytes that is none (`error` says why). `fields` are decoded names and values, in order."""

    at_us: int
    direction: Literal["host", "pump"]
    opcode: str
    session: int | None
    sequence: int | None
    answer: str
    fields: Mapping[str, object]
    raw: bytes
    error: str = ""


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that the page shows. `facts` are further lines of the header, as (name, text): versions, catheter, therapy file."""

    title: str
    summary: str
    """One or two sentences under the title: what was done, and what to look for."""
    profile: str
    serial: str
    seed: int
    digest: str
    """The pump's digest at the end of the run, hex."""
    origin_clock_us: int
    samples: Samples
    facts: tuple[tuple[str, str], ...] = ()
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()
    moments: tuple[Moment, ...] = ()
    log: tuple[LogLine, ...] = ()
    wire: tuple[WireLine, ...] = ()


def write_report(data: ReportData, path: Path | str) -> Path:
    """Write the page, making its folder; returns the path. Raises HilError if the file cannot be written."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, render(data))
    except OSError as error:
        raise HilError(f"the report cannot be written: {error.strerror}", where=str(target), do="choose another folder") from error
    return target


def render(data: ReportData) -> str:
    """Build the page as text. Raises ValueError if columns differ in length or time does not rise."""
    _check(data.samples)
    parts = {name: static(path) for name, path in _PARTS.items()}
    filters: dict[str, Callable[..., str]] = {
        "clock": quantity.clock,
        "day": _day,
        "short": _short,
        "spaced": lambda raw: raw.hex(" "),
        "volume": lambda nl: "" if nl is None else quantity.VOLUME.text(nl, 3),
    }
    return filled("report.html.j2", {"data": data, "plots": _plots(data), **parts}, filters)


def _day(at_us: int) -> str:
    """Write a time of the run as `day 3 06:00`, counted from day 0."""
    days, us = divmod(at_us, US_PER_DAY)
    return f"day {days:,} {quantity.minute_of_day(us // (60 * quantity.US_PER_S))}"


def _short(value: object) -> str:
    """Write a field's value: of rows how many, of a long text its beginning; the rest is folded under it."""
    if isinstance(value, list | tuple):
        return f"{len(value)} row{'' if len(value) == 1 else 's'}"
    text = str(value) or "empty"
    return text if len(text) <= FIELD_CHARS_MAX else f"{text[:FIELD_CHARS_MAX]}…"


def _check(samples: Samples) -> None:
    """Refuse ragged columns and time that does not rise, naming the column."""
    length = len(samples.at_us)
    for name in Samples.__slots__:
        if len(getattr(samples, name)) != length:
            raise ValueError(f"column {name} has {len(getattr(samples, name))} values where at_us has {length}")
    if any(later <= earlier for earlier, later in zip(samples.at_us, samples.at_us[1:], strict=False)):
        raise ValueError("column at_us does not rise")


def _plots(data: ReportData) -> dict[str, object]:
    """The drawing's data in the units of its axes; floats, because they only become pixels."""
    samples = data.samples
    return {
        "days": [at / US_PER_DAY for at in samples.at_us],
        "charts": [_chart(curve, samples) for curve in _CURVES],
        "lanes": [
            {"lane": span.lane, "label": span.label, "from": span.start_us / US_PER_DAY, "to": span.end_us / US_PER_DAY, "tone": span.tone}
            for span in data.spans
        ],
        "marks": [{"at": mark.at_us / US_PER_DAY, "label": mark.label, "kind": mark.kind} for mark in data.marks],
    }


class _Curves(NamedTuple):
    """One plot: its columns of `Samples` (belief may be missing), their names, and what one integer is in the plot's unit."""

    title: str
    unit: str
    scale: float
    belief: str
    truth: str
    names: tuple[str, str]
    step: bool = False


_CURVES = (
    _Curves("Flow", "mL/day", 24e-6, "programmed_nl_per_h", "true_nl_per_h", ("programmed", "true"), step=True),
    _Curves("Dose", "mcg/day", 1e-3, "programmed_ng_per_day", "true_ng_per_day", ("programmed", "true, at the tip"), step=True),
    _Curves("Reservoir", "mL", 1e-6, "computed_nl", "true_nl", ("computed", "true")),
    _Curves("Drug at the catheter tip", "mcg/mL", 1e-3, "", "tip_ng_per_ml", ("", "true")),
    _Curves("Drug delivered", "mcg", 1e-3, "programmed_ng", "delivered_ng", ("programmed", "true")),
)


def _chart(curves: _Curves, samples: Samples) -> dict[str, object]:
    """One plot's curves in its unit."""
    belief, truth = ([value * curves.scale for value in getattr(samples, name)] if name else None for name in (curves.belief, curves.truth))
    return {
        "title": curves.title,
        "unit": curves.unit,
        "step": curves.step,
        "belief": belief and {"name": curves.names[0], "values": belief},
        "truth": {"name": curves.names[1], "values": truth},
    }
