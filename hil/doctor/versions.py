"""Versions of installed packages, and those that we ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

__all__ = ["PACKAGE", "Wanted", "installed", "normal", "too_old", "wanted"]

PACKAGE = "pumpsim"
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,.-]+\])?(?P<bounds>[^;]*)(?:;.*extra\s*==\s*[\"'](?P<extra>[\w-]+)[\"'])?")


class Wanted(NamedTuple):
    """A package that we ask for, by its normal name; the least version and the extra that it belongs to are empty where there is none."""

    name: str
    least: str
    extra: str


def normal(name: str) -> str:
    """The one spelling of a package's name: small letters, and hyphens for whatever joins them."""
    return re.sub(r"[-_.]+", "-", name.lower())


def installed(name: str) -> str:
    """The installed version of a package; empty where it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def wanted() -> Iterator[Wanted]:
    """What our own metadata asks for, as it was installed; nothing where pumpsim runs from a folder that was never installed."""
    try:
        lines = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        found = _REQUIREMENT.match(line)
        if found:
            least = re.search(r">=\s*([\w.]+)", found["bounds"])
            yield Wanted(normal(found["name"]), least[1] if least else "", found["extra"] or "")


def too_old(version: str, least: str) -> bool:
    """Whether a version is below the least one; only its numbers are compared."""
    return bool(version and least) and _numbers(version) < _numbers(least)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)[:3]]
