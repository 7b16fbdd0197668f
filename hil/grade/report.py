"""A grade as lines for a person and as one object for a program."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hil.grade.conversation import Seen
from hil.grade.grader import Grade, Judged, Turnaround
from hil.parity.reading import Reading
from hil.parity.spoken import label, moment, spoken_fields
from hil.wording import quantity
from protocol.codes import Answer
from protocol.transcript import describe

__all__ = ["DECLARED", "data", "lines", "summary", "verdicts"]

DECLARED = "declared"
"""The verdict of a rule that is broken on purpose."""
MARKS = {"met": "met", "broken": "BROKEN", DECLARED: "declared", "not exercised": "not exercised"}
MARK_WIDTH = 14
SHOWN_FINDINGS = 5
"""Of each rule a person is shown so many breaches; JSON has more."""
SAID_CHARS_MAX = 110
US_PER_MS = 1_000
US_PER_S = 1_000_000


def verdicts(grade: Grade, declared: Collection[str] = ()) -> dict[str, str]:
    """Each rule's verdict by its name."""
    return {each.rule.name: _verdict(each, declared) for each in grade.rules}


def summary(grade: Grade, declared: Collection[str] = ()) -> str:
    """One line."""
    found = list(verdicts(grade, declared).items())
    counts = {mark: [name for name, verdict in found if verdict == mark] for mark in MARKS}
    names = f" ({', '.join(counts['broken'])})" if counts["broken"] else ""
    extra = f", {len(counts[DECLARED])} broken as declared" if counts[DECLARED] else ""
    return f"{len(counts['met'])} rules met, {len(counts['broken'])} broken{names}{extra}, {len(counts['not exercised'])} not exercised"


def lines(grade: Grade, about: Mapping[str, object], declared: Collection[str] = ()) -> Iterator[str]:
    """The report as text."""
    wall = about.get("clock") == "wall"
    said = " ".join(str(about[name]) for name in ("profile", "serial", "port") if about.get(name))
    yield f"host of {said or 'a pump'}: {summary(grade, declared)}"
    span = f"{moment(grade.from_us, wall=wall)} to {moment(grade.to_us, wall=wall)}"
    yield f"{_count(grade.sessions, 'session')}, {_count(grade.requests, 'request')}, {grade.resends} sent again; {span}"
    if grade.no_frames:
        runs, were = _count(grade.no_frames, "run"), "was" if grade.no_frames == 1 else "were"
        yield f"{runs} of bytes {were} no frame (COBS, CRC-32C: see the wire protocol)"
    yield _turnaround(grade.turnaround)
    if not grade.final:
        yield "the conversation goes on: what is open now is not judged yet"
    yield ""
    for judged in grade.rules:
        yield from _rule(judged, _verdict(judged, declared), wall=wall)


def _rule(judged: Judged, verdict: str, *, wall: bool) -> Iterator[str]:
    rule = judged.rule
    times = f"{judged.kept} of {judged.kept + judged.broken} times" if judged.broken else _count(judged.kept, "time") if judged.kept else ""
    yield f"{MARKS[verdict]:<{MARK_WIDTH}} {rule.name:<19} {rule.says}{f' ({times})' if times else ''}"
    for found in judged.findings[:SHOWN_FINDINGS]:
        yield f"{'':<{MARK_WIDTH}} {found.what}"
        for seen in found.frames:
            yield f"{'':<{MARK_WIDTH}}   {_frame(seen, wall=wall)}"
    if judged.broken > SHOWN_FINDINGS:
        yield f"{'':<{MARK_WIDTH}} and {judged.broken - SHOWN_FINDINGS:,} more"
    if verdict == "broken":
        yield f"{'':<{MARK_WIDTH}} to mend: {rule.mend}"
    elif verdict == "not exercised":
        yield f"{'':<{MARK_WIDTH}} to exercise it: {rule.exercise}"


def data(grade: Grade, about: Mapping[str, object], declared: Collection[str] = ()) -> dict[str, Any]:
    """The report as one object, every value fit for JSON."""
    counts = dict.fromkeys(MARKS, 0)
    for verdict in verdicts(grade, declared).values():
        counts[verdict] += 1
    return {
        "about": dict(about),
        "final": grade.final,
        "from_us": grade.from_us,
        "to_us": grade.to_us,
        "sessions": grade.sessions,
        "requests": grade.requests,
        "resends": grade.resends,
        "no_frames": grade.no_frames,
        "turnaround": None if grade.turnaround is None else grade.turnaround._asdict(),
        "rules": [_row(judged, _verdict(judged, declared)) for judged in grade.rules],
        "summary": {name.replace(" ", "_"): count for name, count in counts.items()},
    }


def _row(judged: Judged, verdict: str) -> dict[str, Any]:
    rule = judged.rule
    findings = [{"what": found.what, "frames": [_told(seen) for seen in found.frames]} for found in judged.findings]
    row = {"rule": rule.name, "says": rule.says, "verdict": verdict, "kept": judged.kept, "broken": judged.broken, "findings": findings}
    return row | {"to_exercise": rule.exercise, "to_mend": rule.mend}


def _told(seen: Seen) -> dict[str, Any]:
    return {"number": seen.number, "at_us": seen.at_us, "from": seen.sender, **describe(seen.raw), "raw": seen.raw.hex()}


def _verdict(judged: Judged, declared: Collection[str]) -> str:
    return DECLARED if judged.broken and judged.rule.name in declared else judged.verdict


def _frame(seen: Seen, *, wall: bool) -> str:
    frame, reading = seen.reading.frame, seen.reading
    place = f"{frame.session}/{frame.sequence}" if frame is not None else ""
    arrow = ">" if seen.sender == "host" else "<"
    return f"{seen.number:>5} {moment(seen.at_us, wall=wall)} {seen.sender} {arrow} {reading.name} {place} {_said(reading)}".rstrip()


def _said(reading: Reading) -> str:
    """The content in words, cut short."""
    if reading.error:
        text = f"cannot be read, {reading.error}"
    elif reading.refusal is not None:
        text = reading.refusal.what
    else:
        text = "  ".join(f"{label(name)}={value}" for name, value in spoken_fields(reading.body).items())
    if reading.answer is not None:
        text = f"{reading.answer.name}{': ' if text and reading.answer is not Answer.OK else '  '}{text}"
    return text if len(text) <= SAID_CHARS_MAX else f"{text[:SAID_CHARS_MAX].rstrip()} …"


def _turnaround(turnaround: Turnaround | None) -> str:
    if turnaround is None:
        return "turnaround: nothing was asked after an answer"
    times, *spans = turnaround
    shortest, median, longest = (_span(span) for span in spans)
    stood = "; time stood still" if not turnaround.longest_us else ""
    told = f"{shortest} shortest, {median} median, {longest} longest ({_count(times, 'time')}){stood}"
    return f"turnaround, from an answer to the next request: {told}"


def _span(us: int) -> str:
    return f"{us / US_PER_MS:,.1f} ms" if us < US_PER_S else quantity.duration(us // US_PER_S)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
