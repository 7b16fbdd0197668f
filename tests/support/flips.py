"""One bit flips in a pump's memory, an hour and more goes by, and the pump is judged against one that was not hit.

`WRONG` is what must never be: a rate that is wrong for longer than one scrub period, a therapy that is told otherwise than it was
programmed, a dose given or granted twice, a record that is whole and says something else; all without the safe state that says so. And a
programmer key that is another one, or that is lost though its other copy is whole.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import NamedTuple

from firmware_sim.errors import Busy, PumpError, Refused
from firmware_sim.faults.memory import RAM
from firmware_sim.firmware.device_status import DeviceStatus
from firmware_sim.firmware.journal import Entry
from firmware_sim.limits import BYTE_BITS
from firmware_sim.units import US_PER_H, US_PER_S
from hil.unit import Unit
from protocol.codes import Answer, DoseState
from protocol.errors import ProtocolError
from protocol.key_file import seed_keys
from protocol.keys import Key
from protocol.messages import Outcome, OutcomeAnswer
from tests.link.bedside import Bedside
from tests.support.flip_day import BOLUS, LOCKOUT_H, PHASES_S, evening

__all__ = ["REGIONS", "Case", "Facts", "Site", "Tally", "Verdict", "drawn_sites", "facts_of", "judge", "run_region"]

KINDS = HARMLESS, MASKED, DETECTED, WRONG = ("harmless", "masked", "detected", "WRONG")
RESETS_S = (600, 3_300)
"""When the firmware starts anew after the flip, where it does."""
SCRUBBED_S = 3_600
RECORDS_MAX = 200
PROBED_H = 2
ENDED_H = LOCKOUT_H
FAILED = ("memory_failure",)
"""Causes under which the pump does something else than its therapy, and says so."""
TOLD = (
    "mode",
    "prescription",
    "generation",
    "rate_nl_per_h",
    "safe_state",
    "stop_reason",
    "fill",
    "clock_us",
    "boot_count",
    "patient_granted",
)
"""What a look after the first scrub may not tell otherwise."""
CRASHES = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError, struct.error, PumpError, ProtocolError)
"""What a program falls over with that takes bad bytes for good ones, and what a programmer meets whom the pump does not let in."""
KEYS = seed_keys(1)
"""The keys that the pump's programmers have, whatever is in its memory."""
FLOOR = 1
"""What the floor of a total may differ by."""
REGIONS = tuple(evening().written)


class Site(NamedTuple):
    """Which bit flips."""

    region: str
    offset: int
    bit: int


class Case(NamedTuple):
    """At which phase of the scrub it flips, and seconds after which the firmware is reset (0: it is not)."""

    phase: int
    reset_s: int


class Facts(NamedTuple):
    """All that anybody could see of the pump: after one scrub period, and after what the clinician and the patient ask then."""

    scrubbed: DeviceStatus
    probed: DeviceStatus
    ended: DeviceStatus
    steps: tuple[int, int, int]
    events: tuple[Entry, ...]
    faults: tuple[Entry, ...]
    resent: str
    outcomes: tuple[tuple[Answer, OutcomeAnswer | None], ...]
    asked: tuple[str, str]
    keys: tuple[Key, ...]

    def looks(self) -> tuple[DeviceStatus, DeviceStatus, DeviceStatus]:
        """What the pump said of itself, in order of time."""
        return self.scrubbed, self.probed, self.ended


class Verdict(NamedTuple):
    """What a flip came to, and why."""

    kind: str
    why: str = ""


def drawn_sites(region: str, count: int, seed: int) -> list[tuple[Site, Case]]:
    """So many flips of a region, uniform over its written bytes; half of them with a reset after it."""
    random = Random(f"{seed} {region}")
    places = [at for span in evening().written[region] for at in range(span.start, span.start + span.length)]
    drawn = []
    for _ in range(count):
        site = Site(region, random.choice(places), random.randrange(BYTE_BITS))
        drawn.append((site, Case(random.randrange(len(PHASES_S)), random.choice((0, 0, *RESETS_S)))))
    return drawn


