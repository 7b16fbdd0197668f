"""The page of the diagnostics, made from their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from firmware_sim.units import PPM, S_PER_H
from hil.bench.examine import EXAMINATIONS
from hil.clinic.diagnostics.limits import MDEG_PER_DEGREE
from hil.clinic.diagnostics.numbers import number, numbers
from hil.clinic.limits import PERCENT
from hil.wording.quantity import VOLUME

__all__ = ["render"]

TEXT = """# Diagnostics

Generated from `hil/clinic/diagnostics/numbers.yaml`. For simulation and training only, never for patient care.

`diagnose` is a verb of the bench: `bench.diagnose("xray")`, or over HTTP and the command line like every other. It tells what a person
would see, right or wrong, never the truth. Chance is drawn from the pump's seed, the test's name and the virtual time: the same look twice
at one instant shows the same, a later one may show otherwise. With `draw=7` the seventh draw stands for the time.

## What each shows, and how often it is wrong

{tests}

## Where the numbers come from

{numbers}

## Shares are not sensitivities

Of the catheter faults that were *found* in one series, X-ray found {shares.xray_ppm}, a dry side port {shares.side_port_ppm}, contrast or
CT {shares.contrast_ppm}, an isotope study {shares.isotope_ppm}. Such a share depends on which faults there were, on which test came first,
and on the faults that nobody found. It is not the chance that a test sees a fault, and it is never used as one here. Sensitivity and
specificity are published for the CT myelogram only; the {side_port.dry_without_fault_ppm} of dry side ports are of all procedures, with no
fault named, so that they are an upper bound for a sound catheter. All else is assumed.

The assumed chances are chosen so that the shares come out: with the kinds of a published series (5 occlusions, 2 fractures,
1 disconnection, 1 kink; that one of the five occlusions is complete is assumed), examined in the published order until a test is abnormal,
the faults that are found fall to the four tests in about these shares. `tests/unit/test_diagnostics_shares.py` plays it, and holds them to
ten points of a hundred.

## What is left out

Palpation and ultrasound of the pocket, because no number was found for either. A kink is seen only while it is bent; a film shows the
catheter and nothing of what it carries. The isotope study is one look, made when the tracer has had its time; its tracer moves and dilutes
nothing. A rotor image tells an angle within a turn: several turns, or much basal between two images, cannot be told from less.
"""
HEADS = {
    "tests": ("test", "takes", "shows", "how often it is wrong", "what it does to the pump", "known from"),
    "numbers": ("number", "value", "how it is known", "source, note"),
}
_PLACE = re.compile(r"\{(?P<test>\w+)\.(?P<name>\w+)\}")


class Row(NamedTuple):
    """One test for people; {test.name} stands for a number."""

    shows: str
    wrong: str
    effect: str
    known: str


_PUBLISHED = "published; what it says of an open break and a tip outside the sac is assumed"
_TESTS = {
    "xray": Row(
        "disconnection, fracture, a tip that has moved, a kink that is bent, and about where; silent on leak, occlusion and granuloma",
        "shows {xray.disconnection_seen_ppm} of disconnections, {xray.fracture_seen_ppm} of fractures, {xray.dislodgement_seen_ppm} of "
        "moved tips, {xray.kink_seen_ppm} of kinks; a kink in {xray.false_ppm} where there is none",
        "nothing",
        "assumed, fitted to the shares of Dvorak 2010",
    ),
    "rotor": Row(
        "the rotor's angle; a rotor study is two images with a programmed bolus of {rotor.check_bolus_nl} in {rotor.check_bolus_s} "
        "between them: a turn of {rotor.turn_mdeg}, none in a stall",
        "an image is read to {rotor.reading_off_mdeg_max}",
        "nothing; whoever makes the study programmes the bolus",
        "the turn is published, the bolus and the reading are assumed",
    ),
    "side_port": Row(
        "free flow or a dry tap, the volume by the marks of a syringe, and what a laboratory tells of it {laboratory.after_s} later",
        "{side_port.dry_without_fault_ppm} are dry without a fault; dry are {side_port.dry_when_broken_ppm} with an open break and "
        "{side_port.dry_when_outside_ppm} with the tip outside the sac, and all when nothing can pass",
        "takes fluid and the drug in it out of the catheter; a dry tap takes none",
        _PUBLISHED,
    ),
    "contrast": Row(
        "whether contrast runs to the tip, and what is wrong, of any kind",
        "sensitivity {contrast.sensitivity_ppm}, specificity {contrast.specificity_ppm}; a dry tap ends it before contrast is given",
        "pushes what stands in the catheter into the patient unless that is aspirated first, and warns; leaves the catheter without drug",
        "published, of the CT myelogram",
    ),
    "isotope": Row(
        "whether activity comes into the CSF: any lesion, and a rotor that stands",
        "sensitivity {isotope.sensitivity_ppm}, specificity {isotope.specificity_ppm}",
        "nothing",
        "assumed",
    ),
    "reservoir": Row(
        "withdrawn against computed volume, and whether they are further apart than a refill lets pass",
        "a syringe is read to {side_port.graduation_nl}; what stays below the needle is not measured",
        "empties the reservoir, unless it is put back",
        "the verdict is published, the reading assumed",
    ),
    "alarms": Row(
        "the patterns heard: two-tone is critical, single tone is not; never the cause",
        "heard are {alarms.two_tone_heard_ppm} of two-tone and {alarms.single_tone_heard_ppm} of single-tone soundings",
        "time passes",
        "the patterns are published, the rest is assumed",
    ),
}


def render() -> str:
    """The whole page."""
    return _filled(TEXT.replace("{tests}", "\n".join(_tests())).replace("{numbers}", "\n".join(_numbers())))


def _tests() -> Iterator[str]:
    yield from _head("tests")
    for name, examination in EXAMINATIONS.items():
        takes = ", ".join(f"`{argument}`" for argument in (*examination.takes, "draw"))
        yield _line((f"`{name}`", takes, *map(_filled, _TESTS[name])))


def _numbers() -> Iterator[str]:
    yield from _head("numbers")
    for test, rows in numbers().items():
        for name, row in rows.items():
            said = "; ".join(filter(None, (row.source, row.note)))
            yield _line((f"`{test}.{name}`", _said(test, name), row.provenance, said))


def _filled(text: str) -> str:
    """The text with its numbers in it."""
    return _PLACE.sub(lambda fit: _said(fit["test"], fit["name"]), text)


def _said(test: str, name: str) -> str:
    """A number with the unit that its name tells."""
    value, unit = number(test, name), name.removesuffix("_max").rpartition("_")[2]
    if unit == "s" and value >= S_PER_H:
        value, unit = value // S_PER_H, "h"
    if unit == "ppm":
        return f"{value * PERCENT / PPM:g} %"
    if unit == "mdeg":
        return f"{value // MDEG_PER_DEGREE} degrees"
    return VOLUME.text(value) if unit == "nl" else f"{value} {unit}"


def _head(table: str) -> Iterator[str]:
    yield _line(HEADS[table])
    yield _line(["---"] * len(HEADS[table]))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
