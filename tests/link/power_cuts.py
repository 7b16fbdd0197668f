"""Power cuts at every byte: a story of programmer's acts, told with the supply dying inside one memory write, and what must hold then.

A story is run from one saved image with a cut ordered after n bytes. The client goes on until the link is silent, power returns, the
client asks what became of its command (a new session, as the old one is gone), and everything it was told is compared with the pump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count
from typing import NamedTuple, Self

from hil.therapy.prescription import image_digest, to_prescription, to_therapy
from protocol.client import Programmer
from protocol.client.commander import CARRIED_OUT
from protocol.codes import DoseState
from protocol.errors import AnswerLost, Busy, CutShort, LinkError, Uncertain
from protocol.message_table import BY_NAME
from protocol.messages import OutcomeAnswer, Status
from protocol.therapy import PatientRule, Therapy
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, CONCENTRATION, NEW, OLD, SALINE, Bedside

__all__ = ["STORIES", "Aftermath", "Story", "Teller", "bytes_of", "start_of"]

CLOCK_US = 850_000_000_000_000
REFILL_NL = 15_000_000
PRIME_NL = 60_000
BRIDGE_NL = 20_000
"""Given within the 300 s that a story waits: at 1 mL/h, and at fifteen times its volume an hour."""
RULE = PatientRule(50_000, 25_000, 240, 300, 24, 2_000_000)
ALLOWED = OLD._replace(patient=(RULE,))
DOSES = 16
"""Doses before the story begins: the ring of delivery records is full, and the oldest of them was stopped half way."""


class Act(NamedTuple):
    """One thing the client does; `seen` tells from the pump whether it has taken effect, None for what leaves no mark of its own."""

    name: str
    do: Callable[[Programmer, Bedside], object]
    seen: Callable[[Bedside], bool] | None = None


class Story(NamedTuple):
    """Acts in order, the therapy before and the one that may come, whether the pump runs at the end, name and volume of its dose."""

    acts: tuple[Act, ...]
    old: Therapy
    new: Therapy
    runs: bool = True
    dose: str = "BOLUS"
    dose_nl: int = BOLUS_NL


def _refill(concentration: int, drug: int) -> Act:
    def seen(bedside: Bedside) -> bool:
        fill = bedside.unit.pump.status().fill
        return fill is not None and fill.volume_nl == REFILL_NL

    return Act("REFILL", lambda programmer, _: programmer.refill(REFILL_NL, 1_000_000, drug, concentration), seen)


def _clock_set(bedside: Bedside) -> bool:
    belief = bedside.unit.pump.status()
    return CLOCK_US <= belief.clock_us < CLOCK_US + belief.device_us


def _update(therapy: Therapy) -> Act:
    wanted = to_prescription(therapy)
    return Act(
        "COMMIT", lambda programmer, _: programmer.update(therapy), lambda bedside: bedside.unit.pump.status().prescription == wanted
    )


_BOLUS = Act("BOLUS", lambda programmer, _: programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S))


def _ask(programmer: Programmer, bedside: Bedside) -> object:
    """One lockout after whatever was before."""
    bedside.advance(seconds=RULE.lockout_s)
    return programmer.patient_bolus()


_PATIENT = Act("PATIENT_BOLUS", _ask)
_PRIME = Act("PRIME", lambda programmer, _: programmer.prime(PRIME_NL))
_BRIDGE = Act("BRIDGE", lambda programmer, _: programmer.bridge(BRIDGE_NL, BRIDGE_NL * 15))
_HALF = Act("wait", lambda _, bedside: bedside.advance(seconds=BOLUS_S // 2))
_END = Act("wait", lambda _, bedside: bedside.advance(seconds=BOLUS_S))
_STOP = Act("STOP", lambda programmer, _: programmer.stop())
_START = Act("START", lambda programmer, _: programmer.start())
_CLOCK = Act("SET_CLOCK", lambda programmer, _: programmer.set_clock(CLOCK_US), _clock_set)

STORIES: dict[str, Story] = {
    "update and bolus": Story((_update(NEW), _BOLUS, _END), OLD, NEW),
    "refill, clock, bolus, stop, start": Story((_refill(CONCENTRATION, 1), _CLOCK, _BOLUS, _HALF, _STOP, _START), OLD, OLD),
    "another drug": Story((_refill(0, 2), _update(SALINE)), OLD, SALINE, runs=False),
    "patient bolus": Story((_PATIENT, _HALF), ALLOWED, ALLOWED, dose="PATIENT_BOLUS", dose_nl=RULE.volume_nl),
    "stop, prime, start": Story((_STOP, _PRIME, _HALF, _START), OLD, OLD, dose="PRIME", dose_nl=PRIME_NL),
    "bridge": Story((_BRIDGE, _HALF), OLD, OLD, dose="BRIDGE", dose_nl=BRIDGE_NL),
}


@lru_cache(maxsize=2)
def start_of(therapy: Therapy) -> bytes:
    """The image that stories on this therapy start from: sixteen doses lie behind it."""
    bedside = Bedside.running(therapy)
    with bedside.programmer(programmer_id=3) as programmer:
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
        bedside.advance(seconds=BOLUS_S // 2)
        programmer.stop()
        programmer.start()
        for _ in range(DOSES - 1):
            programmer.bolus(BOLUS_NL // 10, BOLUS_DOSE_NG // 10, 60)
            bedside.advance(seconds=60)
    bedside.advance(hours=1)
    return bedside.unit.save()


class Aftermath(NamedTuple):
    """What the client knows when it has settled: which acts are done, which are not, and what it was told of the dose."""

    done: tuple[str, ...]
    answered_ids: int
    settled: OutcomeAnswer | None
    status: Status


class Teller:
    """Tells one story to one unit; `patient` has the client's own resends find the pump powered again."""

    def __init__(self, story: Story, *, patient: bool = False) -> None:
        self.story = story
        self.bedside = Bedside(patient=patient)
        self.bedside.unit.restore(start_of(story.old))
        self.before = self.bedside.totals()
        self.boots = self.bedside.unit.pump.boots
        self.first_id = self.bedside.unit.pump.last_effect_id()
        self.doses = self._earlier_doses()
        self.programmer: Programmer | None = None
        self.done: list[str] = []
        self.acting = ""

    @property
    def was_cut(self) -> bool:
        """Whether the supply has died."""
        return self.bedside.unit.pump.boots > self.boots or not self.bedside.unit.pump.powered

    def tell(self, cut_after_bytes: int | None = None) -> Self:
        """Do the acts until the link is silent, or the pump too busy testing itself."""
        if cut_after_bytes is not None:
            self.bedside.unit.pump.power_cut(after_bytes=cut_after_bytes, off_us=self.bedside.off_us)
        try:
            self.programmer = self.bedside.programmer()
            for act in self.story.acts:
                self.acting = act.name
                self._do(act)
                self.done.append(act.name)
        except (LinkError, Uncertain):
            return self
        except Busy:  # the resend met a pump that tests itself, and nothing was done
            assert self.bedside.unit.pump.status().self_testing
            assert self.programmer is not None
            assert self.programmer.open_command_id is None
            return self
        except CutShort as cut:
            if cut.outcome.state in CARRIED_OUT:
                self.done.append(self.acting)
        self.acting = ""
        return self

    def power_up(self) -> Self:
        """Time passes until the supply is back."""
        if not self.bedside.unit.pump.powered:
            self.bedside.advance(us=self.bedside.off_us)
        return self

    def _do(self, act: Act) -> None:
        assert self.programmer is not None
        try:
            act.do(self.programmer, self.bedside)
        except AnswerLost:
            return

    def _earlier_doses(self) -> dict[int, object]:
        effects = [self.bedside.unit.pump.effect(command_id) for command_id in range(1, self.first_id + 1)]
        return {effect.command.command_id: effect.dose for effect in effects if effect and effect.dose}

    def boot_cuts(self) -> Iterator[int]:
        """The pump lies without power: boot it, the supply dying again after 0, 1, 2 ... bytes, until a boot comes through.

        Yields each count with the pump awake after one more boot, the client's open command still open.
        """
        image, off_us = self.bedside.unit.save(), self.bedside.off_us
        for after_bytes in count():
            self.bedside.unit.restore(image)
            self.bedside.unit.pump.power_cut(after_bytes=after_bytes, off_us=off_us)
            self.bedside.advance(us=off_us)
            if self.bedside.unit.pump.powered:
                return
            self.bedside.advance(us=off_us)
            yield after_bytes

    def ask(self, open_id: int | None) -> Aftermath:
        """Ask for the outcome of the command that was open, as often as there are boots to ask after."""
        self.programmer = self.programmer or self.bedside.programmer()
        return self._heard(None if open_id is None else self.programmer.outcome(open_id))

    def settle(self) -> Aftermath:
        """Power is back: the client settles its open command, then asks for the status."""
        self.programmer = self.programmer or self.bedside.programmer()
        return self._heard(self.programmer.settle())

    def _heard(self, outcome: OutcomeAnswer | None) -> Aftermath:
        assert self.programmer is not None
        done = list(self.done)
        if outcome is not None and outcome.state in CARRIED_OUT:
            done.append(self.acting)
        ids = sum(1 for name in done if name not in ("STOP", "wait"))
        return Aftermath(tuple(done), self.first_id + ids, outcome, self.programmer.status())

    def check(self, after: Aftermath) -> None:
        """Everything that the client was told is so, and nothing else is."""
        self._check_acts(after)
        self._check_therapy(after)
        self._check_dose(after)
        assert after.status.last_command_id >= after.answered_ids, "an id was lost"
        earlier = self._earlier_doses()
        assert earlier.items() <= self.doses.items(), "an earlier dose is told as it was, or forgotten"

    def _check_acts(self, after: Aftermath) -> None:
        for act in self.story.acts:
            if act.seen is not None:
                assert act.seen(self.bedside) == (act.name in after.done), f"{act.name} and what was told of it"

    def _check_therapy(self, after: Aftermath) -> None:
        belief, status = self.bedside.unit.pump.status(), after.status
        changed = "COMMIT" in after.done
        wanted = self.story.new if changed else self.story.old
        assert belief.prescription is not None
        assert to_therapy(belief.prescription) == wanted, "old or new, never mixed"
        assert status.therapy_digest == image_digest(to_prescription(wanted))
        assert status.generation == belief.generation == 1 + changed
        assert not belief.safe_state
        if changed and not self.story.runs:
            assert belief.mode == "stopped", "another drug waits for START"

    def _check_dose(self, after: Aftermath) -> None:
        totals, ordered = self.bedside.totals(), self.story.dose in after.done
        given_nl = totals.bolus_nl - self.before.bolus_nl
        assert given_nl <= (self.story.dose_nl if ordered else 0), "a dose is given once or not at all"
        believed_nl = sum(totals[:2]) - sum(self.before[:2])
        assert abs(totals.moved_nl - self.before.moved_nl - believed_nl) < 2 * self.bedside.unit.pump.profile.motor.step_nl
        if ordered:
            dose = self._outcome_of_dose(after.status.last_command_id)
            running = self.bedside.unit.pump.status().bolus is not None
            assert dose.state in ((DoseState.EXECUTING,) if running else (DoseState.EXECUTED, DoseState.INTERRUPTED))
            assert dose.programmed_nl == self.story.dose_nl
            if dose.state != DoseState.EXECUTING:
                assert dose.delivered_nl == given_nl

    def _outcome_of_dose(self, last_id: int) -> OutcomeAnswer:
        """What the pump says of the story's own dose; an update that had to be begun again has used up ids of its own."""
        assert self.programmer is not None
        told = [self.programmer.outcome(command_id) for command_id in range(self.first_id + 1, last_id + 1)]
        (dose,) = [outcome for outcome in told if outcome.opcode == BY_NAME[self.story.dose].opcode]
        return dose

    def finish(self, after: Aftermath) -> None:
        """The client does what is left, once the pump has passed its self-test; the story then ends as if nothing had been."""
        assert self.programmer is not None
        self.bedside.pass_self_test()
        for act in self.story.acts:
            if act.name not in after.done or act.name == "START":
                act.do(self.programmer, self.bedside)
        belief = self.bedside.unit.pump.status()
        assert belief.prescription == to_prescription(self.story.new)
        assert (belief.mode == "flex") == self.story.runs
        assert self.bedside.totals().bolus_nl - self.before.bolus_nl <= self.story.dose_nl


@lru_cache(maxsize=8)
def bytes_of(name: str) -> int:
    """Bytes that a whole story writes: the least count at which an ordered cut no longer happens."""
    low, high = 0, 65_536
    while low < high:
        middle = (low + high) // 2
        teller = Teller(STORIES[name]).tell(middle)
        low, high = (middle + 1, high) if teller.was_cut else (low, middle)
    return low
