"""More or less than is programmed: what a pump without a flow sensor cannot notice, and where it shows in the end."""

from __future__ import annotations

import pytest

from firmware_sim.units import S_PER_H
from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from hil.suite.therapies import BACLOFEN

RATE = 20_000
MINUTES_OF = {"14 min": 14, "16 min": 16, "a day": 24 * 60, "twenty days": 20 * 24 * 60}

needs = pytest.mark.pump_needs


def quiet_for(given: Given, minutes: int) -> None:
    """So long neither a cause nor a sound."""
    given.leave()
    sounds = given.bench.listen(duration_s=minutes * 60)
    assert sounds == [], f"{len(sounds)} sounds"
    given.alarms_none()


@pytest.mark.pump_requirement("FR-07", "RS-07")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.sound")
@pytest.mark.parametrize(("excess_ppm", "span"), [(110_000, "14 min"), (110_000, "16 min"), (90_000, "a day"), (300_000, "twenty days")])
def test_over_infusion_raises_no_alarm_and_shows_at_the_refill(given: Given, measure: Measure, excess_ppm: int, span: str) -> None:
    """However much and however long, nothing is raised; what the refill finds missing is what was delivered too much."""
    given.running(given.prescribe.simple(RATE))
    before, fill = given.bench.truth(), given.wire.condition().computed_reservoir_nl
    handle = given.suffers("motor.over_infusion", excess_ppm=excess_ppm)
    quiet_for(given, MINUTES_OF[span])
    given.bench.clear(handle)
    truth, told = given.bench.truth(), given.wire.condition()
    commanded_nl = fill - told.computed_reservoir_nl
    delivered_nl = truth["delivered_nl"] - before["delivered_nl"]
    steps = truth["steps_moved"] - before["steps_moved"]
    over = 100 * delivered_nl / (steps * before["step_fl"] / 1_000_000) - 100
    measure("excess of what is delivered", round(over, 2), unit="%", low=excess_ppm / 10_000 - 2, high=excess_ppm / 10_000 + 2)
    deed = given.bench.needle(withdraw_nl="all", inject_nl=given.fill_nl, concentration_ng_per_ml=BACLOFEN.concentration_ng_per_ml)
    answer = given.wire.refill(given.fill_nl, int(deed["withdrawn_nl"]))

    assert answer.expected_nl == told.computed_reservoir_nl
    missing_nl = answer.expected_nl - deed["withdrawn_nl"]
    too_much_nl = delivered_nl - commanded_nl
    measure("missing at the refill", missing_nl, unit="nL", low=too_much_nl - 2, high=too_much_nl + 2)


