"""Names that two things bear: packages that write over one another, and files that are imported in place of what was meant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from shutil import which

from hil.doctor.core import OURS
from hil.doctor.finding import Finding, State
from hil.doctor.versions import PACKAGE, installed

__all__ = ["clashes"]

_SHADOWED = (*OURS, "serial")


def clashes() -> Iterator[Finding]:
    """What clashes, and one line if nothing does."""
    told = [*_serial(), *_crcmod(), *_apart()]
    found = [*told, *_shadows({each.name for each in told}), *_commands()]
    yield from found or [Finding("names", State.OK, "no clash: serial is pyserial, crcmod is crcmod-plus, nothing here shadows a package")]


def _serial() -> Iterator[Finding]:
    """A package `serial` that is not pyserial."""
    try:
        module = import_module("serial")
    except ImportError:
        return
    remedy = "type: pip uninstall serial pyserial, then: pip install pyserial"
    if not hasattr(module, "serial_for_url"):
        place = module.__file__ or next(iter(getattr(module, "__path__", [])), "nowhere")
        yield Finding("serial", State.BROKEN, f"{place} is not pyserial", "serial ports", remedy, core=True)
    elif other := installed("serial"):
        found = f"pyserial and another package, serial {other}, are installed in one folder: each may have written over the other"
        yield Finding("serial", State.BROKEN, found, "serial ports", remedy)


def _crcmod() -> Iterator[Finding]:
    """Both packages that bring a module crcmod."""
    plain = installed("crcmod")
    if plain and installed("crcmod-plus"):
        found = f"crcmod {plain} and crcmod-plus are installed in one folder: the one that came last has written over the other"
        yield Finding(
            "crcmod", State.BROKEN, found, "the checksum", "type: pip uninstall crcmod crcmod-plus, then: pip install crcmod-plus"
        )
    elif plain:
        found = f"crcmod {plain} is there in place of crcmod-plus"
        yield Finding("crcmod", State.BROKEN, found, "the checksum", "type: pip uninstall crcmod, then: pip install crcmod-plus")


def _apart() -> Iterator[Finding]:
    """One of our packages that comes from elsewhere than the others."""
    home = Path(import_module("hil").__file__ or "").parents[1]
    for name in OURS:
        try:
            place = Path(import_module(name).__file__ or "")
        except ImportError as error:
            yield Finding(
                name,
                State.MISSING,
                str(error),
                "",
                "install pumpsim anew from where it came: pip install --force-reinstall --no-deps WHEEL-OR-FOLDER",
                core=True,
            )
            continue
        if home not in place.parents:
            remedy = "rename it, uninstall what brought it, or start elsewhere"
            yield Finding(name, State.BROKEN, f"{place} is imported in place of ours in {home}", "", remedy, core=True)


def _shadows(told: set[str]) -> Iterator[Finding]:
    """Files and folders of the current folder that a program started here would import in place of a package."""
    here = Path.cwd()
    home = Path(import_module("hil").__file__ or "").parents[1]
    if here == home:
        return
    if all((here / name / "__init__.py").is_file() for name in OURS):
        found = "this folder is a copy of pumpsim's source: programs that start here import it, not what is installed"
        yield Finding("names", State.BROKEN, found, "your own programs and tests", "work in another folder")
        return
    for name in [each for each in _SHADOWED if each not in told]:
        for place in (here / f"{name}.py", here / name / "__init__.py"):
            if place.is_file():
                named = place.name if place.parent == here else f"{name}/"
                found = f"{named} in this folder is imported in place of the package by programs that start here"
                yield Finding(name, State.BROKEN, found, "your own programs and tests", f"rename {named}, or work in another folder")


def _commands() -> Iterator[Finding]:
    """A `pumpsim` on the PATH that belongs to another Python than this one, or none at all."""
    if not installed(PACKAGE):
        return
    found = which(PACKAGE)
    if found is None:
        do = f"activate the venv, or put {Path(sys.executable).parent} on the PATH"
        yield Finding("command", State.MISSING, f"{PACKAGE} is not on the PATH", f"typing {PACKAGE} alone", do)
    elif not _of_this_python(Path(found)):
        do = "activate the venv that you mean; `type -a pumpsim` lists them"
        yield Finding(
            "command", State.BROKEN, f"{found} on the PATH is not of this Python, {sys.executable}", f"typing {PACKAGE} alone", do
        )


def _of_this_python(command: Path) -> bool:
    """Whether a command lies beside this interpreter, or links to one that does."""
    beside = {Path(sys.executable).parent, Path(sys.prefix) / ("Scripts" if sys.platform == "win32" else "bin")}
    folders = {command.parent, command.resolve().parent}
    return bool(folders & {each.resolve() for each in beside} or folders & beside)
