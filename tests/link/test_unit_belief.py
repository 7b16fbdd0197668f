"""What the wire tells is what the pump believes: therapies come back as sent, STATUS and INTERROGATE say what the firmware says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.device_status import DeviceStatus
from firmware_sim.firmware.prescription import Prescription
from hil.therapy.prescription import MODE_NAMES, image_digest, to_prescription, to_therapy
from protocol.client import Programmer
from protocol.codec import decode, encode
from protocol.codes import DoseKind, Mode, StatusFlag
from protocol.limits import IMAGE_BYTES_MAX, SOFT_DOSE_RULE
from protocol.therapy import Group, Step, Therapy
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, CONCENTRATION, Bedside

WEEKDAYS = 7
SOFT_DAILY_NG = 1_000_000
"""The drug's soft limit of a day's dose; above it an update names the rule that somebody passed."""


@st.composite
def steps_of_a_day(draw: st.DrawFn) -> tuple[Step, ...]:
    """One to thirteen steps that tile the day, at rates the pump can run."""
    edges = sorted(draw(st.sets(st.integers(1, 1439), max_size=12)))
    rates = st.one_of(st.just(250), st.integers(2_000, 40_000))
    return tuple(Step(start, end, draw(rates)) for start, end in zip([0, *edges], [*edges, 1440], strict=True))


@st.composite
def therapies(draw: st.DrawFn) -> Therapy:
    """Any therapy that the itp-40 filled with 500 mcg/mL takes."""
    mode = draw(st.sampled_from([Mode.MINIMUM_RATE, Mode.SIMPLE, Mode.FLEX]))
    days: dict[int, int] = {}
    for day in range(WEEKDAYS if mode == Mode.FLEX else 0):
        place = draw(st.integers(0, WEEKDAYS - 1))
        days[place] = days.get(place, 0) | 1 << day
    if mode == Mode.SIMPLE:
        days = {0: 127}
    groups = []
    for weekdays in days.values():
        steps = draw(steps_of_a_day()) if mode == Mode.FLEX else (Step(0, 1440, draw(st.integers(2_000, 100_000))),)
        dose_ng = sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in steps) * CONCENTRATION // 60_000_000
        groups.append(Group(weekdays, dose_ng, steps))
    low_nl, critical_s = draw(st.integers(1_000_000, 20_000_000)), draw(st.integers(600, 7_200))
    return Therapy(mode, 1, 1, CONCENTRATION, low_nl, critical_s, draw(st.integers(3_600, 86_400)), tuple(groups))


@given(therapies())
def test_therapy_and_prescription_are_two_shapes_of_one_thing(therapy: Therapy) -> None:
    """Wire to firmware and back, and through the bytes of either, nothing is lost or bent."""
    prescription = to_prescription(therapy)

    assert to_therapy(prescription) == therapy
    assert to_therapy(Prescription.decode(prescription.encode())) == therapy
    assert to_prescription(decode(Therapy, encode(therapy))) == prescription
    assert len(encode(therapy)) <= IMAGE_BYTES_MAX


@given(therapies(), st.integers(0, 8 * 24 * 3_600), st.booleans(), st.booleans())
def test_wire_tells_what_the_pump_believes(therapy: Therapy, seconds: int, bolus: bool, stop: bool) -> None:
    """Any therapy the limits allow is taken; STATUS and INTERROGATE agree with the firmware's own status at any time after."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    above_soft = any(group.daily_dose_ng > SOFT_DAILY_NG for group in therapy.groups)
    programmer.update(therapy, overrides=(SOFT_DOSE_RULE,) if above_soft else ())
    bedside.advance(seconds=seconds)
    if bolus:
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S, may_lengthen=True)
        bedside.advance(seconds=BOLUS_S // 3)
    if stop:
        programmer.stop()

    assert programmer.interrogate().therapy == therapy
    check_status(programmer, bedside.unit.pump.status())
    check_condition(programmer, bedside.unit.pump.status())


def check_status(programmer: Programmer, belief: DeviceStatus) -> None:
    """The short look against the firmware's belief."""
    status = programmer.status()
    assert (status.device_us, status.clock_us, status.boot_count) == (belief.device_us, belief.clock_us, belief.boot_count)
    assert (status.mode, status.generation) == (MODE_NAMES[belief.mode], belief.generation)
    assert belief.prescription is not None
    assert status.therapy_digest == image_digest(belief.prescription)
    assert bool(status.flags & StatusFlag.BOLUS_RUNNING) == (belief.bolus is not None)
    assert bool(status.flags & StatusFlag.CONCENTRATION_PENDING) == belief.concentration_pending
    assert status.alarms == sum(1 << number_of(alarm.cause) for alarm in belief.alarms if alarm.active)


def check_condition(programmer: Programmer, belief: DeviceStatus) -> None:
    """The parts of an interrogation against the firmware's belief."""
    told = programmer.interrogate()
    condition, counters = told.condition, told.counters
    assert condition.rate_nl_per_h == belief.rate_nl_per_h
    assert condition.computed_reservoir_nl == belief.computed_reservoir_nl
    assert condition.low_reservoir_clock_us == (belief.low_reservoir_clock_us or 0)
    assert condition.empty_clock_us == (belief.empty_clock_us or 0)
    bolus = [(*entry[:-1], DoseKind(entry.kind).name.lower()) for entry in condition.bolus]
    assert bolus == ([tuple(belief.bolus)] if belief.bolus else [])
    assert (counters.patient_bolus_granted, counters.patient_bolus_refused) == (belief.patient_granted, belief.patient_refused)
    assert (counters.basal_nl, counters.bolus_nl, counters.steps) == (belief.basal_nl, belief.bolus_nl, belief.steps)
    assert (counters.log_oldest, counters.log_newest) == (belief.log_oldest, belief.log_newest)
    assert told.generation == belief.generation
