"""Refusals: each with its code, field, place, value, limit and unit, and each limit to the last unit on both sides."""

from __future__ import annotations

import pytest

from firmware_sim.errors import Refused
from firmware_sim.firmware.judge import judge_bolus, judge_prescription, judge_refill, place_of
from firmware_sim.firmware.prescription import BolusOrder, Group, Prescription, RefillEntry, Step
from firmware_sim.profile import load_profile
from tests.support.therapies import (
    CONCENTRATION,
    EVERY_DAY,
    ML,
    bolus_of,
    daily_dose_ng,
    filled,
    flex,
    group_of,
    minimum,
    prescription_of,
    running,
    simple,
    steps_of,
)

ITP_40 = load_profile("itp-40")
WEAK = 50_000
Told = tuple[str, str, int, int, str, int]
"""Code, field, value, limit, unit, index."""


def told(refused: Refused) -> Told:
    """All that a refusal says."""
    return refused.code, refused.field, refused.value, refused.limit, refused.unit, refused.index


def with_rate(rate: int) -> Prescription:
    """Flex with this rate in the second step of the second group."""
    day = steps_of((8_000, rate, 9_000))
    return prescription_of("flex", (group_of(steps_of([8_000]), 0b11, WEAK), group_of(day, 0b111_1100, WEAK)), concentration=WEAK)


def with_steps(*steps: tuple[int, int, int], weekdays: int = EVERY_DAY) -> Prescription:
    """Flex of one group with steps as given, fit or not."""
    made = tuple(Step(*step) for step in steps)
    return prescription_of("flex", (Group(weekdays, daily_dose_ng(made), made),))


def with_days(*masks: int) -> Prescription:
    """Flex whose groups have these weekdays."""
    return prescription_of("flex", tuple(group_of(steps_of([8_000]), mask) for mask in masks))


def with_dose(ng_more: int, rate: int = 10_000) -> Prescription:
    """Simple whose dose says so much more than its rate makes."""
    therapy = simple(rate)
    return therapy._replace(groups=(therapy.groups[0]._replace(daily_dose_ng=therapy.groups[0].daily_dose_ng + ng_more),))


def with_number(name: str, value: int) -> Prescription:
    """Simple with one of its alarm numbers changed."""
    therapy = simple()
    numbers = [
        value if field == name else getattr(therapy, field) for field in ("low_reservoir_nl", "critical_repeat_s", "non_critical_repeat_s")
    ]
    return therapy._replace(low_reservoir_nl=numbers[0], critical_repeat_s=numbers[1], non_critical_repeat_s=numbers[2])


LIMITS: dict[str, tuple[int, int, str, str]] = {
    "low_reservoir_nl": (1_000_000, 20_000_000, "LOW_RESERVOIR", "NL"),
    "critical_repeat_s": (600, 7_200, "CRITICAL_REPEAT", "S"),
    "non_critical_repeat_s": (3_600, 86_400, "NON_CRITICAL_REPEAT", "S"),
}


@pytest.mark.pump_requirement("AL-04", "RS-05")
@pytest.mark.parametrize("name", LIMITS)
def test_range_of_a_therapy_number_is_exact(name: str) -> None:
    """Both ends are accepted; one beyond is refused RANGE with the end that was passed."""
    low, high, field, unit = LIMITS[name]
    for value in (low, high):
        judge_prescription(with_number(name, value), ITP_40)

    for value, limit in ((low - 1, low), (high + 1, high)):
        with pytest.raises(Refused) as refusal:
            judge_prescription(with_number(name, value), ITP_40)
        assert told(refusal.value) == ("RANGE", field, value, limit, unit, 0)


@pytest.mark.parametrize("rate", [250, 2_000, 2_001, 999_999, 1_000_000])
def test_rate_in_range_or_exactly_minimum_is_accepted(rate: int) -> None:
    """A step's rate is within the range, or the minimum rate to the unit."""
    judge_prescription(with_rate(rate), ITP_40)


@pytest.mark.parametrize(("rate", "limit"), [(0, 2_000), (1, 2_000), (249, 2_000), (251, 2_000), (1_999, 2_000), (1_000_001, 1_000_000)])
def test_rate_outside_is_refused_with_its_place(rate: int, limit: int) -> None:
    """Zero is no rate, nor is anything between minimum and range: RANGE names group and step."""
    with pytest.raises(Refused) as refusal:
        judge_prescription(with_rate(rate), ITP_40)

    assert told(refusal.value) == ("RANGE", "RATE", rate, limit, "NL_PER_H", place_of(1, 1))
    assert place_of(1, 1) == 17


