"""The run as a whole: one pump for one process, a word about it at the head, evidence at the end."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

import pytest

from hil.pytest_plugin.options import asked_of
from hil.pytest_plugin.skips import NothingShown
from hil.pytest_plugin.target_slot import place_in
from hil.rig.asked import Asked

__all__: list[str] = []

VERIFY = "hil.evidence.session"
"""In a run of `pumpsim verify` that one writes the evidence."""


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot go well before any test begins; have evidence made if it was asked for."""
    asked = asked_of(config)
    if not _said(asked):
        return
    place = place_in(config)
    if place.shared and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError(f"{place.url}: one pump cannot be shared by several processes; leave -n out, or let each make its own pump")
    if place.shared and asked.skips is None:
        config.pluginmanager.register(NothingShown(place.url), "pump_nothing_shown")
    if asked.report is None or asked.worker:
        return
    _make(asked.report)
    if not config.pluginmanager.has_plugin(VERIFY):
        from hil.pytest_plugin.evidence import register

        register(config, asked.report)


def _make(folder: Path) -> None:
    """Make the folder before any test begins, and see that files can be put there. Raises pytest.UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = f"--pump-report: {folder}: nothing can be written there ({error.strerror or error}); name a folder of your own"
        raise pytest.UsageError(why) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which pump is meant, in a run that says anything about one."""
    asked = asked_of(config)
    if not _said(asked):
        return None
    place = place_in(config)
    words = [place.way, place.url, *([f"profile {place.profile}"] if place.profile else [])]
    words += [f"seed {place.seed}"] if place.seed is not None else []
    return f"pump: {', '.join(words)}{f', mutant {asked.mutant}' if asked.mutant else ''}"


def _said(asked: Asked) -> bool:
    """Whether the command line says anything of a pump."""
    return any(value is not None for name, value in asked._asdict().items() if name not in {"wait_s_max", "worker"})
