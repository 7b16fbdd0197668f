"""Safety: the self-tests at power-on and after it, failures that keep the motor off until service, and what the board reports of them.

The tests are functions of time. At power-on nothing moves until they have passed. After that a test runs on a grid of the device clock; one
that would pass need not be run, so an event exists only where one fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.journal import EventKind
from firmware_sim.hal import SELF_TESTS
from firmware_sim.units import US_PER_MS

if TYPE_CHECKING:
    from firmware_sim.firmware.controller import Controller

__all__ = ["Safety"]


class Safety:
    """The safety task of one firmware. It runs though another task hangs."""

    def __init__(self, firmware: Controller) -> None:
        self._firmware = firmware

    def begin_power_on_test(self) -> None:
        """Nothing moves until it has passed."""
        firmware = self._firmware
        firmware.belief.holds = (*firmware.belief.holds, "post")
        firmware.belief.post_until_us = firmware.now_us + firmware.profile.self_test.post_ms * US_PER_MS

    def end_power_on_test(self) -> None:
        """Its time is over: the first test that fails ends it; none, and the motor may run."""
        firmware = self._firmware
        firmware.belief.post_until_us = -1
        self.run_tests()
        firmware.release("post")

    def run_tests(self) -> None:
        """Run them in order up to the first that fails, which keeps the motor off."""
        failing = self._firmware.hal.failing
        self._firmware.hal.tested()
        failed = next((test for test in SELF_TESTS if test in failing), None)
        if failed is not None:
            self.fail("watchdog_failure" if failed == "watchdog" else f"self_test_{failed}")

    def limiter_tripped(self) -> None:
        """The independent limiter has cut the motor's supply."""
        self.fail("rate_limiter")

    def watchdog_failed(self) -> None:
        """What the watchdog has reset still does not answer."""
        self.fail("watchdog_failure")

    def fail(self, cause: str) -> None:
        """Raise a failure: the motor is off until service."""
        self._firmware.alarms.raise_alarm(cause)
        self._firmware.stop("failure")

    def refuse_doses(self) -> None:
        """Raise Busy during the power-on test; Refused under a failure, after the end of service, and in the safe state of a pump whose
        calibration is lost.
        """
        firmware, belief = self._firmware, self._firmware.belief
        self.refuse_while_testing()
        if belief.alarms.off_until_service() or (belief.safe_state and firmware.store.calibration_ppm() is None):
            raise Refused("MOTOR_OFF", "MODE")
        if belief.alarms.is_active("eos") and firmware.profile.behaviour.stops_at_end_of_service:
            raise Refused("END_OF_SERVICE", "MODE")

    def refuse_while_testing(self) -> None:
        """Raise Busy until the power-on test is over."""
        if "post" in self._firmware.belief.holds:
            raise Busy(self._firmware.belief.post_until_us)

    def reset_by_service(self) -> None:
        """Service: failures are forgotten, and the constant on the box is entered again; the tests that follow tell whether they are gone.

        The cell's age is not.
        """
        firmware = self._firmware
        firmware.calibrate()
        for cause in firmware.belief.alarms.latched():
            if cause not in ("eri", "eos", "low_battery_reset", "keys_changed"):
                firmware.alarms.clear_alarm(cause)
        firmware.log(EventKind.SERVICE_RESET)
