"""The reference of scenarios as a page, made from the models: those that ship, every word of a step, quantities, states, units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from hil.scenario.acts import ACTS, Act, Expect, Inject, Steps
from hil.scenario.head import ANSWERS, REFUSALS, Begin, Head, Timing, Variant
from hil.scenario.problems import keys_of
from hil.scenario.quantities import BELIEVED, FOUND, QUANTITIES, SO, Quantity
from hil.scenario.shelf import shipped_scenarios
from hil.scenario.states import LOG_WORDS, States

__all__ = ["render"]

STAR = " \\*"
_HEAD = """# Scenario reference

Generated from `hil/scenario` by `docs/generate.py`. How to write a scenario is on [Scenarios](../how-to/scenarios.md).
"""
_SENTENCES = """## Sentences

`QUANTITY is VALUE`, `is not`, `is at least`, `is at most`, `is above`, `is below`, `is between A and B`. `within T` behind `is`, `is not`,
`at least` and `at most` allows so much; a percentage is a share of the right side. Both sides are formulas: numbers with units, names,
`+ - * /` with spaces, brackets.

| of | units |
| --- | --- |
| volume | mL |
| drug | mcg |
| concentration | mcg/mL |
| flow | mL/day, nL/h |
| dose | mcg/day, mcg/h |
| time | days, h, min, s, the largest first: `1 day 6 h` |
| share | % |
"""
_CONDITIONS = """## What can be waited for

`until`, `when` and `holds` take one of these.

| condition | holds when |
| --- | --- |
| `alarm CAUSE` | the pump says that this alarm is active |
| `mode NAME` | it says that it is in this mode |
| `battery STATE` | it says that its battery is `good`, `eri` or `eos` |
| `reservoir at most V` | the computed reservoir is at or below V |
| `bolus ended` | no bolus runs |
| `quiet` | no alarm is active |
| `ready` | the power-on self-test is over |
| `sound`, `sound critical`, `sound non-critical` | something sounds |
| `answers`, `powered` | a programmer would get an answer; the pump has power |
"""


def render() -> str:
    """The page."""
    parts = [_HEAD, _shipped(), _heads(), _steps(), *_acts(), _SENTENCES, *_quantities(), _states(), _CONDITIONS, _answers()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _shipped() -> str:
    rows = []
    for scenario in shipped_scenarios():
        head = scenario.head
        path = f"[`{scenario.name}`](../../hil/library/scenarios/{scenario.name}.yaml)"
        rows.append((path, head.title, head.about or "", "; ".join(head.variants)))
    return "## Scenarios that ship\n\nEach runs by its name: `pumpsim run pocket-fill`.\n\n" + _table(
        ("name", "title", "what it shows", "variants"), rows
    )


def _heads() -> str:
    lines = ["## Above the steps", "", _table(("key", "what it is"), _rows(Head))]
    for key, model, says in (("begin", Begin, "takes the name of a therapy, or"), ("variants", Variant, "has names, and below each")):
        lines += [f"`{key}` {says}", "", _table(("key", "what it is"), _rows(model))]
    return "\n".join(lines)


def _steps() -> str:
    return "## What any step may have\n\n" + _table(("key", "what it is"), _rows(Timing))


def _acts() -> Iterator[str]:
    groups = dict.fromkeys(model.group for model in ACTS.values())
    for group in groups:
        rows = [(f"`{word}`", _sentence(model), _keys(model)) for word, model in ACTS.items() if model.group == group]
        yield f"## {group}\n\n" + _table(("step", "what it does", "keys"), rows)


def _keys(model: type[Act]) -> str:
    """The keys of an act; the one that a single value stands for comes in bold."""
    if model is Expect:
        return "sentences and states, one or a list"
    if model is Steps:
        return "a list of steps"
    told = [f"{_name(model, key)} {help_text}" for key, help_text in _plain_rows(model)]
    if model is Inject:
        told.append("the fault's parameters, named without their unit: `fraction: 94 %`, `lost: 5 mL`, `over: 60 days`, `lasts: 30 min`")
    return "; ".join(told) or "none"


def _name(model: type[Act], key: str) -> str:
    return f"**`{key}`**" if key == model.shorthand else f"`{key}`"


def _quantities() -> Iterator[str]:
    yield "## Quantities\n\nA star marks those that count from the last `mark`, or from the first step.\n"
    for source in (SO, BELIEVED, FOUND):
        rows = [(f"`{row.name}`{STAR if row.since else ''}", row.dimension.said, row.doc) for row in _of(source)]
        yield f"{source[0].upper()}{source[1:]}:\n\n" + _table(("quantity", "is", "of what"), rows)


def _of(source: str) -> Iterator[Quantity]:
    return (row for row in QUANTITIES.values() if row.source == source)


def _states() -> str:
    kinds = ", ".join(f"`{word}`" for word in LOG_WORDS)
    return (
        "## States\n\n`expect` takes them beside sentences.\n\n"
        + _table(("state", "what it is"), _rows(States))
        + f"\nKinds of log records: {kinds}.\n"
    )


def _answers() -> str:
    words = ", ".join(f"`{word}`" for word in ANSWERS)
    return f"## Answers\n\n`answer` is one of {words}. Behind `refused` may stand why: {', '.join(f'`{word}`' for word in REFUSALS)}.\n"


# ---------------------------------------------------------------- tables


def _sentence(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").split("\n", maxsplit=1)[0]


def _rows(model: type[BaseModel]) -> list[tuple[str, str]]:
    return [(f"`{key}`", text) for key, text in _plain_rows(model)]


def _plain_rows(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    titles = {field.alias or name: field.title or "" for name, field in model.model_fields.items()}
    return ((key, titles[key]) for key in keys_of(model) if key != "items")


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
