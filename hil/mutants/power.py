"""Mutants of power, restart and self-test: battery indicators, resets, watchdogs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from firmware_sim.firmware.boot import Waking
from hil.mutants.mutant import Change, Mutant, gives, numbers, turns

__all__ = ["POWER"]

CONTROLLER = "firmware_sim.firmware.controller:Controller"
SAFETY = "firmware_sim.firmware.safety:Safety"
WAKE = "firmware_sim.firmware.controller:wake"
EARLY_DAYS = 20
ERI_DAYS = 90


def _tells_only(self: Any) -> None:
    self._firmware.alarms.raise_alarm("eos")


def _as_if_nothing(real: Callable[..., None]) -> Callable[..., None]:
    def boot(self: Any, *, first: bool) -> None:
        self.hal.registers.lost = False
        real(self, first=first)

    return boot


def _at_minimum_rate(waking: Waking, *_others: object) -> Waking:
    belief, trigger = waking.belief, waking.trigger
    if trigger is None or not trigger.startswith("run_") or belief.prescription is None:
        return waking
    belief.prescription = belief.prescription._replace(mode="minimum_rate", groups=(), patient=())
    return waking._replace(trigger="run_minimum_rate")


def _starts(waking: Waking, *_others: object) -> Waking:
    therapy = waking.belief.prescription
    return waking if waking.trigger != "unload" or therapy is None else waking._replace(trigger=f"run_{therapy.mode}")


def _alarms_only(self: Any, cause: str) -> None:
    self._firmware.alarms.raise_alarm(cause)


POWER: Sequence[Mutant] = (
    Mutant(
        "eri-never",
        "The replacement indicator never comes.",
        ("PW-04",),
        "PW-04 denied",
        (gives("firmware_sim.firmware.deadlines:eri_due_us"),),
        "running rate=2000; advance days=2470",
        "alarms",
    ),
    Mutant(
        "eri-too-early",
        "The replacement indicator comes three weeks after implant.",
        ("AL-12", "PW-04"),
        "AL-12 denied: a false alarm",
        (numbers("battery", age_days_max=lambda _days: ERI_DAYS + EARLY_DAYS),),
        "running rate=10000; advance days=25",
        "alarms",
    ),
    Mutant(
        "eos-without-stop",
        "At the end of service the pump says so, and goes on.",
        ("PW-05", "AL-07"),
        "PW-05 denied",
        (Change("firmware_sim.firmware.service_life:ServiceLife.end_service", lambda _real: _tells_only),),
        "running rate=2000; inject battery.premature_eri; advance days=92",
        "belief mode",
    ),
    Mutant(
        "one-reading-of-supply",
        "One low reading of the supply voltage is taken for the truth.",
        ("PW-02",),
        "PW-02 denied",
        (numbers("battery", readings=lambda _readings: 1, sample_period_s=lambda seconds: seconds // 10),),
        "running rate=10000; advance hours=1; inject battery.dip supply_mv=2300 seconds=20; advance minutes=5",
        "log ALARM_RAISED",
    ),
    Mutant(
        "supply-looked-at-hourly",
        "The supply voltage is measured once an hour.",
        ("PW-01", "PW-08"),
        "PW-01 denied",
        (numbers("battery", sample_period_s=lambda seconds: 20 * seconds),),
        "running rate=10000; inject battery.dip supply_mv=2300 seconds=1200; advance minutes=20",
        "log ALARM_RAISED",
    ),
    Mutant(
        "low-battery-reset-keeps-therapy",
        "After a supply dip the pump goes on with its therapy and raises no alarm.",
        ("PW-07", "ST-10"),
        "PW-07 denied: Medtronic advisory 2011, VA AL09-24",
        (Change(f"{CONTROLLER}.boot", _as_if_nothing),),
        "running rate=10000; inject battery.dip supply_mv=1000 seconds=30; advance hours=1",
        "alarms",
    ),
    Mutant(
        "reset-falls-to-minimum-rate",
        "Any restart leaves the pump at its minimum rate, and nothing tells so.",
        ("ST-10", "LG-05"),
        "HID 5.11: silent fall to a default",
        (turns(WAKE, _at_minimum_rate),),
        "running rate=10000; reset; advance minutes=5",
        "belief mode",
    ),
    Mutant(
        "reset-starts-stopped-pump",
        "A pump that was stopped runs after a restart.",
        ("ST-10", "PG-18"),
        "ST-10 denied",
        (turns(WAKE, _starts),),
        "running rate=10000; stop; reset; advance minutes=5",
        "belief mode",
    ),
    Mutant(
        "self-test-skipped",
        "After a restart the motor runs before any self-test has passed.",
        ("SF-01", "BO-17"),
        "SF-01 denied",
        (gives(f"{SAFETY}.begin_power_on_test"),),
        "fill drug=2; therapy rate=1000000 drug=2; mark; reset; advance seconds=10",
        "delivered",
    ),
    Mutant(
        "self-test-failure-runs-on",
        "A failed self-test is told, and the motor goes on.",
        ("SF-07", "SF-04", "SF-13"),
        "SF-07 denied",
        (Change(f"{SAFETY}.fail", lambda _real: _alarms_only),),
        "running rate=10000; inject firmware.selftest_fail test=rom; advance hours=2",
        "belief mode",
    ),
    Mutant(
        "self-test-once-a-day",
        "The tests that are due every hour are made once a day.",
        ("SF-06", "SF-05"),
        "SF-06 denied",
        (numbers("self_test", period_s=lambda seconds: 24 * seconds),),
        "running rate=10000; inject firmware.selftest_fail test=cpu; advance minutes=61",
        "alarms",
    ),
    Mutant(
        "watchdog-late",
        "The watchdog waits for twice its time.",
        ("SF-09", "SF-10"),
        "SF-09 denied",
        (
            Change(
                "firmware_sim.plant.board:Board.due_us",
                lambda real: (
                    lambda self, numbers: real(self, type(numbers)(timeout_s=2 * numbers.timeout_s, failure_s=2 * numbers.failure_s))
                ),
            ),
        ),
        "running rate=10000; inject firmware.hang task=dosing; advance seconds=100",
        "belief boot_count",
    ),
)
