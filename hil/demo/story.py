"""The demonstration: one pump from empty to a stall, told act by act.

A pump process serves a port; the ordinary client programs it there, and the bench moves time and breaks things. Each act does one thing
and yields what happened and why it matters. What was seen on the way is in `Recorder`, for the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hil.demo.record import Recorder
from hil.rig import Rig
from hil.therapy.file import read_therapy
from hil.wording import quantity
from hil.wording.alarms import alarm_name
from protocol.codes import AlarmCause

__all__ = ["ACTS", "FILL_CONCENTRATION_NG_PER_ML", "FILL_NL", "THERAPY", "Told", "acts"]

THERAPY = Path(__file__).parents[1] / "library/therapies/flex-weekday-weekend.yaml"
FILL_NL = 20_000_000
FILL_CONCENTRATION_NG_PER_ML = 2_000_000
BACLOFEN = 1
BOLUS_NL = 25_000
BOLUS_NG = 50_000
BOLUS_S = 600
PROGRAMMER_ID = 0x0DE30
"""Fixed, so that one seed gives one digest."""
HOUR_S = 3_600
DAY_S = 24 * HOUR_S
WEEKS_DAYS = 40
BLOCKED_DAYS = 5
STALLED_HOURS = 6
ALL_PPM = 1_000_000
ACTS = 10
"""Acts told, for progress."""


class Told(NamedTuple):
    """One act: when it ended, its name, what happened and why it matters."""

    at_us: int
    name: str
    what: str
    why: str


def acts(rig: Rig, recorder: Recorder) -> Iterator[Told]:
    """Do one act after the other. Raises what the client and the bench raise."""
    rig.programmer_options |= {"programmer_id": PROGRAMMER_ID, "on_frame": recorder.frame}
    recorder.look()
    yield _told(recorder, "interrogate", *_interrogate(rig))
    yield _told(recorder, "fill", *_fill(rig, recorder))
    yield _told(recorder, "program", *_program(rig, recorder))
    yield _told(recorder, "bolus", *_bolus(rig, recorder))
    yield _told(recorder, f"{WEEKS_DAYS} days", *_weeks(rig, recorder))
    handle = rig.bench.inject("catheter.occlusion", fraction_ppm=ALL_PPM)
    yield _told(recorder, "occlusion", *_blocked(recorder))
    rig.bench.clear(handle)
    yield _told(recorder, "mended", *_mended(recorder))
    handle = rig.bench.inject("motor.stall")
    yield _told(recorder, "stall", *_stalled(rig, recorder))
    rig.bench.clear(handle)
    yield _told(recorder, "recovery", *_recovered(rig, recorder))
    yield _told(recorder, "log", *_log(rig, recorder))


def _told(recorder: Recorder, name: str, what: str, why: str) -> Told:
    return Told(recorder.now_us, name, what, why)


def _interrogate(rig: Rig) -> tuple[str, str]:
    seen = rig.programmer.interrogate()
    identity, limits = seen.identity, seen.identity.limits[0]
    least, most = (quantity.DAILY_FLOW.text(rate) for rate in (limits.rate_nl_per_h_min, limits.rate_nl_per_h_max))
    capacity = quantity.VOLUME.text(limits.capacity_nl)
    what = f"{identity.model}, serial {identity.serial}: {capacity}, {least} to {most}, on the shelf, no therapy"
    return what, "All of it came over the wire, as from a real pump: the client knows its limits before it sends anything."


def _fill(rig: Rig, recorder: Recorder) -> tuple[str, str]:
    recorder.mark("filled")
    rig.bench.needle(inject_nl=FILL_NL, concentration_ng_per_ml=FILL_CONCENTRATION_NG_PER_ML)
    rig.programmer.refill(FILL_NL, 0, BACLOFEN, FILL_CONCENTRATION_NG_PER_ML)
    true = rig.bench.truth()["reservoir_concentration_ng_per_ml"]
    said = quantity.CONCENTRATION.text(FILL_CONCENTRATION_NG_PER_ML)
    what = f"the needle puts in {quantity.VOLUME.text(FILL_NL)} of baclofen {said}, REFILL tells the pump so"
    in_truth = quantity.CONCENTRATION.text(true, 0)
    return what, f"The pump has no sensor and believes {said}. In truth it is {in_truth}: old fluid below the needle mixed in."


def _program(rig: Rig, recorder: Recorder) -> tuple[str, str]:
    recorder.mark("programmed")
    seen = rig.programmer.interrogate()
    therapy = read_therapy(THERAPY).therapy(seen.identity)
    recorder.therapy_ng_per_ml = therapy.concentration_ng_per_ml
    answer = rig.programmer.update(therapy)
    doses = " and ".join(quantity.DAILY_DOSE.text(group.daily_dose_ng) for group in therapy.groups)
    what = f"flex therapy {THERAPY.name}, {doses}, is generation {answer.generation} and runs"
    return what, "Sent in parts, read back from what the pump understood, then committed: old or new, never mixed."


def _bolus(rig: Rig, recorder: Recorder) -> tuple[str, str]:
    recorder.sample(60, 10 * 60)
    recorder.mark("bolus")
    rig.programmer.bolus(BOLUS_NL, BOLUS_NG, BOLUS_S)
    recorder.sample(60, 20 * 60)
    status, truth = rig.bench.status(), rig.bench.truth()
    given = quantity.VOLUME.text(status["bolus_nl"])
    what = f"{quantity.DOSE.text(BOLUS_NG)} over {quantity.duration(BOLUS_S)}: the pump reports {given} given"
    out = quantity.DOSE.text(truth["delivered_ng"])
    return what, f"In truth {out} of drug have left the tip: tubing and catheter are still full of the fluid they came with."


def _weeks(rig: Rig, recorder: Recorder) -> tuple[str, str]:
    recorder.sample(HOUR_S, WEEKS_DAYS * DAY_S)
    seen = recorder.compare(f"after {WEEKS_DAYS} quiet days")
    replace_by = quantity.clock(rig.programmer.interrogate().condition.replace_by_clock_us).partition(" ")[0]
    what = (
        f"computed reservoir {seen.computed}, true {seen.true}; programmed {seen.programmed}, delivered {seen.delivered}; "
        f"the battery asks for a new pump by {replace_by}"
    )
    return what, (
        "Weeks pass in a fraction of a second, step by step the same as weeks waited for. "
        "Less drug came than was programmed: the fill was diluted, and tubing and catheter had to run empty of old fluid first."
    )


def _blocked(recorder: Recorder) -> tuple[str, str]:
    recorder.mark("catheter blocked", "fault")
    recorder.sample(HOUR_S, BLOCKED_DAYS * DAY_S)
    seen = recorder.compare(f"{BLOCKED_DAYS} days into the blockage")
    what = f"{BLOCKED_DAYS} days, no alarm, nothing sounds; computed reservoir {seen.computed}, true {seen.true}"
    return what, "The pump counts steps of its motor and cannot know. Only the refill will show that the drug is still there."


def _mended(recorder: Recorder) -> tuple[str, str]:
    recorder.mark("catheter mended")
    recorder.sample(HOUR_S, 2 * DAY_S)
    seen = recorder.compare("two days after")
    return (
        f"drug flows again; the pump still believes {seen.computed} where {seen.true} are",
        "A wrong belief stays wrong until somebody measures.",
    )


def _stalled(rig: Rig, recorder: Recorder) -> tuple[str, str]:
    recorder.mark("motor stalled", "fault")
    begun_us = recorder.now_us
    rig.bench.run_until("alarm:motor_stall", limit_s=DAY_S)
    recorder.look()
    recorder.mark("alarm: motor stall", "alarm")
    after = quantity.duration((recorder.now_us - begun_us) // quantity.US_PER_S)
    heard = rig.bench.truth()["sound"]
    active = [alarm_name(entry.cause) for entry in rig.programmer.interrogate().condition.alarms if entry.active]
    recorder.sample(600, STALLED_HOURS * HOUR_S)
    recorder.compare(f"{STALLED_HOURS} h after the alarm")
    sounds = "it sounds the critical two-tone" if heard else "nothing sounds"
    return (
        f"{after} later the alarm is there ({', '.join(active)}): {sounds}",
        "A rotor that does not turn is one of the few things such a pump can feel.",
    )


def _recovered(rig: Rig, recorder: Recorder) -> tuple[str, str]:
    recorder.mark("stall cleared")
    rig.bench.run_until("quiet", limit_s=DAY_S)
    recorder.look()
    rig.programmer.acknowledge(AlarmCause.MOTOR_STALL)
    recorder.sample(600, STALLED_HOURS * HOUR_S)
    return (
        "the rotor turns, the alarm clears itself and is acknowledged",
        "What was not given in those hours is not made up: no catch-up, ever.",
    )


def _log(rig: Rig, recorder: Recorder) -> tuple[str, str]:
    recorder.log = tuple(rig.programmer.read_log())
    faults = rig.programmer.read_log(ring="faults")
    rig.programmer.close()
    recorder.digest = rig.bench.digest()
    good = all(entry.good for entry in recorder.log)
    fits = "each checksum fits" if good else "some damaged"
    what = f"{len(recorder.log)} records, {len(faults)} of them in the ring of faults, {fits}; the stall is in it, the occlusion is not"
    return what, f"Same seed, same acts, same digest on every machine and transport: {recorder.digest[:16]}"
