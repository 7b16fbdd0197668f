"""Weak pumps behind a real port: each start says what is weak, and its own programmers can use it all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.client import Programmer
from protocol.security import DEFAULT, SECURITY
from tests.rig.serving import running, serve, stop_server

WEAK = [profile for profile in SECURITY.values() if profile.name != DEFAULT]


@pytest.mark.parametrize("profile", WEAK, ids=lambda profile: profile.name)
def test_each_start_says_what_is_weak(profile: object, tmp_path: Path) -> None:
    """The name, the attack that works and where it was seen stand on standard error; the ready line has the name; the key file fits."""
    assert isinstance(profile, type(SECURITY[DEFAULT]))
    with serve("--port", f"pty:{tmp_path / 'pump0'}", "--pace", "lock-step", "--security", profile.name) as process:
        ready = running(process)
        with Programmer.open(str(tmp_path / "pump0")) as programmer:
            generation = programmer.status().generation
        code, words = stop_server(process)

    assert (code, ready["security"], generation) == (0, profile.name, 0)
    assert f"pumpsim: pump1: security {profile.name}, a weakness on purpose: {profile.attack} ({profile.lesson})" in words


def test_weakness_of_each_pump_of_a_server_is_told(tmp_path: Path) -> None:
    """Of two pumps in one process each has its line."""
    ports = [f"pty:{tmp_path / name}" for name in ("a", "b")]
    with serve("--port", ports[0], "--security", "open-stop", "--and", f"itp-20 --port {ports[1]} --security raw-memory") as process:
        names = [pump["security"] for pump in running(process)["pumps"]]
        words = stop_server(process)[1]

    assert names == ["open-stop", "raw-memory"]
    assert "pump1: security open-stop, a weakness on purpose" in words
    assert "pump2: security raw-memory, a weakness on purpose" in words
