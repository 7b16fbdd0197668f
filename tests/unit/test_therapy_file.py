"""Therapy files: read, refused line by line, turned into the wire's therapy and back."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import hil
from hil.errors import HilError, TherapyFileError, TherapyRefused, UsageError
from hil.therapy.arithmetic import day_dose_ng
from hil.therapy.file import dump_therapy, parse_therapy, read_therapy
from hil.therapy.wire import from_wire
from protocol.codes import Mode, Unit
from protocol.errors import Rejected
from protocol.messages import DrugEntry, Identity, Refusal
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Group, Step, Therapy, index_of
from protocol.therapy_check import check_therapy
from tests.support.identities import identity

SHIPPED = sorted((Path(hil.__file__).parent / "library" / "therapies").glob("*.yaml"))
BACLOFEN = DrugEntry(1, 1, "baclofen", 50_000, 2_000_000, 2_000_000, 0, 180)
NEWER = DrugEntry(1, 2, "baclofen", 50_000, 2_000_000, 2_000_000, 0, 180)
SALINE = DrugEntry(2, 1, "saline", 0, 0, 0, 0, 180)
IDENTITY = identity(BACLOFEN, SALINE)

SIMPLE = """\
drug: baclofen
concentration: 500 mcg/mL
mode: simple
low-reservoir-alarm: 2 mL
daily-dose: 100 mcg/day
"""
FLEX = """\
drug: baclofen
concentration: 500 mcg/mL
mode: flex
low-reservoir-alarm: 2 mL
groups:
  - days: Mon-Fri
    daily-dose: 240 mcg/day
    steps:
      - {from: "00:00", to: "06:00", dose: 120 mcg}
      - {from: "06:00", to: "24:00", dose: 120 mcg}
  - days: [Sat, Sun]
    steps:
      - {from: "00:00", to: "24:00", dose: 200 mcg}
"""


def refusals(text: str, identity: Identity = IDENTITY) -> list[str]:
    """The lines with which a file is refused, reading or turning it into a therapy."""
    with pytest.raises(HilError) as caught:
        parse_therapy(text.encode(), "t.yaml").therapy(identity)
    return list(caught.value.lines)


def told(data: bytes) -> tuple[str, ...]:
    """The lines with which bytes are refused; none if they are a therapy."""
    try:
        parse_therapy(data, "t.yaml").therapy(IDENTITY)
    except (TherapyFileError, TherapyRefused) as error:
        return error.lines
    return ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_examples_are_accepted(path: Path) -> None:
    """Every example that ships is a therapy the pump's limits allow, and writes back to the same."""
    therapy = read_therapy(path).therapy(IDENTITY)

    check_therapy(therapy, IDENTITY)
    assert parse_therapy(dump_therapy(from_wire(therapy, IDENTITY)).encode()).therapy(IDENTITY) == therapy


def test_simple_dose_is_rounded_down_to_whole_nl_per_h() -> None:
    """100 mcg/day of 500 mcg/mL is 8,333 nL/h, and the dose asked for is kept."""
    therapy = parse_therapy(SIMPLE.encode()).therapy(IDENTITY)

    assert therapy.groups == (Group(0x7F, 100_000, (Step(0, 1440, 8_333),)),)
    assert day_dose_ng(therapy.groups[0], therapy.concentration_ng_per_ml) == 99_996


def test_flex_dose_is_what_is_given_in_its_step() -> None:
    """A step's dose is spread over that step, not per hour and not per day."""
    therapy = parse_therapy(FLEX.encode()).therapy(IDENTITY)

    assert [step.rate_nl_per_h for step in therapy.groups[0].steps] == [40_000, 13_333]
    assert [group.weekdays for group in therapy.groups] == [0b001_1111, 0b110_0000]
    assert [group.daily_dose_ng for group in therapy.groups] == [240_000, 200_000]


def test_alarm_repeats_left_out_are_the_pumps_shortest() -> None:
    """A file without repeats takes the least that the pump allows."""
    therapy = parse_therapy(SIMPLE.encode()).therapy(IDENTITY)

    assert (therapy.critical_repeat_s, therapy.non_critical_repeat_s) == (600, 3_600)