@pytest.mark.pump_requirement("FR-08")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.sound")
@pytest.mark.parametrize(("missing_ppm", "span"), [(110_000, "14 min"), (110_000, "16 min"), (90_000, "a day"), (900_000, "twenty days")])
def test_under_infusion_raises_no_alarm_while_the_rotor_turns(given: Given, measure: Measure, missing_ppm: int, span: str) -> None:
    """Whatever share of each step stays behind, nothing is noticed, and the computed volume falls as if all were given."""
    given.running(given.prescribe.simple(RATE))
    before, fill = given.bench.truth(), given.wire.condition().computed_reservoir_nl
    given.suffers("catheter.occlusion", fraction_ppm=missing_ppm)
    quiet_for(given, MINUTES_OF[span])
    truth = given.bench.truth()
    steps = truth["steps_moved"] - before["steps_moved"]
    passed = 100 * (truth["delivered_nl"] - before["delivered_nl"]) / (steps * before["step_fl"] / 1_000_000)

    measure("delivered of each step", round(passed, 2), unit="%", low=100 - missing_ppm / 10_000 - 1, high=100 - missing_ppm / 10_000 + 1)
    assert steps > 0
    commanded_nl = fill - given.wire.condition().computed_reservoir_nl
    exact_nl = RATE * MINUTES_OF[span] // 60
    measure("fall of the computed volume", commanded_nl, unit="nL", low=exact_nl - 1, high=exact_nl + exact_nl // 10_000 + 2)


BLOCKED: dict[str, tuple[str, dict[str, int | str]]] = {
    "downstream": ("catheter.occlusion", {"fraction_ppm": 1_000_000}),
    "kink": ("catheter.kink", {"fraction_ppm": 1_000_000, "kinked_minutes": 600, "open_minutes": 1}),
}


@pytest.mark.pump_requirement("OC-01")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.sound")
@pytest.mark.parametrize("how", BLOCKED)
def test_occlusion_downstream_is_not_noticed(given: Given, measure: Measure, how: str) -> None:
    """Nothing leaves, the rotor turns, the computed volume falls, and there is neither alarm nor sound, as documented of this class."""
    blocked(given, measure, *BLOCKED[how])


@pytest.mark.pump_requirement("OC-02")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.sound")
def test_blockage_upstream_is_not_noticed(given: Given, measure: Measure) -> None:
    """The same on the reservoir's side, where nothing drives the drug any more."""
    blocked(given, measure, "reservoir.no_propellant", {"loss_ppm": 1_000_000})


def blocked(given: Given, measure: Measure, fault: str, parameters: dict[str, int | str]) -> None:
    """Nine hours behind a full blockage, and ten days of silence."""
    given.running(given.prescribe.simple(RATE))
    given.bench.advance(hours=2)
    given.suffers(fault, **parameters)
    before, fill = given.bench.truth(), given.wire.condition().computed_reservoir_nl
    given.bench.advance(hours=9)
    truth = given.bench.truth()
    measure("delivered behind the blockage", truth["delivered_nl"] - before["delivered_nl"], unit="nL", low=0, high=0)
    assert truth["steps_moved"] > before["steps_moved"], "the rotor does not turn"
    fell_nl = fill - given.wire.condition().computed_reservoir_nl
    measure("fall of the computed volume", fell_nl, unit="nL", low=9 * RATE - 1, high=9 * RATE + 9)
    quiet_for(given, 10 * 24 * 60)


@pytest.mark.pump_requirement("OC-04")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
@pytest.mark.parametrize("fraction_ppm", [400_000, 1_000_000])
def test_no_motor_reversal_releases_pressure(given: Given, measure: Measure, fraction_ppm: int) -> None:
    """Behind an occlusion and after it, hour by hour, neither steps nor the delivered volume ever go back."""
    given.running(given.prescribe.simple(RATE))
    handle = given.suffers("catheter.occlusion", fraction_ppm=fraction_ppm)
    columns = given.bench.sample(every_s=S_PER_H // 4, duration_s=12 * S_PER_H)
    given.bench.clear(handle)
    later = given.bench.sample(every_s=S_PER_H // 4, duration_s=12 * S_PER_H)

    for name in ("steps_commanded", "steps_moved", "delivered_nl"):
        values = columns[name] + later[name]
        assert values == sorted(values), f"{name} goes back"
    exact_nl = 12 * RATE * (1_000_000 - fraction_ppm) / 1_000_000
    room_nl = exact_nl * given.band_percent / 100 + given.step_nl_max
    passed_nl = columns["delivered_nl"][-1] - columns["delivered_nl"][0]
    measure("delivered behind the occlusion", passed_nl, unit="nL", low=max(0, round(exact_nl - room_nl)), high=round(exact_nl + room_nl))
    assert later["steps_moved"][-1] > columns["steps_moved"][-1] > columns["steps_moved"][0], "the motor does not turn"


@pytest.mark.pump_requirement("OC-05")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.image")
@pytest.mark.parametrize("fraction_ppm", [500_000, 1_000_000])
def test_cleared_occlusion_releases_no_bolus(given: Given, measure: Measure, fraction_ppm: int) -> None:
    """After a day behind an occlusion the next hours are ordinary ones, to the nanolitre: no stored bolus comes."""
    given.running(given.prescribe.simple(RATE))

    def free() -> list[int]:
        given.bench.advance(days=1)
        return after()

    def occluded() -> list[int]:
        handle, before = given.suffers("catheter.occlusion", fraction_ppm=fraction_ppm), given.bench.truth()["delivered_nl"]
        given.bench.advance(days=1)
        given.bench.clear(handle)
        most_nl = 24 * RATE * (1 - fraction_ppm / 1_000_000) * (1 + given.band_percent / 100) + given.step_nl_max
        measure("delivered behind the occlusion", given.bench.truth()["delivered_nl"] - before, unit="nL", high=round(most_nl))
        return after()

    def after() -> list[int]:
        delivered = given.bench.sample(every_s=300, duration_s=4 * S_PER_H)["delivered_nl"]
        return [nl - delivered[0] for nl in delivered]

    ordinary, cleared = given.apart(free, occluded)
    least_nl = 4 * RATE * (100 - given.band_percent) / 100 - given.step_nl_max
    measure("delivered by the twin that was never occluded", ordinary[-1], unit="nL", low=round(least_nl))
    worst = max(nl - other for nl, other in zip(cleared, ordinary, strict=True))
    measure("bolus released by the clearing", worst, unit="nL", low=-1, high=1)
