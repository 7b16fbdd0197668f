"""A client on a real TCP port that says what it is told to, right or wrong; it waits in the pump's time, not in the wall's."""

from __future__ import annotations

import hashlib
import itertools
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from hil.bench.calls import BenchCalls
from hil.bench.stdio import ServerProcess
from hil.grade.offline import proof_judge
from hil.rig import Rig
from protocol.answers import Reply, read_answer
from protocol.codec import encode
from protocol.codes import Role
from protocol.framing import Frame, FrameDecoder, encode_frame
from protocol.key_file import load_keys
from protocol.keys import Key
from protocol.mac import SessionKeys, session_keys, transcript
from protocol.message_table import BY_NAME, HELLO, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import Begin, Hello, HelloAnswer, Interrogate, Nothing, Put, Readback, Seal, Status, TherapyPart
from protocol.therapy import Therapy
from tests.rig.serving import PROGRAMMER, filled

__all__ = ["Graded", "RawClient", "Served", "served"]

REPLY_S = 2
WAIT_S = 20.0
READ_BYTES = 65_536
RESENDS = 3


class Served(NamedTuple):
    """A served pump in lock-step: its rig, its TCP port, its programmers' keys."""

    rig: Rig
    url: str
    keys: Sequence[Key]

    @property
    def bench(self) -> BenchCalls:
        """Its side door."""
        return self.rig.bench


class Graded(NamedTuple):
    """A graded pump, filled and running, to come back to."""

    pump: Served
    image_id: str

    def begin(self, *provoke: str) -> None:
        """As if nothing had happened yet."""
        self.pump.bench.back_to(self.image_id)
        self.pump.bench.call("grade", begin=True, provoke=list(provoke))

    def rules(self, verdict: str) -> set[str]:
        """The rules with this verdict when all is over."""
        report = self.pump.bench.call("grade", final=True)
        return {row["rule"] for row in report["rules"] if row["verdict"] == verdict}


@contextmanager
def served(server: ServerProcess) -> Iterator[Served]:
    """A pump of a server in lock-step, filled and running."""
    with Rig(ExitStack(), bench=server.bench, ready=server.ready) as rig:
        rig.programmer_options = dict(PROGRAMMER)
        rig.bench.advance(seconds=10)
        filled(rig).close()
        yield Served(rig, server.ready["port"], load_keys(server.ready["key_file"]))


class RawClient:
    """One connection. `ask` sends a request of the session and returns its answer, None if none comes; it resends only if told to."""

    def __init__(self, pump: Served, programmer_id: int) -> None:
        self.bench = pump.bench
        self.programmer_id = programmer_id
        self.session = self.sequence = 0
        self.proved: bool | None = None
        self._key = next(key for key in pump.keys if key.role is Role.CLINICIAN)
        self._judge = proof_judge(pump.keys)
        self._keys: SessionKeys | None = None
        self._nonces = itertools.count(1)
        self._sent = self._got = 0
        self._decoder = FrameDecoder()
        self.bench.call("attach")
        host, _, port = pump.url.removeprefix("tcp://").rpartition(":")
        self._port = socket.create_connection((host, int(port)), timeout=WAIT_S)

    def hang_up(self) -> None:
        """Let go of the port."""
        self._port.close()

    def send(self, raw: bytes) -> Frame | None:
        """Bytes as they are, and the frame that comes back; None once the reply time has passed without."""
        self._port.sendall(raw)
        self._sent += len(raw)
        for _ in range(2):
            emitted = self.bench.settle(self._sent)
            if emitted > self._got:
                return self._read(emitted)
            self.bench.advance(seconds=REPLY_S)
        return None

    def _read(self, emitted: int) -> Frame:
        frames: list[Any] = []
        while self._got < emitted:
            data = self._port.recv(READ_BYTES)
            self._got += len(data)
            frames += self._decoder.feed(data)
        return next(frame for frame in reversed(frames) if isinstance(frame, Frame))

    def hello(self) -> Reply:
        """Open a session, believing whatever comes back."""
        nonce = next(self._nonces).to_bytes(16, "little")
        body = encode(Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, Role.CLINICIAN, self._key.key_id, self.programmer_id, nonce))
        frame = self.send(b"\0" + encode_frame(Frame(HELLO, 0, 0, body)))
        assert frame is not None
        reply = read_answer(HELLO, frame.body)
        if isinstance(reply.body, HelloAnswer):
            self.session, self.sequence = reply.body.session, 0
            self._keys = session_keys(self._key.secret, transcript(body, reply.body), reply.body.serial)
            self.proved = self._judge(body, reply.body)
        return reply

    def ask(self, name: str, body: tuple[Any, ...] = Nothing(), *, resends: int = 0) -> Reply | None:
        """The next request of the session, sent again up to so many times."""
        self.sequence += 1
        return self.ask_as(self.sequence, name, body, resends=resends)

    def ask_as(self, sequence: int, name: str, body: tuple[Any, ...] = Nothing(), *, resends: int = 0) -> Reply | None:
        """A request under this sequence number."""
        assert self._keys is not None
        opcode = BY_NAME[name].opcode
        raw = encode_frame(self._keys.signed(Frame(opcode, self.session, sequence, encode(body))))
        for _ in range(resends + 1):
            answer = self.send(raw)
            if answer is not None:
                return read_answer(opcode, answer.body)
        return None

    def told(self, name: str, body: tuple[Any, ...] = Nothing()) -> Any:
        """The body of an answer that has to come."""
        reply = self.ask(name, body, resends=RESENDS)
        assert reply is not None
        return reply.body

    def status(self) -> Status:
        """The short look."""
        status: Status = self.told("STATUS")
        return status

    def look(self) -> Status:
        """Interrogate, all parts."""
        for part in range(4):
            self.told("INTERROGATE", Interrogate(part, 0))
        return self.status()

    def stage(self, therapy: Therapy, generation: int) -> bytes:
        """BEGIN, PUT and SEAL; returns the digest."""
        self.told("BEGIN", Begin(generation, 0))
        return self.lay(therapy)

    def lay(self, therapy: Therapy) -> bytes:
        """PUT and SEAL; returns the digest."""
        image = encode(therapy)
        digest = hashlib.sha256(image).digest()
        self.told("PUT", Put(0, image))
        self.told("SEAL", Seal(len(image), digest))
        return digest

    def read_back(self) -> bytes:
        """The staged image, as the pump understood it."""
        part: TherapyPart = self.told("READBACK", Readback(0))
        return part.data
