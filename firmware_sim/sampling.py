"""Columns of belief and truth side by side, for plots and tables: whole numbers, the unit last in the name.

While nothing happens each column is a function of time, so it is worked out as a whole: what rises evenly is a range, what is rounded
down from that a division, and what the fluid does is worked out once for each step of the motor.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from math import gcd
from operator import floordiv
from typing import NamedTuple

from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.dosing import Course
from firmware_sim.firmware.modes import MODES
from firmware_sim.kernel import Kernel
from firmware_sim.plant.oscillator import Oscillator
from firmware_sim.units import FG_PER_NG, FL_PER_NL, MASS_PER_NG, PPM, UNITS_PER_NL

__all__ = ["COLUMNS", "quiet_times", "rows_of"]

COLUMNS = (
    "now_us",
    "clock_us",
    "mode",
    "alarms",
    "commanded_rate_nl_per_h",
    "commanded_nl",
    "computed_reservoir_nl",
    "reservoir_nl",
    "delivered_nl",
    "delivered_ng",
    "tip_concentration_ng_per_ml",
    "steps_commanded",
    "steps_moved",
)
"""-1 stands for what cannot be told (no fill yet, no power). `mode` is a place in `modes.MODES`, `alarms` has a bit a cause."""


class _Run(NamedTuple):
    """So many rows in a row with as many steps commanded, the first at a true time."""

    rows: int
    steps: int
    true_us: int


def quiet_times(kernel: Kernel, every_us: int, end_us: int) -> range:
    """Now, and so on every `every_us`, up to the last time before something happens by itself, the rate turns, or an end comes."""
    state, last_us = kernel.state, end_us
    due_us, oscillator = kernel.next_due(), state.plant.oscillator
    if due_us is not None:
        last_us = min(last_us, due_us - 1)
    if state.belief is not None:
        turn_us = state.belief.dosing.course().turn_us(kernel.device_us)
        turn_us = None if turn_us is None else oscillator.true_of(turn_us)
        last_us = last_us if turn_us is None else min(last_us, turn_us - 1)
    return range(state.now_us, max(state.now_us, last_us) + 1, every_us)


def rows_of(kernel: Kernel, times: range) -> list[Iterable[int]]:
    """What comes next in each of COLUMNS, to be taken at once: looks at these quiet times; writes nothing."""
    belief, count, driver = kernel.state.belief, len(times), kernel.state.plant.driver
    if belief is None:
        runs: Iterable[_Run] = [_Run(count, kernel.steps(), times[0])]
        believed: list[Iterable[int]] = [[number] * count for number in (-1, -1, 0, 0, -1, -1)]
    else:
        devices, course = _devices(kernel.state.plant.oscillator, times), belief.dosing.course()
        totals = _totals(course, devices)
        runs = _runs(totals, course.step_units, driver.forgotten_steps, times)
        believed = [*_told(kernel, belief, devices), [course.at(devices[0])[2]] * count, *_volumes(belief, totals)]
    if driver.stuck_pulses_per_h:  # it sends pulses between steps too
        rows = chain.from_iterable(repeat(run, run.rows) for run in runs)
        runs = [_Run(1, run.steps, at_us) for run, at_us in zip(rows, times, strict=True)]
    lengths, fluid = [], []
    for rows_of_run, steps, true_us in runs:
        lengths.append(rows_of_run)
        fluid.append(_fluid(kernel, steps, true_us))
    return [times, *believed, *(_spread(column, lengths) for column in zip(*fluid, strict=True))]


def _devices(oscillator: Oscillator, times: range) -> Sequence[int]:
    """Device time at each of these true times."""
    if oscillator.stuck:
        return [oscillator.device_anchor_us] * len(times)
    pace = PPM + oscillator.drift_ppm
    start = oscillator.device_anchor_us * PPM + (times[0] - oscillator.true_anchor_us) * pace
    devices = _divided(range(start, start + len(times) * times.step * pace, times.step * pace), PPM)
    return devices if isinstance(devices, range) else list(devices)


def _divided(numbers: range, divisor: int) -> range | Iterator[int]:
    """What rises or falls evenly, divided and rounded down; a range where it still does so then."""
    step, common = numbers.step, gcd(numbers.step, divisor)
    start, step, divisor = numbers.start // common, step // common, divisor // common  # smaller numbers divide faster
    even = range(start, start + len(numbers) * step, step)
    return even if divisor == 1 else map(floordiv, even, repeat(divisor))


def _told(kernel: Kernel, belief: Belief, devices: Sequence[int]) -> Iterator[Sequence[int]]:
    """Clock, mode and alarms."""
    kernel.firmware.now_us = kernel.device_us
    shift_us = kernel.firmware.clock_us() - kernel.firmware.now_us
    if isinstance(devices, range):
        yield range(devices.start + shift_us, devices.stop + shift_us, devices.step)
    else:
        yield [device_us + shift_us for device_us in devices]
    yield [MODES.index(belief.mode)] * len(devices)
    yield [sum(1 << number_of(cause) for cause, state in belief.alarms.states.items() if state.active)] * len(devices)


def _totals(course: Course, devices: Sequence[int]) -> Sequence[int]:
    """Units commanded by each of these device times, all in one stretch of the week: a straight line, and a bolus on top of it."""
    basal_units, _, _ = course.at(devices[0])
    rate = 0 if course.week is None else course.week.at(devices[0] + course.ahead_us)[1]
    line, run = basal_units + course.bolus_units - rate * devices[0], course.bolus
    if isinstance(devices, range) and run is None and rate:
        return range(line + rate * devices.start, line + rate * devices.stop, rate * devices.step)
    totals = [line + rate * device_us for device_us in devices]
    return totals if run is None else [units + run.units_at(device_us) for units, device_us in zip(totals, devices, strict=True)]


def _volumes(belief: Belief, totals: Sequence[int]) -> Iterator[Iterable[int]]:
    """Commanded volume and computed reservoir."""
    yield _nanolitres(totals)
    if belief.fill is None:
        yield [-1] * len(totals)
        return
    end_units = belief.fill.end_units()
    if isinstance(totals, range):
        left = _nanolitres(range(end_units - totals.start, end_units - totals.stop, -totals.step))
    else:
        left = _nanolitres([end_units - units for units in totals])
    yield left if totals[-1] <= end_units else map(max, left, repeat(0))


def _nanolitres(units: Sequence[int]) -> Iterable[int]:
    return _divided(units, UNITS_PER_NL) if isinstance(units, range) else map(floordiv, units, repeat(UNITS_PER_NL))


def _runs(totals: Sequence[int], step_units: int, forgotten_steps: int, times: range) -> Iterator[_Run]:
    """The rows by steps commanded."""
    done, count = 0, len(totals)
    while done < count:
        steps = totals[done] // step_units
        end = bisect_left(totals, (steps + 1) * step_units, done)
        yield _Run(end - done, forgotten_steps + steps, times[done])
        done = end


def _fluid(kernel: Kernel, steps: int, true_us: int) -> tuple[int, ...]:
    """What is so with so many steps commanded: reservoir to tip, and the steps."""
    plant = kernel.plant
    catheter, pulses = plant.state.catheter, plant.state.driver.pulses_at(steps, true_us)
    out_fl = plant.out_fl(pulses)
    return (
        plant.available_fl(pulses) // FL_PER_NL,
        catheter.delivered_fl(out_fl) // FL_PER_NL,
        catheter.delivered_mass(out_fl) // MASS_PER_NG,
        catheter.tip_concentration(out_fl) // FG_PER_NG,
        steps,
        plant.state.motor.moved_at(pulses),
    )


def _spread(numbers: Sequence[int], lengths: Sequence[int]) -> Iterator[int]:
    """Each number as often as it holds."""
    return chain.from_iterable(map(repeat, numbers, lengths))
