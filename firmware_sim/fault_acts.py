"""Bringing faults to bear on the pump: those that last change the slope of every step, those that strike change state once."""

from __future__ import annotations

from contextlib import suppress

from firmware_sim.errors import BenchRefused, PowerCut
from firmware_sim.faults import FaultSpec, flow_of
from firmware_sim.kernel import Kernel
from firmware_sim.limits import CLOCK_SHIFT_US_MAX

__all__ = ["check_strike", "set_flow", "strike"]


def set_flow(kernel: Kernel) -> None:
    """Bring the faults in force to bear on every step to come; the firmware learns of a stall only by the steps."""
    motor = kernel.state.plant.motor
    turning = motor.moving
    kernel.plant.set_flow(kernel.steps(), *flow_of(kernel.state.faults))
    if turning != motor.moving and kernel.state.belief is not None:
        kernel.looking().feedback_changed()


def check_strike(kernel: Kernel, spec: FaultSpec, parameters: dict[str, int | str]) -> None:
    """Judge what the registry alone cannot: places in this pump's memory, and how far its clock may go. Raises BenchRefused."""
    if spec.name == "clock.jump":
        shift_us = kernel.state.plant.oscillator.rtc_shift_us + int(parameters["jump_us"])
        if abs(shift_us) > CLOCK_SHIFT_US_MAX:
            raise BenchRefused(f"inject: clock.jump: the clock would be off by {shift_us} us; at most {CLOCK_SHIFT_US_MAX} us either way")
    if spec.name == "memory.bit_flip":
        layout, region, offset = kernel.firmware.layout, str(parameters["region"]), int(parameters["offset"])
        if region not in layout.offsets:
            raise BenchRefused(f"inject: memory.bit_flip: no memory region {region!r}; there are {', '.join(layout.offsets)}")
        if offset >= layout.sizes[region]:
            raise BenchRefused(f"inject: memory.bit_flip: offset is {offset}; {region} has {layout.sizes[region]} bytes")


def strike(kernel: Kernel, name: str, parameters: dict[str, int | str]) -> None:
    """A fault that happens once, after `check_strike`. A power cut that it brings about is the pump's own affair."""
    if name == "clock.jump":
        kernel.state.plant.oscillator.rtc_shift_us += int(parameters["jump_us"])
        if kernel.state.belief is not None:
            with suppress(PowerCut), kernel.ordering() as firmware:
                firmware.clock_moved()
    else:
        offset = kernel.firmware.layout.offsets[str(parameters["region"])] + int(parameters["offset"])
        kernel.plant.memory.flip(offset, int(parameters["bit"]), kernel.device_us)
