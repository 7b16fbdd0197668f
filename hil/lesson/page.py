"""The reference of lessons as a page, made from the models: those that ship, every key, conditions, facts, acts, scripted learners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from hil.lesson.catalogue import listed
from hil.lesson.condition import Condition
from hil.lesson.curriculum import curriculum
from hil.lesson.doors import DOORS, GROUPS, Door
from hil.lesson.facts import FACTS
from hil.lesson.head import UNUSED, Critical, Ends, Handler, Item, LessonHead, PatientHead, Speed
from hil.lesson.policy import Do, If, Seen, Until, Wait
from hil.lesson.shown import SHOWN, VALUES
from hil.lesson.texts import ItemText, Texts
from hil.scenario.head import Head
from hil.scenario.problems import keys_of

__all__ = ["render"]

_HEAD = """# Lesson reference

Generated from `hil/lesson` by `docs/generate.py`. How to write a lesson is on [Write a lesson](../how-to/write-a-lesson.md).
"""
_CONDITIONS = """## Conditions

An item of the checklist, a critical error, `when` of a handler and `when` of `ends` are conditions: exactly one of the first six keys, and
what narrows it down. All are judged from the log alone.

"""
_ITEMS = """Besides, an item of the checklist has

"""
_CRITICAL = """and a critical error has

"""
_FACTS = """## Facts

What is so in a case, looked at every ten minutes of simulated time and at each act. An act that shows a fact lets the learner know it while
it is so: that is what `knew` asks for. An examination that misses it, as [some do](diagnostics.md), shows nothing.

"""
_ACTS = """## Acts

What a learner may do. `allowed` and `did` take acts and the names of groups. An argument in brackets may be left out.
"""
_SHOWN = """## What acts show

What `found` of a condition and `seen` of a scripted learner look for. A list fits if any of it does; `contains`
looks for words anywhere in what stands there.

"""
_MEASURED = """`value` of `measure` is written like this. A remark in brackets does not count, so `found: {value: at least 3}` is asked of
`tone-legs`, and `found: {value: at least 38.5 °C}` of `temperature`.

"""
_SCRIPTS = """## Scripted learners

A list of turns. Each is one of these.
"""
_SEEN = """`if` and `until` look for

"""


def render() -> str:
    """The page."""
    parts = [_HEAD, _shipped(), _curriculum(), *_lesson(), *_conditions(), _texts(), _facts(), *_acts(), *_shown(), *_scripts()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _shipped() -> str:
    rows = [
        (f"`{row['name']}`", row["title"], row["level"], row["zone"], f"{row['minutes']} min", row["clinically_reviewed"])
        for row in listed()
    ]
    return "## Lessons that ship\n\n" + _table(("name", "title", "level", "zone", "takes", "clinically reviewed"), rows)


def _curriculum() -> str:
    rows = [(f"`{item.id}`", item.title, item.origin) for item in curriculum().values()]
    return "## Items of the curriculum\n\nWhat `covers` may name.\n\n" + _table(("item", "what it is", "from"), rows)


def _lesson() -> Iterator[str]:
    scenario = set(keys_of(Head))
    rows = [row for row in _rows(LessonHead) if row[0].strip("`") not in {*scenario, *UNUSED}]
    known = ", ".join(f"`{key}`" for key in keys_of(Head) if key not in UNUSED)
    yield f"## lesson.yaml\n\nThe keys of a [scenario](scenario-reference.md) ({known}), and\n\n" + _table(("key", "what it is"), rows)
    for key, model in (("patient", PatientHead), ("then", Handler), ("ends", Ends), ("speed", Speed)):
        yield f"`{key}`{' is a list, and each' if key == 'then' else ''} has\n\n" + _table(("key", "what it is"), _rows(model))


def _conditions() -> Iterator[str]:
    common = keys_of(Condition)
    yield _CONDITIONS + _table(("key", "what it is"), _rows(Condition))
    yield _ITEMS + _table(("key", "what it is"), [row for row in _rows(Item) if row[0].strip("`") not in common])
    yield _CRITICAL + _table(("key", "what it is"), [row for row in _rows(Critical) if row[0].strip("`") not in common])


def _texts() -> str:
    words = "## texts.en.yaml\n\nAll words, by the ids of lesson.yaml. A translation, `texts.de.yaml`, has the same keys.\n\n"
    inner = "Each item of the checklist and each critical error has\n\n"
    return words + _table(("key", "what it is"), _rows(Texts)) + "\n" + inner + _table(("key", "what it is"), _rows(ItemText))


def _facts() -> str:
    rows = [(f"`{fact.name}`", fact.words, ", ".join(f"`{act}`" for act in fact.shown_by) or "nothing") for fact in FACTS.values()]
    return _FACTS + _table(("fact", "what is so", "shown by"), rows)


def _acts() -> Iterator[str]:
    yield _ACTS
    for group in GROUPS:
        rows = [(f"`{door.act}`", door.label, _arguments(door)) for door in DOORS.values() if door.group == group]
        yield f"### {group}\n\n" + _table(("act", "what its button says", "arguments"), rows)


def _arguments(door: Door) -> str:
    return "; ".join(_argument(each.name, each.choices, each.example, needed=each.needed) for each in door.arguments) or "none"


def _argument(name: str, choices: Iterable[str], example: str, *, needed: bool) -> str:
    known = ", ".join(choices)
    shown = f"`{name}` {known or example}".strip()
    return shown if needed else f"[{shown}]"


def _shown() -> Iterator[str]:
    rows = [(f"`{act}`", f"`{key}`", words) for act, keys in SHOWN.items() for key, words in keys.items()]
    yield _SHOWN + _table(("act", "key", "what stands there"), rows)
    yield _MEASURED + _table(("`what`", "`value`"), [(f"`{what}`", value) for what, value in VALUES.items()])


def _scripts() -> Iterator[str]:
    yield _SCRIPTS
    for model in (Do, Wait, Until, If):
        yield f"{(model.__doc__ or '').splitlines()[0]}\n\n" + _table(("key", "what it is"), _rows(model))
    yield _SEEN + _table(("key", "what it is"), _rows(Seen))


def _rows(model: type[BaseModel]) -> list[tuple[str, str]]:
    titles = {field.alias or name: field.title or "" for name, field in model.model_fields.items()}
    return [(f"`{key}`", titles[key]) for key in keys_of(model)]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
