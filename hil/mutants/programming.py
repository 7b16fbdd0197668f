"""Mutants of programming and refill: what is staged, checked, read back, committed and entered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from firmware_sim.firmware.journal import EventKind
from firmware_sim.units import US_PER_H
from hil.mutants.mutant import Change, Mutant, gives, numbers, turns
from protocol.app import Refused
from protocol.codes import StagingState, Unit
from protocol.device.staging import cut_part
from protocol.messages import Refusal, ServiceResetAnswer
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Therapy

__all__ = ["PROGRAMMING"]

CONTROLLER = "firmware_sim.firmware.controller:Controller"
JUDGE = "firmware_sim.firmware.judge"
SERVICES = "protocol.device.services:Services"
STAGING = "protocol.device.staging:Staging"
DATES = ("low_reservoir_clock_us", "empty_clock_us")
LAST = 1


def _misread(therapy: Therapy) -> Therapy:
    """A pump that waits twice as long between two soundings as it was told to."""
    return therapy._replace(critical_repeat_s=2 * therapy.critical_repeat_s)


def _echo(self: Any, programmer_id: int, offset: int) -> Any:
    self.may("READBACK", programmer_id)
    return cut_part(self.generation, bytes(self._data), offset)


def _committed_otherwise(real: Callable[..., Therapy]) -> Callable[..., Therapy]:
    return lambda self, *others: _misread(real(self, *others))


def _any_generation(real: Callable[..., Any]) -> Callable[..., Any]:
    def begin(self: Any, session: Any, body: Any) -> Any:
        return real(self, session, body._replace(generation=self._app.therapy()[0]))

    return begin


def _starts_any(real: Callable[..., str]) -> Callable[..., str]:
    return lambda self, _generation, command: real(self, None, command)


def _needs_no_seal(real: dict[StagingState, dict[str, StagingState]]) -> dict[StagingState, dict[str, StagingState]]:
    return {**real, StagingState.OPEN: {**real[StagingState.OPEN], "COMMIT": StagingState.NONE}}


def _at_once(real: Callable[..., Any]) -> Callable[..., Any]:
    def service_reset(self: Any, session: Any, body: Any) -> Any:
        if body.token:
            return real(self, session, body)
        self._app.service_reset()
        return ServiceResetAnswer(0, 0)

    return service_reset


def _without_units(real: Callable[..., None]) -> Callable[..., None]:
    """Doses that do not fit their volumes pass."""
    from firmware_sim.errors import Refused as PumpRefused

    def judged(*args: Any) -> None:
        try:
            real(*args)
        except PumpRefused as refused:
            if refused.code != "UNIT_MISMATCH":
                raise

    return judged


def _runs_at_once(real: Callable[..., int]) -> Callable[..., int]:
    def commit(self: Any, *others: Any) -> int:
        drug_id, self.belief.drug_id = self.belief.drug_id, 0
        try:
            return real(self, *others)
        finally:
            if self.belief.drug_id == 0:
                self.belief.drug_id = drug_id

    return commit


def _first_of_all(real: Callable[..., Any]) -> Callable[..., Any]:
    def drug(self: Any, drug_id: int) -> Any:
        return real(self, drug_id) or self.drugs[0]

    return drug


def _unlogged(real: Callable[..., None]) -> Callable[..., None]:
    def log(self: Any, kind: EventKind, *others: Any, **named: Any) -> None:
        if kind is not EventKind.OVERRIDE:
            real(self, kind, *others, **named)

    return log


def _nameless(real: Callable[..., bytes]) -> Callable[..., bytes]:
    def of_exception(error: Any) -> bytes:
        if isinstance(error, Refused):
            error = Refused(Refusal(RefusalCode.RANGE, Field.NONE, 0, 0, 0, Unit.NONE))
        return real(error)

    return of_exception


def _echoed(told: tuple[int, int], _firmware: Any, entry: Any, *_others: object) -> tuple[int, int]:
    return entry.withdrawn_nl, told[LAST]


def _leaves_boluses_out(real: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What boluses have given since the fill is told as if it were still there, in the volume and in the dates."""

    def status(self: Any) -> Any:
        told, firmware = real(self), self._kernel.firmware
        fill, given_nl = firmware.belief.fill, 0
        for dose in firmware.store.doses.all():
            if fill is not None and dose.start_us >= fill.device_us:
                given_nl += dose.delivered_nl if dose.end else dose.programmed_nl
        if not given_nl:
            return told
        later_us = given_nl * US_PER_H // max(1, firmware.belief.dosing.rate_at(told.device_us))
        dates = {name: date + later_us for name in DATES if (date := getattr(told, name)) is not None}
        return told._replace(computed_reservoir_nl=told.computed_reservoir_nl + given_nl, **dates)

    return status


