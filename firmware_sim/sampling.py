"""Columns of belief and truth side by side, for plots and tables: whole numbers, the unit last in the name.

While nothing happens each column is a function of time, so it is worked out as a whole: what rises evenly is a range, what is rounded
down from that a division, and what the fluid does is worked out once for each step of the motor.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from operator import floordiv

from firmware_sim.evenly import divided
from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.dosing import Course
from firmware_sim.firmware.modes import MODES
from firmware_sim.kernel import Kernel
from firmware_sim.plant.oscillator import Oscillator
from firmware_sim.units import FG_PER_NG, FL_PER_NL, MASS_PER_NG, PPM, UNITS_PER_NL

__all__ = ["COLUMNS", "add_rows", "quiet_times"]

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


_Run = tuple[int, int, int]
"""So many rows in a row, as many steps commanded in each, and the true time of the first."""


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


def add_rows(kernel: Kernel, times: range, columns: Sequence[list[int]]) -> None:
    """Look at these quiet times: more rows for COLUMNS. Writes nothing else."""
    belief, count, driver = kernel.state.belief, len(times), kernel.state.plant.driver
    if belief is None:
        runs: Iterable[_Run] = [(count, kernel.steps(), times[0])]
        believed: list[Iterable[int]] = [[number] * count for number in (-1, -1, 0, 0, -1, -1)]
    else:
        devices, course = _devices(kernel.state.plant.oscillator, times), belief.dosing.course()
        totals = _totals(course, devices)
        runs = _runs(totals, course.step_units, driver.forgotten_steps, times)
        believed = [*_told(kernel, belief, devices), [course.at(devices[0])[2]] * count, *_volumes(belief, totals)]
    if driver.stuck_pulses_per_h:  # it sends pulses between steps too
        steps = chain.from_iterable(repeat(steps, rows) for rows, steps, _ in runs)
        runs = zip(repeat(1), steps, times, strict=False)
    for column, more in zip(columns, (times, *believed), strict=False):
        column.extend(more)
    _add_fluid(kernel, runs, columns[1 + len(believed) :])


def _devices(oscillator: Oscillator, times: range) -> Sequence[int]:
    """Device time at each of these true times."""
    if oscillator.stuck:
        return [oscillator.device_anchor_us] * len(times)
    pace = PPM + oscillator.drift_ppm
    start = oscillator.device_anchor_us * PPM + (times[0] - oscillator.true_anchor_us) * pace
    devices = divided(range(start, start + len(times) * times.step * pace, times.step * pace), PPM)
    return devices if isinstance(devices, range) else list(devices)


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
    return divided(units, UNITS_PER_NL) if isinstance(units, range) else map(floordiv, units, repeat(UNITS_PER_NL))


def _runs(totals: Sequence[int], step_units: int, forgotten_steps: int, times: range) -> Iterator[_Run]:
    """The rows by steps commanded."""
    done, count = 0, len(totals)
    first, slope = (totals.start, totals.step) if isinstance(totals, range) else (0, 0)
    begun_us, every_us = times.start, times.step
    while done < count:
        steps = (first + done * slope if slope else totals[done]) // step_units
        next_units = (steps + 1) * step_units
        end = min(count, (next_units - first - 1) // slope + 1) if slope else bisect_left(totals, next_units, done)
        yield end - done, forgotten_steps + steps, begun_us + done * every_us
        done = end


def _add_fluid(kernel: Kernel, runs: Iterable[_Run], columns: Sequence[list[int]]) -> None:
    """What is so with as many steps commanded as in each run: reservoir to tip, and the steps."""
    plant = kernel.plant
    catheter, motor, pulses_at = plant.state.catheter, plant.state.motor, plant.state.driver.pulses_at
    reservoir, delivered, drug, tip, commanded, moved = columns
    for rows, steps, true_us in runs:
        pulses = pulses_at(steps, true_us)
        out_fl, left_fl = plant.volumes_fl(pulses)
        reservoir += [left_fl // FL_PER_NL] * rows
        delivered += [catheter.delivered_fl(out_fl) // FL_PER_NL] * rows
        drug += [catheter.delivered_mass(out_fl) // MASS_PER_NG] * rows
        tip += [catheter.tip_concentration(out_fl) // FG_PER_NG] * rows
        commanded += [steps] * rows
        moved += [motor.moved_at(pulses)] * rows
