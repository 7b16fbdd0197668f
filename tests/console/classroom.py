"""A console in a process of its own, and the people who speak to it over real sockets."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

__all__ = ["Answer", "Console", "Line", "Person", "console"]

ANSWER_S = 30.0
LESSON = "found-stopped"
COMMAND = [sys.executable, "-c", "from hil.cli import main; main()", "train"]


class Answer(NamedTuple):
    """What came back for a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The JSON of it."""
        return json.loads(self.body)


class Console:
    """A running `pumpsim train`, by its ready line."""

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        command = [*COMMAND, "--json", "--state", str(folder / "runs"), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.end(signal.SIGTERM))
        self.ready: dict[str, Any] = json.loads(line)
        place = urlsplit(self.ready["url"])
        self.host, self.port = str(place.hostname), int(place.port or 0)

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def secret(self, role: str) -> str:
        """What a role's link ends with."""
        return str(self.ready[f"{role}_link"]).partition("#")[2]

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; underscores in header names stand for hyphens."""
        line = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_S)
        try:
            line.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                line.putheader(name.replace("_", "-"), value)
            if body is not None and "Content_Length" not in headers:
                line.putheader("Content-Length", str(len(body)))
            line.endheaders(body)
            response = line.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            line.close()

    def post(self, path: str, content: object, **headers: str) -> Answer:
        """Post JSON."""
        return self.ask("POST", path, json.dumps(content).encode(), Content_Type="application/json", **headers)

    def admitted(self, role: str, nickname: str = "") -> Person:
        """Somebody with a cookie of that role."""
        answer = self.post("/session", {"token": self.secret(role), "nickname": nickname})
        assert answer.status == 200, answer.body
        return Person(self, role, answer.headers["set-cookie"].partition(";")[0], answer.content["learner"])

    def end(self, by: signal.Signals = signal.SIGINT) -> str:
        """End it; returns what it said on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        _, errors = self.process.communicate(timeout=ANSWER_S)
        return str(errors)


class Line:
    """One browser's WebSocket. What it shows is kept in `view`, as the page does."""

    def __init__(self, url: str, **options: Any) -> None:
        self._context = connect(url, proxy=None, compression=None, close_timeout=0.5, **options)
        self.socket: ClientConnection = self._context.__enter__()
        self.hello: dict[str, Any] = {}
        self.view: dict[str, Any] = {}
        self.got: list[dict[str, Any]] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.__exit__(None, None, None)

    def next(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self.socket.recv(ANSWER_S))
        self.got.append(message)
        if message["t"] == "hello":
            self.hello = message
        elif message["t"] == "view":
            self.view = message["view"]
        elif message["t"] == "change":
            self.view |= message["set"]
        return message

    def until(self, kind: str, **facts: object) -> dict[str, Any]:
        """Messages up to the first of that kind with these facts, which is returned."""
        while True:
            message = self.next()
            if message["t"] == kind and all(message.get(name) == value for name, value in facts.items()):
                return message

    def shows(self, key: str, wanted: str) -> dict[str, Any]:
        """Read until a key of the view holds a text; returns the view."""
        while wanted not in json.dumps(self.view.get(key), ensure_ascii=False):
            self.next()
        return self.view

    def say(self, act: str, args: Mapping[str, Any] | None = None, ref: str = "") -> str:
        """Ask for an act and do not wait; returns its id."""
        self._count += 1
        ref = ref or f"t-{id(self)}-{self._count}"
        self.socket.send(json.dumps({"v": 1, "t": "do", "id": ref, "act": act, "args": dict(args or {})}))
        return ref

    def do(self, act: str, args: Mapping[str, Any] | None = None, ref: str = "") -> dict[str, Any]:
        """Ask for an act; returns its answer."""
        return self.until("answer", id=self.say(act, args, ref))


class Person(NamedTuple):
    """Somebody who has joined."""

    console: Console
    role: str
    cookie: str
    learner: str

    def get(self, path: str) -> Answer:
        """Ask for an address with the cookie."""
        return self.console.ask("GET", path, Cookie=self.cookie)

    def line(self, role: str = "", *, origin: str | None = "", query: str = "") -> Line:
        """Open a WebSocket, as a page of the console does unless told otherwise."""
        url = f"ws://{self.console.authority}/ws?role={role or self.role}{query}"
        own = self.console.ready["url"] if origin == "" else origin
        return Line(url, additional_headers={"Cookie": self.cookie}, origin=own)

    def arrived(self, query: str = "") -> Line:
        """The same, read up to the first whole view."""
        line = self.line(query=query)
        line.until("view")
        return line


@contextmanager
def console(folder: Path, *options: str, lesson: str = LESSON) -> Iterator[Console]:
    """A console, ended as Ctrl-C ends it; it must go without a traceback."""
    started = Console(folder, [*(("--lesson", lesson) if lesson else ()), *options])
    try:
        yield started
    finally:
        errors = started.end()
        assert "Traceback" not in errors, errors
