"""Words: nothing unfinished, nothing of one machine, one title a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT, Finding, files, told

BINARY = {".png", ".ico", ".woff2", ".pcapng"}
MARKERS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "W" + "IP"]) + r")\b")
REGISTRY = re.compile(r"(?<!-emit-)(index-url|extra-index|find-links)\s*[=: ]\s*\S|https?://\S*(pypi|pythonhosted)\S*/simple")
NAMED_PATH = re.compile(r"`((?:firmware_sim|protocol|hil|tests|docs)/[\w/.-]+\w)`")
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)[^)]*\)")
HOME_FOLDERS = re.compile(r"(?<![\w.])/(home|Users)/\w+|[A-Z]:\\Users\\")


def bad_words(path: str, text: str) -> Iterator[Finding]:
    """Lines with leftover markers, package registry addresses or paths that exist on one machine only."""
    here = {f"{ROOT}/", f"{Path.home()}/"}
    for number, line in enumerate(text.splitlines(), start=1):
        if MARKERS.search(line):
            yield Finding(path, number, "a leftover marker: finish it, or say in plain words what does not work")
        if REGISTRY.search(line):
            yield Finding(path, number, "a registry address: leave it to each machine's own settings")
        if HOME_FOLDERS.search(line) or any(folder in line for folder in here):
            yield Finding(path, number, "a path of one machine: make it relative")


def stray_titles(path: str, text: str) -> Iterator[Finding]:
    """Markdown pages that do not begin with their one title."""
    prose = re.sub(r"^(```|~~~).*?^\1", lambda block: "\n" * block[0].count("\n"), text, flags=re.MULTILINE | re.DOTALL)
    titles = [number for number, line in enumerate(prose.splitlines(), start=1) if line.startswith("# ")]
    if not prose.startswith("# "):
        yield Finding(path, 1, "begin the page with its title: '# ...' on the first line")
    for number in titles[1:]:
        yield Finding(path, number, "a second title: use '## ...', or make it a page of its own")


def lost_paths(path: str, text: str) -> Iterator[Finding]:
    """Files of the tree that a page names or links to and that are not there."""
    folder = (ROOT / path).parent
    for number, line in enumerate(text.splitlines(), start=1):
        named = [ROOT / name for name in NAMED_PATH.findall(line)]
        linked = [folder / target for target in LINK.findall(line)]
        for place in (*named, *linked):
            if not place.exists():
                yield Finding(path, number, f"{place.name} is not there: name the file that took its place")


def _texts(*suffixes: str) -> Iterator[tuple[str, str]]:
    for name in files():
        suffix = Path(name).suffix
        if suffix not in BINARY and (not suffixes or suffix in suffixes):
            yield name, (ROOT / name).read_text(encoding="utf-8")


def test_tree_has_no_bad_words() -> None:
    """No file holds a leftover marker, a registry address or a path of one machine."""
    findings = [finding for name, text in _texts() for finding in bad_words(name, text)]

    assert not findings, told(findings)


def test_every_page_has_one_title() -> None:
    """Each Markdown file begins with its title and has no other."""
    findings = [finding for name, text in _texts(".md") for finding in stray_titles(name, text)]

    assert not findings, told(findings)


def test_paths_in_pages_exist() -> None:
    """Each file that a page names or links to is there."""
    findings = [finding for name, text in _texts(".md") for finding in lost_paths(name, text)]

    assert not findings, told(findings)


@pytest.mark.parametrize("line", ["See `hil/nowhere.py`.", "See [there](nowhere.md).", "![picture](images/nowhere.svg)"])
def test_rule_of_paths_can_fail(line: str) -> None:
    """A named file, a link and a picture that are not there are found."""
    assert list(lost_paths("docs/x.md", line))


@pytest.mark.parametrize(
    "line", ["x = 1  # TO" + "DO later", "--find-" + "links /x", "open('/ho" + "me/ann/x')", f"cd {ROOT}/docs", f"cat {Path.home()}/x"]
)
def test_rule_of_words_can_fail(line: str) -> None:
    """Each kind of bad word is found."""
    assert list(bad_words("x.py", line))


@pytest.mark.parametrize("text", ["No title\n", "# One\n\n# Two\n", "\n# Late\n"])
def test_rule_of_titles_can_fail(text: str) -> None:
    """A page without a title, with two, or with a late one is found."""
    assert list(stray_titles("x.md", text))


def test_rule_of_titles_knows_code() -> None:
    """A comment inside a code block is no title."""
    assert not list(stray_titles("x.md", "# One\n\n```bash\n# a comment\n```\n"))
