"""What a run was made with: versions, the suite's and the tables' own hashes, and the profile with the provenance of each number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import hil
from firmware_sim.profile import Profile
from protocol.message_table import PROTOCOL_MAJOR, PROTOCOL_MINOR

__all__ = ["profile_facts", "sha256_of", "suite_facts", "version_facts"]

SOURCES = (".py", ".yaml", ".ini")
SOURCED = "sourced"
SHIPPED_SUITE = Path(hil.__file__).resolve().parent / "suite"
"""Where the suite that comes with pumpsim lies."""


def sha256_of(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


def version_facts(requirements: Path | None, waivers: Path | None, wire: str = "") -> dict[str, Any]:
    """Versions of the program and the wire, and what the rows were read from; files of one's own join the shipped ones.

    `wire` names a protocol of one's own that the pump spoke.
    """
    return {
        "pumpsim": version("pumpsim"),
        "wire protocol": _wire(wire) if wire else f"{PROTOCOL_MAJOR}.{PROTOCOL_MINOR}",
        "requirements": [_shipped("requirements", "requirements.csv"), *_own(requirements)],
        "waivers": [_shipped("requirements", "waivers.yaml"), *_own(waivers)],
    }


def suite_facts(suites: Iterable[Path], tests: int, conftests: Iterable[Path] = ()) -> dict[str, Any]:
    """Names of the suites, which of them came with pumpsim, how many tests ran, and one hash over all their sources.

    `conftests` are the files of settings that pytest took: those beside the sources are in the hash too, and named.
    """
    whole, names, own, seen = hashlib.sha256(), [], [], set[Path]()
    for suite in suites:
        names.append(suite.name)
        if suite != SHIPPED_SUITE:
            own.append(suite.name)
        paths = sorted(path for path in suite.rglob("*") if path.suffix in SOURCES) if suite.is_dir() else [suite]
        for path in paths:
            whole.update(path.relative_to(suite.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        seen.update(paths)
    beside = [path for path in conftests if path not in seen]
    for path in beside:
        whole.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    settings = [f"{path.parent.name}/{path.name}" for path in beside]
    return {"names": names, "own": own, "settings": settings, "tests": tests, "sha256": whole.hexdigest()}


def profile_facts(profile: Profile) -> dict[str, Any]:
    """Who the pump is meant to be, what it declares to do otherwise, and where each of its numbers comes from."""
    numbers = [
        {"number": path, "value": number.value, "provenance": number.provenance, "from": number.source or number.note}
        for path, number in profile.numbers
    ]
    return {
        "name": profile.name,
        "model": profile.identity.model,
        "firmware": profile.identity.firmware,
        "sha256": sha256_of(repr((profile.identity, profile.behaviour, profile.known_deviations, numbers)).encode()),
        "deviations": dict(profile.known_deviations),
        "sourced": sum(number["provenance"] == SOURCED for number in numbers),
        "assumed": sum(number["provenance"] != SOURCED for number in numbers),
        "numbers": numbers,
    }


def _shipped(*parts: str) -> dict[str, str]:
    return {"name": f"{parts[-1]}, shipped", "sha256": sha256_of(files("hil").joinpath(*parts).read_bytes())}


def _wire(name: str) -> str:
    """A protocol of one's own: the class, and the hash of its file; what that file imports is not in it."""
    place, _, kind = name.rpartition(":")
    path = Path(place)
    return f"{path.name}:{kind}, SHA-256 {sha256_of(path.read_bytes())}" if path.is_file() else name


def _own(path: Path | None) -> list[dict[str, str]]:
    return [] if path is None else [{"name": path.name, "sha256": sha256_of(path.read_bytes())}]
