"""The family of pumps and catheters that ships: what each is, where its numbers come from, and that each runs and restores."""

from __future__ import annotations

from math import pi

import pytest

from firmware_sim import Pump
from firmware_sim.errors import ProfileError
from firmware_sim.profile import load_profile, load_profile_text, profile_names
from firmware_sim.profile.file import catheter_names
from tests.support.therapies import CONCENTRATION, ML, bolus_of, running

FAMILY = ("cf-16", "itp-20", "itp-40", "itp-40-next", "legacy-18")
ITP_40 = load_profile("itp-40")


def differing(name: str) -> set[str]:
    """Paths of the numbers and switches in which a shipped profile differs from the 40 mL pump."""
    profile = load_profile(name)
    numbers = {path for path, number in profile.numbers if number.value != dict(ITP_40.numbers)[path].value}
    switches = set(type(profile.behaviour).__dataclass_fields__)
    return numbers | {switch for switch in switches if getattr(profile.behaviour, switch) != getattr(ITP_40.behaviour, switch)}


def test_family_is_whole() -> None:
    """These five ship and no other; the file of catheters is no profile."""
    assert tuple(profile_names()) == FAMILY


@pytest.mark.parametrize("name", FAMILY)
def test_shipped_profiles_load(name: str) -> None:
    """Each says its model, and every number has its provenance; what ships needs no text to be found again."""
    profile = load_profile(name)

    assert profile.identity.model == name.upper()
    assert profile.text == ""
    assert load_profile_text(name, "") is profile
    assert len(profile.numbers) > 100
    for place, entry in profile.numbers:
        assert entry.provenance in ("sourced", "assumed"), place
        assert (entry.provenance == "sourced") == bool(entry.source), place


def test_numbers_of_the_pump_are_those_of_the_data_page() -> None:
    """The sourced numbers stand as sourced."""
    told = {place: entry.provenance for place, entry in ITP_40.numbers}

    assert (ITP_40.reservoir.capacity_nl, ITP_40.catheter.tubing_nl, ITP_40.rate.steps_per_group_max) == (40_000_000, 140_000, 13)
    assert (ITP_40.motor.accuracy_band_ppm, ITP_40.alarm.stopped_too_long_s) == (145_000, 172_800)
    assert (ITP_40.battery.age_days_max, ITP_40.battery.eri_days) == (2_557, 90)
    sourced = {"reservoir.capacity_nl", "catheter.tubing_nl", "motor.accuracy_band_ppm", "battery.age_days_max", "battery.eri_days"}
    assert {told[place] for place in sourced} == {"sourced"}


@pytest.mark.parametrize(
    ("name", "differences"),
    [
        ("itp-20", {"reservoir.capacity_nl", "alarm.low_reservoir_nl_max"}),
        ("itp-40-next", {"stops_for_update", "telemetry_trap", "stall_log_lazy"}),
        (
            "legacy-18",
            {
                "after_bolus",
                "stall_alarm",
                "stops_at_end_of_service",
                "reservoir.capacity_nl",
                "alarm.low_reservoir_nl_max",
                "battery.capacity_mc",
            },
        ),
    ],
)
def test_each_pump_differs_where_it_says(name: str, differences: set[str]) -> None:
    """A member of the family differs from the 40 mL pump in these numbers and switches, and in nothing else."""
    assert differing(name) == differences


def test_pumps_as_reported_declare_their_traps_and_the_mended_one_none() -> None:
    """Known deviations are inherited, added to, and dropped where the trap is mended."""
    declared = {name: set(dict(load_profile(name).known_deviations)) for name in FAMILY}

    assert declared["itp-20"] == declared["itp-40"] == {"FR-04", "PG-05", "PR-10"}
    assert declared["legacy-18"] == declared["itp-40"] | {"BO-04", "OC-07", "PW-05"}
    assert declared["itp-40-next"] == declared["cf-16"] == set()


