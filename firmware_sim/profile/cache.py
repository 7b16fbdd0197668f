"""Shipped profiles as they were read last time: a folder of the user's own, for YAML with line numbers takes a tenth of a second.

A file is found by a digest over every profile that ships and over the code that reads them, and holds a digest of itself: one that does
not fit, is another user's or cannot be read is passed over, and written anew. It is replaced in one step, so several programs may start
at once. Where no folder can be written, profiles are read anew each time. PUMPSIM_CACHE names another folder; empty, it keeps none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from firmware_sim.limits import OWN_FOLDER_MODE
from firmware_sim.profile.folder import FOLDER
from firmware_sim.profile.model import Profile
from firmware_sim.profile.sections import SECTIONS, DrugEntry, Number, names_of

__all__ = ["CACHE_VARIABLE", "cache_folder", "cached"]

CACHE_VARIABLE = "PUMPSIM_CACHE"
_READERS = Path(__file__).parent


def cached(name: str, catheter: str, read: Callable[[], Profile]) -> Profile:
    """The profile as it was kept, or else as `read` gives it."""
    folder = cache_folder()
    path = None if folder is None else folder / f"{name}-{catheter or 'own'}.json"
    asked = f"{name} {catheter}"
    kept = path and _kept(path, asked)
    if kept:
        return kept
    profile = read()
    if path is not None:
        with contextlib.suppress(OSError):
            _keep(path, asked, profile)
    return profile


def cache_folder() -> Path | None:
    """Where profiles are kept; None where nowhere."""
    named = os.environ.get(CACHE_VARIABLE)
    if named is not None:
        return Path(named) if named else None
    with contextlib.suppress(RuntimeError):  # nobody's home
        home = Path.home()
        places = {"darwin": home / "Library" / "Caches", "win32": Path(os.environ.get("LOCALAPPDATA", home))}
        return Path(os.environ.get("XDG_CACHE_HOME") or places.get(sys.platform, home / ".cache")) / "pumpsim"
    return None


def _origin(asked: str) -> str:
    """A digest of what was asked for and of all that a profile that ships is made from."""
    return hashlib.sha256(f"{_shipped()} {asked}".encode()).hexdigest()


@cache
def _shipped() -> str:
    """A digest of every profile that ships and of the code that reads them."""
    files = [*sorted(FOLDER.glob("*.yaml")), *sorted(_READERS.glob("*.py")), _READERS.parent / "limits.py"]
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()


def _kept(path: Path, asked: str) -> Profile | None:
    """The profile in this file, if it is there, whole, ours, and of the same origin."""
    try:
        if hasattr(os, "geteuid") and path.stat().st_uid != os.geteuid():
            return None
        origin, digest, text = path.read_text(encoding="utf-8").split("\n", 2)
        if origin != _origin(asked) or digest != hashlib.sha256(text.encode()).hexdigest():
            return None
        return _profile(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _keep(path: Path, asked: str, profile: Profile) -> None:
    """Raises OSError."""
    text = json.dumps(_facts(profile), separators=(",", ":"))
    path.parent.mkdir(mode=OWN_FOLDER_MODE, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text("\n".join((_origin(asked), hashlib.sha256(text.encode()).hexdigest(), text)), encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _facts(profile: Profile) -> dict[str, Any]:
    """A profile as JSON has it."""
    sections = {key: {name: getattr(getattr(profile, key), name) for name in names_of(kind)} for key, kind in SECTIONS.items()}
    drugs = [[getattr(drug, name) for name in names_of(DrugEntry)] for drug in profile.drugs]
    rest = {"known_deviations": profile.known_deviations, "numbers": profile.numbers, "text": profile.text}
    return {"name": profile.name, "sections": sections, "drugs": drugs, **rest}


def _profile(facts: dict[str, Any]) -> Profile:
    """The profile of these facts."""
    return Profile(
        name=facts["name"],
        **{key: kind(**facts["sections"][key]) for key, kind in SECTIONS.items()},
        drugs=tuple(DrugEntry(*drug) for drug in facts["drugs"]),
        known_deviations=tuple((requirement, reason) for requirement, reason in facts["known_deviations"]),
        numbers=tuple((path, Number(*number)) for path, number in facts["numbers"]),
        text=facts["text"],
    )
