"""The client's own check: what a pump would refuse never leaves, and is named as the pump would name it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol.codes import Mode, StatusFlag
from protocol.errors import Rejected
from protocol.messages import Bolus, Identity, Refill
from protocol.paper_pump import PaperPump
from protocol.testing import simple_therapy
from protocol.therapy import Group, Step, Therapy, index_of
from protocol.therapy_check import check_bolus, check_fill, check_refill, check_therapy

CONCENTRATION = 2_000_000
STEP = Step(0, 1440, 5000)


@pytest.fixture
def identity() -> Identity:
    """Limits and drugs of the paper pump: 2000 to 1,000,000 nL/h or exactly 250."""
    return PaperPump().identity()


def day(*steps: Step, weekdays: int = 127) -> Group:
    """A group with the dose that its steps add up to."""
    ng = sum((step.end_minute - step.start_minute) * step.rate_nl_per_h for step in steps) * CONCENTRATION // 60_000_000
    return Group(weekdays, ng, steps)


def flex(*groups: Group) -> Therapy:
    """A flex therapy of these groups."""
    return simple_therapy()._replace(mode=Mode.FLEX, groups=groups)


def simple(**changes: object) -> Therapy:
    """A good simple therapy but for the changes."""
    return simple_therapy()._replace(**changes)  # type: ignore[arg-type]  # the test's table decides the types


def rejected(check: Callable[[], None]) -> tuple[str, str, int, int, int, str]:
    """Reason, field, index, value, limit and unit of the rejection."""
    with pytest.raises(Rejected) as caught:
        check()
    error = caught.value
    return error.reason, error.field, error.index, error.value, error.limit, error.unit


GOOD = {
    "simple": simple_therapy(),
    "simple at the lowest rate": simple(groups=(day(Step(0, 1440, 2000)),)),
    "the drug's highest dose": simple_therapy()._replace(
        concentration_ng_per_ml=500_000, groups=(Group(127, 2_000_000, (Step(0, 1440, 166_667),)),)
    ),
    "minimum rate": simple(mode=Mode.MINIMUM_RATE, groups=()),
    "flex with a step at minimum rate": flex(day(Step(0, 360, 250), Step(360, 1440, 9000))),
    "flex of seven groups": flex(*(day(STEP, weekdays=1 << number) for number in range(7))),
    "flex of thirteen steps": flex(day(*(Step(at * 100, at * 100 + 100, 5000) for at in range(12)), Step(1200, 1440, 6000))),
    "dose one nL/h above": simple(groups=(Group(127, 240_000 + 48, (STEP,)),)),
    "dose one nL/h below": simple(groups=(Group(127, 240_000 - 48, (STEP,)),)),
}

BAD: dict[str, tuple[Therapy, tuple[str, str, int, int, int, str]]] = {
    "unknown mode": (simple(mode=9), ("UNKNOWN_MODE", "MODE", 0, 9, 4, "NONE")),
    "shelf": (simple(mode=0), ("UNKNOWN_MODE", "MODE", 0, 0, 4, "NONE")),
    "unknown drug": (simple(drug_id=7), ("UNKNOWN_DRUG", "DRUG", 0, 7, 0, "NONE")),
    "unknown version of a drug": (simple(drug_version=2), ("UNKNOWN_DRUG", "DRUG", 0, 1, 0, "NONE")),
    "concentration too high": (
        simple(concentration_ng_per_ml=3_000_001),
        ("RANGE", "CONCENTRATION", 0, 3_000_001, 3_000_000, "NG_PER_ML"),
    ),
    "concentration too low": (
        simple(concentration_ng_per_ml=499_999),
        ("RANGE", "CONCENTRATION", 0, 499_999, 500_000, "NG_PER_ML"),
    ),
    "low reservoir too low": (simple(low_reservoir_nl=999_999), ("RANGE", "LOW_RESERVOIR", 0, 999_999, 1_000_000, "NL")),
    "critical repeat too long": (simple(critical_repeat_s=7201), ("RANGE", "CRITICAL_REPEAT", 0, 7201, 7200, "S")),
    "non-critical repeat too short": (simple(non_critical_repeat_s=3599), ("RANGE", "NON_CRITICAL_REPEAT", 0, 3599, 3600, "S")),
    "minimum rate with a group": (simple(mode=Mode.MINIMUM_RATE), ("RANGE", "GROUPS", 0, 1, 0, "COUNT")),
    "simple without a group": (simple(groups=()), ("RANGE", "GROUPS", 0, 0, 1, "COUNT")),
    "simple with two groups": (simple(groups=(day(STEP),) * 2), ("RANGE", "GROUPS", 0, 2, 1, "COUNT")),
    "simple with two steps": (
        simple(groups=(day(Step(0, 720, 5000), Step(720, 1440, 5000)),)),
        ("RANGE", "STEPS", 0, 2, 1, "COUNT"),
    ),
    "flex without groups": (flex(), ("RANGE", "GROUPS", 0, 0, 1, "COUNT")),
    "flex of eight groups": (flex(*[day(STEP)] * 8), ("RANGE", "GROUPS", 0, 8, 7, "COUNT")),
    "a group without steps": (flex(day(STEP, weekdays=1), day(weekdays=126)), ("RANGE", "STEPS", 16, 0, 1, "COUNT")),
    "fourteen steps": (
        flex(day(*(Step(at * 100, at * 100 + 100, 5000) for at in range(14)))),
        ("RANGE", "STEPS", 0, 14, 13, "COUNT"),
    ),
    "a gap at the start": (flex(day(Step(1, 1440, 5000))), ("SCHEDULE_GAP", "START_MINUTE", 0, 1, 0, "MIN")),
    "a gap between steps": (
        flex(day(Step(0, 600, 5000), Step(601, 1440, 5000))),
        ("SCHEDULE_GAP", "START_MINUTE", 1, 601, 600, "MIN"),
    ),
    "a gap at the end": (
        flex(day(Step(0, 600, 5000), Step(600, 1439, 5000))),
        ("SCHEDULE_GAP", "END_MINUTE", 1, 1439, 1440, "MIN"),
    ),
    "an overlap": (
        flex(day(Step(0, 600, 5000), Step(599, 1440, 5000))),
        ("SCHEDULE_OVERLAP", "START_MINUTE", 1, 599, 600, "MIN"),
    ),
    "a step beyond midnight": (flex(day(Step(0, 1441, 5000))), ("SCHEDULE_MIDNIGHT", "END_MINUTE", 0, 1441, 1440, "MIN")),
    "a step across midnight": (
        flex(day(Step(0, 1320, 5000), Step(1320, 360, 5000))),
        ("SCHEDULE_MIDNIGHT", "END_MINUTE", 1, 360, 1440, "MIN"),
    ),
    "a step of no length": (flex(day(Step(0, 0, 5000), STEP)), ("SCHEDULE_MIDNIGHT", "END_MINUTE", 0, 0, 1440, "MIN")),
    "a rate too low": (flex(day(Step(0, 1440, 1999))), ("RANGE", "RATE", 0, 1999, 2000, "NL_PER_H")),
    "a rate of zero": (flex(day(Step(0, 720, 5000), Step(720, 1440, 0))), ("RANGE", "RATE", 1, 0, 2000, "NL_PER_H")),
    "a rate too high in the second group": (
        flex(day(STEP, weekdays=1), day(Step(0, 720, 5000), Step(720, 1440, 1_000_001), weekdays=126)),
        ("RANGE", "RATE", index_of(1, 1), 1_000_001, 1_000_000, "NL_PER_H"),
    ),
    "a dose that is not the rate's": (
        simple(groups=(Group(127, 240_049, (STEP,)),)),
        ("UNIT_MISMATCH", "DAILY_DOSE", 0, 240_049, 240_000, "NG"),
    ),
    "a dose a thousand times too high": (
        flex(day(STEP, weekdays=1), Group(126, 240_000_000, (STEP,))),
        ("UNIT_MISMATCH", "DAILY_DOSE", 16, 240_000_000, 240_000, "NG"),
    ),
    "a dose above the drug's limit": (
        simple(groups=(day(Step(0, 1440, 41_667)),)),
        ("RANGE", "DAILY_DOSE", 0, 2_000_016, 2_000_000, "NG"),
    ),
    "no weekday": (flex(day(STEP), day(STEP, weekdays=0)), ("RANGE", "WEEKDAYS", 16, 0, 1, "NONE")),
    "an eighth weekday": (flex(day(STEP, weekdays=128)), ("RANGE", "WEEKDAYS", 0, 128, 127, "NONE")),
    "a weekday twice": (flex(day(STEP), day(STEP, weekdays=64)), ("WEEKDAY_TWICE", "WEEKDAYS", 16, 64, 0, "NONE")),
    "a weekday missing": (flex(day(STEP, weekdays=63)), ("WEEKDAY_MISSING", "WEEKDAYS", 0, 63, 127, "NONE")),
}


@pytest.mark.parametrize("therapy", GOOD.values(), ids=GOOD)
def test_good_therapy_passes(identity: Identity, therapy: Therapy) -> None:
    """What is inside all limits, exactly at them too, is not rejected."""
    check_therapy(therapy, identity)


@pytest.mark.parametrize("therapy,expected", BAD.values(), ids=BAD)
def test_bad_therapy_is_rejected_with_its_place(
    identity: Identity, therapy: Therapy, expected: tuple[str, str, int, int, int, str]
) -> None:
    """The rejection names reason, field, place, value, limit and unit."""
    assert rejected(lambda: check_therapy(therapy, identity)) == expected


class TestFill:
    def test_of_another_concentration_is_a_mismatch(self) -> None:
        """Refill first, commit second."""
        pump = PaperPump()
        pump.fill = Refill(1, 20_000_000, 0, 1, 1_000_000)
        found = rejected(lambda: check_fill(simple_therapy(), pump.condition()))

        assert found == ("UNIT_MISMATCH", "CONCENTRATION", 0, 2_000_000, 1_000_000, "NG_PER_ML")

    def test_must_have_been_told(self) -> None:
        """A pump that was never filled runs nothing."""
        condition = PaperPump().condition()

        assert condition.flags & StatusFlag.NO_FILL
        assert rejected(lambda: check_fill(simple_therapy(), condition))[0] == "NO_FILL"

    def test_of_the_same_concentration_passes(self) -> None:
        """What fits is not rejected."""
        pump = PaperPump()
        pump.fill = Refill(1, 20_000_000, 0, 1, CONCENTRATION)
        check_fill(simple_therapy(), pump.condition())


class TestRefill:
    @pytest.mark.parametrize(
        "refill,expected",
        [
            pytest.param(Refill(1, 40_000_001, 0, 1, 5), ("RANGE", "VOLUME", 0, 40_000_001, 40_000_000, "NL"), id="above capacity"),
            pytest.param(Refill(1, 0, 40_000_001, 1, 5), ("RANGE", "WITHDRAWN", 0, 40_000_001, 40_000_000, "NL"), id="withdrawn"),
            pytest.param(Refill(1, 0, 0, 9, 5), ("UNKNOWN_DRUG", "DRUG", 0, 9, 0, "NONE"), id="unknown drug"),
        ],
    )
    def test_is_rejected(self, identity: Identity, refill: Refill, expected: tuple[str, str, int, int, int, str]) -> None:
        """More than the reservoir holds, and a drug that the pump does not know."""
        assert rejected(lambda: check_refill(refill, identity)) == expected

    def test_passes_at_capacity_with_any_concentration(self, identity: Identity) -> None:
        """Capacity itself is allowed."""
        check_refill(Refill(1, 40_000_000, 40_000_000, 1, 1), identity)


class TestBolus:
    @pytest.mark.parametrize(
        "bolus,expected",
        [
            pytest.param(Bolus(1, 249, 498, 600, 0), ("RANGE", "VOLUME", 0, 249, 250, "NL"), id="volume"),
            pytest.param(Bolus(1, 1000, 2000, 59, 0), ("RANGE", "DURATION", 0, 59, 60, "S"), id="duration"),
            pytest.param(Bolus(1, 1000, 2003, 600, 0), ("UNIT_MISMATCH", "DOSE", 0, 2003, 2000, "NG"), id="dose"),
            pytest.param(Bolus(1, 1000, 2_000_000, 600, 0), ("UNIT_MISMATCH", "DOSE", 0, 2_000_000, 2000, "NG"), id="ng for mcg"),
        ],
    )
    def test_is_rejected(self, identity: Identity, bolus: Bolus, expected: tuple[str, str, int, int, int, str]) -> None:
        """Volume, duration, and a dose that is not volume times concentration."""
        assert rejected(lambda: check_bolus(bolus, identity, CONCENTRATION)) == expected

    @pytest.mark.parametrize("dose_ng", [1998, 2000, 2002])
    def test_passes_within_one_nanolitre(self, identity: Identity, dose_ng: int) -> None:
        """A dose may differ by what one nanolitre holds."""
        check_bolus(Bolus(1, 1000, dose_ng, 600, 0), identity, CONCENTRATION)


def test_rejection_reads_as_one_line(identity: Identity) -> None:
    """A person reads field, place, value, limit and unit."""
    with pytest.raises(Rejected, match=r"^not sent: RANGE, field RATE at group 1 step 1: value 1000001 NL_PER_H, limit 1000000 NL_PER_H$"):
        check_therapy(BAD["a rate too high in the second group"][0], identity)
