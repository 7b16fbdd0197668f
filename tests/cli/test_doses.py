"""`pumpsim program patient-bolus`, `prime` and `bridge`, from the shell's side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hil.bench.stdio import ServerProcess
from tests.cli.shell import Run, pump_on_a_port, put_on, shell

THERAPY = """\
drug: baclofen
concentration: 500 mcg/mL
mode: simple
low-reservoir-alarm: 2 mL
daily-dose: 100 mcg/day
patient-bolus:
  dose: 25 mcg
  duration: 10 min
  lockout: 1 h
  most-per-day: 4
  daily-limit: 200 mcg/day
"""


class Bedside(NamedTuple):
    """A served pump and the command line beside it."""

    served: ServerProcess
    program: Run

    def wait(self, **span: int) -> None:
        """Virtual time passes."""
        self.served.bench.advance(**span)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, str]]:
    """A pump on a free TCP port, in lock-step, and its image an hour after it was given the therapy."""
    file = tmp_path_factory.mktemp("therapy") / "allowed.yaml"
    file.write_text(THERAPY)
    with pump_on_a_port() as process:
        put_on(process, file)
        process.bench.advance(hours=1)
        yield process, process.bench.call("save")["image"]


@pytest.fixture
def bedside(server: tuple[ServerProcess, str], capfd: pytest.CaptureFixture[str]) -> Bedside:
    """That pump, as it was after the hour."""
    process, image = server
    process.bench.call("restore", image=image)
    pumpsim = shell(capfd)
    return Bedside(process, lambda *arguments: pumpsim("program", process.ready["port"], *arguments))


@pytest.mark.parametrize("role", ["clinician", "patient"])
def test_patient_bolus_says_how_long_and_until_when(bedside: Bedside, role: str) -> None:
    """Asked for by the handset or by the clinician, its duration and its end by the pump's clock are printed."""
    ended = bedside.program("patient-bolus", "--role", role)

    assert (ended.code, ended.out) == (0, "patient bolus  begun\nover           10 min\nends           2026-01-01 01:10:00\n")
    assert bedside.program("interrogate", "--role", "patient", "--json").json()["condition"]["bolus"][0]["programmed_nl"] == 50_000


def test_patient_bolus_as_json_has_the_wires_numbers(bedside: Bedside) -> None:
    """--json prints one object."""
    shown = bedside.program("patient-bolus", "--role", "patient", "--json").json()

    assert shown["duration_s"] == 600
    assert set(shown) == {"duration_s", "end_us"}


def test_early_patient_bolus_is_one_line_that_says_when(bedside: Bedside) -> None:
    """LOCKOUT ends with 1, in words, and the therapy is untouched."""
    bedside.program("patient-bolus")
    bedside.wait(minutes=30)
    before = bedside.served.bench.digest("therapy")
    ended = bedside.program("patient-bolus", "--role", "patient")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert "the next patient bolus is not free yet" in ended.err
    assert "ask again later" in ended.err
    assert bedside.served.bench.digest("therapy") == before


def test_patient_bolus_beyond_the_limit_names_sum_and_limit(bedside: Bedside) -> None:
    """A clinician's bolus has filled the day: DOSE_LIMIT in words, with volumes."""
    bedside.program("bolus", "--dose", "80 mcg", "--duration", "10 min")
    bedside.wait(hours=1)
    ended = bedside.program("patient-bolus")

    assert ended.code == 1
    assert "24 hours would hold 0.409992 mL, above the therapy's limit 0.4 mL" in ended.err


def test_prime_is_for_a_stopped_pump(bedside: Bedside) -> None:
    """Refused while running with what to do; stopped, its time is told, and the pump is stopped after it."""
    refused = bedside.program("prime", "--volume", "0.336 mL")
    bedside.program("stop")
    begun = bedside.program("prime", "--volume", "0.336 mL")
    bedside.wait(minutes=30)

    assert refused.code == 1
    assert "a prime needs a stopped pump; stop it first" in refused.err
    assert (begun.code, begun.out.splitlines()[0]) == (0, "prime  0.336 mL")
    assert begun.out.splitlines()[1] == "over   20 min 10 s"
    assert bedside.program("status", "--json").json()["mode_name"] == "stopped"


def test_bridge_says_volume_and_rate(bedside: Bedside) -> None:
    """What runs in the place of basal is told, and the interrogation shows its rate."""
    begun = bedside.program("bridge", "--volume", "0.336 mL", "--rate", "0.24 mL/day")

    assert begun.code == 0
    assert begun.out.splitlines()[:2] == ["bridge  0.336 mL at 0.24 mL/day in the place of basal", "over    1 day 9 h 36 min"]
    assert bedside.program("interrogate", "--json").json()["condition"]["rate_nl_per_h"] == 10_000


def test_doses_as_json(bedside: Bedside) -> None:
    """Prime and bridge print the wire's answer too."""
    bridge = bedside.program("bridge", "--volume", "0.1 mL", "--rate", "10,000 nL/h", "--json").json()
    bedside.program("stop")
    prime = bedside.program("prime", "--volume", "0.1 mL", "--json").json()

    assert (bridge["duration_s"], prime["duration_s"]) == (36_000, 360)


@pytest.mark.parametrize(
    ("arguments", "code", "say"),
    [
        (("prime", "--volume", "2 mL"), 1, "the volume 2 mL is above the pump's limit 1 mL"),
        (("prime", "--volume", "0.336"), 2, "has no unit"),
        (("prime",), 2, "--volume"),
        (("bridge", "--volume", "0.1 mL"), 2, "--rate"),
        (("bridge", "--volume", "0.1 mL", "--rate", "30 mL/day"), 1, "is above the pump's limit 24 mL/day"),
        (("bridge", "--volume", "0.1 mL", "--rate", "10 mL/h"), 2, "mL/h"),
        (("prime", "--volume", "0.1 mL", "--role", "patient"), 1, "a patient may not do that"),
        (("bridge", "--volume", "0.1 mL", "--rate", "0.24 mL/day", "--role", "service"), 1, "a service may not do that"),
        (("patient-bolus", "--role", "service"), 1, "a service may not do that"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_refuses_in_one_line(bedside: Bedside, arguments: tuple[str, ...], code: int, say: str) -> None:
    """Bad input is one clear line on stderr, and the therapy is untouched."""
    before = bedside.served.bench.digest("therapy")
    ended = bedside.program(*arguments)

    assert (ended.code, ended.out) == (code, "")
    assert say in ended.err
    assert ended.err.count("\n") == 1
    assert bedside.served.bench.digest("therapy") == before


def test_lost_answer_of_a_patient_bolus_is_settled_first(bedside: Bedside, tmp_path: Path) -> None:
    """A programmer file keeps the handset's command as any other, and nothing is left open after a certain answer."""
    file = str(tmp_path / "handset.json")
    bedside.program("patient-bolus", "--role", "patient", "--programmer", file)

    assert bedside.program("settle", "--role", "patient", "--programmer", file).out == "no command is open\n"
