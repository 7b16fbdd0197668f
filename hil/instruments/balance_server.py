"""The simulated balance's end of its line: MT-SICS, level 0 and the tare of level 1, one answer to each command."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hil.instruments.line import LineEnd
from hil.instruments.simulated_balance import SimulatedBalance

__all__ = ["MODEL", "BalanceServer"]

MODEL = "PUMPSIM-220"
SOFTWARE = "1.00"
LEVELS = '"01" "2.00" "2.00" "" ""'
"""Level 0 and part of level 1, with the versions of each level; levels 2 and 3 are not there."""
UG_PER_G = 1_000_000
VALUE_WIDTH = 10


class BalanceServer:
    """`receive` takes bytes of a line and returns what goes back. An unknown command is ES, a parameter too many EL, no ASCII ET."""

    def __init__(self, balance: SimulatedBalance) -> None:
        self._balance = balance
        self._tare_ug = 0
        self._commands: dict[str, Callable[[], list[str]]] = {
            "@": self._cancel,
            "I0": self._list,
            "I1": lambda: [f"I1 A {LEVELS}"],
            "I2": lambda: [f'I2 A "{MODEL} {self._grams(balance.numbers.capacity_ug)} g"'],
            "I3": lambda: [f'I3 A "{SOFTWARE}"'],
            "I4": lambda: [f'I4 A "{self.serial}"'],
            "S": lambda: [self._weight("S", stable=True)],
            "SI": lambda: [self._weight("S", stable=False)],
            "T": self._tare,
            "TAC": self._clear_tare,
            "Z": self._zero,
        }
        self.receive = LineEnd(self._answer).receive

    @property
    def serial(self) -> str:
        """One for each seed."""
        return f"SIM{self._balance.seed:07d}"

    def _answer(self, line: str | None) -> list[str]:
        if line is None:
            return ["ET"]
        command, *parameters = line.split(" ")
        if command not in self._commands:
            return ["ES"]
        return ["EL"] if parameters else self._commands[command]()

    def _cancel(self) -> list[str]:
        """As after switching on, but for the zero."""
        self._tare_ug = 0
        return [f'I4 A "{self.serial}"']

    def _list(self) -> list[str]:
        """Every command with its level; B says that more lines follow."""
        names = list(self._commands)
        return [f'I0 {"A" if name == names[-1] else "B"} {1 if name in {"T", "TAC"} else 0} "{name}"' for name in names]

    def _weight(self, command: str, *, stable: bool) -> str:
        """The net weight; with `stable`, I for one that is not."""
        shown = self._balance.indicate()
        if shown.range:
            return f"{command} {_sign(shown.range)}"
        if stable and not shown.stable:
            return f"{command} I"
        return f"{command} {'S' if shown.stable else 'D'} {self._padded(shown.gross_ug - self._tare_ug)} g"

    def _tare(self) -> list[str]:
        shown = self._balance.indicate()
        if shown.range or shown.gross_ug < 0:
            return [f"T {_sign(shown.range or -1)}"]
        if not shown.stable:
            return ["T I"]
        self._tare_ug = shown.gross_ug
        return [f"T S {self._padded(shown.gross_ug)} g"]

    def _clear_tare(self) -> list[str]:
        self._tare_ug = 0
        return ["TAC A"]

    def _zero(self) -> list[str]:
        if not self._balance.indicate().stable:
            return ["Z I"]
        beyond = self._balance.zero()
        if beyond:
            return [f"Z {_sign(beyond)}"]
        self._tare_ug = 0
        return ["Z A"]

    def _padded(self, mass_ug: int) -> str:
        return self._grams(mass_ug).rjust(VALUE_WIDTH)

    def _grams(self, mass_ug: int) -> str:
        """A mass with as many decimals as the balance can read."""
        finest = Decimal(self._balance.numbers.readability_ug) / UG_PER_G
        return str((Decimal(mass_ug) / UG_PER_G).quantize(finest.normalize()))


def _sign(beyond: int) -> str:
    return "+" if beyond > 0 else "-"
