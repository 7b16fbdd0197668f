"""Requirements and what is claimed of them agree: markers name rows that exist, waivers give their reasons and stay few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest

from firmware_sim.profile import load_profile, profile_names
from hil.requirements.marks import Mark, marks_below, marks_in, stray_lines
from hil.requirements.matrix import AS_IS_WAIVED_PERCENT_MAX, LATER_MAX
from hil.requirements.outside import Outside, shipped_outside
from hil.requirements.outside import problems_of as outside_problems
from hil.requirements.table import SECTIONS, shipped_table
from hil.requirements.waivers import Waiver, problems_of, shipped_waivers
from tests.tidy.tree import ROOT, modules

SUITE = marks_below(ROOT / "hil" / "suite", ROOT)
MARKS = [*SUITE, *marks_below(ROOT / "tests", ROOT)]
TABLE = shipped_table()
WAIVERS = shipped_waivers()
NOT_IN_EACH_RUN = {"slow", "bench", "skip", "skipif", "xfail"}


def problems(marks: Iterable[Mark], waivers: Mapping[str, Waiver]) -> Iterator[str]:
    """What is wrong with markers, one line each."""
    for mark in marks:
        place = f"{mark.test}:{mark.line}"
        if not mark.ids:
            yield f"{place}: the marker names no row"
        for name in mark.ids:
            if name not in TABLE:
                yield f"{place}: there is no row {name}"
            if name in waivers:
                yield f"{place}: {name} is {waivers[name].verdict}: take the marker or the waiver away"
        for word in NOT_IN_EACH_RUN & set(mark.beside):
            yield f"{place}: marked {word} too: a row is shown in each run, or not at all"
        yield from undeclared(mark, place)
        yield from mixed(mark, place)


def mixed(mark: Mark, place: str) -> Iterator[str]:
    """Rows that a profile meets beside rows that it deviates from, in the suite: on that pump the test must fail, and shows nothing."""
    in_suite = mark.test.startswith("hil/suite/")
    for profile in profile_names() if in_suite and not mark.deviates else ():
        declared = dict(load_profile(profile).known_deviations)
        rows = [name for name in mark.ids if name in declared]
        if rows and len(rows) < len(mark.ids) and profile not in mark.holds:
            yield f"{place}: {profile} deviates from {' '.join(rows)} alone: make it two tests, or name it in holds"


def undeclared(mark: Mark, place: str) -> Iterator[str]:
    """Deviations that the profile does not declare."""
    for profile in (*mark.deviates, *mark.holds):
        if profile not in profile_names():
            yield f"{place}: there is no profile {profile}"
            continue
        declared = dict(load_profile(profile).known_deviations)
        yield from (f"{place}: {profile} declares no deviation from {name}" for name in mark.ids if name not in declared)


def test_markers_name_rows_that_are_to_be_shown() -> None:
    """Each marker names a row that exists and is not waived, on a test of every run; a deviation is one that its profile declares."""
    found = list(problems(MARKS, WAIVERS))

    assert not found, "\n".join(found)


def test_every_marker_is_on_a_test() -> None:
    """A marker that marks no test would be counted by nobody."""
    found = [f"{module.path}:{line}" for module in modules("tests", "hil/suite") for line in stray_lines(module.text, module.path)]

    assert not found, f"marks no test: {found}"


def test_waivers_are_complete() -> None:
    """Each waiver is of a row that exists, has a verdict and a reason, and rests on something where the row was meant as it stands."""
    found = list(problems_of(WAIVERS, TABLE))

    assert not found, "\n".join(found)


def test_waivers_are_few() -> None:
    """Of the pump's own as-is rows at most a tenth is waived, and few rows wait for a later part."""
    own = [row for row in TABLE.values() if row.letters in SECTIONS]
    as_is = [row.id for row in own if row.applies == "as-is"]
    waived = [name for name in as_is if name in WAIVERS and WAIVERS[name].verdict == "waived"]
    later = [row.id for row in own if row.id in WAIVERS and WAIVERS[row.id].verdict == "later"]

    assert len(waived) * 100 <= AS_IS_WAIVED_PERCENT_MAX * len(as_is)
    assert len(later) <= LATER_MAX


def test_no_row_of_the_pump_is_forgotten() -> None:
    """Each row of the pump's own sections is marked somewhere, or waived."""
    shown = {name for mark in MARKS if not mark.deviates for name in mark.ids}
    forgotten = [row.id for row in TABLE.values() if row.letters in SECTIONS and row.id not in shown and row.id not in WAIVERS]

    assert not forgotten, f"no test is marked for {forgotten}"


def test_each_deviation_is_shown_by_the_suite() -> None:
    """What a profile that can be talked to declares, a test of the suite shows on that profile."""
    shown = {(profile, name) for mark in SUITE for profile in mark.deviates for name in mark.ids}
    profiles = [profile for profile in map(load_profile, profile_names()) if profile.behaviour.telemetry]
    declared = {(profile.name, name) for profile in profiles for name, _ in profile.known_deviations}

    assert declared - shown == set()


