"""The pump's commands against an oracle that walks minute by minute and pulse by pulse and shares no dosing code."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

from hypothesis import event, given, settings
from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.prescription import Prescription
from tests.oracle.dosing_oracle import DosingOracle
from tests.support.strategies import WEAK, big_boluses, boluses, prescriptions, spans, volumes
from tests.support.therapies import (
    ML,
    UNITS_PER_NL,
    US_PER_DAY,
    bolus_of,
    filled,
    group_of,
    overrides_for,
    prescription_of,
    simple,
    steps_of,
)

START_OF_2026_US = 9_497 * US_PER_DAY
"""2026-01-01 counted from 2000-01-01 by a calendar."""


class Pair:
    """A pump and the oracle beside it; every act goes to both, and both must say the same."""

    def __init__(self, seed: int) -> None:
        self.pump = filled(40 * ML, seed=seed, concentration=WEAK)
        truth = self.pump.truth()
        self.oracle = DosingOracle(self.pump.calibration_ppm, truth.unit_error_ppm, 20, START_OF_2026_US)
        self.therapy: Prescription | None = None
        self.faults: dict[int, int] = {}

    def pass_time(self, us: int) -> None:
        """Let time pass for both; the pump's few chosen pulses are looked at to the microsecond on the way."""
        image, known = self.pump.save(), len(self.oracle.pulses)
        self.pump.advance(us=us)
        self.oracle.advance_to(self.pump.now_us)
        self.agree()
        fresh = self.oracle.pulses[known:]
        for number, pulse in list(enumerate(fresh, start=known + 1))[:: max(1, len(fresh) // 2)]:
            self._look_at_pulse(image, number, pulse.at_us)

    def _look_at_pulse(self, image: bytes, number: int, device_us: int) -> None:
        again, true_us = Pump.restore(image), self.oracle.true_of(device_us)
        if true_us > again.now_us:
            again.advance_to(true_us - 1)
            assert again.truth().steps_commanded < number
        again.advance_to(true_us)

        reached = bisect_right(self.oracle.pulses, self.oracle.device_at(true_us), key=lambda pulse: pulse.at_us)
        assert again.truth().steps_commanded == reached >= number

    def agree(self) -> None:
        """Everything that both can tell."""
        status, truth, oracle = self.pump.status(), self.pump.truth(), self.oracle

        assert status.device_us == oracle.device_us
        assert truth.steps_commanded == len(oracle.pulses)
        assert status.basal_nl == oracle.basal_units // UNITS_PER_NL
        assert status.bolus_nl == oracle.bolus_total() // UNITS_PER_NL
        assert status.computed_reservoir_nl == (40 * ML * UNITS_PER_NL - oracle.basal_units - oracle.bolus_total()) // UNITS_PER_NL
        assert truth.balance.delivered_fl == oracle.delivered_fl
        assert (status.bolus is None) == (oracle.bolus is None)
        assert status.rate_nl_per_h - oracle.rate_now() == (-(-oracle.bolus.rate() // 1) if oracle.bolus else 0)

    # -- acts ----------------------------------------------------------------------------------------------------------------

    def commit(self, therapy: Prescription) -> None:
        """A new therapy, unless a bolus runs."""
        try:
            self.pump.commit(therapy, overrides=overrides_for(therapy))
        except Busy:
            assert self.oracle.bolus is not None or self.oracle.testing
            return
        self.therapy = self.oracle.prescription = therapy

    def bolus(self, volume_nl: int, duration_s: int) -> None:
        """A bolus; a refusal must be one that the oracle would give."""
        oracle = self.oracle
        try:
            self.pump.bolus(bolus_of(volume_nl, duration_s, concentration=WEAK))
        except Busy:
            assert oracle.bolus is not None or oracle.testing
        except Refused as refused:
            assert refused.code == ("NOT_RUNNING" if oracle.prescription is None else "RATE_LIMIT")
            assert oracle.prescription is None or not oracle.fits(volume_nl, duration_s)
            event(f"bolus refused {refused.code}")
        else:
            assert oracle.fits(volume_nl, duration_s)
            oracle.give(volume_nl, duration_s)
            event("bolus given")

    def stop(self) -> None:
        """Stop both."""
        self.pump.stop()
        self.oracle.stop()

    def start(self) -> None:
        """Start both, once there is a therapy and no self-test."""
        if self.therapy is None:
            return
        try:
            self.pump.start()
        except Busy as busy:
            assert self.oracle.testing
            assert busy.until_us == self.oracle.tested_us
            return
        self.oracle.prescription = self.therapy

    def jump(self, by_us: int) -> None:
        """The clock chip jumps."""
        ran = self.oracle.bolus is not None
        self.pump.inject("clock.jump", jump_us=by_us)
        self.oracle.shift_clock(by_us)
        if ran and self.oracle.bolus is None:
            event("bolus interrupted by a jump")

    def set_clock(self, ahead_us: int) -> None:
        """The programmer sets the clock, unless a bolus or a self-test runs."""
        try:
            old_us, new_us = self.pump.set_clock(START_OF_2026_US + ahead_us)
        except Busy:
            assert self.oracle.bolus is not None or self.oracle.testing
            return
        self.oracle.shift_clock(new_us - old_us)

    def fault(self, name: str, parameter: str, ppm: int) -> None:
        """A flow fault begins."""
        handle = self.pump.inject(name, **{parameter: ppm})
        self.faults[handle] = 1_000_000 + (ppm if "excess" in parameter else -ppm)
        self.oracle.flow_ppm = tuple(self.faults.values())

    def clear(self) -> None:
        """The oldest fault ends."""
        if self.faults:
            handle = next(iter(self.faults))
            self.pump.clear(handle)
            del self.faults[handle]
            self.oracle.flow_ppm = tuple(self.faults.values())

    def reset(self) -> None:
        """A plain reset: the bolus is lost, the therapy goes on after the self-test or stays stopped."""
        self.pump.reset()
        self.oracle.restart()


Act = Callable[[Pair], None]


def acts() -> st.SearchStrategy[Act]:
    """One act on a pair."""

    def told(name: str, *parts: st.SearchStrategy[object]) -> st.SearchStrategy[Act]:
        return st.tuples(*parts).map(lambda arguments: lambda pair: getattr(pair, name)(*arguments))

    ppm = st.integers(0, 1_000_000)
    return st.one_of(
        told("commit", prescriptions(960_000)),
        boluses().map(lambda order: lambda pair: pair.bolus(*order)),
        big_boluses().map(lambda order: lambda pair: pair.bolus(*order)),
        told("stop"),
        told("start"),
        told("jump", st.integers(-3 * US_PER_DAY, 3 * US_PER_DAY)),
        told("set_clock", st.integers(-20 * US_PER_DAY, 20 * US_PER_DAY)),
        told("fault", st.just("catheter.occlusion"), st.just("fraction_ppm"), ppm),
        told("fault", st.just("motor.over_infusion"), st.just("excess_ppm"), ppm),
        told("clear"),
        told("reset"),
    )


@settings(max_examples=300)
@given(seed=st.integers(0, 2**16), therapy=prescriptions(), walk=st.lists(st.tuples(acts(), spans()), min_size=3, max_size=8))
def test_commands_what_the_oracle_says(seed: int, therapy: Prescription, walk: list[tuple[Act, int]]) -> None:
    """Steps, their times, totals and delivered volume agree with the oracle at every look, whatever is ordered in between."""
    pair = Pair(seed)
    pair.commit(therapy)
    for act, us in walk:
        act(pair)
        pair.agree()
        pair.pass_time(us)

    assert all(earlier.at_us < later.at_us for earlier, later in pairwise(pair.oracle.pulses))


@settings(max_examples=200)
@given(
    seed=st.integers(0, 2**16),
    therapy=prescriptions(900_000),
    volume_nl=volumes(1_000_000),
    duration_s=st.integers(60, 40_000),
    wait_us=st.integers(0, 7 * US_PER_DAY),
)
def test_lengthens_a_bolus_no_more_than_it_must(seed: int, therapy: Prescription, volume_nl: int, duration_s: int, wait_us: int) -> None:
    """A bolus that may be lengthened runs as asked when that fits, else for the shortest time that does."""
    pump = filled(40 * ML, seed=seed, concentration=WEAK)
    oracle = DosingOracle(pump.calibration_ppm, pump.truth().unit_error_ppm, 20, START_OF_2026_US + wait_us)
    pump.set_clock(START_OF_2026_US + wait_us)
    pump.commit(therapy, overrides=overrides_for(therapy))
    oracle.prescription = therapy
    try:
        plan = pump.check_bolus(bolus_of(volume_nl, duration_s, may_lengthen=True, concentration=WEAK))
    except Refused as refused:
        assert refused.code == "RATE_LIMIT"
        assert not oracle.fits(volume_nl, 86_400)
        return

    assert plan.end_us == plan.duration_s * 1_000_000
    assert oracle.fits(volume_nl, plan.duration_s)
    assert plan.duration_s == duration_s or not oracle.fits(volume_nl, plan.duration_s - 1)


@settings(max_examples=100)
@given(high=st.integers(100_000, 900_000), order=big_boluses(), jump_min=st.integers(560, 920), wait=st.integers(0, 100))
def test_jump_interrupts_a_bolus_that_no_longer_fits(high: int, order: tuple[int, int], jump_min: int, wait: int) -> None:
    """A clock that jumps under a running bolus ends it at that instant if a minute to come would lift the sum above the maximum."""
    pair = Pair(wait)
    day = steps_of((3_000, high, 4_000), (0, 700, 900))
    pair.commit(prescription_of("flex", (group_of(day, concentration=WEAK),), concentration=WEAK))
    pair.set_clock(0)
    pair.bolus(*order)
    pair.pass_time(order[1] * 1_000_000 * wait // 100)
    pair.jump(jump_min * 60_000_000)
    pair.agree()
    pair.pass_time(3_600_000_000)


def test_oracle_knows_a_plain_day() -> None:
    """Ten microlitres an hour for a day are 240 uL: by the printed constant 1.0 that is 960 steps, 90 s apart."""
    oracle = DosingOracle(1_000_000, 0, 0, START_OF_2026_US)
    oracle.prescription = simple(10_000)
    oracle.advance_to(US_PER_DAY)

    assert [pulse.at_us for pulse in oracle.pulses] == [90_000_000 * number for number in range(1, 961)]
    assert oracle.delivered_fl == 240_000 * 1_000_000
