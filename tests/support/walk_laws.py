"""What must hold at every step of any walk: each law of the design that one look after another can judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_sim import Pump
from firmware_sim.firmware.alarms import ALARMS, OFF
from firmware_sim.firmware.device_status import DeviceStatus
from firmware_sim.firmware.journal import Entry
from firmware_sim.firmware.modes import RUNNING
from firmware_sim.firmware.prescription import Prescription
from firmware_sim.truth import Truth
from tests.support.therapies import US_PER_DAY, US_PER_H
from tests.support.walks import CAUSES, FRONT, Act

__all__ = ["Deed", "Witness"]

FLOOR_NL = 3
"""What the floors of three totals may hide."""
RECORDS_KEPT = 24
STEP_NL_UNITS = 900_000
PPM = 1_000_000
LIMIT_TOLD = 2 * US_PER_DAY
OFF_CAUSES = frozenset(alarm.cause for alarm in ALARMS if alarm.flow == OFF)


class Deed(NamedTuple):
    """One step of a walk: the act, what became of it, and the therapy digest before it and right after it."""

    act: Act
    answer: str
    before: str = ""
    after: str = ""


@dataclass
class Witness:
    """What was seen so far, as far as later looks are judged by it."""

    steps: int = 0
    now_us: int = 0
    device_us: int = 0
    boots: int = 0
    boot_count: int = 0
    delivered_fl: int = 0
    delivered_mass: int = 0
    limits: int = 1
    generation: int = 0
    trace_count: int = 0
    stopped_us: int = -1
    still_at: int = -1
    ram_wrong_until_us: int = -1
    filled: tuple[int, int] | None = None
    filling: bool = False
    therapies: set[Prescription | None] = field(default_factory=lambda: {None})
    records: dict[int, Entry] = field(default_factory=dict)
    raised: set[int] = field(default_factory=set)
    off_since_boot: int = -1

    # -- one step --------------------------------------------------------------------------------------------------------------

    def done(self, pump: Pump, deed: Deed) -> None:
        """An act was done; no time has passed since."""
        assert deed.act.name not in FRONT or deed.answer in ("OK", "CUT") or deed.before == deed.after, "a refusal changes nothing"
        act, answer = deed.act, deed.answer
        if act.name in ("service_reset", "mend"):
            self.limits += 1
        if act.name == "commit" and answer in ("OK", "CUT"):
            therapy = act.arguments[0]
            assert isinstance(therapy, Prescription)
            self.therapies = {therapy} if answer == "OK" else {*self.therapies, therapy}
        if act.name == "mend":
            self.therapies = {*self.therapies, *self._told(pump)}
        if act.name in ("refill", "mend"):
            self._refilled(pump, answer)
        if act.name in ("commit", "start", "power_cut", "mend"):
            self.stopped_us = -1  # it ran for an instant at least, or a cut fell into its writes

    def look(self, pump: Pump) -> None:
        """Every law, at this instant. Looks are all that is done to the pump."""
        truth = pump.truth()
        self._trace(pump)
        self._account(truth)
        self._motion(pump, truth)
        self._progress(pump)
        if pump.answers:
            status = pump.status()
            self._belief(pump, status)
            self._alarms(status, truth)
            self._therapy(pump, status)
            self._computed(status)
            self._log(pump, status)
            self._off(status, truth)
        self.steps, self.now_us, self.device_us, self.boots = truth.steps_commanded, truth.now_us, truth.device_us, pump.boots

    # -- truth -----------------------------------------------------------------------------------------------------------------

    def _account(self, truth: Truth) -> None:
        """Law 5 in integers; what was delivered stays so."""
        balance = truth.balance
        assert (balance.volume_gap_fl(), balance.mass_gap()) == (0, 0), balance
        assert min(balance[: balance._fields.index("mixing_rounding_mass")]) >= 0, balance
        assert balance.delivered_fl >= self.delivered_fl, "delivered volume never falls"
        assert balance.delivered_mass >= self.delivered_mass, "delivered drug never falls"
        self.delivered_fl, self.delivered_mass = balance.delivered_fl, balance.delivered_mass

    def _motion(self, pump: Pump, truth: Truth) -> None:
        """No rate above the maximum; no step that was not commanded beyond what the limiter lets pass."""
        profile = pump.profile
        excess = self.limits * profile.limiter.excess_steps
        assert self.steps <= truth.steps_commanded
        assert truth.steps_moved <= truth.steps_commanded + excess, (truth.steps_moved, truth.steps_commanded)
        span_us = truth.device_us - self.device_us if pump.boots == self.boots else 2 * (truth.now_us - self.now_us)
        most_units = profile.rate.rate_nl_per_h_max * (span_us + 1)
        assert (truth.steps_commanded - self.steps - 1) * STEP_NL_UNITS * pump.calibration_ppm <= most_units, "the maximum rate"
        assert truth.now_us >= self.now_us
        assert truth.device_us >= self.device_us or pump.boots != self.boots

    def _progress(self, pump: Pump) -> None:
        """What was due has happened."""
        due_us = pump.next_due()
        assert due_us is None or due_us > pump.now_us, f"due at {due_us}, now {pump.now_us}"

    # -- belief ----------------------------------------------------------------------------------------------------------------

    def _belief(self, pump: Pump, status: DeviceStatus) -> None:
        """Modes, rates and totals fit each other."""
        running, bolus = status.mode in RUNNING, status.bolus
        primes = bolus is not None and bolus.kind == "prime"
        assert 0 <= status.rate_nl_per_h <= pump.profile.rate.rate_nl_per_h_max
        assert running or primes or status.rate_nl_per_h == 0
        assert bolus is None or running != primes
        assert status.stop_reason == "none" or not running
        assert self.boot_count <= status.boot_count <= pump.boots
        self.boot_count = status.boot_count
        assert status.steps <= pump.truth().steps_commanded
        assert status.generation >= self.generation, f"generation {status.generation} after {self.generation}"
        self.generation = status.generation

    def _alarms(self, status: DeviceStatus, truth: Truth) -> None:
        """Each active cause is in the log; no dose beside a critical one; who stands too long says so."""
        active = {alarm.cause for alarm in status.alarms if alarm.active}
        critical = {alarm.cause for alarm in status.alarms if alarm.active and alarm.critical}
        assert {CAUSES.index(cause) for cause in active} <= self.raised, "an active alarm is in the log"
        assert all(alarm.raised_us <= status.device_us for alarm in status.alarms)
        if status.bolus is not None:
            assert not critical - ({"stopped_too_long"} if status.bolus.kind == "prime" else set()), critical
        if status.mode != "stopped":
            self.stopped_us = -1
            still = truth.steps_commanded if "stopped_too_long" in active else -1
            assert -1 in (still, self.still_at) or still == self.still_at, "it stood too long until drug flows, and no longer"
            self.still_at = still
            return
        self.still_at = -1
        self.stopped_us = self.stopped_us if self.stopped_us >= 0 else status.device_us
        deaf = "firmware.hang" in truth.faults
        assert deaf or "stopped_too_long" in active or status.device_us < self.stopped_us + LIMIT_TOLD

    def _therapy(self, pump: Pump, status: DeviceStatus) -> None:
        """Old or new, never mixed: the last one committed, or none in the safe state; a hit in the RAM lasts one scrub at most."""
        told = status.prescription
        if status.device_us < self.ram_wrong_until_us:
            return
        if told is None:
            assert status.safe_state or status.mode in ("shelf", "stopped")
            return
        assert told in self.therapies, "the therapy in force is one that was committed last"
        self.therapies = {told}

    def _computed(self, status: DeviceStatus) -> None:
        """The computed reservoir is the entered fill less what was commanded since."""
        if status.fill is None or self.filled is None:
            self.filled = None
            return
        volume_nl, total_nl = self.filled
        since_nl = status.basal_nl + status.bolus_nl - total_nl
        assert status.computed_reservoir_nl is not None
        expected_nl = max(0, volume_nl - since_nl)
        assert abs(status.computed_reservoir_nl - expected_nl) <= FLOOR_NL, (status.computed_reservoir_nl, expected_nl)

    def _log(self, pump: Pump, status: DeviceStatus) -> None:
        """A number under which a record was read never shows another."""
        first = max(0, max(self.records, default=-1) - 1)
        assert status.log_newest >= max(self.records, default=-1), "numbers only rise"
        _, _, entries = pump.read_log(max(first, status.log_newest - RECORDS_KEPT), RECORDS_KEPT + 1)
        for entry in entries:
            known = self.records.get(entry.number)
            assert not entry.good or known is None or known == entry, f"record {entry.number} was another"
        self.records.update({entry.number: entry for entry in entries if entry.good})
        self.records = dict(sorted(self.records.items())[-RECORDS_KEPT:])

    def _off(self, status: DeviceStatus, truth: Truth) -> None:
        """A failure keeps the motor off until service: no step between two looks that both see it."""
        failed = any(alarm.active and alarm.cause in OFF_CAUSES for alarm in status.alarms)
        if failed and self.off_since_boot >= 0:
            assert truth.steps_commanded == self.steps, "motor off until service"
        self.off_since_boot = truth.steps_commanded if failed else -1

    # -- what the looks are judged by ------------------------------------------------------------------------------------------

    def _trace(self, pump: Pump) -> None:
        """Follow alarms through the log; note what hit the RAM and who restarted the totals."""
        for record in pump.events(self.trace_count):
            self.trace_count = int(str(record["number"])) + 1
            if record["kind"] == "log":
                self._logged(record)
            elif record.get("fault") == "memory.bit_flip" and dict(record["parameters"])["region"] == "ram":  # type: ignore[call-overload]  # a mapping by the trace's own form
                self.ram_wrong_until_us = pump.device_us + US_PER_H

    def _logged(self, record: dict[str, object]) -> None:
        number = int(str(record["detail"]))
        if record["event"] == "BOOT":
            self.raised.clear()
        elif record["event"] == "ALARM_RAISED":
            self.raised.add(number)
        elif record["event"] == "ALARM_CLEARED":
            self.raised.discard(number)

    def _refilled(self, pump: Pump, answer: str) -> None:
        """Remember what the pump was told, and the totals then."""
        if answer == "CUT" or not pump.answers:
            self.filled = None
        elif answer == "OK":
            status = pump.status()
            self.filled = (status.computed_reservoir_nl or 0, status.basal_nl + status.bolus_nl)

    def _told(self, pump: Pump) -> set[Prescription | None]:
        return {pump.status().prescription} if pump.answers else set()