@pytest.mark.parametrize(
    ("concentration", "limit"), [(49_999, 50_000), (4_000_001, 4_000_000)], ids=["below the library", "above the library"]
)
def test_concentration_outside_the_drug_entry_is_refused(concentration: int, limit: int) -> None:
    """The drug entry's concentrations bind to the last ng/mL, in a therapy and in a refill."""
    with pytest.raises(Refused) as of_therapy:
        judge_prescription(minimum()._replace(concentration_ng_per_ml=concentration), ITP_40)
    with pytest.raises(Refused) as of_refill:
        judge_refill(RefillEntry(ML, 0, 1, concentration), ITP_40)

    assert told(of_therapy.value) == told(of_refill.value) == ("RANGE", "CONCENTRATION", concentration, limit, "NG_PER_ML", 0)
    for accepted in (50_000, 4_000_000):
        judge_refill(RefillEntry(ML, 0, 1, accepted), ITP_40)


SHAPES: dict[str, tuple[Prescription, Told]] = {
    "unknown drug": (simple()._replace(drug_id=99), ("UNKNOWN_DRUG", "DRUG", 99, 0, "NONE", 0)),
    "other version of the drug entry": (simple()._replace(drug_version=2), ("UNKNOWN_DRUG", "DRUG", 1, 0, "NONE", 0)),
    "simple with two groups": (
        prescription_of("simple", with_days(0b1, 0b111_1110).groups),
        ("RANGE", "GROUPS", 2, 1, "COUNT", 0),
    ),
    "simple with two steps": (prescription_of("simple", flex((8_000, 9_000)).groups), ("RANGE", "STEPS", 2, 1, "COUNT", 0)),
    "minimum rate with a group": (prescription_of("minimum_rate", simple().groups), ("RANGE", "GROUPS", 1, 0, "COUNT", 0)),
    "eight groups": (with_days(*(1 << day for day in range(7)), 0), ("RANGE", "GROUPS", 8, 7, "COUNT", 0)),
    "fourteen steps": (flex([8_000 + rate for rate in range(14)]), ("RANGE", "STEPS", 14, 13, "COUNT", 0)),
    "weekday twice": (with_days(0b11, 0b111_1110), ("WEEKDAY_TWICE", "WEEKDAYS", 0b10, 0, "NONE", 16)),
    "no weekday": (with_days(0b111_1111, 0), ("RANGE", "WEEKDAYS", 0, 1, "NONE", 16)),
    "eighth weekday": (with_days(0b1000_0000), ("RANGE", "WEEKDAYS", 128, 127, "NONE", 0)),
    "flex without groups": (prescription_of("flex", ()), ("RANGE", "GROUPS", 0, 1, "COUNT", 0)),
    "simple without a group": (prescription_of("simple", ()), ("RANGE", "GROUPS", 0, 1, "COUNT", 0)),
    "group without steps": (with_steps(), ("RANGE", "STEPS", 0, 1, "COUNT", 0)),
    "weekday missing": (with_days(0b11, 0b11_1100), ("WEEKDAY_MISSING", "WEEKDAYS", 0b11_1111, 0b111_1111, "NONE", 0)),
    "gap at the start": (with_steps((1, 1_440, 8_000)), ("SCHEDULE_GAP", "START_MINUTE", 1, 0, "MIN", 0)),
    "gap between": (with_steps((0, 60, 8_000), (61, 1_440, 9_000)), ("SCHEDULE_GAP", "START_MINUTE", 61, 60, "MIN", 1)),
    "gap at the end": (with_steps((0, 60, 8_000), (60, 1_439, 9_000)), ("SCHEDULE_GAP", "END_MINUTE", 1_439, 1_440, "MIN", 1)),
    "overlap": (with_steps((0, 60, 8_000), (59, 1_440, 9_000)), ("SCHEDULE_OVERLAP", "START_MINUTE", 59, 60, "MIN", 1)),
    "crosses midnight": (with_steps((0, 60, 8_000), (60, 1_441, 9_000)), ("SCHEDULE_MIDNIGHT", "END_MINUTE", 1_441, 1_440, "MIN", 1)),
    "ends before it starts": (with_steps((0, 60, 8_000), (60, 30, 9_000)), ("SCHEDULE_MIDNIGHT", "END_MINUTE", 30, 1_440, "MIN", 1)),
    "dose too high for the drug": (simple(400_000), ("RANGE", "DAILY_DOSE", 4_800_000, 4_000_000, "NG", 0)),
}


