"""The battery: charge drawn by time and by pulses, and the voltage that follows; functions of both, never stepped.

The discharge line is straight. What drains it beside the quiescent current and the pulses has an anchor, which moves only when that drain
changes. What falsifies the voltage (a film in the cell, a dip, a stuck converter) is kept as *spells*: the present one and those that
ended within the last minutes, because the firmware's mean looks back that far.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from firmware_sim.limits import PROFILE_CLOCK_US_MAX, SUPPLY_SPELLS_MAX
from firmware_sim.profile.sections import Battery as BatteryNumbers
from firmware_sim.units import NC_PER_MC, PPM, S_PER_H, US_PER_S

if TYPE_CHECKING:
    from firmware_sim.plant.conditions import Conditions

__all__ = ["Battery", "BatteryState", "Spell", "wakes_drain_na"]

_FC_PER_MC = NC_PER_MC * US_PER_S
"""A femtocoulomb is a nanoampere for a microsecond: the unit in which all drains add up exactly."""


class Spell(NamedTuple):
    """What the supply is under from a true time on: the sag of a film, the most a dip leaves and the converter's constant (-1: none)."""

    since_us: int = 0
    sag_mv: int = 0
    most_mv: int = -1
    adc_mv: int = -1


_SOUND = Spell()


@dataclass(slots=True)
class BatteryState:
    """`anchor_fc` is what the drains beside current and pulses had drawn by `anchor_us`; since then they draw `drain_na`."""

    anchor_us: int = 0
    anchor_fc: int = 0
    drain_na: int = 0
    spells: tuple[Spell, ...] = (_SOUND,)


@dataclass(slots=True)
class Battery:
    """A cell with a straight discharge line. `changes` counts what may change a reading to come; it is for caches, not state."""

    numbers: BatteryNumbers
    state: BatteryState
    changes: int = 0
    capacity_mc: int = field(init=False)
    """Charge of the whole cell, scaled for runs that shall be longer or shorter than a life."""

    def __post_init__(self) -> None:
        self.capacity_mc = max(1, self.numbers.capacity_mc * self.numbers.life_scale_ppm // PPM)

    @property
    def disturbed_us(self) -> int | None:
        """True time of the last change of what falsifies the voltage; None when nothing ever did."""
        return None if self.state.spells == (_SOUND,) else self.state.spells[-1].since_us

    def used_mc(self, true_us: int, pulses: int) -> int:
        """Charge drawn in millicoulombs, at most the capacity."""
        return min(self.capacity_mc, self._used_fc(true_us, pulses) // _FC_PER_MC)

    def falls_us(self, true_us: int, pulses: int) -> int | None:
        """The first true time at which the line is a millivolt lower, while no more pulses are sent; None if it never will be."""
        numbers, drawn_na = self.numbers, self.numbers.quiescent_na + self.state.drain_na
        span_mv, used_mc = numbers.full_mv - numbers.empty_mv, self.used_mc(true_us, pulses)
        if span_mv <= 0 or drawn_na <= 0:
            return None
        next_mc = -(-(span_mv * used_mc // self.capacity_mc + 1) * self.capacity_mc // span_mv)
        if next_mc > self.capacity_mc:
            return None
        return true_us - (self._used_fc(true_us, pulses) - next_mc * _FC_PER_MC) // drawn_na

    def supply_mv(self, true_us: int, pulses: int) -> int:
        """The true voltage in millivolts."""
        spell = self.state.spells[-1]
        if spell.since_us > true_us:
            spell = self._spell(true_us)
        return self._voltage_mv(spell, true_us, pulses)

    def reading_mv(self, true_us: int, pulses: int) -> int:
        """What the A/D converter gives."""
        spell = self._spell(true_us)
        return self._voltage_mv(spell, true_us, pulses) if spell.adc_mv < 0 else spell.adc_mv

    def falls_below_us(self, level_mv: int, now_us: int, pulses_at: Callable[[int], int]) -> int | None:
        """First true time from now on at which the voltage is below a level, if all stays as it is; None if it never will be.

        `pulses_at` tells the pulses sent by a true time. It never will be where even an empty cell gives more than its film takes.
        """
        empty_us = min(now_us + self.capacity_mc * _FC_PER_MC // max(1, self.numbers.quiescent_na), PROFILE_CLOCK_US_MAX)
        if self.numbers.empty_mv - self.state.spells[-1].sag_mv >= level_mv and self.supply_mv(now_us, pulses_at(now_us)) >= level_mv:
            return None
        if self.supply_mv(empty_us, pulses_at(empty_us)) >= level_mv:
            return None
        times = range(now_us, empty_us)
        return now_us + bisect_left(times, True, key=lambda at_us: self.supply_mv(at_us, pulses_at(at_us)) < level_mv)

    def take(self, true_us: int, conditions: Conditions) -> None:
        """From now on it is under these conditions."""
        state = self.state
        self.changes += 1
        if conditions.drain_na != state.drain_na:
            state.anchor_fc += state.drain_na * (true_us - state.anchor_us)
            state.anchor_us, state.drain_na = true_us, conditions.drain_na
        spell = Spell(true_us, conditions.supply_sag_mv, conditions.supply_most_mv, conditions.adc_mv)
        if spell[1:] != state.spells[-1][1:]:
            state.spells = self._kept(spell)

    def draw(self, charge_nc: int) -> None:
        """Something took this charge at once."""
        self.changes += 1
        self.state.anchor_fc += charge_nc * US_PER_S

    def _used_fc(self, true_us: int, pulses: int) -> int:
        state, numbers = self.state, self.numbers
        used_fc = numbers.quiescent_na * true_us + numbers.step_nc * US_PER_S * pulses + state.anchor_fc
        if state.drain_na and true_us > state.anchor_us:
            used_fc += state.drain_na * (true_us - state.anchor_us)
        return used_fc

    def _voltage_mv(self, spell: Spell, true_us: int, pulses: int) -> int:
        numbers = self.numbers
        fallen_mv = (numbers.full_mv - numbers.empty_mv) * self.used_mc(true_us, pulses) // self.capacity_mc
        voltage_mv = max(0, numbers.full_mv - fallen_mv - spell.sag_mv)
        return voltage_mv if spell.most_mv < 0 else min(voltage_mv, spell.most_mv)

    def _kept(self, new: Spell) -> tuple[Spell, ...]:
        """The spells that a mean may still look back on, and the new one; one that lasted no time never was."""
        earlier = [spell for spell in self.state.spells if spell.since_us < new.since_us]
        oldest_us = new.since_us - 2 * self.numbers.sample_period_s * US_PER_S
        kept = [spell for spell, after in pairwise([*earlier, new]) if after.since_us > oldest_us]
        return (*kept[1 - SUPPLY_SPELLS_MAX :], new)

    def _spell(self, true_us: int) -> Spell:
        """The spell in force at a true time."""
        spells = self.state.spells
        if spells[-1].since_us <= true_us:  # nearly always
            return spells[-1]
        return next((spell for spell in reversed(spells) if spell.since_us <= true_us), spells[0])


def wakes_drain_na(numbers: BatteryNumbers, wakes_per_h: int) -> int:
    """What waking the telemetry so often draws on the average; beyond `wakes_per_h_max` the receiver sleeps on: its back-off."""
    return min(wakes_per_h, numbers.wakes_per_h_max) * numbers.wake_nc // S_PER_H
