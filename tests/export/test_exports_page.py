"""The commands of docs/how-to/exports.md that need other tools are run too, where those are."""

from __future__ import annotations

import re
from pathlib import Path

from protocol.export.wireshark import render
from tests.export.readings import CAPTURES
from tests.export.tools import run, tool
from tests.tidy.pages import Terminal, blocks
from tests.tidy.tree import ROOT

HERE = "tests/export/test_exports_page.py"


def test_commands_with_other_tools_work(tmp_path: Path) -> None:
    """The page from its beginning, with tshark and gcc: what they print is what it shows."""
    tool("tshark")
    tool("gcc")
    ran = 0
    with Terminal(tmp_path) as terminal:
        for block in blocks((ROOT / "docs/how-to/exports.md").read_text(encoding="utf-8")):
            if block.act == "file":
                (tmp_path / block.detail).write_text(block.text, encoding="utf-8")
            elif block.kind == "console" and (block.act != "not run" or HERE in block.detail):
                for command in block.commands():
                    (terminal.start if block.act == "background" else terminal.run)(command)
                    ran += HERE in block.detail

    assert ran == 5


def test_filters_of_the_page_are_known(tmp_path: Path) -> None:
    """Each filter that the page lists is one that tshark takes with the dissector."""
    page = (ROOT / "docs/how-to/exports.md").read_text(encoding="utf-8")
    filters = re.findall(r"`(pumpsim\.[^`]+)`", "\n".join(line for line in page.splitlines() if line.startswith("| `pumpsim.")))
    script = tmp_path / "pumpsim.lua"
    script.write_text(render(), encoding="utf-8")
    command: list[str | Path] = [
        tool("tshark"),
        "-X",
        f"lua_script:{script}",
        "-r",
        CAPTURES[0],
        "-Y",
        " || ".join(f"({each})" for each in filters),
    ]

    assert len(filters) > 7
    assert run(command)