def test_minimum_rate_may_stand_in_a_step() -> None:
    """`rate: minimum-rate` is the pump's own minimum rate."""
    text = FLEX.replace("dose: 200 mcg", "rate: minimum-rate")

    assert parse_therapy(text.encode()).therapy(IDENTITY).groups[1].steps[0].rate_nl_per_h == 250


def test_minimum_rate_mode_has_no_groups() -> None:
    """The mode minimum-rate needs no doses and has none."""
    text = SIMPLE.replace("mode: simple", "mode: minimum-rate").replace("daily-dose: 100 mcg/day\n", "")

    assert parse_therapy(text.encode()).therapy(IDENTITY)[:2] == (Mode.MINIMUM_RATE, 1)


def test_newest_version_of_a_drug_is_taken() -> None:
    """A drug named without a version is the newest entry of that name; a version can be asked for."""
    identity = IDENTITY._replace(drugs=(BACLOFEN, NEWER))

    assert parse_therapy(SIMPLE.encode()).therapy(identity).drug_version == 2
    assert parse_therapy((SIMPLE + "drug-version: 1\n").encode()).therapy(identity).drug_version == 1


def test_drug_free_fluid_has_rates_and_no_doses() -> None:
    """Saline runs by `rate`, and its therapy writes back."""
    text = (
        SIMPLE.replace("baclofen", "saline").replace("500 mcg/mL", "0 mcg/mL").replace("100 mcg/day", "0 mcg/day") + "rate: 10,000 nL/h\n"
    )
    therapy = parse_therapy(text.encode()).therapy(IDENTITY)

    assert therapy.groups[0].steps[0].rate_nl_per_h == 10_000
    assert parse_therapy(dump_therapy(from_wire(therapy, IDENTITY)).encode()).therapy(IDENTITY) == therapy


@pytest.mark.parametrize(
    "change, line, say",
    [
        (("drug:", "drugs:"), 1, "'drugs' is not a key here; did you mean 'drug'?"),
        (("drug: baclofen\n", ""), 1, "'drug' is missing; add `drug: baclofen`"),
        (("drug: baclofen", "drug: baclofin"), 1, "does not know the drug 'baclofin'; did you mean baclofen?"),
        (("drug: baclofen", "drug: [a]"), 1, "drug: no drug is named"),
        (("500 mcg/mL", "500"), 2, "concentration: '500' has no unit"),
        (("500 mcg/mL", "5 mcg/mL"), 2, "5 mcg/mL is below the pump's limit 50 mcg/mL"),
        (("mode: flex", "mode: flexx"), 3, "mode 'flexx' is not known; did you mean 'flex'?"),
        (("mode: flex\n", ""), 1, "'mode' is missing"),
        (("mode: flex", "mode: simple"), 5, "'groups' is not a key of mode simple; take it away, or write `mode: flex`"),
        (("low-reservoir-alarm: 2 mL", "low_reservoir_alarm: 2 mL"), 4, "did you mean 'low-reservoir-alarm'?"),
        (("2 mL", "30 mL"), 4, "30 mL is above the pump's limit 20 mL"),
        (("days: Mon-Fri", "days: Mon-Thu"), 5, "no group has Fri"),
        (("days: Mon-Fri", "days: Mon-Sat"), 11, "Sat is in an earlier group too"),
        (("days: Mon-Fri", "days: Montag"), 6, "'Montag' is no day; did you mean Mon?"),
        (("days: Mon-Fri", "days: Fri-Mon"), 6, "runs backwards"),
        (("daily-dose: 240", "daily-dose: 2400"), 7, "the steps add up to 239.997 mcg/day, daily-dose says 2,400 mcg/day"),
        (('from: "06:00"', 'from: "07:00"'), 10, "leaves a gap after 06:00"),
        (('from: "06:00"', 'from: "05:00"'), 10, "overlaps the step that ends at 06:00"),
        (('to: "24:00", dose: 120', 'to: "02:00", dose: 120'), 10, "crosses midnight"),
        (('to: "24:00", dose: 120', 'to: "23:00", dose: 120'), 10, "the day ends at 23:00"),
        (('to: "24:00", dose: 120', 'to: "24:30", dose: 120'), 10, "'24:30' is not a time of day"),
        (("dose: 200 mcg", "dose: 1e3 mcg"), 13, "exponent form"),
        (("dose: 200 mcg", "dose: 200,000 mcg"), 13, "needs quotes"),
        (("dose: 200 mcg", 'dose: "200,000 mcg"'), 13, "is above the pump's limit 24 mL/day"),
        (("dose: 200 mcg", "dose: 0 mcg"), 13, "is below the pump's limit 0.048 mL/day"),
        (("dose: 200 mcg", 'dose: "2,001 mcg"'), 11, "2,001 mcg/day is above the pump's limit 2,000 mcg/day"),
        (("dose: 200 mcg", "dose: 200 mcg, rate: 9 nL/h"), 13, "both a dose and a rate"),
        ((", dose: 200 mcg", ""), 13, "a step has no dose"),
        (("low-reservoir-alarm", "mode: flex\nlow-reservoir-alarm"), 4, "'mode' is here a second time, first at line 3"),
        (("drug: baclofen", "drug: &x baclofen"), 1, "the anchor &x"),
        (("drug: baclofen", "drug: !!python/name:os.system x"), 1, "tag"),
        (("groups:", "groups: ["), 6, "not YAML"),
    ],
    ids=lambda value: value[1][:30] if isinstance(value, tuple) else None,
)
def test_refuses_with_file_and_line(change: tuple[str, str], line: int, say: str) -> None:
    """What is wrong is said at its line, with what to do."""
    lines = refusals(FLEX.replace(*change, 1))

    assert any(text.startswith(f"t.yaml:{line}: ") and say in text for text in lines), lines


