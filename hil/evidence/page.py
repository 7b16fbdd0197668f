"""Evidence as one self-contained page for an auditor: requirement, tests, verdict; measurements with limits; what was waived and why.

No script and no network. It prints on A4 as it stands on a screen, with nothing folded away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from hil.evidence.conclusion import conclusion
from hil.evidence.files import HEADER_BEGINS, HEADER_ENDS
from hil.evidence.plots import picture
from hil.pages.template import filled, static
from hil.requirements.matrix import Verdict
from hil.requirements.outcomes import EXPECTED, FAILED, PASSED, SKIPPED

__all__ = ["page_text"]

SIGNS = {
    Verdict.MET: "✓",
    Verdict.DEVIATES: "≠",
    Verdict.FAILED: "✗",
    Verdict.SKIPPED: "–",
    Verdict.WAIVED: "○",
    Verdict.LATER: "…",
    Verdict.OUTSIDE: "□",
    Verdict.OPEN: "?",
}
MEANS = {
    Verdict.MET: "every test of the row passed",
    Verdict.DEVIATES: "the profile declares that the pump does otherwise, and it does what is declared",
    Verdict.FAILED: "a test failed, or passed where the profile declares a deviation",
    Verdict.SKIPPED: "a test could not run on this bench",
    Verdict.WAIVED: "the row does not apply, for the reason given",
    Verdict.LATER: "shown by a part that is not built yet",
    Verdict.OUTSIDE: "cannot be shown through a pump's own doors; shown of the simulator by the test named",
    Verdict.OPEN: "no test shows it",
}
OUTCOME_SIGNS = {PASSED: "✓", EXPECTED: "≠", SKIPPED: "–", FAILED: "✗"}
THOUSAND = 1_000


class Shown(NamedTuple):
    """A measurement as the page shows it; `at` is its place between two limits, 0 to 1, None where it has not got both."""

    name: str
    case: str
    value: str
    limits: str
    good: bool
    at: float | None


def page_text(header: Mapping[str, Any], dossier: Mapping[str, Any], made_with: str) -> str:
    """The page."""
    from markupsafe import Markup

    filters = {"sign": _sign, "tone": _tone, "brief": _brief, "broken": lambda text: Markup("_<wbr>").join(text.split("_"))}
    tests = dossier["tests"]
    numbers = {test["test"]: place for place, test in enumerate(tests, start=1)}
    outcomes = {test["test"]: test["outcome"] for test in tests}
    rows = [{**row, "shown_by": _shown_by(row["tests"], outcomes, numbers)} for row in dossier["rows"]]
    values = {
        "header": header,
        "begins": HEADER_BEGINS,
        "ends": HEADER_ENDS,
        "made_with": made_with,
        "conclusion": conclusion(dossier),
        "styles": static("report.css", "evidence.css"),
        "numbers": numbers,
        "counts": _counts(dossier),
        "sections": [(name, list(found)) for name, found in groupby(rows, key=lambda row: row["section"])],
        "attention": [row for row in dossier["rows"] if row["verdict"] in {Verdict.FAILED, Verdict.OPEN}],
        "skipped": [test for test in tests if test["outcome"] == SKIPPED],
        "deviating": [row for row in dossier["rows"] if row["verdict"] == Verdict.DEVIATES],
        "excused": [row for row in dossier["rows"] if _verdict(row["verdict"]) in {Verdict.WAIVED, Verdict.LATER, Verdict.OUTSIDE}],
        "measured": list(_measured(tests, numbers)),
        "pictures": [(test["test"], picture(curve)) for test in tests for curve in test["curves"]],
        "groups": list(_groups(tests, numbers)),
        "doc": dossier,
    }
    return filled("evidence.html.j2", values, filters)


def _counts(dossier: Mapping[str, Any]) -> list[tuple[str, str, int, str]]:
    """Sign, verdict, rows and meaning of each verdict that there is."""
    counts = dossier["summary"]["rows"]
    return [(SIGNS[verdict], str(verdict), counts[verdict], MEANS[verdict]) for verdict in Verdict if counts[verdict]]


def _verdict(said: str) -> Verdict:
    """A verdict as a row says it; later names its part."""
    return next(verdict for verdict in Verdict if said.startswith(str(verdict)))


def _sign(word: str) -> str:
    """Of a verdict or an outcome."""
    return OUTCOME_SIGNS[word] if word in OUTCOME_SIGNS and word not in set(Verdict) else SIGNS[_verdict(word)]


def _tone(word: str) -> str:
    """The style of a verdict or an outcome."""
    if word in {FAILED, Verdict.OPEN}:
        return "bad"
    if word in {PASSED, Verdict.MET}:
        return "good"
    return "other" if word in {EXPECTED, Verdict.DEVIATES} else "calm"


def _brief(test: str) -> str:
    """A test without its folder."""
    return test.rpartition("/")[2]


def _plain(test: str) -> str:
    """A test without its parameters."""
    return test.partition("[")[0]


def _shown_by(tests: Sequence[str], outcomes: Mapping[str, str], numbers: Mapping[str, int]) -> list[tuple[str, int, str, int]]:
    """Name, cases, outcome and number of the first case; cases of one test that ended alike are one line."""
    found: dict[tuple[str, str], list[str]] = {}
    for test in tests:
        found.setdefault((_plain(test), outcomes[test]), []).append(test)
    return [(name.rpartition("::")[2], len(cases), outcome, numbers[cases[0]]) for (name, outcome), cases in found.items()]


def _groups(tests: Sequence[Mapping[str, Any]], numbers: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """A test with all its cases."""
    for name, grouped in groupby(tests, key=lambda test: _plain(test["test"])):
        cases = list(grouped)
        yield {
            "file": name.partition("::")[0],
            "name": name.partition("::")[2],
            "says": cases[0]["says"],
            "rows": sorted({row for case in cases for row in case["rows"]}),
            "deviation_of": sorted({name for names in cases[0]["deviation_of"].values() for name in names}),
            "cases": [{"number": numbers[each["test"]], "outcome": each["outcome"], "case": _case(each["test"])} for each in cases],
            "reasons": list(dict.fromkeys(each["reason"] for each in cases if each["reason"])),
        }


def _case(test: str) -> str:
    """The parameters of a test."""
    return test.partition("[")[2].removesuffix("]")


def _measured(tests: Sequence[Mapping[str, Any]], numbers: Mapping[str, int]) -> Iterator[tuple[str, int, list[Shown]]]:
    """Test, number of its first case, and what its cases measured."""
    with_any = [test for test in tests if test["measurements"]]
    for name, grouped in groupby(with_any, key=lambda test: _plain(test["test"])):
        cases = list(grouped)
        shown = [_shown(each, _case(test["test"])) for test in cases for each in test["measurements"]]
        yield name, numbers[cases[0]["test"]], shown


def _shown(each: Mapping[str, Any], case: str) -> Shown:
    unit = f" {each['unit']}" if each["unit"] else ""
    return Shown(
        each["name"], case, f"{_number(each['value'])}{unit}", _limits(each["low"], each["high"]) + unit, each["good"], _place(each)
    )


def _limits(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return _number(low) if low == high else f"{_number(low)} to {_number(high)}"
    return f"from {_number(low)}" if low is not None else f"up to {_number(high)}" if high is not None else "none"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int) or value.is_integer():
        return f"{round(value):,}"
    return f"{value:,.2f}" if abs(value) >= THOUSAND else f"{value:.5g}"


def _place(each: Mapping[str, Any]) -> float | None:
    """Where a value lies between its limits, 0 to 1, a little beyond where it is out of them."""
    low, high = each["low"], each["high"]
    if low is None or high is None or low >= high:
        return None
    return float(min(max((each["value"] - low) / (high - low), -0.1), 1.1))
