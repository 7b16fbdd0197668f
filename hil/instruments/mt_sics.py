"""A balance that speaks MT-SICS, the command set of one maker's balances that others took over: the driver's end.

It talks over any `AskLine`. A real balance holds its answer to S, T and Z until it is stable or has waited too long; a simulated one
answers at once, because in virtual time nothing passes while it waits. Both then say `I`, not executable now, and are asked again
until `patience_s` has passed on the driver's clock.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NoReturn

from hil.errors import InstrumentError
from hil.instruments.balance import BalanceFacts, Weight
from hil.instruments.line import AskLine, Clock, SerialLine

__all__ = ["UG_PER_UNIT", "MtSicsBalance"]

UG_PER_UNIT = {"g": 1_000_000, "mg": 1_000, "kg": 1_000_000_000}
STABLE_REPLY_S = 60.0
PAUSE_S = 0.5
PATIENCE_S = 60.0
_WEIGHT = re.compile(r"(?P<command>S|T) (?P<state>[SD]) +(?P<value>-?\d+(?:\.\d+)?) (?P<unit>\S+)")
_QUOTED = re.compile(r'"([^"]*)"')
_REFUSALS = {
    "ES": ("it does not know the command", "look whether it speaks MT-SICS"),
    "EL": ("it cannot do that", "look at the parameter"),
    "ET": ("the command was garbled on its way", "look at cable and line settings"),
    "+": ("too much lies on the pan", "take something off"),
    "-": ("too little lies on the pan", "put the pan on, or zero the balance"),
    "I": ("it is not stable", "shield it from draught, or read without waiting"),
}


class MtSicsBalance:
    """See `hil.instruments.balance.Balance`. `clock` is what it waits by: `WallWaiter`, or the bench of a simulated pump."""

    def __init__(self, line: AskLine, clock: Clock, *, patience_s: float = PATIENCE_S) -> None:
        self._line = line
        self._clock = clock
        self._patience_us = round(patience_s * 1_000_000)

    @classmethod
    def open(cls, url: str, clock: Clock | None = None, *, patience_s: float = PATIENCE_S) -> MtSicsBalance:
        """Open a serial balance by path or pyserial URL; without a clock it waits by the wall's. Raises UsageError."""
        if clock is None:
            from protocol.waiting import WallWaiter

            clock = WallWaiter()
        return cls(SerialLine(url), clock, patience_s=patience_s)

    def facts(self) -> BalanceFacts:
        """Model, capacity, software and serial number, by I2 to I4."""
        model, *capacity = self._quoted("I2").rsplit(" ", 2)
        return BalanceFacts(model, " ".join(capacity), self._quoted("I3"), self._quoted("I4"))

    def read(self) -> Weight:
        return self._weight(self._line.ask("SI"))

    def read_stable(self) -> Weight:
        return self._weight(self._when_stable("S"))

    def tare(self) -> int:
        return self._weight(self._when_stable("T")).net_ug

    def zero(self) -> None:
        reply = self._when_stable("Z")
        if reply != "Z A":
            _refused(reply)

    def close(self) -> None:
        self._line.close()

    def _when_stable(self, command: str) -> str:
        end_us = self._clock.now_us() + self._patience_us
        while True:
            reply = self._line.ask(command, STABLE_REPLY_S)
            if reply != f"{command} I" or self._clock.now_us() >= end_us:
                return reply
            self._clock.pause(PAUSE_S)

    def _quoted(self, command: str) -> str:
        reply = self._line.ask(command)
        text = _QUOTED.search(reply) if reply.startswith(f"{command} A") else None
        if text is None:
            _refused(reply)
        return text[1]

    def _weight(self, reply: str) -> Weight:
        fit = _WEIGHT.fullmatch(reply)
        if fit is None or fit["unit"] not in UG_PER_UNIT:
            _refused(reply)
        return Weight(round(Decimal(fit["value"]) * UG_PER_UNIT[fit["unit"]]), fit["state"] == "S")


def _refused(reply: str) -> NoReturn:
    unknown = ("this is no answer of MT-SICS", "look at the line, and have the balance show g or mg")
    what, do = _REFUSALS.get(reply.rpartition(" ")[2], unknown)
    raise InstrumentError(f"{what} (it said {reply[:60]!r})", where="balance", do=do)
