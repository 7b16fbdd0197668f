"""The options of the plugin, and what they said."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.rig.asked import SEED_DEFAULT, Asked

__all__ = ["asked_of"]

WAIT_S_MAX = 60.0

_ASKED = pytest.StashKey["Asked"]()
_WHERE = """the pump under test: pumpsim://itp-40?seed=1 (in this process; the default), pty:PATH, tcp://HOST:PORT, rfc2217://HOST:PORT,
serial:PATH; a pty that is not there yet, and port 0, are served for this run; all else is connected to"""
_HELP = {
    "--pump": ("URL", _WHERE),
    "--pump-bench": ("WHERE", "its bench: the ready file of its server, or http://127.0.0.1:PORT with the token in PUMPSIM_TOKEN"),
    "--pump-rig": ("FILE", "a rig file (YAML): target, instruments, keys, capabilities"),
    "--pump-profile": ("NAME|FILE", "the profile of the pump under test; itp-40 for one that is made for this run"),
    "--pump-pace": ("PACE", "of a pump that is made for this run: lock-step (the default) or xN"),
    "--pump-mutant": ("NAME", "a pump with this one defect in its firmware (see `pumpsim mutants list`)"),
}
_FILES = {
    "--pump-requirements": ("FILE", "a table of requirements (CSV) whose rows join the shipped ones"),
    "--pump-report": ("DIR", "where evidence goes, and what failing tests leave behind"),
    "--pump-skips": ("FILE", "the list of tests that may skip; one more fails the run"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """All begin with --pump."""
    group = parser.getgroup("pump", "a pump under test")
    for name, (metavar, text) in _HELP.items():
        group.addoption(name, metavar=metavar, help=text)
    for name, (metavar, text) in _FILES.items():
        group.addoption(name, metavar=metavar, type=Path, help=text)
    group.addoption("--pump-seed", metavar="N", type=int, help=f"the seed of a pump that is made for this run; {SEED_DEFAULT} if not given")
    group.addoption(
        "--pump-wait-max",
        metavar="SECONDS",
        type=float,
        default=WAIT_S_MAX,
        help=f"how long a test may wait by the wall clock before it is skipped instead; {WAIT_S_MAX:g} s if not given",
    )


def asked_of(config: pytest.Config) -> Asked:
    """What the command line of this run said."""
    if _ASKED not in config.stash:
        get = config.getoption
        worker = str(getattr(config, "workerinput", {}).get("workerid", ""))
        files = (get("pump_requirements"), get("pump_report"), get("pump_skips"))
        made = (get("pump_profile"), get("pump_pace"), get("pump_seed"), get("pump_mutant"))
        config.stash[_ASKED] = Asked(get("pump"), get("pump_bench"), _path(get("pump_rig")), *made, *files, get("pump_wait_max"), worker)
    return config.stash[_ASKED]


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
