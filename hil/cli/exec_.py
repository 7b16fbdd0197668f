"""pumpsim exec: run somebody's pyserial program, unchanged, with pumpsim:// ports in reach."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("program", metavar="PROGRAM.py")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(program: str, arguments: tuple[str, ...]) -> None:
    """Run PROGRAM.py with its ARGUMENTS; serial.serial_for_url("pumpsim://itp-40?seed=1") opens a pump of its own there.

    \b
        pumpsim exec -- prog.py --port "pumpsim://itp-40?seed=1"
    """  # noqa: D301  # click wants the character itself
    import runpy
    import sys
    import traceback
    from pathlib import Path

    from hil import serial_url
    from hil.errors import HilError, UsageError

    path = Path(program)
    if not path.is_file():
        raise UsageError("no such program", where=program, do="give the path of a Python file")
    if b"\0" in path.read_bytes():
        raise UsageError("this is no program text", where=program, do="give the path of a Python file")
    serial_url.register()
    sys.argv = [program, *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        runpy.run_path(program, run_name="__main__")
    except (HilError, BrokenPipeError):
        raise
    except Exception as error:  # whatever the user's program raises is shown as Python would, from its own lines on
        own = error.__traceback__
        while own is not None and own.tb_frame.f_code.co_filename != program:
            own = own.tb_next
        if own is None and not isinstance(error, SyntaxError):
            raise
        traceback.print_exception(type(error), error, own)
        sys.exit(1)