@pytest.mark.pump_requirement("FR-13")
@pytest.mark.parametrize("name", SHAPES)
def test_misshapen_therapy_is_refused(name: str) -> None:
    """Each way in which a therapy can be wrong has its own code, and names what was found and what the limit is."""
    therapy, expected = SHAPES[name]
    with pytest.raises(Refused) as refusal:
        judge_prescription(therapy, ITP_40)

    assert told(refusal.value) == expected


@pytest.mark.pump_requirement("FR-13")
@pytest.mark.parametrize("name", SHAPES)
def test_refused_commit_changes_no_therapy(name: str) -> None:
    """The pump runs on as before after each, with its digest and generation."""
    pump = running()
    before, generation = pump.digest("therapy"), pump.status().generation
    with pytest.raises(Refused):
        pump.commit(SHAPES[name][0])

    assert (pump.digest("therapy"), pump.status().generation, pump.status().mode) == (before, generation, "simple")


def test_most_groups_and_steps_are_accepted() -> None:
    """Seven groups, and thirteen steps, are a therapy."""
    judge_prescription(with_days(*(1 << day for day in range(7))), ITP_40)
    judge_prescription(flex([8_000 + rate for rate in range(13)]), ITP_40)


@pytest.mark.parametrize(("rate", "ng"), [(333_333, 3_999_996), (333_334, 4_000_008)])
def test_daily_dose_limit_binds(rate: int, ng: int) -> None:
    """Four milligrams a day is the device's limit of the drug entry; the next rate above it is refused."""
    assert simple(rate).groups[0].daily_dose_ng == ng
    if ng <= 4_000_000:
        judge_prescription(simple(rate), ITP_40)
        return
    with pytest.raises(Refused, match="RANGE: DAILY_DOSE"):
        judge_prescription(simple(rate), ITP_40)


@pytest.mark.parametrize("more", [-12, -1, 0, 1, 12])
def test_dose_within_one_nanolitre_an_hour_is_accepted(more: int) -> None:
    """One nL/h of 500 mcg/mL is 12 ng a day: so far the dose and the rate may differ."""
    judge_prescription(with_dose(more), ITP_40)


@pytest.mark.pump_requirement("PG-15")
@pytest.mark.parametrize("more", [-13, 13])
def test_dose_that_does_not_fit_its_rate_is_refused(more: int) -> None:
    """One nanogram further is UNIT_MISMATCH, with the dose that the rate makes."""
    with pytest.raises(Refused) as refusal:
        judge_prescription(with_dose(more), ITP_40)

    assert told(refusal.value) == ("UNIT_MISMATCH", "DAILY_DOSE", 120_000 + more, 120_000, "NG", 0)


BOLUSES: dict[str, tuple[BolusOrder, Told]] = {
    "below one step": (bolus_of(249, 60), ("RANGE", "VOLUME", 249, 250, "NL", 0)),
    "above the largest": (bolus_of(5_000_001, 86_400), ("RANGE", "VOLUME", 5_000_001, 5_000_000, "NL", 0)),
    "too short": (bolus_of(1_000, 59), ("RANGE", "DURATION", 59, 60, "S", 0)),
    "too long": (bolus_of(1_000, 86_401), ("RANGE", "DURATION", 86_401, 86_400, "S", 0)),
    "dose of another concentration": (BolusOrder(1_000, 1_000, 600), ("UNIT_MISMATCH", "DOSE", 1_000, 500, "NG", 0)),
    "dose two nanograms off": (BolusOrder(1_000, 502, 600), ("UNIT_MISMATCH", "DOSE", 502, 500, "NG", 0)),
}


@pytest.mark.parametrize("name", BOLUSES)
def test_bolus_outside_its_limits_is_refused(name: str) -> None:
    """Volume, duration and dose are judged each on its own, and the pump goes on as before."""
    pump = running()
    before = pump.digest("therapy")
    with pytest.raises(Refused) as refusal:
        pump.bolus(BOLUSES[name][0])

    assert told(refusal.value) == BOLUSES[name][1]
    assert pump.digest("therapy") == before


@pytest.mark.parametrize("order", [bolus_of(250, 60), bolus_of(5_000_000, 86_400)], ids=["smallest", "largest"])
def test_bolus_at_its_limits_is_accepted(order: BolusOrder) -> None:
    """Both ends belong to the range."""
    judge_bolus(order, CONCENTRATION, ITP_40)


