"""Where the time of a request goes inside the pump's end, with no port and no operating system between.

`python -m tests.bench.profile_wire STATUS STOP START` writes microseconds of each, warm, then the functions behind the first one named.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from protocol import messages as m
from protocol.codes import Answer, Role
from protocol.key_file import key_for
from protocol.programmer import Answered, ProgrammerRole
from tests.link.bedside import Bedside

ROUNDS = 300
SHOWN = 40


class Desk:
    """A pump that runs, an open session, and bodies for requests that need one."""

    def __init__(self) -> None:
        self.unit = Bedside.running().unit
        self._role = ProgrammerRole(7, Role.CLINICIAN, key=key_for(self.unit.keys, Role.CLINICIAN))
        self._role.receive(self.unit.receive(self._role.hello()))
        self._status = self.ask("STATUS")[1]
        self._ids: Iterator[int] = iter(range(self._status.last_command_id + 1, 2**31))

    def body(self, name: str) -> tuple[Any, ...]:
        """What is asked with it; START after STOP, and either alone, does something each time."""
        if name == "START":
            return m.Start(next(self._ids), self._status.generation)
        if name == "SET_CLOCK":
            return m.SetClock(next(self._ids), self._status.clock_us)
        return m.Interrogate(2, 0) if name == "INTERROGATE" else m.Nothing()

    def ask(self, name: str, profile: cProfile.Profile | None = None) -> tuple[float, Any]:
        """Seconds inside the pump, and the answer's body."""
        frame = self._role.request(name, self.body(name))
        if profile:
            profile.enable()
        start = time.perf_counter()
        answer = self.unit.receive(frame)
        taken_s = time.perf_counter() - start
        if profile:
            profile.disable()
        answered = self._role.receive(answer)
        assert isinstance(answered, Answered)
        assert answered.answer is Answer.OK, answered
        return taken_s, answered.body


def main(names: list[str]) -> None:
    """Time all, in turns, then profile the first."""
    desk = Desk()
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            times[name].append(desk.ask(name)[0])
    for name, taken in times.items():
        sys.stdout.write(f"{name:12} median {median(taken) * 1e6:7.1f} us, least {min(taken) * 1e6:7.1f} us\n")
    profile = cProfile.Profile()
    for _ in range(ROUNDS):
        for name in names:
            desk.ask(name, profile if name == names[0] else None)
    pstats.Stats(profile).sort_stats("tottime").print_stats(SHOWN)


if __name__ == "__main__":
    main(sys.argv[1:] or ["STATUS"])
