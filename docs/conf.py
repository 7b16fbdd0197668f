"""How the site is made of the Markdown in this folder: `make site`. Nothing in it is fetched from elsewhere, neither now nor when read.

Pages stay plain Markdown that reads well as it lies in the repository. Two things are added on the way: a page named index.md leads to what
its lists link to, in that order, and a link to a file that is no page leads to a page that shows the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

project = "pumpsim"
version = release = installed("pumpsim")
author = "The pumpsim authors"
project_copyright = author
language = "en"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["**/__pycache__"]
myst_heading_anchors = 6
nitpicky = True

html_theme = "furo"
html_title = f"pumpsim {version}"
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]

FILES = "files"
PAGES_OF_OTHERS = {"README.md": "index", "CHANGELOG.md": "changelog", "LICENSE": "licence"}
"""What lies beside this folder and has a page here under another name."""
LISTED = re.compile(r"^- \[[^]]*\]\((?P<listed>[^)#:]+)\.md\)|\]\((?P<beside>[^)#:/]+)\.md\)", re.MULTILINE)
"""What an index leads to: the page that begins a line of a list, and any page beside the index."""


def lead_on(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the pages that an index lists into the table of contents."""
    if docname.rpartition("/")[2] == "index":
        found = dict.fromkeys(match["listed"] or match["beside"] for match in LISTED.finditer(source[0]))
        source[0] += "\n".join(["", "", "```{toctree}", ":hidden:", *found, "```", ""])


def show_files(app: Sphinx, doctree: nodes.document) -> None:
    """Turn links to files that are no pages into links to pages that show them; remember which."""
    shown = []
    for node in [*doctree.findall(addnodes.download_reference), *doctree.findall(addnodes.pending_xref)]:
        name = _lies_at((DOCS / app.env.docname).parent / node["reftarget"])
        page = PAGES_OF_OTHERS.get(name, f"{FILES}/{name}")
        if not name or app.env.path2doc(ROOT / name) in app.env.found_docs:
            continue
        if page.startswith(f"{FILES}/"):
            shown.append(name)
        target = app.builder.get_relative_uri(app.env.docname, page)
        node.replace_self(nodes.reference("", "", *node.children, internal=True, refuri=target))
    app.env.metadata[app.env.docname]["shows"] = shown


def _lies_at(place: Path) -> str:
    """The file that a link means, from the top of the repository; nothing if there is none. Sphinx has taken .md off by now."""
    found = next(
        filter(Path.is_file, (place.resolve(), place.with_name(f"{place.name}.md").resolve(), place.resolve() / "README.md")), ROOT
    )
    return found.relative_to(ROOT).as_posix() if found != ROOT and found.is_relative_to(ROOT) else ""


def file_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """A page for each of those files, its text coloured, and the file itself beside the page."""
    for name in sorted({name for found in app.env.metadata.values() for name in found.get("shows", ())}):
        text = (ROOT / name).read_text(encoding="utf-8")
        try:
            lexer = get_lexer_for_filename(name)
        except ClassNotFound:
            lexer = TextLexer()
        beside = app.outdir / FILES / name
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        head = f'<h1>{beside.name}</h1><p><code>{name}</code> · <a href="{beside.name}" download>Save the file</a></p>'
        yield f"{FILES}/{name}", {"title": name, "body": head + highlight(text, lexer, HtmlFormatter())}, "page.html"


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", lead_on)
    app.connect("doctree-read", show_files, priority=400)  # before Sphinx collects downloads
    app.connect("html-collect-pages", file_pages)
    app.add_lexer("csv", TextLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
