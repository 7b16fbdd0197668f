"""A failing pump from the shell's side: names of alarms, the battery's dates, what a refusal says, the log of faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.bench.stdio import ServerProcess
from tests.cli.shell import FLEX, Run, pump_on_a_port, put_on, shell

BOLUS = ("bolus", "--dose", "50 mcg", "--duration", "10 min")


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ServerProcess, str]]:
    """A pump on a free TCP port, in lock-step, and its image: filled, told so, and running the flex example."""
    with pump_on_a_port() as process:
        put_on(process, FLEX)
        yield process, process.bench.save()


@pytest.fixture
def served(server: tuple[ServerProcess, str]) -> ServerProcess:
    """That pump, as it was."""
    process, image = server
    process.bench.restore(image)
    return process


@pytest.fixture
def running(served: ServerProcess, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run `pumpsim program PORT ...` in this process."""
    pumpsim = shell(capfd)
    return lambda *arguments: pumpsim("program", served.ready["port"], *arguments)


def test_battery_that_wants_replacing_is_said_with_its_date(running: Run, served: ServerProcess) -> None:
    """ERI is in the battery's line, the date is 90 days from now, and the alarm says what to do."""
    served.bench.inject("battery.premature_eri")
    shown = running("interrogate").out

    assert "battery          replacement due (ERI), 3,100 mV" in shown
    assert "replace pump by  2026-04-01 00:00" in shown
    assert "● ! replacement due (ERI), non-critical, active since 2026-01-01 00:00, not acknowledged" in shown
    assert "the flow goes on until the end of service: replace the pump before that date" in shown


def test_log_of_faults_is_a_ring_of_its_own(running: Run, served: ServerProcess) -> None:
    """--faults leaves out what is no fault, numbers what is left from 0, and says why the pump booted."""
    served.bench.inject("firmware.hang", task="alarms")
    served.bench.advance(seconds=100)
    lines = running("log", "--faults").out.splitlines()

    assert [line.split()[0] for line in lines] == ["0", "1"]
    assert lines[1].endswith("boot                boot 2, reset by the watchdog")
    assert "refill" in running("log").out


def test_fault_is_named_as_people_say_it(running: Run, served: ServerProcess) -> None:
    """Status, interrogation and log speak of the self-test that failed; the cause can be typed."""
    served.bench.inject("firmware.selftest_fail", test="rtc")
    served.bench.advance(hours=1)

    assert "alarms        self-test: RTC" in running("status").out
    assert "◆ !!! self-test: RTC, critical, active" in running("interrogate").out
    assert "the motor is off: needs a service reset" in running("interrogate").out
    log = running("log").out
    assert "alarm raised        self-test: RTC" in log
    assert "stopped             a failure; needs service" in log
    assert running("ack", "self-test-rtc").code == 0


def test_self_test_says_when_to_try_again(running: Run, served: ServerProcess) -> None:
    """After a reset a dose has to wait; the time is said in seconds, and the flag is in the short look."""
    served.bench.reset()
    ended = running(*BOLUS)

    assert ended.code == 1
    assert "the pump's self-test is running; try again in 4 s" in ended.err
    assert "self testing" in running("status").out
    served.bench.advance(seconds=4)
    assert running(*BOLUS).code == 0


def test_patience_waits_no_longer_than_it_may(running: Run, served: ServerProcess) -> None:
    """A pump whose time stands still does not get ready, and the command ends in the pump's own answer."""
    served.bench.reset()
    ended = running("start", "--patience", "0.01")

    assert ended.code == 1
    assert "try again in 4 s" in ended.err


def test_motor_that_is_off_says_that_it_needs_service(running: Run, served: ServerProcess) -> None:
    """START and a bolus are refused with what to do."""
    served.bench.inject("motor.stuck_driver", pulses_per_h=3_600)
    served.bench.advance(hours=1)
    for arguments in (("start",), BOLUS):
        ended = running(*arguments)
        assert ended.code == 1
        assert "the motor is off until service; interrogate to see the failure; service resets the pump" in ended.err


def test_end_of_service_is_said(running: Run, served: ServerProcess) -> None:
    """90 days after ERI the pump is stopped for good, and START says so."""
    served.bench.inject("battery.premature_eri")
    served.bench.advance(days=90)

    assert "the pump has come to the end of its service; replace it; it can still be read" in running("start").err
    assert "battery          end of service" in running("interrogate").out
