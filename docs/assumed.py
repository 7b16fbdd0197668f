"""The page of what is assumed: every number counted by where it comes from, and those that matter most with their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple, Protocol

from ruamel.yaml import YAML

from firmware_sim.plant.patient.preset import load_preset, preset_names
from firmware_sim.profile import Number, load_profile, profile_names
from firmware_sim.profile.file import catheter_names
from hil.clinic.diagnostics.numbers import numbers as diagnostics_numbers
from hil.clinic.rules.table import SHIPPED, rule_set
from hil.fleet.rates import provenance as rates
from hil.fleet.settings import SETTINGS
from hil.instruments.numbers import numbers as instrument_numbers
from hil.lesson.sound_numbers import sound_numbers
from hil.numbers.data import numbers_of
from hil.pages.data_sheets import applies, human

__all__ = ["render"]

TYPICAL = "itp-40"
ORIGINS = ("sourced", "derived", "unverified", "assumed")
SOURCED = {"sourced", "published"}
"""Two words of the data files for one thing."""
HEAD = """# What is assumed

Counted by `docs/assumed.py` from the files that the simulator runs on; `make docs` writes this page.

No maker has given numbers for this simulator, and no pump was measured for it. Every number of pump, patient, clinic, instruments and
rates is kept with where it comes from:

| word | means |
| --- | --- |
| sourced | a public source has it: a label, a study, a notice, a maker's page. The file names it |
| derived | worked out from sourced numbers, as the file says |
| unverified | from memory of a label or a textbook, not looked up |
| assumed | plausible; no public source was found |

A test refuses a number without one of these words, and a sourced one without its source. Nothing turns an assumed number into a sourced
one but the source.

## Counted

A number that several pumps or patients share counts in each.

"""
TAIL = """
The wire protocol has no row: it was made for simulation, so all of it is assumed, and none of it is a maker's. Neither have the limits of
the simulator itself (`firmware_sim/limits.py`, `protocol/limits.py`), which are no facts about devices, nor words: which alarms there
are, what clears them, what a refusal is called. What a profile does rather than measures, such as that an update stops the pump, is told
in its data sheet; those traps are known from public field notices.

## By part of the pump

The numbers of `{typical}`:

{parts}

## Assumed numbers that change what you see

If one of these is wrong for your device, results change, and not only in the last digit. Put yours in with a [profile of your
own](../how-to/profiles.md).

{weighty}

Of people nothing is sourced: how late they come, whether they hear an alarm, what a syringe is off. A [campaign](../how-to/campaigns.md)
sets these, and its report repeats them. Of the patient, the levels at which signs show are assumed, for the sources name signs and
clocks, not levels ([the patient](../how-to/patient.md)).

## What follows

- Compare. Two therapies, two alarm levels, two firmwares on one simulated unit: most of what is assumed is the same on both sides.
- Vary. A result that holds for each plausible value of an assumed number does not rest on that number. A campaign's `draw` and `grid` are
  for this.
- Do not quote. A rate, a time or a dose error out of the simulator says what follows from its numbers. It says nothing about a device in
  somebody's body.
