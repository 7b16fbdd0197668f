"""The grade of a served pump's host: hears what passes the port, provokes what it was told to, writes the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hil.errors import UsageError
from hil.grade.grader import Grader
from hil.grade.offline import proof_judge
from hil.grade.options import PROVOCATIONS, GradeOptions
from hil.grade.provocation import Provoker
from hil.grade.report import data, lines, summary
from hil.system.whole_file import write_whole
from protocol.capture.runs import HOST, PUMP
from protocol.messages import HelloAnswer

if TYPE_CHECKING:
    from hil.bench.bench import Bench

__all__ = ["Grading"]


class Grading:
    """One pump's. `about` says which pump it is; `say` takes a line for whoever runs the server."""

    def __init__(self, options: GradeOptions, bench: Bench, about: dict[str, object], say: Callable[[str], None]) -> None:
        self._options = options
        self._bench = bench
        self._unit = bench.unit
        self._pump = bench.unit.pump
        self._about = {**about, "clock": "virtual"}
        self._say = say
        self._open = True
        self.begin(options.provoke)

    def begin(self, provoke: Sequence[str] = ()) -> None:
        """Forget what was, and provoke these from now on. Raises UsageError."""
        unknown = [name for name in provoke if name not in PROVOCATIONS]
        if unknown:
            raise UsageError(f"no provocation {unknown[0]!r}", where="grade.provoke", do=f"use some of: {', '.join(PROVOCATIONS)}")
        self._grader = Grader(self._proves)
        self._provoker = Provoker(provoke, self._bench.call, lambda: self._unit.keys)

    def coming(self, data: bytes) -> None:
        """The host has sent bytes, which the pump has not seen yet."""
        if self._unit.pump is not self._pump:
            self._pump = self._unit.pump
            self._grader.another_pump()
        now_us = self._unit.now_us
        self._grader.clock.anchor(now_us, self._unit.pump.device_us)
        self._grader.passed(now_us, HOST, data)
        self._provoker.coming(data)

    def leaving(self, data: bytes) -> bytes:
        """The pump has answered; returns what goes to the host."""
        data = self._provoker.leaving(data)
        if data:
            self._grader.passed(self._unit.now_us, PUMP, data)
        return data

    def report(self, *, final: bool = False) -> dict[str, Any]:
        """The grade so far, fit for JSON, `text` as lines for a person. `final`: what is open now counts as left open."""
        self._grader.passed(self._unit.now_us, PUMP, b"")  # time has: a run of the host that paused for too long has ended
        grade, declared = self._grader.grade(final=final), self._options.declared
        told = data(grade, self._about, declared)
        return {**told, "not_provoked": list(self._provoker.waiting), "text": list(lines(grade, self._about, declared))}

    def close(self) -> None:
        """Write the report; may be called again."""
        if not self._open:
            return
        self._open = False
        path, declared, grade = self._options.report, self._options.declared, self._grader.grade()
        as_json = path.suffix == ".json"
        text = json.dumps(data(grade, self._about, declared), indent=1) if as_json else "\n".join(lines(grade, self._about, declared))
        try:
            write_whole(path, f"{text}\n")
        except OSError as error:
            self._say(f"{path}: the grade cannot be written ({error.strerror}): {summary(grade, declared)}")
            return
        waiting = self._provoker.waiting
        left = f"; nothing gave occasion for {', '.join(waiting)}" if waiting else ""
        self._say(f"the host: {summary(grade, declared)}; {path}{left}")

    def _proves(self, hello: bytes, answer: HelloAnswer) -> bool | None:
        judged: bool | None = proof_judge(self._unit.keys)(hello, answer)
        return judged