PROGRAMMING: Sequence[Mutant] = (
    Mutant(
        "readback-echoes-bytes",
        "The pump reads back the bytes that were sent, not what it understood, and understood something else.",
        ("PG-17",),
        "PG-17 denied",
        (Change(f"{STAGING}.readback", lambda _real: _echo), Change(f"{STAGING}.therapy", _committed_otherwise)),
        "running rates=8000/20000",
        "repeats",
    ),
    Mutant(
        "old-generation-accepted",
        "An update that was begun upon a therapy of the past is taken.",
        ("PG-02",),
        "PG-02 denied: two programmers race",
        (Change(f"{SERVICES}._begin", _any_generation),),
        "running rate=10000; therapy rate=11000",
        "begin generation=1",
    ),
    Mutant(
        "start-takes-any-generation",
        "START runs whatever therapy is there, whichever its sender meant.",
        ("PR-09",),
        "CVE-2021-33885, -33882: a change in standby takes effect at the next use",
        (Change(f"{CONTROLLER}.start", _starts_any),),
        "running rate=10000; therapy rate=11000; stop",
        "start generation=1",
    ),
    Mutant(
        "commit-without-seal",
        "An image that the pump has neither checked nor read back can be committed.",
        ("PG-01", "PG-17"),
        "PG-01 denied",
        (Change("protocol.device.staging:TRANSITIONS", _needs_no_seal),),
        "running rate=10000; lay rate=12000",
        "commit",
    ),
    Mutant(
        "service-reset-by-one-frame",
        "One frame, with no token, resets the pump.",
        ("PG-03",),
        "PG-03 denied",
        (Change(f"{SERVICES}._service_reset", _at_once),),
        "running rate=10000; as service; request SERVICE_RESET",
        "belief boot_count",
    ),
    Mutant(
        "unit-mismatch-taken",
        "A dose that does not fit its volume and concentration is accepted.",
        ("PG-15", "BO-18"),
        "HID 8.14",
        (
            Change(f"{JUDGE}:_dose", _without_units),
            Change("firmware_sim.firmware.dose_desk:judge_bolus", _without_units),
        ),
        "running rate=10000",
        "bolus ul=100 minutes=10 dose_factor=1000",
    ),
    Mutant(
        "soft-limit-needs-no-override",
        "A dose above the soft limit is committed without anybody's confirming it.",
        ("PG-09",),
        "PG-09 denied",
        (gives("firmware_sim.firmware.controller:judge_overrides"),),
        "fill",
        "therapy rate=90000",
    ),
    Mutant(
        "override-not-logged",
        "That a soft limit was set aside leaves no record.",
        ("PG-09",),
        "PG-09 denied",
        (Change(f"{CONTROLLER}.log", _unlogged),),
        "fill; therapy rate=90000 override=33",
        "log OVERRIDE",
    ),
    Mutant(
        "unknown-drug-taken",
        "A drug that the library lacks is taken for the first in it.",
        ("PG-10",),
        "PG-10 denied",
        (Change("firmware_sim.profile:Profile.drug", _first_of_all),),
        "fill drug=9",
        "therapy rate=10000 drug=9",
    ),
    Mutant(
        "new-drug-starts-at-once",
        "A therapy with another drug runs as soon as it is committed.",
        ("RS-10",),
        "RS-10 denied",
        (Change(f"{CONTROLLER}.commit", _runs_at_once),),
        "running rate=10000; fill ml=20 drug=2; therapy rate=10000 drug=2",
        "belief mode",
    ),
    Mutant(
        "refusal-names-nothing",
        "A refusal names neither field nor limit.",
        ("PG-07",),
        "PG-07 denied",
        (Change("protocol.device.services:of_exception", _nameless),),
        "running rate=10000",
        "bolus ul=6000 minutes=60",
    ),
    Mutant(
        "bolus-not-in-reservoir",
        "The computed reservoir leaves boluses out.",
        ("RS-04", "RS-02"),
        "RS-04 denied",
        (Change("firmware_sim.orders:Orders.status", _leaves_boluses_out),),
        "running rate=10000; bolus ul=100 minutes=10; advance hours=1",
        "belief computed_reservoir_nl",
    ),
    Mutant(
        "refill-difference-hidden",
        "After a refill the pump says that it expected just what was withdrawn.",
        ("RS-08", "RS-07"),
        "TGA: reservoir less than expected is the sign of over-infusion",
        (turns(f"{CONTROLLER}.refill", _echoed),),
        "running rate=10000",
        "refill ml=20 withdrawn_ml=10",
    ),
    Mutant(
        "overfill-entry-taken",
        "A refill of more than the reservoir holds is believed.",
        ("RS-09",),
        "HID 8.1",
        (numbers("reservoir", capacity_nl=lambda volume: 2 * volume),),
        "running rate=10000",
        "refill ml=41 withdrawn_ml=20",
    ),
)
