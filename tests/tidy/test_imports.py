"""What an import brings with it, seen from a fresh interpreter: directions, and a light start."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

import pytest

from tests.tidy.tree import ROOT, modules

HEAVY = {"asyncio", "click", "jinja2", "pydantic", "rich", "ruamel.yaml", "serial", "transitions"}


@cache
def loaded_by(*names: str) -> frozenset[str]:
    """The modules present after importing these, in a process of its own."""
    script = "import importlib, json, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script, *names], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout))


@cache
def whole(package: str) -> tuple[str, ...]:
    """Every module of a package, by the name it is imported by."""
    return tuple(module.dotted for module in modules(package))


@pytest.mark.parametrize("package, strangers", [("firmware_sim", {"protocol", "hil"}), ("protocol", {"firmware_sim", "hil"})])
def test_packages_know_no_stranger(package: str, strangers: set[str]) -> None:
    """The whole pump loads no wire, the whole wire loads no pump, and neither loads the bench."""
    assert not loaded_by(*whole(package)) & strangers


def test_pump_loads_no_port_and_no_terminal() -> None:
    """The whole pump, loaded, has brought in no serial line, event loop or command line."""
    assert not loaded_by(*whole("firmware_sim")) & {"serial", "asyncio", "click", "rich"}


def test_wire_loads_no_models_and_no_terminal() -> None:
    """The whole protocol, loaded, has brought in no pydantic, event loop or command line."""
    assert not loaded_by(*whole("protocol")) & {"pydantic", "asyncio", "click", "rich"}


@pytest.mark.parametrize("package", ["firmware_sim", "protocol", "hil"])
def test_package_itself_is_light(package: str) -> None:
    """Importing a package alone loads nothing heavy: its names arrive when asked for."""
    assert not loaded_by(package) & HEAVY


def test_command_line_starts_light() -> None:
    """`pumpsim --help` needs click; models, tables, plots and progress bars come with the command that uses them."""
    assert not loaded_by("hil.cli") & (HEAVY - {"click"})


def test_names_outsiders_rely_on_are_there() -> None:
    """Pump, Programmer and Rig are found where the documents say."""
    script = "from firmware_sim import Pump; from protocol import Programmer; from hil import Rig; print(Pump, Programmer, Rig)"

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_probe_can_fail() -> None:
    """The probe sees what an import brings along."""
    assert "json.decoder" in loaded_by("json")
