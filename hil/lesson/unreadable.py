"""What YAML stumbles over when people write prose into it, in their words: a colon, a comma, an apostrophe, a brace left open."""

from __future__ import annotations

from collections.abc import Iterator

from hil.errors import Problem
from hil.therapy.source import Tree

__all__ = ["comma_problems", "in_plain_words"]

_SAID = (
    (
        "mapping values are not allowed here",
        "a colon stands within the words, or the line is further in than its neighbours",
        'put words that have a colon in them in double quotes, "like: this"; else begin the line where its neighbours begin',
    ),
    (
        "expected <block end>, but found '<scalar>'",
        "words go on behind a closing quote",
        "put words with an apostrophe or a quote in them in double quotes",
    ),
    (
        "expected <block end>, but found",
        "the line does not belong to the lines above it",
        "begin all of a list with `- ` and all keys of a mapping at the same column",
    ),
    ("expected ',' or '}'", "a brace is not closed, here or on the line above", "write `}` at its end"),
    ("expected ',' or ']'", "a bracket is not closed, here or on the line above", "write `]` at its end"),
    ("found character '\\t'", "a tab stands where the line begins", "use spaces"),
    ("found unexpected end of stream", "a quote is not closed", "close it, or put words with an apostrophe in them in double quotes"),
    ("that cannot start any token", "these words begin with a sign that means something else", "put them in double quotes"),
)
"""What the parser says, what it means for somebody who writes a lesson, and what to do."""


def in_plain_words(problem: Problem) -> Problem:
    """A parser's problem as a writer is told it; any other as it is."""
    for said, what, do in _SAID:
        if problem.what.startswith("the file is not YAML") and said in problem.what:
            return Problem(problem.line, what, do)
    return problem


def comma_problems(tree: Tree, parts: tuple[str, ...], keys: tuple[str, ...]) -> Iterator[Problem]:
    """Words within braces that a comma has cut in two, told once for each pair of braces."""
    root = tree.root if isinstance(tree.root, dict) else {}
    for part in parts:
        content = root.get(part)
        for name, value in content.items() if isinstance(content, dict) else ():
            inner = value if isinstance(value, dict) else {}
            left_over = [(part, name, key) for key, words in inner.items() if words == "" and key not in keys]
            for place in [(part, name)] if value == "" else left_over[:1]:
                if " " in place[-1] or int(tree.line(place)) == int(tree.line(place[:-1])):
                    what = f"a comma within braces ends the words before it, and {place[-1]!r} is left over"
                    yield Problem(tree.line(place), what, 'put words that have a comma in them in double quotes: "one, two"')
