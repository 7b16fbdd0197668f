"""The patient's closed forms against the same equations as differential equations, integrated by scipy."""

from __future__ import annotations

from math import inf, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.patient import Patient
from firmware_sim.plant.patient.cascade import Cascade, Node
from firmware_sim.plant.patient.preset import Preset
from firmware_sim.units import MASS_PER_NG
from tests.oracle.patient_oracle import Floats, Input, Line, Sites, Stirred, integrate
from tests.support.therapies import ML, US_PER_H, bolus_of, running, simple

SLICES = 240
"""Of the line: its own error is of the order of (slice / width)^2."""
HOURS_PER_YEAR = 8_766
HOURS = (0.5, 1.0, 2.0, 3.5, 6.0, 9.0, 14.0, 24.0, 30.0, 47.0)


def fluid_of(person: Preset) -> Stirred | Line:
    """The oracle's fluid for a preset's numbers, and where its places are."""
    csf = person.csf
    if person.model == "one-compartment":
        return Stirred(csf.clearance_ml_per_h * csf.half_life_h / log(2), csf.clearance_ml_per_h)
    loss = log(2) / csf.half_life_h
    length = person.spine.length_cm
    place = length - person.spine.below_cisterna_cm(person.places.tip)
    return Line(length, csf.area_cm2, csf.length_constant_cm**2 * loss, loss, place, csf.source_width_cm, SLICES)


def sites_of(person: Preset) -> Sites:
    """The oracle's sites: reflex, legs, arms, brain, in this order."""
    places, tone, csf = person.places, person.tone, person.csf
    stirred = person.model == "one-compartment"

    def up(place: str) -> float:
        return person.spine.length_cm - (person.spine.below_cisterna_cm(place) if place else 0)

    rows = [
        (up(places.legs), person.reflex.rate_per_h, person.reflex.half_effect_ng_per_ml, person.reflex.half_effect_plasma_ng_per_ml, 1.0),
        (up(places.legs), tone.rate_per_h, tone.legs_half_effect_ng_per_ml, tone.half_effect_plasma_ng_per_ml, 1.0),
        (
            up(places.arms),
            tone.rate_per_h,
            tone.arms_half_effect_ng_per_ml,
            tone.half_effect_plasma_ng_per_ml,
            csf.arms_share if stirred else 1.0,
        ),
        (up(""), person.brain.rate_per_h, person.brain.unit_ng_per_ml, inf, csf.cisternal_share if stirred else 1.0),
    ]
    return Sites((person.plasma.volume_ml, person.plasma.half_life_h), rows, person.tolerance.time_h, person.withdrawal.burden_time_h)


def therapy(pump: Pump) -> None:
    """A rate, another, a bolus, a stop."""
    pump.advance(hours=5)
    pump.commit(simple(8_000))
    pump.advance(hours=3)
    pump.bolus(bolus_of(100_000, 1_800))
    pump.advance(hours=4)
    pump.stop()
    pump.advance(hours=40)


def inputs_of(pump: Pump, began_us: int) -> list[Input]:
    """What left the tip, as flows between hours."""
    pieces = pump.record_delivery().pieces()
    begins = [(piece.since.at_us - began_us) / US_PER_H for piece in pieces]
    ends = [*begins[1:], begins[-1] + 1000]
    spans = [(piece.until.at_us - piece.since.at_us) / US_PER_H for piece in pieces]
    rates = [(piece.until.mass - piece.since.mass) / MASS_PER_NG / span for piece, span in zip(pieces, spans, strict=True)]
    flows = [Input(begin, end, rate) for begin, end, rate in zip(begins, ends, rates, strict=True) if end > begin]
    return [Input(0, 0, pieces[0].pushed.mass / MASS_PER_NG), *flows]


def shown(person: Preset, hour: float, levels: Floats, rest: Floats) -> tuple[float, ...]:
    """Lumbar, cisternal, plasma, reflex, legs and overdose as the oracle has them."""
    fluid, tone, tolerance = fluid_of(person), person.tone, person.tolerance
    needle = person.spine.length_cm - person.spine.below_cisterna_cm(person.places.needle)
    share = person.csf.cisternal_share if person.model == "one-compartment" else 1.0
    blood, reflex, site, _, brain, used, brain_used, _ = rest
    plasma = blood / person.plasma.volume_ml
    need = (1 + tolerance.drift_per_year * hour / HOURS_PER_YEAR) * (1 + tolerance.tone_share * used)
    eased = 1 / (1 + (need / site) ** tone.exponent) if site else 0
    return (
        fluid.read(levels, needle),
        share * fluid.read(levels, person.spine.length_cm),
        plasma,
        1 / (1 + reflex**person.reflex.exponent),
        tone.legs_ashworth - (tone.legs_ashworth - tone.least_ashworth) * eased,
        (brain + plasma / person.brain.unit_plasma_ng_per_ml) / (1 + tolerance.brain_share * brain_used),
    )


