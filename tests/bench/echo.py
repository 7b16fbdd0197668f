"""The floor under a round trip: a process that answers each request with as many bytes as the pump would, and does nothing else."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import termios
import tty
from types import TracebackType
from typing import Self

__all__ = ["EchoProcess", "RawFd", "raw_tty"]

ECHO = """
import os, pty, socket, sys, tty
kind, size = sys.argv[1], int(sys.argv[2])
answer = bytes([7]) * (size - 1) + bytes(1)
if kind == "asyncio":
    import asyncio

    class Echo(asyncio.Protocol):
        def connection_made(self, transport):
            self.write = transport.write
        def data_received(self, data):
            self.write(answer)

    async def main():
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(main())
if kind == "pty":
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    print(os.ttyname(theirs), flush=True)
else:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    stream, _ = listener.accept()
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ours = stream.fileno()
while data := os.read(ours, 4096):
    for _ in range(data.count(0)):
        os.write(ours, answer)
"""


class EchoProcess:
    """A child that answers every run of bytes ended by a zero with `size` bytes ended by a zero; `address` is a tty or a TCP port.

    `kind` is pty or tcp, bare system calls both, or asyncio: the least that a server on an event loop does over TCP.
    """

    def __init__(self, kind: str, size: int) -> None:
        command = [sys.executable, "-c", ECHO, kind, str(size)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()


def raw_tty(path: str) -> int:
    """Open a tty as plain bytes; returns its descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(descriptor, termios.TCSANOW)
    return descriptor


class RawFd:
    """The least that a client can do: write, wait, read until the zero."""

    def __init__(self, descriptor: int, stream: socket.socket | None = None) -> None:
        self._descriptor = descriptor
        self._stream = stream

    @property
    def stream(self) -> socket.socket:
        """Its socket, where it has one."""
        assert self._stream is not None
        return self._stream

    @classmethod
    def tcp(cls, port: int, host: str = "127.0.0.1") -> Self:
        """Connect to a TCP port, of this machine unless told otherwise."""
        stream = socket.create_connection((host, port))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(stream.fileno(), stream)

    def ask(self, request: bytes) -> bytes:
        """One round trip."""
        os.write(self._descriptor, request)
        answer = b""
        while not answer.endswith(b"\0"):
            select.select([self._descriptor], [], [], 10.0)
            answer += os.read(self._descriptor, 4096)
        return answer

    def close(self) -> None:
        """Let go of it."""
        if self._stream is not None:
            self._stream.close()
        else:
            os.close(self._descriptor)
