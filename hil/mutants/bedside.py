"""A filled pump, its bench and a programmer, for the acts of traces: each `do_...` is an act's word."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from typing import Any, Self

from hil.rig import Rig
from protocol import messages as m
from protocol.client import Programmer
from protocol.codec import encode
from protocol.codes import Answer, EventKind, Mode
from protocol.therapy import Group, PatientRule, Step, Therapy

__all__ = ["Bedside"]

URL = "pumpsim://itp-40?seed=1"
PROGRAMMER = 7
CONCENTRATION = 500_000
SALINE = 2
NL_PER_ML = 1_000_000
NL_PER_UL = 1_000
WEEKDAYS, WEEKEND = 0b001_1111, 0b110_0000
US_PER_H = 3_600 * 1_000_000
TORN_STEP = 16


class Bedside:
    """One pump at a bench, a programmer beside it, and what has gone over the wire."""

    def __init__(self, rig: Rig, stack: ExitStack) -> None:
        self.rig = rig
        self.bench = rig.bench
        self.sent: list[bytes] = []
        self._stack = stack
        self._programmer: Programmer | None = None
        self._role = "clinician"
        self._handles: list[int] = []
        self._since_nl = 0
        self._kept = b""
        self._asked = 0
        self._last = m.Bolus(0, 0, 0, 0, 0)
        self._found: set[str] = set()
        self.recorded = b""

    @classmethod
    def open(cls) -> Self:
        """A factory-new pump in this process."""
        with ExitStack() as stack:
            rig = stack.enter_context(Rig.open(URL))
            return cls(rig, stack.pop_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def programmer(self) -> Programmer:
        """The programmer, opened at first use and after each restart."""
        if self._programmer is None:
            self._programmer = self.rig.another_programmer(programmer_id=PROGRAMMER, role=self._role, on_frame=self._hear)
        return self._programmer

    def ask(self, name: str, body: tuple[Any, ...] = ()) -> Any:
        """Any request, with no check of ours before it; returns the answer's body, or raises what it says."""
        from protocol.client.inquiry import body_of

        return body_of(name, self.programmer.request(name, body))

    def next_id(self) -> int:
        """The command id that the pump takes next."""
        return self.programmer.status().last_command_id + 1

    def _hear(self, direction: str, run: bytes) -> None:
        if direction == "host":
            self.sent.append(run)

    # -- time and faults -----------------------------------------------------------------------------------------------------

    def do_advance(self, **span: int) -> None:
        self.bench.advance(**span)

    def do_run_until_day(self, weekday: int) -> None:
        """Noon of a weekday of this week; 0 is Monday."""
        day = self.bench.status()["clock_us"] // (24 * US_PER_H) % 7
        self.bench.advance(hours=12 + 24 * ((weekday + EPOCH_DAYS - day) % 7))

    def do_inject(self, fault: str, **params: int | str) -> None:
        self._handles.append(self.bench.inject(fault, **params))

    def do_clear(self) -> None:
        self.bench.clear(self._handles.pop())

    def do_reset(self) -> None:
        self.bench.reset()
        self._programmer = None

    def do_magnet(self) -> None:
        self.bench.call("magnet", held=True)

    def do_mark(self) -> None:
        self._since_nl = self.bench.truth()["delivered_nl"]

    # -- fill and therapy ----------------------------------------------------------------------------------------------------

    def do_fill(self, ml: int = 20, drug: int = 1) -> Any:
        """The needle, and what the programmer says of it."""
        strength = 0 if drug == SALINE else CONCENTRATION
        self.bench.needle(withdraw_nl="all", inject_nl=ml * NL_PER_ML, concentration_ng_per_ml=strength)
        return self._refill(ml * NL_PER_ML, 0, drug, strength)

    def do_refill(self, ml: int, withdrawn_ml: int = 0) -> str:
        """What the programmer says alone."""
        answer = self._refill(ml * NL_PER_ML, withdrawn_ml * NL_PER_ML, 1, CONCENTRATION)
        return f"expected {answer.expected_nl:,} nL"

    def _refill(self, volume_nl: int, withdrawn_nl: int, drug: int, strength: int) -> Any:
        return self.ask("REFILL", m.Refill(self.next_id(), volume_nl, withdrawn_nl, drug, strength))

    def do_therapy(self, mode: str = "", override: int = 0, **asked: Any) -> str:
        """Stage, seal and commit; as a host does that checks nothing itself."""
        digest = self._stage(therapy_of(mode, **asked))
        tokens = (m.Token(override),) if override else ()
        answer = self.ask("COMMIT", m.Commit(self.next_id(), digest, tokens))
        return f"generation {answer.generation}, {Mode(answer.mode).name.lower()}"

    def do_running(self, ml: int = 20, **asked: Any) -> None:
        self.do_fill(ml)
        self.do_therapy(**asked)

    def do_stage(self, **asked: Any) -> None:
        self._stage(therapy_of(**asked))

    def do_lay(self, **asked: Any) -> None:
        """Bytes, and no seal."""
        self._kept = self._lay(therapy_of(**asked))

    def do_commit(self) -> str:
        """Commit what was laid."""
        digest = hashlib.sha256(self._kept).digest()
        return f"generation {self.ask('COMMIT', m.Commit(self.next_id(), digest, ())).generation}"

    def do_begin(self, generation: int) -> str:
        self.ask("BEGIN", m.Begin(generation, 1))
        return "begun"

    def _stage(self, therapy: Therapy) -> bytes:
        image = self._lay(therapy)
        digest = hashlib.sha256(image).digest()
        self.ask("SEAL", m.Seal(len(image), digest))
        return digest

    def _lay(self, therapy: Therapy) -> bytes:
        image = encode(therapy)
        self.ask("BEGIN", m.Begin(self.programmer.status().generation, 1))
        for offset in range(0, len(image), 256):
            self.ask("PUT", m.Put(offset, image[offset : offset + 256]))
        return image

    def do_torn_update(self, **asked: Any) -> None:
        """Stage, then lose power in the middle of the commit, at every so many bytes; the rates found each time."""
        digest, command_id = self._stage(therapy_of(**asked)), self.next_id()
        here = self.bench.fork()
        for after_bytes in range(0, 640, TORN_STEP):
            self.bench.back_to(here)
            self.bench.power_cut(after_bytes=after_bytes)
            self.programmer.request("COMMIT", m.Commit(command_id, digest, ()))
            self.bench.advance(minutes=5)
            self._found.add(self._rates())

    def do_therapies(self) -> str:
        return f"{len(self._found)} different: " + ", ".join(sorted(self._found))

    def _rates(self) -> str:
        therapy = self.bench.status()["prescription"]
        return "/".join(str(step["rate_nl_per_h"]) for group in (therapy or {"groups": ()})["groups"] for step in group["steps"])

    # -- acts of a programmer ------------------------------------------------------------------------------------------------

    def do_bolus(self, ul: int, minutes: int, dose_factor: int = 1) -> str:
        return self._bolus(self.next_id(), ul, minutes, dose_factor)

    def do_bolus_with(self, _next: str) -> str:
        """With the id that was asked for before."""
        return self._bolus(self._asked, 100, 10, 1)

    def _bolus(self, command_id: int, ul: int, minutes: int, factor: int) -> str:
        volume_nl = ul * NL_PER_UL
        dose_ng = volume_nl * CONCENTRATION // NL_PER_ML * factor
        self._last = m.Bolus(command_id, volume_nl, dose_ng, minutes * 60, 0)
        return f"takes {self.ask('BOLUS', self._last).duration_s} s"

    def do_repeat(self) -> str:
        """The last bolus once more, in a session of its own: a late copy."""
        self._programmer = None
        return str(self.ask("BOLUS", self._last))

    def do_resend(self) -> None:
        """The last frame once more, byte for byte."""
        self.bench.send(self.sent[-1])

    def do_patient(self) -> str:
        return f"granted, takes {self.ask('PATIENT_BOLUS', m.PatientBolus(self.next_id())).duration_s} s"

    def do_prime(self, ul: int) -> str:
        return f"takes {self.ask('PRIME', m.Prime(self.next_id(), ul * NL_PER_UL)).duration_s} s"

    def do_bridge(self, ul: int, rate: int) -> str:
        return f"takes {self.ask('BRIDGE', m.Bridge(self.next_id(), ul * NL_PER_UL, rate)).duration_s} s"

    def do_stop(self) -> None:
        self.ask("STOP")

    def do_start(self, generation: int = 0) -> str:
        wanted = generation or self.programmer.status().generation
        return str(Mode(self.ask("START", m.Start(self.next_id(), wanted)).mode).name.lower())

    def do_status(self) -> None:
        self.ask("STATUS")

    def do_interrogate(self) -> None:
        self.programmer.interrogate()

    def do_set_clock(self, hours: int) -> None:
        clock_us = self.programmer.status().clock_us + hours * US_PER_H
        self.ask("SET_CLOCK", m.SetClock(self.next_id(), clock_us))

    def do_silence(self, cause: str) -> None:
        self.ask("SILENCE", m.Cause(_number(cause)))

    def do_ack(self, cause: str) -> None:
        self.ask("ACK", m.Cause(_number(cause)))

    def do_alarm_test(self, times: int = 1) -> None:
        for _ in range(times):
            self.ask("ALARM_TEST")

    def do_close(self) -> None:
        """End the session in order."""
        self.ask("CLOSE")
        self._programmer = None

    def do_as(self, role: str) -> None:
        """Speak as another from now on."""
        self._programmer, self._role = None, role

    def do_request(self, name: str) -> str:
        """A request without a body, or with one of noughts."""
        body = (0,) if name == "SERVICE_RESET" else ()
        return f"{name} OK: {self.ask(name, m.ServiceReset(*body) if body else ())}"

    def do_outcome(self, which: str) -> str:
        last = self.programmer.status().last_command_id
        self._asked = last + 1 if which == "next" else last
        told = self.ask("OUTCOME", m.Outcome(self._asked))
        return f"state {told.state}, answer {Answer(told.answer).name}"

    # -- looks ---------------------------------------------------------------------------------------------------------------

    def do_delivered(self) -> str:
        return f"{self.bench.truth()['delivered_nl'] - self._since_nl:,} nL"

    def do_belief(self, field: str) -> str:
        value = self.bench.status()[field]
        return f"{value:,}" if isinstance(value, int) else str(value)

    def do_alarms(self) -> str:
        alarms = self.bench.status()["alarms"]
        return ", ".join(alarm["cause"] + _state(alarm) for alarm in alarms) or "none"

    def do_listen(self, hours: int) -> str:
        heard = Counter(sound["pattern"] for sound in self.bench.listen(duration_s=hours * 3_600))
        return ", ".join(f"{count} {pattern}" for pattern, count in sorted(heard.items())) or "silence"

    def do_log(self, kind: str) -> str:
        found = [entry for entry in self.programmer.read_log() if entry.kind == EventKind[kind]]
        told = f"{len(found)} records"
        if found and kind == "BOLUS_ENDED":
            told += f", the last: {found[-1].programmed_nl:,} nL programmed, {found[-1].delivered_nl:,} delivered"
        return told

    def do_clocks(self, kind: str) -> str:
        """Whether the clock of the last record of a kind is the pump's."""
        entry = [entry for entry in self.programmer.read_log() if entry.kind == EventKind[kind]][-1]
        return f"clock less counter {(entry.clock_us - entry.device_us) // US_PER_H} h"

    def do_log_range(self) -> str:
        kept = self.ask("LOG", m.Log(0))
        return f"records {kept.oldest} to {kept.newest}"

    def do_fault_range(self) -> str:
        kept = self.ask("FAULT_LOG", m.Log(0))
        return f"records {kept.oldest} to {kept.newest}"

    def do_staging(self) -> str:
        return f"staging {self.programmer.status().staging}"

    def do_repeats(self) -> str:
        """What a programmer finds in the pump after an update that it compared with the pump's own read-back."""
        sent = therapy_of(rate=10_000)
        self.programmer.update(sent)
        found = self.programmer.interrogate().therapy
        return f"sent {sent.critical_repeat_s} s between soundings, found {found.critical_repeat_s if found else 0} s"


