"""One small change anywhere gives another digest: perturbations by name, all different from the story and from each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from firmware_sim import Pump
from firmware_sim.faults.registry import FAULTS
from firmware_sim.firmware.prescription import Command
from tests.support.draws import BySeed
from tests.support.fault_draws import drawn_values
from tests.support.therapies import ML, US_PER_H, US_PER_MIN, bolus_of, flex, refill_of
from tests.support.walks import Act, do

ATTEMPTS = 60
NOTHING = {0}
"""A fault of no size does nothing."""
OTHER_CATHETER = "140cm"


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
    fault: str = ""
    values: tuple[tuple[str, int | str], ...] = ()
    magnet: bool = False
    rinse_turns: int = 0
    aspirated_nl: int = 0
    services: int = 0
    catheter: str = ""
    last_us: int = 200 * US_PER_H

    def digest(self) -> str:
        """Live through it."""
        pump = Pump(self.profile, seed=self.seed, serial_number=self.serial, catheter=self.catheter)
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
        self._visits(pump)
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

    def _visits(self, pump: Pump) -> None:
        pump.advance(us=self.dark_us + US_PER_MIN)
        if self.fault:
            pump.inject(self.fault, **dict(self.values))
        if self.magnet:
            pump.magnet(True)
        if self.rinse_turns:
            pump.rinse(volume_nl=ML, turns=self.rinse_turns)
        if self.aspirated_nl:
            pump.side_port(aspirate_nl=self.aspirated_nl)
        for _ in range(self.services):
            pump.service_reset()


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
    "another of the family": replace(STORY, profile="itp-40-next"),
    "another catheter": replace(STORY, catheter=OTHER_CATHETER),
    "a magnet is held over it": replace(STORY, magnet=True),
    "one rinse": replace(STORY, rinse_turns=1),
    "one turn more of a rinse": replace(STORY, rinse_turns=2),
    "one nanolitre through the side port": replace(STORY, aspirated_nl=1),
    "two nanolitres through the side port": replace(STORY, aspirated_nl=2),
    "one service": replace(STORY, services=1),
}


def taken(story: Story) -> bool:
    """Whether this pump takes the story's fault, and it is of some size."""
    return do(Pump(), Act("inject", (story.fault, story.values))) == "OK" and not NOTHING & {value for _, value in story.values}


def drawn(name: str) -> Story:
    """The story with one fault of the registry in it."""
    stories = (replace(STORY, fault=name, values=drawn_values(BySeed(attempt), FAULTS[name])) for attempt in range(ATTEMPTS))
    return next(story for story in stories if taken(story))


def one_more(story: Story) -> Story | None:
    """The same with one unit more or less in one of the fault's numbers; None when it has none."""
    for place, (name, value) in enumerate(story.values):
        for change in (1, -1) if isinstance(value, int) else ():
            other = (*story.values[:place], (name, int(value) + change), *story.values[place + 1 :])
            changed = replace(story, values=other)
            if taken(changed):
                return changed
    return None


def in_force() -> dict[str, Story]:
    """Each fault of the registry, and each once more with one unit of a number changed."""
    found = {name: drawn(name) for name in FAULTS}
    changed = {f"{name}, one unit": one_more(story) for name, story in found.items()}
    return {**found, **{name: story for name, story in changed.items() if story is not None}}


def test_unchanged_story_keeps_its_digest() -> None:
    """The same story told twice is one digest."""
    assert STORY.digest() == replace(STORY).digest()


def test_perturbations_give_as_many_digests() -> None:
    """At least twenty small changes, one at a time, give as many digests, none of them the story's."""
    digests = {name: story.digest() for name, story in PERTURBATIONS.items()}
    digests["the story"] = STORY.digest()

    assert len(digests) > 20
    assert not alike(digests)


def test_faults_give_as_many_digests() -> None:
    """Each fault of the registry, and one unit of a parameter of each, gives a digest of its own."""
    digests = {name: story.digest() for name, story in in_force().items()}
    digests["the story"] = STORY.digest()

    assert len(digests) > len(FAULTS) * 3 // 2
    assert not alike(digests)


def alike(digests: dict[str, str]) -> list[list[str]]:
    """Names that share a digest."""
    names = [[name for name, digest in digests.items() if digest == shared] for shared in set(digests.values())]
    return [shared for shared in names if len(shared) > 1]


@pytest.mark.parametrize("name", ["itp-20", "itp-40"])
def test_profiles_repeat(name: str) -> None:
    """Each profile's story repeats to the bit."""
    assert replace(STORY, profile=name).digest() == replace(STORY, profile=name).digest()