def test_reports_all_problems_at_once() -> None:
    """One reading finds every line to mend, in the order of the file."""
    text = (
        FLEX.replace("500 mcg/mL", "500")
        .replace("2 mL", ".5 mL")
        .replace('from: "06:00"', "form: x")
        .replace("dose: 200 mcg", "dose: 1,5 mg")
    )
    lines = refusals(text)

    numbers = [int(line.split(":")[1]) for line in lines]
    assert numbers == sorted(numbers)
    assert set(numbers) == {2, 4, 10, 13}


def test_reports_all_broken_limits_at_once() -> None:
    """The pump's limits are judged over the whole file too."""
    text = (
        FLEX.replace("2 mL", "30 mL")
        .replace("120 mcg}", '"90,000 mcg"}')
        .replace("200 mcg", "0.1 mcg")
        .replace("    daily-dose: 240 mcg/day\n", "")
    )

    assert [int(line.split(":")[1]) for line in refusals(text)] == [4, 8, 9, 12]


@pytest.mark.parametrize(
    "data, say",
    [
        (b"", "empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a: \x01", "characters that YAML does not allow"),
        (b"- a\n", "no keys"),
        (b"text", "no keys"),
        (b"[" * 50_000, "nested too deeply"),
        (b"x" * 70_000, "at most 65,536"),
        (b"a: 1\n---\nb: 2\n", "not YAML"),
    ],
    ids=["empty", "latin", "control", "list", "text", "deep", "large", "two"],
)
def test_refuses_what_is_no_therapy_file(data: bytes, say: str) -> None:
    """Any other file is refused in one line."""
    with pytest.raises(TherapyFileError, match=say) as caught:
        parse_therapy(data, "t.yaml")

    assert len(caught.value.lines) == 1


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No bytes raise anything but a refusal."""
    assert all(line.startswith("t.yaml:") for line in told(data))


@given(data=st.data())
def test_any_change_of_one_line_is_read_or_refused(data: st.DataObject) -> None:
    """A file with one line replaced by anything is a therapy or is refused with its line."""
    lines = FLEX.splitlines()
    lines[data.draw(st.integers(0, len(lines) - 1))] = data.draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))

    assert all(line.startswith("t.yaml:") for line in told("\n".join(lines).encode()))


def test_missing_file_is_misuse() -> None:
    """A path that cannot be read is said in one line, with exit code 2."""
    with pytest.raises(UsageError, match=r"nowhere\.yaml: the therapy file cannot be read") as caught:
        read_therapy("nowhere.yaml")

    assert caught.value.exit_code == 2


def test_refusal_by_the_pump_names_its_line() -> None:
    """A coded refusal is traced to the line behind its field and index, in the file's own units."""
    document = parse_therapy(FLEX.encode(), "t.yaml")
    refusal = Refusal(RefusalCode.RANGE, Field.RATE, index_of(1, 0), 2_000_000, 1_000_000, Unit.NL_PER_H)

    error = document.refused(refusal)

    assert isinstance(error, TherapyRefused)
    assert str(error).startswith("t.yaml:13: the rate 48 mL/day (2,000,000 nL/h) is above the pump's limit 24 mL/day (1,000,000 nL/h)")


