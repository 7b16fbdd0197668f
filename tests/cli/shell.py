"""A shell in this process and a served pump, for the tests of commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import hil
import hil.cli
from hil.bench.stdio import ServerProcess

__all__ = ["FLEX", "REFILL", "THERAPIES", "Ended", "Run", "pump_on_a_port", "put_on", "shell"]

THERAPIES = Path(hil.__file__).parent / "library" / "therapies"
FLEX = THERAPIES / "flex-night.yaml"
REFILL = ("refill", "--volume", "18 mL", "--drug", "baclofen", "--concentration", "500 mcg/mL")
"""What the programmer is told of a fill; `put_on` makes it so, unless another is named."""
NL_PER_ML = 1_000_000
NG_PER_MCG = 1_000


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


Run = Callable[..., Ended]


def shell(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run `pumpsim ...` in this process."""

    def run(*arguments: str) -> Ended:
        code = hil.cli.execute(arguments)
        captured = capfd.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@contextmanager
def pump_on_a_port() -> Iterator[ServerProcess]:
    """A pump on a free TCP port, in lock-step."""
    with ServerProcess("itp-40", ["--port", "tcp://127.0.0.1:0", "--pace", "lock-step", "--seed", "1"]) as process:
        yield process


def put_on(process: ServerProcess, therapy: Path, refill: tuple[str, ...] = REFILL) -> None:
    """Fill the pump, tell it so, and give it the therapy."""
    ml, mcg = (int(refill[refill.index(option) + 1].split()[0].replace(",", "")) for option in ("--volume", "--concentration"))
    process.bench.needle(inject_nl=ml * NL_PER_ML, concentration_ng_per_ml=mcg * NG_PER_MCG)
    for arguments in (refill, ("update", str(therapy), "--yes", "--json")):
        assert hil.cli.execute(["program", process.ready["port"], *arguments]) == 0
