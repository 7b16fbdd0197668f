"""Random walks over a whole pump: acts as data, so that the same walk can be taken again, in other pieces, or from an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, Busy, PowerCut, PowerOff, Refused
from firmware_sim.firmware.prescription import Command, PatientRule, RefillEntry
from tests.support.strategies import WEAK, big_boluses, boluses, prescriptions
from tests.support.therapies import BACLOFEN, ML, US_PER_DAY, US_PER_H, bolus_of

CAUSES = ("low_reservoir", "empty_reservoir", "motor_stall", "stopped_too_long", "memory_error", "memory_failure")
FOR_THE_PATIENT = PatientRule(20_000, 1_000, 600, 300, 12, 5 * ML)
REGIONS = ("bank_a", "bank_b", "event_ring", "delivery_records")


class Act(NamedTuple):
    """One act: a name in ACTS and its arguments."""

    name: str
    arguments: tuple[object, ...] = ()


Walk = list[tuple[Act, int]]
"""Acts, each with the microseconds that pass after it."""


def _flip(pump: Pump, region: str, offset: int, bit: int) -> None:
    pump.inject("memory.bit_flip", region=region, offset=offset, bit=bit)


def _clear_oldest(pump: Pump) -> None:
    pump.clear(pump.faults()[0].handle if pump.faults() else 0)


def _bolus(pump: Pump, volume_nl: int, duration_s: int) -> None:
    pump.bolus(bolus_of(volume_nl, duration_s, may_lengthen=True, concentration=WEAK), Command(pump.last_effect_id() + 1, 9, bytes(16)))


def _dose(pump: Pump, kind: str, *numbers: int) -> None:
    getattr(pump, kind)(*numbers, Command(pump.last_effect_id() + 1, 9, bytes(16)))


def _needle(pump: Pump, withdraw_nl: int | None, inject_nl: int, concentration: int) -> None:
    pump.needle(withdraw_nl=withdraw_nl, inject_nl=inject_nl, concentration_ng_per_ml=concentration)


def _set_clock(pump: Pump, ahead_us: int) -> None:
    pump.set_clock(pump.status().clock_us + ahead_us)


ACTS: dict[str, Callable[..., object]] = {
    "commit": Pump.commit,
    "bolus": _bolus,
    "dose": _dose,
    "stop": Pump.stop,
    "start": Pump.start,
    "refill": lambda pump, volume_nl: pump.refill(RefillEntry(volume_nl, 0, BACLOFEN, WEAK)),
    "begin_update": lambda pump, interrupt: pump.begin_update(interrupt=interrupt),
    "drop_update": Pump.drop_update,
    "set_clock": _set_clock,
    "silence": Pump.silence,
    "acknowledge": Pump.acknowledge,
    "alarm_test": Pump.alarm_test,
    "needle": _needle,
    "occlude": lambda pump, ppm: pump.inject("catheter.occlusion", fraction_ppm=ppm),
    "over_infuse": lambda pump, ppm: pump.inject("motor.over_infusion", excess_ppm=ppm),
    "stall": lambda pump: pump.inject("motor.stall"),
    "clear": _clear_oldest,
    "flip": _flip,
    "jump": lambda pump, us: pump.inject("clock.jump", jump_us=us),
    "power_cut": lambda pump, after, off_us: pump.power_cut(after_bytes=after, off_us=off_us),
    "reset": Pump.reset,
    "later_reset": lambda pump, us: pump.schedule(pump.now_us + us, "reset"),
    "later_stall": lambda pump, us: pump.schedule(pump.now_us + us, "inject", name="motor.stall"),
}
FRONT = frozenset(
    (
        "commit",
        "bolus",
        "dose",
        "stop",
        "start",
        "refill",
        "begin_update",
        "drop_update",
        "set_clock",
        "silence",
        "acknowledge",
        "alarm_test",
    )
)
"""Acts that come through the front door: the pump may refuse them."""


def do(pump: Pump, act: Act) -> str:
    """Do one act; what a pump or a bench may say no with becomes a word, anything else is a bug and comes out."""
    try:
        ACTS[act.name](pump, *act.arguments)
    except Refused as refused:
        return refused.code
    except Busy:
        return "BUSY"
    except BenchRefused:
        return "BENCH"
    except PowerOff:
        return "OFF"
    except PowerCut:
        return "CUT"
    return "OK"


def take(pump: Pump, walk: Walk) -> list[str]:
    """Take a walk; returns what became of each act."""
    said = []
    for act, us in walk:
        said.append(do(pump, act))
        pump.advance(us=us)
    return said


def front_acts() -> st.SearchStrategy[Act]:
    """Orders to the firmware."""
    ahead = st.integers(-3 * US_PER_DAY, 3 * US_PER_DAY)
    return st.one_of(
        prescriptions(200_000).map(lambda therapy: Act("commit", (therapy,))),
        prescriptions(200_000).map(lambda therapy: Act("commit", (therapy._replace(patient=(FOR_THE_PATIENT,)),))),
        doses(),
        boluses().map(lambda order: Act("bolus", order)),
        big_boluses().map(lambda order: Act("bolus", order)),
        st.integers(0, 40 * ML).map(lambda volume_nl: Act("refill", (volume_nl,))),
        st.booleans().map(lambda interrupt: Act("begin_update", (interrupt,))),
        ahead.map(lambda us: Act("set_clock", (us,))),
        st.sampled_from(CAUSES).map(lambda cause: Act("silence", (cause,))),
        st.sampled_from(CAUSES).map(lambda cause: Act("acknowledge", (cause,))),
        st.sampled_from(("stop", "start", "start", "drop_update", "alarm_test")).map(Act),
    )


def doses() -> st.SearchStrategy[Act]:
    """A patient bolus, a prime or a bridge."""
    primes = st.integers(0, ML).map(lambda volume_nl: Act("dose", ("prime", volume_nl)))
    bridges = st.tuples(st.just("bridge"), st.integers(250, ML), st.integers(2_000, 300_000)).map(lambda order: Act("dose", order))
    return st.one_of(st.just(Act("dose", ("patient_bolus",))), primes, bridges)


def bench_acts() -> st.SearchStrategy[Act]:
    """Needle, faults, power."""
    ppm, soon = st.integers(0, 1_000_000), st.integers(0, 10 * US_PER_H)
    return st.one_of(
        st.tuples(st.one_of(st.none(), st.integers(0, ML)), st.integers(0, 20 * ML), st.integers(0, 10**7)).map(
            lambda do_: Act("needle", do_)
        ),
        ppm.map(lambda value: Act("occlude", (value,))),
        ppm.map(lambda value: Act("over_infuse", (value,))),
        st.tuples(st.sampled_from(REGIONS), st.integers(0, 120), st.integers(0, 7)).map(lambda place: Act("flip", place)),
        st.integers(-3 * US_PER_DAY, 3 * US_PER_DAY).map(lambda us: Act("jump", (us,))),
        st.tuples(st.one_of(st.none(), st.integers(0, 600)), st.integers(0, US_PER_H)).map(lambda cut: Act("power_cut", cut)),
        soon.map(lambda us: Act("later_reset", (us,))),
        soon.map(lambda us: Act("later_stall", (us,))),
        st.sampled_from(("stall", "clear", "reset")).map(Act),
    )


def waits() -> st.SearchStrategy[int]:
    """How long to wait after an act."""
    return st.one_of(st.integers(0, 1_000), st.integers(0, 2 * US_PER_H), st.integers(0, 4 * US_PER_DAY))


def walks(longest: int = 12, acts: st.SearchStrategy[Act] | None = None) -> st.SearchStrategy[Walk]:
    """A walk of up to so many acts."""
    return st.lists(st.tuples(acts if acts is not None else st.one_of(front_acts(), bench_acts()), waits()), min_size=2, max_size=longest)
