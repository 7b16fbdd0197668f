"""The pages of numbers: one data sheet for each pump, and one for the catheters; sourced numbers apart from assumed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby

from firmware_sim.profile import Number, Profile, load_profile, profile_names
from firmware_sim.profile.file import catheter_names
from firmware_sim.profile.folder import shipped_path
from firmware_sim.profile.layer import read_layer
from firmware_sim.profile.sections import BEHAVIOUR_WORDS
from firmware_sim.units import FL_PER_NL, H_PER_DAY, NL_PER_ML

__all__ = ["applies", "human", "pages"]

HEAD = """# Data sheet of {name}

Generated from `firmware_sim/profiles/{name}.yaml`. Every number of this simulated pump, as the simulator has it: an integer, with its unit
last in its name. *Sourced*: a public source was found. *Assumed*: plausible, none was found; put your own number in its place with a
[profile of your own](../../how-to/profiles.md).
"""
INDEX = """# Data sheets

Every number of each simulated pump, and where it comes from. To change one, or make a pump of your own:
[profiles.md](../../how-to/profiles.md).
"""
CATHETERS = """# Catheters

Generated from `firmware_sim/profiles/catheters.yaml`. Each can stand in place of the one that a pump comes with:
`pumpsim serve itp-40 --catheter 114cm`, `pumpsim://itp-40?catheter=114cm`, `Pump("itp-40", catheter="114cm")`. A length between them is a
number of a [profile of your own](../../how-to/profiles.md).