EPOCH_DAYS = 2
"""2000-01-01 was a Saturday, five days after a Monday."""


def therapy_of(mode: str = "", *, rate: int = 0, rates: str = "", weekend: int = 0, gap: int = 0, drug: int = 1, **other: int) -> Therapy:
    """A therapy of baclofen (of saline with drug 2): one rate, or equal steps, with other ones at weekends; a gap in minutes after noon."""
    strength = 0 if drug == SALINE else CONCENTRATION
    wanted = [int(part) for part in str(rates).split("/")] if rates else [rate]
    groups = [] if mode == "minimum" else [_group(WEEKDAYS | WEEKEND, wanted, strength, gap)]
    if weekend:
        groups = [_group(WEEKDAYS, wanted, strength), _group(WEEKEND, [weekend], strength)]
    kind = Mode.MINIMUM_RATE if mode == "minimum" else Mode.FLEX if rates else Mode.SIMPLE
    rules = (_rule(other["lockout_min"], other.get("window_ul", 10_000)),) if "lockout_min" in other else ()
    return Therapy(kind, drug, 1, strength, other.get("low_ml", 2) * NL_PER_ML, 600, 3_600, tuple(groups), rules)


def _group(weekdays: int, rates: Sequence[int], strength: int, gap: int = 0) -> Group:
    edges = [place * 1_440 // len(rates) for place in range(len(rates) + 1)]
    steps = [Step(*edge, rate) for edge, rate in zip(pairwise(edges), rates, strict=True)]
    if gap:
        steps[-1] = steps[-1]._replace(start_minute=steps[-1].start_minute + gap)
    dose_ng = sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in steps) * strength // (60 * NL_PER_ML)
    return Group(weekdays, dose_ng, tuple(steps))


def _rule(lockout_min: int, window_ul: int) -> PatientRule:
    return PatientRule(20 * NL_PER_UL, 10_000, 300, lockout_min * 60, 10, window_ul * NL_PER_UL)


def _number(cause: str) -> int:
    from protocol.codes import AlarmCause

    return int(AlarmCause[cause.upper()])


def _state(alarm: dict[str, Any]) -> str:
    said = [
        word
        for word, so in (("gone", not alarm["active"]), ("seen", alarm["acknowledged"]), ("silenced", alarm["silenced_until_us"]))
        if so
    ]
    return f" ({', '.join(said)})" if said else ""
