"""The page of mutants, made from the registry."""

from __future__ import annotations

from hil.mutants.alarms import ALARMS
from hil.mutants.delivery import DELIVERY
from hil.mutants.doses import DOSES
from hil.mutants.memory import MEMORY
from hil.mutants.mutant import Mutant
from hil.mutants.power import POWER
from hil.mutants.programming import PROGRAMMING
from hil.mutants.wire import WIRE

__all__ = ["render"]

AREAS = {
    "Basal delivery": DELIVERY,
    "Boluses": DOSES,
    "Alarms": ALARMS,
    "Memory and log": MEMORY,
    "Power, restart, self-test": POWER,
    "Programming and refill": PROGRAMMING,
    "The wire": WIRE,
}

HEAD = """# Mutants: does your suite find defects?

A suite that passes shows little until it is seen to fail. A mutant is a simulated pump with one firmware defect, met in field notices
or got by denying a row of the requirements. `pumpsim mutants run` runs a suite, ours or yours, on a healthy pump and then on each
mutant, and says which test killed which.

- **killed**: a test failed by an assertion, on a delivery, an alarm, an answer or the log.
- **survived**: every test passed. The matrix names the tests that name a requirement which the mutant negates: one of them should have
  failed.
- **broken**: something was raised inside the pump, a run did not come to its end, or tests failed by errors that assert nothing. A test
  that stumbles has judged nothing: let it catch what the pump answers, and assert on it.

The command ends with 0 if every mutant was killed, with 1 if one survived or is broken, with 2 if it could not be run. The suite must
pass on the healthy pump first.

## Try it

A test of one rule, for the plugin's pump ([requirements.md](requirements.md) has the rows):

<!-- file: test_lockout.py -->
```python
import pytest

from protocol.errors import Refused
from protocol.therapy import PatientRule

RULE = PatientRule(20_000, 10_000, 300, 3_600, 10, 1_000_000)


@pytest.mark.pump_requirement("BO-14")
def test_second_bolus_waits_for_an_hour(running, programmer, bench):
    \"\"\"A patient's bolus is refused within the lockout and granted after it.\"\"\"
    therapy = programmer.interrogate().therapy
    programmer.update(therapy._replace(patient=(RULE,)))
    bench.advance(hours=2)
    programmer.patient_bolus()
    bench.advance(minutes=59)
    with pytest.raises(Refused):
        programmer.patient_bolus()
    bench.advance(minutes=1)
    assert programmer.patient_bolus().duration_s == 300
```

Several mutants negate BO-14. This test takes two of them for healthy, because it looks a minute too early, and never restarts the pump:

```console
$ pumpsim mutants list --negates BO-14
lockout-on-the-wall-clock...
...
$ pumpsim mutants run -q --mutant lockout-second-short --mutant lockout-lost-at-reset -- pytest -q test_lockout.py || echo "exit $?"
lockout-second-short ...survived...of those that name BO-14: test_lockout.py::test_second_bolus_waits_for_an_hour
lockout-lost-at-reset...survived...
2 mutants: 0 killed, 2 survived, 0 broken; 1 test...
exit 1
```

With the edge of the lockout in the test, to the second, one of them is found:

```console
$ sed -i 's/minutes=59)/minutes=59, seconds=59)/; s/bench.advance(minutes=1)/bench.advance(seconds=1)/' test_lockout.py
$ pumpsim mutants run -q --mutant lockout-second-short -- pytest -q test_lockout.py
lockout-second-short  killed    test_lockout.py::test_second_bolus_waits_for_an_hour
1 mutant: 1 killed...
```

## Each is alive

Two lines show that a mutant is no healthy pump: what is done, and what is then looked at. They are run by the tests of this tree, and
here:

```console
$ pumpsim mutants list alarm-never-repeats --traces
alarm-never-repeats: An alarm sounds once, when it is raised, and never again.
  running rate=10000 ml=2; advance minutes=30; listen hours=4
  healthy: 4 single-tone
  mutant:  silence
1 of 1 mutants alive
```

## The whole matrix

`pumpsim mutants run -o matrix.json -- pytest ...` writes every failure of every test; its `tests` say what each test kills, and so
which kill nothing. `--targeted` runs of each mutant only the tests that name a requirement it negates, the quickest first, and ends it
at the first kill: that is for each change, the whole matrix for a release. `--jobs N` runs so many at once. pytest starts once and
forks for each mutant, so tests of a suite must not lean on threads that were started while it was collected. A suite with a pump on a
port of fixed name needs `--jobs 1`.

A suite needs none of our fixtures. Whatever it does with a pump in its own process meets the mutant, and so do servers that it starts:
they read `PUMPSIM_MUTANT`. By hand it is one option, and the ready line then says `"mutant"`:

<!-- not run: it serves until it is stopped -->
```console
$ pumpsim serve itp-40 --port pty:./pump0 --mutant bolus-short
```

In Python, `with hil.mutants.mutated("bolus-short"):` makes every pump of the process that mutant. A defect changes what the firmware
does and never how its state is kept: save, restore, restart and fork carry on with it, and an image knows nothing of it.

"""

TAIL = """
## A mutant of your own

A mutant is one entry of a table in `hil/mutants`, by area: a name, a line of what is wrong, the rows it negates, where it was met, the
changes, and its two lines. A change is a place in the firmware, as `firmware_sim.firmware.dose_desk:DoseDesk.begin`, and a function
that makes the new thing there from the one that was. A firmware that has lost such a place fails the tests, so no mutant dies unseen.
"""


def render() -> str:
    """The whole page."""
    parts = [HEAD + f"## All {sum(map(len, AREAS.values()))} of them"]
    for area, mutants in AREAS.items():
        parts += [f"\n### {area}\n", "| mutant | what is wrong | negates | source |", "| --- | --- | --- | --- |", *map(_line, mutants)]
    return "\n".join([*parts, TAIL])


def _line(mutant: Mutant) -> str:
    return f"| `{mutant.name}` | {mutant.doc} | {', '.join(mutant.negates)} | {mutant.source} |"
