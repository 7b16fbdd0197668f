"""Every fenced block of the documents is looked at by something: run, written and used, read by a reader of ours, or it says why not."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import textwrap
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from hil.rig.file import read_rig_file
from tests.conftest import TOLD_PROPERTY
from tests.tidy.pages import Block, blocks
from tests.tidy.test_docs_commands import PAGES
from tests.tidy.tree import ROOT

FENCE = re.compile(r"^\s*(?:```|~~~)", re.MULTILINE)
FOR_THE_SITE = {"docs/changelog.md", "docs/licence.md"}
"""Pages of the site alone, which show a file from above docs/."""
ALL = [(name, block) for name, found in PAGES.items() for block in found]
LISTS = {"scenario": "steps", "lesson": "then"}
"""Where a list stands that is shown without its key."""
TARGET = 'target: {in_process: "pumpsim://itp-40"}\n'
PYTEST_FINDS = {"conftest.py"}


def yaml(text: str) -> Any:
    """YAML as plain data."""
    return YAML(typ="safe", pure=True).load(text)


PARSERS: Mapping[str, Callable[[str], object]] = {
    "python": lambda text: ast.parse(textwrap.dedent(text)),
    "yaml": yaml,
    "json": json.loads,
    "toml": tomllib.loads,
    "csv": lambda text: list(csv.reader(io.StringIO(text), strict=True)),
}


def read_as(block: Block, folder: Path) -> None:
    """Read a block as what its comment says it is. Raises an error of the reader."""
    match block.detail.removeprefix("part of ").removeprefix("a "):
        case "rig" as kind:
            place = folder / "rig.yaml"
            place.write_text(block.text if block.detail == kind else TARGET + block.text, encoding="utf-8")
            read_rig_file(place)
        case "scenario" | "lesson" as kind:
            schema = json.loads((ROOT / f"docs/reference/{kind}.schema.json").read_text(encoding="utf-8"))
            found = yaml(block.text)
            part = {LISTS[kind]: found} if isinstance(found, list) else found or {}
            jsonschema.validate(part, {**schema, "required": []})
        case path:
            assert within(yaml(block.text), yaml((ROOT / path).read_text(encoding="utf-8"))), f"{path} says otherwise"


def within(part: Any, whole: Any) -> bool:
    """Whether all that a part says stands in the whole."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and within(value, whole[key]) for key, value in part.items())
    return bool(part == whole)


def looked_at(name: str, block: Block, folder: Path) -> str:
    """What looks at a block. Raises an AssertionError, or an error of a reader, where nothing does."""
    if block.kind in PARSERS:
        PARSERS[block.kind](block.text)
    match block.act:
        case "file":
            others = [other.text for other in PAGES.get(name, ()) if other is not block]
            used = Path(block.detail).name in PYTEST_FINDS or any(Path(block.detail).stem in text for text in others)
            assert used, "nothing on the page uses this file"
            return "written as a file"
        case "not run":
            assert block.detail, "say why: <!-- not run: REASON -->"
            return "not run, with the reason"
        case "read as":
            read_as(block, folder)
            return "read by a reader of ours"
    assert block.kind in {"console", "python", "text"}, "write it as a file, say what it is to be read as, or why not"
    return "printed text" if block.kind == "text" else "run"


def told_of(name: str, block: Block, folder: Path) -> str:
    """The kind of a block and what looks at it; an error says where."""
    try:
        return f"{block.kind} {looked_at(name, block, folder)}"
    except Exception as error:
        raise AssertionError(f"{name}:{block.line}: {error}") from error


def test_every_block_is_looked_at(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """A block is run, written and used, read by a reader of ours, printed text, or says why not; none escapes, and all are counted."""
    stray = [
        name
        for name, found in PAGES.items()
        if name not in FOR_THE_SITE and len(FENCE.findall((ROOT / name).read_text(encoding="utf-8"))) != 2 * len(found)
    ]
    counts = Counter(told_of(name, block, tmp_path) for name, block in ALL)

    record_property(TOLD_PROPERTY, f"{len(ALL)} blocks: {', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))}")
    assert not stray, "a fence begins at the left edge, with three backticks and one word for its kind"


@pytest.mark.parametrize(
    "page",
    [
        "```yaml\na: 1\n```\n",
        "```rust\nfn main() {}\n```\n",
        "```python\nif\n```\n",
        "<!-- not run -->\n```console\n$ fly\n```\n",
        "<!-- file: lost.py -->\n```python\n1\n```\n",
        "<!-- read as: rig -->\n```yaml\ntarger: {}\n```\n",
        "<!-- read as: part of a scenario -->\n```yaml\n- expcet: []\n```\n",
        "<!-- read as: part of firmware_sim/profiles/itp-40.yaml -->\n```yaml\nmotor: {step_nl: {value: 1}}\n```\n",
    ],
    ids=["nobody", "unknown", "syntax", "no-reason", "unused", "rig", "scenario", "profile"],
)
def test_rule_of_blocks_can_fail(page: str, tmp_path: Path) -> None:
    """A block that nothing looks at, a wrong one, one without a reason and a file that nothing uses are refused."""
    (block,) = blocks(page)

    with pytest.raises(Exception, match=r".+"):
        looked_at("page.md", block, tmp_path)
