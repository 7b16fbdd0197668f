"""A question to the person at the programmer, who may have been called away: said again every fifteen minutes until it is answered.

When five minutes have gone by without a word, the person is told once that the programming is still open.
"""

from __future__ import annotations

import select
import sys
from typing import NamedTuple, Protocol

import click

from hil.cli.output import note
from hil.wording import quantity
from protocol.client.attention import Attention, Call, Why
from protocol.waiting import WallWaiter

__all__ = ["Keyboard", "Terminal", "can_ask", "confirmed"]

_BELL = "\a"


class Keyboard(Protocol):
    """Where an answer is typed, and the clock beside it."""

    def now_us(self) -> int:
        """A clock that never goes back."""

    def line(self, timeout_s: float | None) -> str | None:
        """One line with its end; empty when there is no more to come, None when nothing was typed in time."""


class Terminal:
    """The keyboard of this process. Where a terminal cannot be waited for, a question is asked once and waits."""

    def __init__(self) -> None:
        self._waiter = WallWaiter()

    def now_us(self) -> int:
        return self._waiter.now_us()

    def line(self, timeout_s: float | None) -> str | None:
        if sys.platform != "win32" and not select.select([sys.stdin], [], [], timeout_s)[0]:
            return None
        return sys.stdin.readline()


class Question(NamedTuple):
    """What is asked, what it belongs to, and how things stand until it is answered."""

    asked: str
    what: str
    until_then: str


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty()


def confirmed(question: Question, keyboard: Keyboard | None = None) -> bool:
    """Whether the person typed yes; enter alone is a no. Raises click.Abort when the terminal is gone."""
    person = _Person(question, keyboard or Terminal())
    while True:
        typed = person.answer()
        if not typed:
            click.echo()
            raise click.Abort
        word = typed.strip().lower()
        if word in ("y", "yes"):
            return True
        if word in ("", "n", "no"):
            return False
        click.echo("Error: invalid input")


class _Person:
    """Asks one question and waits, calling when it is time to."""

    def __init__(self, question: Question, keyboard: Keyboard) -> None:
        self._question = question
        self._keyboard = keyboard
        self._attention = Attention()
        self._attention.begin(question.what, keyboard.now_us())
        self._attention.ask(question.asked, keyboard.now_us())

    def answer(self) -> str:
        """The next line that is typed."""
        self._prompt()
        while True:
            deadline = self._attention.next_deadline()
            typed = self._keyboard.line(None if deadline is None else max(0, deadline - self._keyboard.now_us()) / quantity.US_PER_S)
            if typed is not None:
                self._attention.act(self._keyboard.now_us())
                return typed
            for call in self._attention.due(self._keyboard.now_us()):
                self._call(call)

    def _prompt(self) -> None:
        click.echo(f"\n{self._question.asked} [y/N]: ", nl=False)

    def _call(self, call: Call) -> None:
        waited = quantity.duration(call.waited_us // quantity.US_PER_S)
        click.echo(_BELL, nl=False, err=True)
        if call.why is Why.IDLE:
            note(f"nothing was typed for {waited}: {call.what} is still open, and {self._question.until_then}")
        else:
            note(f"an answer is required, for {waited} now, and {self._question.until_then}")
            self._prompt()
