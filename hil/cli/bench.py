"""pumpsim bench: one verb of a running pump's bench."""

from __future__ import annotations

import json
from typing import Any

import click

from hil.cli.bench_place import bench_options, find_bench
from hil.errors import UsageError
from hil.wording.causes import cause

__all__ = ["command", "parse_arguments"]


@click.command()
@bench_options
@click.option("--list", "listing", is_flag=True, help="Show the verbs and what they take.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.argument("verb", required=False)
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE ... | JSON]")
def command(listing: bool, as_json: bool, verb: str | None, arguments: tuple[str, ...], **place: Any) -> None:
    """Do VERB on the bench of a pump served with --bench http.

    \b
        pumpsim serve itp-40 --bench http --pace lock-step --ready-file ready.json
        pumpsim bench --ready-file ready.json advance days=3 hours=8
        pumpsim bench --ready-file ready.json inject fault=catheter.occlusion params.fraction_ppm=250000
        pumpsim bench --ready-file ready.json advance '{"days": 3}'
    """  # noqa: D301  # click wants the character itself
    from hil.cli.bench_view import result_lines, verb_lines
    from hil.cli.output import show
    from hil.web.client import HttpBench

    if (verb is None) != listing:
        raise UsageError("give a verb, or --list", where="pumpsim bench", do="see `pumpsim bench --help`")
    bench = HttpBench(find_bench(**place))
    try:
        given = parse_arguments(arguments, verb or "")
        result = bench.look("/verbs") if verb is None else bench.call(verb, given)
    finally:
        bench.close()
    if verb == "grade":
        told = [_begun(result)] if given.get("begin") else result["text"]
    else:
        told = verb_lines(result["verbs"]) if verb is None else result_lines(result)
    show(result, told, as_json=as_json)


def parse_arguments(words: tuple[str, ...], verb: str = "") -> dict[str, object]:
    """Read NAME=VALUE words, or one JSON object. A value is JSON if it can be, else text; a dot in a name goes one deeper.

    Raises UsageError.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        try:
            found: dict[str, object] = json.loads(words[0])
        except ValueError as error:
            raise UsageError(cause(error), where=words[0][:60], do='write {"hours": 8}, or hours=8') from None
        return found
    args: dict[str, object] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not name:
            raise UsageError(f"{word!r} is no argument", where="pumpsim bench", do=_meant(word, verb))
        *above, last = name.split(".")
        place = args
        for part in above:
            below = place.setdefault(part, {})
            if not isinstance(below, dict):
                raise UsageError(f"{part} is a value already", where=word, do="give each name once")
            place = below
        if last in place:
            raise UsageError(f"{name} comes twice", where=word, do="give each name once")
        place[last] = _value(text)
    return args


def _begun(result: dict[str, Any]) -> str:
    """What there is to say of a record with nothing in it."""
    provoked = ", ".join(result["not_provoked"])
    return f"the record begins afresh; {f'to be provoked: {provoked}' if provoked else 'nothing is provoked'}"


def _meant(word: str, verb: str) -> str:
    """What to write in place of a word without a name: the argument of the verb that it is likely meant for."""
    from hil.bench.verbs import VERBS

    if verb not in VERBS:
        return "write NAME=VALUE, such as hours=8"
    args = VERBS[verb].args
    fields = args.model_fields
    name = args.usual or next((name for name, field in fields.items() if field.is_required()), next(iter(fields), ""))
    return f"write NAME=VALUE: {name}={word.lstrip('=')}" if name else f"{verb} takes none"


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
