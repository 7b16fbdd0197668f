"""The clients' process of `tests.bench.clients`: places as JSON on standard input, round trips as JSON on standard output.

A place without a key file is an echo. Sessions are opened and frames made before the clock runs, answers are read by the role after it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from functools import partial

from protocol.codes import Answer, Role
from protocol.framing import Frame, encode_frame
from protocol.key_file import key_for, load_keys
from protocol.message_table import BY_NAME
from protocol.programmer import Answered, ProgrammerRole
from tests.bench.clients import ANSWER_BYTES
from tests.bench.echo import RawFd

REQUEST = encode_frame(Frame(BY_NAME["STATUS"].opcode, 1, 1, b"", mac=bytes(8)))


class Client(asyncio.Protocol):
    """Sends its requests one by one, each when the answer to the one before is there."""

    def __init__(self, place: tuple[str, str], requests: int) -> None:
        url, key_file = place
        host, _, port = url.removeprefix("tcp://").rpartition(":")
        raw = RawFd.tcp(int(port), host)
        self.stream = raw.stream
        self._role = _opened(raw, key_file) if key_file else None
        self._requests = [REQUEST if self._role is None else self._role.request("STATUS") for _ in range(requests)]
        self._last = self._requests[-1]
        self._requests.reverse()
        self._answers: list[bytes] = []
        self._sent_s = 0.0
        self.round_trips_s: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """All are connected before the first sends."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._write = transport.write

    def send(self) -> None:
        """The next request, if there is one."""
        if not self._requests:
            self.done.set_result(None)
            return
        self._sent_s = time.perf_counter()
        self._write(self._requests.pop())

    def data_received(self, data: bytes) -> None:
        """An answer, in one piece on a line as short as this."""
        self.round_trips_s.append(time.perf_counter() - self._sent_s)
        self._answers.append(data)
        self.send()

    def judge(self) -> None:
        """Every answer was whole; the last one is the pump's, with its MAC, to the last request."""
        assert {len(answer) for answer in self._answers} == {ANSWER_BYTES}
        if self._role is not None:
            answered = self._role.receive(self._answers[-1])
            assert isinstance(answered, Answered)
            assert answered.answer is Answer.OK


def _opened(raw: RawFd, key_file: str) -> ProgrammerRole:
    """A session."""
    role = ProgrammerRole(7, Role.CLINICIAN, key=key_for(load_keys(key_file), Role.CLINICIAN))
    assert isinstance(role.receive(raw.ask(role.hello())), Answered)
    return role


def _itself(client: Client) -> Client:
    """A client is its own protocol."""
    return client


async def main() -> None:
    """Run them all, and say how long each round trip took."""
    requests = int(sys.argv[1])
    clients = [Client((url, key_file), requests) for url, key_file in json.load(sys.stdin)]
    loop = asyncio.get_running_loop()
    for client in clients:
        client.stream.setblocking(False)
        await loop.create_connection(partial(_itself, client), sock=client.stream)
    began_s = time.perf_counter()
    for client in clients:
        client.send()
    await asyncio.gather(*(client.done for client in clients))
    span_s = time.perf_counter() - began_s
    for client in clients:
        client.judge()
    times = [taken_s for client in clients for taken_s in client.round_trips_s[1:]]
    json.dump({"round_trips_s": times, "span_s": span_s}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
