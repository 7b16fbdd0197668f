"""The fixtures of the plugin; all have the same names and the same meaning whatever the pump is and wherever."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from hil.pytest_plugin.failures import RIG, TEMPORARY
from hil.pytest_plugin.markers import STATE
from hil.pytest_plugin.measure import Measure
from hil.pytest_plugin.target_slot import close_target, target_of

if TYPE_CHECKING:
    from hil.bench.calls import BenchCalls
    from hil.instruments.balance import Balance
    from hil.instruments.line_tap import LineTap
    from hil.instruments.listener import Listener
    from hil.instruments.magnet import Magnet
    from hil.pytest_plugin.facts import PumpFacts
    from hil.pytest_plugin.waiting import Wait
    from hil.rig import Rig
    from protocol.client import Programmer

__all__: list[str] = []

SHELF = "shelf"


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let users add states."""
    from hil.pytest_plugin import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the pump back."""
    close_target(config)


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The pump with all that is joined to it, in the state that the test asks for: shelf if it asks for none."""
    from hil.errors import UsageError

    target = target_of(request.config)
    state, options = _state(request, target.states)
    before = target.mode()
    try:
        found = target.rig_in(state or SHELF, options, asked=bool(state))
    except UsageError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        with found:
            request.node.stash[RIG], request.node.stash[TEMPORARY] = found, tmp_path_factory
            request.node.user_properties += target.facts()
            yield found
    finally:
        target.leave(before, request.node.nodeid)


def _state(request: pytest.FixtureRequest, known: Container[str]) -> tuple[str, dict[str, Any]]:
    """The state that this test begins in: that of its marker, or of a fixture with a state's name; "" if it names none."""
    mark = request.node.get_closest_marker(STATE)
    named = [name for name in request.fixturenames if name in known]
    if mark is not None:
        named.append(str(mark.args[0]))
    if len(set(named)) > 1:
        pytest.fail(f"one state at a time: the test asks for {' and '.join(dict.fromkeys(named))}", pytrace=False)
    return (named[0] if named else ""), dict(mark.kwargs if mark is not None else {})


@pytest.fixture
def shelf(rig: Rig) -> Rig:
    """A pump as it comes from the factory."""
    return rig


@pytest.fixture
def filled(rig: Rig) -> Rig:
    """A pump that is filled and told so; nothing is programmed."""
    return rig


@pytest.fixture
def primed(rig: Rig) -> Rig:
    """A pump that is filled, has a therapy, is stopped and primed to the catheter's tip."""
    return rig


@pytest.fixture
def running(rig: Rig) -> Rig:
    """A primed pump that has been on a therapy of four steps for a day."""
    return rig


@pytest.fixture
def alarming(rig: Rig) -> Rig:
    """A running pump whose low reservoir alarm has just begun to sound."""
    return rig


@pytest.fixture
def pump(request: pytest.FixtureRequest) -> PumpFacts:
    """What is known of the pump under test: profile, serial number, security, capabilities."""
    from hil.pytest_plugin.facts import facts_of

    return facts_of(target_of(request.config))


@pytest.fixture
def programmer(request: pytest.FixtureRequest, rig: Rig) -> Programmer:
    """An open clinician's programmer; a pump without telemetry skips the test."""
    target_of(request.config).demand(["telemetry"])
    if "tap" in request.fixturenames:
        request.getfixturevalue("tap")  # it stands on the line before somebody speaks
    return rig.programmer


@pytest.fixture
def bench(request: pytest.FixtureRequest, rig: Rig) -> BenchCalls:
    """The side door; where there is none the test is skipped."""
    target_of(request.config).demand(["bench"])
    return rig.bench


@pytest.fixture
def balance(request: pytest.FixtureRequest, rig: Rig) -> Balance:
    """The balance under the catheter; where there is none the test is skipped."""
    target_of(request.config).demand(["balance"])
    return rig.balance


@pytest.fixture
def listener(request: pytest.FixtureRequest, rig: Rig) -> Listener:
    """A microphone beside the pump and somebody who knows its sounds; where there is none the test is skipped."""
    from hil.instruments.listener import Listener

    target = target_of(request.config)
    target.demand(["listener"])
    return Listener(rig.microphone, target.profile)


@pytest.fixture
def magnet(request: pytest.FixtureRequest, rig: Rig) -> Magnet:
    """A magnet that can be held over the pump; where there is none the test is skipped."""
    target_of(request.config).demand(["magnet"])
    return rig.magnet


@pytest.fixture
def instrument(rig: Rig) -> Callable[[str], Any]:
    """An instrument of your own by its name in the rig file; where there is none, or no bench for a simulated one, the test is skipped."""
    from hil.errors import BenchError

    def named(name: str) -> Any:
        try:
            return rig.instrument(name)
        except BenchError as error:
            pytest.skip(f"needs {name}: {error}")

    return named


@pytest.fixture
def tap(rig: Rig) -> LineTap:
    """Faults on the line to the pump: at the bench, and where there is none at the host's end."""
    return rig.tap


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Measure:
    """Record a value with its limits, and assert it."""
    return Measure(request.node)


@pytest.fixture
def wait(request: pytest.FixtureRequest, rig: Rig) -> Wait:
    """Let time pass: the bench's where there is one, else the wall's."""
    from hil.pytest_plugin.waiting import Wait

    target = target_of(request.config)
    return Wait(rig.bench if "bench.time" in target.capabilities else None, target.asked.wait_s_max)