@pytest.mark.parametrize(
    "preset, seed, tolerance",
    [
        ("one-compartment", None, 1e-6),
        ("one-compartment", 4, 1e-6),
        ("label-consistent", None, 2e-3),
        ("label-consistent", 4, 2e-3),
        ("steep", None, 4e-3),
    ],
)
def test_patient_is_what_the_equations_say(preset: str, seed: int | None, tolerance: float) -> None:
    """Levels and effects under a therapy with a change of rate, a bolus and a stop follow the equations of the model at every hour."""
    pump = running(simple(20_000), volume_nl=30 * ML)
    pump.advance(days=2)
    patient, began_us = Patient(pump, preset, seed=seed), pump.now_us
    therapy(pump)
    found = integrate(fluid_of(patient.person), sites_of(patient.person), inputs_of(pump, began_us), HOURS)

    for hour, (levels, rest) in zip(HOURS, found, strict=True):
        state = patient.at(began_us + round(hour * US_PER_H))
        seen = (*state[1:5], state.ashworth_legs, state.overdose)
        slack = tolerance * max(state.lumbar_ng_per_ml, 10)
        for value, wanted, most in zip(seen, shown(patient.person, hour, levels, rest), (slack, slack, 1e-4, 0, 0, 1e-4), strict=True):
            assert value == pytest.approx(wanted, rel=tolerance, abs=max(most, tolerance)), hour


@settings(max_examples=60)
@given(
    rates=st.lists(st.floats(0.01, 50), min_size=2, max_size=6),
    inflow=st.floats(0, 100),
    hours=st.floats(0, 40),
    cut=st.floats(0, 1),
)
def test_chain_of_any_rates_keeps_what_it_is_given(rates: list[float], inflow: float, hours: float, cut: float) -> None:
    """A chain of compartments, rates equal or not, holds and has lost together what flowed in, in one go or in two."""
    nodes = [Node(f"{place}", rate, {f"{place - 1}": rates[place - 1]} if place else {}) for place, rate in enumerate(rates)]
    chain = Cascade.of(nodes, [])
    nothing, steady = [0.0] * len(rates), chain.steady({"0": inflow})
    whole = chain.amounts(chain.after(nothing, steady.coordinates, hours))
    first = chain.after(nothing, steady.coordinates, hours * cut)
    both = chain.amounts(chain.after(first, steady.coordinates, hours - hours * cut))
    lost = rates[-1] * chain.amounts(chain.summed(nothing, steady.coordinates, hours))[f"{len(rates) - 1}"]
    largest = max(abs(part) for vector in chain.vectors for part in vector)
    slack = 1e-13 * largest**2 + 3e-5

    assert sum(whole.values()) + lost == pytest.approx(inflow * hours, rel=slack, abs=slack)
    assert list(whole.values()) == pytest.approx(list(both.values()), rel=slack, abs=slack)


def test_chain_of_equal_rates_is_the_gamma_of_two() -> None:
    """Two compartments of one rate pass a dose on as t exp(-t) does, to what putting them apart costs."""
    chain = Cascade.of([Node("a", 1.0, {}), Node("b", 1.0, {"a": 1.0})], [{"b": 1.0}])
    left = chain.left(chain.coordinates({"a": 1.0}), [0.0, 0.0], 0.5)

    assert chain.columns(2, [left], [[0.0]]) == [[pytest.approx(2.5 * 0.0820849986238988, rel=1e-5)]]


def test_typical_patient_of_a_pump_that_never_ran_has_nothing() -> None:
    """Without drug every level is 0 and every effect that of no drug."""
    pump = Pump("itp-40")
    patient = Patient(pump)
    pump.advance(days=1)
    state = patient.at()

    assert state[1:4] == (0.0, 0.0, 0.0)
    assert (state.reflex_share, state.ashworth_legs, state.spasm_score, state.signs) == (1.0, 4.0, 3.3, ())
