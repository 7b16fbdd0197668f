"""A campaign's report as one page: survival with censoring, time until somebody knew, dose errors, and what matters most.

It holds its style and its plots, has no script, asks the network for nothing, and prints as it stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hil.campaign.importance import Importance, variance_shares
from hil.campaign.outcomes import Outcomes, Point, read_outcomes, setting_in_words
from hil.campaign.report_plots import Plot, distributions, spans, survivals
from hil.errors import HilError
from hil.fleet.rates import provenance
from hil.pages.template import filled, static
from hil.system.whole_file import write_whole

__all__ = ["REPORT_FILE", "render", "write_report"]

REPORT_FILE = "report.html"
OUTCOMES = ("dose_error_percent", "missed_h", "empty_lost_h", "doubled", "caught")
"""Columns whose variance is shared out, where a campaign has them."""
DRAWN = ("dose_error_percent", "missed_h")
COUNTED = ("refills", "low_alarms", "empties", "silent_empties", "pocket_fills", "caught", "alarm_sounded", "stopped", "doubled", "given")
PER = 100_000
Z95 = 1.96


class Cell(NamedTuple):
    """A value as it is written, with its uncertainty below."""

    value: str
    note: str = ""


class Row(NamedTuple):
    """A line of a table."""

    name: str
    cells: list[Cell]


def write_report(folder: Path) -> Path:
    """Write report.html into the folder of a campaign; returns its path. Raises HilError."""
    path = folder / REPORT_FILE
    text = render(read_outcomes(folder))
    try:
        write_whole(path, text)
    except OSError as error:
        raise HilError(
            f"the report cannot be written: {error.strerror}", where=str(path), do="make room, or make the folder writable"
        ) from error
    return path


def render(outcomes: Outcomes) -> str:
    """Build the page."""
    plan = outcomes.summary["plan"]
    values = {
        "styles": static("report.css", "campaign.css"),
        "summary": outcomes.summary,
        "plan": plan,
        "lives": plan["story"] == "life",
        "points": outcomes.points,
        "counts": _counts(outcomes),
        "events": [_event_row(outcomes, event) for event in outcomes.events],
        "found": [_span_row(outcomes, name) for name in outcomes.spans],
        "ways": _ways(outcomes),
        "errors": [_quantiles(outcomes, name) for name in DRAWN if name in outcomes.numbers],
        "survival_plots": list(survivals(outcomes)),
        "span_plots": list(spans(outcomes)),
        "error_plots": _error_plots(outcomes),
        "matters": _matters(outcomes),
        "rates": provenance(),
    }
    return filled("campaign.html.j2", values)


def _error_plots(outcomes: Outcomes) -> list[Plot]:
    return list(distributions(outcomes, [name for name in DRAWN if name in outcomes.numbers]))


def _counts(outcomes: Outcomes) -> list[Row]:
    """Counts for each pump, or per 100,000 where a case counts once at most."""
    return [_count_row(outcomes, name) for name in COUNTED if name in outcomes.numbers]


def _count_row(outcomes: Outcomes, name: str) -> Row:
    once = bool(np.nanmax(outcomes.numbers[name]) <= 1)
    unit = f"per {PER:,} cases" if once else "a pump, on the average"
    return Row(f"{name.replace('_', ' ')}, {unit}", [_mean(outcomes.known(name, point), once) for point in outcomes.points])


def _mean(values: NDArray[np.float64], once: bool) -> Cell:
    """A mean with its interval; of shares that of Wilson, which holds for none too."""
    count = len(values)
    if not count:
        return Cell("none")
    mean = float(values.mean())
    if not once:
        return Cell(f"{mean:.3g}", f"± {Z95 * float(values.std()) / count**0.5:.2g}")
    spread = Z95**2 / count
    middle = (mean + spread / 2) / (1 + spread)
    reach = Z95 * (mean * (1 - mean) / count + spread / 4 / count) ** 0.5 / (1 + spread)
    return Cell(f"{mean * PER:,.0f}", f"{max(0, middle - reach) * PER:,.0f} to {(middle + reach) * PER:,.0f}")


def _event_row(outcomes: Outcomes, event: str) -> Row:
    """Share free of it at the end of the watch, with its interval."""
    cells = []
    for point in outcomes.points:
        share, low, high = outcomes.survival(event, point).at(np.inf)
        happened = int((outcomes.numbers[event][point.rows] > 0).sum())
        cells.append(Cell(f"{100 * share:.2f} %", f"{100 * low:.2f} to {100 * high:.2f} %; {happened:,} events"))
    return Row(event.replace("_", " "), cells)


def _span_row(outcomes: Outcomes, name: str) -> Row:
    title = name.removesuffix("found_h").replace("_", " ").strip() or "found"
    return Row(title, [_hours(outcomes.known(name, point)) for point in outcomes.points])


def _hours(values: NDArray[np.float64]) -> Cell:
    if not len(values):
        return Cell("none found")
    middle, late = np.quantile(values, [0.5, 0.95])
    return Cell(f"{middle:,.1f} h", f"95 % within {late:,.0f} h; longest {values.max():,.0f} h; n = {len(values):,}")


def _quantiles(outcomes: Outcomes, name: str) -> Row:
    unit = "%" if name.endswith("percent") else "h"
    return Row(
        name.replace("_", " ").removesuffix(" percent").removesuffix(" h"), [_range(outcomes.known(name, p), unit) for p in outcomes.points]
    )


def _range(values: NDArray[np.float64], unit: str) -> Cell:
    least, low, middle, high, most = np.quantile(values, [0.005, 0.05, 0.5, 0.95, 0.995])
    return Cell(f"{middle:+.2f} {unit}", f"90 % within {low:+.2f} to {high:+.2f}; 99 % within {least:+.2f} to {most:+.2f}")


def _ways(outcomes: Outcomes) -> list[Row]:
    """How it was found, where a campaign says."""
    if "found_by" not in outcomes.words:
        return []
    words = outcomes.words["found_by"]
    return [Row(str(way), [_way(outcomes, point, str(way)) for point in outcomes.points]) for way in np.unique(words[words != ""])]


def _way(outcomes: Outcomes, point: Point, way: str) -> Cell:
    words = outcomes.words["found_by"][point.rows]
    found = int((words != "").sum())
    return Cell(f"{100 * float((words == way).sum()) / found:.1f} %" if found else "none found")


def _matters(outcomes: Outcomes) -> list[tuple[str, list[Importance]]]:
    """For each outcome that varies, its causes by their shares."""
    grid = list(outcomes.summary["points"][0]) if len(outcomes.points) > 1 else []
    causes = {name: outcomes.numbers[name] for name in (*grid, *CAUSES) if name in outcomes.numbers}
    causes |= {name: np.unique(outcomes.words[name], return_inverse=True)[1].astype(np.float64) for name in grid if name in outcomes.words}
    found = []
    for name in OUTCOMES:
        if name in outcomes.numbers and not np.isnan(outcomes.numbers[name]).any():
            shares = variance_shares(outcomes.numbers[name], {_cause(key, grid): values for key, values in causes.items() if key != name})
            found += [(name.replace("_", " ").removesuffix(" percent"), shares)] if shares else []
    return found


def _cause(column: str, grid: list[str]) -> str:
    return setting_in_words(column) if column in grid else column.replace("_", " ").removesuffix(" percent")


CAUSES = ("unit_error_percent", "over_infuses", "stall", "catheter", "battery", "pocket_fills", "silent_empties", "alarm_sounded")
"""Columns that cause others, beside the settings of the grid."""
