"""What a test starts from: a pump that was filled, told so, and runs a therapy; and its twin, which differs in one thing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from firmware_sim.profile import Profile
from hil.bench.calls import BenchCalls
from hil.instruments.intruder import Intruder
from hil.instruments.magnet import held
from hil.rig import Rig
from hil.suite.clock import Clock
from hil.suite.therapies import BACLOFEN, Fluid, Prescriber
from hil.suite.wire import Wire
from protocol.codes import AlarmCause, Answer, Role
from protocol.therapy import Therapy

__all__ = ["Given"]

_Seen = TypeVar("_Seen")


class Given:
    """One pump on its rig, and who programs it."""

    def __init__(self, rig: Rig, profile: Profile) -> None:
        self.rig = rig
        self.profile = profile
        self.prescribe = Prescriber(profile)
        self._wire: Wire | None = None

    @property
    def bench(self) -> BenchCalls:
        """The side door."""
        return self.rig.bench

    @property
    def clock(self) -> Clock:
        """The bench's time."""
        return Clock(self.rig.bench)

    @property
    def wire(self) -> Wire:
        """A clinician's session, opened when it is needed."""
        if self._wire is None:
            self._wire = Wire(self.rig.another_programmer())
        return self._wire

    def leave(self) -> None:
        """The programmer says goodbye; the next act opens a new session."""
        if self._wire is not None:
            self._wire.programmer.close()
            self._wire = None

    def secret(self, role: Role = Role.CLINICIAN) -> bytes:
        """The key that opens sessions of this role."""
        return next(key.secret for key in self.rig.keys if key.role is role)

    def opens(self, secret: bytes, role: Role = Role.CLINICIAN) -> bool:
        """Whether a session of this role is served with this key."""
        host = self.intruder(31)
        return host.hello(secret, role).answer is Answer.OK and host.ask("STATUS").answer is Answer.OK

    def intruder(self, programmer_id: int = 13) -> Intruder:
        """Somebody else at the line."""
        return Intruder(self.bench.send, programmer_id)

    def magnet(self) -> AbstractContextManager[None]:
        """A magnet over the pump for the length of a block."""
        return held(self.rig.magnet)

    @property
    def fill_nl(self) -> int:
        """How much a test fills: three quarters of the reservoir."""
        return self.profile.reservoir.capacity_nl * 3 // 4

    def filled(self, fluid: Fluid = BACLOFEN, volume_nl: int | None = None) -> None:
        """The needle takes out what is there and fills, and the pump is told."""
        volume_nl = self.fill_nl if volume_nl is None else volume_nl
        strength = fluid.concentration_ng_per_ml
        deed = self.bench.needle(withdraw_nl="all", inject_nl=volume_nl, concentration_ng_per_ml=strength)
        self.wire.refill(volume_nl, int(deed["withdrawn_nl"]), fluid)

    def running(self, therapy: Therapy) -> None:
        """Filled with what the therapy is made of, and running it."""
        self.filled(Fluid(therapy.drug_id, therapy.drug_version, therapy.concentration_ng_per_ml))
        self.wire.update(therapy)

    def resumed(self) -> None:
        """Running again after a bolus: a pump that ends its boluses stopped is started."""
        if self.profile.behaviour.after_bolus == "stop":
            self.wire.start()

    def apart(self, *stories: Callable[[], _Seen]) -> list[_Seen]:
        """What each story sees that begins here: a pump and its twins. The pump is left where the last one ends."""
        self.leave()
        image, seen = self.bench.fork(), []
        for story in stories:
            self.bench.back_to(image)
            seen.append(story())
            self.leave()
        return seen

    # -- faults --------------------------------------------------------------------------------------------------------

    def suffers(self, fault: str, **parameters: int | str) -> int:
        """Put a fault in force and see that it came: the bench lists it, or has its record of what happens once."""
        before = self.bench.truth()["faults"].count(fault)
        handle = self.bench.inject(fault, **parameters)
        listed = self.bench.truth()["faults"].count(fault) > before or self._on_the_line(fault, handle)
        assert listed or self._done(fault, handle), f"{fault} was injected, and the bench knows nothing of it"
        return handle

    def struck(self, handle: int) -> int:
        """How many frames a fault of the line has struck."""
        return sum(1 for event in self.bench.events() if event["kind"] == "link" and event["handle"] == handle)

    def _on_the_line(self, fault: str, handle: int) -> bool:
        """Whether it is in force between pump and host."""
        return any((row["name"], row["handle"]) == (fault, handle) for row in self.bench.call("faults")["in_force"])

    def _done(self, fault: str, handle: int) -> bool:
        """Whether the bench has a record of it."""
        acts = [event for event in self.bench.events() if event["kind"] == "bench" and event["act"] == "inject"]
        return any((act["fault"], act["handle"]) == (fault, handle) for act in acts)

    # -- measuring -----------------------------------------------------------------------------------------------------

    @property
    def steps_moved(self) -> int:
        """Steps that the motor has made, in truth."""
        return int(self.bench.truth()["steps_moved"])

    @property
    def step_nl_max(self) -> int:
        """No unit's step carries more, by the profile's declared spreads."""
        motor = self.profile.motor
        most_ppm = 1_000_000 + motor.unit_error_max_ppm
        return -(-motor.step_nl * most_ppm * most_ppm // 1_000_000**2)

    @property
    def band_percent(self) -> float:
        """The declared accuracy band."""
        return self.profile.motor.accuracy_band_ppm / 10_000

    def alarms_none(self) -> None:
        """No cause is active or waits to be seen."""
        listed: list[AlarmCause] = self.wire.listed()
        assert not listed, f"alarms: {', '.join(cause.name for cause in listed)}"
