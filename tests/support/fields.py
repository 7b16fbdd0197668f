"""Pumps that sound, and interference that comes over them."""

from __future__ import annotations

from firmware_sim import Pump
from firmware_sim.firmware.prescription import Prescription
from tests.support.therapies import ML, active_causes, refill_of, running, simple

LOW = "low_reservoir"


def sounding(therapy: Prescription | None = None, profile: str = "itp-40") -> Pump:
    """A pump that runs while its low-reservoir alarm sounds each hour."""
    pump = running(therapy or simple(20_000), volume_nl=10 * ML, profile=profile)
    pump.advance(minutes=50)
    pump.refill(refill_of(2 * ML))
    pump.advance(minutes=10)
    assert active_causes(pump) == [LOW]
    return pump


def magnet(pump: Pump, minutes: int = 15) -> None:
    """Interference for some minutes, waited out."""
    pump.inject("motor.magnet", minutes=minutes)
    pump.advance(minutes=minutes)