The path is internal tubing ({tubing}) and catheter together. A new concentration reaches the tip when the path has been filled once.
"""
WITHOUT_ELECTRONICS = ("bolus", "alarm", "sound", "battery", "self_test", "watchdog", "limiter", "clock", "memory", "drugs")
"""Sections that mean nothing on a pump that has no electronics."""
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
Row = tuple[str, str, str, str]
DAYS_MIN_S = 3 * DAY_S
DAYS_PER_YEAR = Fraction("365.25")
QUALIFIERS = ("_min", "_max", "_default", "_start", "_end")
EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001  # the device clock has no zone
TYPICAL_NL_PER_DAY = 500_000


def pages(folder: str) -> dict[str, str]:
    """Every page below a folder of the documents: path and text."""
    names = profile_names()
    made = {f"{folder}/{name}.md": sheet(name) for name in names}
    return made | {f"{folder}/index.md": _index(names), f"{folder}/catheters.md": _catheters()}


def sheet(name: str) -> str:
    """The data sheet of one shipped pump."""
    profile = load_profile(name)
    below = read_layer(shipped_path(name)).data.get("extends")
    numbers = [(path, number) for path, number in profile.numbers if applies(profile, path)]
    return "\n".join(
        [
            HEAD.format(name=name),
            *_behaviour(profile),
            *(_changes(profile, load_profile(below)) if below else ()),
            *_deviations(profile),
            *_sourced([(path, number) for path, number in numbers if number.provenance == "sourced"]),
            *_assumed([(path, number) for path, number in numbers if number.provenance == "assumed"]),
        ]
    )


def human(name: str, value: int) -> str:
    """A number as a person would write it, by the unit that its name ends with; empty where the integer says it as well."""
    unit = name
    for qualifier in QUALIFIERS:
        unit = unit.removesuffix(qualifier)
    ending = max((known for known in _WORDS if f"_{unit}".endswith(f"_{known}")), key=len, default="")
    return _WORDS[ending](value) if ending and value else ""


def _scaled(per: int | Fraction, word: str) -> Callable[[int], str]:
    return lambda value: f"{_plain(Fraction(value) / per)} {word}"


def _plain(value: Fraction) -> str:
    return f"{float(value):,.5g}"


def _volume(value: int) -> str:
    return f"{_plain(Fraction(value, NL_PER_ML))} mL" if abs(value) >= NL_PER_ML // 100 else f"{_plain(Fraction(value, 1_000))} µL"


def _duration(value: int) -> str:
    for length_s, word, least in ((DAY_S, "days", DAYS_MIN_S), (HOUR_S, "h", HOUR_S), (MINUTE_S, "min", MINUTE_S)):
        if value >= least and value % length_s == 0:
            return f"{value // length_s} {word}"
    return ""


def _years(value: int) -> str:
    return f"{_plain(round(value / DAYS_PER_YEAR, 1))} years" if value >= DAYS_PER_YEAR else ""


def _date(value: int) -> str:
    return f"{EPOCH + timedelta(microseconds=value):%Y-%m-%d %H:%M}"


_PERCENT = Fraction(10_000)
_WORDS: Mapping[str, Callable[[int], str]] = {
    "nl": _volume,
    "nl_per_h": _scaled(Fraction(NL_PER_ML, H_PER_DAY), "mL/day"),
    "nl_per_mm": _scaled(Fraction(NL_PER_ML, 10), "mL/cm"),
    "s": _duration,
    "ms": _scaled(1_000, "s"),
    "us": _date,
    "days": _years,
    "ppm": _scaled(_PERCENT, "%"),
    "ppm_per_k": _scaled(_PERCENT, "% a kelvin"),
    "ppm_per_ml": _scaled(_PERCENT, "% a mL"),
    "ppm_per_block": _scaled(_PERCENT, "% a block"),
    "ppm_per_100_mmhg": _scaled(_PERCENT, "% for 100 mmHg"),
    "ng": _scaled(1_000, "mcg"),
    "ng_per_ml": _scaled(1_000, "mcg/mL"),
    "um": _scaled(1_000, "mm"),
    "mm": _scaled(10, "cm"),
    "mv": _scaled(1_000, "V"),
    "na": _scaled(1_000, "µA"),
    "mc": _scaled(1_000 * HOUR_S, "Ah"),
    "nc": _scaled(FL_PER_NL, "mC"),
    "mdegc": _scaled(1_000, "°C"),
    "bytes": lambda value: f"{_plain(Fraction(value, 1_024))} KiB" if value >= 1_024 else "",
}


def applies(profile: Profile, path: str) -> bool:
    """Whether a number means something on this pump."""
    section = path.partition(".")[0]
    if profile.behaviour.telemetry:
        return path != "rate.constant_rate_nl_per_h"
    return section not in WITHOUT_ELECTRONICS and (section != "rate" or path == "rate.constant_rate_nl_per_h")


def _behaviour(profile: Profile) -> Iterator[str]:
    yield from _table(("", ""), [("model", profile.identity.model), ("firmware", profile.identity.firmware)])
    yield "\n## Behaviour\n"
    if not profile.behaviour.telemetry:
        yield f"This pump {BEHAVIOUR_WORDS['telemetry'][False].removeprefix('it ')}. Numbers of electronics are not listed."
        return
    rows = [
        (f"`{name}`", _switch(getattr(profile.behaviour, name)), words[getattr(profile.behaviour, name)])
        for name, words in BEHAVIOUR_WORDS.items()
    ]
    yield from _table(("switch", "is", "which means"), rows)


def _switch(value: bool | str) -> str:
    return str(value).lower()


def _changes(profile: Profile, below: Profile) -> Iterator[str]:
    yield f"\n## What differs from {below.name}\n"
    yield f"All else is as in the [data sheet of {below.name}]({below.name}.md).\n"
    rows = [*_changed_switches(profile, below), *_changed_numbers(profile, below)]
    if profile.behaviour.telemetry:
        rows += _changed_deviations(dict(profile.known_deviations), dict(below.known_deviations))
    yield from _table(("what", "here", f"in {below.name}", "why"), rows)


def _changed_switches(profile: Profile, below: Profile) -> Iterator[Row]:
    for name, words in BEHAVIOUR_WORDS.items():
        here, there = getattr(profile.behaviour, name), getattr(below.behaviour, name)
        if here != there and (profile.behaviour.telemetry or name == "telemetry"):
            yield f"`{name}`", _switch(here), _switch(there), words[here]


def _changed_numbers(profile: Profile, below: Profile) -> Iterator[Row]:
    old = dict(below.numbers)
    for path, number in profile.numbers:
        was = old.get(path)
        if applies(profile, path) and (was is None or was.value != number.value):
            yield f"`{path}`", _value(path, number), _value(path, was) if was else "-", number.source or number.note


def _changed_deviations(here: Mapping[str, str], there: Mapping[str, str]) -> Iterator[Row]:
    for requirement in sorted(here.keys() ^ there.keys()):
        words = ("deviates", "met") if requirement in here else ("met", "deviates")
        yield requirement, *words, here.get(requirement, "the trap is mended")


def _deviations(profile: Profile) -> Iterator[str]:
    yield "\n## Known deviations\n"
    if profile.known_deviations:
        yield "Requirements that this pump breaks on purpose, as its class does.\n"
        yield from _table(("requirement", "what this pump does instead"), profile.known_deviations)
    else:
        yield "None declared."


def _sourced(numbers: Sequence[tuple[str, Number]]) -> Iterator[str]:
    yield f"\n## Sourced numbers ({len(numbers)})\n"
    rows = [(f"`{path}`", _value(path, number), "; ".join(filter(None, (number.source, number.note)))) for path, number in numbers]
    yield from _table(("number", "value", "source"), rows)


def _assumed(numbers: Sequence[tuple[str, Number]]) -> Iterator[str]:
    yield f"\n## Assumed numbers ({len(numbers)})"
    for section, entries in groupby(numbers, lambda entry: entry[0].rpartition(".")[0]):
        yield f"\n### {section.replace('.', ': ').replace('_', ' ').capitalize()}\n"
        rows = [(f"`{path.rpartition('.')[2]}`", _value(path, number), number.note) for path, number in entries]
        yield from _table(("number", "value", "note"), rows)


def _value(path: str, number: Number) -> str:
    words = human(path.rpartition(".")[2], number.value)
    return f"{number.value:,} = {words}" if words else f"{number.value:,}"


def _index(names: Sequence[str]) -> str:
    rows = []
    for name in names:
        profile = load_profile(name)
        sourced = sum(number.provenance == "sourced" for path, number in profile.numbers if applies(profile, path))
        total = sum(applies(profile, path) for path, _ in profile.numbers)
        rows.append((f"[{name}]({name}.md)", _flow(profile), human("nl", profile.reservoir.capacity_nl), f"{sourced} of {total}"))
    table = "\n".join(_table(("pump", "flow", "reservoir", "numbers with a source"), rows))
    return f"{INDEX}\n{table}\n\nThe catheters they can be joined with: [catheters.md](catheters.md).\n"


def _flow(profile: Profile) -> str:
    rate = profile.rate
    if not profile.behaviour.telemetry:
        return f"{human('nl_per_h', rate.constant_rate_nl_per_h)}, always"
    return f"{human('nl_per_h', rate.rate_nl_per_h_min).removesuffix(' mL/day')} to {human('nl_per_h', rate.rate_nl_per_h_max)}"


def _catheters() -> str:
    rows = []
    for name in catheter_names():
        profile = load_profile("itp-40", catheter=name)
        catheter, length = profile.catheter, dict(profile.numbers)["catheter.length_mm"]
        reach_h = _plain(round(Fraction(catheter.path_nl * H_PER_DAY, TYPICAL_NL_PER_DAY), 1))
        origin = f"{length.provenance}: {length.source or length.note or 'one of the lengths of the class'}"
        volumes = (human("nl", catheter.path_nl - catheter.tubing_nl), human("nl", catheter.path_nl))
        bore = human("um", catheter.inner_diameter_um)
        rows.append((f"`{name}`", human("mm", catheter.length_mm), bore, *volumes, f"{reach_h} h", origin))
    head = (
        "catheter",
        "length",
        "inner diameter",
        "volume",
        "path",
        f"new drug at the tip at {human('nl', TYPICAL_NL_PER_DAY)}/day",
        "length is",
    )
    tubing = human("nl", load_profile("itp-40").catheter.tubing_nl)
    return CATHETERS.format(tubing=tubing) + "\n" + "\n".join(_table(head, rows)) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