def facts_of(case: Case, site: Site | None = None) -> Facts:
    """Take up the pump of that evening, let the bit flip (or not), and see what is so in the hours after it."""
    day, bedside = evening(), _bedside()
    bedside.heard.clear()
    unit = bedside.unit
    unit.restore(day.images[case.phase])
    begun_us = unit.now_us
    if site is not None:
        unit.act(lambda pump: pump.inject("memory.bit_flip", region=site.region, offset=site.offset, bit=site.bit))
    if case.reset_s:
        unit.advance_to(begun_us + case.reset_s * US_PER_S)
        unit.reset()
    scrubbed = _look(unit, begun_us + SCRUBBED_S * US_PER_S)
    probed = _look(unit, begun_us + PROBED_H * US_PER_H)
    first_asked = _asked(bedside)
    resent, outcomes = _probed(bedside, day.bolus_id)
    ended = _look(unit, begun_us + ENDED_H * US_PER_H)
    events, faults = (tuple(unit.pump.read_log(0, RECORDS_MAX, ring)[2]) for ring in ("events", "faults"))
    steps = (scrubbed[1], probed[1], ended[1])
    asked, keys = (first_asked, _asked(bedside)), tuple(unit.keys)
    return Facts(scrubbed[0], probed[0], ended[0], steps, events, faults, resent, outcomes, asked, keys)


def _look(unit: Unit, at_us: int) -> tuple[DeviceStatus, int]:
    """What the pump says at that time, and the steps that it has truly commanded."""
    unit.advance_to(at_us)
    return unit.pump.status(), unit.pump.truth().steps_commanded


@cache
def _bedside() -> Bedside:
    """One wire for all flips; its unit is restored for each."""
    return Bedside()


@cache
def control(case: Case) -> Facts:
    """What is so without a flip."""
    return facts_of(case)


def _asked(bedside: Bedside) -> str:
    """What the patient would be told who asks for a bolus now."""
    try:
        bedside.unit.pump.check_patient_bolus()
    except Refused as refused:
        return refused.code
    except Busy:
        return "BUSY"
    return "OK"


def _probed(bedside: Bedside, bolus_id: int) -> tuple[str, tuple[tuple[Answer, OutcomeAnswer | None], ...]]:
    """The clinician's computer sends its last bolus once more, and asks what became of every command."""
    with bedside.programmer(keys=KEYS) as programmer:
        resent = programmer.request("BOLUS", BOLUS._replace(command_id=bolus_id))
        answers = [programmer.request("OUTCOME", Outcome(number)) for number in range(1, bolus_id + 1)]
    return resent.answer.name, tuple((told.answer, told.body if told.answer is Answer.OK else None) for told in answers)


# -- judging ---------------------------------------------------------------------------------------------------------------------


def judge(site: Site, case: Case) -> Verdict:
    """Let it flip and compare."""
    sound = control(case)
    try:
        hit = facts_of(case, site)
    except CRASHES as error:
        return Verdict(WRONG, f"the pump fell over: {error!r}")
    if hit == sound:
        return Verdict(HARMLESS)
    wrong = next(_wrongs(site, hit, sound), None)
    if wrong is not None:
        return Verdict(WRONG, wrong)
    lost = next(_losses(hit, sound), None)
    return Verdict(MASKED) if lost is None else Verdict(DETECTED, lost)


def _wrongs(site: Site, hit: Facts, sound: Facts) -> Iterator[str]:
    """Everything that must not be, in the order of how bad it is."""
    looks = list(zip(hit.looks(), sound.looks(), strict=True))
    safe = [_in_safe_state(look) for look, _ in looks]
    for (look, other), failed in zip(looks, safe, strict=True):
        if look.bolus_nl != other.bolus_nl and not failed:
            yield f"doses of {look.bolus_nl} nL instead of {other.bolus_nl}"
        if not failed:
            yield from _differences(look, other)
        missing = {alarm.cause for alarm in other.alarms} - {alarm.cause for alarm in look.alarms}
        if missing:
            yield f"alarms lost: {', '.join(sorted(missing))}"
    if not any(safe):
        yield from _wrong_delivery(site, hit, sound)
    if hit.asked[0] == "OK" != sound.asked[0]:
        yield f"the patient is granted a bolus where {sound.asked[0]} was due"
    if hit.keys != sound.keys:
        yield f"keys are {hit.keys}, not {sound.keys}"
    yield from _wrong_records(hit, sound)


def _in_safe_state(look: DeviceStatus) -> bool:
    """Whether it does something else than its therapy and says so."""
    return look.prescription is None and look.safe_state and any(alarm.cause in FAILED and alarm.active for alarm in look.alarms)


