"""Each act does to the pump what its word says, over the wire or at the bench, and its answer is compared."""

from __future__ import annotations

import pytest

from hil.scenario.result import DONE, Run
from tests.field.lessons import failures
from tests.scenarios.plays import HEAD, run_of, runs

ACTS: dict[str, str] = {
    "bolus": """
        - bolus: {dose: 50 mcg, over: 10 min}
        - expect: [bolus time is 10 min, volume commanded is 0 mL]
        - advance: {until: bolus ended, at-most: 1 h}
        - expect:
            - time is 10 min within 1 s
            - volume commanded is 0.1 mL + 0.96 mL/day * pump time within 0.000001 mL
    """,
    "bolus that must be longer": """
        - bolus: {dose: 1000 mcg, over: 1 min, may-lengthen: yes}
        - expect: bolus time is above 1 h
    """,
    "bolus that is too fast": """
        - bolus: {dose: 1000 mcg, over: 1 min}
          answer: refused rate-limit
        - expect: volume commanded is 0 mL
    """,
    "stop and start": """
        - stop
        - expect: {mode: stopped, stopped-by: command}
        - advance: 3 h
        - expect: [drug given is 0 mcg]
        - start
        - expect: {mode: simple, stopped-by: none}
    """,
    "start without need": "- stop\n- start\n- start:\n  answer: any",
    "alarm, silence, acknowledge": """
        - refill: 2 mL
        - expect: [{alarms: low-reservoir}, {sound: non-critical}]
        - silence: low-reservoir
        - expect: {sound: none}
        - acknowledge: low-reservoir
        - refill: 20 mL
        - expect: [{alarm-list: none}, {holds: quiet}]
    """,
    "alarm test": "- alarm-test\n- expect: {holds: sound}",
    "clock": "- set-clock: 2026-03-01 08:00\n- expect: {log: {clock-set: 1}}",
    "interrogate as the patient": "- interrogate:\n  by: patient",
    "patient bolus without one": "- patient-bolus:\n  answer: refused no-patient-bolus",
    "what the patient may not": "- stop:\n  by: patient\n  answer: not-authorised",
    "needle and what is told": """
        - needle: {draw: 5 mL, fill: 3 mL, concentration: 500 mcg/mL}
        - expect: [withdrawn is 5 mL, reservoir is 18 mL, computed reservoir is 20 mL]
        - needle: {draw: all}
        - expect: [withdrawn is 18 mL, reservoir is 0 mL]
        - needle: {fill: 10 mL, concentration: 500 mcg/mL}
        - tell-refill: {volume: 10 mL, withdrawn: 20 mL}
        - expect: [computed reservoir is 10 mL, expected residual is 20 mL]
    """,
    "rinse": "- rinse: {volume: 10 mL, times: 3}\n- expect: [reservoir is 0 mL, reservoir strength is below 1 mcg/mL]",
    "another strength": """
        - refill: {volume: 20 mL, concentration: 1,000 mcg/mL, rinse: 2}
        - expect: {therapy-pending: yes}
    """.replace("1,000 mcg/mL", '"1,000 mcg/mL"'),
    "side port": "- side-port: {draw: 0.1 mL}\n- expect: [volume drawn is 0.1 mL, drug drawn is 50 mcg within 0.1 mcg]",
    "prime": """
        - stop
        - prime
        - expect: bolus time is above 1 min
        - advance: 1 h
        - expect: volume given is path * unit factor within 2 * step
    """,
    "bridge": "- bridge: {rate: 0.96 mL/day}\n- expect: bolus time is path / 0.96 mL/day within 1 s",
    "examination": "- examine: xray\n- examine: {by: side-port, draw: 0.1 mL}\n- examine: rotor",
    "listening": """
        - refill: 2 mL
        - listen: 3 h
        - expect: [non-critical sounds is at least 3, critical sounds is 0]
    """,
    "magnet": "- magnet: held\n- magnet: away",
    "power": """
        - power-cut: 10 min
        - expect: drug given is 0 mcg
        - advance: {until: answers, at-most: 1 h}
        - reset
        - expect: {log: {boot: 2}}
    """,
    "failure and service": """
        - inject: {fault: firmware.selftest_fail, test: rtc}
        - advance: {until: alarm self-test-rtc, at-most: 2 h}
        - clear: firmware.selftest_fail
        - start:
          answer: refused motor-off
        - service-reset
        - advance: {until: ready, at-most: 1 min}
    """,
    "fault with a name, for a while": """
        - inject: {fault: catheter.occlusion, fraction: 50 %, as: kink, for: 2 h}
        - advance: 2 h
        - expect: drug given is 0.48 mL/day * pump time * unit factor * 500 mcg/mL within 2 * step * 500 mcg/mL
        - mark
        - advance: 2 h
        - expect: drug given is 0.96 mL/day * pump time * unit factor * 500 mcg/mL within 2 * step * 500 mcg/mL
    """,
    "fault that waits for a command": """
        - inject: {fault: motor.stall, on: "command:START#1", as: the stall}
        - stop
        - start
        - advance: 1 h
        - expect: [drug given is 0 mcg, {alarms: motor-stall}]
        - clear: the stall
    """,
    "lost answer": """
        - stop
        - interrogate
        - start
        - stop
        - inject: {fault: link.drop, direction: to-host, at-frames: 2-20}
        - start:
          answer: uncertain
        - clear: link.drop
        - settle
        - expect: {mode: simple, log: {started: 2}}
    """,
    "no answer": "- inject: link.drop\n- interrogate:\n  answer: no-answer\n- clear: link.drop\n- interrogate",
    "walking away": """
        - silence: low-reservoir
          answer: refused not-active
        - leave
        - advance: 1 h
    """,
    "override": """
        - update: much
          answer: refused override
        - update: {therapy: much, overrides: R-033}
        - expect: [{therapy: much}, daily dose is 1200 mcg/day, rate is 2.4 mL/day within 1 nL/h, strength is 500 mcg/mL]
    """,
    "shipped therapy": "- update: simple-continuous\n- expect: [{therapy: simple-continuous}, daily dose is 100 mcg/day]",
    "times": """
        - stop:
          at: 2 h
        - expect: time is 2 h
        - start:
          after: 30 min
        - expect: time is 2 h 30 min
        - inject: motor.stall
        - interrogate:
          when: alarm motor-stall
          within: 1 day
        - expect: {alarms: motor-stall, sound: critical}
        - advance: path / 0.96 mL/day
    """,
    "repeats in repeats": """
        - repeat: 2
          steps:
            - repeat: 3
              steps:
                - advance: 1 h
        - expect: time is 6 h
    """,
    "measured figures": """
        - measure: {name: before, value: reservoir}
        - advance: 10 h
        - measure: {name: gone, value: before - reservoir, at-least: 0.39 mL, at-most: 0.41 mL}
        - expect: gone is volume given within 0.001 mL
    """,
}  # fmt: skip
MUCH = HEAD.replace(
    "begin:", HEAD[HEAD.index("  usual:") : HEAD.index("begin:")].replace("usual", "much").replace("480", "1200") + "begin:"
)
"""And a therapy that needs somebody's override."""


