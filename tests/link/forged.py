"""A host without manners at a real pump: `hil/instruments/intruder.py`, who looks that each answer is his; and who can take keys."""

from __future__ import annotations

from hil.instruments.intruder import Intruder as SingleFrames
from hil.instruments.intruder import frames_in
from hil.unit import Unit
from protocol.answers import Reply, read_answer
from protocol.codes import Role
from protocol.framing import Frame, encode_frame

__all__ = ["Intruder", "frames_in", "hold", "secret_of"]


class Intruder(SingleFrames):
    """The same, and stricter."""

    def send(self, frame: Frame) -> Reply:
        """One frame as it is, and what is answered to this very request."""
        (answer,) = frames_in(self.carry(encode_frame(frame)))
        assert answer[:3] == frame[:3]
        return read_answer(frame.opcode, answer.body)


def secret_of(unit: Unit, role: Role = Role.CLINICIAN) -> bytes:
    """The key in the pump's memory."""
    return next(key.secret for key in unit.keys if key.role is role)


def hold(unit: Unit, *, held: bool = True) -> None:
    """Hold a magnet over the pump, or take it away."""
    unit.act(lambda pump: pump.magnet(held))
