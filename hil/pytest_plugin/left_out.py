"""What a run was told to leave out: options that choose tests, ids of single tests, and what fell away; where evidence is written."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pytest

__all__ = ["LeftOut", "left_out_of"]

WORKER = "pump_left_out"
_LEFT = pytest.StashKey[dict[str, None]]()
_CHOOSING = (("keyword", "-k"), ("markexpr", "-m"), ("deselect", "--deselect"), ("ignore", "--ignore"), ("ignore_glob", "--ignore-glob"))
_FLAGS = (("lf", "--lf"), ("stepwise", "--sw"), ("maxfail", "--maxfail"))


class LeftOut(NamedTuple):
    """`given` are single tests of the command line, `options` those that choose, `deselected` the ids of what was collected and not run."""

    given: tuple[str, ...]
    options: tuple[str, ...]
    deselected: tuple[str, ...]

    @property
    def words(self) -> str:
        """All of it on one line; empty where nothing was left out."""
        count = len(self.deselected)
        fell = [f"{count} {'test' if count == 1 else 'tests'} deselected"] if count else []
        return ", ".join([*self.given, *self.options, *fell])


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing."""
    config.stash[_LEFT] = {}
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(_Worker(config), WORKER)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note what falls away."""
    for item in items:
        item.config.stash[_LEFT][item.nodeid] = None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """All processes of pytest-xdist collect alike; what one of them left out is what the run left out."""
    told: Iterable[str] = getattr(node, "workeroutput", {}).get(WORKER, ())
    config: pytest.Config = node.config
    for test in told:
        config.stash[_LEFT][test] = None


class _Worker:
    """A pytest plugin: tells the process that starts the others what fell away here."""

    def __init__(self, config: pytest.Config) -> None:
        self._config: Any = config

    def pytest_sessionfinish(self) -> None:
        """By pytest-xdist's own way."""
        self._config.workeroutput[WORKER] = list(self._config.stash[_LEFT])


def left_out_of(config: pytest.Config) -> LeftOut:
    """What this run left out; whole from the end of its last test on."""
    given = tuple(argument for argument in config.args if "::" in argument)
    left = config.stash[_LEFT]
    return LeftOut(given, tuple(_options(config)), tuple(sorted(left)))


def _options(config: pytest.Config) -> Iterator[str]:
    for name, option in _CHOOSING:
        value = config.getoption(name, None)
        for text in [value] if isinstance(value, str) else value or ():
            if text:
                yield f"{option} {shlex.quote(str(text))}"
    for name, option in _FLAGS:
        value = config.getoption(name, None)
        if value:
            yield option if value is True else f"{option} {value}"
