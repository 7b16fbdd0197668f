"""Notes what became of every test marked `pump_requirement`, for pytest alone or with xdist.

A conftest or plugin calls `note` on the collected items, in every process, and registers one `Recorder` in the one that reports.

Where one pump is under test its profile decides what is expected of it. A test of a row from which the profile declares a deviation has
to fail, by an assertion, and one that passes is a failure; `holds=(PROFILE, ...)` excepts a test of what holds there all the same. A test
of the deviation itself, `deviates=(PROFILE, ...)`, runs on those profiles only, and has to pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hil.requirements.outcomes import EXPECTED, FAILED, PASSED, SKIPPED, Outcome, write_outcomes

if TYPE_CHECKING:
    import pytest

__all__ = ["MARKER", "MARKER_LINE", "Recorder", "Target", "note", "outcomes_in", "result_of", "worse"]

MARKER = "pump_requirement"
MARKER_LINE = (
    f"{MARKER}(*ids, deviates=(), holds=()): rows of requirements.csv that this test shows; deviates names profiles that declare to "
    "differ, and whose difference it shows instead; holds names those on which it passes all the same"
)
PROFILE_PROPERTY = "pump_profile"
DECLARED = "declared: "
WORST = (FAILED, SKIPPED, EXPECTED, PASSED)


class Target(Protocol):
    """The profile of the one pump under test, as `firmware_sim.profile.Profile` has it."""

    @property
    def name(self) -> str:
        """What `deviates` and `holds` call it."""

    @property
    def known_deviations(self) -> tuple[tuple[str, str], ...]:
        """Row and what the pump does instead."""


def note(items: list[pytest.Item], target: Target | None = None) -> None:
    """Write the rows of each marked item into its properties, which travel with its reports (and into JUnit XML).

    With a target, expect of each item what that profile declares, and take those away that show the deviation of another. What was noted
    before is not noted again.
    """
    if target is not None:
        _expect(items, target)
    for item in (item for item in items if not any(name == MARKER for name, _ in item.user_properties)):
        for mark in item.iter_markers(MARKER):
            deviates = tuple(mark.kwargs.get("deviates", ()))
            item.user_properties += [(MARKER, " ".join((str(name), *deviates))) for name in mark.args]
        if target is not None:
            item.user_properties.append((PROFILE_PROPERTY, target.name))


def _expect(items: list[pytest.Item], target: Target) -> None:
    strange = [item for item in items if any(_of_another(mark, target) for mark in item.iter_markers(MARKER))]
    if strange:
        strange[0].config.hook.pytest_deselected(items=strange)
        items[:] = [item for item in items if item not in strange]
    declared = dict(target.known_deviations)
    for item in items:
        ids = [name for mark in item.iter_markers(MARKER) if _is_plain(mark, target) for name in mark.args]
        if any(name in declared for name in ids):
            _expect_failure(item, ids, declared, target.name)


def _of_another(mark: pytest.Mark, target: Target) -> bool:
    return bool(mark.kwargs.get("deviates")) and target.name not in mark.kwargs["deviates"]


def _is_plain(mark: pytest.Mark, target: Target) -> bool:
    """Whether the test shows the row itself, with no word about this profile."""
    return not mark.kwargs.get("deviates") and target.name not in mark.kwargs.get("holds", ())


def _expect_failure(item: pytest.Item, ids: list[str], declared: Mapping[str, str], profile: str) -> None:
    import pytest

    kept = [name for name in ids if name not in declared]
    if kept:
        text = f"{item.nodeid} shows {' '.join(kept)}, and rows from which {profile} declares a deviation: make it two tests"
        raise pytest.UsageError(text)
    reason = DECLARED + "; ".join(dict.fromkeys(declared[name] for name in ids))
    item.add_marker(pytest.mark.xfail(reason=reason, strict=True, raises=(AssertionError, pytest.fail.Exception)))


# ---------------------------------------------------------------- reports


class Recorder:
    """A pytest plugin that writes the outcomes to `path` when the run ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: dict[tuple[str, str], Outcome] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst of a test's three phases; a test without its call phase has failed or was skipped."""
        result = result_of(report)
        for text, outcome in outcomes_in(report.nodeid, report.user_properties, result):
            before = self._found.get((report.nodeid, text))
            self._found[report.nodeid, text] = outcome if before is None or worse(outcome.outcome, before.outcome) else before

    def pytest_sessionfinish(self) -> None:
        """Write what was found."""
        write_outcomes(self.path, self._found.values())


def outcomes_in(test: str, properties: Iterable[tuple[str, object]], result: tuple[str, str]) -> Iterator[tuple[str, Outcome]]:
    """One for each row that a test's properties name, with the property's text."""
    known = [(name, str(value)) for name, value in properties]
    profile = dict(known).get(PROFILE_PROPERTY, "")
    for text in (value for name, value in known if name == MARKER):
        row, *deviates = text.split()
        yield text, Outcome(test, row, tuple(deviates), result[0], profile, result[1])


def worse(one: str, other: str) -> bool:
    """Whether the one outcome is worse than the other."""
    return WORST.index(one) < WORST.index(other)


def result_of(report: pytest.TestReport) -> tuple[str, str]:
    """What a report says, and why where the test did not pass: one line."""
    expected = getattr(report, "wasxfail", None)
    if report.outcome == "skipped" and expected is not None:
        declared = str(expected).startswith(DECLARED)
        return (EXPECTED, str(expected).removeprefix(DECLARED)) if declared else (SKIPPED, f"expected to fail: {expected}")
    if report.outcome == "skipped":
        words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return SKIPPED, str(words).removeprefix("Skipped: ")
    if report.outcome == "failed":
        return FAILED, _why(report)
    return PASSED, ""


def _why(report: pytest.TestReport) -> str:
    """The first line of what was raised; of an unexpected pass, that it was one."""
    text = str(report.longrepr or "")
    if text.startswith(passed := "[XPASS(strict)] "):
        return f"declared to deviate, and does not: {text.removeprefix(passed).removeprefix(DECLARED)}"
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(crash.message if crash else text).strip().splitlines()
    return lines[0] if lines else "failed"
