"""The patient's bolus: dose limit, lockout, number a day, and the sliding window that counts what everybody gave."""

from __future__ import annotations

from bisect import bisect_left

import pytest

from firmware_sim.units import US_PER_DAY, US_PER_H, US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from hil.suite.therapies import ML, dose_of
from hil.suite.wire import Wire
from protocol.codes import Answer, DoseKind, EventKind, Mode, Unit
from protocol.messages import PatientBolus
from protocol.refusals import Field, RefusalCode
from protocol.therapy import PatientRule, Therapy

BASAL = 10_000
DAY_NL = 24 * BASAL
VOLUME_NL, DURATION_S, LOCKOUT_S = 50_000, 600, 3_600
LOCKOUT_US = LOCKOUT_S * US_PER_S
WIDE = PatientRule(VOLUME_NL, dose_of(VOLUME_NL), DURATION_S, LOCKOUT_S, 6, 2 * ML)
"""Its window is never full: a day of basal and six boluses are less."""
WORKDAYS, WEEKEND = 0b001_1111, 0b110_0000
FRIDAY = 6
"""Its number where 2000-01-01, from which the clock counts, a Saturday, is 0."""
STOPS = ((20, 40), (70, 75), (130, 150))
"""Half hours from which and until which the pump stands."""

needs = pytest.mark.pump_needs


def allowed(given: Given, rule: PatientRule = WIDE, therapy: Therapy | None = None) -> None:
    """A pump that has run for one lockout: the patient may ask."""
    given.running(given.prescribe.with_patient(therapy or given.prescribe.simple(BASAL), rule))
    given.clock.until(given.clock.device_us + rule.lockout_s * US_PER_S)


def asked(given: Given) -> int:
    """A bolus that is granted; returns when it began (device time)."""
    answer = given.wire.patient_bolus()
    assert answer.duration_s == DURATION_S
    return answer.end_us - DURATION_S * US_PER_S


def over(given: Given) -> None:
    """The bolus that runs comes to its end, and the pump goes on."""
    given.bench.advance(seconds=DURATION_S + 1)
    given.resumed()


def free_at(given: Given, free_us: int) -> None:
    """Refused a moment before, with the time at which it is free; granted then."""
    given.clock.until(free_us - 2)
    told = given.wire.patient_refusal()
    now_us = given.clock.device_us
    assert told == (RefusalCode.LOCKOUT, Field.LOCKOUT, 0, now_us, free_us, Unit.US), f"refused at {now_us}"
    given.clock.until(free_us)
    assert asked(given) == given.clock.device_us


@pytest.mark.pump_requirement("BO-01")
@needs("bench.needle", "bench.time", "bench.truth", "bench.image")
def test_patients_bolus_gives_its_volume_within_a_step(given: Given, measure: Measure) -> None:
    """What a pump with the bolus moves more than its twin without it; its record and the counters have the volume exactly."""
    allowed(given)
    end_us = given.clock.device_us + DURATION_S * US_PER_S

    def without() -> int:
        given.clock.until(end_us)
        return int(given.bench.truth()["steps_moved"])

    def with_bolus() -> int:
        asked(given)
        (told,) = given.wire.condition().bolus
        assert (told.kind, told.programmed_nl, told.end_us) == (DoseKind.PATIENT, VOLUME_NL, end_us)
        assert given.wire.condition().rate_nl_per_h == BASAL + VOLUME_NL * 3_600 // DURATION_S
        return without()

    alone, dosed = given.apart(without, with_bolus)
    step_nl = given.profile.motor.step_nl * given.wire.identity().calibration_ppm / 1_000_000
    measure("patient's bolus, in steps moved", (dosed - alone) * step_nl, unit="nL", low=VOLUME_NL - step_nl, high=VOLUME_NL + step_nl)
    counters = given.wire.counters()
    measure("patient's bolus, commanded", counters.bolus_nl, unit="nL", low=VOLUME_NL, high=VOLUME_NL)
    assert (counters.patient_bolus_granted, counters.patient_bolus_refused) == (1, 0)
    (record,) = given.wire.log(EventKind.BOLUS_ENDED)
    assert (record.detail, record.programmed_nl, record.delivered_nl) == (0, VOLUME_NL, VOLUME_NL)


