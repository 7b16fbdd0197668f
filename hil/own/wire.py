"""A wire protocol of one's own between port and pump, in the place of `protocol`.

A class is named by `serve --wire`, by `?wire=` of a pumpsim:// URL or by `wire:` of a rig file. pumpsim makes one for each pump, as
`NAME(pump)`, a `firmware_sim.Pump`, and calls what `Wire` says. Ports, pace, bench, faults, state folders and captures stay as they are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Protocol, cast

from firmware_sim import Pump
from firmware_sim.errors import PowerCut
from hil.errors import UsageError
from hil.own.code import loaded
from protocol.errors import BadImage
from protocol.keys import Key
from protocol.security import Security

__all__ = ["OWN", "OwnWire", "Wire"]

OWN = "own"
"""The security of a wire of one's own: what it insists on is its own affair."""
WHERE = "--wire"
NEEDED = ("receive", "next_deadline", "on_time", "reset")
KEPT = ("save", "restore")


class Wire(Protocol):
    """The pump's end of a wire: bytes in, bytes out, no port and no clock.

    It may have `save() -> bytes` and `restore(data)` too, for what it remembers beyond the pump's own memory; without them it begins anew
    in a pump that comes from an image. `PowerCut` from a call of the pump is not to be caught: the answer stays unsent.
    """

    def receive(self, data: bytes, /) -> bytes:
        """Bytes have come, in pieces as the port has them; returns what is sent back at once."""

    def next_deadline(self) -> int | None:
        """The pump's time, `pump.device_us`, at which `on_time` has something to do; None if never."""

    def on_time(self) -> None:
        """Do what is due."""

    def reset(self) -> None:
        """The pump has booted: what was in its working memory is gone."""


class OwnWire:
    """Such a wire as a unit asks for it, beside `protocol.device.DeviceRole`. Raises UsageError for a class that is none."""

    security = Security(OWN, authenticates=False)
    keys: tuple[Key, ...] = ()
    talking = False

    def __init__(self, name: str, pump: Pump) -> None:
        made = cast(Callable[[Pump], Wire], loaded(name, WHERE))
        self._name = name.replace("\\", "/").rpartition("/")[2]
        self._pump = pump
        self._wire = made(pump)
        missing = [method for method in NEEDED if not callable(getattr(self._wire, method, None))]
        if missing:
            raise UsageError(f"{name} has no {missing[0]}()", where=WHERE, do=f"a wire has {', '.join(NEEDED)}: see hil/own/wire.py")
        self._keeps = all(callable(getattr(self._wire, method, None)) for method in KEPT)
        self.receive = self._wire.receive
        self.on_time = self._wire.on_time
        self.next_deadline = self._wire.next_deadline

    def provision(self, _keys: Iterable[Key]) -> None:
        """It has no keys that pumpsim knows of."""

    def reset(self) -> None:
        """The pump has booted, or lost its power: then the boot is still to come."""
        if self._pump.powered:
            with contextlib.suppress(PowerCut):
                self._wire.reset()

    def save(self) -> bytes:
        """Its name, and what it keeps."""
        kept = self._wire.save() if self._keeps else b""  # type: ignore[attr-defined]  # optional: looked for above
        return self._name.encode() + b"\0" + bytes(kept)

    def restore(self, data: bytes) -> None:
        """Become the one that was saved. Raises BadImage."""
        name, _, kept = data.partition(b"\0")
        if name != self._name.encode():
            raise BadImage(f"it was saved with another wire than {self._name}")
        if not self._keeps:
            return
        try:
            self._wire.restore(kept)  # type: ignore[attr-defined]  # the same
        except (ValueError, TypeError, LookupError) as error:
            raise BadImage(f"{self._name} cannot read what it saved: {error}") from error
