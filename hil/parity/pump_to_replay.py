"""Finds the pump that a session is to be played to: where the user says, or a new one as the recording describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hil.errors import UsageError
from hil.parity.far_end import BenchEnd, FarEnd, PumpKnown, WallEnd
from hil.parity.recording import Recording
from protocol.key_file import load_keys
from protocol.keys import Key

if TYPE_CHECKING:
    from hil.bench.calls import BenchCalls
    from hil.unit import Unit
    from hil.web.address import BenchAddress

__all__ = ["Asked", "find_pump"]


class Asked(NamedTuple):
    """Which pump is meant. `port` empty: the bench's, or else a new pump of this process. `pace` 0: do not wait."""

    port: str = ""
    bench: BenchAddress | None = None
    key_file: Path | None = None
    pace: Fraction = Fraction(1)


def find_pump(asked: Asked, recording: Recording) -> tuple[FarEnd, tuple[Key, ...]]:
    """A line to the pump, and the keys by which it knows its programmers. Raises HilError, ProtocolError."""
    if asked.bench is not None:
        return _served(asked, asked.bench)
    if not asked.port or asked.port.startswith("pumpsim://"):
        unit = _as_recorded(recording, asked) if not asked.port else _of_url(asked)
        return _in_process(unit, asked.port or "pumpsim (as recorded)"), tuple(unit.keys)
    from protocol.transport import open_transport

    return WallEnd(PumpKnown(asked.port, {}), open_transport(asked.port), asked.pace), _keys(asked, asked.port)


def _keys(asked: Asked, port: str) -> tuple[Key, ...]:
    """The keys that were named, or those that lie where a server leaves them. Raises KeyFileError."""
    from protocol.key_file import find_keys

    return load_keys(asked.key_file) if asked.key_file is not None else find_keys(port)


def _of_url(asked: Asked) -> Unit:
    from hil.unit import Unit
    from hil.urls.pump_url import parse_pump_url

    url = parse_pump_url(asked.port)
    return Unit.new(url.profile, seed=url.seed, catheter=url.catheter, security=url.security, keys=_named(asked))


def _named(asked: Asked) -> Sequence[Key] | None:
    return None if asked.key_file is None else load_keys(asked.key_file)


def _as_recorded(recording: Recording, asked: Asked) -> Unit:
    """A new pump with the numbers that the recording tells. Raises UsageError if it tells none."""
    from firmware_sim.errors import ProfileError
    from firmware_sim.profile import load_profile_text
    from hil.unit import Unit

    facts = recording.facts
    try:
        profile = load_profile_text(facts["profile"], facts["profile_text"])
        return Unit.new(profile, seed=int(facts["seed"]), security=facts["security"], keys=_named(asked))
    except (KeyError, TypeError, ValueError, ProfileError) as error:
        told = "it does not tell its pump" if isinstance(error, KeyError) else f"its pump cannot be had: {error}"
        raise UsageError(told, where=recording.file, do="name the pump to play it to: --port URL") from None


def _in_process(unit: Unit, port: str) -> FarEnd:
    from hil.bench.bench import Bench
    from hil.bench.calls import InProcessBench
    from hil.instruments.line_capture import pump_facts
    from hil.instruments.memory_link import MemoryLink

    bench = Bench(unit)
    known = PumpKnown(port, pump_facts(unit.pump, unit.security, unit.received))
    return _MemoryEnd(known, MemoryLink(bench), InProcessBench(bench))


class _MemoryEnd(BenchEnd):
    """A pump in this process, whose line counts its own bytes."""

    def _arrived(self, wanted: bool) -> bytes:
        return self._transport.read(0.0)


def _served(asked: Asked, address: BenchAddress) -> tuple[FarEnd, tuple[Key, ...]]:
    """A pump of a server that runs, its time moved by its bench."""
    from hil.web.client import HttpBench
    from protocol.transport import open_transport

    bench = HttpBench(address)
    try:
        ready = bench.look("/ready")
        port = asked.port or str(ready["port"])
        bench.call("attach")
        transport = open_transport(port)
        end = BenchEnd(PumpKnown(port, _facts(ready, bench)), transport, bench)
    except BaseException:
        bench.close()
        raise
    key_file = asked.key_file or ready.get("key_file")
    return end, load_keys(key_file) if key_file else _keys(asked, port)


def _facts(ready: Mapping[str, Any], bench: BenchCalls) -> dict[str, Any]:
    """What the server says of its pump, and the numbers in its unit image."""
    import base64

    from firmware_sim import Pump
    from firmware_sim.errors import ImageError
    from hil.instruments.line_capture import pump_facts
    from hil.unit import HEAD

    image = base64.b64decode(bench.save())
    _, _, received, _, size, *_ = HEAD.unpack_from(image)
    try:
        pump = Pump.restore(image[HEAD.size : HEAD.size + size])
    except ImageError:  # a server of another version
        return {name: ready[name] for name in ("profile", "serial", "security") if name in ready}
    return pump_facts(pump, str(ready.get("security")), received)
