"""Presets of patients: every number has its provenance, derived ones can be derived again, and a wrong file is told where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_sim.errors import BenchRefused, ProfileError
from firmware_sim.plant.patient.preset import PROVENANCES, load_preset, load_sensitivity, preset_names, sensitivity_names
from firmware_sim.plant.patient.spine import Spine
from tests.support.bodies import after_bolus, body_of, infusing, level_at, steady

MCG = 1_000
CALIBRATED = ("label-consistent", "one-compartment")


def test_presets_and_sensitivities_ship() -> None:
    """The named presets are there, and sensitivities up to the extreme."""
    assert preset_names() == ["child", "label-consistent", "one-compartment", "steep"]
    assert sensitivity_names() == ["typical", "sensitive", "extreme", "refractory", "withdrawal-prone"]


@pytest.mark.parametrize("name", preset_names())
def test_every_number_of_a_patient_has_its_provenance(name: str) -> None:
    """Published and derived numbers name a source, the others none, and there is no other kind."""
    figures = load_preset(name).figures

    assert len(figures) > 100
    assert {figure.provenance for figure in figures.values()} <= set(PROVENANCES)
    assert all(bool(figure.source) == (figure.provenance in ("published", "derived")) for figure in figures.values())


@pytest.mark.parametrize("name", preset_names())
def test_rates_and_levels_are_positive(name: str) -> None:
    """No number of a preset is negative."""
    assert all(figure.value >= 0 for figure in load_preset(name).figures.values())


@pytest.mark.parametrize("preset", ["label-consistent", "one-compartment", "steep"])
def test_half_effects_can_be_derived_again(preset: str) -> None:
    """The reflex is halved at 70 mcg/day, and legs are 77 % of the way to no spasticity 6 h after 50 mcg at the tip."""
    assert steady(preset, 70 * MCG).reflex == pytest.approx(1, rel=0.02)
    assert after_bolus(preset, 50 * MCG, 6).legs == pytest.approx((0.77 / 0.23) ** (1 / 4), rel=0.01)


@pytest.mark.parametrize("preset", CALIBRATED)
def test_arms_and_brain_can_be_derived_again(preset: str) -> None:
    """Arms are 56 % of the way 6 h after 50 mcg, and the brain has its first unit 6 h into 27 mcg/h."""
    assert after_bolus(preset, 50 * MCG, 6).arms == pytest.approx((0.56 / 0.44) ** (1 / 4), rel=0.01)
    assert infusing(preset, 648 * MCG, 6).brain == pytest.approx(1, abs=0.03)


def test_sensitivity_is_a_factor_on_what_an_effect_needs() -> None:
    """The extreme person needs a small part of what the typical one does."""
    assert load_sensitivity("typical") == (load_sensitivity("typical"))
    assert load_sensitivity("extreme").brain < 0.1 * load_sensitivity("typical").brain


def test_steep_and_label_consistent_eliminate_alike() -> None:
    """The two axial presets differ by how far drug spreads, not by how fast it is lost."""
    label, steep = load_preset("label-consistent"), load_preset("steep")

    assert label.csf.half_life_h == steep.csf.half_life_h
    assert level_at("steep", "T10", "T10") > 4 * level_at("label-consistent", "T10", "T10")
    assert body_of("steep").person.plasma == body_of("label-consistent").person.plasma


@pytest.mark.parametrize("level", ["", "T", "T0", "T13", "L6", "C9", "S1", "10", "t10", "T1x", "epidural"])
def test_word_that_is_no_vertebra_is_refused(level: str) -> None:
    """A place that is not in the sac is told as such."""
    spine = Spine(1.5, 2, 3.2, 5)

    assert not spine.knows(level)
    with pytest.raises(BenchRefused, match="no vertebra"):
        spine.below_cisterna_cm(level)


def test_vertebrae_come_one_below_the_other() -> None:
    """Each vertebra lies below the one before, T2 and T12 20 cm apart."""
    spine = Spine(1.5, 2, 3.2, 5)
    levels = [f"{region}{number}" for region, most in (("C", 8), ("T", 12), ("L", 5)) for number in range(1, most + 1)]
    places = [spine.below_cisterna_cm(level) for level in levels]

    assert places == sorted(set(places))
    assert spine.below_cisterna_cm("T12") - spine.below_cisterna_cm("T2") == pytest.approx(20)
    assert places[-1] < spine.length_cm == 57


# -- files of one's own ----------------------------------------------------------------------------------------------------------------


def test_own_file_stands_on_one_that_ships(tmp_path: Path) -> None:
    """A file says only what differs; it is named by its path."""
    path = tmp_path / "tall.yaml"
    path.write_text('extends: steep\ncsf:\n  length_constant_cm: {value: 5, provenance: assumed, note: "the other end"}\n')

    assert load_preset(str(path)).csf.length_constant_cm == 5
    assert load_preset(str(path)).name == "tall"
    assert load_preset(str(path)).tone == load_preset("steep").tone


@pytest.mark.parametrize(
    "text, told",
    [
        ("csf:\n  half_life_h: {value: 2, provenance: assumed}\n", "wrong.yaml:1: csf.clearance_ml_per_h is missing; add it"),
        (
            "extends: steep\ncsf:\n  half_live_h: {value: 2, provenance: assumed}\n",
            r"wrong.yaml:3: unknown name half_live_h; did you mean half_life_h",
        ),
        ("extends: steep\ncsf:\n  half_life_h: 2\n", r"wrong.yaml:3: csf.half_life_h: is 2; write"),
        ("extends: steep\ncsf:\n  half_life_h: {value: x, provenance: assumed}\n", "value is 'x'; give a number"),
        ("extends: steep\ncsf:\n  half_life_h: {value: true, provenance: assumed}\n", "value is true"),
        ("extends: steep\ncsf:\n  half_life_h: {value: 2, provenance: guessed}\n", "provenance is 'guessed'"),
        ("extends: steep\ncsf:\n  half_life_h: {value: 2, provenance: published}\n", "names its source"),
        ("extends: steep\ncsf:\n  half_life_h: {value: 2, provenance: assumed, source: a book}\n", "names its source"),
        ("extends: step\n", "extends 'step'; give one that ships"),
        ("extends: steep\nmodel: wide\n", "model is 'wide'; give axial or one-compartment"),
        ("extends: steep\nplaces:\n  tip: 10\n", "places.tip is 10; give text"),
    ],
)
def test_wrong_file_is_told_where_and_what(tmp_path: Path, text: str, told: str) -> None:
    """Each way of writing a preset wrongly is refused with file, line and cure."""
    path = tmp_path / "wrong.yaml"
    path.write_text(text)

    with pytest.raises(ProfileError, match=told):
        load_preset(str(path))


@pytest.mark.parametrize("load, word, meant", [(load_preset, "step", "steep"), (load_sensitivity, "extrem", "extreme")])
def test_unknown_name_is_told_the_nearest(load: object, word: str, meant: str) -> None:
    """A misspelt preset or sensitivity is refused with the one that was probably meant."""
    assert callable(load)
    with pytest.raises(ProfileError, match=f"did you mean {meant}"):
        load(word)
