"""The simulated balance's end of its line: MT-SICS, levels 0 and 1, one answer to each command and what it sends by itself.

What it sends by itself, after SIR and SR, it sends when `due` is asked, and then once, however much time has passed: a balance has one
present reading. Whoever owns its line asks as time moves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from hil.instruments.line import LineEnd
from hil.instruments.simulated_balance import Indication, SimulatedBalance

__all__ = ["MODEL", "BalanceServer"]

MODEL = "PUMPSIM-220"
SOFTWARE = "1.00"
SOFTWARE_NUMBER = "00000100A"
LEVELS = '"01" "2.00" "2.00" "" ""'
"""Level 0 and level 1 but for its keys, with the versions of each level; levels 2 and 3 are not there."""
LEVEL_1 = frozenset(("D", "DW", "SR", "T", "TA", "TAC", "TI"))
UG_PER_UNIT = {"g": 1_000_000, "mg": 1_000, "kg": 1_000_000_000}
UG_PER_G = UG_PER_UNIT["g"]
VALUE_WIDTH = 10
DISPLAY_CHARS_MAX = 20
CHANGE_PERMILLE = 125
"""SR without a value sends a change of an eighth of the last stable weight."""
CHANGE_DIGITS_MIN = 30
_MASS = re.compile(r"(-?\d+(?:\.\d+)?) (g|mg|kg)")
_TEXT = re.compile(r'"([^"]*)"')


class _Repeating(NamedTuple):
    """What is sent by itself: SIR at each turn (`change_ug` None), or SR, a change and then the stable weight it came to."""

    turn: int
    change_ug: int | None = None
    stable_ug: int | None = None


class BalanceServer:
    """`receive` takes bytes of a line and returns what goes back. An unknown command is ES, a parameter that is wrong EL, no ASCII ET."""

    def __init__(self, balance: SimulatedBalance) -> None:
        self._balance = balance
        self._tare_ug = 0
        self._repeating: _Repeating | None = None
        self.display = ""
        """What D has put there in the place of the weight."""
        plain: dict[str, Callable[[], list[str]]] = {
            "@": self._cancel,
            "I0": self._list,
            "I1": lambda: [f"I1 A {LEVELS}"],
            "I2": lambda: [f'I2 A "{MODEL} {self._grams(balance.numbers.capacity_ug)} g"'],
            "I3": lambda: [f'I3 A "{SOFTWARE}"'],
            "I4": lambda: [f'I4 A "{self.serial}"'],
            "I5": lambda: [f'I5 A "{SOFTWARE_NUMBER}"'],
            "S": lambda: self._once(stable=True),
            "SI": lambda: self._once(stable=False),
            "SIR": self._repeat,
            "T": lambda: self._tare("T", stable=True),
            "TAC": self._clear_tare,
            "TI": lambda: self._tare("TI", stable=False),
            "Z": lambda: self._zero("Z", stable=True),
            "ZI": lambda: self._zero("ZI", stable=False),
            "DW": self._show_weight,
        }
        with_words: dict[str, Callable[[str], list[str]]] = {"D": self._show, "SR": self._follow, "TA": self._preset_tare}
        self._plain, self._with_words = plain, with_words
        self.receive = LineEnd(self._answer).receive

    @property
    def serial(self) -> str:
        """One for each seed."""
        return f"SIM{self._balance.seed:07d}"

    @property
    def repeats(self) -> bool:
        """Whether it sends by itself now."""
        return self._repeating is not None

    def due(self) -> bytes:
        """What it has to send by itself at this instant."""
        before = self._repeating
        if before is None or self._balance.turn <= before.turn:
            return b""
        shown = self._balance.indicate()
        self._repeating = before._replace(turn=self._balance.turn)
        if before.change_ug is not None and not self._is_news(shown, before, before.change_ug):
            return b""
        return f"{self._weight('S', shown)}\r\n".encode("ascii")

    def _is_news(self, shown: Indication, before: _Repeating, change_ug: int) -> bool:
        """Whether SR tells this reading: one that has changed enough, and the stable one after it."""
        awaited = before.stable_ug is None
        changed = not awaited and abs(shown.gross_ug - (before.stable_ug or 0)) >= change_ug
        if not shown.range and shown.stable and (awaited or changed):
            self._repeating = before._replace(turn=self._balance.turn, stable_ug=shown.gross_ug)
            return True
        if changed:
            self._repeating = before._replace(turn=self._balance.turn, stable_ug=None)
        return changed

    def _answer(self, line: str | None) -> list[str]:
        if line is None:
            return ["ET"]
        command, space, words = line.partition(" ")
        if command in self._with_words:
            return self._with_words[command](words)
        if command not in self._plain:
            return ["ES"]
        return ["EL"] if space else self._plain[command]()

    def _cancel(self) -> list[str]:
        """As after switching on, but for the zero."""
        self._tare_ug, self._repeating, self.display = 0, None, ""
        return [f'I4 A "{self.serial}"']

    def _list(self) -> list[str]:
        """Every command with its level; B says that more lines follow."""
        names = sorted([*self._plain, *self._with_words])
        return [f'I0 {"A" if name == names[-1] else "B"} {int(name in LEVEL_1)} "{name}"' for name in names]

    def _once(self, *, stable: bool) -> list[str]:
        self._repeating = None
        return [self._weight("S", self._balance.indicate(), stable=stable)]

    def _repeat(self) -> list[str]:
        """One weight now, and one at each turn from now on."""
        self._repeating = _Repeating(self._balance.turn)
        return [self._weight("S", self._balance.indicate())]

    def _follow(self, words: str) -> list[str]:
        """The stable weight now, and then each change with the stable weight it came to."""
        shown = self._balance.indicate()
        asked_ug = _mass_ug(words) if words else max(shown.gross_ug * CHANGE_PERMILLE // 1_000, self._digit_ug * CHANGE_DIGITS_MIN)
        if asked_ug is None or asked_ug <= 0:
            return ["EL"]
        told = self._weight("S", shown, stable=True)
        if not told.startswith("S S"):
            return [told]
        self._repeating = _Repeating(self._balance.turn, asked_ug, shown.gross_ug)
        return [told]

    def _weight(self, command: str, shown: Indication, *, stable: bool = False) -> str:
        """The net weight; with `stable`, I for one that is not."""
        if shown.range:
            return f"{command} {_sign(shown.range)}"
        if stable and not shown.stable:
            return f"{command} I"
        return f"{command} {'S' if shown.stable else 'D'} {self._padded(shown.gross_ug - self._tare_ug)} g"

    def _tare(self, command: str, *, stable: bool) -> list[str]:
        shown = self._balance.indicate()
        if shown.range or shown.gross_ug < 0:
            return [f"{command} {_sign(shown.range or -1)}"]
        if stable and not shown.stable:
            return [f"{command} I"]
        self._tare_ug = shown.gross_ug
        return [f"{command} {'S' if shown.stable else 'D'} {self._padded(shown.gross_ug)} g"]

    def _preset_tare(self, words: str) -> list[str]:
        """Tell the tare, or take a given one without anything being weighed."""
        if words:
            asked_ug = _mass_ug(words)
            if asked_ug is None or not 0 <= asked_ug <= self._balance.numbers.capacity_ug:
                return ["EL"]
            self._tare_ug = round(asked_ug / self._digit_ug) * self._digit_ug
        return [f"TA A {self._padded(self._tare_ug)} g"]

    def _clear_tare(self) -> list[str]:
        self._tare_ug = 0
        return ["TAC A"]

    def _zero(self, command: str, *, stable: bool) -> list[str]:
        """Z says A for done; ZI takes a moving load too, and says which it was."""
        steady = self._balance.indicate().stable
        if stable and not steady:
            return [f"{command} I"]
        beyond = self._balance.zero()
        if beyond:
            return [f"{command} {_sign(beyond)}"]
        self._tare_ug = 0
        return [f"{command} {'A' if stable else 'S' if steady else 'D'}"]

    def _show(self, words: str) -> list[str]:
        text = _TEXT.fullmatch(words)
        if text is None:
            return ["EL"]
        self.display = text[1][:DISPLAY_CHARS_MAX]
        return ["D R" if len(text[1]) > DISPLAY_CHARS_MAX else "D A"]

    def _show_weight(self) -> list[str]:
        self.display = ""
        return ["DW A"]

    @property
    def _digit_ug(self) -> int:
        return self._balance.numbers.readability_ug

    def _padded(self, mass_ug: int) -> str:
        return self._grams(mass_ug).rjust(VALUE_WIDTH)

    def _grams(self, mass_ug: int) -> str:
        """A mass with as many decimals as the balance can read."""
        finest = Decimal(self._digit_ug) / UG_PER_G
        return str((Decimal(mass_ug) / UG_PER_G).quantize(finest.normalize()))


def _mass_ug(words: str) -> int | None:
    """A mass as a command names it, None for anything else."""
    fit = _MASS.fullmatch(words)
    return None if fit is None else round(Decimal(fit[1]) * UG_PER_UNIT[fit[2]])


def _sign(beyond: int) -> str:
    return "+" if beyond > 0 else "-"
