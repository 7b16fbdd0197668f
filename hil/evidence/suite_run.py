"""Runs a suite with pytest against one pump, in this process, and hands back what became of each test.

pytest is no dependency of pumpsim: it is imported here, and a machine without it is told which extra to install. Settings of the folder one
happens to be in, other plugins and PYTEST_ADDOPTS do not count, so that a run is the same everywhere.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import hil
from hil.errors import HilError, UsageError
from hil.evidence.names import BASES_OPTION, ORDER_OPTION

if TYPE_CHECKING:
    from hil.evidence.records import CaseRecord

__all__ = ["SHIPPED", "SuiteAsked", "SuiteRan", "need_pytest", "paths_of", "run_suite"]

SHIPPED = "shipped"
"""The word for the suite that comes with pumpsim."""
PACKAGE = Path(hil.__file__).resolve().parent
PASSED, FAILED, NO_TESTS = 0, 1, 5
"""Exit codes of pytest that come with evidence, the last of a selection that chose nothing."""
QUIET = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}


class SuiteAsked(NamedTuple):
    """What to run. `plugin_options` are those of the pytest plugin, `select` is pytest's -k, `order` the seed of a random order."""

    suites: tuple[Path, ...]
    plugin_options: tuple[str, ...]
    jobs: int = 1
    select: str = ""
    order: int | None = None


class SuiteRan(NamedTuple):
    """What came of it; `log` is what pytest printed, `mutants` what defects the pumps had on purpose."""

    records: tuple[CaseRecord, ...]
    broken: tuple[str, ...]
    log: str
    mutants: tuple[str, ...]
    conftests: tuple[Path, ...]


def paths_of(names: Sequence[str]) -> tuple[Path, ...]:
    """Where suites lie: `shipped`, or a file or folder. Raises UsageError."""
    found = [PACKAGE / "suite" if name == SHIPPED else Path(name).resolve() for name in names]
    for name, path in zip(names, found, strict=True):
        if not path.exists():
            raise UsageError("no such file or folder", where=f"--suite {name}", do=f"name tests of pytest, or `{SHIPPED}`")
    _demand_names(found)
    return tuple(dict.fromkeys(found))


def _demand_names(suites: Sequence[Path]) -> None:
    """Of files with one name, that of their packages counted in, pytest reads one. Raises UsageError."""
    seen: dict[str, Path] = {}
    for path in dict.fromkeys(file for suite in suites for file in (sorted(suite.rglob("test_*.py")) if suite.is_dir() else [suite])):
        name, folder = path.name, path.parent
        while (folder / "__init__.py").exists():
            name, folder = f"{folder.name}/{name}", folder.parent
        other = seen.setdefault(name, path)
        if other != path:
            what = f"{other} and {path} have one name, and pytest reads one file of a name"
            raise UsageError(what, where="--suite", do="rename one, or make packages of their folders (__init__.py)")


def need_pytest(jobs: int) -> None:
    """Whether what a run needs is installed. Raises UsageError with what to install."""
    if find_spec("pytest") is None:
        raise UsageError("pytest is not installed", where="verify", do="pip install 'pumpsim[suite]'")
    if jobs > 1 and find_spec("xdist") is None:
        raise UsageError("pytest-xdist is not installed", where="--jobs", do="pip install pytest-xdist, or leave out --jobs")


def run_suite(asked: SuiteAsked, told: Callable[[CaseRecord, int, int], None]) -> SuiteRan:
    """Run it. Raises UsageError where nothing could be run, HilError where a run broke off."""
    import pytest

    from hil.evidence.collector import Collector

    collector, output = Collector(told), io.StringIO()
    with _alone(), redirect_stdout(output), redirect_stderr(output):
        code = pytest.main(_arguments(asked), plugins=[collector])
    if collector.interrupted:
        raise KeyboardInterrupt
    log = output.getvalue()
    if collector.ended or code not in {PASSED, FAILED, NO_TESTS}:
        _give_up(int(code), collector.ended or _said(log), collector.broken)
    if not collector.records:
        raise UsageError("no test was run", where=f"-k {asked.select!r}" if asked.select else "--suite", do="choose others")
    return SuiteRan(collector.records, tuple(collector.broken), log, tuple(collector.mutants), tuple(collector.conftests))


def _arguments(asked: SuiteAsked) -> list[str]:
    bases = [PACKAGE.parent if path.is_relative_to(PACKAGE) else path.parent for path in asked.suites]
    root = PACKAGE.parent if PACKAGE.parent in bases else bases[0]
    arguments = [
        "-c",
        os.devnull,
        f"--rootdir={root}",
        f"--confcutdir={_common(asked.suites)}",
        "-p",
        "no:cacheprovider",
        "-p",
        "hil.plugin",
        "-p",
        "hil.evidence.session",
    ]
    for base in bases:
        arguments += [BASES_OPTION, str(base)]
    if asked.jobs > 1:
        arguments += ["-p", "xdist.plugin", "-n", str(asked.jobs)]
    if asked.select:
        arguments += ["-k", asked.select]
    if asked.order is not None:
        arguments += [ORDER_OPTION, str(asked.order)]
    return [*arguments, *asked.plugin_options, "--", *map(str, asked.suites)]


def _common(suites: Sequence[Path]) -> Path:
    """The folder of the suites; settings above it are nobody's business here."""
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in suites]))


@contextmanager
def _alone() -> Iterator[None]:
    """No settings of the environment, here and in the processes of pytest-xdist."""
    before = {name: os.environ.get(name) for name in QUIET}
    os.environ.update(QUIET)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _said(log: str) -> str:
    """The first error in what pytest printed."""
    for line in log.splitlines():
        for mark in ("ERROR: ", "INTERNALERROR> ", "E   "):
            if line.startswith(mark):
                return line.removeprefix(mark).strip()
    return "pytest ended without a word"


def _give_up(code: int, said: str, broken: Sequence[str]) -> None:
    """A misuse is one for us too; a file that cannot be collected is told before what followed from it. Raises."""
    what = broken[0] if broken else said
    if code == 4:  # pytest's usage error
        raise UsageError(what)
    raise HilError(what, where="verify")
