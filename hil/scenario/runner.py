"""Plays scenarios: each step in its time, its answer compared, what is expected judged, until the end or an act that goes wrong.

An expectation or a measurement that fails is noted and the run goes on, since it changes nothing; what is done to a pump that answered
otherwise than foreseen would be another scenario, so there the run ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from hil.errors import HilError
from hil.scenario.acts import Advance, Expect, Measure, Repeat, Steps
from hil.scenario.beginning import HERE, Target, begin, open_rig
from hil.scenario.checking import pump_named
from hil.scenario.deeds import DEEDS, Deed
from hil.scenario.formula import DividedByZero
from hil.scenario.head import NO_ANSWER, UNCERTAIN, Answer
from hil.scenario.judging import checks_of, measured
from hil.scenario.result import DONE, FAILED, Check, Measurement, Passed, Run
from hil.scenario.script import Cast, Scenario, Step
from hil.scenario.stage import Stage, Unmeasurable
from hil.wording.quantity import duration
from protocol.errors import DeviceAnswer, LinkError, ProtocolError, Refused, Rejected, Unanswered, Uncertain
from protocol.refusals import RefusalCode

if TYPE_CHECKING:
    from hil.scenario.formula import Formula

__all__ = ["Watcher", "play", "play_all", "play_steps", "runs_of"]

US_PER_S = 1_000_000
STEPS_MAX = 100_000
"""Steps made in one run: a patient who presses a key every two minutes for two months."""
WHEN_US = 30 * 86_400 * US_PER_S
"""How long `when` is waited for if nobody says."""
PATIENT_ACTS = ("patient-bolus",)
"""What the patient does unless somebody else is named."""


class Watcher(Protocol):
    """Who is told of runs as they go: before the first step, after each, and at the end."""

    def began(self, run: Run, stage: Stage, /) -> None: ...
    def passed(self, run: Run, step: Passed, stage: Stage, /) -> None: ...
    def ended(self, run: Run, /) -> None: ...


class _Broken(Exception):
    """An act went otherwise than foreseen; the run is over."""


def runs_of(scenario: Scenario, target: Target, only: Sequence[str] = ()) -> list[tuple[Cast, Run]]:
    """The runs to make. A variant for another pump than the target names is skipped, and so says its run."""
    runs = []
    for cast in scenario.casts:
        if only and cast.variant not in only:
            continue
        seed = cast.seed if target.seed is None else target.seed
        run = Run(scenario.name, scenario.head.title, cast.variant, target.pump or cast.pump, seed)
        if target.pump and cast.pump not in (scenario.head.pump, target.pump):
            run.skipped = f"it is about {cast.pump}, and the target is {target.pump}"
        runs.append((cast, run))
    return runs


def play(scenario: Scenario, cast: Cast, run: Run, target: Target, watchers: Sequence[Watcher] = ()) -> Run:
    """Make one run, unless it is skipped. Raises HilError if the pump cannot be had or brought to the beginning."""
    if not run.skipped:
        with open_rig(target, pump_named(scenario, cast), cast) as rig:
            stage = Stage(scenario, cast, rig)
            begin(stage, cast.begin)
            for watcher in watchers:
                watcher.began(run, stage)
            with suppress(_Broken):
                _Player(stage, run, watchers).play(scenario.steps)
            stage.goodbye(even_if_away=True)
            run.digest = rig.bench.digest()
    for watcher in watchers:
        watcher.ended(run)
    return run


def play_all(scenario: Scenario, target: Target = HERE, watchers: Sequence[Watcher] = ()) -> list[Run]:
    """Make every run of a scenario. Raises HilError."""
    return [play(scenario, cast, run, target, watchers) for cast, run in runs_of(scenario, target)]


def play_steps(stage: Stage, run: Run, steps: Sequence[Step]) -> None:
    """Make steps on a stage wherever it stands; what goes otherwise than foreseen ends it, and is the last step of the run."""
    with suppress(_Broken):
        _Player(stage, run, ()).play(steps)


class _Player:
    """Plays the steps of one run."""

    def __init__(self, stage: Stage, run: Run, watchers: Sequence[Watcher]) -> None:
        self._stage = stage
        self._run = run
        self._watchers = watchers
        self._turn = 0

    def play(self, steps: Sequence[Step]) -> None:
        """Make these steps. Raises _Broken."""
        for step in steps:
            if step.timing.only is None or self._stage.cast.variant in step.timing.only:
                self._make(step)

    def _make(self, step: Step) -> None:
        try:
            self._wait(step)
            self._do(step)
        except (Unmeasurable, DividedByZero) as error:
            self._break(step, step.word, "a figure", str(error))
        except HilError as error:
            self._break(step, step.word, "it can be done", str(error))
        except ProtocolError as error:
            self._break(step, step.word, "the pump can be spoken to", str(error))

    def _do(self, step: Step) -> None:
        match step.act:
            case Repeat(times=times):
                self._note(step, Deed(f"repeat {times} times"))
                self._repeat(step, times)
            case Steps():
                if step.timing.say is not None:
                    self._note(step, Deed(""))
                self.play(step.steps)
            case Advance() as act:
                self._advance(step, act)
            case Expect() as act:
                checks = tuple(checks_of(self._stage, step, act))
                self._note(step, Deed("expect"), checks)
            case Measure() as act:
                self._measure(step, act)
            case _ if step.act.wire:
                self._speak(step)
            case _:
                self._note(step, DEEDS[type(step.act)](self._stage, step.act, ""))

    def _repeat(self, step: Step, times: int) -> None:
        outer = self._turn
        for turn in range(times):
            if len(self._run.steps) >= STEPS_MAX:
                self._break(step, step.word, f"at most {STEPS_MAX:,} steps", "it goes on and on")
            self._turn = turn + 1
            self.play(step.steps)
        self._turn = outer

    # -- time ------------------------------------------------------------------------------------------------------------

    def _wait(self, step: Step) -> None:
        """Until the step's time has come. Raises _Broken."""
        timing, stage = step.timing, self._stage
        if timing.after is not None:
            stage.pass_us(stage.whole(timing.after))
        if timing.at is not None:
            at_us, now_us = stage.whole(timing.at), stage.now_us
            if at_us < now_us:
                self._break(step, step.word, f"at {timing.at.text}", f"it is {duration(now_us // US_PER_S)} already")
            stage.pass_us(at_us - now_us)
        if timing.when is not None:
            self._until(step, timing.when, timing.within)

    def _until(self, step: Step, condition: str, limit: Formula | None) -> None:
        stage = self._stage
        stage.goodbye()
        limit_s = (WHEN_US if limit is None else stage.whole(limit)) // US_PER_S
        if not stage.bench.run_until(condition, limit_s=limit_s):
            self._break(step, step.word, condition.replace(":", " ").replace("_", "-"), f"it does not come within {duration(limit_s)}")

    def _advance(self, step: Step, act: Advance) -> None:
        stage = self._stage
        began_us = stage.now_us
        if act.lasts is not None:
            stage.pass_us(stage.whole(act.lasts))
            self._note(step, Deed(f"advance {duration((stage.now_us - began_us) // US_PER_S)}"))
        if act.until is not None:
            self._until(step, act.until, act.at_most)
            passed = duration((stage.now_us - began_us) // US_PER_S)
            self._note(step, Deed(f"advance until {act.until.replace(':', ' ').replace('_', '-')}: {passed}"))

    # -- the wire --------------------------------------------------------------------------------------------------------

    def _speak(self, step: Step) -> None:
        """Do what goes over the wire, and compare its answer. Raises _Broken."""
        role = step.timing.by or ("patient" if step.word in PATIENT_ACTS else "clinician")
        wanted = step.timing.answer
        answer, told = Answer(), ""
        try:
            deed = DEEDS[type(step.act)](self._stage, step.act, role)
        except (DeviceAnswer, Rejected, Uncertain, Unanswered, LinkError) as error:
            answer, told = _answer_of(error), str(error)
            deed = Deed(f"{step.word}: {answer.text}", {"answer": answer.text})
        if wanted.how == "any" or (answer.how == wanted.how and wanted.code in ("", answer.code)):
            self._note(step, deed)
        else:
            self._break(step, deed.text, f"answer: {wanted.text}", told or f"answer: {answer.text}")

    # -- judging ---------------------------------------------------------------------------------------------------------

    def _measure(self, step: Step, act: Measure) -> None:
        taken = measured(self._stage, act)
        limits = [f"at least {taken.at_least}" if taken.at_least else "", f"at most {taken.at_most}" if taken.at_most else ""]
        expected = " and ".join(filter(None, limits))
        checks = (Check(self._where(step), f"{act.name} is {expected}", taken.value, taken.holds),) if expected else ()
        self._note(step, Deed(f"measure {act.name}: {taken.value}", {"value": taken.value}), checks, taken)

    def _note(self, step: Step, deed: Deed, checks: tuple[Check, ...] = (), taken: Measurement | None = None) -> None:
        verdict = DONE if all(check.holds for check in checks) else FAILED
        text = _told(step, deed)
        at_us = self._stage.now_us
        number = len(self._run.steps) + 1
        passed = Passed(
            number, self._where(step), step.word, at_us, text, verdict, checks, taken, {"deed": deed.text, **deed.data}, self._turn
        )
        self._run.steps.append(passed)
        for watcher in self._watchers:
            watcher.passed(self._run, passed, self._stage)

    def _break(self, step: Step, text: str, expected: str, found: str) -> None:
        self._note(step, Deed(text), (Check(self._where(step), expected, found, holds=False),))
        raise _Broken

    def _where(self, step: Step) -> str:
        return self._stage.scenario.where((*step.place, step.word))


def _answer_of(error: ProtocolError) -> Answer:
    """What the act was answered by, in the words of `answer`."""
    match error:
        case Refused(refusal=refusal) | Rejected(refusal=refusal):
            return Answer(how="refused", code=RefusalCode(refusal.code).name.lower().replace("_", "-"))
        case DeviceAnswer(answer=answer):
            return Answer(how=answer.name.lower().replace("_", "-"))
        case Uncertain() | Unanswered():
            return Answer(how=UNCERTAIN)
        case _:
            return Answer(how=NO_ANSWER)


def _told(step: Step, deed: Deed) -> str:
    """What a reader is told: the words of the scenario, and the deed behind them."""
    say = step.timing.say
    if say is None:
        return deed.text
    return say if isinstance(step.act, Expect | Steps) else f"{say} ({deed.text})"
