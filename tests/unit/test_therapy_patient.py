"""The `patient-bolus` section of a therapy file: read, written back, refused at its line, and shown in the review."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import HilError
from hil.therapy.file import TherapyDocument, dump_therapy, parse_therapy
from hil.therapy.review import Row, review
from hil.therapy.wire import from_wire
from protocol.codes import Unit
from protocol.messages import Condition, Refusal
from protocol.paper_pump import PaperPump
from protocol.refusals import Field, RefusalCode
from protocol.therapy import PatientRule, Therapy
from protocol.therapy_check import check_therapy

IDENTITY = PaperPump().identity()
CONDITION = Condition(0, 820_540_800_000_000, 3, 0, 8_333, 18_000_000, 1, 500_000, 0, 0, 0, 0, 3_000, (), ())
PLAIN = """\
drug: baclofen
concentration: 500 mcg/mL
mode: simple
low-reservoir-alarm: 2 mL
daily-dose: 100 mcg/day
"""
ALLOWED = (
    PLAIN
    + """\
patient-bolus:
  dose: 25 mcg
  duration: 10 min
  lockout: 1 h
  most-per-day: 4
  daily-limit: 200 mcg/day
"""
)
RULE = PatientRule(50_000, 25_000, 600, 3_600, 4, 400_000)


def read(text: str) -> TherapyDocument:
    """A file of this text."""
    return parse_therapy(text.encode(), "t.yaml")


def therapy(text: str) -> Therapy:
    """What the pump would get."""
    return read(text).therapy(IDENTITY)


def refusals(text: str) -> list[str]:
    """The lines with which a file is refused, reading or turning it into a therapy."""
    with pytest.raises(HilError) as caught:
        therapy(text)
    return list(caught.value.lines)


def test_section_becomes_the_rule_in_volumes() -> None:
    """25 mcg of 500 mcg/mL are 0.05 mL, and 200 mcg in 24 h are 0.4 mL of all deliveries."""
    assert therapy(ALLOWED).patient == (RULE,)


def test_file_without_the_section_allows_nothing() -> None:
    """The patient may ask for nothing unless the file says so."""
    assert therapy(PLAIN).patient == ()


@pytest.mark.parametrize("mode", ["minimum-rate", "flex"])
def test_section_belongs_to_every_mode(mode: str) -> None:
    """Flex and minimum rate take the same section."""
    groups = 'groups:\n  - days: Mon-Sun\n    steps:\n      - {from: "00:00", to: "24:00", dose: 100 mcg}\n' if mode == "flex" else ""
    text = ALLOWED.replace("mode: simple", f"mode: {mode}").replace("daily-dose: 100 mcg/day\n", groups)

    assert therapy(text).patient == (RULE,)


@given(
    dose_ng=st.integers(1_000, 500_000),
    limit_ng=st.integers(500_000, 2_000_000),
    duration_s=st.integers(60, 43_200),
    lockout_s=st.integers(300, 86_400),
    most=st.integers(1, 24),
    concentration=st.integers(500_000, 2_000_000),
)
def test_section_writes_back_to_the_same_therapy(
    dose_ng: int, limit_ng: int, duration_s: int, lockout_s: int, most: int, concentration: int
) -> None:
    """Whatever a file can say, the pump's therapy turns into a file that says the same."""
    plain = read(ALLOWED).file
    assert plain.patient_bolus is not None
    changes = {"dose": dose_ng, "daily_limit": limit_ng, "duration": duration_s, "lockout": lockout_s, "most_per_day": most}
    file = plain.model_copy(update={"concentration": concentration, "patient_bolus": plain.patient_bolus.model_copy(update=changes)})
    sent = therapy(dump_therapy(file))

    check_therapy(sent, IDENTITY)
    assert therapy(dump_therapy(from_wire(sent, IDENTITY))) == sent
    assert therapy(dump_therapy(file)) == sent


def test_section_is_written_one_key_a_line() -> None:
    """The dump reads as a person would have written it."""
    assert dump_therapy(read(ALLOWED).file).endswith(ALLOWED.removeprefix(PLAIN))


