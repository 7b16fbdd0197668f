"""The drug library that a programmer holds, compared with the one in the pump: id, version, and a CRC over the whole entry.

A programmer holds the library of the model it speaks to, from the profile that ships with that name, unless it is given another profile.
The CRC is CRC-32C over the entry as the wire has it, so that one limit that differs shows though nobody raised the version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from firmware_sim.errors import ProfileError
from firmware_sim.profile import load_profile
from firmware_sim.profile.folder import is_path
from hil.errors import UsageError
from protocol.codec import encode
from protocol.crc import crc32c
from protocol.messages import DrugEntry

__all__ = ["differences", "entry_crc", "library_for"]


def library_for(model: str, name: str = "") -> tuple[DrugEntry, ...] | None:
    """The drugs of the profile `name`, or of the shipped profile of this model; None if no such model ships. Raises UsageError."""
    if not name and is_path(model):  # the model is what a pump says, and no pump names a file of this machine
        return None
    try:
        drugs = load_profile(name or model.lower()).drugs
    except ProfileError as error:
        if name:
            raise UsageError(str(error), where="--library") from None
        return None
    return tuple(DrugEntry(**{field.name: getattr(drug, field.name) for field in fields(drug)}) for drug in drugs)


def entry_crc(entry: DrugEntry) -> int:
    """CRC-32C of an entry."""
    return crc32c(encode(entry))


def differences(pump: Sequence[DrugEntry], programmer: Sequence[DrugEntry]) -> list[str]:
    """What a person must know before programming, one line each; none when both hold the same entries."""
    held = {entry.drug_id: entry for entry in programmer}
    told = {entry.drug_id: entry for entry in pump}
    return [line for drug_id in sorted(held.keys() | told.keys()) for line in _difference(told.get(drug_id), held.get(drug_id))]


def _difference(pump: DrugEntry | None, held: DrugEntry | None) -> Iterator[str]:
    """What differs between two entries of one number."""
    if pump is None or held is None:
        entry, who = (held, "the pump") if pump is None else (pump, "this programmer's library")
        if entry is not None:
            yield f"{who} has no drug {entry.drug_id}, {entry.name}"
    elif pump.name != held.name:
        yield f"drug {pump.drug_id} is {pump.name} in the pump and {held.name} in this programmer's library"
    elif pump.version != held.version:
        yield f"{pump.name} is version {pump.version} in the pump and version {held.version} in this programmer's library"
    elif pump != held:
        crcs = f"CRC {entry_crc(pump):08x} in the pump, {entry_crc(held):08x} here"
        yield f"{pump.name}, version {pump.version}, is not the same entry in the pump and in this programmer's library ({crcs})"
