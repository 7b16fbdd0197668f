"""`pumpsim keys ACTION`: the keys of programmers, in files and in pumps. No action ever prints one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.cli.given import Actions, Output, Word
from hil.cli.output import note, show, show_json
from hil.errors import CheckFailed, UncertainError, UsageError

if TYPE_CHECKING:
    from protocol.keys import Key

__all__ = ["command"]

_ROLES = ("patient", "clinician", "service")


@click.group(cls=Actions)
def command() -> None:
    """Make key files, look at them, and replace a key of a pump.

    \b
        pumpsim keys new hospital.key
        pumpsim serve itp-40 --key-file hospital.key
    """  # noqa: D301  # click wants the character itself


@command.command()
@click.argument("file", type=Output(path_type=Path))
@click.option("--role", "roles", multiple=True, type=Word(_ROLES), help="Only keys of this role; may be given twice.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def new(file: Path, roles: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Make FILE with a fresh key for each role, readable by its owner alone."""
    from protocol.key_file import new_keys, write_keys

    if file.exists() and not force:
        raise UsageError("it is there already", where=str(file), do="name another file, or say --force")
    keys = [key for key in new_keys() if not roles or key.role.name.lower() in roles]
    with _key_errors():
        write_keys(file, keys)
    _told(as_json, {"file": str(file), "keys": _rows(keys)}, f"{file} has {_said(keys)}")


@command.command("show")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_(file: str, as_json: bool) -> None:
    """Tell ids, roles and marks of the keys in FILE; two keys of one mark are the same, and the mark tells nothing else."""
    from hil.cli.output import aligned
    from protocol.key_file import load_keys

    with _key_errors():
        keys = load_keys(file)
    rows = _rows(keys)
    lines = aligned([(f"{row['key_id']} {row['role']}", f"mark {row['mark']}") for row in rows])
    show({"file": file, "keys": rows}, lines, as_json=as_json)


@command.command()
@click.argument("port", metavar="PORT")
@click.argument("role", type=Word(_ROLES))
@click.option("--new", "new_file", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="Key file with the new key.")
@click.option("--key-file", type=click.Path(dir_okay=False), metavar="FILE", help="Key file with the pump's service key.")
@click.option("--first", is_flag=True, help="The pump has no key yet; whoever listens on the line learns the new one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replace(port: str, role: str, new_file: str, key_file: str | None, first: bool, as_json: bool) -> None:
    """Put the new key of ROLE into the pump on PORT, while a magnet is held over it. Therapy and log stay; the pump says so by an alarm."""
    from hil.serial_url import register
    from protocol.client import Programmer
    from protocol.codes import Role
    from protocol.errors import ProtocolError, Unanswered
    from protocol.key_file import find_keys, key_for, load_keys

    with _key_errors():
        key = key_for(load_keys(new_file), Role[role.upper()])
        held = () if first else find_keys(port) if key_file is None else load_keys(key_file)
    if key is None:
        raise UsageError(f"no {role} key in it", where=new_file, do=f"make one: pumpsim keys new FILE --role {role}")
    if not first and key_for(held, Role.SERVICE) is None:
        raise UsageError(
            "no service key was given or found", where="--key-file", do="name the pump's key file, or say --first if it has none"
        )
    register()
    try:
        with Programmer.open(port, role="provisioner", keys=held) as programmer:
            programmer.replace_key(key)
    except Unanswered as error:
        raise UncertainError(str(error), where=port) from None
    except ProtocolError as error:
        raise CheckFailed(str(error), where=port, do="hold a magnet over the pump, and give the file with its service key") from None
    said = f"the pump on {port} has another {role} key now; its key file is not changed: keep {new_file}"
    _told(as_json, {"port": port, "key": _rows([key])[0], "file": new_file}, said)


@contextmanager
def _key_errors() -> Iterator[None]:
    """A key file that cannot be used is a usage error."""
    from protocol.errors import KeyFileError

    try:
        yield
    except KeyFileError as error:
        raise UsageError(str(error), where="keys") from None


def _rows(keys: Sequence[Key]) -> list[dict[str, object]]:
    from hil.faults.script import mark_of

    return [{"key_id": key.key_id, "role": key.role.name.lower(), "mark": mark_of([key])} for key in keys]


def _told(as_json: bool, data: dict[str, object], line: str) -> None:
    """What was done: a line for people on standard error, or JSON."""
    if as_json:
        show_json(data)
    else:
        note(line)


def _said(keys: list[Key]) -> str:
    return f"{len(keys)} key{'s' if len(keys) > 1 else ''}: {', '.join(key.role.name.lower() for key in keys)}"
