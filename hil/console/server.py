"""One process on one loop: a room, its clock, and the port that pages come from.

Ten times a second the run is let on, five times what has changed is told, once there is a beat. None of it holds up the sockets for longer
than a slice (`hil.console.pace`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hil.console.app import make_app
from hil.console.places import Place
from hil.console.room import Room
from hil.console.socket import MESSAGE_BYTES_MAX
from hil.console.store import Run
from hil.errors import UsageError
from hil.lesson.lesson import Lesson
from hil.pacing import after, wall_us
from hil.system.event_loop import EndSignals, defect_in, run_loop
from hil.system.whole_file import write_whole
from hil.web.http_server import CertificateFiles, HttpServer

__all__ = ["ConsoleOptions", "ConsoleServer"]

TICK_S = 0.1
TELL_EVERY_US = 190_000
BEAT_EVERY_US = 1_000_000


class ConsoleOptions(NamedTuple):
    """What `pumpsim train` was asked for. `lesson` begins at once in a run that has none; `on_ready` hears the ready line."""

    place: Place
    tls: CertificateFiles | None = None
    lesson: Lesson | None = None
    lesson_name: str = ""
    ready_file: Path | None = None
    on_ready: Callable[[dict[str, Any]], None] = lambda _line: None


class ConsoleServer:
    """A run behind a port, until told to stop. Binds when made (UsageError); the run is closed at the end."""

    def __init__(self, stored: Run, options: ConsoleOptions) -> None:
        self._options = options
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Future[None]
        self._signals: EndSignals
        self._timer: asyncio.TimerHandle | None = None
        self._told_us = self._beat_us = wall_us()
        asked = f"--host {options.place.host} --port {options.place.port}"
        self._http = HttpServer((options.place.host, options.place.port), asked=asked, tls=options.tls)
        try:
            self.place = options.place._replace(port=self._http.port)
            self.room = Room(stored, self.place.url)
            if options.lesson is not None and self.room.run is None:
                self.room.begin(options.lesson, options.lesson_name)
        except BaseException:
            self._http.close()
            raise
        self.room.wake = self._wake

    def run(self) -> None:
        """Serve until a signal."""
        try:
            run_loop(self._serve())
        finally:
            self._http.close()
            self.room.close()
            EndSignals.give_back()

    def ready_line(self) -> dict[str, Any]:
        """What others need to find the pages."""
        links = self.room.links()
        return {
            "ready": True,
            "url": self.place.url,
            "run": self.room.stored.facts.name,
            "lesson": self.room.stored.facts.lesson,
            "instructor_link": links["instructor"],
            "learner_link": links["learner"],
            "observer_link": links["observer"],
            "code": links["code"],
            "pid": os.getpid(),
            "folder": str(self.room.stored.folder),
        }

    async def _serve(self) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        loop.set_exception_handler(self._failed)
        self._signals = EndSignals(loop, self._end)
        await self._http.start(make_app(self.room, self.place), message_bytes_max=MESSAGE_BYTES_MAX)
        try:
            self._announce()
            self._tick()
            await self._ended
        finally:
            await self._wind_up()

    async def _wind_up(self) -> None:
        """Take back what others find us by; then be deaf, because one more signal would find the loop half closed."""
        if self._timer is not None:
            self._timer.cancel()
        self._withdraw()
        self.room.dismiss()
        await asyncio.wait({asyncio.ensure_future(self._http.stop())})
        self._signals.ignore()

    # ------------------------------------------------------------ time

    def _tick(self) -> None:
        """Do one thing that is due, and come again: at once if there is more, for the sockets have their turn in between.

        Each waits from the end of its last time, so that on a machine with too much to do none of them starves the others.
        """
        now_us, more = wall_us(), True
        if now_us - self._beat_us >= BEAT_EVERY_US:
            self._beat_us = now_us
            self.room.beat()
        elif now_us - self._told_us >= TELL_EVERY_US:
            self.room.refresh()
            self._told_us = wall_us()
        else:
            more = self.room.clock is not None and self.room.clock.slice()
            self.room.settle()
        self._timer = after(self._loop, 0.0 if more else TICK_S, self._tick)

    def _wake(self) -> None:
        """Something was done: have the next look soon, after the answer has gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = after(self._loop, TICK_S / 10, self._tick)

    # ------------------------------------------------------------ beginning and end

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """A callback raised: that is a defect of ours, so end with it; the run can be gone on with."""
        if (error := defect_in(context)) is not None:
            self._defect(error)

    def _defect(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)

    def _announce(self) -> None:
        line = self.ready_line()
        if self._options.ready_file is not None:
            _write_ready(self._options.ready_file, json.dumps(line) + "\n")
        self._options.on_ready(line)
        sys.stdout.flush()

    def _withdraw(self) -> None:
        """Take back the ready file, if it still is ours."""
        path = self._options.ready_file
        with contextlib.suppress(OSError, ValueError, KeyError):
            if path is not None and json.loads(path.read_text(encoding="utf-8"))["pid"] == os.getpid():
                path.unlink()


def _write_ready(path: Path, text: str) -> None:
    """Write a file that others may read at any moment, and that holds a secret. Raises UsageError."""
    try:
        write_whole(path, text, private=True)
    except OSError as error:
        raise UsageError(f"cannot write the ready file: {error.strerror}", where=str(path), do="choose another path") from None