# -- the dose limit -----------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("BO-13")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("short_nl", [0, 1])
def test_dose_limit_is_met_and_not_passed(given: Given, short_nl: int) -> None:
    """A day of basal and two boluses fill the limit exactly: granted. With a nanolitre less the second is refused with sum and limit,
    logged and counted; no alarm, nothing given.
    """
    both_nl = DAY_NL + 2 * VOLUME_NL
    allowed(given, WIDE._replace(window_nl=both_nl - short_nl))
    given.bench.advance(days=1)
    asked(given)
    over(given)
    given.bench.advance(hours=2)
    if not short_nl:
        asked(given)
        return
    told = given.wire.patient_refusal()

    assert told == (RefusalCode.DOSE_LIMIT, Field.WINDOW, 0, both_nl, both_nl - 1, Unit.NL)
    (record,) = given.wire.refused("PATIENT_BOLUS")
    assert (record.programmed_nl, record.delivered_nl) == (Answer.REFUSED, RefusalCode.DOSE_LIMIT)
    counters = given.wire.counters()
    assert (counters.patient_bolus_granted, counters.patient_bolus_refused, counters.bolus_nl) == (1, 1, VOLUME_NL)
    given.alarms_none()


@pytest.mark.pump_requirement("BO-13")
@needs("bench.needle", "bench.time")
def test_no_more_boluses_than_so_many_in_a_day(given: Given) -> None:
    """With two a day the third is LOCKOUT until 24 hours after the first began, to the microsecond."""
    allowed(given, WIDE._replace(most_per_day=2))
    first_us = asked(given)
    over(given)
    given.bench.advance(hours=5)
    asked(given)
    over(given)

    free_at(given, first_us + US_PER_DAY)


