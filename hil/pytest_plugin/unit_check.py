"""Is this the pump that is meant? Asked before the first command that changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import UsageError
from hil.rig.place import CONNECT, Place

if TYPE_CHECKING:
    from firmware_sim.profile import Profile
    from protocol.messages import HelloAnswer

__all__ = ["check_profile", "check_unit", "check_vouched"]


def check_profile(place: Place, profile: Profile | None, hello: HelloAnswer, served: str) -> None:
    """The pump is what it is declared to be: `hello` is its own word, `served` what its server says it serves. Raises UsageError."""
    if profile is None:
        return
    told, declared = (hello.model, hello.firmware), (profile.identity.model, profile.identity.firmware)
    do = "name the profile that this pump has, with --profile or --pump-profile, or in the rig file"
    if told != declared:
        what = f"the pump here says it is {_named(told)}, and profile {profile.name} is {_named(declared)}"
        raise UsageError(what, where=place.url, do=do)
    if served and served != profile.name:
        raise UsageError(f"the pump here is served as {served}, and the profile named is {profile.name}", where=place.url, do=do)


def _named(who: tuple[str, str]) -> str:
    return f"{who[0]} with firmware {who[1]}"


def check_unit(place: Place, serial: str, told: str) -> None:
    """`serial` is the pump's answer, `told` what its server says. A pump without a bench may be a real one. Raises UsageError."""
    file = place.file
    named = file.serial if file else None
    if named is not None and named != serial:
        raise UsageError(f"the pump here is {serial}, the rig file names {named}", where=place.url, do="look which pump is connected")
    if told and told != serial:
        raise UsageError(f"the pump here is {serial}, its server's is {told}", where=place.url, do="look where the cable leads")
    if place.way != CONNECT or place.ready is not None:
        return
    if file is None or named is None or not file.bench_unit:
        lacks = "no rig file" if file is None else "no serial" if named is None else "no bench_unit: true"
        do = f"write `serial: {serial}` and `bench_unit: true` into a rig file if it is in no patient, and give it with --pump-rig"
        raise UsageError(f"this may be a real unit, {serial}, and there is {lacks}", where=place.url, do=do)


def check_vouched(place: Place) -> str:
    """The serial number of a pump that we cannot ask, since it speaks another wire: the rig file's word. Raises UsageError."""
    if place.way != CONNECT or place.ready is not None or not place.wire:
        return ""
    if place.file is None or not place.file.serial or not place.file.bench_unit:
        do = "write `serial:` and `bench_unit: true` into the rig file if it is in no patient"
        raise UsageError("this may be a real unit, and no rig file vouches for it", where=place.url, do=do)
    return place.file.serial
