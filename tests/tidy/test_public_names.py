"""Public names stay: what changes in them is told to users first, and what pages use of the library is public."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

import pytest

from docs.public import MODULES, library
from tests.golden.public import CHANGELOG, GOLDEN, body, kept, mark, renewed, unreleased
from tests.tidy.pages import blocks
from tests.tidy.tree import ROOT, modules

HOW = "\n\nIf this is meant: say in CHANGELOG.md, under Unreleased, what changes for users, then run: python -m tests.golden.public"
INSIDE = ("docs/contributing.md", "docs/explanation/", "docs/reference/compatibility.md")
"""Pages for those who change pumpsim itself."""
BODY = "[bench]\nadvance()\n"
OLD = f"# public names {mark(BODY)}\n# changelog {mark('- nothing')}\n{BODY}"


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What code takes from our packages: module and name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in {"firmware_sim", "protocol", "hil"}:
            yield from ((node.module, alias.name) for alias in node.names)


def test_public_names_are_as_written_down() -> None:
    """Library, commands, exit codes, plugin, bench, wire and files have the names that the golden file has."""
    was, written_mark, _ = kept(GOLDEN.read_text(encoding="utf-8"))
    found = body()
    difference = "\n".join(difflib.unified_diff(was.splitlines(), found.splitlines(), "written down", "now", n=0, lineterm=""))

    assert not difference, difference + HOW
    assert written_mark == mark(was), "tests/golden/public.txt was edited by hand" + HOW


def test_pages_use_public_names_alone() -> None:
    """What a page or an example imports is public, so that it goes on working."""
    public = {(told.module, told.name) for told in library()} | {
        (module.rpartition(".")[0], module.rpartition(".")[2]) for module in MODULES
    }
    private = set()
    for path in sorted((ROOT / "docs").rglob("*.md")):
        place = path.relative_to(ROOT).as_posix()
        for block in blocks(path.read_text(encoding="utf-8")):
            if block.kind == "python" and not place.startswith(INSIDE):
                private |= {(place, *each) for each in imported(ast.parse(block.text)) if each not in public}
    for module in modules("docs/examples"):
        private |= {(module.path, *each) for each in imported(module.tree) if each not in public}

    assert not private, "make it public in docs/public.py, or use another name: " + ", ".join(map(str, sorted(private)))


def test_new_name_wants_a_line_for_users() -> None:
    """Without a new line in the changelog a new name is not written down; with one it is."""
    more = "[bench]\nadvance()\nrewind()\n"

    with pytest.raises(ValueError, match="what changes for users"):
        renewed(more, OLD, "## Unreleased\n\n- nothing\n")
    with pytest.raises(ValueError, match="what changes for users"):
        renewed(more, OLD, "## Unreleased\n\n## 1.0\n\n- rewind\n")
    assert renewed(more, OLD, "## Unreleased\n\n- Time runs backwards.\n").endswith(more)


def test_name_that_goes_wants_a_heading_of_its_own() -> None:
    """What was there and is not, or is otherwise, stands under Changed, Deprecated or Removed."""
    with pytest.raises(ValueError, match="have gone or changed"):
        renewed("[bench]\n", OLD, "## Unreleased\n\n### Added\n\n- Less.\n")
    assert renewed("[bench]\n", OLD, "## Unreleased\n\n### Removed\n\n- `advance`.\n").endswith("[bench]\n")


def test_changelog_has_a_part_for_what_comes_next() -> None:
    """The part that the rule reads is there; without an entry, as after a release, it counts as empty."""
    assert CHANGELOG.read_text(encoding="utf-8").count("\n## Unreleased\n") == 1
    assert unreleased("## Unreleased\n\n- A line.\n\n## 1.0\n\n- Old.\n") == "- A line."
    assert not unreleased("## Unreleased\n\n## 1.0\n\n- Old.\n")
