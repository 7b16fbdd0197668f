"""The least of a host at a served pump: bytes made beforehand, a raw descriptor, and answers read when the clock no longer runs.

So a round trip is the pump's, its server's and the system's time, and none of a client's: what an echo's raw descriptor measures too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from protocol.codes import Answer, Role
from protocol.key_file import key_for, load_keys
from protocol.messages import Nothing
from protocol.programmer import Answered, ProgrammerRole
from tests.bench.echo import RawFd, raw_tty

__all__ = ["RawHost", "Request"]

Request = tuple[str, tuple[Any, ...]]
"""A message's name and body."""


class RawHost:
    """An open session, by the ready line of its pump."""

    def __init__(self, ready: dict[str, Any]) -> None:
        url: str = ready["port"]
        self._raw = RawFd(raw_tty(url.removeprefix("pty:"))) if url.startswith("pty:") else RawFd.tcp(int(url.rpartition(":")[2]))
        key = key_for(load_keys(ready["key_file"]), Role.CLINICIAN) if ready["key_file"] else None
        self._role = ProgrammerRole(7, Role.CLINICIAN, key=key)
        self._judge(self._raw.ask(self._role.hello()))

    def ask(self, name: str, body: tuple[Any, ...] = Nothing()) -> Any:
        """One request outside the clock; returns the body of its answer."""
        return self._judge(self._raw.ask(self._role.request(name, body)))

    def size_of(self, name: str) -> int:
        """Bytes of an answer on the wire."""
        answer = self._raw.ask(self._role.request(name))
        self._judge(answer)
        return len(answer)

    def burst(self, requests: Sequence[Request]) -> list[float]:
        """Ask them one by one; returns seconds. Every answer was OK, with its MAC."""
        times = []
        for name, body in requests:
            frame = self._role.request(name, body)
            start = time.perf_counter()
            answer = self._raw.ask(frame)
            times.append(time.perf_counter() - start)
            self._judge(answer)
        return times

    def close(self) -> None:
        """Let go of the port."""
        self._raw.close()

    def _judge(self, answer: bytes) -> Any:
        answered = self._role.receive(answer)
        assert isinstance(answered, Answered), answer
        assert answered.answer is Answer.OK, answered
        return answered.body
