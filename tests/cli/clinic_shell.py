"""A strong therapy and people, for the tests of `pumpsim clinic` and of the rules in front of an update; and a pump with that therapy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hil.bench.stdio import ServerProcess
from tests.cli.shell import pump_on_a_port, put_on

__all__ = ["FILL", "NOW", "PERSON", "STRONG", "dosed", "lay_out", "strong_pump"]

NOW = "2026-01-31 08:00"
STRONG = """\
drug: baclofen
concentration: 2,000 mcg/mL
mode: simple
low-reservoir-alarm: 4 mL
daily-dose: 900 mcg/day
"""
PERSON = """\
age: 40 years
origin: spinal
cause: multiple sclerosis
conditions: []
medicines: []
phase: titration
stable: yes
effect: some
tests:
  - {at: 2025-01-10 09:00, dose: 50 mcg, positive: yes, effect: 10 h}
doses:
  - {at: 2025-02-01 09:00, dose: 100 mcg/day}
  - {at: 2025-12-01 09:00, dose: 900 mcg/day}
"""
FILL = ("--volume", "20 mL", "--drug", "baclofen", "--concentration", "2,000 mcg/mL")
NEW_PERSON = PERSON[: PERSON.index("doses:")] + "doses: []\n"


def lay_out(folder: Path) -> Path:
    """Write the strong therapy, somebody in treatment and somebody new into a folder."""
    (folder / "strong.yaml").write_text(STRONG)
    (folder / "person.yaml").write_text(PERSON)
    (folder / "new.yaml").write_text(NEW_PERSON)
    return folder


def dosed(files: Path, mcg: str) -> str:
    """The strong therapy with another dose, as a file."""
    path = files / f"{mcg}.yaml"
    path.write_text(STRONG.replace("900", mcg))
    return path.name


@contextmanager
def strong_pump(folder: Path) -> Iterator[tuple[ServerProcess, str]]:
    """A pump on a free TCP port, in lock-step, a day on the strong therapy; and its image."""
    file = folder / "strong.yaml"
    file.write_text(STRONG)
    with pump_on_a_port() as process:
        put_on(process, file, ("refill", *FILL))
        process.bench.advance(days=1)
        yield process, process.bench.save()