def test_rows_outside_are_shown_by_the_tests_named() -> None:
    """Each has its reason, no test of the suite, and a test of this tree that is marked for it."""
    marked: dict[str, set[str]] = {}
    for mark in MARKS:
        marked.setdefault(mark.test, set()).update(mark.ids)
    found = list(outside_problems(shipped_outside(), TABLE, WAIVERS, marked))
    in_suite = {name for mark in SUITE for name in mark.ids} & shipped_outside().keys()

    assert not found, "\n".join(found)
    assert not in_suite, f"the suite shows {sorted(in_suite)}: take them out of outside.yaml"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Outside("FR-99", "A reason that is long enough.", "t::a"), "no such row"),
        (Outside("AL-05", "A reason that is long enough.", "t::a"), "is waived"),
        (Outside("FR-01", "Because.", "t::a"), "no reason"),
        (Outside("FR-01", "A reason that is long enough.", "t::b"), "no test marked"),
    ],
)
def test_rule_of_rows_outside_can_fail(entry: Outside, said: str) -> None:
    """Each thing that may be wrong is found."""
    assert [line for line in outside_problems({entry.id: entry}, TABLE, WAIVERS, {"t::a": {entry.id}}) if said in line]


HEAD = "import pytest\n\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('@pytest.mark.pump_requirement("FR-99")\ndef test_x(): ...\n', "no row FR-99"),
        ('@pytest.mark.pump_requirement("AL-05")\ndef test_x(): ...\n', "AL-05 is waived"),
        ('@pytest.mark.pump_requirement("FR-08")\ndef test_x(): ...\n', "FR-08 is later"),
        ("@pytest.mark.pump_requirement()\ndef test_x(): ...\n", "names no row"),
        ('@pytest.mark.slow\n@pytest.mark.pump_requirement("FR-01")\ndef test_x(): ...\n', "marked slow"),
        ('@pytest.mark.pump_requirement("FR-01", deviates=("itp-40",))\ndef test_x(): ...\n', "no deviation from FR-01"),
        ('@pytest.mark.pump_requirement("FR-04", deviates=("itp-41",))\ndef test_x(): ...\n', "no profile itp-41"),
        ('class TestX:\n    @pytest.mark.pump_requirement("FR-99")\n    def test_x(self): ...\n', "no row FR-99"),
        ('@pytest.mark.pump_requirement("FR-99")\nclass TestX:\n    def test_x(self): ...\n', "no row FR-99"),
        ('pytestmark = pytest.mark.pump_requirement("FR-99")\ndef test_x(): ...\n', "no row FR-99"),
        ('shows = pytest.mark.pump_requirement\n\n@shows("FR-99")\ndef test_x(): ...\n', "no row FR-99"),
        ('@pytest.mark.pump_requirement("FR-01", "FR-04")\ndef test_x(): ...\n', "make it two tests"),
        ('@pytest.mark.pump_requirement("FR-01", holds=("itp-40",))\ndef test_x(): ...\n', "no deviation from FR-01"),
        (
            'P = pytest.param\n@pytest.mark.parametrize("a", [P(1, marks=pytest.mark.pump_requirement("FR-99"))])\ndef test_x(a): ...\n',
            "no row FR-99",
        ),
    ],
)
def test_rule_of_markers_can_fail(text: str, said: str) -> None:
    """Each way of marking wrongly is found."""
    waiting = {"FR-08": Waiver("FR-08", "later", "A reason that is long enough.", "console")}
    found = list(problems(marks_in(HEAD + text, "hil/suite/test_x.py"), {**WAIVERS, **waiting}))

    assert any(said in line for line in found), found


def test_rule_of_stray_markers_can_fail() -> None:
    """A marker on a helper, or in a table beside the test, is found."""
    assert stray_lines('TABLE = [pytest.mark.pump_requirement("FR-01")]\n', "x.py") == [1]
    assert stray_lines('@pytest.mark.pump_requirement("FR-01")\ndef helper(): ...\n', "x.py") == [1]
    assert stray_lines('shows = pytest.mark.pump_requirement\n\n@shows("FR-01")\ndef helper(): ...\n', "x.py") == [3]


@pytest.mark.parametrize(
    ("waiver", "said"),
    [
        (Waiver("FR-99", "waived", "A reason that is long enough."), "not there"),
        (Waiver("FR-07", "perhaps", "A reason that is long enough."), "no verdict"),
        (Waiver("FR-07", "waived", "Because."), "no reason"),
        (Waiver("FR-07", "later", "A reason that is long enough."), "names one of the parts"),
        (Waiver("FR-07", "waived", "A reason that is long enough.", "rig"), "names one of the parts"),
        (Waiver("FR-01", "waived", "A reason that is long enough."), "as-is"),
    ],
)
def test_rule_of_waivers_can_fail(waiver: Waiver, said: str) -> None:
    """Each part that a waiver may lack is found."""
    assert [said in line for line in problems_of({waiver.id: waiver}, TABLE)] == [True]
