"""A state machine over the whole pump: any order of acts, invariants after each."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_sim import Pump
from firmware_sim.firmware.modes import RUNNING
from firmware_sim.firmware.prescription import Prescription
from tests.support.strategies import WEAK, big_boluses, prescriptions
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, filled, simple
from tests.support.walks import CAUSES, Act, bench_acts, do, front_acts, waits


class WholePump(RuleBasedStateMachine):
    """A pump, and beside it a twin made from its image now and then, which must never differ."""

    def __init__(self) -> None:
        super().__init__()
        self.pump = filled(20 * ML, seed=3, concentration=WEAK)
        self.twin: Pump | None = None
        self.delivered_fl = 0
        self.log_newest = -1
        self.stopped_us = -1
        self.boots = self.pump.boots

    def act(self, act: Act) -> str:
        """Do an act on the pump and its twin."""
        answer = do(self.pump, act)
        if self.twin is not None:
            assert do(self.twin, act) == answer
        if act.name in ("commit", "start", "power_cut"):
            self.stopped_us = -1  # it ran for an instant at least, or a cut fell into its writes
        return answer

    @rule(act=front_acts())
    def order(self, act: Act) -> None:
        """An order to the firmware."""
        before = self.pump.digest("therapy")
        answer = self.act(act)
        assert answer in ("OK", "CUT") or self.pump.digest("therapy") == before

    @rule(act=bench_acts())
    def bench(self, act: Act) -> None:
        """An act of the bench."""
        self.act(act)

    @rule(therapy=prescriptions(100_000))
    def commit(self, therapy: Prescription) -> None:
        """A therapy, more often than chance would."""
        self.act(Act("commit", (therapy,)))

    @rule(order=big_boluses())
    def bolus(self, order: tuple[int, int]) -> None:
        """A bolus, more often than chance would."""
        self.act(Act("bolus", order))

    @rule(volume_nl=st.integers(ML, 20 * ML))
    def refill(self, volume_nl: int) -> None:
        """Needle and programmer agree."""
        self.act(Act("needle", (None, volume_nl, WEAK)))
        self.act(Act("refill", (volume_nl,)))

    @rule(us=waits())
    def wait(self, us: int) -> None:
        """Time passes; for the twin in two pieces."""
        self.pump.advance(us=us)
        if self.twin is not None:
            self.twin.advance(us=us // 3)
            self.twin.advance(us=us - us // 3)

    @rule(us=st.integers(1, 60 * US_PER_DAY))
    def wait_long(self, us: int) -> None:
        """Weeks pass."""
        self.wait(us)

    @precondition(lambda self: self.pump.powered)
    @rule()
    def wait_for_what_is_next(self) -> None:
        """Time passes exactly to the pump's next deadline."""
        due = self.pump.next_due()
        if due is not None and due > self.pump.now_us:
            self.wait(due - self.pump.now_us)

    @rule()
    def fork(self) -> None:
        """The twin is made anew from an image."""
        self.twin = Pump.restore(self.pump.save())

    # -- what always holds -----------------------------------------------------------------------------------------------------

    @invariant()
    def twin_agrees(self) -> None:
        """A restored pump is the pump."""
        assert self.twin is None or self.twin.digest() == self.pump.digest()

    @invariant()
    def mass_is_conserved(self) -> None:
        """Law 5."""
        balance = self.pump.truth().balance
        assert (balance.volume_gap_fl(), balance.mass_gap()) == (0, 0)
        assert min(balance) >= 0
        assert balance.delivered_fl >= self.delivered_fl
        self.delivered_fl = balance.delivered_fl

    @invariant()
    def belief_is_sound(self) -> None:
        """Modes, rates and totals fit each other."""
        if not self.pump.powered:
            return
        status = self.pump.status()
        running = status.mode in RUNNING
        primes = status.bolus is not None and status.bolus.kind == "prime"
        assert (status.rate_nl_per_h > 0) == (running or primes)
        assert 0 <= status.rate_nl_per_h <= 1_000_000
        assert status.bolus is None or running != primes
        assert status.stop_reason == "none" or not running
        assert status.boot_count == self.pump.boots >= self.boots
        assert status.computed_reservoir_nl is None or status.computed_reservoir_nl <= 40 * ML
        self.boots = self.pump.boots

    @invariant()
    def critical_alarms_end_boluses(self) -> None:
        """No bolus runs beside an active critical alarm; alarms are of the catalogue and not from the future."""
        if not self.pump.powered:
            return
        status = self.pump.status()
        critical = [alarm.cause for alarm in status.alarms if alarm.active and alarm.critical]
        assert status.bolus is None or not critical
        assert {alarm.cause for alarm in status.alarms} <= set(CAUSES)
        assert all(alarm.raised_us <= status.device_us for alarm in status.alarms)

    @invariant()
    def stopped_pumps_say_so_in_time(self) -> None:
        """Nobody stays stopped for 48 h without the alarm, and nobody who runs has it."""
        if not self.pump.powered:
            return
        status = self.pump.status()
        alarmed = any(alarm.cause == "stopped_too_long" and alarm.active for alarm in status.alarms)
        if status.mode != "stopped":
            self.stopped_us = -1
            assert not alarmed
            return
        self.stopped_us = self.stopped_us if self.stopped_us >= 0 else status.device_us
        assert alarmed or status.device_us < self.stopped_us + 2 * US_PER_DAY

    @invariant()
    def log_only_grows(self) -> None:
        """Journal numbers rise."""
        if self.pump.powered:
            oldest, newest, _ = self.pump.read_log(0, 0)
            assert newest >= oldest
            assert newest >= self.log_newest
            self.log_newest = max(self.log_newest, newest)

    @invariant()
    def next_due_is_not_past(self) -> None:
        """What was due has happened."""
        due = self.pump.next_due()
        assert due is None or due >= self.pump.now_us


WholePump.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
TestWholePump = WholePump.TestCase


def test_machine_starts_from_a_pump_that_can_run() -> None:
    """The machine's first pump takes a therapy, so that its rules have something to break."""
    machine = WholePump()

    assert machine.act(Act("commit", (simple(20_000, concentration=WEAK),))) == "OK"
    machine.wait(US_PER_H)
    assert machine.pump.status().mode == "simple"
