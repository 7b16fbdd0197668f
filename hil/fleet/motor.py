"""Motors in arrays: what a unit's step carries, steps commanded by a time, volume pushed by steps, and the way back.

The closed forms are those of the simulated pump. Every product stays within 64 bits; `check` says so for a profile before anything runs.
"""

from __future__ import annotations

from hashlib import sha256
from math import gcd

import numpy as np
from numpy.typing import NDArray

from firmware_sim.profile import Profile
from hil.errors import UsageError
from hil.fleet.people import S_PER_DAY, S_PER_H

__all__ = ["Motors"]

Ints = NDArray[np.int64]
PPM = 1_000_000
FL_PER_NL = 1_000_000
TERMS = 12
"""A unit's draws are sums of twelve words of 16 bits, as at its manufacture in the simulator."""
WORD_MAX = 2**16 - 1
INT_MAX = 2**63 - 1
LIFE_DAYS_MAX = 40 * 366


class Motors:
    """The numbers that all units share, and what follows for each unit from its seed."""

    def __init__(self, profile: Profile, rate_nl_per_h_max: int) -> None:
        numbers = profile.motor
        self.numbers, self.drift_ppm = numbers, profile.clock.drift_ppm
        common = gcd(PPM, numbers.step_nl * S_PER_H)
        self._per, self._of = PPM // common, numbers.step_nl * S_PER_H // common
        commanded = rate_nl_per_h_max * LIFE_DAYS_MAX * S_PER_DAY
        volume_fl = 2 * rate_nl_per_h_max * 24 * LIFE_DAYS_MAX * FL_PER_NL
        if max(commanded * self._per, volume_fl) > INT_MAX:
            raise UsageError(f"{rate_nl_per_h_max} nL/h is more than the fleet can count", where="flow-rate", do="take engine: pump")

    def printed_ppm(self, seeds: NDArray[np.uint64]) -> Ints:
        """The constant printed on each box, in ppm of the nominal step."""
        return PPM + self._bell(seeds, "printed", self.numbers.printed_sd_ppm)

    def unit_error_ppm(self, seeds: NDArray[np.uint64]) -> Ints:
        """Each unit's error."""
        return self._bell(seeds, "unit_error", self.numbers.unit_error_sd_ppm)

    def step_fl(self, printed_ppm: Ints, unit_error_ppm: Ints, factors_ppm: tuple[Ints, ...] = ()) -> Ints:
        """True volume of a step: every factor, then one floor."""
        nominal = self.numbers.step_nl * FL_PER_NL
        volume = nominal * printed_ppm.astype(object) * (PPM + unit_error_ppm.astype(object))
        for factor in factors_ppm:
            volume = volume * factor.astype(object)
        return np.asarray((volume // PPM ** (2 + len(factors_ppm))).astype(np.int64))

    def device_s(self, true_s: Ints) -> Ints:
        """What the device's counter shows, which drifts."""
        return true_s + true_s * self.drift_ppm // PPM

    def true_s(self, device_s: Ints) -> Ints:
        """First true time of a device time."""
        return device_s - device_s * self.drift_ppm // (PPM + self.drift_ppm)

    def steps(self, rate: Ints, printed_ppm: Ints, running_s: Ints) -> Ints:
        """Steps commanded in so much running time."""
        return rate * running_s * self._per // (self._of * printed_ppm)

    def time_of(self, rate: Ints, printed_ppm: Ints, steps: Ints) -> Ints:
        """Running time after which so many steps are commanded."""
        return -(-steps * (self._of * printed_ppm) // (self._per * rate))

    def pushed_fl(self, step_fl: Ints, first: Ints, last: Ints) -> Ints:
        """What the steps after number `first` up to `last` push out of a reservoir that never ends."""
        wear_fl = step_fl * self.numbers.wear_ppm_per_block // PPM
        return (last - first) * step_fl + wear_fl * (self._worn(last) - self._worn(first))

    def step_that_empties(self, step_fl: Ints, first: Ints, volume_fl: Ints) -> Ints:
        """The number of the first step after `first` by which a volume is out."""
        wear_fl = step_fl * self.numbers.wear_ppm_per_block // PPM
        last = first + volume_fl // step_fl
        for _ in range(4):
            at_fl = step_fl + wear_fl * (last // self.numbers.wear_block_steps)
            last -= (self.pushed_fl(step_fl, first, last) - volume_fl) // at_fl
        return last

    def _worn(self, moved: Ints) -> Ints:
        block = self.numbers.wear_block_steps
        blocks, rest = np.divmod(moved, block)
        return np.asarray(block * (blocks * (blocks - 1) // 2) + blocks * (rest + 1))

    def _bell(self, seeds: NDArray[np.uint64], name: str, deviation_ppm: int) -> Ints:
        """Drawn as at manufacture, and again where it falls outside."""
        values, open_places, attempt = np.zeros(len(seeds), np.int64), np.arange(len(seeds)), 0
        while len(open_places):
            digests = b"".join([sha256(f"{seed}:{name}:{attempt}".encode()).digest() for seed in seeds[open_places].tolist()])
            total = np.frombuffer(digests, "<u2").reshape(len(open_places), -1)[:, :TERMS].sum(axis=1, dtype=np.int64)
            values[open_places] = (2 * total - TERMS * WORD_MAX) * deviation_ppm // (2 * WORD_MAX)
            open_places = open_places[np.abs(values[open_places]) > self.numbers.unit_error_max_ppm]
            attempt += 1
        return values
