"""The files and report sections of a failure: seed, digest, wire, the last events, the unit image, and how to do it again."""

from __future__ import annotations

import base64
import contextlib
import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil.bench.calls import BenchCalls
from hil.errors import HilError
from hil.pytest_plugin.target import Target
from hil.rig import Rig
from hil.rig.place import CONNECT, IN_PROCESS
from protocol.errors import ProtocolError

__all__ = ["attach"]

EVENTS_SHOWN = 50
WIRE_LINES_SHOWN = 60
IMAGE, CAPTURE, SCRIPT, EVENTS, WIRE = "unit.image", "wire.pcapng", "replay.py", "events.json", "wire.txt"


def attach(report: pytest.TestReport, rig: Rig, target: Target, folder: Path) -> None:
    """Write the files, and add to the report what a reader needs first. What cannot be had any more is told, and hides nothing else."""
    heads = list(_heads(report.nodeid, rig, target))
    with contextlib.suppress(OSError):  # what cannot be written is told by each part
        folder.mkdir(parents=True, exist_ok=True)
    wire = _tried(lambda: _wire(target, folder))
    events = _tried(lambda: _events(rig, target, folder))
    heads += _tried(lambda: _replay(rig, target, folder)) or ["pump's run     cannot be had again: no bench that saves it"]
    report.sections.append(("pump", "\n".join([*heads, f"files          {folder}"])))
    if wire:
        cut = [f"... {len(wire) - WIRE_LINES_SHOWN} lines before these are in {WIRE}"] if len(wire) > WIRE_LINES_SHOWN else []
        report.sections.append(("pump wire", "\n".join([*cut, *wire[-WIRE_LINES_SHOWN:]])))
    if events:
        report.sections.append(("pump events", "\n".join(events)))


def _tried(get: Callable[[], list[str]]) -> list[str]:
    """A pump that has gone has nothing more to tell."""
    try:
        return get()
    except (HilError, ProtocolError, OSError) as error:
        return [f"cannot be had: {error}"]


def _heads(nodeid: str, rig: Rig, target: Target) -> Iterator[str]:
    place = target.place
    yield f"pump           {target.serial} at {place.url}"
    if place.seed is not None:
        yield f"seed           {place.seed}"
    with contextlib.suppress(HilError):
        if digest := target.digest(rig):
            yield f"digest         {digest}"
    yield f"this test      {_again(nodeid, target)}"


def _again(nodeid: str, target: Target) -> str:
    """The command that runs this test again on an equal pump."""
    asked, place = target.asked, target.place
    words = ["pytest", nodeid]
    if asked.rig is not None:
        words += ["--pump-rig", str(asked.rig)]
    elif place.way == IN_PROCESS:
        words += ["--pump", place.url]
    elif asked.url is not None:
        words += ["--pump", asked.url]
    for option, value in (("--pump-bench", asked.bench), ("--pump-pace", asked.pace), ("--pump-mutant", asked.mutant)):
        words += [option, str(value)] if value is not None and not (place.way == IN_PROCESS and option == "--pump-pace") else []
    if place.way not in {CONNECT, IN_PROCESS}:
        words += ["--pump-profile", str(place.profile), "--pump-seed", str(place.seed)]
    return shlex.join(words)


def _wire(target: Target, folder: Path) -> list[str]:
    lines = target.transcript.lines(wall=not target.benched)
    (folder / WIRE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    facts = {"clock": "virtual" if target.benched else "wall", "serial": target.serial, "profile": target.place.profile}
    target.transcript.write(folder / CAPTURE, target.place.url, facts)
    return lines


def _events(rig: Rig, target: Target, folder: Path) -> list[str]:
    if "bench" not in target.capabilities:
        return []
    records = rig.bench.events()[-EVENTS_SHOWN:]
    (folder / EVENTS).write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    return [" ".join(f"{name}={value}" for name, value in record.items()) for record in records]


def _replay(rig: Rig, target: Target, folder: Path) -> list[str]:
    """The image, and a program that begins with the state in which the test began and does all again."""
    if "bench.image" not in target.capabilities:
        return []
    bench: BenchCalls = rig.bench
    (folder / IMAGE).write_bytes(base64.b64decode(bench.save()))
    program = bench.script("python")
    if target.asked.mutant:
        head, _, body = program.partition("\n\n")
        inner = body.replace("print(replay(SCRIPT))", f"with mutated({target.asked.mutant!r}):\n    print(replay(SCRIPT))")
        program = f"{head}\n\nfrom hil.mutants import mutated\n{inner}"
    (folder / SCRIPT).write_text(program, encoding="utf-8")
    return [f"pump's run     python {shlex.quote(str(folder / SCRIPT))}"]
