"""The site is built from the documents without a warning, and nothing in it is dead or fetched from elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

from tests.conftest import TOLD_PROPERTY
from tests.tidy.tree import ROOT, files

FETCHED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href"), ("object", "data"), ("use", "href")}
"""What a browser asks for by itself when it opens a page."""
IN_STYLES = re.compile(r"@import|url\(\s*['\"]?(?:https?:)?//|@font-face")
IN_SCRIPTS = re.compile(r"(?:fetch|import|importScripts)\(\s*['\"`](?:https?:)?//")


class Page(HTMLParser):
    """A built page: what it can be entered at, where its links lead, and what it makes a browser fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (tag, name) == ("a", "name"):
                self.anchors.add(value or "")
            elif (tag, name) in FETCHED:
                self.fetched.append(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.append(value or "")


class Site(NamedTuple):
    """A built site: every page by its place."""

    folder: Path
    pages: dict[Path, Page]


def read(folder: Path) -> Site:
    """Parse every page below a folder."""
    return Site(folder, {path: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))})


def dead(site: Site) -> Iterator[str]:
    """Links and pictures that lead to no file of the site, or to no place on a page of it."""
    for path, page in site.pages.items():
        for link in [*page.links, *page.fetched]:
            address, anchor = urldefrag(link)
            if urlsplit(link).scheme:
                continue
            target = (path.parent / unquote(urlsplit(address).path)).resolve() if address else path
            beyond = target in site.pages and unquote(anchor) not in site.pages[target].anchors
            if not target.is_file() or beyond:
                yield f"{path.relative_to(site.folder)}: {link}"


def foreign(site: Site) -> Iterator[str]:
    """What a browser would fetch from another machine."""
    for path, page in site.pages.items():
        yield from (f"{path.relative_to(site.folder)}: {link}" for link in page.fetched if urlsplit(link).netloc)
    for pattern, kind in ((IN_STYLES, "*.css"), (IN_SCRIPTS, "*.js")):
        for path in sorted(site.folder.rglob(kind)):
            yield from (f"{path.relative_to(site.folder)}: {found[0]}" for found in pattern.finditer(path.read_text(encoding="utf-8")))


def searched(site: Site) -> set[str]:
    """The words that search knows. Its index is loaded as a script, so that it works without a server."""
    assert any("searchindex.js" in link for link in site.pages[site.folder / "search.html"].fetched)
    index = (site.folder / "searchindex.js").read_text(encoding="utf-8")
    return set(json.loads(index.removeprefix("Search.setIndex(").rstrip().removesuffix(")"))["terms"])


def test_site_is_whole(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Built as by `make site`: each document is a page, each link leads somewhere, nothing comes from elsewhere, search works."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-n", "-q", "-d", str(tmp_path / "trees")]
    done = subprocess.run([*command, "docs", str(tmp_path / "site")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    site = read(tmp_path / "site")
    wanted = {name.removeprefix("docs/").removesuffix(".md") for name in files() if name.startswith("docs/") and name.endswith(".md")}
    made = {path.relative_to(site.folder).as_posix().removesuffix(".html") for path in site.pages}

    record_property(TOLD_PROPERTY, f"site: {len(site.pages)} pages, {sum(len(page.links) for page in site.pages.values())} links")
    assert not wanted - made
    assert not list(dead(site))
    assert not list(foreign(site))
    assert {"occlus", "trumpet", "lockout"} <= searched(site)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<a href="b.html">x</a>', dead),
        ('<a href="#there">x</a>', dead),
        ('<img src="none.png">', dead),
        ('<script src="https://cdn.example/x.js"></script>', foreign),
        ('<link rel="stylesheet" href="//fonts.example/x.css">', foreign),
    ],
    ids=["page", "anchor", "picture", "script", "style"],
)
def test_rules_of_the_site_can_fail(body: str, rule: Callable[[Site], Iterator[str]], tmp_path: Path) -> None:
    """A dead link, a missing place, a missing picture, and scripts and styles from elsewhere are found, one each."""
    (tmp_path / "a.html").write_text(f"<html><body id='here'><a href='#here'>x</a>{body}</body></html>", encoding="utf-8")

    assert len(list(rule(read(tmp_path)))) == 1
