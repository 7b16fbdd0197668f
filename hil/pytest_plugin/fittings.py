"""The real instruments of a rig file, as drivers that a rig opens when a test asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from hil.instruments.magnet import OperatorMagnet, RelayMagnet, ask_on_terminal
from hil.instruments.microphone import SoundCard, WavFile
from hil.instruments.mt_sics import MtSicsBalance
from hil.own.instrument import own_instrument
from hil.rig.file import PLACES, InstrumentEntry, RigFile

if TYPE_CHECKING:
    from hil.bench.calls import BenchCalls

__all__ = ["drivers_of", "own_of"]


def drivers_of(file: RigFile | None) -> dict[str, Callable[[], Any]]:
    """By the names that `hil.rig.Rig.drivers` knows; an entry without a place leaves the simulated one."""
    if file is None:
        return {}
    found = {name: _driver(entry, file) for name, entry in file.instruments.items() if name in PLACES}
    return {("microphone" if name == "listener" else name): driver for name, driver in found.items() if driver is not None}


def _no_bench() -> NoReturn:
    """What stands behind a port needs none."""
    raise AssertionError


def own_of(file: RigFile | None) -> dict[str, Callable[[Callable[[], BenchCalls]], Any]]:
    """Instruments of one's own, by name."""
    if file is None:
        return {}
    return {name: own_instrument(name, str(entry.driver), entry.port) for name, entry in file.instruments.items() if name not in PLACES}


def _driver(entry: InstrumentEntry, file: RigFile) -> Callable[[], Any] | None:
    if entry.port is not None:
        port = entry.port
        if entry.driver is not None:
            own = own_instrument("instrument", entry.driver, port)
            return lambda: own(_no_bench)
        return lambda: MtSicsBalance.open(port)
    if entry.wav is not None:
        path = file.beside(entry.wav)
        return lambda: WavFile(path)
    if entry.sound_card is not None:
        card = entry.sound_card
        return lambda: SoundCard(card)
    if entry.relay is not None:
        relay = entry.relay
        return lambda: RelayMagnet(relay)
    return (lambda: OperatorMagnet(ask_on_terminal)) if entry.operator else None
