"""A client's line that is captured: any transport, with everything that passes it written to a file."""

from __future__ import annotations

import os
from collections.abc import Callable

from protocol.capture.file import CaptureFile
from protocol.capture.recorder import Recorder
from protocol.capture.runs import HOST, PUMP
from protocol.transport.base import Transport
from protocol.waiting import wall_clock

__all__ = ["CapturedTransport"]


class CapturedTransport:
    """Another transport whose bytes go into a capture file too. Raises CaptureFileError, and then the inner one is left as it is.

    Times are microseconds since 1970 unless `now_us` tells others.
    """

    def __init__(self, inner: Transport, path: str | os.PathLike[str], *, now_us: Callable[[], int] | None = None) -> None:
        self._inner = inner
        self._file = CaptureFile(path)
        self._recorder = Recorder(self._file.write, now_us or wall_clock(), port=inner.name)
        clock = "wall" if now_us is None else "given"
        self._recorder.begin(f"pumpsim, a client on {inner.name}", {"by": "client", "port": inner.name, "clock": clock})

    @property
    def name(self) -> str:
        """The inner transport's."""
        return self._inner.name

    @property
    def default_reply_timeout_s(self) -> float:
        """The inner transport's."""
        return self._inner.default_reply_timeout_s

    @property
    def problem(self) -> str:
        """Why the capture ended before the line did; empty if it has not."""
        return self._file.problem

    def write(self, data: bytes) -> None:
        """Send all of it. Raises LinkLost."""
        self._recorder.passed(HOST, data)
        self._inner.write(data)

    def read(self, timeout_s: float, /) -> bytes:
        """What is waiting, or what comes first within the timeout. Raises LinkLost."""
        data = self._inner.read(timeout_s)
        self._recorder.passed(PUMP, data)
        return data

    def close(self) -> None:
        """Let go of line and file; may be called again."""
        self._recorder.end()
        self._file.close()
        self._inner.close()
