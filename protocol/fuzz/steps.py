"""What is done to one end, as data: a stream can be written down, played again and made smaller."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FINISH", "Step", "begin", "call", "cut", "instead", "look", "pause", "send"]


class Step(NamedTuple):
    """One thing done.

    `act` is one of these:

    * `begin`: become the end that `data` names, as new
    * `send`: give the end these bytes
    * `pause`: let `number` microseconds pass
    * `cut`: the supply dies after `number` more bytes written to memory, for `other` microseconds
    * `look`: judge the state, to the full if `number` is 1; a stream ends here
    * `to_pump`, `to_host`: in the next call, the line carries `data` in place of piece `number` of that direction
    * `call`: have the programmer do what `data` names, in its variant `number`
    * `finish`: the last look
    """

    act: str
    data: bytes = b""
    number: int = 0
    other: int = 0

    def as_row(self) -> list[str | int]:
        """For JSON."""
        return [self.act, self.data.hex(), self.number, self.other]

    @classmethod
    def of_row(cls, row: list[str | int]) -> Step:
        """From JSON. Raises ValueError."""
        act, data, number, other = row
        return cls(str(act), bytes.fromhex(str(data)), int(number), int(other))


FINISH = Step("finish")


def begin(name: str) -> Step:
    """Set the end up anew."""
    return Step("begin", name.encode())


def look(full: bool) -> Step:
    """End a stream."""
    return Step("look", b"", int(full))


def call(name: str, variant: int) -> Step:
    """One call of a programmer."""
    return Step("call", name.encode(), variant)


def instead(direction: str, number: int, data: bytes) -> Step:
    """What the line makes of one piece."""
    return Step(direction, data, number)


def send(data: bytes) -> Step:
    """Give bytes."""
    return Step("send", data)


def pause(us: int) -> Step:
    """Let time pass."""
    return Step("pause", b"", us)


def cut(after_bytes: int, off_us: int) -> Step:
    """Order a loss of power inside a write."""
    return Step("cut", b"", after_bytes, off_us)
