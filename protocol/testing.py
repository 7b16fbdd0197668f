"""Kit for tests: a device and a programmer joined by a link that loses, doubles, cuts and bends bytes on demand.

Public: a client's own tests may use it, and so may the maker of another transport (`check_transport`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Unpack

from protocol.client import Options, Programmer
from protocol.codes import Mode, Role
from protocol.device import DeviceRole
from protocol.keys import KEY_BYTES, Key
from protocol.paper_pump import PaperPowerCut, PaperPump
from protocol.security import DEFAULT
from protocol.therapy import Group, Step, Therapy
from protocol.transport import Transport
from protocol.transport.memory import MemoryTransport

__all__ = ["TEST_KEYS", "FakeLink", "Fault", "Pair", "check_transport", "cut", "drop", "duplicate", "flip", "keep", "simple_therapy"]

Fault = Callable[[bytes], bytes]

TEST_KEYS = tuple(Key(role, role, bytes((role,)) * KEY_BYTES) for role in (Role.PATIENT, Role.CLINICIAN, Role.SERVICE))
"""One key for each role, known to everybody."""


def keep(data: bytes) -> bytes:
    """Let it pass: a place-holder before the fault that is meant."""
    return data


def drop(data: bytes) -> bytes:
    """Lose it."""
    return data[:0]


def duplicate(data: bytes) -> bytes:
    """Carry it twice."""
    return data + data


def cut(at: int) -> Fault:
    """Lose all from byte `at` on."""
    return lambda data: data[:at]


def flip(bit: int) -> Fault:
    """Turn one bit around."""

    def bend(data: bytes) -> bytes:
        bent = bytearray(data)
        bent[bit // 8] ^= 1 << bit % 8
        return bytes(bent)

    return bend


class FakeLink:
    """Carries bytes between the two ends. A fault waits in its direction's queue and is used up by one carry.

    A pump that loses its power inside a request answers nothing and boots; the role is reset, as its owner must.
    """

    def __init__(self, pump: PaperPump, role: DeviceRole) -> None:
        self.to_pump: deque[Fault] = deque()
        self.to_host: deque[Fault] = deque()
        self.carried: list[bytes] = []
        self.power_cuts = 0
        self._pump = pump
        self._role = role

    def carry(self, data: bytes) -> bytes:
        """Take bytes to the pump and bring its answer."""
        heard = _used(self.to_pump, data)
        self.carried.append(heard)
        try:
            answer = self._role.receive(heard)
        except PaperPowerCut:
            self.power_cuts += 1
            self._pump.reboot()
            self._role.reset()
            return b""
        return _used(self.to_host, answer) if answer else b""


class Pair:
    """A paper pump with the test keys behind a device role, and the link that programmers are joined to."""

    def __init__(self, pump: PaperPump | None = None, *, security: str = DEFAULT) -> None:
        self.pump = PaperPump() if pump is None else pump
        self.role = DeviceRole(self.pump, security=security)
        self.role.provision(TEST_KEYS)
        self.pump.written_bytes = 0
        self.link = FakeLink(self.pump, self.role)

    def programmer(self, **options: Unpack[Options]) -> Programmer:
        """A programmer with an open session, number 1 unless given."""
        keys = TEST_KEYS if self.role.security.authenticates else ()
        given: Options = {"programmer_id": 1, "keys": keys, **options}
        return Programmer.over(MemoryTransport(self.link.carry), **given)

    def running(self) -> Pair:
        """Fill it and commit a simple therapy, as programmer 99."""
        with self.programmer(programmer_id=99) as programmer:
            programmer.refill(20_000_000, 0, 1, 2_000_000)
            programmer.update(simple_therapy())
        return self


def simple_therapy(rate_nl_per_h: int = 5000, concentration_ng_per_ml: int = 2_000_000) -> Therapy:
    """Simple continuous at this rate, with the dose that belongs to it."""
    dose_ng = rate_nl_per_h * 24 * concentration_ng_per_ml // 1_000_000
    group = Group(127, dose_ng, (Step(0, 1440, rate_nl_per_h),))
    return Therapy(Mode.SIMPLE, 1, 1, concentration_ng_per_ml, 2_000_000, 600, 3600, (group,))


def check_transport(ours: Transport, read_far: Callable[[], bytes], write_far: Callable[[bytes], object]) -> None:
    """What every transport keeps. The far end's functions read what has come, without waiting, and write.

    Raises AssertionError.
    """
    every_byte = bytes(range(256)) * 2
    assert ours.read(0.0) == b""

    ours.write(every_byte)
    assert _collected(read_far, len(every_byte)) == every_byte
    write_far(every_byte)
    assert _collected(lambda: ours.read(1.0), len(every_byte)) == every_byte

    assert ours.name
    assert ours.default_reply_timeout_s > 0
    ours.close()
    ours.close()


def _collected(read: Callable[[], bytes], size: int) -> bytes:
    """Read until so many bytes are there; gives up after as many reads without one."""
    got = b""
    idle = 0
    while len(got) < size and idle < 100_000:
        data = read()
        got += data
        idle = 0 if data else idle + 1
    return got


def _used(faults: deque[Fault], data: bytes) -> bytes:
    return faults.popleft()(data) if faults else data