@pytest.mark.pump_requirement("BO-13")
@needs("bench.needle", "bench.time")
def test_bolus_cut_short_counts_with_what_it_gave(given: Given) -> None:
    """Half a bolus leaves room for a whole one under a limit that two would pass."""
    window_nl = DAY_NL + VOLUME_NL + VOLUME_NL // 2
    allowed(given, WIDE._replace(window_nl=window_nl + 10))
    given.bench.advance(days=1)
    began_us = asked(given)
    given.clock.until(began_us + DURATION_S // 2 * US_PER_S)
    given.wire.stop()
    given.wire.start()
    given.bench.advance(hours=2)
    asked(given)
    over(given)
    given.bench.advance(hours=2)

    assert given.wire.patient_refusal().code == RefusalCode.DOSE_LIMIT
    assert abs(given.wire.counters().bolus_nl - VOLUME_NL * 3 // 2) <= 1


# -- the lockout --------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("BO-14")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize(
    "how",
    [
        "nothing",
        "set forward",
        "set back",
        pytest.param("jump forward", marks=needs("bench.inject")),
        pytest.param("jump back", marks=needs("bench.inject")),
        pytest.param("reset", marks=needs("bench.power")),
        pytest.param("dark", marks=needs("bench.power")),
    ],
)
def test_lockout_counts_from_the_start_of_the_last_bolus_by_monotonic_time(given: Given, how: str) -> None:
    """Denied until then, granted from then on; no clock that is set or jumps, no reset and no cut of power shortens or lengthens it."""
    allowed(given)
    began_us = asked(given)
    over(given)
    shift_us = -US_PER_DAY if how.endswith("back") else US_PER_DAY
    if how.startswith("set"):
        given.wire.set_clock(given.wire.status().clock_us + shift_us)
    elif how.startswith("jump"):
        shown_us = given.wire.status().clock_us
        given.suffers("clock.jump", jump_us=shift_us)
        assert given.wire.status().clock_us == shown_us + shift_us, "the clock did not jump"
    elif how == "reset":
        given.bench.reset()
    elif how == "dark":
        given.bench.power_cut(off_s=1_500)
        given.bench.advance(seconds=1_500)
    given.bench.run_until("ready", limit_s=70)

    free_at(given, began_us + LOCKOUT_US)


@pytest.mark.pump_requirement("BO-14")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("act", ["update", "refill"])
def test_lockout_begins_anew_with_programming(given: Given, act: str) -> None:
    """One lockout after a COMMIT or a REFILL, whenever the last bolus was."""
    allowed(given)
    given.bench.advance(hours=5)
    if act == "update":
        given.wire.update(given.prescribe.with_patient(given.prescribe.simple(BASAL + 1), WIDE))
    else:
        given.wire.refill(given.fill_nl)

    free_at(given, given.clock.device_us + LOCKOUT_US)


@pytest.mark.pump_requirement("BO-14")
@needs("bench.needle", "bench.time")
def test_bolus_cut_short_counts_whole_for_the_lockout(given: Given) -> None:
    """Stopped after a minute, it locks from its start like any other."""
    allowed(given)
    began_us = asked(given)
    given.bench.advance(minutes=1)
    given.wire.stop()
    given.wire.start()

    free_at(given, began_us + LOCKOUT_US)


@pytest.mark.pump_requirement("BO-14")
@needs("bench.needle", "bench.time", "keys")
def test_early_request_is_denied_logged_and_counted(given: Given) -> None:
    """From the patient's own handset: LOCKOUT with the time, one record each, the count of the refused; no alarm, nothing given."""
    allowed(given)
    asked(given)
    over(given)
    given.leave()
    handset = Wire(given.rig.another_programmer(role="patient"))
    for _ in range(3):
        given.bench.advance(minutes=1)
        assert handset.patient_refusal().code == RefusalCode.LOCKOUT
    handset.programmer.close()

    counters = given.wire.counters()
    assert (counters.patient_bolus_granted, counters.patient_bolus_refused, counters.bolus_nl) == (1, 3, VOLUME_NL)
    records = given.wire.refused("PATIENT_BOLUS")
    assert [(record.programmed_nl, record.delivered_nl) for record in records] == [(Answer.REFUSED, RefusalCode.LOCKOUT)] * 3
    given.alarms_none()


# -- the window ---------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("BO-15")
@needs("bench.needle", "bench.time")
def test_clinicians_bolus_is_whole_logged_with_the_windows_sum_and_holds_the_patient_up(given: Given, measure: Measure) -> None:
    """What passes the patient's limit is given whole, and its record has limit and sum; the patient waits until every window fits again:
    two minutes before the clinician's begins to leave the day.
    """
    room_nl, clinicians_nl = 10_000, 100_000
    limit_nl = DAY_NL + clinicians_nl + room_nl
    allowed(given, WIDE._replace(window_nl=limit_nl))
    command_id = given.wire.next_id
    began_us = given.wire.bolus(clinicians_nl, DURATION_S).end_us - DURATION_S * US_PER_S
    over(given)
    measure("clinician's bolus", given.wire.counters().bolus_nl, unit="nL", low=clinicians_nl, high=clinicians_nl)
    (record,) = (entry for entry in given.wire.log(EventKind.WINDOW_SUM) if entry.command_id == command_id)
    assert record.programmed_nl == limit_nl
    measure("window's sum in the log", record.delivered_nl, unit="nL", low=DAY_NL + clinicians_nl, high=DAY_NL + clinicians_nl + 1)
    given.bench.advance(hours=3)
    told = given.wire.patient_refusal()
    assert (told.code, told.value, told.limit) == (RefusalCode.DOSE_LIMIT, DAY_NL + clinicians_nl + VOLUME_NL, limit_nl)
    # From then on the clinician's leaves the day twice as fast as the patient's comes; before, there is room for so much of the patient's.
    fits_us = began_us + US_PER_DAY - room_nl * DURATION_S * US_PER_S // VOLUME_NL
    given.clock.until(fits_us - US_PER_S)
    assert given.wire.patient_refusal().code == RefusalCode.DOSE_LIMIT
    given.clock.until(fits_us)
    asked(given)


@pytest.mark.pump_requirement("BO-15")
@needs("bench.needle", "bench.time")
def test_update_that_fills_the_window_is_whole_and_holds_the_patient_up(given: Given, measure: Measure) -> None:
    """A steeper day lies behind a new therapy: it runs as programmed, its record has the sum, and the patient waits for a day."""
    steep = 40_000
    given.running(given.prescribe.simple(steep))
    given.bench.advance(days=2)
    limit_nl = DAY_NL + VOLUME_NL
    given.wire.update(given.prescribe.with_patient(given.prescribe.simple(BASAL), WIDE._replace(window_nl=limit_nl)))
    began_us = given.clock.device_us
    (record,) = given.wire.log(EventKind.WINDOW_SUM)
    assert record.programmed_nl == limit_nl
    measure("window's sum in the log", record.delivered_nl, unit="nL", low=24 * steep, high=24 * steep + 1)
    given.clock.until(began_us + US_PER_DAY - (DURATION_S + 1) * US_PER_S)
    assert given.wire.patient_refusal().code == RefusalCode.DOSE_LIMIT
    given.clock.until(began_us + US_PER_DAY - DURATION_S * US_PER_S)

    asked(given)


@pytest.mark.pump_requirement("BO-16")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("short_nl", [0, 1])
def test_window_counts_the_basal_to_come_though_the_pump_was_stopped(given: Given, short_nl: int) -> None:
    """Twenty hours without a drop make no room, for the basal to come would fill it again: granted at the limit, not below."""
    allowed(given, WIDE._replace(window_nl=DAY_NL + VOLUME_NL - short_nl))
    given.wire.stop()
    given.bench.advance(hours=20)
    given.wire.start()

    if short_nl:
        told = given.wire.patient_refusal()
        assert (told.code, told.value, told.limit) == (RefusalCode.DOSE_LIMIT, DAY_NL + VOLUME_NL, DAY_NL + VOLUME_NL - 1)
    else:
        asked(given)


@pytest.mark.pump_requirement("BO-16")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("short_nl", [0, 1])
def test_window_counts_the_basal_of_the_past_as_programmed(given: Given, short_nl: int) -> None:
    """Early on a Saturday, with a steep Friday behind, half of which the pump stood: Friday counts whole, to the nanolitre."""
    steep, calm = 20_000, 2_000
    prescribe = given.prescribe
    groups = (prescribe.group([steep], weekdays=WORKDAYS), prescribe.group([calm], weekdays=WEEKEND))
    clock_us = given.wire.status().clock_us
    friday_us = given.clock.device_us + ((FRIDAY - clock_us // US_PER_DAY) % 7 or 7) * US_PER_DAY - clock_us % US_PER_DAY
    end_s = 3_600 + DURATION_S
    sum_nl = -(-(steep * (86_400 - end_s) + calm * end_s) // 3_600) + VOLUME_NL
    given.running(prescribe.with_patient(prescribe.of(Mode.FLEX, groups), WIDE._replace(window_nl=sum_nl - short_nl)))
    given.clock.until(friday_us + 10 * US_PER_H)
    given.wire.stop()
    given.bench.advance(hours=12)
    given.wire.start()
    given.clock.until(friday_us + US_PER_DAY + US_PER_H)
    assert given.wire.condition().rate_nl_per_h == calm

    if short_nl:
        told = given.wire.patient_refusal()
        assert (told.code, told.value, told.limit) == (RefusalCode.DOSE_LIMIT, sum_nl, sum_nl - 1)
    else:
        asked(given)


@pytest.mark.pump_requirement("BO-16", "BO-15")
@needs("bench.needle", "bench.time")
def test_no_day_holds_more_than_the_limit_however_the_patient_asks(given: Given, measure: Measure) -> None:
    """Asked for every half hour of four days, with stops in between: no 24 hours hold more than the limit, and most of it is used."""
    limit_nl = 24 * 15_000 + 4 * VOLUME_NL + VOLUME_NL // 2
    rule = WIDE._replace(window_nl=limit_nl, most_per_day=24, lockout_s=1_800)
    allowed(given, rule, given.prescribe.flex((5_000, 25_000)))
    times, totals = [given.clock.device_us], [given.wire.counters().basal_nl]
    for half_hour in range(4 * 48):
        if any(begin <= half_hour < end for begin, end in STOPS):
            given.wire.stop()
        else:
            if given.wire.status().mode == Mode.STOPPED:
                given.wire.start()
            given.wire.ask("PATIENT_BOLUS", PatientBolus(given.wire.next_id))
        given.bench.advance(seconds=1_800)
        times.append(given.clock.device_us)
        counters = given.wire.counters()
        totals.append(counters.basal_nl + counters.bolus_nl)
    sums = [total - totals[bisect_left(times, at_us - US_PER_DAY)] for at_us, total in zip(times, totals, strict=True)]

    measure("fullest 24 h", max(sums), unit="nL", low=limit_nl * 3 // 4, high=limit_nl + 2)
