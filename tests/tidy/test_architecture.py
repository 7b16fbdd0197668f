"""The picture of the architecture is what the imports say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from xml.etree import ElementTree as ET

import grimp
import pytest

from docs.architecture import IMAGE, MAP, Edges, implied, imports_of, layers_of, whole
from docs.architecture import pages as made
from tests.tidy.tree import ROOT, files

PACKAGES = ("hil", "firmware_sim", "protocol")
COMMAND_LINE = ".__main__"
USERS = {"README.md", "pyproject.toml", "firmware_sim", "protocol", "hil", "tests", "docs"}
BESIDE = {".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "PKG-INFO", "constraints.txt"}
"""What else stands at the top: for make, for package tools, for the law."""
DOWNWARD = re.compile(r"M[\d.]+ ([\d.]+) C[\d.]+ [\d.]+ [\d.]+ [\d.]+ [\d.]+ ([\d.]+)")


@cache
def graph() -> grimp.ImportGraph:
    """All imports, as another reader of the source finds them: the one that `make check` uses."""
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)


@cache
def pages() -> dict[str, str]:
    """Picture and map."""
    return made()


def reach(edges: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Who reaches whom."""
    below: dict[str, set[str]] = {}
    for source, target in edges:
        below.setdefault(source, set()).add(target)
    found = set()
    for start in below:
        waiting, seen = [start], set[str]()
        while waiting:
            more = below.get(waiting.pop(), set()) - seen
            seen |= more
            waiting += more
        found |= {(start, end) for end in seen}
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_are_the_imports(package: str) -> None:
    """The arrows are drawn from the imports that the source has, no more and no fewer, as two readers of it agree."""
    found = {
        (importer.split(".")[1], imported.split(".")[1])
        for importer in graph().modules
        if importer.startswith(f"{package}.") and not importer.endswith(COMMAND_LINE)
        for imported in graph().find_modules_directly_imported_by(importer)
        if imported.startswith(f"{package}.")
    }

    assert imports_of(package) == {(a, b) for a, b in found if a != b}


def test_thick_arrows_are_the_imports_between_packages() -> None:
    """Hil imports the other two, and those two nobody."""
    assert whole() == {("hil", "firmware_sim"), ("hil", "protocol")}


@pytest.mark.parametrize("package", PACKAGES)
def test_arrow_left_out_is_said_by_others(package: str) -> None:
    """Without the arrows that are left out one gets from anywhere to wherever one got with them; without any other one does not."""
    edges = imports_of(package)
    kept = edges - implied(edges)

    assert reach(kept) == reach(edges)
    assert all(reach(kept - {edge}) != reach(edges) for edge in kept)


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_imports_upwards(package: str) -> None:
    """Each import goes from a layer of the contract to a lower one."""
    level = {name: at for at, row in enumerate(layers_of(package)) for name in row}

    assert all(level[source] < level[target] for source, target in imports_of(package))


def test_picture_has_every_part_once() -> None:
    """Each folder and each module of the three packages stands in a box, and each arrow points down."""
    picture = pages()[IMAGE]
    boxes = [text.text or "" for text in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  # our own
    names = sorted(name for box in boxes for name in box.split(" · "))
    parts = sorted(name for package in PACKAGES for row in layers_of(package) for name in row)
    heads = [*PACKAGES, *(box for box in boxes if box.count(" ") and " · " not in box)]

    assert names == sorted([*parts, *heads])
    assert all(float(top) < float(end) for top, end in DOWNWARD.findall(picture))


@pytest.mark.parametrize(
    ("edges", "more"),
    [
        (frozenset({("a", "b"), ("b", "c"), ("a", "c")}), {("a", "c")}),
        (frozenset({("a", "b"), ("a", "c")}), set()),
        (frozenset({("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")}), {("a", "d")}),
    ],
)
def test_implied_edge_is_found(edges: Edges, more: set[tuple[str, str]]) -> None:
    """An edge is implied when a longer way leads to the same place."""
    assert implied(edges) == more


def test_map_tells_of_every_part() -> None:
    """Each folder and module has a row in the map of the code, and something in it."""
    rows = re.findall(r"\| `([\w/.]+)` \| (.+?) \|", pages()[MAP])

    assert len(rows) == sum(len(row) for package in PACKAGES for row in layers_of(package))
    assert all(said for _, said in rows)


PATHS = re.compile(r"`((?:\.ci|docs|firmware_sim|hil|protocol|tests)/[\w/.*-]+)`")
"""A path of the tree, as pages write it."""


@pytest.mark.parametrize("page", ["docs/contributing.md", "docs/explanation/architecture.md"])
def test_path_in_the_map_exists(page: str) -> None:
    """Whoever follows the pages about the code arrives somewhere."""
    named = set(PATHS.findall((ROOT / page).read_text(encoding="utf-8")))

    assert named
    assert not [path for path in named if not any(ROOT.glob(path))]


def test_every_folder_of_tests_is_told() -> None:
    """Contributing says of each folder below tests/ what it holds."""
    told = set(PATHS.findall((ROOT / "docs/contributing.md").read_text(encoding="utf-8")))
    folders = {f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if any(path.glob("*.py"))}

    assert folders <= told


def test_top_of_the_tree_is_the_users_layout() -> None:
    """What a newcomer sees first are the three packages, their tests and documents, and little else."""
    top = {name.split("/")[0] for name in files()}

    assert USERS <= top <= USERS | BESIDE
