"""The pump: plant and firmware joined in virtual time. Nothing here knows a port, a thread or a wall clock.

The firmware's orders (`commit`, `bolus`, ...) are what an adapter calls for the wire; the bench acts (`needle`, `inject`, ...) are the side
door. `status()` is what the firmware thinks, `truth()` what is so. Looking changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import TYPE_CHECKING

from firmware_sim.agenda import Act
from firmware_sim.delivery import DeliveryRecorder
from firmware_sim.digest import digest_all, digest_therapy
from firmware_sim.errors import BenchRefused, ImageError, LimitExceeded, ProfileError
from firmware_sim.faults.registry import accept, fault_spec
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Values
from firmware_sim.image import read_image, write_image
from firmware_sim.kernel import Kernel
from firmware_sim.limits import FAULTS_ACTIVE_MAX, SAMPLES_MAX
from firmware_sim.orders import Orders
from firmware_sim.plant.needle import NeedleOrder, NeedleResult, RinseResult, SidePortOrder, SidePortResult
from firmware_sim.plant.plant import build_plant_state
from firmware_sim.plant.sounder import Sound, pattern_lengths_us, sound_of
from firmware_sim.plant.unit import manufacture
from firmware_sim.profile import Profile, load_profile, load_profile_text
from firmware_sim.pump_state import PumpState
from firmware_sim.sampling import COLUMNS, add_rows, quiet_times
from firmware_sim.trace import TraceRecord
from firmware_sim.truth import Sight, Truth
from firmware_sim.units import US_PER_DAY, US_PER_H, US_PER_MIN, US_PER_S

if TYPE_CHECKING:
    from firmware_sim.patient import Patient

__all__ = ["Pump"]

_SCHEDULABLE = ("inject", "clear", "needle", "rinse", "side_port", "magnet", "power_cut", "reset")


class Pump(Orders):
    """One simulated pump. `profile` is a shipped profile's name, the path of a file (or a Profile), `catheter`
    the name of another catheter than the profile's; `seed` decides what differs between units.
    """

    def __init__(self, profile: str | Profile = "itp-40", *, seed: int = 0, serial_number: str | None = None, catheter: str = "") -> None:
        self.profile = load_profile(profile, catheter=catheter) if isinstance(profile, str) else profile
        unit = manufacture(self.profile, seed, serial_number)
        self._take(PumpState(self.profile.name, self.profile.text, seed, build_plant_state(self.profile, unit)))
        self._kernel.boot()

    def _take(self, state: PumpState) -> None:
        """Build the working parts over a state."""
        self._state = state
        self._kernel = Kernel(self.profile, state, self._perform)
        self._sight = Sight(self._kernel)

    # -- time ----------------------------------------------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """True virtual time in microseconds since the pump was made."""
        return self._state.now_us

    @property
    def device_us(self) -> int:
        """The device's monotonic counter now."""
        return self._kernel.device_us

    @property
    def powered(self) -> bool:
        """Whether the firmware runs."""
        return self._state.belief is not None

    @property
    def answers(self) -> bool:
        """Whether a host would get an answer."""
        return self._kernel.answers

    @property
    def boots(self) -> int:
        """Boots so far; rises when the firmware starts again."""
        return self._state.boots

    @property
    def seed(self) -> int:
        """The seed it was made with."""
        return self._state.seed

    @property
    def serial(self) -> str:
        """The unit's serial number."""
        return self._state.plant.unit.serial

    @property
    def calibration_ppm(self) -> int:
        """The constant printed on the box."""
        return self._state.plant.unit.printed_ppm

    def true_us_of(self, device_us: int) -> int:
        """The first true time at which the device counter shows `device_us`. Raises BenchRefused while it stands still before that."""
        at_us = self._state.plant.oscillator.true_of(device_us)
        if at_us is None:
            raise BenchRefused(
                f"the device counter stands still at {self.device_us} us and does not come to {device_us} us; clear clock.stuck"
            )
        return at_us

    def next_due(self) -> int | None:
        """True time of the next thing that will happen by itself; None if nothing will. May lie at or before now."""
        return self._kernel.next_due()

    def advance(self, *, us: int = 0, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> None:
        """Let time pass. Raises BenchRefused for a negative span."""
        if seconds or minutes or hours or days:
            us += seconds * US_PER_S + minutes * US_PER_MIN + hours * US_PER_H + days * US_PER_DAY
        self.advance_to(self._state.now_us + us)

    def advance_to(self, at_us: int) -> None:
        """Let time pass until a true time; what is due by then happens in order. Raises BenchRefused for the past."""
        self._kernel.advance_to(at_us)

    # -- what is so ------------------------------------------------------------------------------------------------------------

    def truth(self) -> Truth:
        """What is so."""
        return self._sight.truth(self.sound())

    def sound(self) -> Sound | None:
        """What can be heard at this instant."""
        belief, numbers = self._state.belief, self.profile.sound
        if belief is None or not belief.alarms.may_sound:
            return None
        sounding = belief.alarms.sounding(self.device_us, self._repeats_us(), pattern_lengths_us(numbers))
        return sound_of(sounding.critical, sounding.began_us, numbers) if sounding else None

    def next_sound_us(self) -> int | None:
        """True time at which the next sounding begins, as things stand."""
        belief = self._state.belief
        at_us = belief.alarms.next_sounding_us(self.device_us, self._repeats_us()) if belief else None
        return None if at_us is None else self._state.plant.oscillator.true_of(at_us)

    def listen(self, duration_us: int) -> list[Sound]:
        """Advance by `duration_us`; returns every sound that began in it, in order, its start in device time."""
        if duration_us < 0:
            raise BenchRefused(f"listen: {duration_us} us is past; give a time to come")
        heard: list[Sound] = []
        end_us = self.now_us + duration_us
        while self.now_us < end_us:
            due_us = self.next_due()
            quiet_us = end_us if due_us is None else min(end_us, max(due_us, self.now_us + 1))
            heard += self._sounds(quiet_us)
            self.advance_to(quiet_us)
        return heard

    # -- bench acts ------------------------------------------------------------------------------------------------------------

    def needle(self, *, withdraw_nl: int | None = 0, inject_nl: int = 0, concentration_ng_per_ml: int = 0) -> NeedleResult:
        """Take fluid out of the reservoir (None: all in reach) and put fluid in. The pump notices nothing."""
        self._kernel.settle()
        order = NeedleOrder(withdraw_nl, inject_nl, concentration_ng_per_ml)
        result = self._kernel.plant.needle(self._kernel.pulses(), self.now_us, order)
        facts = {"withdrawn_nl": result.withdrawn_nl, "inject_nl": inject_nl, "concentration_ng_per_ml": concentration_ng_per_ml}
        self._acted("needle", facts, noticed=False)
        return result

    def rinse(self, *, volume_nl: int, turns: int = 1) -> RinseResult:
        """Empty the reservoir and rinse it with drug-free fluid, which is taken out again each turn. The pump notices nothing."""
        self._kernel.settle()
        result = self._kernel.plant.rinse(self._kernel.pulses(), self.now_us, (volume_nl, turns))
        self._acted("rinse", {"volume_nl": volume_nl, "turns": turns}, noticed=False)
        return result

    def side_port(self, *, aspirate_nl: int = 0, inject_nl: int = 0, concentration_ng_per_ml: int = 0) -> SidePortResult:
        """Draw fluid out of the catheter through its access port, then push fluid in. The pump notices nothing.

        A catheter that is blocked altogether gives and takes nothing: the result is a dry tap.
        """
        self._kernel.settle()
        order = SidePortOrder(aspirate_nl, inject_nl, concentration_ng_per_ml)
        result = self._kernel.plant.side_port(self._kernel.pulses(), order)
        self._acted("side_port", order._asdict(), noticed=False)
        return result

    def magnet(self, held: bool) -> None:
        """Hold a magnet over the pump, or take it away."""
        self._kernel.settle()
        self._state.magnet_held = held
        self._acted("magnet", {"held": held})

    def record(self, kind: str, facts: Mapping[str, object]) -> None:
        """Add a record of another kind to the trace at this instant: what a bench did that is not an act upon the pump."""
        self._kernel.trace.add(self.now_us, kind, facts)

    def inject(self, name: str, **parameters: int | str) -> int:
        """Bring a fault into force; returns its handle. Raises BenchRefused for an unknown name or a wrong parameter."""
        spec, values = self._judged(name, parameters)
        state = self._state
        if len(state.faults) >= FAULTS_ACTIVE_MAX:
            raise LimitExceeded(f"more than {FAULTS_ACTIVE_MAX} faults in force")
        self._kernel.settle()
        handle = state.next_handle
        if spec.strike is not None:
            spec.strike(self._kernel, values)
        else:
            state.faults.append(ActiveFault(handle, name, _numbers(spec, values), state.now_us))
            self._kernel.faults_changed()
        state.next_handle += 1
        self._acted("inject", {"fault": name, "parameters": dict(sorted(values.items())), "handle": handle})
        return handle

    def clear(self, handle: int) -> None:
        """End a lasting fault. Raises BenchRefused when none in force has this handle, or it is one that nothing undoes."""
        state = self._state
        fault = next((fault for fault in state.faults if fault.handle == handle), None)
        if fault is None:
            raise BenchRefused(f"clear: no fault in force has handle {handle}; in force: {[fault.handle for fault in state.faults]}")
        if not fault_spec(fault.name).clearable:
            raise BenchRefused(f"clear: {fault.name} stays; take a new pump, or restore an image from before")
        self._kernel.settle()
        if fault in state.faults:
            state.faults.remove(fault)
            self._kernel.faults_changed()
        self._acted("clear", {"handle": handle})

    def power_cut(self, after_bytes: int | None = None, off_us: int = 0) -> None:
        """Cut the supply now, or inside the memory write that passes `after_bytes` from now; it comes back after `off_us`.

        While the power is off, `after_bytes` orders a cut inside the coming boot's own writes.
        """
        self._need_electronics("power_cut")
        if off_us < 0 or (after_bytes is not None and after_bytes < 0):
            raise BenchRefused("power_cut: bytes and time are not negative")
        if not self.powered and after_bytes is None:
            raise BenchRefused("power_cut: the power is off already; advance until it is back, or say after how many bytes of the boot")
        self._kernel.settle()
        state = self._state
        self._acted("power_cut", {"after_bytes": -1 if after_bytes is None else after_bytes, "off_us": off_us})
        if after_bytes is not None:
            state.off_us, state.plant.memory.cut_after_bytes = off_us, after_bytes
        elif self.powered:
            self._lose_power(off_us)

    def reset(self) -> None:
        """A plain reset: the firmware starts again from memory."""
        self._need_electronics("reset")
        if not self.powered:
            raise BenchRefused("reset: the power is off; advance until it is back")
        self._kernel.settle()
        self._acted("reset", {})
        self._lose_power()
        self._kernel.settle()

    def schedule(self, at_us: int, act: str, **arguments: int | str) -> int:
        """Queue a bench act (inject, clear, needle, power_cut, reset) for a true time; returns its number."""
        if act not in _SCHEDULABLE:
            raise BenchRefused(f"schedule: {act!r} cannot be queued; {', '.join(_SCHEDULABLE)} can")
        self._check_scheduled(act, arguments)
        number = self._state.agenda.add(self.now_us, at_us, act, arguments)
        self._acted("schedule", {"at_us": at_us, "act": act, "arguments": arguments})
        return number

    def sample(self, every_us: int, duration_us: int) -> dict[str, list[int]]:
        """Advance by `duration_us`, looking every `every_us`; returns columns of belief and truth, the first row now."""
        if every_us <= 0 or duration_us < 0 or duration_us // every_us >= SAMPLES_MAX:
            raise BenchRefused(f"sample: every {every_us} us for {duration_us} us is not a number of rows up to {SAMPLES_MAX}")
        end_us, columns = self.now_us + duration_us, [list[int]() for _ in COLUMNS]
        while True:
            add_rows(self._kernel, quiet_times(self._kernel, every_us, end_us), columns)
            at_us = columns[0][-1] + every_us
            if at_us > end_us:
                break
            self.advance_to(at_us)
        self.advance_to(end_us)
        return dict(zip(COLUMNS, columns, strict=True))

    def record_delivery(self) -> DeliveryRecorder:
        """Keep what leaves the tip from now on, for a patient; it is no part of the pump's state and of its image."""
        self._kernel.settle()
        if self._kernel.recorder is None:
            self._kernel.recorder = DeliveryRecorder(self._kernel)
        return self._kernel.recorder

    def patient(self, preset: str = "label-consistent", sensitivity: str = "typical", seed: int | None = None) -> Patient:
        """Somebody who gets what leaves the tip from now on. Raises ProfileError for an unknown preset or sensitivity."""
        from firmware_sim.patient import Patient

        return Patient(self, preset, sensitivity, seed)

    def events(self, since: int = 0) -> list[TraceRecord]:
        """Trace records from number `since` on that are still kept."""
        return self._kernel.trace.since(since)

    def faults(self) -> tuple[ActiveFault, ...]:
        """Lasting faults in force."""
        return tuple(self._state.faults)

    # -- digest and image -------------------------------------------------------------------------------------------------------

    def digest(self, part: str = "all") -> str:
        """SHA-256 over state, memory and trace; `therapy` leaves out log, answer table, counters and trace."""
        if part == "all":
            return digest_all(self._with_trace(), self._kernel.firmware.layout)
        if part == "therapy":
            return digest_therapy(self._state, self._kernel.firmware.layout)
        raise BenchRefused(f"digest: {part!r} is not a part; there are all and therapy")

    def save(self) -> bytes:
        """The whole pump as versioned bytes."""
        return write_image(self._with_trace())

    @classmethod
    def restore(cls, image: bytes) -> Pump:
        """A pump that goes on bit-identically from an image. Raises ImageError."""
        state = read_image(PumpState, image)
        pump = cls.__new__(cls)
        try:
            pump.profile = load_profile_text(state.profile, state.profile_text)
        except ProfileError as cause:
            raise ImageError(f"the image is of profile {state.profile!r}, which this program does not take: {cause}") from cause
        pump._take(state)
        return pump

    # -- inside -----------------------------------------------------------------------------------------------------------------

    def _with_trace(self) -> PumpState:
        self._state.trace_count, self._state.trace_chain = self._kernel.trace.count, self._kernel.trace.chain
        return self._state

    def _acted(self, act: str, facts: Mapping[str, object], *, noticed: bool = True) -> None:
        """Record a bench act, then let happen what it brings about at once. Not `noticed` is one that the firmware cannot."""
        self._kernel.trace.add(self.now_us, "bench", {"act": act, **facts})
        self._kernel.changed(noticed=noticed)
        self._kernel.settle()

    def _lose_power(self, off_us: int = 0) -> None:
        self._kernel.firmware.now_us = self.device_us
        self._kernel.lose_power(off_us=off_us)

    def _check_scheduled(self, act: str, arguments: dict[str, int | str]) -> None:
        """Refuse now what could not be done then."""
        try:
            signature(getattr(self, act)).bind(**arguments)
        except TypeError as cause:
            raise BenchRefused(f"schedule: {act}: {cause}") from cause
        if act == "inject":
            parameters = {key: value for key, value in arguments.items() if key != "name"}
            self._judged(str(arguments["name"]), parameters)

    def _need_electronics(self, act: str) -> None:
        """Raise BenchRefused for what only a pump with electronics can do or suffer."""
        if not self.profile.behaviour.telemetry:
            raise BenchRefused(f"{act}: {self.profile.name} has no electronics; take another profile")

    def _judged(self, name: str, parameters: Values) -> tuple[FaultSpec, Values]:
        """A fault and all its values. Raises BenchRefused."""
        spec, values = fault_spec(name), accept(name, parameters)
        if spec.electronic:
            self._need_electronics(f"inject: {name}")
        if spec.judge is not None:
            spec.judge(self._kernel, values)
        return spec, values

    def _perform(self, act: Act) -> None:
        """Do a queued act that has come due; one that cannot be done now is recorded as such, for nobody is there to be told."""
        try:
            getattr(self, act.name)(**act.kwargs())
        except BenchRefused as refused:
            self._acted(act.name, {"refused": str(refused)})

    def _sounds(self, until_us: int) -> list[Sound]:
        """What begins to sound from now until a true time, as things stand."""
        belief, numbers = self._state.belief, self.profile.sound
        if belief is None:
            return []
        device_at = self._state.plant.oscillator.device_at
        span = (device_at(self.now_us - 1) + 1, device_at(until_us - 1) + 1)
        soundings = belief.alarms.soundings(*span, self._repeats_us(), pattern_lengths_us(numbers))
        return [sound_of(sounding.critical, sounding.began_us, numbers) for sounding in soundings]

    def _repeats_us(self) -> tuple[int, int]:
        """Repeats of the (non-critical, critical) sounds: the therapy's, or the profile's before there is one."""
        belief, numbers = self._state.belief, self.profile.alarm
        therapy = belief.prescription if belief else None
        if therapy is None:
            return numbers.non_critical_repeat_s_default * US_PER_S, numbers.critical_repeat_s_default * US_PER_S
        return therapy.non_critical_repeat_s * US_PER_S, therapy.critical_repeat_s * US_PER_S


def _numbers(spec: FaultSpec, values: Values) -> tuple[tuple[str, int], ...]:
    """A lasting fault's values as state keeps them: a word chosen as its place in the choices."""
    choices = {parameter.name: parameter.choices for parameter in spec.parameters}
    return tuple((key, choices[key].index(value) if isinstance(value, str) else value) for key, value in sorted(values.items()))
