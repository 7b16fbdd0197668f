"""The scenarios that ship, by name."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from hil.errors import UsageError
from hil.scenario.reader import read_scenario
from hil.scenario.script import Scenario

__all__ = ["scenario_named", "shipped_names", "shipped_scenarios"]

_SUFFIXES = (".yaml", ".yml")


def _folder() -> Path:
    return Path(str(files("hil") / "library" / "scenarios"))


def shipped_names() -> list[str]:
    """Their names, in order."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def shipped_scenarios() -> list[Scenario]:
    """All of them, read."""
    return [read_scenario(_folder() / f"{name}.yaml") for name in shipped_names()]


def scenario_named(name: str) -> Scenario:
    """A file by its path, or a shipped scenario by its name. Raises UsageError, ScenarioFileError."""
    names = shipped_names()
    if name in names:
        return read_scenario(_folder() / f"{name}.yaml")
    if name.endswith(_SUFFIXES) or Path(name).is_file():
        return read_scenario(name)
    near = get_close_matches(name, names, 1)
    raise UsageError(
        f"no scenario is called {name!r}", where="run", do=f"did you mean {near[0]}?" if near else "see --list, or give a file's path"
    )