@pytest.mark.parametrize("field", list(Field))
@pytest.mark.parametrize("text", [SIMPLE, FLEX], ids=["simple", "flex"])
def test_every_refusal_has_a_line(field: Field, text: str) -> None:
    """Whatever field a refusal names, some line answers for it."""
    document = parse_therapy(text.encode(), "t.yaml")

    for index in (0, 1, 16, 17, 127, 0xFFFF):
        assert 1 <= document.line_of(field, index) <= len(text.splitlines())


# ---------------------------------------------------------------- round trip

concentrations = st.integers(50, 2_000).map(lambda mcg: mcg * 1_000)
rates = st.just(250) | st.integers(2_000, 1_000_000)


@st.composite
def groups(draw: st.DrawFn, weekdays: int, concentration: int) -> Group:
    """Steps that tile a day, and a dose within one nL/h of what they give."""
    cuts = sorted(draw(st.sets(st.integers(1, 1_439), max_size=12)))
    edges = [0, *cuts, 1_440]
    steps = tuple(Step(start, end, draw(rates)) for start, end in pairwise(edges))
    exact = day_dose_ng(Group(weekdays, 0, steps), concentration)
    return Group(weekdays, int(exact) + draw(st.integers(0, 24 * concentration // 1_000_000)), steps)


@st.composite
def therapies(draw: st.DrawFn) -> Therapy:
    """Any therapy that the client's check accepts."""
    mode = draw(st.sampled_from([Mode.SIMPLE, Mode.FLEX, Mode.MINIMUM_RATE]))
    concentration = draw(concentrations)
    made: tuple[Group, ...] = ()
    if mode == Mode.SIMPLE:
        rate = draw(rates)
        dose = int(day_dose_ng(Group(0x7F, 0, (Step(0, 1_440, rate),)), concentration)) + draw(
            st.integers(0, 24 * concentration // 1_000_000)
        )
        made = (Group(0x7F, dose, (Step(0, 1_440, rate),)),)
    elif mode == Mode.FLEX:
        owners = draw(st.lists(st.integers(0, 6), min_size=7, max_size=7))
        masks = [sum(1 << day for day in range(7) if owners[day] == owner) for owner in sorted(set(owners))]
        made = tuple(draw(groups(mask, concentration)) for mask in masks)
    low, critical, other = draw(st.integers(1_000_000, 20_000_000)), draw(st.integers(600, 7_200)), draw(st.integers(3_600, 86_400))
    return Therapy(mode, 1, 1, concentration, low, critical, other, made)


@given(therapy=therapies())
def test_every_therapy_survives_its_file(therapy: Therapy) -> None:
    """Wire to file to YAML to file to wire is the same therapy."""
    try:
        check_therapy(therapy, IDENTITY)
    except Rejected:
        assume(False)

    text = dump_therapy(from_wire(therapy, IDENTITY))

    assert parse_therapy(text.encode()).therapy(IDENTITY) == therapy
