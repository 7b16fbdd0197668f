"""One small change anywhere gives another digest: perturbations by name, all different from the story and from each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from firmware_sim import Pump
from firmware_sim.firmware.prescription import Command
from tests.support.therapies import ML, US_PER_H, bolus_of, flex, refill_of


@dataclass(frozen=True)
class Story:
    """Everything in a fortnight's story that a perturbation may change."""

    profile: str = "itp-40"
    seed: int = 1
    serial: str | None = None
    filled_nl: int = 18 * ML
    filled_ng_per_ml: int = 500_000
    told_nl: int = 18 * ML
    told_withdrawn_nl: int = 0
    rates: tuple[int, ...] = (8_000, 12_000, 20_000)
    starts: tuple[int, ...] = (0, 480, 960)
    low_nl: int = 2 * ML
    commit_id: int = 1
    bolus_nl: int = 100_000
    bolus_s: int = 3_600
    bolus_at_us: int = US_PER_H
    occluded_ppm: int = 500_000
    occluded_us: int = 5 * US_PER_H
    stall_in_us: int = US_PER_H
    flip_bit: int = -1
    flip_region: str = "event_ring"
    jump_us: int = 0
    clock_ahead_us: int = 60_000_000
    dark_us: int = 1_000_000
    resets: int = 0
    beeps: int = 0
    stops: int = 0
    looks_at_us: int = 0
    silenced: bool = False
    last_us: int = 200 * US_PER_H

    def digest(self) -> str:
        """Live through it."""
        pump = Pump(self.profile, seed=self.seed, serial_number=self.serial)
        pump.needle(inject_nl=self.filled_nl, concentration_ng_per_ml=self.filled_ng_per_ml)
        pump.refill(refill_of(self.told_nl, withdrawn_nl=self.told_withdrawn_nl))
        pump.commit(flex(self.rates, self.starts, self.low_nl), Command(self.commit_id, 9, bytes(16)))
        pump.advance(us=self.bolus_at_us)
        pump.bolus(bolus_of(self.bolus_nl, self.bolus_s))
        pump.schedule(pump.now_us + self.stall_in_us, "inject", name="motor.stall")
        blockage = pump.inject("catheter.occlusion", fraction_ppm=self.occluded_ppm)
        pump.advance(us=self.occluded_us)
        pump.clear(blockage)
        pump.set_clock(pump.status().clock_us + self.clock_ahead_us)
        self._mishaps(pump)
        pump.power_cut(off_us=self.dark_us)
        pump.advance_to(self.last_us)
        return pump.digest()

    def _mishaps(self, pump: Pump) -> None:
        for _ in range(self.resets):
            pump.reset()
        for _ in range(self.beeps):
            pump.alarm_test()
        for _ in range(self.stops):
            pump.stop()
            pump.start()
        if self.silenced:
            pump.silence("motor_stall")
        if self.flip_bit >= 0:
            pump.inject("memory.bit_flip", region=self.flip_region, offset=3, bit=self.flip_bit)
        if self.jump_us:
            pump.inject("clock.jump", jump_us=self.jump_us)


STORY = Story()
PERTURBATIONS = {
    "other seed": replace(STORY, seed=2),
    "other serial number": replace(STORY, serial="ITP-40-X"),
    "one nanolitre less in the needle": replace(STORY, filled_nl=18 * ML - 1),
    "one nanogram per mL more in the syringe": replace(STORY, filled_ng_per_ml=500_001),
    "one nanolitre less told": replace(STORY, told_nl=18 * ML - 1),
    "one nanolitre withdrawn, told only": replace(STORY, told_withdrawn_nl=1),
    "one nL/h in one step": replace(STORY, rates=(8_000, 12_001, 20_000)),
    "one minute of one step": replace(STORY, starts=(0, 481, 960)),
    "one nanolitre of the low level": replace(STORY, low_nl=2 * ML + 1),
    "another command id": replace(STORY, commit_id=2),
    "two nanolitres of a bolus": replace(STORY, bolus_nl=100_002),
    "one second of a bolus": replace(STORY, bolus_s=3_601),
    "bolus one microsecond later": replace(STORY, bolus_at_us=US_PER_H + 1),
    "one ppm of a fault": replace(STORY, occluded_ppm=500_001),
    "one microsecond more of a fault": replace(STORY, occluded_us=5 * US_PER_H + 1),
    "scheduled fault one microsecond later": replace(STORY, stall_in_us=US_PER_H + 1),
    "one bit of the log": replace(STORY, flip_bit=0),
    "the bit beside it": replace(STORY, flip_bit=1),
    "one bit of a bank": replace(STORY, flip_bit=0, flip_region="bank_a"),
    "clock jumps one microsecond": replace(STORY, jump_us=1),
    "clock jumps back one microsecond": replace(STORY, jump_us=-1),
    "clock set one microsecond further": replace(STORY, clock_ahead_us=60_000_001),
    "power away one microsecond longer": replace(STORY, dark_us=1_000_001),
    "one reset": replace(STORY, resets=1),
    "one alarm test": replace(STORY, beeps=1),
    "two alarm tests": replace(STORY, beeps=2),
    "one stop and start": replace(STORY, stops=1),
    "one silence": replace(STORY, silenced=True),
    "one microsecond of life": replace(STORY, last_us=200 * US_PER_H + 1),
    "smaller reservoir": replace(STORY, profile="itp-20"),
}


def test_unchanged_story_keeps_its_digest() -> None:
    """The same story told twice is one digest."""
    assert STORY.digest() == replace(STORY).digest()


def test_perturbations_give_as_many_digests() -> None:
    """At least twenty small changes, one at a time, give as many digests, none of them the story's."""
    digests = {name: story.digest() for name, story in PERTURBATIONS.items()}
    digests["the story"] = STORY.digest()

    assert len(digests) > 20
    assert len(set(digests.values())) == len(digests)


@pytest.mark.parametrize("name", ["itp-20", "itp-40"])
def test_profiles_repeat(name: str) -> None:
    """Each profile's story repeats to the bit."""
    assert replace(STORY, profile=name).digest() == replace(STORY, profile=name).digest()
