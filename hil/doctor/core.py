"""What nothing works without: Python, our own files, the libraries, and how fast their compiled parts are."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import import_module, metadata
from pathlib import Path
from typing import NamedTuple

from hil.doctor.finding import Finding, State
from hil.doctor.versions import PACKAGE, installed, normal, too_old, wanted

__all__ = ["LIBRARIES", "compiled", "install", "libraries", "python", "trouble"]

PYTHON_LEAST = (3, 11)
LIBRARIES: dict[str, tuple[str, str]] = {
    "click": ("click", "the command line"),
    "cobs": ("cobs.cobs", "frames of the wire"),
    "crcmod-plus": ("crcmod.predefined", "the checksum of the wire and of the pump's memory"),
    "jinja2": ("jinja2", "reports as pages"),
    "pydantic": ("pydantic", "therapies, scenarios, lessons and plans in files"),
    "pyserial": ("serial", "serial ports"),
    "rich": ("rich.console", "progress and tables in the terminal"),
    "ruamel.yaml": ("ruamel.yaml", "files in YAML"),
    "transitions": ("transitions", "the pump's modes"),
}
"""Each library that pumpsim always needs: the module that is imported from it, and what for."""
_CHECK, _CHECK_CRC = b"123456789", 0xE306_9283
"""The check value that catalogues of CRCs give for CRC-32C."""
_FRAME = bytes(range(64))
_ROUNDS = 200
_ANEW = "install it anew from where it came: pip install --force-reinstall --no-deps WHEEL-OR-FOLDER"
OURS = ("firmware_sim", "protocol", "hil")


class Part(NamedTuple):
    """Work that a library does for one frame, whether it does it right, and whether its compiled form does it."""

    work: Callable[[bytes], object]
    right: bool
    fast: bool


def trouble(module: str) -> str:
    """What goes wrong when this module is imported; empty if nothing does."""
    try:
        import_module(module)
    except Exception as error:  # noqa: BLE001  # a library that is broken may raise anything, and that is what we look for
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ""


def python() -> Iterator[Finding]:
    """The interpreter."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"
    wrong = sys.version_info[:2] < PYTHON_LEAST
    remedy = "install Python 3.11 or newer, and pumpsim in a venv of it" if wrong else ""
    yield Finding("Python", State.BROKEN if wrong else State.OK, found, "", remedy, core=True)


def install() -> Iterator[Finding]:
    """Our own packages: which version, where, and whether they are whole."""
    place = Path(import_module("hil").__file__ or "").parents[1]
    version = installed(PACKAGE)
    if not version:
        yield Finding(PACKAGE, State.MISSING, f"runs from {place}, not installed", "", f"type: pip install -e {place}")
        return
    harmed = list(_harmed())
    if harmed:
        found = f"{version} in {place}: not as installed: {harmed[0]}{f' and {len(harmed) - 1} more' if len(harmed) > 1 else ''}"
        yield Finding(PACKAGE, State.BROKEN, found, "", _ANEW, core=True)
    else:
        yield Finding(PACKAGE, State.OK, f"{version} in {place}", core=True)


def _harmed() -> Iterator[str]:
    """Files of the installation that are gone or were written over; an editable one lists none of its own."""
    for file in metadata.files(PACKAGE) or []:
        place = Path(str(file.locate()))
        if file.parts[0] not in OURS or file.hash is None or place.suffix == ".pyc":
            continue
        if not place.is_file() or not _same(place, file.hash.value):
            yield str(file)


def _same(place: Path, wanted_hash: str) -> bool:
    """Whether a file has this hash, as the list of an installation writes it."""
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(sha256(place.read_bytes()).digest()).rstrip(b"=").decode() == wanted_hash


def libraries() -> Iterator[Finding]:
    """The libraries that are always needed: one line for all that are well, and one for each that is not."""
    least = {each.name: each.least for each in wanted() if not each.extra}
    well: list[str] = []
    for name, (module, purpose) in LIBRARIES.items():
        version, wrong, bound = installed(name), trouble(module), least.get(normal(name), "")
        remedy = f"type: pip install --upgrade '{name}{f'>={bound}' if bound else ''}'"
        if wrong.startswith("ModuleNotFoundError"):
            yield Finding(name, State.MISSING, wrong, purpose, remedy, core=True)
        elif wrong:
            yield Finding(name, State.BROKEN, wrong, purpose, remedy.replace("--upgrade", "--force-reinstall"), core=True)
        elif too_old(version, bound):
            yield Finding(name, State.BROKEN, f"{version} is older than {bound}", purpose, remedy, core=True)
        else:
            well.append(f"{name} {version or '(version not told)'}")
    if well:
        yield Finding("libraries", State.OK, ", ".join(well), core=True)


def compiled() -> Iterator[Finding]:
    """The checksum and the framing, in their compiled form or their slow one."""
    found = (
        _timed("checksum", _crc, "crcmod-plus", "every frame, and every save of a pump"),
        _timed("framing", _cobs, "cobs", "every frame"),
    )
    yield from filter(None, found)


def _timed(name: str, part: Callable[[], Part], package: str, purpose: str) -> Finding | None:
    """Whether a part is right, compiled, and how long it takes for one frame; None without its library, which has its own finding."""
    from hil.pacing import wall_us

    reinstall = f"type: pip install --force-reinstall {package}"
    try:
        work, right, fast = part()
        begun_us = wall_us()
        for _ in range(_ROUNDS):
            work(_FRAME)
        us = (wall_us() - begun_us) / _ROUNDS
    except ModuleNotFoundError:
        return None
    except Exception as error:  # noqa: BLE001  # as in `trouble`
        found = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Finding(name, State.BROKEN, found, purpose, reinstall, core=True)
    if not right:
        return Finding(name, State.BROKEN, f"{package} gives a wrong result", purpose, reinstall, core=True)
    if fast:
        return Finding(name, State.OK, f"compiled, {us:.1f} us for a frame of {len(_FRAME)} bytes", purpose, core=True)
    found = f"not compiled, {us:.0f} us for a frame of {len(_FRAME)} bytes"
    return Finding(name, State.SLOW, found, purpose, f"{reinstall} (its wheel for this machine, or a C compiler)", core=True)


def _crc() -> Part:
    from protocol.crc import ACCELERATED, crc32c

    return Part(crc32c, crc32c(_CHECK) == _CHECK_CRC, ACCELERATED)


def _cobs() -> Part:
    from cobs import cobs

    from protocol.framing import COBS_ACCELERATED

    return Part(cobs.encode, cobs.decode(cobs.encode(_FRAME)) == _FRAME, COBS_ACCELERATED)
