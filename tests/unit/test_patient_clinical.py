"""The patient against what is published: a table of figures, each with how near the model must come and what kind of figure it is.

`published` figures come from labels and studies; `derived` ones were worked out from them by arithmetic, and the model must meet them
closely. Where the model cannot come near, the row says how far it is: see the page on the patient.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from typing import Literal, NamedTuple

import pytest

from firmware_sim.plant.patient.axial import AxialLine
from firmware_sim.plant.patient.preset import load_preset
from tests.support.bodies import MODELS, Sitter, after_bolus, body_of, bolused, infusing, level_at, steady

MCG = 1_000
DOSE = 50 * MCG
BOTH = MODELS
STIRRED = ("one-compartment",)
AXIAL = ("label-consistent",)


class Row(NamedTuple):
    """A figure: who says so, the presets that must meet it, how the model gives it, and what it must lie between."""

    what: str
    rules: tuple[str, ...]
    kind: Literal["published", "derived"]
    source: str
    presets: tuple[str, ...]
    measure: Callable[[str], float]
    low: float
    high: float


def about(value: float, slack: float) -> tuple[float, float]:
    """Between a value less and more a share of it."""
    return value * (1 - slack), value * (1 + slack)


def half_life(preset: str) -> float:
    """Hours in which the level after a bolus halves, late enough for spread to be over."""
    return log(2) / log(after_bolus(preset, DOSE, 8).lumbar_ng_per_ml / after_bolus(preset, DOSE, 9).lumbar_ng_per_ml)


def clearance(preset: str) -> float:
    """Dose rate over steady level, at the tip."""
    return 1 / level_at(preset, body_of(preset).person.places.tip, body_of(preset).person.places.tip)


def reached(preset: str, hours: float, what: str) -> float:
    """Share of the change that an infusion has made by then."""
    return float(getattr(infusing(preset, 300 * MCG, hours), what) / getattr(steady(preset, 300 * MCG), what))


def left(preset: str, hours: float) -> float:
    """Share of the slow site that is left so long after the end of an infusion."""
    return infusing(preset, 0.0, hours, 300 * MCG).legs / steady(preset, 300 * MCG).legs


def step(preset: str, what: str) -> float:
    """Share of a step of 20 % that has been made after 2 h."""
    before, after = (getattr(steady(preset, dose * MCG), what) for dose in (300, 360))
    return float((getattr(infusing(preset, 360 * MCG, 2, 300 * MCG), what) - before) / (after - before))


def reflex(preset: str, dose_mcg_per_day: float) -> float:
    """H/M, as a share of that without drug, after long infusion."""
    return float(1 / (1 + steady(preset, dose_mcg_per_day * MCG).reflex ** load_preset(preset).reflex.exponent))


def reflex_after(preset: str, hours: float) -> float:
    """H/M after a bolus of 50 mcg by needle."""
    return bolused(DOSE, preset, hours=hours).patient.at().reflex_share


def tone_after(preset: str, hours: float, what: str = "legs") -> float:
    """Share of the way to no spasticity so long after 50 mcg."""
    state, tone = bolused(DOSE, preset, hours=hours).patient.at(), load_preset(preset).tone
    base = getattr(tone, f"{what}_ashworth")
    return float((base - getattr(state, f"ashworth_{what}")) / (base - tone.least_ashworth))


def course(preset: str, drop: float) -> tuple[float, float, float]:
    """(first hour, hour of the most, last hour) at which legs are softer by so much after 50 mcg."""
    sitter = bolused(DOSE, preset)
    hours = [tenth / 10 for tenth in range(300)]
    legs = [state.ashworth_legs for state in sitter.looks(hours)]
    softer = [hour for hour, ashworth in zip(hours, legs, strict=True) if ashworth <= 4 - drop]
    return softer[0], hours[legs.index(min(legs))], softer[-1]


def infusion_course(preset: str) -> tuple[float, float]:
    """(first hour of half a point, hour of the most) of a first infusion of 100 mcg a day."""
    sitter = Sitter(100 * MCG, preset)
    sitter.pump.advance(days=4)
    hours = [tenth / 5 for tenth in range(4 * 24 * 5)]
    legs = [state.ashworth_legs for state in sitter.looks(hours)]
    return next(hour for hour, ashworth in zip(hours, legs, strict=True) if ashworth <= 3.5), hours[legs.index(min(legs))]


def dose_of_effect(preset: str, share: float) -> float:
    """Mcg a day that in the long run have this share of the full effect on legs."""
    tone, tolerance = load_preset(preset).tone, load_preset(preset).tolerance
    ratio = (share / (1 - share)) ** (1 / tone.exponent)
    wanted = ratio / (1 - tolerance.tone_share * ratio)
    return float(wanted / steady(preset, MCG).legs)


def slope_cm(preset: str) -> float:
    """The length constant between T12 and T2 with the tip below both."""
    return 20 / log(level_at(preset, "T12", "L2") / level_at(preset, "T2", "L2"))


LABEL, MODEL = "label", "arithmetic on CL 30 mL/h and half-life 1.51 h"
ROWS = [
    # levels after a bolus
    Row("level at once", ("R-053",), "derived", MODEL, STIRRED, lambda p: after_bolus(p, DOSE, 0).lumbar_ng_per_ml, *about(765, 0.005)),
    Row("level at 1 h", (), "derived", MODEL, STIRRED, lambda p: after_bolus(p, DOSE, 1).lumbar_ng_per_ml, *about(484, 0.005)),
    Row("level at 2 h", (), "derived", MODEL, STIRRED, lambda p: after_bolus(p, DOSE, 2).lumbar_ng_per_ml, *about(305, 0.005)),
    Row("level at 4 h", (), "derived", MODEL, STIRRED, lambda p: after_bolus(p, DOSE, 4).lumbar_ng_per_ml, *about(122, 0.005)),
    Row("level at 8 h", (), "derived", MODEL, STIRRED, lambda p: after_bolus(p, DOSE, 8).lumbar_ng_per_ml, *about(19.4, 0.02)),
    Row("half-life (h)", ("R-056",), "published", "US label, first 4 h", STIRRED, half_life, *about(1.51, 0.001)),
    Row("half-life (h)", ("R-056",), "published", "label: 1 to 5", BOTH, half_life, 0.9, 5),
    Row("volume (mL)", ("R-053",), "published", "label: 22 to 157", STIRRED, lambda p: sum(body_of(p).space.weights_ml), 22, 157),
    Row("volume (mL)", ("R-053",), "derived", MODEL, STIRRED, lambda p: sum(body_of(p).space.weights_ml), *about(65.4, 0.002)),
    Row("clearance (mL/h)", ("R-057",), "published", LABEL, STIRRED, clearance, *about(30, 1e-6)),
    Row("clearance at the tip (mL/h)", ("R-057",), "published", LABEL, AXIAL, clearance, *about(30, 0.15)),
    # levels on an infusion: the label's two ends cannot both come from one clearance, so a factor of 2
    Row("50 mcg/day", ("R-054",), "published", "label: 130 ng/mL", STIRRED, lambda p: steady(p, 50 * MCG).lumbar_ng_per_ml, 65, 260),
    Row("1200 mcg/day", ("R-054",), "published", "label: 1240 ng/mL", BOTH, lambda p: steady(p, 1200 * MCG).lumbar_ng_per_ml, 620, 2480),
    Row(
        "50 mcg/day", ("R-054",), "published", "label: 130 ng/mL, at the tip", AXIAL, lambda p: level_at(p, "T10", "T10", 50 * MCG), 65, 260
    ),
    Row(
        "50 mcg/day",
        ("R-054",),
        "derived",
        "dose rate over CL 30 mL/h",
        STIRRED,
        lambda p: steady(p, 50 * MCG).lumbar_ng_per_ml,
        *about(69.4, 0.002),
    ),
    Row(
        "1200 mcg/day",
        ("R-054",),
        "derived",
        "dose rate over CL 30 mL/h",
        STIRRED,
        lambda p: steady(p, 1200 * MCG).lumbar_ng_per_ml,
        *about(1667, 0.001),
    ),
    Row("plateau by 48 h", ("R-055",), "published", "label: 1 to 2 days", BOTH, lambda p: reached(p, 48, "lumbar_ng_per_ml"), 0.99, 1),
    Row(
        "lumbar to cisternal", ("R-058",), "published", "label: 1.8 to 8.7", BOTH, lambda p: steady(p, 1e5)[0] / steady(p, 1e5)[1], 1.8, 8.7
    ),
    Row(
        "plasma at 1200 mcg/day", ("R-059",), "published", "label: below 5", BOTH, lambda p: steady(p, 1200 * MCG).plasma_ng_per_ml, 0.5, 5
    ),
    Row("plasma of a child, 1200 mcg/day", ("R-060",), "published", "label: below 10", ("child",), lambda p: steady(p, 1.2e6)[2], 5, 10),
    # along the line
    Row(
        "T2 to T12",
        ("R-058",),
        "published",
        "Kroin 1993: 0.43",
        AXIAL,
        lambda p: level_at(p, "T2", "L2") / level_at(p, "T12", "L2"),
        *about(0.43, 0.01),
    ),
    Row("length constant (cm)", (), "derived", "Kroin 1993", AXIAL, slope_cm, *about(23.7, 0.01)),
    Row(
        "T12 to cisterna",
        (),
        "derived",
        "exp(35 / 23.7)",
        AXIAL,
        lambda p: level_at(p, "T12", "L3") / level_at(p, "", "L3"),
        *about(exp(35 / 23.7), 0.01),
    ),
    Row(
        "6 cm from the tip",
        ("R-064",),
        "published",
        "pigs: within a few cm",
        ("steep",),
        lambda p: level_at(p, "T7", "T10") / level_at(p, "T10", "T10"),
        0,
        0.4,
    ),
    Row(
        "20 cm from the tip",
        ("R-064",),
        "published",
        "pigs: within a few cm",
        ("steep",),
        lambda p: level_at(p, "C8", "T10") / level_at(p, "T10", "T10"),
        0,
        0.01,
    ),
    # sites, without their curves
    Row("slow site 6 h into an infusion", ("R-052",), "derived", MODEL, STIRRED, lambda p: reached(p, 6, "legs"), *about(0.36, 0.02)),
    Row("slow site 8 h into an infusion", ("R-052",), "derived", MODEL, STIRRED, lambda p: reached(p, 8, "legs"), *about(0.48, 0.02)),
    Row("slow site at 24 h", ("R-052",), "derived", MODEL, BOTH, lambda p: reached(p, 24, "legs"), *about(0.92, 0.02)),
    Row("slow site at 48 h", ("R-052",), "derived", MODEL, BOTH, lambda p: reached(p, 48, "legs"), *about(0.995, 0.005)),
    Row(
        "slow site, 6 h over 4 h",
        ("R-051",),
        "derived",
        MODEL,
        STIRRED,
        lambda p: after_bolus(p, DOSE, 6).legs / after_bolus(p, DOSE, 4).legs,
        *about(0.93, 0.01),
    ),
    Row(
        "slow site, 0.5 h over 4 h",
        ("R-051",),
        "derived",
        MODEL,
        STIRRED,
        lambda p: after_bolus(p, DOSE, 0.5).legs / after_bolus(p, DOSE, 4).legs,
        *about(0.32, 0.02),
    ),
    Row(
        "slow site, 1 h over 4 h",
        ("R-051",),
        "derived",
        MODEL,
        STIRRED,
        lambda p: after_bolus(p, DOSE, 1).legs / after_bolus(p, DOSE, 4).legs,
        *about(0.55, 0.02),
    ),
    Row("left 6 h after a stop", ("R-066",), "derived", MODEL, STIRRED, lambda p: left(p, 6), *about(0.64, 0.02)),
    Row("left 12 h after a stop", ("R-066",), "derived", MODEL, STIRRED, lambda p: left(p, 12), *about(0.33, 0.02)),
    Row("left 24 h after a stop", ("R-066",), "derived", MODEL, STIRRED, lambda p: left(p, 24), *about(0.08, 0.05)),
    Row("left 48 h after a stop", ("R-066",), "derived", MODEL, STIRRED, lambda p: left(p, 48), 0.003, 0.007),
    Row("slow site, step of 20 % after 2 h", ("R-049",), "derived", MODEL, STIRRED, lambda p: step(p, "legs"), *about(0.07, 0.1)),
    Row("level, step of 20 % after 2 h", ("R-049",), "derived", MODEL, STIRRED, lambda p: step(p, "lumbar_ng_per_ml"), *about(0.60, 0.01)),
    # reflex
    Row("H/M at 30 mcg/day", (), "derived", "Hill fit", BOTH, lambda p: reflex(p, 30), 0.80, 0.84),
    Row("H/M at 70 mcg/day", (), "derived", "Hill fit", BOTH, lambda p: reflex(p, 70), 0.49, 0.51),
    Row("H/M at 110 mcg/day", (), "derived", "Hill fit", BOTH, lambda p: reflex(p, 110), 0.29, 0.33),
    Row("H/M at 150 mcg/day", (), "derived", "Hill fit", BOTH, lambda p: reflex(p, 150), 0.18, 0.22),
    Row("H/M at 30 mcg/day", (), "published", "Stokic 2006: 0.75", BOTH, lambda p: reflex(p, 30), 0.65, 0.85),
    Row("H/M at 110 mcg/day", (), "published", "Stokic 2006: 0.25", BOTH, lambda p: reflex(p, 110), 0.15, 0.35),
    Row("H/M at 160 mcg/day", (), "published", "Stokic 2006: below 0.30", BOTH, lambda p: reflex(p, 160), 0, 0.30),
    Row("fall of H/M at 1 h", (), "published", "Stokic and Yablon 2012: 0.77", BOTH, lambda p: 1 - reflex_after(p, 1), 0.60, 0.94),
    Row(
        "most fall of H/M, 1 to 6 h",
        (),
        "published",
        "the same: 0.91",
        BOTH,
        lambda p: 1 - min(reflex_after(p, h) for h in (1, 2, 3, 4, 6)),
        0.84,
        0.98,
    ),
    Row("fall of H/M at 5 h", (), "published", "Stokic 2005: 0.77", BOTH, lambda p: 1 - reflex_after(p, 5), 0.50, 0.95),
    # tone
    Row("onset after a bolus (h), half a point", ("R-051",), "published", "label: 0.5 to 1", BOTH, lambda p: course(p, 0.5)[0], 0.5, 1),
    Row("peak after a bolus (h)", ("R-051",), "published", "label: about 4", BOTH, lambda p: course(p, 0.5)[1], 3, 5),
    Row(
        "end of one point (h)",
        ("R-051", "R-020"),
        "derived",
        "label: 4 to 8; one curve gives 4 to 12",
        BOTH,
        lambda p: course(p, 1)[2],
        4,
        12,
    ),
    Row("onset of an infusion (h)", ("R-052",), "published", "label: 6 to 8", STIRRED, lambda p: infusion_course(p)[0], 6, 8),
    Row("onset of an infusion (h)", ("R-052",), "published", "label: 6 to 8, within an hour", AXIAL, lambda p: infusion_course(p)[0], 5, 9),
    Row("most of an infusion (h)", ("R-052",), "published", "label: 24 to 48", BOTH, lambda p: infusion_course(p)[1], 22, 48),
    Row(
        "legs 6 h after 50 mcg",
        ("R-020",),
        "published",
        "Meythaler 2001: 0.83, Stokic 2005: 0.71",
        BOTH,
        lambda p: tone_after(p, 6),
        0.66,
        0.88,
    ),
    Row("legs 4 h after 50 mcg", ("R-020",), "published", "Stokic 2005: 0.64", BOTH, lambda p: tone_after(p, 4), 0.46, 0.84),
    Row("arms 6 h after 50 mcg", ("R-061",), "published", "Meythaler 2001: 0.56", STIRRED, lambda p: tone_after(p, 6, "arms"), 0.46, 0.66),
    Row(
        "mcg/day for 80 % in the long run",
        ("R-041", "R-040"),
        "derived",
        "label: 276 to 307",
        BOTH,
        lambda p: dose_of_effect(p, 0.8),
        276,
        307,
    ),
]


def cases() -> list[object]:
    """Every row with each preset that must meet it."""
    return [pytest.param(row, preset, id=f"{row.what} {row.kind} {preset}") for row in ROWS for preset in row.presets]


@pytest.mark.pump_rule(
    "R-020",
    "R-040",
    "R-041",
    "R-049",
    "R-051",
    "R-052",
    "R-053",
    "R-054",
    "R-055",
    "R-056",
    "R-057",
    "R-058",
    "R-059",
    "R-060",
    "R-061",
    "R-064",
    "R-066",
)
@pytest.mark.parametrize("row, preset", cases())
def test_patient_meets_the_figure(row: Row, preset: str) -> None:
    """The model gives what is published or derived, to what the row allows."""
    found = row.measure(preset)

    assert row.low <= found <= row.high, f"{row.what}: {found:.4g}, {row.source}"


def test_table_shows_the_rules_it_is_marked_with() -> None:
    """The rules of all rows are those in the mark, which a page is made from."""
    (mark,) = (mark for mark in test_patient_meets_the_figure.pytestmark if mark.name == "pump_rule")  # type: ignore[attr-defined]  # pytest's own

    assert set(mark.args) == {rule for row in ROWS for rule in row.rules}


def test_three_sources_make_one_line() -> None:
    """Half-life, length constant and clearance of the axial preset fit: 2 x area x length constant x loss is the label's clearance."""
    line = body_of("label-consistent").space

    assert isinstance(line, AxialLine)
    assert 2 * line.area_cm2 * line.length_constant_cm * line.loss_per_h == pytest.approx(30, rel=1e-3)
    assert line.spread_cm2_per_h == pytest.approx(258, rel=2e-3)
    assert line.spine.length_cm == 57


