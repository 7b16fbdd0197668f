"""The verbs of the bench: one table of name, arguments, function and a line of help.

Arguments are checked before anything happens: unknown names, wrong types and values outside their limits are refused.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from firmware_sim.units import US_PER_S
from hil.bench.arguments import (
    Advance,
    Args,
    Clear,
    Digest,
    Events,
    GradeArgs,
    Inject,
    Listen,
    Magnet,
    Needle,
    Nothing,
    PaceArgs,
    PowerCut,
    Restore,
    Rinse,
    RunUntil,
    Sample,
    Schedule,
    ScriptForm,
    Send,
    Settle,
    SidePort,
)
from hil.bench.examine import Diagnose, diagnose
from hil.clinic.diagnostics.bedside import BenchBedside
from hil.errors import BenchError
from hil.faults.conditions import parse_condition
from hil.faults.plan import Order
from hil.faults.registry import REGISTRY
from hil.faults.script import script_of
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
    """One row of the table. A script repeats the acts that are `recorded` as verbs; what `send` sends is recorded as bytes."""

    name: str
    args: type[Args]
    run: Callable[[Bench, Any], Result]
    kind: Kind
    doc: str
    recorded: bool = True


def _now(bench: Bench) -> Result:
    pump = bench.unit.pump
    return {"now_us": pump.now_us, "device_us": pump.device_us, "powered": pump.powered, "answers": pump.answers, "boots": pump.boots}


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


def _listen(bench: Bench, args: Listen) -> Result:
    heard = bench.unit.listen(args.duration_s * US_PER_S)
    sounds = [{"pattern": sound.pattern, "began_us": sound.began_us} for sound in heard]
    return {"sounds": sounds, "tones": {sound.pattern: plain(sound.tones) for sound in heard}, **_now(bench)}


def _inject(bench: Bench, args: Inject) -> Result:
    how = (args.at_us, args.when, args.each, args.for_s, args.rate_per_day_ppm, args.seed)
    return {"handle": bench.unit.faults.inject(Order(args.fault, args.params, *how))}


def _clear(bench: Bench, args: Clear) -> Result:
    bench.unit.faults.clear(args.handle)
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


def _rinse(bench: Bench, args: Rinse) -> Result:
    return _object(bench.unit.act(lambda pump: pump.rinse(volume_nl=args.volume_nl, turns=args.turns)))


def _service_reset(bench: Bench, _args: Nothing) -> Result:
    bench.unit.act(lambda pump: pump.service_reset())
    return _now(bench)


def _side_port(bench: Bench, args: SidePort) -> Result:
    volumes = {"aspirate_nl": args.aspirate_nl, "inject_nl": args.inject_nl}
    return _object(bench.unit.act(lambda pump: pump.side_port(**volumes, concentration_ng_per_ml=args.concentration_ng_per_ml)))


def _diagnose(bench: Bench, args: Diagnose) -> Result:
    return _object(diagnose(BenchBedside(bench), args))


def _magnet(bench: Bench, args: Magnet) -> Result:
    bench.unit.act(lambda pump: pump.magnet(args.held))
    return {}


def _send(bench: Bench, args: Send) -> Result:
    return {"answer": bench.unit.receive(bytes.fromhex(args.data)).hex()}


def _schedule(bench: Bench, args: Schedule) -> Result:
    at_us = bench.unit.now_us + args.after_s * US_PER_S
    bench.unit.act(lambda pump: pump.schedule(at_us, args.act, **args.args))
    return {"at_us": at_us}


def _save(bench: Bench, _args: Nothing) -> Result:
    return {"image": base64.b64encode(bench.unit.save()).decode()}


def _fork(bench: Bench, _args: Nothing) -> Result:
    return {"image_id": bench.images.put(bench.unit.save())}


def _restore(bench: Bench, args: Restore) -> Result:
    try:
        image = bench.images.get(args.image_id) if args.image_id is not None else base64.b64decode(args.image or "", validate=True)
    except ValueError:
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
    return {"faults": plain(list(REGISTRY.values())), **bench.unit.faults.told()}


def _script(bench: Bench, args: ScriptForm) -> Result:
    script = script_of(bench.unit)
    return {"script": script.json_lines() if args.form == "jsonl" else script.python(), "digest": script.digest}


def _grade(bench: Bench, args: GradeArgs) -> Result:
    if bench.grading is None:
        raise BenchError("nobody grades this pump's host", where="grade", do="serve it with --grade FILE")
    if args.provoke and not args.begin:
        raise BenchError("a record that has begun is provoked no further", where="grade.provoke", do="add begin=true")
    if args.begin:
        bench.grading.begin(args.provoke)
    return bench.grading.report(final=args.final)


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
    Verb("listen", Listen, _listen, Kind.TIME, "let time pass; tells every sound that began in it, its start in device time"),
    Verb("attach", Nothing, _attach, Kind.LOOK, "a client is about to connect: count its bytes from zero"),
    Verb("settle", Settle, _settle, Kind.LOOK, "read the port until the client's bytes are in and handled; tells how many went out"),
    Verb("inject", Inject, _inject, Kind.ACT, "put a fault in force, now or when its time or trigger comes; gives a handle"),
    Verb("clear", Clear, _clear, Kind.ACT, "end a fault in force, or take back one that is scheduled"),
    Verb("faults", Nothing, _faults, Kind.LOOK, "the faults there are, those in force and those scheduled"),
    Verb("needle", Needle, _needle, Kind.ACT, "draw out and fill in through the septum; tells the pump nothing"),
    Verb("rinse", Rinse, _rinse, Kind.ACT, "empty the reservoir and rinse it with drug-free fluid; tells the pump nothing"),
    Verb("side_port", SidePort, _side_port, Kind.ACT, "draw out and push in through the catheter's access port; tells the pump nothing"),
    Verb("diagnose", Diagnose, _diagnose, Kind.TIME, "examine pump and catheter; tells what a person would see, right or wrong"),
    Verb("magnet", Magnet, _magnet, Kind.ACT, "hold a magnet over the pump, or take it away"),
    Verb("send", Send, _send, Kind.ACT, "give the line bytes from a host; tells what comes back at once", recorded=False),
    Verb("power_cut", PowerCut, _power_cut, Kind.ACT, "cut the supply, now or inside a memory write"),
    Verb("reset", Nothing, _reset, Kind.ACT, "reset the firmware"),
    Verb("service_reset", Nothing, _service_reset, Kind.ACT, "as service does: failures are forgotten, the firmware starts with its tests"),
    Verb("schedule", Schedule, _schedule, Kind.ACT, "have an act happen later"),
    Verb("truth", Nothing, _truth, Kind.LOOK, "what is so"),
    Verb("status", Nothing, _status, Kind.LOOK, "what the firmware believes"),
    Verb("events", Events, _events, Kind.LOOK, "trace records"),
    Verb("digest", Digest, _digest, Kind.LOOK, "SHA-256 of the state"),
    Verb("save", Nothing, _save, Kind.LOOK, "the unit image"),
    Verb("fork", Nothing, _fork, Kind.LOOK, "keep the unit image here; gives an id for restore"),
    Verb("restore", Restore, _restore, Kind.IMAGE, "become the unit of an image"),
    Verb("script", ScriptForm, _script, Kind.LOOK, "a script that does the whole run again and ends in the same digest"),
    Verb("now", Nothing, _now_verb, Kind.LOOK, "the time, true and the device's; whether it has power and answers; boots"),
    Verb("pace", PaceArgs, _pace, Kind.LOOK, "how time passes and how far behind it is; changes it if told to"),
    Verb("grade", GradeArgs, _grade, Kind.LOOK, "how the host has behaved, rule by rule (a pump served with --grade)"),
    Verb("verbs", Nothing, _verbs, Kind.LOOK, "this table"),
)
VERBS: dict[str, Verb] = {verb.name: verb for verb in _ROWS}
"""The whole table, by name."""
