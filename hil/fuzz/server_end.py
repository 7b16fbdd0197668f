"""The served process: the same streams through a socket of its own, with the bench on its pipe to know when all has been heard."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Self

from hil.bench.stdio import ServerEnded, ServerProcess
from hil.fuzz.bases import PROFILE, PROGRAMMER_ID, SEED, base_image, last_id
from hil.fuzz.wire_end import WireEnd
from protocol.client import Programmer
from protocol.errors import LinkLost
from protocol.framing import Frame
from protocol.fuzz.hearing import Breach
from protocol.limits import BACK_OFF_US_MAX, INTER_BYTE_US
from protocol.transport import Transport, open_transport

__all__ = ["ServerEnd"]

_READ_S = 10.0
_NEAR_US = 1_000
"""What a pump's clock may differ by over half a frame."""
_LIVES = "the server lives on"


class ServerEnd(WireEnd):
    """A pump in a process of its own, behind TCP. As a context it leaves no process behind."""

    name = "server"
    scenes = (("quiet", 1), ("clinician", 1))
    securities = (("secure", 1),)

    def __init__(self, corpus: Sequence[Frame] = ()) -> None:
        super().__init__(corpus)
        options = ["--port", "tcp://127.0.0.1:0", "--seed", str(SEED), "--pace", "lock-step"]
        self._server = ServerProcess(PROFILE, options)
        self._bench = self._server.bench
        self._line: Transport | None = None
        self._sent = self._got = self._silent_us = 0
        self._timeless = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process. May be called twice."""
        self._hang_up()
        self._server.close()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _set_up(self, base: str, _security: str) -> int:
        self._hang_up()
        try:
            self._bench.restore(base64.b64encode(base_image(base)).decode())
            self._bench.call("attach")
            self._line = open_transport(str(self._server.ready["port"]))
            self._digest = self._bench.digest("therapy")
        except (ServerEnded, LinkLost) as error:
            raise Breach(_LIVES, f"{error}: {self._server.words()}") from None
        self._sent = self._got = self._silent_us = 0
        self._timeless = True
        return last_id(base)

    def _exchange(self, data: bytes) -> bytes:
        assert self._line is not None
        self._silent_us = 0
        try:
            self._line.write(data)
            self._sent += len(data)
            due, said = self._bench.settle(self._sent) - self._got, b""
            while len(said) < due:
                more = self._line.read(_READ_S)
                if not more:
                    raise Breach("what was emitted arrives", f"{due} bytes were, {len(said)} came")
                said += more
        except (ServerEnded, LinkLost) as error:
            raise Breach(_LIVES, f"{error}: {self._server.words()}") from None
        self._got += due
        return said

    def _pause(self, us: int) -> None:
        self._silent_us += us
        if abs(self._silent_us - INTER_BYTE_US) < _NEAR_US:
            us, self._silent_us = us + _NEAR_US, self._silent_us + _NEAR_US
        self._bench.advance_us(us)
        self._timeless = False
        if self._hearing.pending and self._silent_us >= INTER_BYTE_US:
            self._hearing.pause()

    def _look(self, *, full: bool) -> None:
        """Only what needs no twin: the pump of this process is looked at more closely."""
        if full and self._timeless and not self._ever_granted and self._bench.digest("therapy") != self._digest:
            raise Breach("nothing changes that nobody was granted", "the therapy digest is another")

    def _finish(self) -> None:
        self._hang_up()
        self._bench.advance_us(BACK_OFF_US_MAX + 1_000_000)
        with Programmer.open(str(self._server.ready["port"]), programmer_id=PROGRAMMER_ID, keys=self._keys) as client:
            client.status()
