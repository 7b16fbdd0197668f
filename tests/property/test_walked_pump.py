"""The pump against one that walks: day by day and step by step, with nothing known beforehand. Same acts, same digest."""

from __future__ import annotations

from hypothesis import event, given, settings
from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, Busy, Refused
from firmware_sim.firmware.prescription import Prescription
from tests.oracle.walked_pump import WalkedPump
from tests.support.strategies import WEAK, boluses, prescriptions
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, bolus_of, filled, flex, overrides_for, refill_of, running

WAITS = st.one_of(st.integers(0, 3 * US_PER_H), st.integers(0, 20 * US_PER_DAY), st.integers(0, 20).map(lambda days: days * US_PER_DAY))
ACTS = st.one_of(
    st.tuples(st.just("commit"), prescriptions()),
    st.tuples(st.just("bolus"), boluses()),
    st.tuples(st.just("refill"), st.integers(1, 9)),
    st.tuples(st.just("stop"), st.none()),
    st.tuples(st.just("start"), st.none()),
    st.tuples(st.just("set_clock"), st.integers(-30 * US_PER_H, 30 * US_PER_H)),
)
Walk = list[tuple[tuple[str, object], int]]


def do(pump: Pump, name: str, what: object) -> str:
    """Do an act; returns what became of it."""
    try:
        match name, what:
            case "commit", Prescription() as therapy:
                pump.commit(therapy, overrides=overrides_for(therapy))
            case "bolus", (int(volume_nl), int(duration_s)):
                pump.bolus(bolus_of(volume_nl, duration_s, may_lengthen=True, concentration=WEAK))
            case "refill", int(ml):
                pump.needle(withdraw_nl=None, inject_nl=ml * ML, concentration_ng_per_ml=WEAK)
                pump.refill(refill_of(ml * ML, WEAK))
            case "set_clock", int(ahead_us):
                pump.set_clock(pump.status().clock_us + ahead_us)
            case "stop", _:
                pump.stop()
            case _:
                pump.start()
    except (Refused, Busy, BenchRefused) as refusal:
        return type(refusal).__name__
    return "done"


def agree(pump: Pump, walked: Pump) -> None:
    """All that both can tell."""
    assert walked.status() == pump.status()
    assert walked.truth() == pump.truth()
    assert walked.events() == pump.events(walked.events()[0]["number"] if walked.events() else 0)  # type: ignore[arg-type]  # a number
    assert walked.digest() == pump.digest()


@settings(max_examples=25)
@given(seed=st.integers(0, 999), therapy=prescriptions(), walk=st.lists(st.tuples(ACTS, WAITS), max_size=5))
def test_pump_that_walks_is_the_same_pump(seed: int, therapy: Prescription, walk: Walk) -> None:
    """After each act and a wait of up to twenty days both tell the same, have logged the same, and have one digest."""
    pump = filled(5 * ML, seed=seed, concentration=WEAK)
    pump.commit(therapy, overrides=overrides_for(therapy))
    walked = WalkedPump.restore(pump.save())
    for (name, what), us in walk:
        answer = do(pump, name, what)
        event(f"{name} {answer}")

        assert do(walked, name, what) == answer
        for one in (pump, walked):
            one.advance(us=us)
        agree(pump, walked)


def test_whole_life_is_walked_alike() -> None:
    """Seven years of flex therapy, a refill every fifty days: each alarm of the reservoir, replacement and end of service at its time."""
    pump = running(flex((7_000, 11_000, 16_000), low_nl=7 * ML), seed=5)
    walked = WalkedPump.restore(pump.save())
    for one in (pump, walked):
        for _ in range(52):
            one.advance(days=50)
            one.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=500_000)
            one.refill(refill_of())

    agree(pump, walked)
    kinds = [(record["event"], record["detail"]) for record in pump.events() if record["kind"] == "log"]
    assert kinds.count(("ALARM_RAISED", 0)) > 40, "a low reservoir nearly every time"
    assert ("ALARM_RAISED", 6) in kinds, "replacement"
    assert ("ALARM_RAISED", 7) in kinds, "end of service"
