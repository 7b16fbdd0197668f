"""The patient-bolus rule, searched for a hole: no 24 hours hold more than the therapy's limit because of a patient bolus."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import event, given, settings, target
from hypothesis import strategies as st

from firmware_sim.errors import BenchRefused, Busy, PowerCut, PowerOff, Refused
from firmware_sim.firmware.prescription import BolusOrder, Command, PatientRule, Prescription
from tests.oracle.window_oracle import DAY_US, Watch
from tests.support.strategies import WEAK, WHOLE_NL, prescriptions, volumes
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, US_PER_S, filled, group_of, prescription_of, refill_of, simple, steps_of

CLINICIANS = frozenset(("commit", "bolus", "bridge", "prime", "set_clock", "jump"))
"""Acts that may push a window over, as the window binds patient boluses only."""
Move = tuple[str, tuple[int, ...]]


def average_nl_per_h(therapy: Prescription) -> int:
    """A round idea of what the therapy runs at, so that limits fall where they bind."""
    rates = [step.rate_nl_per_h for group in therapy.groups for step in group.steps]
    return sum(rates) // len(rates) if rates else 250


def contrasts() -> st.SearchStrategy[Prescription]:
    """Half days of little and of much: where a wrong idea of the past shows most."""
    calm, steep = st.integers(2_000, 5_000), st.integers(30_000, 60_000)
    halves = st.tuples(calm, steep, st.booleans()).map(lambda drawn: drawn[:2] if drawn[2] else drawn[1::-1])
    return halves.map(lambda rates: prescription_of("flex", (group_of(steps_of(rates), concentration=WEAK),), concentration=WEAK))


def any_therapy() -> st.SearchStrategy[Prescription]:
    """A therapy of any mode with a rule for the patient."""
    return patient_therapies(st.one_of(contrasts(), prescriptions(60_000)))


@st.composite
def patient_therapies(draw: st.DrawFn, therapies: st.SearchStrategy[Prescription]) -> Prescription:
    """A therapy with a rule for the patient: a limit near a day of basal and some boluses more."""
    therapy = draw(therapies)
    volume_nl = draw(volumes(200_000))
    window_nl = 24 * average_nl_per_h(therapy) + draw(st.integers(1, 6)) * volume_nl + draw(st.integers(-1_000, 30_000))
    rule = PatientRule(
        volume_nl,
        volume_nl // WHOLE_NL,
        draw(st.sampled_from((900, 1_800, 7_200))),
        draw(st.sampled_from((300, 3_600, 7_200, 18_000))),
        draw(st.one_of(st.just(24), st.integers(1, 6))),
        max(volume_nl, window_nl),
    )
    return therapy._replace(patient=(rule,))


def moves() -> st.SearchStrategy[Move]:
    """What patient, clinician, bench and chance do; a number is an index, a volume, or microseconds."""
    span = st.one_of(st.sampled_from((-12 * US_PER_H, 12 * US_PER_H)), st.integers(-2 * US_PER_DAY, 2 * US_PER_DAY))
    quiet = st.sampled_from(("stop", "start", "start", "stall", "clear", "reset")).map(lambda name: (name, ()))
    return st.one_of(
        quiet,
        st.integers(1, 5).map(lambda times: ("halves", (times,))),
        st.integers(0, US_PER_DAY).map(lambda us: ("dark", (us,))),
        st.integers(0, 400).map(lambda count: ("cut", (count,))),
        st.integers(0, 2 * ML).map(lambda nl: ("refill", (nl,))),
        st.integers(0, 1).map(lambda which: ("commit", (which,))),
        st.tuples(volumes(300_000), st.integers(60, 7_200)).map(lambda order: ("bolus", order)),
        st.tuples(st.integers(250, 300_000), st.integers(2_000, 300_000)).map(lambda order: ("bridge", order)),
        st.integers(250, 300_000).map(lambda nl: ("prime", (nl,))),
        span.map(lambda us: ("set_clock", (us,))),
        span.map(lambda us: ("jump", (us,))),
    )


def pauses() -> st.SearchStrategy[int]:
    """How long to wait after a move: within a bolus, hours, more than a day."""
    return st.one_of(st.just(0), st.integers(0, US_PER_H), st.integers(0, 8 * US_PER_H), st.integers(0, 30 * US_PER_H))


class Bed:
    """A pump under watch, with the two therapies its clinician has."""

    def __init__(self, therapies: tuple[Prescription, Prescription]) -> None:
        self.therapies = therapies
        self.pump = filled(20 * ML, concentration=WEAK)
        self.watch = Watch(self.pump)
        self.since_us = 0
        self.acts: dict[str, Callable[..., object]] = {
            "stop": self.pump.stop,
            "start": self.pump.start,
            "reset": self.pump.reset,
            "stall": lambda: self.pump.inject("motor.stall"),
            "clear": self.clear,
            "dark": lambda us: self.pump.power_cut(off_us=us),
            "cut": lambda count: self.pump.power_cut(after_bytes=count),
            "refill": self.refill,
            "commit": self.commit,
            "bolus": lambda volume_nl, s: self.pump.bolus(
                BolusOrder(volume_nl, volume_nl // WHOLE_NL, s, may_lengthen=True), self.command()
            ),
            "bridge": lambda volume_nl, rate: self.pump.bridge(volume_nl, rate, self.command()),
            "prime": lambda volume_nl: self.pump.prime(volume_nl, self.command()),
            "set_clock": lambda us: self.pump.set_clock(max(0, self.pump.status().clock_us + us)),
            "jump": lambda us: self.pump.inject("clock.jump", jump_us=us),
            "halves": lambda times: self.ask(times, halved=True),
        }

    def command(self) -> Command:
        """The next command."""
        return Command(self.pump.last_effect_id() + 1, 9, bytes(16))

    def clear(self) -> None:
        """Every fault ends."""
        for fault in self.pump.faults():
            self.pump.clear(fault.handle)

    def refill(self, volume_nl: int) -> None:
        """Needle and programmer agree."""
        self.pump.needle(withdraw_nl=None, inject_nl=volume_nl, concentration_ng_per_ml=WEAK)
        self.pump.refill(refill_of(volume_nl, WEAK))
        self.since_us = self.pump.device_us

    def commit(self, which: int) -> None:
        """One of the two therapies."""
        self.pump.commit(self.therapies[which], self.command())
        self.since_us = self.pump.device_us

    def do(self, name: str, numbers: tuple[int, ...]) -> None:
        """One act; the pump may refuse it, be busy, have no power, or lose it."""
        try:
            self.acts[name](*numbers)
        except (Refused, Busy, PowerOff, BenchRefused):
            return
        except PowerCut:
            pass  # what was being written may stand
        if name in CLINICIANS:
            self.watch.excuse()

    def ask(self, times: int, *, halved: bool = False) -> None:
        """The patient asks, and asks again one lockout later; `halved` boluses are cut short in their middle by a stop."""
        for _ in range(times):
            therapy = self.pump.status().prescription if self.pump.powered else None
            if therapy is None:
                return
            rule = therapy.patient[0]
            self.ask_once(rule)
            if halved:
                self.watch.wait(rule.duration_s * US_PER_S // 2)
                self.do("stop", ())
                self.do("start", ())
            self.watch.wait(self.pump.true_us_of(self.pump.device_us + rule.lockout_s * US_PER_S) - self.pump.now_us)

    def ask_once(self, rule: PatientRule) -> None:
        """One request, judged by lockout and number a day if it is granted."""
        try:
            self.pump.patient_bolus(self.command())
        except PowerCut:
            pass  # it may have begun, and is counted as if it had not
        except (Refused, Busy):
            event("refused")
        else:
            self.check_lockout(rule)
            self.watch.granted(rule)

    def check_lockout(self, rule: PatientRule) -> None:
        """The grant of this instant by lockout and number a day, by device time."""
        now_us, grants_us = self.pump.device_us, [grant.at_us for grant in self.watch.grants]
        assert now_us - max([self.since_us, *grants_us[-1:]]) >= rule.lockout_s * US_PER_S
        assert sum(1 for at_us in grants_us if at_us > now_us - DAY_US) < rule.most_per_day


@pytest.mark.pump_requirement("BO-16")
@settings(max_examples=300)
@given(
    first=any_therapy(),
    second=any_therapy(),
    run_us=st.sampled_from((0, 20 * US_PER_H, 30 * US_PER_H)),
    walk=st.lists(st.tuples(moves(), pauses(), st.integers(0, 4)), min_size=1, max_size=8),
)
def test_no_window_is_pushed_over_its_limit_by_a_patient_bolus(
    first: Prescription, second: Prescription, run_us: int, walk: list[tuple[Move, int, int]]
) -> None:
    """Across stops, resets, dark times, stalls, dry reservoirs and refills, no 24 hours after a grant hold more than the limit, unless a
    clinician's act or a clock jump came in between; a later grant then finds every window fitting again.
    """
    bed = Bed((first, second))
    bed.do("commit", (0,))
    bed.watch.wait((first.patient[0].lockout_s + 1) * US_PER_S + run_us)
    bed.ask(3)
    for (name, numbers), pause_us, times in walk:
        bed.do(name, numbers)
        bed.watch.wait(pause_us)
        bed.ask(times)
    bed.do("start", ())
    bed.watch.wait(DAY_US)

    assert not bed.watch.excesses()
    event(f"{min(len(bed.watch.grants), 5)} grants")
    target(float(bed.watch.fullest_share()), label="fullest window at a grant")


class OneRate:
    """A pump of one rate and the rule on paper beside it: doses as (start, end, nL), basal from the commit on, over stops too."""

    def __init__(self, therapy: Prescription) -> None:
        self.rule = therapy.patient[0]
        self.rate_nl_per_h = therapy.groups[0].steps[0].rate_nl_per_h
        self.pump = filled(40 * ML, concentration=WEAK)
        self.pump.commit(therapy)
        self.began_us = self.pump.device_us
        self.doses: list[tuple[int, int, int]] = []
        self.cut_short = 0

    def ask(self) -> None:
        """The patient asks: paper and pump agree, but for the nanolitre that a dose cut short may have given more than its floor."""
        now_us, rule = self.pump.device_us, self.rule
        asked = (now_us, now_us + rule.duration_s * US_PER_S, rule.volume_nl)
        fullest = self.fullest(now_us, asked)
        try:
            self.pump.patient_bolus(Command(self.pump.last_effect_id() + 1, 9, bytes(16)))
        except Busy:
            return
        except Refused as refused:
            assert refused.code in ("DOSE_LIMIT", "LOCKOUT")
            if refused.code == "DOSE_LIMIT":
                assert fullest > rule.window_nl - self.cut_short
                assert fullest <= refused.value < fullest + self.cut_short + 1
                assert (refused.field, refused.limit, refused.unit) == ("WINDOW", rule.window_nl, "NL")
        else:
            assert fullest <= rule.window_nl
            self.doses.append(asked)

    def bolus(self) -> None:
        """A clinician's bolus, which no window holds up."""
        now_us = self.pump.device_us
        if self.pump.status().bolus is None:
            self.pump.bolus(BolusOrder(20_000, 20_000 // WHOLE_NL, 600), Command(self.pump.last_effect_id() + 1, 9, bytes(16)))
            self.doses.append((now_us, now_us + 600 * US_PER_S, 20_000))

    def halt(self) -> None:
        """Stop and start at once; a dose that ran ends here on paper too."""
        run = self.pump.status().bolus
        self.pump.stop()
        self.pump.start()
        if run is None:
            return
        self.cut_short += 1
        self.doses.pop()
        if run.start_us < self.pump.device_us:
            self.doses.append((run.start_us, self.pump.device_us, run.delivered_nl))

    def total(self, at_us: int) -> Fraction:
        """Counted by then, in nL, exactly."""
        total = Fraction(self.rate_nl_per_h * max(0, at_us - self.began_us), US_PER_H)
        for start_us, end_us, volume_nl in self.doses:
            total += Fraction(volume_nl * max(0, min(at_us, end_us) - start_us), end_us - start_us)
        return total

    def fullest(self, now_us: int, asked: tuple[int, int, int]) -> Fraction:
        """The fullest window that ends within the next 24 h, with what is asked for in it."""
        self.doses.append(asked)
        turns = [now_us, self.began_us, *(at_us for dose in self.doses for at_us in dose[:2])]
        ends = {now_us, now_us + DAY_US} | {turn_us + shift_us for turn_us in turns for shift_us in (0, DAY_US)}
        held = [self.total(end_us) - self.total(end_us - DAY_US) for end_us in ends if now_us <= end_us <= now_us + DAY_US]
        self.doses.pop()
        return max(held)


ONE_RATE_ACTS: dict[str, Callable[[OneRate], None]] = {"ask": OneRate.ask, "bolus": OneRate.bolus, "halt": OneRate.halt}


@settings(max_examples=120)
@given(
    therapy=patient_therapies(st.integers(2_000, 60_000).map(lambda rate: simple(rate, concentration=WEAK))),
    acts=st.lists(
        st.tuples(st.sampled_from(("ask", "ask", "ask", "halt", "bolus")), st.integers(0, 4 * US_PER_H)), min_size=3, max_size=16
    ),
)
def test_bolus_is_refused_only_where_a_window_would_be_too_full(therapy: Prescription, acts: list[tuple[str, int]]) -> None:
    """At one rate the rule on paper and the pump agree on every request: granted where all fits, else DOSE_LIMIT with the sum and the
    limit; a dose cut short counts with what it gave, to the nanolitre.
    """
    bed = OneRate(therapy)
    bed.pump.advance(hours=6)
    for name, us in acts:
        ONE_RATE_ACTS[name](bed)
        bed.pump.advance(us=us)
