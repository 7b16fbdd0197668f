"""`pumpsim export FORM`: the wire as other programs read it, written out from the declarations in `protocol`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click

from hil.cli.given import Output, Word
from hil.errors import UsageError
from hil.system.whole_file import write_whole

__all__ = ["FORMS", "command"]

FORMS: dict[str, str] = {
    "kaitai": "protocol.export.kaitai",
    "wireshark": "protocol.export.wireshark",
    "c-header": "protocol.export.c_header",
    "json-schema": "protocol.export.json_schema",
    "vectors": "protocol.export.vectors",
    "markdown": "protocol.export.markdown",
}
"""Name of a form: the module whose `render` writes it."""


@click.command()
@click.argument("form", type=Word(list(FORMS)), metavar="FORM")
@click.option("-o", "--output", type=Output(), metavar="FILE", help="Write to this file, not to the standard output.")
def command(form: str, output: str | None) -> None:
    """Write the wire protocol out as FORM.

    \b
    kaitai       Kaitai Struct description of a COBS-decoded frame (pumpsim_frame.ksy)
    wireshark    dissector in Lua for captures of link type USER0 (pumpsim.lua)
    c-header     C99 header: constants, structs, functions that read and write (pumpsim_wire.h)
    json-schema  JSON Schema 2020-12 of all messages
    vectors      test vectors as JSON: messages, refusals, a keyed session
    markdown     the page docs/reference/wire-protocol.md

    \b
        pumpsim export wireshark -o pumpsim.lua
        tshark -X lua_script:pumpsim.lua -r session.pcapng
    """  # noqa: D301  # click wants the character itself
    render: Callable[[], str] = import_module(FORMS[form]).render
    _write(render(), output)


def _write(text: str, output: str | None) -> None:
    try:
        if output is None:
            click.echo(text, nl=False)
        else:
            write_whole(Path(output), text)
    except OSError as error:
        where = "standard output" if output is None else output
        raise UsageError(f"cannot be written ({error.strerror})", where=where, do="choose another file with -o") from None