def _differences(look: DeviceStatus, other: DeviceStatus) -> Iterator[str]:
    """What the pump tells otherwise of what it does."""
    for name in TOLD:
        if getattr(look, name) != getattr(other, name):
            yield f"{name} is {getattr(look, name)!r:.60}, not {getattr(other, name)!r:.60}"


def _wrong_delivery(site: Site, hit: Facts, sound: Facts) -> Iterator[str]:
    """A rate that is wrong after a scrub, or at any time when nothing but a record was hit; a computed volume that is not the commanded."""
    since = [later.basal_nl - hit.scrubbed.basal_nl for later in (hit.probed, hit.ended)]
    meant = [later.basal_nl - sound.scrubbed.basal_nl for later in (sound.probed, sound.ended)]
    if max(abs(one - other) for one, other in zip(since, meant, strict=True)) > FLOOR:
        yield f"commanded {since} nL after the scrub instead of {meant}"
    moved = [later - hit.steps[0] - (true - sound.steps[0]) for later, true in zip(hit.steps, sound.steps, strict=True)]
    if max(map(abs, moved)) > FLOOR:
        yield f"steps differ by {moved} after the scrub"
    more_nl = hit.scrubbed.basal_nl - sound.scrubbed.basal_nl
    if more_nl and site.region != RAM:
        yield f"{more_nl} nL more within the first scrub period"
    left_nl, expected_nl = hit.ended.computed_reservoir_nl, sound.ended.computed_reservoir_nl
    if left_nl is None or expected_nl is None or abs(left_nl - expected_nl + more_nl) > FLOOR:
        yield f"computed reservoir {left_nl} nL instead of {expected_nl}"


def _wrong_records(hit: Facts, sound: Facts) -> Iterator[str]:
    """A command or an event of which the pump says something else than was so, with a record that seems whole."""
    for number, ((answer, told), (_, meant)) in enumerate(zip(hit.outcomes, sound.outcomes, strict=True), start=1):
        if told != meant and answer is not Answer.FORGOTTEN:
            state = DoseState(told.state).name if told else answer.name
            yield f"outcome of a command is {state}, not {DoseState(meant.state).name if meant else 'nothing'} ({number})"
    for one, other in ((hit.events, sound.events), (hit.faults, sound.faults)):
        if len(one) < len(other):
            yield "the log has fewer records"
        for entry, meant_entry in zip(one[: _known(other)], other, strict=False):
            if entry != meant_entry and entry.good:
                yield f"log record {entry.number} is another"


def _known(entries: tuple[Entry, ...]) -> int:
    """How many records there were when the bit flipped: all that are older than the control's reset and probes."""
    flipped_us = min(look.device_us for look in (control(Case(phase, 0)).scrubbed for phase in range(len(PHASES_S)))) - US_PER_H
    return sum(1 for entry in entries if entry.device_us <= flipped_us)


def _losses(hit: Facts, sound: Facts) -> Iterator[str]:
    """What was lost, and is told as lost."""
    if any(_in_safe_state(look) for look in hit.looks()):
        yield "safe state"
    if any(not entry.good for entry in (*hit.events, *hit.faults)):
        yield "a record reads as bad"
    if any(answer is Answer.FORGOTTEN for answer, _ in hit.outcomes):
        yield "an outcome is forgotten"
    if hit.resent != sound.resent or hit.asked != sound.asked:
        yield f"refused: {hit.resent}, {', '.join(hit.asked)}"


# -- a whole region --------------------------------------------------------------------------------------------------------------


class Tally(NamedTuple):
    """What the flips of one region came to."""

    region: str
    kinds: dict[str, int]
    wrongs: tuple[tuple[Site, Case, str], ...]

    def line(self) -> str:
        """One row of the table."""
        return f"{self.region:<18}" + "".join(f"{kind} {self.kinds.get(kind, 0):>6}  " for kind in KINDS)


def run_region(region: str, count: int, seed: int) -> Tally:
    """So many flips in one region."""
    kinds: Counter[str] = Counter()
    wrongs = []
    for site, case in drawn_sites(region, count, seed):
        verdict = judge(site, case)
        kinds[verdict.kind] += 1
        if verdict.kind == WRONG:
            wrongs.append((site, case, verdict.why))
    return Tally(region, dict(kinds), tuple(wrongs))