@pytest.mark.parametrize(("dose_ng", "fits"), [(11, False), (12, True), (13, True), (14, False)])
def test_dose_of_weak_drug_is_judged_to_the_nanogram(dose_ng: int, fits: bool) -> None:
    """250 nL of 50 mcg/mL are 12.5 ng: the two whole doses beside it fit, the next ones do not."""
    order = BolusOrder(250, dose_ng, 60)
    if fits:
        judge_bolus(order, WEAK, ITP_40)
        return
    with pytest.raises(Refused, match="UNIT_MISMATCH"):
        judge_bolus(order, WEAK, ITP_40)


@pytest.mark.parametrize(("dose_ng", "fits"), [(1_996, True), (1_995, False), (2_004, True), (2_005, False)])
def test_dose_of_strong_drug_is_judged_to_the_nanolitre(dose_ng: int, fits: bool) -> None:
    """500 nL of 4 mg/mL are 2,000 ng, and one nanolitre is 4 ng either way."""
    order = BolusOrder(500, dose_ng, 60)
    if fits:
        judge_bolus(order, 4_000_000, ITP_40)
        return
    with pytest.raises(Refused, match="UNIT_MISMATCH"):
        judge_bolus(order, 4_000_000, ITP_40)


REFILLS: dict[str, tuple[RefillEntry, Told]] = {
    "above capacity": (RefillEntry(40 * ML + 1, 0, 1, CONCENTRATION), ("RANGE", "VOLUME", 40 * ML + 1, 40 * ML, "NL", 0)),
    "withdrawn above capacity": (RefillEntry(0, 40 * ML + 1, 1, CONCENTRATION), ("RANGE", "WITHDRAWN", 40 * ML + 1, 40 * ML, "NL", 0)),
    "unknown drug": (RefillEntry(ML, 0, 3, CONCENTRATION), ("UNKNOWN_DRUG", "DRUG", 3, 0, "NONE", 0)),
    "saline with drug in it": (RefillEntry(ML, 0, 2, 1), ("RANGE", "CONCENTRATION", 1, 0, "NG_PER_ML", 0)),
}


@pytest.mark.parametrize("name", REFILLS)
def test_impossible_refill_is_refused(name: str) -> None:
    """What a reservoir cannot hold, or the library does not know, is no refill."""
    pump = running()
    before = pump.digest("therapy")
    with pytest.raises(Refused) as refusal:
        pump.refill(REFILLS[name][0])

    assert told(refusal.value) == REFILLS[name][1]
    assert pump.digest("therapy") == before


def test_capacity_is_the_profiles() -> None:
    """The small pump takes 20 mL to the last nanolitre and no more."""
    judge_refill(RefillEntry(20 * ML, 20 * ML, 1, CONCENTRATION), load_profile("itp-20"))
    with pytest.raises(Refused, match="RANGE: VOLUME is 20000001, limit 20000000"):
        judge_refill(RefillEntry(20 * ML + 1, 0, 1, CONCENTRATION), load_profile("itp-20"))


@pytest.mark.parametrize(
    ("therapy", "expected"),
    [
        (simple(concentration=400_000), ("UNIT_MISMATCH", "CONCENTRATION", 400_000, 500_000, "NG_PER_ML", 0)),
        (simple(concentration=0), ("UNIT_MISMATCH", "DRUG", 2, 1, "NONE", 0)),
    ],
    ids=["other concentration", "other drug"],
)
def test_therapy_must_fit_the_last_refill(therapy: Prescription, expected: Told) -> None:
    """Refill first, commit second: a therapy for another fluid than the one told is refused."""
    pump = running()
    with pytest.raises(Refused) as refusal:
        pump.commit(therapy)

    assert told(refusal.value) == expected


def test_no_therapy_runs_before_a_refill_was_told() -> None:
    """Without a REFILL there is nothing to compute from: NO_FILL."""
    from firmware_sim import Pump

    with pytest.raises(Refused, match="NO_FILL"):
        Pump().commit(simple())


def test_check_judges_and_changes_nothing() -> None:
    """`check` refuses what `commit` would refuse and leaves every bit alone."""
    pump = filled()
    before = pump.digest()
    pump.check(simple())
    with pytest.raises(Refused):
        pump.check(simple(0))

    assert pump.digest() == before
