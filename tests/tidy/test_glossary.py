"""One word for one thing: what people read on the command line, in the console's pages, in lessons and documents keeps to the glossary."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cache
from typing import NamedTuple

import pytest

from hil.cli.page import render as commands
from hil.wording.glossary import Allowed, exceptions, glossary, misused, pattern_of
from tests.tidy.tree import ROOT, Finding, files, told

COMMAND_LINE = "pumpsim --help"
PYTHON = ("hil/cli/", "hil/console/", "hil/wording/", "hil/lesson/")
"""Where strings of our Python are read by people."""
CODE = re.compile(r"^(```|~~~).*?^\1|<!--.*?-->|`[^`\n]*`|\]\([^)\s]*\)|https?://\S+", re.MULTILINE | re.DOTALL)
TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
PHRASE = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\'(?:[^\'\\\n]|\\.)*\'')
COMMENT = re.compile(r"^[ \t]*(?://|#)[^\n]*$|/\*.*?\*/", re.MULTILINE | re.DOTALL)


class Text(NamedTuple):
    """What people read of a file; what they do not is blank, so that lines keep their numbers."""

    where: str
    words: str

    def line(self, place: int) -> int:
        """The line of a place in the text."""
        return self.words.count("\n", 0, place) + 1


def blank(text: str) -> str:
    """The same number of lines, without a word."""
    return re.sub(r"[^\n]", " ", text)


def prose(text: str) -> str:
    """A page without code, addresses and comments."""
    return CODE.sub(lambda found: blank(found[0]), text)


def of_html(text: str) -> str:
    """A page of the console without its tags."""
    return TAG.sub(lambda found: blank(found[0]), text)


def of_script(text: str) -> str:
    """Literals of a script that are sentences or begin like one; names and keys of the code are not read by anybody."""
    text = COMMENT.sub(lambda found: blank(found[0]), text)
    end, parts = 0, []
    for found in PHRASE.finditer(text):
        if " " in found[0].strip() or found[0][1:2].isupper():
            parts += [blank(text[end : found.start()]), found[0]]
            end = found.end()
    return "".join([*parts, blank(text[end:])])


def of_python(text: str) -> str:
    """Literals of a module that have a space, docstrings aside; each on its own line."""
    tree = ast.parse(text)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)
    }
    lines = [""] * len(text.splitlines())
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value and id(node) not in docs:
            lines[node.lineno - 1] += " " + " ".join(node.value.split())
    return "\n".join(lines)


READERS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("*.md", prose),
    ("hil/console/*.html", of_html),
    ("hil/console/*.js", of_script),
    ("hil/pages/*.j2", of_html),
    ("hil/library/*/texts.en.yaml", lambda text: text),
    ("hil/library/scenarios/*.yaml", lambda text: COMMENT.sub(lambda found: blank(found[0]), text)),
    *((f"{folder}*.py", of_python) for folder in PYTHON),
)


@cache
def texts() -> tuple[Text, ...]:
    """Everything that people read."""
    found = [Text(COMMAND_LINE, prose(commands()))]
    for name in files():
        reader = next((read for pattern, read in READERS if fnmatch(name, pattern)), None)
        if reader is not None:
            found.append(Text(name, reader((ROOT / name).read_text(encoding="utf-8"))))
    return tuple(found)


def slips(text: Text, allowed: tuple[Allowed, ...]) -> Iterator[Finding]:
    """Words that stand for a term of the glossary and are not to."""
    here = [each for each in allowed if fnmatch(text.where, each.where)]
    for place, word, term in misused(text.words):
        if not any(not each.words or any(pattern_of(known).fullmatch(word) for known in each.words) for each in here):
            yield Finding(text.where, text.line(place), f"{word!r}: say {term.name!r}, or give hil/wording/glossary.yaml a reason")


def test_every_text_keeps_to_the_glossary() -> None:
    """No help, page, lesson or document has a word that the glossary refuses, but where a reason is written."""
    findings = [finding for text in texts() for finding in slips(text, tuple(exceptions()))]

    assert not findings, told(findings)


def test_every_term_is_used() -> None:
    """Each word of the glossary stands somewhere else than in the glossary."""
    everything = "\n".join(text.words for text in texts() if not text.where.endswith("/glossary.md"))
    unused = [form for term in glossary() for form in (*term.forms, *term.also) if not pattern_of(form).search(everything)]

    assert not unused


def test_every_exception_is_needed() -> None:
    """An exception that nothing needs any more goes."""
    rows = exceptions()
    idle = [
        row
        for row in rows
        if not any(
            list(slips(text, tuple(each for each in rows if each is not row)))
            for text in texts()
            if fnmatch(text.where, row.where)
        )
    ]  # fmt: skip

    assert not idle


def test_every_exception_says_why() -> None:
    """A reason is a sentence, not a word."""
    assert all(len(each.because.split()) > len(each.where.split()) + 2 for each in exceptions())


def test_terms_are_told_apart() -> None:
    """No word stands for two things, and none is refused for one that it is the word of, or allowed for, elsewhere."""
    forms = [form for term in glossary() for form in term.forms]
    allowed = [word for term in glossary() for word in term.also]

    assert len(set(forms)) == len(forms)
    assert not [(term.name, word) for term in glossary() for word in term.banned if word in {*forms, *allowed}]


@pytest.mark.parametrize(
    "where, text",
    [
        ("a.md", "The tank is empty.\n"),
        ("a.md", "Two Tanks.\n"),
        ("a.md", "A fail safe mode.\n"),
        ("a.md", "Give 5 ml.\n"),
        ("hil/console/pages/a.html", "<p class='x'>The <b>regimen</b></p>"),
        ("hil/console/static/a.js", 'say("the cannula is open");'),
        ("hil/console/static/a.js", 'const label = "Cannula";'),
        ("hil/cli/a.py", "def f():\n    return 'the pump rejects it'\n"),
        ("hil/library/lessons/x/texts.en.yaml", "briefing: the trainee listens"),
    ],
)
def test_rule_can_fail(where: str, text: str) -> None:
    """A refused word is found in each kind of text."""
    reader = next(read for pattern, read in READERS if fnmatch(where, pattern))

    assert list(slips(Text(where, reader(text)), ()))


@pytest.mark.parametrize(
    "where, text",
    [
        ("a.md", "Run `tank`:\n\n```text\ntank\n```\n[x](tank.md) <!-- tank -->\n"),
        ("a.md", "5 mL, 3 µL; a thank-you, tank-like\n"),
        ("hil/console/pages/a.html", "<p role='alert'>The pump</p>"),
        ("hil/console/static/a.js", '// a tank\nconst TANK = h("tank", {role: "alert"});'),
        ("hil/cli/a.py", 'def f():\n    """The tank is code of ours."""\n    return "tank"\n'),
    ],
)
def test_rule_knows_what_nobody_reads(where: str, text: str) -> None:
    """Code, addresses, tags, comments and docstrings are passed over."""
    reader = next(read for pattern, read in READERS if fnmatch(where, pattern))

    assert not list(slips(Text(where, reader(text)), ()))


def test_lines_keep_their_numbers() -> None:
    """A finding names the line of the file, whatever was passed over before it."""
    text = Text("a.md", prose("# A\n\n```text\nx\n```\n\nThe tank.\n"))

    assert [finding.line for finding in slips(text, ())] == [7]