def test_constant_flow_pump_has_its_flow_and_catheter_from_the_label() -> None:
    """1 mL a day through 76 cm, both sourced; nobody can talk to it."""
    profile = load_profile("cf-16")
    told = dict(profile.numbers)

    assert profile.rate.constant_rate_nl_per_h == round(1_000_000 / 24)
    assert profile.catheter == load_profile("itp-40", catheter="76cm").catheter
    assert {told[place].provenance for place in ("rate.constant_rate_nl_per_h", "catheter.length_mm")} == {"sourced"}
    assert not profile.behaviour.telemetry
    assert all(load_profile(name).rate.constant_rate_nl_per_h == 0 for name in FAMILY if name != "cf-16")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("itp-41", "did you mean itp-40"),
        ("itp40", "did you mean itp-40"),
        ("pacemaker", "there are cf-16, itp-20, itp-40, itp-40-next, legacy-18; a file of your own is named by its path"),
        ("catheters", "there are"),
    ],
)
def test_unknown_profile_names_the_nearest(name: str, hint: str) -> None:
    """An unknown name gets the list and, where one is near, the word that was meant."""
    with pytest.raises(ProfileError, match=hint):
        Pump(name)


@pytest.mark.parametrize("name", FAMILY)
def test_every_shipped_pump_runs_a_day_and_restores(name: str) -> None:
    """Each can be built, runs a day, and goes on from its image as if nothing had been."""
    if load_profile(name).behaviour.telemetry:
        pump = running(volume_nl=10 * ML, seed=3, profile=name)
    else:
        pump = Pump(name, seed=3)
        pump.needle(inject_nl=10 * ML, concentration_ng_per_ml=CONCENTRATION)
    pump.advance(days=1)
    again = Pump.restore(pump.save())

    for each in (pump, again):
        each.advance(hours=7)

    assert pump.truth().delivered_nl > 0
    assert again.profile is pump.profile
    assert again.digest() == pump.digest()


@pytest.mark.parametrize(("name", "mode"), [("itp-40", "simple"), ("itp-40-next", "simple"), ("legacy-18", "stopped")])
def test_bolus_leaves_the_legacy_pump_stopped(name: str, mode: str) -> None:
    """After a single bolus the others go on with their basal rate."""
    pump = running(volume_nl=10 * ML, profile=name)
    pump.bolus(bolus_of(10_000, 600))
    pump.advance(minutes=11)

    assert pump.status().mode == mode


# ---------------------------------------------------------------- catheters


@pytest.mark.parametrize(("name", "length_mm"), [("76cm", 760), ("89cm", 890), ("104cm", 1_040), ("114cm", 1_140), ("140cm", 1_400)])
def test_catheters_of_the_family_can_be_chosen(name: str, length_mm: int) -> None:
    """A chosen catheter changes the path behind the motor, and nothing else of the pump."""
    profile = load_profile("itp-20", catheter=name)
    pump = Pump("itp-20", catheter=name)

    assert profile.catheter.length_mm == length_mm
    assert profile.catheter.path_nl == 140_000 + 220 * length_mm
    assert (profile.name, profile.reservoir, profile.known_deviations) == ("itp-20", *_of("itp-20"))
    assert pump.profile == profile
    assert pump.truth().tubing_nl + pump.truth().catheter_nl == profile.catheter.path_nl


def _of(name: str) -> tuple[object, object]:
    return load_profile(name).reservoir, load_profile(name).known_deviations


def test_catheters_have_the_volume_of_their_bore() -> None:
    """Volume to the millimetre is the cross-section, to a hundredth."""
    for name in catheter_names():
        catheter = load_profile("itp-40", catheter=name).catheter
        assert catheter.volume_nl_per_mm == pytest.approx(pi / 4 * (catheter.inner_diameter_um / 1_000) ** 2 * 1_000, rel=0.01)


def test_own_catheter_of_a_pump_is_one_of_the_family() -> None:
    """The 40 mL pump comes with the shortest of its lengths."""
    assert load_profile("itp-40", catheter="89cm").catheter == ITP_40.catheter


def test_unknown_catheter_names_the_nearest() -> None:
    """The error has the list and the word that was meant."""
    with pytest.raises(ProfileError, match=r"unknown catheter '115cm': there are 76cm, .*140cm; did you mean 11?4cm"):
        Pump("itp-40", catheter="115cm")


def test_image_keeps_its_catheter() -> None:
    """A pump with another catheter restores with it, to the last number."""
    pump = Pump("itp-40", seed=1, catheter="140cm")
    pump.advance(hours=5)
    again = Pump.restore(pump.save())

    for each in (pump, again):
        each.advance(hours=5)

    assert again.profile == pump.profile
    assert again.profile.catheter.length_mm == 1_400
    assert again.digest() == pump.digest()
    assert again.digest() != Pump("itp-40", seed=1).digest()
