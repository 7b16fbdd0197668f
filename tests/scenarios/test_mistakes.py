"""A wrong file is told what is wrong, at its line, with the nearest word that there is; no step of it is run."""

from __future__ import annotations

import pytest

from hil.errors import ScenarioFileError
from hil.scenario.head import Head
from hil.scenario.parts import Text
from hil.scenario.reader import parse_scenario
from tests.scenarios.plays import HEAD, problems_of

FIRST = 14
"""The line of the first step below HEAD."""

MISTAKES: dict[str, tuple[str, str]] = {
    "unit of another parameter": (
        "- inject: {fault: reservoir.backflow, as: it, pressure: 100 mmHg, return: 37 mmHg}",
        "'37 mmHg' cannot be read; write it like 37 mL/mmHg",
    ),
    "nothing said": ('- stop:\n  say: ""', "some words belong here, and it is empty; write them after the colon"),
    "no such word": ("- advence: 8 h", "'advence' is no word that a step may have; did you mean 'advance'?"),
    "two acts": ("- advance: 8 h\n  stop:", "the step says both 'advance' and 'stop'"),
    "nothing to do": ("- say: Hello", "the step says nothing to do"),
    "key at the wrong depth": ("- needle:\n    fill: 3 mL\n  draw: all", "may have; indent it: it belongs below `needle:`"),
    "no such key": ("- refill: {volume: 20 mL, strenght: 500 mcg/mL}", "'strenght' is not a key here"),
    "comma in braces": ("- refill: {volume: 1,000 mL}", "a number with a comma needs quotes inside braces"),
    "missing key": ("- bolus: {dose: 50 mcg}", "'over' is missing"),
    "one value for keys": ("- bolus: 50 mcg", "'bolus' takes keys below it, not one value"),
    "value for nothing": ("- stop: now", "'stop' takes nothing behind it"),
    "wrong unit": ("- refill: 20 ml", "refill: '20 ml' has 'ml' where mL is written here"),
    "foreign unit": ("- bolus: {dose: 1 mg, over: 1 h}", "1 mg is 1,000 mcg"),
    "unit of time in full": ("- advance: 8 hours", "'hours' is no unit; did you mean h?"),
    "no unit": ("- advance: 8", "'8' is a plain number, and this is a length of time"),
    "other kind": ("- advance: 3 mL", "'3 mL' is a volume, and this is a length of time"),
    "no such quantity": ("- expect: drug gven is 3 mcg", "nothing is called 'drug gven'; did you mean 'drug given'?"),
    "sides that differ": ("- expect: drug given is 3 mL", "compares an amount of drug with a volume"),
    "tolerance that differs": ("- expect: drug given is 3 mcg within 1 mL", "compares an amount of drug with a volume"),
    "no is": ("- expect: drug given above 3 mcg", "`is` is missing"),
    "terms that do not add up": ("- expect: drug given + time is 3 mcg", "a length of time cannot be added to an amount of drug"),
    "product without a name": ("- expect: drug given * time is 3 mcg", "compares what has no unit of its own"),
    "bracket": ("- expect: (drug given is 3 mcg", "a bracket is not closed"),
    "within above": ("- expect: drug given is above 3 mcg within 1 mcg", "`within` has no meaning with `above`"),
    "expects nothing": ("- expect:", "'expect' stands alone"),
    "no such mode": ("- expect: {mode: stoped}", "mode: 'stoped' is not known; did you mean 'stopped'?"),
    "no such alarm": ("- expect: {alarms: [motor-stal]}", "'motor-stal' is not known; did you mean 'motor-stall'?"),
    "no such condition": ("- advance: {until: alarm motor-stal, at-most: 1 h}", "unknown alarm 'motor_stal'; did you mean motor-stall?"),
    "no limit": ("- advance: {until: alarm motor-stall}", "'until' and 'at-most' belong together"),
    "neither long nor until": ("- advance: {at-most: 3 h}", "'advance' says how long, or until what"),
    "no such fault": ("- inject: motor.stal", "there is no fault 'motor.stal'; did you mean 'motor.stall'?"),
    "no such parameter": ("- inject: {fault: catheter.occlusion, fracton: 9 %}", "nothing called 'fracton'; did you mean 'fraction'?"),
    "parameter with its unit": ("- inject: {fault: catheter.occlusion, fraction_ppm: 9}", "write 'fraction'"),
    "parameter left out": ("- inject: catheter.occlusion", "catheter.occlusion needs 'fraction'"),
    "parameter too large": ("- inject: {fault: catheter.occlusion, fraction: 200 %}", "fraction_ppm is 2000000; it is 0 to 1000000"),
    "parameter of another unit": ("- inject: {fault: environment.pressure, pressure: 3 bar}", "write it like 37 mmHg"),
    "nothing to clear": ("- clear: motor.stall", "nothing called 'motor.stall' was injected before"),
    "no such therapy": ("- update: usuall", "no therapy is called 'usuall'; did you mean 'usual'?"),
    "no such drug": ("- refill: {volume: 20 mL, drug: baclofn}", "the pump does not know the drug 'baclofn'; did you mean 'baclofen'?"),
    "no such answer": ("- start:\n  answer: refused end-of-servce", "did you mean 'end-of-service'?"),
    "answer without wire": ("- mark:\n  answer: done", "'mark' does not go over the wire, so it has no answer"),
    "no such variant": ("- stop:\n  only: one", "there is no variant 'one'"),
    "time that has passed": ("- advance: 3 h\n- stop:\n  at: 2 h", "at: 2 h has passed by then"),
    "two ways to come": ("- stop:\n  at: 2 h\n  after: 1 h", "'at' and 'after' exclude each other"),
    "within without when": ("- stop:\n  within: 1 h", "'within' says how long `when` is waited for"),
    "at in a repeat": ("- repeat: 2\n  steps:\n    - stop:\n      at: 2 h", "'at' has no place in a repeat"),
    "repeat of nothing": ("- repeat: 2", "'repeat' has no steps"),
    "measured later": (
        "- expect: later is 3\n- measure: {name: later, value: drug given / 1 mcg}",
        "'later' is not measured before this step",
    ),
    "name that is taken": ("- measure: {name: drug given, value: time}", "'drug given' has a meaning already"),
    "name with a keyword": ("- measure: {name: what is left, value: reservoir}", "'is' cannot be part of a name"),
    "limit of another kind": ("- measure: {name: left, value: reservoir, at-least: 3 mcg}", "an amount of drug, and this is a volume"),
    "no rule": ("- update: {therapy: usual, overrides: [33]}", "'33' is no rule; write it like R-033"),
    "no list": ("- repeat: 2\n  steps: stop", "'steps' is not a list of steps"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_told_at_its_line(name: str) -> None:
    """One mistake, one line: where, what, what to do."""
    steps, wanted = MISTAKES[name]

    (problem,) = problems_of(steps)

    assert wanted in problem
    assert FIRST <= int(problem.partition(":")[0]) <= FIRST + steps.count("\n")


HEADS: dict[str, tuple[str, str]] = {
    "no title": ("seed: 3", "'title' is missing"),
    "no such key": ("title: x\npomp: itp-40", "'pomp' is not a key here; did you mean 'pump'?"),
    "no such pump": ("title: x\npump: itp-41", "unknown profile 'itp-41'"),
    "no such beginning": ("title: x\nbegin: {runing: usual}", "'runing' is not a key here; did you mean 'running'?"),
    "beginning without therapy": ("title: x\nbegin: usual", "no therapy is called 'usual'"),
    "seed": ("title: x\nseed: three", "seed: 'three' is no count"),
    "word of itself": ("title: x\nwords:\n  a loop: 1 mL + a loop", "the word 'a loop' cannot be worked out"),
    "word that is taken": ("title: x\nwords:\n  time: 3 h", "'time' is a quantity already"),
    "word that does not add up": ("title: x\nwords:\n  odd: 3 mL + 4 mcg", "an amount of drug cannot be added to a volume"),
    "key twice": ("title: x\ntitle: y", "'title' is here a second time"),
    "therapy": ("title: x\ntherapies:\n  one:\n    mode: simpel", "mode 'simpel' is not known; did you mean 'simple'?"),
    "variant": ("title: x\nvariants:\n  one: {pomp: itp-20}", "'pomp' is not a key here; did you mean 'pump'?"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_mistake_above_the_steps_is_told(name: str) -> None:
    """The same for what stands above the steps."""
    head, wanted = HEADS[name]

    assert any(wanted in problem for problem in problems_of("- stop", head))


def test_therapy_that_the_pump_would_refuse_is_told_before_anything_is_run() -> None:
    """Limits of the pump that the file names, at the line of the therapy."""
    head = HEAD.replace("low-reservoir-alarm: 2 mL", "low-reservoir-alarm: 0.5 mL")

    assert problems_of("- stop", head) == ["8: the low-reservoir alarm 0.5 mL is below the pump's limit 1 mL; use at least 1 mL"]


def test_all_problems_are_told_together() -> None:
    """Nobody mends a file one error at a time."""
    assert len(problems_of("- advence: 8 h\n- stop: now\n- refill: 20 ml")) == 3


def test_what_is_no_yaml_is_told_once() -> None:
    """The line where it ceases to be YAML."""
    with pytest.raises(ScenarioFileError, match=r"test\.yaml:4: the file is not YAML"):
        parse_scenario(b"title: x\nsteps:\n  - stop\n    by: patient\n", "test.yaml")


class _Lesson(Head):
    """A scenario with a key more."""

    briefing: Text


def test_keys_of_another_kind_of_file_stand_beside_those_of_a_scenario() -> None:
    """Whoever derives from the head reads its own keys, with the same errors."""
    text = b"title: x\nbriefing: Somebody calls.\nsteps: [stop]\n"
    head = parse_scenario(text, "test.yaml", _Lesson).head

    assert isinstance(head, _Lesson)
    assert head.briefing == "Somebody calls."
    with pytest.raises(ScenarioFileError, match="'breifing' is not a key here; did you mean 'briefing'"):
        parse_scenario(text.replace(b"briefing", b"breifing"), "test.yaml", _Lesson)