@pytest.mark.parametrize(
    ("change", "line", "say"),
    [
        (("  dose: 25 mcg\n", ""), 6, "'dose' is missing"),
        (("  lockout: 1 h\n", ""), 6, "'lockout' is missing; add `lockout: 2 h`"),
        (("dose: 25 mcg", "dose: 25"), 7, "'25' has no unit"),
        (("dose: 25 mcg", "dose: 1e1 mcg"), 7, "exponent form"),
        (("duration: 10 min", "duration: 10"), 8, "has no unit"),
        (("most-per-day: 4", "most-per-day: four"), 10, "'four' is not a number of boluses"),
        (("most-per-day: 4", "most-per-day: 4.5"), 10, "'4.5' is not a number of boluses"),
        (("most-per-day: 4", "most-per-dya: 4"), 10, "did you mean 'most-per-day'?"),
        (("daily-limit: 200 mcg/day", "daily-limit: 200 mcg"), 11, "mcg"),
        (("  lockout", "  dose: 3 mcg\n  lockout"), 9, "'dose' is here a second time"),
        (("dose: 25 mcg", "dose: 0.1 mcg"), 7, "is below the pump's limit"),
        (("dose: 25 mcg", 'dose: "5,000 mcg"'), 7, "is above the pump's limit"),
        (("duration: 10 min", "duration: 59 s"), 8, "is below the pump's limit"),
        (("duration: 10 min", "duration: 13 h"), 8, "is above the pump's limit"),
        (("lockout: 1 h", "lockout: 4 min"), 9, "is below the pump's limit"),
        (("lockout: 1 h", "lockout: 2 days"), 9, "is above the pump's limit"),
        (("most-per-day: 4", "most-per-day: 0"), 10, "is below the pump's limit 1"),
        (("most-per-day: 4", "most-per-day: 25"), 10, "is above the pump's limit 24"),
        (("daily-limit: 200", "daily-limit: 24"), 11, "is below the pump's limit"),
    ],
    ids=lambda value: value[1][:30] if isinstance(value, tuple) else None,
)
def test_wrong_section_is_refused_with_file_and_line(change: tuple[str, str], line: int, say: str) -> None:
    """What is wrong is said at its line, with what to do."""
    assert ALLOWED.count(change[0]) == 1
    lines = refusals(ALLOWED.replace(*change))

    assert any(text.startswith(f"t.yaml:{line}: ") and say in text for text in lines), lines


@pytest.mark.parametrize(
    ("field", "line"),
    [
        (Field.VOLUME, 7),
        (Field.DOSE, 7),
        (Field.DURATION, 8),
        (Field.LOCKOUT, 9),
        (Field.MOST_PER_DAY, 10),
        (Field.WINDOW, 11),
    ],
)
def test_refusal_by_the_pump_is_traced_to_its_line(field: Field, line: int) -> None:
    """A refusal that only the pump can make still names the line of the file."""
    refused = read(ALLOWED).refused(Refusal(RefusalCode.RANGE, field, 0, 1, 2, Unit.NL))

    assert refused.lines[0].startswith(f"t.yaml:{line}: ")


def test_section_that_is_no_section_is_refused() -> None:
    """A word or a list in its place is said in one line."""
    for value in ("yes", "[1, 2]"):
        assert refusals(f"{PLAIN}patient-bolus: {value}\n")[0].startswith("t.yaml:6: ")


# -- review ---------------------------------------------------------------------------------------------------------------------


def row(current: Therapy | None, pending: Therapy) -> Row:
    """The review's line on the patient's bolus."""
    return next(line for line in review(current, pending, IDENTITY, CONDITION).rows if line.name == "patient bolus")


def test_review_shows_what_the_patient_may_ask_for() -> None:
    """Dose, time, lockout, number and limit stand in one line of the comparison, against none."""
    shown = row(therapy(PLAIN), therapy(ALLOWED))

    assert shown.change == "changed"
    assert shown.pending.splitlines() == ["25 mcg over 10 min", "one in 1 h, 4 in 24 h", "at most 200 mcg of all in 24 h"]
    assert shown.current == row(therapy(ALLOWED), therapy(PLAIN)).pending == row(None, therapy(PLAIN)).pending


def test_review_line_is_unchanged_for_the_same_rule_and_changed_for_another() -> None:
    """Any number that differs shows."""
    assert row(therapy(ALLOWED), therapy(ALLOWED)).change == "same"

    for old, new in (("25 mcg\n", "20 mcg\n"), ("10 min", "11 min"), ("1 h", "2 h"), ("day: 4", "day: 5"), ("200 mcg", "201 mcg")):
        assert row(therapy(ALLOWED), therapy(ALLOWED.replace(old, new))).change == "changed"
