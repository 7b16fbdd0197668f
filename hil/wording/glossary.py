"""The words of the field, one for each thing, with those that are not used for it: read from glossary.yaml, written as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

__all__ = ["Allowed", "Term", "exceptions", "glossary", "misused", "pattern_of", "render"]

EXCEPTIONS = "exceptions"
ANY = "any"
_HEAD = """# Glossary

Generated from `hil/wording/glossary.yaml`. One word for one thing: on the wire, the command line, the console's pages and in the documents.
`tests/tidy/test_glossary.py` refuses the words of the last column; the last table says where one stands all the same.
"""


class Term(NamedTuple):
    """One word: what it means, other words that are allowed and where, and those that are not; of `exactly` ones capitals matter."""

    heading: str
    forms: tuple[str, ...]
    means: str
    also: Mapping[str, str]
    banned: tuple[str, ...]
    exactly: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.forms[0]


class Allowed(NamedTuple):
    """A file, or the files of a folder, in which some words are allowed all the same, and why. No words are all of them."""

    where: str
    words: tuple[str, ...]
    because: str


@cache
def _tree() -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe").load((files("hil.wording") / "glossary.yaml").read_text(encoding="utf-8"))


def glossary() -> list[Term]:
    """Every term, in the order of the page."""
    return [
        Term(
            heading,
            tuple(row["term"].split(", ")),
            row["means"],
            row.get("also", {}),
            tuple(row.get("not", ())),
            tuple(row.get("exactly", ())),
        )
        for heading, rows in _tree().items()
        if heading != EXCEPTIONS
        for row in rows
    ]


def exceptions() -> list[Allowed]:
    """Where some words are allowed all the same."""
    rows = _tree()[EXCEPTIONS]
    return [Allowed(row["where"], () if row["words"] == ANY else tuple(row["words"]), row["because"]) for row in rows]


def misused(text: str) -> Iterator[tuple[int, str, Term]]:
    """Words that stand for a term and are not to: where in the text, the word, and the term."""
    patterns = _patterns()
    for pattern in _together():
        for found in pattern.finditer(text):
            yield found.start(), found[0], next(term for term, each in patterns if each.fullmatch(found[0]))


@cache
def _patterns() -> Sequence[tuple[Term, re.Pattern[str]]]:
    loose = [(term, pattern_of(words)) for term in glossary() for words in term.banned]
    return loose + [(term, re.compile(re.escape(words))) for term in glossary() for words in term.exactly]


@cache
def _together() -> tuple[re.Pattern[str], ...]:
    """All words in one pattern, and those of which capitals matter in another: a text is read twice, not once for each word."""
    loose = "|".join(_spelt(words) for term in glossary() for words in term.banned)
    exact = "|".join(re.escape(words) for term in glossary() for words in term.exactly)
    return re.compile(_alone(loose), re.IGNORECASE), re.compile(_alone(exact))


def _spelt(words: str) -> str:
    return f"{'[ -]'.join(map(re.escape, re.split('[ -]', words)))}(?:s|es)?"


def _alone(pattern: str) -> str:
    """Whole words: no part of another one, and of none that hyphens join."""
    return rf"(?<![\w-])(?:{pattern})(?![\w-])"


def pattern_of(words: str) -> re.Pattern[str]:
    """Words as they may be written: in capitals or not, as plural, with hyphens or spaces between."""
    return re.compile(_alone(_spelt(words)), re.IGNORECASE)


# ---------------------------------------------------------------- the page


def render() -> str:
    """The page."""
    parts = [_HEAD]
    for heading in dict.fromkeys(term.heading for term in glossary()):
        rows = [_row(term) for term in glossary() if term.heading == heading]
        parts.append("\n".join([f"## {heading.capitalize()}\n", "| term | means | also | not |", "| --- | --- | --- | --- |", *rows, ""]))
    rows = [f"| `{each.where}` | {', '.join(each.words) or 'any'} | {each.because} |" for each in exceptions()]
    parts.append("\n".join(["## Where such a word stands all the same\n", "| where | word | because |", "| --- | --- | --- |", *rows, ""]))
    return "\n".join(parts)


def _row(term: Term) -> str:
    also = "; ".join(f"{word} ({where})" for word, where in term.also.items())
    return f"| **{', '.join(term.forms)}** | {term.means} | {also} | {', '.join((*term.banned, *term.exactly))} |"
