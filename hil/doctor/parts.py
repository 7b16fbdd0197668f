"""What only some commands use: the extras that pumpsim can be installed with, and other people's programs."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from shutil import which
from typing import NamedTuple

from hil.doctor.core import trouble
from hil.doctor.finding import Finding, State
from hil.doctor.versions import installed, normal, too_old, wanted

__all__ = ["EXTRAS", "PROGRAMS", "Program", "extras", "programs"]

EXTRAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "web": ("train, monitor, serve --bench http", ("h11", "starlette", "uvicorn", "websockets")),
    "suite": ("verify, mutants run, the pytest plugin", ("pytest",)),
    "campaign": ("campaign", ("numpy",)),
    "cluster": ("campaign run --dask", ("distributed",)),
    "traces": ("campaign run --parquet", ("pyarrow",)),
    "sound": ("verify at a unit on the table, listened to by a microphone", ("sounddevice",)),
    "docs": ("make site, in a copy of the source", ("sphinx", "furo", "myst_parser")),
}
"""Each extra: the commands that use it, and the modules that it brings."""
_BY_THEMSELVES = {"sounddevice": "and its library PortAudio (Debian: apt-get install libportaudio2)"}
"""Modules that need more than pip brings."""


class Program(NamedTuple):
    """A program of somebody else: its names on the PATH, what uses it, and where it is from."""

    names: tuple[str, ...]
    purpose: str
    remedy: str


PROGRAMS: dict[str, Program] = {
    "tshark": Program(("tshark", "wireshark"), "looking at captures with what `export wireshark` writes", "apt-get install tshark"),
    "C compiler": Program(("cc", "gcc", "clang"), "building with what `export c-header` writes", "apt-get install gcc"),
    "Kaitai Struct": Program(
        ("kaitai-struct-compiler", "ksc"), "parsers from what `export kaitai` writes", "npm install kaitai-struct-compiler, or kaitai.io"
    ),
    "socat": Program(
        ("socat",), "a cable between two serial ports without hardware, for serve --port serial:PATH", "apt-get install socat"
    ),
    "openssl": Program(("openssl",), "certificates for train --tls and campaign run --tls", "apt-get install openssl"),
}


def extras() -> Iterator[Finding]:
    """Each extra, imported as the commands do that use it."""
    least = {each.name: each.least for each in wanted() if each.extra}
    for extra, (purpose, modules) in EXTRAS.items():
        troubles = {module: wrong for module in modules if (wrong := trouble(module) or _old(module, least))}
        remedy = f"type: pip install 'pumpsim[{extra}]'"
        if not troubles:
            yield Finding(extra, State.OK, ", ".join(f"{module} {installed(normal(module))}" for module in modules), purpose)
            continue
        module, wrong = next(iter(troubles.items()))
        missing = all(each.startswith("ModuleNotFoundError") for each in troubles.values())
        found = f"{', '.join(troubles)} not installed" if missing else f"{module}: {wrong}"
        more = f", {_BY_THEMSELVES[module]}" if module in _BY_THEMSELVES else ""
        yield Finding(extra, State.MISSING if missing else State.BROKEN, found, purpose, remedy + more)


def _old(module: str, least: dict[str, str]) -> str:
    version, bound = installed(normal(module)), least.get(normal(module), "")
    return f"{version} is older than {bound}" if too_old(version, bound) else ""


def programs() -> Iterator[Finding]:
    """Each program, looked for on the PATH."""
    yield _browser()
    for name, program in PROGRAMS.items():
        place = next(filter(None, map(which, program.names)), None)
        if place is None:
            yield Finding(name, State.MISSING, f"{' and '.join(program.names)} not on the PATH", program.purpose, program.remedy)
        else:
            yield Finding(name, State.OK, place, program.purpose)


def _browser() -> Finding:
    purpose = "train --open"
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        remedy = "install one, or open the link that train prints on another machine (train --lan)"
        return Finding("browser", State.MISSING, "no browser is known here", purpose, remedy)
    return Finding("browser", State.OK, str(getattr(found, "name", "") or "the system's"), purpose)
