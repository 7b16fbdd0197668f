"""The laws of the design, through the pump's public face: time, looking, determinism, mass, refusals, images."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.firmware.device_status import DeviceStatus
from firmware_sim.hal import RESET_CAUSES
from firmware_sim.truth import Truth
from tests.support.strategies import WEAK, pieces, prescriptions
from tests.support.therapies import ML, UNITS_PER_NL, US_PER_DAY, US_PER_H, bolus_of, filled, flex, running, simple
from tests.support.walks import FOR_THE_PATIENT, FRONT, Act, Walk, bench_acts, do, front_acts, take, waits, walks

RATE_MAX_NL_PER_H = 1_000_000
NEEDLES_MAX = 60
WINDOWS_MAX = 40
LOW_BATTERY = RESET_CAUSES.index("low_battery")
FULL_PUMP_FL = 41_400_000 * 1_000_000
TWICE_AS_MUCH = Act("inject", ("motor.over_infusion", (("excess_ppm", 1_000_000),)))
STARTING = Act("commit", (simple(20_000, concentration=WEAK),))


def started(seed: int = 0, volume_nl: int = 20 * ML) -> Pump:
    """A pump on 20 uL/h of weak drug."""
    pump = filled(volume_nl, seed, concentration=WEAK)
    do(pump, STARTING)
    return pump


def look(pump: Pump) -> None:
    """Every look there is."""
    pump.truth()
    pump.digest()
    pump.digest("therapy")
    pump.save()
    pump.next_due()
    pump.sound()
    pump.next_sound_us()
    pump.events()
    pump.load("bank_a")
    if pump.answers:
        pump.status()
        pump.read_log(0, 50)
        pump.last_effect_id()
    pump.sample(1_000_000, 0)


@settings(max_examples=100)
@given(seed=st.integers(0, 999), walk=walks(8), cuts=st.lists(st.integers(1, 9), min_size=2, max_size=12))
def test_looking_and_pieces_of_time_change_nothing(seed: int, walk: Walk, cuts: list[int]) -> None:
    """A walk whose waits are cut into pieces with every kind of look between ends bit-identical to the same walk in one go."""
    straight, looked_at = started(seed), started(seed)
    for act, us in walk:
        assert do(straight, act) == do(looked_at, act)
        straight.advance(us=us)
        for piece in pieces(us, cuts):
            look(looked_at)
            looked_at.advance(us=piece)
        look(looked_at)

    assert looked_at.digest() == straight.digest()
    assert looked_at.save() == straight.save()


@settings(max_examples=100)
@given(walk=walks(8), every_us=st.integers(US_PER_H, 2 * US_PER_DAY))
def test_sampling_is_nothing_but_advancing(walk: Walk, every_us: int) -> None:
    """Ten days of samples leave the pump as ten days at once do, and its columns never run backwards."""
    plain, sampled = started(), started()
    assert take(plain, walk) == take(sampled, walk)
    plain.advance(days=10)
    columns = sampled.sample(every_us, 10 * US_PER_DAY)

    assert sampled.digest() == plain.digest()
    for name in ("now_us", "delivered_nl", "delivered_ng", "steps_commanded", "steps_moved"):
        assert columns[name] == sorted(columns[name])


@settings(max_examples=60)
@given(seed=st.integers(0, 999), walk=walks(8))
def test_same_seed_and_acts_give_the_same_digest(seed: int, walk: Walk) -> None:
    """Two pumps of one seed agree to the bit after the same walk; a pump of another seed does not."""
    first, second, other = started(seed), started(seed), started(seed + 1)
    said = take(first, walk)
    for act, us in walk:
        do(second, act)
        second.advance(us=us)
    take(other, walk)

    assert len(said) == len(walk)
    assert first.digest() == second.digest()
    assert first.digest() != other.digest()


@settings(max_examples=100)
@given(seed=st.integers(0, 999), before=walks(6), after=walks(6))
def test_restored_pump_goes_on_bit_identically(seed: int, before: Walk, after: Walk) -> None:
    """Saved anywhere and restored, a pump answers, logs and ends as the one that was never saved."""
    pump = started(seed)
    take(pump, before)
    again = Pump.restore(pump.save())

    assert again.digest() == pump.digest()
    assert take(again, after) == take(pump, after)
    assert again.save() == pump.save()


def balanced(pump: Pump) -> None:
    """Law 5 at this instant, in integers: nothing is missing, and rounding took less than one fg/mL of a full pump for each needle act."""
    balance = pump.truth().balance

    assert balance.volume_gap_fl() == 0
    assert balance.mass_gap() == 0
    assert abs(balance.mixing_rounding_mass) < NEEDLES_MAX * FULL_PUMP_FL
    assert min(balance[: balance._fields.index("mixing_rounding_mass")]) >= 0


@settings(max_examples=80)
@given(seed=st.integers(0, 999), walk=walks(10))
@example(
    seed=0,
    walk=[
        (Act("inject", ("motor.over_infusion", (("excess_ppm", 1_000_000),))), 40 * US_PER_DAY),
        (Act("needle", (None, 5 * ML, 7)), 40 * US_PER_DAY),
    ],
)
def test_volume_and_drug_are_conserved(seed: int, walk: Walk) -> None:
    """After each act and wait of any walk, what was put in is there or went out, exactly; nothing is negative."""
    pump = started(seed)
    for act, us in walk:
        do(pump, act)
        balanced(pump)
        pump.advance(us=us)
        balanced(pump)


@pytest.mark.pump_requirement("RS-06")
@settings(max_examples=80)
@given(seed=st.integers(0, 999), walk=walks(10))
def test_delivered_never_falls_and_never_exceeds_what_was_filled(seed: int, walk: Walk) -> None:
    """Delivered volume and drug only rise, and stay within what the path held at first and the needle put in."""
    pump = started(seed)
    volume, drug, steps = 0, 0, 0
    for act, us in walk:
        do(pump, act)
        pump.advance(us=us)
        truth = pump.truth()

        assert truth.balance.delivered_fl >= volume
        assert truth.balance.delivered_mass >= drug
        assert truth.steps_commanded >= steps
        balance = truth.balance
        assert balance.delivered_fl + balance.withdrawn_fl <= balance.injected_fl + balance.drawn_back_fl
        assert balance.delivered_mass + balance.withdrawn_mass <= balance.injected_mass + abs(balance.mixing_rounding_mass)
        volume, drug, steps = balance.delivered_fl, balance.delivered_mass, truth.steps_commanded


@pytest.mark.pump_requirement("BO-03")
@settings(max_examples=100)
@given(seed=st.integers(0, 999), walk=walks(10), window_us=st.integers(1_000_000, US_PER_H))
def test_total_rate_never_exceeds_the_maximum(seed: int, walk: Walk, window_us: int) -> None:
    """Over every window of a walk no more steps are commanded than the maximum rate allows."""
    pump = started(seed)
    step_units = 900_000 * pump.calibration_ppm
    for act, us in walk:
        do(pump, act)
        for _ in range(min(us // window_us, WINDOWS_MAX)):
            steps, device_us, boots = pump.truth().steps_commanded, pump.device_us, pump.boots
            pump.advance(us=window_us)
            if pump.boots == boots:  # a reset may have lost the counter
                more = pump.truth().steps_commanded - steps
                assert (more - 1) * step_units <= RATE_MAX_NL_PER_H * (pump.device_us - device_us + 1)
        if pump.answers:
            assert 0 <= pump.status().rate_nl_per_h <= RATE_MAX_NL_PER_H


@settings(max_examples=120)
@given(walk=walks(6), order=front_acts())
def test_refusal_leaves_the_therapy_alone(walk: Walk, order: Act) -> None:
    """An order that is refused or met by BUSY leaves the therapy digest as it was, at any point of any walk."""
    pump = started()
    take(pump, walk)
    before = pump.digest("therapy")
    answer = do(pump, order)
    event(answer)

    assert answer in ("OK", "CUT") or pump.digest("therapy") == before


@settings(max_examples=100)
@given(walk=walks(10))
def test_belief_and_truth_are_two_types_that_agree_on_motion(walk: Walk) -> None:
    """Status is a DeviceStatus and truth a Truth; steps commanded are the one number both sides share."""
    pump = started()
    take(pump, walk)
    truth = pump.truth()

    assert type(truth) is Truth
    if pump.answers:
        status = pump.status()
        assert type(status) is DeviceStatus
        kept = all(record.get("event") != "BOOT" or record["detail"] != LOW_BATTERY for record in pump.events())
        assert status.steps == truth.steps_commanded or (status.steps < truth.steps_commanded and not kept)
        assert (status.basal_nl + status.bolus_nl) * UNITS_PER_NL // (900_000 * pump.calibration_ppm) <= status.steps


@settings(max_examples=100)
@given(walk=walks(10))
def test_time_never_goes_back(walk: Walk) -> None:
    """True time, the times of the journal, and between two boots device time, only rise, whatever the clock shows."""
    pump = started()
    true_us, device_us, boots = pump.now_us, pump.device_us, pump.boots
    for act, us in walk:
        do(pump, act)
        pump.advance(us=us)

        assert pump.now_us >= true_us
        assert pump.device_us >= device_us or pump.boots > boots
        true_us, device_us, boots = pump.now_us, pump.device_us, pump.boots
    times = [int(str(record["now_us"])) for record in pump.events()]
    assert times == sorted(times)


@pytest.mark.pump_requirement("LG-02")
@settings(max_examples=100)
@given(walk=walks(10, st.one_of(front_acts(), bench_acts())))
def test_alarm_that_was_raised_is_in_the_journal(walk: Walk) -> None:
    """Each raise and clear in the trace stands in the log in turn: a cause is never raised twice nor cleared unraised between two boots."""
    pump = started()
    take(pump, walk)
    active: Counter[int] = Counter()
    for record in pump.events():
        if record.get("event") == "BOOT":
            active.clear()
        if record.get("event") in ("ALARM_RAISED", "ALARM_CLEARED") and not record["value"]:  # a recovery told late names its time
            number = int(str(record["detail"]))
            active[number] += 1 if record["event"] == "ALARM_RAISED" else -1
            assert active[number] in (0, 1)


@settings(max_examples=60)
@given(seed=st.integers(0, 999), therapy=prescriptions(40_000), waited=waits())
def test_reset_catches_nothing_up(seed: int, therapy: object, waited: int) -> None:
    """After a power cut of any length, the total commanded is what it was when power failed."""
    pump = started(seed)
    do(pump, Act("commit", (therapy,)))
    do(pump, Act("bolus", (50_000, 7_200)))
    pump.advance(minutes=40)
    before = pump.truth().steps_commanded
    pump.power_cut(off_us=waited)
    pump.advance(us=waited)

    assert pump.powered
    assert pump.truth().steps_commanded == before
    assert pump.status().bolus is None


def test_walks_reach_the_front_door() -> None:
    """Of the orders that walks draw, each succeeds at some point of a plain story, so that no property holds for want of trying."""
    pump = started()
    story = [
        Act("bolus", (1_000, 60)),
        Act("begin_update", (True,)),
        Act("drop_update"),
        Act("commit", (simple(30_000, concentration=WEAK)._replace(patient=(FOR_THE_PATIENT,)),)),
        Act("dose", ("bridge", 1_000, 20_000)),
        Act("stop"),
        Act("dose", ("prime", 1_000)),
        Act("stop"),
        Act("start"),
        Act("set_clock", (US_PER_H,)),
        Act("alarm_test"),
        Act("refill", (ML,)),
        Act("silence", ("low_reservoir",)),
        Act("acknowledge", ("low_reservoir",)),
        Act("end_silences"),
        Act("interrogated"),
    ]

    assert [do(pump, act) for act in story] == ["OK"] * len(story)
    assert {act.name for act in story} == FRONT
    pump.advance(seconds=FOR_THE_PATIENT.lockout_s + 1)
    assert do(pump, Act("dose", ("patient_bolus",))) == "OK"


def test_ten_days_at_once_or_with_looks_are_one() -> None:
    """Ten days in one advance and ten days in prime pieces with looks give one digest."""
    straight, looked_at = running(flex()), running(flex())
    straight.bolus(bolus_of(100_000, 3_600))
    looked_at.bolus(bolus_of(100_000, 3_600))
    straight.advance(days=10)
    while looked_at.now_us < straight.now_us:
        look(looked_at)
        looked_at.advance_to(min(straight.now_us, looked_at.now_us + 7_919_000_001))

    assert looked_at.digest() == straight.digest()