@pytest.mark.parametrize("name", ACTS)
def test_act_does_what_its_word_says(name: str) -> None:
    """Played on a pump that runs 480 mcg a day."""
    run = run_of(ACTS[name], MUCH)

    assert failures([run]) == []
    assert all(step.checks for step in run.steps if step.word == "expect")


def broken(run: Run) -> str:
    """The last thing that was expected and not found."""
    assert not run.passed
    return failures([run])[-1]


def test_other_answer_ends_the_run() -> None:
    """What was not foreseen would be another scenario: no step follows; the line, what was expected and the answer are told."""
    run = run_of("- start:\n  answer: refused\n- advance: 8 h")

    assert broken(run) == "test.yaml:14 : expected answer: refused; found answer: done"
    assert [step.word for step in run.steps] == ["start"]


def test_refusal_that_was_not_foreseen_says_why() -> None:
    """In the words of the refusal."""
    assert "expected answer: done; found" in broken(run_of("- bolus: {dose: 1000 mcg, over: 1 min}"))
    assert "RATE_LIMIT" in broken(run_of("- bolus: {dose: 1000 mcg, over: 1 min}"))


def test_what_does_not_come_ends_the_run() -> None:
    """The condition, and how long it was waited for."""
    run = run_of("- advance: {until: alarm motor-stall, at-most: 2 h}\n- stop")

    assert broken(run) == "test.yaml:14 : expected alarm motor-stall; found it does not come within 2 h"
    assert len(run.steps) == 1


def test_broken_expectation_is_noted_and_the_run_goes_on() -> None:
    """With what was found, and by how much it is off; every sentence of a step is judged."""
    run = run_of("- advance: 10 h\n- expect:\n    - time is 9 h\n    - drug given is below 1 mcg\n    - mode: stopped\n- stop")

    assert [line.partition("; found ")[2] for line in failures([run])][::2] == ["10 h (1 h too much)", "simple"]
    assert run.steps[-1].word == "stop"
    assert run.verdict == "failed"


def test_measurement_out_of_its_limits_fails() -> None:
    """Its limits are told."""
    line = broken(run_of("- measure: {name: left, value: reservoir, at-most: 19 mL}"))

    assert line == "test.yaml:14 : expected left is at most 19 mL; found 20 mL"


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ("- advance: 1 h - 2 h", "time would run back by 1 h; correct the formula"),
        (
            "- inject: motor.stall\n- clear: motor.stall\n- repeat: 2\n  steps:\n    - clear: motor.stall",
            "nothing called 'motor.stall' is in force; inject it before, in this variant too",
        ),
        ("- expect: withdrawn is 3 mL", "there is no 'withdrawn' at this instant"),
        ("- expect: drug given / time * 1 h is 3 mcg", "it divides by something that is 0 here"),
    ],
)
def test_what_cannot_be_is_no_pass(steps: str, found: str) -> None:
    """A sentence about nothing does not hold, and no act is done half."""
    assert broken(run_of(steps)).endswith(f"found {found}")


def test_act_that_cannot_be_done_is_told() -> None:
    """What the bench says, at the line of the step."""
    assert "test.yaml:14" in broken(run_of("- needle: {fill: 100 mL}"))


def test_drug_must_be_said_to_a_new_pump() -> None:
    """There is nothing it was filled with before."""
    assert "the pump was never told of a fill" in broken(run_of("- refill: 20 mL", "title: New"))


def test_variants_play_the_same_steps_with_what_is_theirs() -> None:
    """Other words, another pump, another unit, another beginning; `only` leaves steps out."""
    head = f"{HEAD}words:\n  wait: 1 h\nvariants:\n  one:\n  two:\n    words:\n      wait: 2 h\n    pump: itp-20\n    seed: 5\n"
    played = runs("- advance: wait\n- stop:\n  only: two\n- expect: {mode: stopped}\n  only: [two]", head)

    assert [(run.variant, run.pump, run.seed) for run in played] == [("one", "itp-40", 3), ("two", "itp-20", 5)]
    assert [[(step.word, step.verdict) for step in run.steps] for run in played] == [
        [("advance", DONE)],
        [("advance", DONE), ("stop", DONE), ("expect", DONE)],
    ]
    assert [run.steps[-1].at_us for run in played] == [3_600_000_000, 7_200_000_000]
