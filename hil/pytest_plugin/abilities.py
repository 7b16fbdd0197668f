"""What the bench of this run can do: what the pump is, what is joined to it, and what the rig file says of both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hil.rig import Rig
from hil.rig.capabilities import BENCH
from hil.rig.file import PLACES
from hil.rig.place import CONNECT, Place
from protocol.codes import Role
from protocol.errors import ProtocolError
from protocol.key_file import find_keys, load_keys

if TYPE_CHECKING:
    from firmware_sim.profile import Profile

__all__ = ["abilities_of"]

ROLES = frozenset({Role.PATIENT, Role.CLINICIAN, Role.SERVICE})
"""Who has a key in a pump. A provisioner proves the service's."""
ALWAYS = ("telemetry", "keys", "wire")
"""These are the pump's and nobody's choice."""


def abilities_of(place: Place, rig: Rig, profile: Profile | None) -> frozenset[str]:
    """The words of `hil.rig.capabilities` that hold here."""
    found = {*_of_pump(place, profile), *_of_bench(rig)}
    file = place.file
    real = PLACES.keys() & file.instruments.keys() if file else set()
    if file is None or file.capabilities is None:
        return frozenset(found | real)
    return frozenset((found & {*file.capabilities, *ALWAYS}) | real)


def _of_pump(place: Place, profile: Profile | None) -> Iterator[str]:
    if not place.wire and (profile is None or profile.behaviour.telemetry):
        yield "telemetry"
        yield "wire"
        if place.way != CONNECT or _has_keys(place):
            yield "keys"


def _of_bench(rig: Rig) -> Iterator[str]:
    if rig.has_bench:
        yield from BENCH
        yield from ("balance", "listener", "magnet")
    elif (rig.ready or {}).get("balance"):
        yield "balance"


def _has_keys(place: Place) -> bool:
    """Whether there is a key for each role, or nobody asks for any."""
    entry = place.ready or {}
    if "key_file" in entry and entry["key_file"] is None:
        return True
    file = place.keys or entry.get("key_file")
    try:
        keys = load_keys(file) if file else find_keys(place.url)
    except ProtocolError:
        return False
    return {key.role for key in keys} >= ROLES
