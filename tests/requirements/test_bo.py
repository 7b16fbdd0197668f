"""Section BO, bolus and dose limits, each row by its observable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.prescription import Command
from tests.support.patients import RULE, VOLUME_NL, patient, ready
from tests.support.therapies import US_PER_DAY, US_PER_H, US_PER_MIN, bolus_of, running, simple

BY = Command(5, 9, bytes(16))
REGIONS = ("bank_a", "bank_b")


def single(pump: Pump) -> None:
    """The clinician's bolus, of the volume of the patient's."""
    pump.bolus(bolus_of(VOLUME_NL, 600), BY)


def patients(pump: Pump) -> None:
    """The patient's bolus."""
    pump.patient_bolus(BY)


@pytest.mark.pump_requirement("BO-01")
@pytest.mark.parametrize("unit", range(4))
@pytest.mark.parametrize("give", [single, patients])
def test_bolus_gives_its_volume_within_a_step(give: Callable[[Pump], None], unit: int) -> None:
    """Both kinds: what the motor moved more than in a pump without the bolus is the programmed volume, within one step either way."""
    pumps = [running(patient(), seed=unit) for _ in range(2)]
    for pump in pumps:
        pump.advance(hours=2)
    give(pumps[0])
    for pump in pumps:
        pump.advance(hours=2)
    more = pumps[0].truth().steps_moved - pumps[1].truth().steps_moved

    assert abs(more * 250 * pumps[0].calibration_ppm // 1_000_000 - VOLUME_NL) <= 250 * pumps[0].calibration_ppm // 1_000_000 + 1


@pytest.mark.pump_requirement("BO-04")
def test_bolus_leaves_the_basal_rate_and_its_phase() -> None:
    """Read back before and after, the therapy is one; a bolus of whole steps over, each basal step falls where it would without it."""
    with_bolus, without = running(simple(10_000)), running(simple(10_000))
    for pump in (with_bolus, without):
        pump.advance(minutes=37)
    therapy, steps = with_bolus.status().prescription, 4_000
    whole_steps_nl = with_bolus.calibration_ppm * 250 * steps // 1_000_000
    assert whole_steps_nl * 1_000_000 == with_bolus.calibration_ppm * 250 * steps
    with_bolus.bolus(bolus_of(whole_steps_nl, 7_200))
    for pump in (with_bolus, without):
        pump.advance(hours=2)
    assert with_bolus.status().bolus is None

    assert (with_bolus.status().prescription, with_bolus.status().rate_nl_per_h) == (therapy, 10_000)
    sampled = [pump.sample(1_000_000, US_PER_H)["steps_commanded"] for pump in (with_bolus, without)]
    assert [count - steps for count in sampled[0]] == sampled[1]
    assert with_bolus.status().basal_nl == without.status().basal_nl


@pytest.mark.pump_requirement("BO-12", "LG-10")
@pytest.mark.parametrize("fault", ["memory", "stall"])
def test_error_at_half_a_bolus_cancels_the_rest(fault: str) -> None:
    """Both banks bad at the scrub in mid-bolus, or a stall: no more than was commanded until then, and the record has both volumes."""
    pump, volume_nl = running(simple(20_000)), 100_000
    pump.bolus(bolus_of(volume_nl, 7_200), BY)
    if fault == "memory":
        for region in REGIONS:
            pump.inject("memory.bit_flip", region=region, offset=40, bit=0)
    else:
        pump.advance(minutes=38)
        pump.inject("motor.stall")
    pump.advance(hours=5)
    raised_us = pump.status().alarms[0].raised_us
    ended = next(record for record in pump.read_log(0, 100)[2] if record.kind == EventKind.BOLUS_ENDED)

    assert US_PER_H - 3 * US_PER_MIN < raised_us <= US_PER_H
    assert (ended.programmed_nl, ended.delivered_nl) == (volume_nl, volume_nl * raised_us // (2 * US_PER_H))
    assert pump.status().bolus_nl == ended.delivered_nl <= volume_nl // 2


@pytest.mark.pump_requirement("BO-15")
def test_clinicians_bolus_is_whole_and_logged_with_the_windows_sum() -> None:
    """A clinician's bolus past the window is given whole; its record of the window has limit and sum; the patient waits until all fits."""
    basal_nl, limit_nl = 24 * 10_000, 24 * 10_000 + VOLUME_NL
    pump = ready(RULE._replace(window_nl=limit_nl))
    pump.bolus(bolus_of(4 * VOLUME_NL, 1_200), BY)
    began_us = pump.device_us
    sums = [record for record in pump.read_log(0, 100)[2] if record.kind == EventKind.WINDOW_SUM and record.command_id == BY.command_id]
    pump.advance(hours=1)

    assert pump.status().bolus_nl == 4 * VOLUME_NL
    assert [record.programmed_nl for record in sums] == [limit_nl]
    assert abs(sums[0].delivered_nl - basal_nl - 4 * VOLUME_NL) <= 1
    refused_at = [refused_after(pump, hours) for hours in range(1, 26)]
    assert refused_at == sorted(refused_at, reverse=True)
    assert refused_at[0]
    assert not refused_at[-1]
    assert pump.device_us > began_us + US_PER_DAY


def refused_after(pump: Pump, hours: int) -> bool:
    """Whether the patient would be refused an hour later."""
    pump.advance(hours=1)
    try:
        pump.check_patient_bolus()
    except Refused as refusal:
        assert refusal.code == "DOSE_LIMIT", hours
        return True
    return False