"""
WEIGHTY = (
    ("motor.unit_error_sd_ppm", "how far units of one model differ in flow"),
    ("motor.step_nl", "how finely drug comes, and how long a stall or a leak stays below one step"),
    ("motor.stall_detection_s", "how long a motor stands still before the alarm"),
    ("reservoir.residual_nl", "how much old drug stays at a refill and dilutes the new"),
    ("catheter.length_mm", "with the bore: how long new drug takes to the tip"),
    ("clock.drift_ppm", "how far the pump's clock and its flow run off"),
    ("battery.capacity_mc", "when the pump asks to be replaced"),
    ("alarm.critical_repeat_s_default", "how often somebody may hear a critical alarm"),
)


class Origin(Protocol):
    """What numbers of all kinds have: a word for where they come from."""

    @property
    def provenance(self) -> str: ...


class Body(NamedTuple):
    """Numbers that belong together: what they are, the page that lists them, and the provenance of each."""

    name: str
    page: str
    words: Counter[str]


def render() -> str:
    """The page."""
    parts = "\n".join(_table(("part", "numbers", "sourced", "assumed"), _parts()))
    weighty = "\n".join(_table(("number", "value", "decides"), _weighty()))
    counted = "\n".join(_table(("numbers of", "all", *ORIGINS), map(_row, _bodies())))
    return f"{HEAD}{counted}\n{TAIL.format(typical=TYPICAL, parts=parts, weighty=weighty)}"


def _bodies() -> Iterator[Body]:
    for name in profile_names():
        yield Body(f"pump {name}", f"../reference/data-sheets/{name}.md", _words(_pump(name).values()))
    yield Body("the catheters", "../reference/data-sheets/catheters.md", _catheters())
    for name in preset_names():
        yield Body(f"patient {name}", "../reference/patient-numbers.md", _words(load_preset(name).figures.values()))
    for name in SHIPPED:
        rules = rule_set(name).rules.values()
        yield Body(f"dose rules {name}", "../reference/dose-rules.md", _words(number for rule in rules for number in rule.numbers.values()))
    yield Body("what clinics do", "", _words(_practice().values()))
    yield Body("examinations", "../reference/diagnostics.md", _nested(diagnostics_numbers()))
    yield Body("instruments", "../how-to/instruments.md", _nested(instrument_numbers()))
    yield Body("sounds of a class", "../how-to/sound-in-class.md", _nested(sound_numbers()))
    yield Body("rates of the fleet", "fleet.md", Counter(_word(provenance) for _, _, provenance, _ in rates()))
    yield Body(
        "people and visits of the fleet", "fleet.md", Counter({"assumed": sum(setting.kind != "choice" for setting in SETTINGS.values())})
    )


def _words(numbers: Iterable[Origin]) -> Counter[str]:
    return Counter(_word(number.provenance) for number in numbers)


def _nested(sections: Mapping[str, Mapping[str, Origin]]) -> Counter[str]:
    return _words(number for section in sections.values() for number in section.values())


def _pump(name: str) -> dict[str, Number]:
    profile = load_profile(name)
    return {path: number for path, number in profile.numbers if applies(profile, path)}


def _catheters() -> Counter[str]:
    own = {f"catheter.{name}" for name in ("length_mm", "inner_diameter_um", "volume_nl_per_mm")}
    profiles = (load_profile(TYPICAL, catheter=name) for name in catheter_names())
    return _words(number for profile in profiles for path, number in profile.numbers if path in own)


def _practice() -> Mapping[str, Origin]:
    text = (files("hil") / "numbers" / "practice.yaml").read_text(encoding="utf-8")
    return numbers_of(YAML(typ="safe", pure=True).load(text), "")


def _word(provenance: str) -> str:
    return "sourced" if provenance in SOURCED else "unverified" if provenance == "memory" else provenance


def _row(body: Body) -> tuple[str, ...]:
    counts = (body.words.total(), *(body.words[word] for word in ORIGINS))
    return f"[{body.name}]({body.page})" if body.page else body.name, *(f"{count:,}" if count else "" for count in counts)


def _parts() -> Iterator[tuple[str, ...]]:
    parts: dict[str, Counter[str]] = {}
    for path, number in _pump(TYPICAL).items():
        parts.setdefault(path.split(".")[0].replace("_", " "), Counter())[_word(number.provenance)] += 1
    for part, words in parts.items():
        yield part, f"{words.total()}", f"{words['sourced'] or ''}", f"{words['assumed'] or ''}"


def _weighty() -> Iterator[tuple[str, ...]]:
    numbers = _pump(TYPICAL)
    for path, decides in WEIGHTY:
        number = numbers[path]
        said = human(path.rpartition(".")[2], number.value)
        assert number.provenance == "assumed", f"{path} is {number.provenance}: it has left this table"
        yield f"`{path}`", f"{number.value:,} = {said}" if said else f"{number.value:,}", decides


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---", *["---:"] * (len(head) - 1)] if head[0] != "number" else ["---"] * len(head), *rows):
        yield "| " + " | ".join(row) + " |"
