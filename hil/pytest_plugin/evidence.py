"""Evidence of a run of pytest itself, with the plugin's --pump-report DIR: the same files that `pumpsim verify --report DIR` writes.

The rows are those that the tests name, and those of a table of one's own. Which tests ran, and in which order, is pytest's affair.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import HilError
from hil.evidence.collector import Collector
from hil.evidence.files import write_evidence
from hil.evidence.verifying import Documents, VerifyAsked
from hil.pytest_plugin.left_out import left_out_of
from hil.pytest_plugin.options import asked_of
from hil.pytest_plugin.target_slot import place_in
from hil.rig.asked import Asked

__all__ = ["register"]

NAME = "pump_evidence"


def register(config: pytest.Config, folder: Path) -> None:
    """Listen to this run, and write when it ends; in the process that gets all reports. Raises pytest.UsageError."""
    collector = Collector(lambda _record, _done, _total: None)
    config.pluginmanager.register(collector, f"{NAME}_collector")
    try:
        writer = _Writer(config, folder, collector)
    except HilError as error:
        raise pytest.UsageError(*error.lines) from None
    config.pluginmanager.register(writer, NAME)


class _Writer:
    """A pytest plugin."""

    def __init__(self, config: pytest.Config, folder: Path, collector: Collector) -> None:
        self._folder = folder
        self._collector = collector
        suites = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
        self._config = config
        self._suites = [path for path in suites if path.exists()]
        self._documents("")  # what cannot be judged is found before anything is sent
        self._said = ""

    def _documents(self, left_out: str) -> Documents:
        return Documents.for_run(_verify_asked(asked_of(self._config), left_out), place_in(self._config), self._suites)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the files; a run that broke off leaves none."""
        if self._collector.ended or not self._collector.records:
            return
        try:
            heard = self._collector
            documents = self._documents(left_out_of(self._config).words)
            header, dossier = documents.made_of(heard.records, heard.broken, tuple(heard.conftests))
            dossier["run"] |= {"mutant": ", ".join(heard.mutants), "pace": asked_of(self._config).pace or ""}
            paths = write_evidence(self._folder, header, dossier)
            self._said = f"evidence: {', '.join(str(path) for path in paths)}"
        except HilError as error:
            self._said = f"no evidence: {error}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where they are."""
        if self._said:
            terminalreporter.write_line(self._said)


def _verify_asked(asked: Asked, select: str) -> VerifyAsked:
    """The same question as `pumpsim verify` has it; no suite of ours is in it, so rows that nobody names are not judged."""
    return VerifyAsked(
        url=asked.url or "",
        bench=asked.bench or "",
        rig=asked.rig,
        profile=asked.profile or "",
        seed=asked.seed,
        random_order=False,
        report=asked.report,
        requirements=asked.requirements,
        waivers=None,
        skips=asked.skips,
        jobs=1,
        select=select,
        suites=(),
        operator="",
    )
