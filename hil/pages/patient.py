"""The pages and pictures of the patient: every number with its provenance, and what the models do with one story and one bolus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from firmware_sim import Pump
from firmware_sim.firmware.prescription import Group, Prescription, RefillEntry, Step
from firmware_sim.patient import Patient
from firmware_sim.plant.patient.body import space_of
from firmware_sim.plant.patient.preset import Preset, load_preset, load_sensitivity, preset_names, sensitivity_names
from firmware_sim.plant.patient.space import Space
from firmware_sim.units import MASS_PER_NG, US_PER_DAY, US_PER_H
from hil.pages.svg_plot import Curve, Panel, draw

__all__ = ["pages"]

STORIES = ("label-consistent", "one-compartment", "steep")
CONCENTRATION_NG_PER_ML = 500_000
EVERY_DAY = 0b111_1111
NUMBERS_HEAD = """# Numbers of the patient

Generated from `firmware_sim/profiles/patients`. What they do is told in [patient.md](../how-to/patient.md).

*Published*: a public source has it. *Derived*: worked out from published numbers, as the source says; a test derives it again where the
model is needed for it. *Unverified*: from memory of a label or textbook, not looked up. *Assumed*: plausible, no source was found. To try
others, write a file that `extends` one of these and give its path for the preset's name.
"""
SHOWN = {"published": "published", "derived": "derived", "memory": "unverified", "assumed": "assumed"}


def pages() -> dict[str, str]:
    """Every page and picture: path below the documents, and text."""
    made = {f"images/patient-{preset}.svg": _story(preset) for preset in STORIES}
    return made | {"images/patient-bolus.svg": _bolus(), "images/patient-canal.svg": _canal(), "reference/patient-numbers.md": _numbers()}


# -- numbers -----------------------------------------------------------------------------------------------------------------------------


def _numbers() -> str:
    base = load_preset("label-consistent")
    lines = [NUMBERS_HEAD, "## label-consistent", f"{base.title}.", *_table(base, list(base.figures))]
    for name in preset_names():
        preset = load_preset(name)
        own = [key for key, figure in preset.figures.items() if figure != base.figures.get(key)]
        if name != base.name:
            lines += [f"## {name}", f"{preset.title}. As label-consistent, but for:", *_table(preset, own)]
    lines += [
        "## Sensitivities",
        "Factors upon the level that half an effect, one unit of overdose, or withdrawal needs.",
        _sensitivities(),
    ]
    return "\n\n".join(lines)


def _table(preset: Preset, keys: Sequence[str]) -> list[str]:
    if not keys:
        return ["Nothing else."]
    rows = ["| number | value | | where it comes from |", "| --- | --- | --- | --- |"]
    for key in keys:
        figure = preset.figures[key]
        origin = "; ".join(part for part in (figure.source, figure.note) if part)
        rows.append(f"| `{key}` | {figure.value:,g} | {SHOWN[figure.provenance]} | {origin} |")
    return ["\n".join(rows)]


def _sensitivities() -> str:
    rows = ["| name | tone | reflex | brain | withdrawal |", "| --- | --- | --- | --- | --- |"]
    for name in sensitivity_names():
        factors = load_sensitivity(name)
        rows.append(f"| {name} | {factors.tone:g} | {factors.reflex:g} | {factors.brain:g} | {factors.withdrawal:g} |")
    return "\n".join(rows)


# -- pictures ----------------------------------------------------------------------------------------------------------------------------


def _simple(mcg_per_day: int) -> Prescription:
    """A therapy of one rate."""
    rate = mcg_per_day * 1_000 * 1_000_000 // 24 // CONCENTRATION_NG_PER_ML
    group = Group(EVERY_DAY, rate * 24 * CONCENTRATION_NG_PER_ML // 1_000_000, (Step(0, 1_440, rate),))
    return Prescription("simple", 1, 1, CONCENTRATION_NG_PER_ML, 2_000_000, 600, 3_600, (group,))


MARKS = (
    (0.0, "start at 100 mcg/day"),
    (3.0, "raised to 250"),
    (6.0, "raised to 500"),
    (10.0, "the side port flushed with saline: 150 mcg at once"),
    (13.0, "the catheter comes off: nothing reaches the cord"),
    (19.0, "mended: restart at the full dose"),
)
"""The story, in days since its beginning."""


@cache
def _pump() -> tuple[Pump, int]:
    """The pump after the story, and the true time at which it began."""
    pump = Pump("itp-40", seed=3)
    for _ in range(6):
        pump.needle(withdraw_nl=None, inject_nl=40_000_000, concentration_ng_per_ml=CONCENTRATION_NG_PER_ML)
    pump.refill(RefillEntry(40_000_000, 0, 1, CONCENTRATION_NG_PER_ML))
    pump.commit(_simple(500))
    pump.advance(days=1)
    pump.record_delivery()
    began_us = pump.now_us
    days = iter(round(at * US_PER_DAY) for at, _ in MARKS[1:])
    pump.commit(_simple(100))
    pump.advance_to(began_us + next(days))
    pump.commit(_simple(250))
    pump.advance_to(began_us + next(days))
    pump.commit(_simple(500))
    pump.advance_to(began_us + next(days))
    pump.side_port(inject_nl=300_000, concentration_ng_per_ml=0)
    pump.advance_to(began_us + next(days))
    handle = pump.inject("catheter.disconnection")
    pump.advance_to(began_us + next(days))
    pump.clear(handle)
    pump.advance_to(began_us + 22 * US_PER_DAY)
    return pump, began_us


def _story(preset: str) -> str:
    pump, began_us = _pump()
    patient = Patient(pump, preset)
    times = range(began_us, pump.now_us + 1, 2 * US_PER_H)
    columns = patient.sample(2 * US_PER_H, began_us, pump.now_us)
    days = [(at_us - began_us) / US_PER_DAY for at_us in times]
    panels = [Panel("Dose at the tip", "mcg/day", 0, 600, (0, 200, 400, 600), (Curve("true", _rates(pump, times)),), 90)]
    panels += _felt(columns, patient.person)
    return draw(f"A patient of the preset {preset}", "days", days, panels, range(0, 23, 2), MARKS)


def _felt(columns: dict[str, list[float]], person: Preset) -> list[Panel]:
    """Levels, effects, and how far from their thresholds overdose and withdrawal are."""
    levels = [Curve(name, columns[f"{name}_ng_per_ml"]) for name in ("lumbar", "cisternal", "plasma")]
    reflex = [Curve("of no drug", [100 * share for share in columns["reflex_share"]])]
    names = (("Ashworth legs", "ashworth_legs"), ("Ashworth arms", "ashworth_arms"), ("spasms", "spasm_score"))
    drivers = [
        Curve("overdose", columns["overdose"]),
        Curve("early withdrawal", [value / person.withdrawal.early_excess for value in columns["excess"]]),
        Curve("severe", [value / person.withdrawal.severe_burden for value in columns["burden"]]),
    ]
    return [
        Panel("Levels", "ng/mL", 0.01, 10_000, (0.01, 1, 100, 10_000), levels, log=True),
        Panel("Reflex", "H/M, %", 0, 100, (0, 50, 100), reflex, 80),
        Panel("Tone", "score", 0, 4, range(5), [Curve(name, columns[column]) for name, column in names]),
        Panel("Over- and under-dosed", "threshold", 0, 5, range(6), drivers),
    ]


def _rates(pump: Pump, times_us: range) -> list[float]:
    """What leaves the tip at each time, as mcg a day; a push is left out."""
    pieces, place, rates = pump.record_delivery().pieces(), 0, []
    for at_us in times_us:
        while place + 1 < len(pieces) and pieces[place + 1].since.at_us <= at_us:
            place += 1
        since, until = pieces[place].since, pieces[place].until
        rates.append((until.mass - since.mass) / MASS_PER_NG / 1_000 * US_PER_DAY / (until.at_us - since.at_us))
    return rates


def _bolus() -> str:
    """50 mcg by needle, in every model."""
    hours = [quarter / 4 for quarter in range(24 * 4 + 1)]
    pump = Pump("itp-40")
    patients = {preset: Patient(pump, preset) for preset in STORIES}
    for patient in patients.values():
        patient.treat("intrathecal_bolus", dose_ng=50_000)
    pump.advance(days=1)
    columns = {preset: patient.sample(US_PER_H // 4, 0, pump.now_us) for preset, patient in patients.items()}

    def curves(name: str, factor: float = 1) -> Iterator[Curve]:
        return (Curve(preset, [value * factor for value in columns[preset][name]]) for preset in STORIES)

    panels = [
        Panel("Lumbar level", "ng/mL", 1, 10_000, (1, 10, 100, 1_000, 10_000), list(curves("lumbar_ng_per_ml")), log=True),
        Panel("Cisternal level", "ng/mL", 0, 200, (0, 50, 100, 150, 200), list(curves("cisternal_ng_per_ml")), 90),
        Panel("Reflex", "H/M, %", 0, 100, (0, 50, 100), list(curves("reflex_share", 100)), 90),
        Panel("Tone of the legs", "Ashworth", 1, 4, (1, 2, 3, 4), list(curves("ashworth_legs")), 110),
        Panel("Tone of the arms", "Ashworth", 1, 3, (1, 2, 3), list(curves("ashworth_arms")), 90),
    ]
    return draw("50 mcg by needle at L3", "hours", hours, panels, range(0, 25, 2))


def _canal() -> str:
    """Steady levels along the canal for 300 mcg a day."""

    def profile(preset: str) -> tuple[list[float], list[float]]:
        person = load_preset(preset)
        space, levels = space_of(person), _vertebrae()
        source = [part / rate for part, rate in zip(space.source(person.places.tip), space.rates_per_h, strict=True)]
        return [person.spine.below_cisterna_cm(level) for level in levels], [_level(space, source, level) for level in levels]

    places, label = profile("label-consistent")
    curves = [Curve("label-consistent", label), Curve("steep", profile("steep")[1])]
    panel = Panel("Level", "ng/mL", 0.1, 10_000, (0.1, 1, 10, 100, 1_000, 10_000), curves, 220, log=True)
    return draw("300 mcg a day for ever, tip at T10", "cm below the cisterna", places, [panel], range(5, 51, 5), ((31.0, "the tip"),))


def _level(space: Space, source: Sequence[float], level: str) -> float:
    return 300_000 / 24 * sum(part * share for part, share in zip(source, space.at(level), strict=True))


def _vertebrae() -> list[str]:
    return [f"{region}{number}" for region, most in (("C", 8), ("T", 12), ("L", 5)) for number in range(1, most + 1)]
