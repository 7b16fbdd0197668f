"""The pages of commands and of alarms: nothing of the command line or of the firmware's catalogue is missing on them."""

from __future__ import annotations

import re

import click
import pytest

from firmware_sim.firmware.alarms import ALARMS
from firmware_sim.profile import load_profile
from hil.cli.page import render
from hil.faults.registry import REGISTRY
from hil.pages.alarms import CAUSES
from hil.pages.alarms import render as alarm_page
from hil.requirements.table import shipped_table
from hil.wording.alarms import ALARM_WORDS
from tests.cli.tree import Leaf, leaves

LEAVES = leaves()


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """Each heading of the page with what stands below it, up to the next one."""
    parts = re.split(r"^#+ (.*)$", render(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("leaf", LEAVES, ids=[leaf.name for leaf in LEAVES])
def test_every_command_and_option_is_told(sections: dict[str, str], leaf: Leaf) -> None:
    """A command has its heading, its usage, its help, and each option in its own table or in that of all its neighbours."""
    path = f"pumpsim {leaf.name}"
    shared = sections.get(f"Options of every `{path.rpartition(' ')[0]}` command", "")
    told = sections[path] + shared
    options = [option for option in leaf.command.params if isinstance(option, click.Option)]

    assert [option.opts[-1] for option in options if option.opts[-1] not in told] == []
    assert all(option.help for option in options), "an option says what it is"
    assert f" {leaf.words[-1]} [OPTIONS]" in sections[path]


@pytest.mark.parametrize(
    "path, row",
    [
        ("pumpsim serve", r"| `--capture-ends [host\|both]` | Capture at the host's end"),
        ("pumpsim train", "| `--class N` | Places for learners. | `8`; 1 to 40 |"),
        ("pumpsim demo", "| `--report / --no-report` | Leave DIR/report.html. | `--report` |"),
        ("Variables", "| `PUMPSIM_MUTANT` | `serve --mutant` |"),
        ("Exit codes", "| 130 | interrupted by Ctrl-C |"),
        ("Exit codes", "| `pumpsim grade` | Ends with 1 if a rule is broken |"),
    ],
)
def test_defaults_bounds_variables_and_codes_are_told(sections: dict[str, str], path: str, row: str) -> None:
    """A row says what is written, what it is, and what holds if it is left out."""
    assert row in sections[path]


def test_every_alarm_is_told() -> None:
    """Each cause of the catalogue has a section with what raises it, and the rows that it names are rows of the table."""
    page = alarm_page()

    assert [alarm.cause for alarm in ALARMS] == list(CAUSES)
    assert all(f"\n## {word}\n" in page for word in ALARM_WORDS)
    assert {row for cause in CAUSES.values() for row in cause.rows} <= shipped_table().keys()


def test_every_fault_that_alarms_is_told_of() -> None:
    """A fault by which the pump notices something is named at an alarm, unless all that it leaves is a count, a boot or a line error."""
    page = alarm_page()
    quiet = re.compile(r"nothing|line error|a boot|answered from the cache|a late copy|half a frame|no alarm, no record")
    unnamed = [fault.name for fault in REGISTRY.values() if not quiet.search(fault.pump_notices) and f"[{fault.name}](" not in page]

    assert unnamed == []


def test_numbers_of_alarms_are_those_of_the_profile() -> None:
    """What raises a cause is worded with the profile's own numbers, not with copies of them."""
    raised = {cause: each.raised(load_profile("itp-40")) for cause, each in CAUSES.items()}

    assert "2 mL unless" in raised["low_reservoir"]
    assert "20 min" in raised["motor_stall"]
    assert "2 days" in raised["stopped_too_long"]
    assert "90 days after eri" in raised["eos"]
