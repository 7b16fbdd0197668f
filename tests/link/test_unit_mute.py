"""A pump that does not answer: nothing comes back, its end of the wire stands still, and what follows when it answers again."""

from __future__ import annotations

import pytest

from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.errors import BenchError
from hil.unit import Unit
from protocol.codes import StagingState
from protocol.errors import NoAnswer
from protocol.messages import Begin
from tests.link.bedside import Bedside
from tests.link.faulty_line import FaultyLine
from tests.rig.serving import HELLO

WATCHDOG_S = 90
STAGING_S = 600
DAY_S = 86_400


def events(bedside: Bedside) -> list[object]:
    """Kinds of the log's records."""
    return [record.get("event") for record in bedside.unit.pump.events()]


@pytest.mark.parametrize("fault, params", [("firmware.hang", {"task": "telemetry"}), ("clock.stuck", {})])
def test_nothing_is_answered_until_the_watchdog_has_reset_it(fault: str, params: dict[str, str]) -> None:
    """Up to the last microsecond before the reset a request is lost, and it is not known of later."""
    line = FaultyLine()
    programmer = line.programmer(retries=0)
    line.bench.inject(fault, **params)
    with pytest.raises(NoAnswer):
        programmer.status()
    assert not line.bench.call("now")["answers"]
    line.bench.run_until("answers", limit_s=DAY_S)

    assert line.bench.call("now")["boots"] == 2
    assert (programmer.status().boot_count, programmer.status().line_errors) == (2, 0)


def test_other_hung_tasks_answer_on() -> None:
    """A host cannot tell a pump whose dosing hangs from a sound one: it tells the rate that it believes to give."""
    line = FaultyLine()
    programmer = line.programmer()
    before = programmer.interrogate().condition
    line.bench.inject("firmware.hang", task="dosing")
    condition = programmer.interrogate().condition

    assert condition.rate_nl_per_h == before.rate_nl_per_h > 0
    assert line.bench.truth()["steps_commanded"] == line.bench.status()["steps"]
    line.bench.advance(minutes=1)
    assert programmer.interrogate().counters.steps == line.bench.truth()["steps_commanded"]


def test_staged_update_does_not_lapse_while_the_pump_is_mute() -> None:
    """Its time is judged by the task that hangs; once that runs again the update is dropped at once."""
    bedside = Bedside.running()
    bedside.unit.pump.inject("firmware.watchdog_dead")
    with bedside.programmer() as programmer:
        programmer.request("BEGIN", Begin(1, 0))
        handle = bedside.unit.pump.inject("firmware.hang", task="telemetry")
        bedside.advance(seconds=2 * STAGING_S)
        assert "UPDATE_DROPPED" not in events(bedside)
        bedside.unit.act(lambda pump: pump.clear(handle))
        bedside.advance(us=1)

        assert programmer.status().staging == StagingState.NONE
        assert "UPDATE_DROPPED" in events(bedside)


def test_session_is_gone_after_the_watchdog_s_reset() -> None:
    """The client opens a new one by itself."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    boots, session = programmer.status().boot_count, bedside.unit.role.save()
    bedside.unit.pump.inject("firmware.hang", task="telemetry")
    bedside.advance(seconds=WATCHDOG_S + 1)
    assert bedside.unit.role.save() != session

    assert programmer.status().boot_count == boots + 1


def test_mute_pump_talks_to_nobody_and_saying_nothing_it_meets_no_condition() -> None:
    """A session that was open does not hold the pace, and no alarm is told; what can be heard can be waited for."""
    line = FaultyLine()
    line.programmer()
    talked = line.unit.talking
    line.bench.inject("firmware.hang", task="telemetry", outlasts_reset=1)
    assert (talked, line.unit.talking) == (True, False)

    assert not line.bench.run_until("alarm:watchdog_failure", limit_s=600)
    assert line.bench.run_until("sound:critical", limit_s=600)
    with pytest.raises(BenchError, match="does not answer"):
        line.bench.status()


def test_pump_without_electronics_never_answers() -> None:
    """cf-16 has no telemetry: bytes to it are lost, it has no status, and its truth can be seen all the same."""
    bench = InProcessBench(Bench(Unit.new("cf-16", seed=1)))
    assert bench.send(HELLO) == b""
    assert bench.call("now")["answers"] is False
    with pytest.raises(BenchError):
        bench.status()
    bench.needle(inject_nl=10_000_000, concentration_ng_per_ml=500_000)
    bench.advance(days=3)

    assert bench.send(HELLO) == b""
    assert bench.truth()["delivered_nl"] > 0
    assert not bench.run_until("ready", limit_s=60)
    bench.restore(bench.save())
    assert bench.truth()["reservoir_nl"] < 10_000_000
