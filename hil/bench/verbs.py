"""The verbs of the bench: one table of name, arguments, function and a line of help.

Arguments are checked before anything happens: unknown names, wrong types and values outside their limits are refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from firmware_sim.faults import FAULTS
from firmware_sim.units import US_PER_S
from hil.bench.arguments import (
    Advance,
    Args,
    Clear,
    Digest,
    Events,
    Inject,
    Needle,
    Nothing,
    PaceArgs,
    PowerCut,
    Restore,
    RunUntil,
    Sample,
    Schedule,
    Settle,
)
from hil.bench.conditions import parse_condition
from hil.errors import BenchError
from hil.pacing import parse_factor, parse_pace
from hil.plain import plain

if TYPE_CHECKING:
    from hil.bench.bench import Bench

__all__ = ["VERBS", "Kind", "Verb"]

EVENTS_MAX = 10_000
"""Records told at once; ask again from the next number."""

Result = dict[str, object]


class Kind(Enum):
    """What a verb does to the pump, for the journal: looks change nothing, acts are inputs, time passes, an image replaces all."""

    LOOK = "look"
    ACT = "act"
    TIME = "time"
    IMAGE = "image"


class Verb(NamedTuple):
    """One row of the table."""

    name: str
    args: type[Args]
    run: Callable[[Bench, Any], Result]
    kind: Kind
    doc: str


def _now(bench: Bench) -> Result:
    pump = bench.unit.pump
    return {"now_us": pump.now_us, "device_us": pump.device_us, "powered": pump.powered, "boots": pump.boots}


def _advance(bench: Bench, args: Advance) -> Result:
    bench.unit.advance_to(bench.unit.now_us + args.total_us)
    return _now(bench)


def _settle(bench: Bench, args: Settle) -> Result:
    return {"emitted_bytes": bench.line.settle(args.sent_bytes)}


def _attach(bench: Bench, _args: Nothing) -> Result:
    bench.line.attach()
    return {}


def _run_until(bench: Bench, args: RunUntil) -> Result:
    reached = parse_condition(args.condition).run(bench.unit, bench.unit.now_us + args.limit_s * US_PER_S)
    return {"reached": reached, **_now(bench)}


def _sample(bench: Bench, args: Sample) -> Result:
    return {"columns": bench.unit.sample(args.every_s * US_PER_S, args.duration_s * US_PER_S)}


def _inject(bench: Bench, args: Inject) -> Result:
    return {"handle": bench.unit.act(lambda pump: pump.inject(args.fault, **args.params))}


def _clear(bench: Bench, args: Clear) -> Result:
    bench.unit.act(lambda pump: pump.clear(args.handle))
    return {}


def _power_cut(bench: Bench, args: PowerCut) -> Result:
    bench.unit.act(lambda pump: pump.power_cut(after_bytes=args.after_bytes, off_us=args.off_s * US_PER_S))
    return _now(bench)


def _reset(bench: Bench, _args: Nothing) -> Result:
    bench.unit.reset()
    return _now(bench)


def _needle(bench: Bench, args: Needle) -> Result:
    withdraw_nl = None if args.withdraw_nl == "all" else args.withdraw_nl
    deed = bench.unit.act(
        lambda pump: pump.needle(withdraw_nl=withdraw_nl, inject_nl=args.inject_nl, concentration_ng_per_ml=args.concentration_ng_per_ml)
    )
    return _object(deed)


def _schedule(bench: Bench, args: Schedule) -> Result:
    at_us = bench.unit.now_us + args.after_s * US_PER_S
    bench.unit.act(lambda pump: pump.schedule(at_us, args.act, **args.args))
    return {"at_us": at_us}


def _save(bench: Bench, _args: Nothing) -> Result:
    return {"image": base64.b64encode(bench.unit.save()).decode()}


def _restore(bench: Bench, args: Restore) -> Result:
    try:
        image = base64.b64decode(args.image, validate=True)
    except binascii.Error:
        raise BenchError("this is no base64", where="restore.image", do="give the text that save returned") from None
    bench.unit.restore(image)
    return _now(bench)


def _object(value: object) -> Result:
    result = plain(value)
    return result if isinstance(result, dict) else {"value": result}


def _truth(bench: Bench, _args: Nothing) -> Result:
    return _object(bench.unit.pump.truth())


def _status(bench: Bench, _args: Nothing) -> Result:
    return _object(bench.unit.pump.status())


def _digest(bench: Bench, args: Digest) -> Result:
    return {"digest": bench.unit.digest(args.part)}


def _events(bench: Bench, args: Events) -> Result:
    return {"events": plain(bench.unit.pump.events(args.since)[:EVENTS_MAX])}


def _faults(bench: Bench, _args: Nothing) -> Result:
    return {"faults": plain(FAULTS), "in_force": plain(bench.unit.pump.faults())}


def _now_verb(bench: Bench, _args: Nothing) -> Result:
    return _now(bench)


def _pace(bench: Bench, args: PaceArgs) -> Result:
    pacer = bench.pacer
    pacer.regard(bench.unit.talking, bench.unit.now_us)
    pace = None if args.pace is None else parse_pace(args.pace)
    if args.while_talking is not None:
        pacer.while_talking = parse_factor(args.while_talking.removeprefix("x"))
        pacer.anchor(bench.unit.now_us)
    if pace is not None:
        pacer.choose(pace, bench.unit.now_us)
    return pacer.report()


def _verbs(_bench: Bench, _args: Nothing) -> Result:
    return {
        "verbs": [
            {"name": verb.name, "doc": verb.doc, "args": verb.args.model_json_schema().get("properties", {})} for verb in VERBS.values()
        ]
    }


_ROWS = (
    Verb("advance", Advance, _advance, Kind.TIME, "let virtual time pass"),
    Verb("run_until", RunUntil, _run_until, Kind.TIME, "let time pass until a condition holds, or to a limit"),
    Verb("sample", Sample, _sample, Kind.TIME, "let time pass, noting belief and truth on the way, as columns"),
    Verb("attach", Nothing, _attach, Kind.LOOK, "a client is about to connect: count its bytes from zero"),
    Verb("settle", Settle, _settle, Kind.LOOK, "read the port until the client's bytes are in and handled; tells how many went out"),
    Verb("inject", Inject, _inject, Kind.ACT, "put a fault in force; gives a handle"),
    Verb("clear", Clear, _clear, Kind.ACT, "end a fault"),
    Verb("faults", Nothing, _faults, Kind.LOOK, "the faults there are, with their parameters, and those in force"),
    Verb("needle", Needle, _needle, Kind.ACT, "draw out and fill in through the septum; tells the pump nothing"),
    Verb("power_cut", PowerCut, _power_cut, Kind.ACT, "cut the supply, now or inside a memory write"),
    Verb("reset", Nothing, _reset, Kind.ACT, "reset the firmware"),
    Verb("schedule", Schedule, _schedule, Kind.ACT, "have an act happen later"),
    Verb("truth", Nothing, _truth, Kind.LOOK, "what is so"),
    Verb("status", Nothing, _status, Kind.LOOK, "what the firmware believes"),
    Verb("events", Events, _events, Kind.LOOK, "trace records"),
    Verb("digest", Digest, _digest, Kind.LOOK, "SHA-256 of the state"),
    Verb("save", Nothing, _save, Kind.LOOK, "the unit image"),
    Verb("restore", Restore, _restore, Kind.IMAGE, "become the unit of an image"),
    Verb("now", Nothing, _now_verb, Kind.LOOK, "the time, true and the device's; power and boots"),
    Verb("pace", PaceArgs, _pace, Kind.LOOK, "how time passes and how far behind it is; changes it if told to"),
    Verb("verbs", Nothing, _verbs, Kind.LOOK, "this table"),
)
VERBS: dict[str, Verb] = {verb.name: verb for verb in _ROWS}
"""The whole table, by name."""