@pytest.mark.pump_rule("R-061")
@pytest.mark.parametrize("preset", MODELS)
def test_legs_come_before_arms(preset: str) -> None:
    """After a bolus legs have half a point of ease before arms, and more of it."""
    sitter = bolused(DOSE, preset)
    states = sitter.looks([tenth / 10 for tenth in range(120)])
    legs = [4 - state.ashworth_legs for state in states]
    arms = [2.8 - state.ashworth_arms for state in states]

    assert next(i for i, drop in enumerate(legs) if drop > 0.5) < next(i for i, drop in enumerate(arms) if drop > 0.4)
    assert max(legs) / 3 > max(arms) / 1.8


@pytest.mark.parametrize("preset", MODELS)
def test_infusion_in_the_spinal_study(preset: str) -> None:
    """Three days on the mean dose bring legs from 4.0 to 1.2 (0.8 to 1.6) and spasms from 3.3 to below 1.2, as in Penn 1989."""
    state = Sitter(290 * MCG, preset).live(72)

    assert 0.8 <= state.ashworth_legs <= 1.6
    assert state.spasm_score <= 1.2


@pytest.mark.pump_rule("R-064")
def test_steep_gradient_leaves_arms_alone() -> None:
    """With the steep preset legs are eased by a dose that does nothing to arms."""
    state = Sitter(300 * MCG, "steep").live(48)

    assert state.ashworth_legs < 2
    assert state.ashworth_arms == pytest.approx(2.8, abs=0.01)


@pytest.mark.pump_rule("R-018")
def test_bolus_by_needle_is_spread_over_some_centimetres_at_once() -> None:
    """A dose given by needle begins as a bell of the preset's width, not as a point: its highest level is dose over its volume."""
    width, area = load_preset("label-consistent").csf.source_width_cm, load_preset("label-consistent").csf.area_cm2

    assert bolused(DOSE, "label-consistent", hours=0).patient.at().lumbar_ng_per_ml == pytest.approx(
        DOSE / (area * width * 2.5066), rel=0.02
    )
