"""Where a pump can be served and kept: pseudo-terminals, TCP, serial devices, folders."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile

from hil.doctor.finding import Finding, State

__all__ = ["folders", "ports"]

_PING = b"pump\0"
_PATIENCE_S = 2
_SYMBOLS = "µ·✓"
_NO_PTY = "use --port tcp://127.0.0.1:7000; `pumpsim demo` takes TCP by itself"


def ports() -> Iterator[Finding]:
    """Each kind of port, tried."""
    pty, tcp = _tried(_pty), _tried(_loopback)
    purpose = "serve --port pty:PATH, for programs that open a serial port"
    yield Finding("pty", State.MISSING, pty, purpose, _NO_PTY) if pty else Finding("pty", State.OK, "a pseudo-terminal was made", purpose)
    purpose, remedy = (
        "serve --port tcp://HOST:PORT, bench, train",
        "let this user open ports on 127.0.0.1: a sandbox or a firewall forbids it",
    )
    if tcp:
        yield Finding("TCP loopback", State.BROKEN, tcp, purpose, remedy, core=bool(pty))
    else:
        yield Finding("TCP loopback", State.OK, "a port on 127.0.0.1 was opened and answered", purpose)
    yield from _abstract()
    yield from _devices()


def _tried(look: Callable[[], str]) -> str:
    """What was wrong with a look; empty if nothing was."""
    try:
        return look()
    except ImportError as error:
        return f"this system has none ({error})"
    except OSError as error:
        return str(error.strerror or error)


def _pty() -> str:
    import pty
    import select
    import tty

    ours, theirs = pty.openpty()
    try:
        tty.setraw(theirs)
        os.write(ours, _PING)
        ready, _, _ = select.select([theirs], [], [], _PATIENCE_S)
        return "" if ready and os.read(theirs, len(_PING)) == _PING else "bytes do not come through"
    finally:
        os.close(ours)
        os.close(theirs)


def _loopback() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(_PATIENCE_S)
        with socket.create_connection(server.getsockname(), timeout=_PATIENCE_S) as client:
            ours, _ = server.accept()
            with ours:
                client.sendall(_PING)
                return "" if ours.recv(len(_PING)) == _PING else "bytes do not come through"


def _abstract() -> Iterator[Finding]:
    """Names that end with their owner, by which a link of a dead server is told from that of a living one. Linux alone has them."""
    if sys.platform != "linux" or not hasattr(socket, "AF_UNIX"):
        return
    purpose = "telling whether the server behind a pty's link lives"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claim:
            claim.bind(f"\0pumpsim-doctor-{os.getpid()}")
    except OSError as error:
        remedy = "serve with --port tcp://127.0.0.1:7000: a sandbox forbids such names, and serve --port pty:PATH needs them"
        yield Finding("abstract sockets", State.BROKEN, str(error.strerror or error), purpose, remedy)
    else:
        yield Finding("abstract sockets", State.OK, "a name was taken and given back", purpose)


def _devices() -> Iterator[Finding]:
    """Serial devices, and whether this user may open them."""
    purpose = "a unit or a cable at serial:PATH"
    try:
        comports = import_module("serial.tools.list_ports").comports
    except Exception:  # noqa: BLE001  # a broken pyserial has its own finding
        return
    devices = sorted(str(each.device) for each in comports())
    shut = [device for device in devices if device.startswith("/") and not os.access(device, os.R_OK | os.W_OK)]
    for device in shut:
        yield Finding(device, State.BROKEN, f"no permission{_owners(device)}", purpose, _join(device))
    free = [device for device in devices if device not in shut]
    if free or not shut:
        yield Finding("serial devices", State.OK, ", ".join(free) or "none here; simulated pumps need none", purpose)


def _group(device: str) -> str:
    with suppress(ImportError, KeyError, OSError):
        name: str = import_module("grp").getgrgid(Path(device).stat().st_gid).gr_name
        return name
    return ""


def _owners(device: str) -> str:
    group = _group(device)
    return f": it is for group {group}" if group else ""


def _join(device: str) -> str:
    group = _group(device) or "dialout"
    return f"type: sudo usermod -a -G {group} $USER, then log in anew"


# ---------------------------------------------------------------- folders and terminal


def folders() -> Iterator[Finding]:
    """What is written where, and what the terminal can show."""
    yield from _cache()
    here = Path.cwd()
    problem = _unwritable(here)
    purpose = "reports of demo and verify, links of pty:./NAME"
    if problem:
        yield Finding("this folder", State.BROKEN, f"{here}: {problem}", purpose, "work in a folder of your own, or name one with --out")
    else:
        yield Finding("this folder", State.OK, "can be written", purpose)
    yield _terminal()


def _cache() -> Iterator[Finding]:
    """Where profiles are kept as they were read last time."""
    purpose = "a start without reading a profile's YAML anew"
    try:
        place = import_module("firmware_sim.profile.cache").cache_folder()
    except Exception:  # noqa: BLE001  # what is missing for it has its own finding
        return
    if place is None:
        yield Finding("profile cache", State.SLOW, "switched off by PUMPSIM_CACHE=", purpose, "unset PUMPSIM_CACHE")
        return
    with suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    problem = _unwritable(place)
    if problem:
        remedy = "set PUMPSIM_CACHE to a folder that can be written"
        yield Finding("profile cache", State.SLOW, f"{place}: {problem}; each start takes a tenth of a second more", purpose, remedy)
    else:
        yield Finding("profile cache", State.OK, str(place), purpose)


def _unwritable(place: Path) -> str:
    """Why no file can be made in a folder; empty if one can."""
    try:
        with TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return str(error.strerror or error)


def _terminal() -> Finding:
    encoding = sys.stdout.encoding or "ascii"
    purpose = "the micro sign of units, and marks such as a tick"
    try:
        _SYMBOLS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Finding("terminal", State.BROKEN, f"its encoding is {encoding}", purpose, "set PYTHONUTF8=1, and a font with these signs")
    return Finding("terminal", State.OK, f"its encoding is {encoding}", purpose)
