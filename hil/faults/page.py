"""The page of faults, made from the registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from hil.faults.parameters import Setting
from hil.faults.registry import REGISTRY, Fault

__all__ = ["render"]

HEAD = """# Faults

Generated from the fault registry, `hil/faults/registry.py`. How to inject, schedule and replay them:
[inject-faults.md](../how-to/inject-faults.md).

"The pump notices" is what the firmware could know, and when; "the pump misses" is what it cannot. "In truth" is what is so meanwhile.
"Known from" is where such a fault was seen or is written about. "The host notices" is what a client sees that keeps the protocol.
Words such as motor_stall are alarm causes.
"""


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    for family, faults in groupby(sorted(REGISTRY.values(), key=_family), key=_family):
        rows = list(faults)
        parts += [f"## {family}.*\n", *_known(rows), ""]
        for fault in rows:
            parts += list(_section(fault))
    return "\n".join(parts)


def _family(fault: Fault) -> str:
    return fault.name.partition(".")[0]


def _known(rows: list[Fault]) -> Iterator[str]:
    """Who notices what, and what is so."""
    yield from _table(
        ("fault", "the pump notices", "the pump misses", "in truth", "known from"),
        [(f"[{fault.name}](#{_anchor(fault)})", fault.pump_notices, fault.pump_misses, fault.truth, fault.origin) for fault in rows],
    )


def _anchor(fault: Fault) -> str:
    """What a heading's link is made of: its letters, digits and underscores."""
    return fault.name.replace(".", "")


def _section(fault: Fault) -> Iterator[str]:
    yield f"### {fault.name}\n"
    facts = [
        ("the host notices", fault.host_notices),
        ("stays", fault.stays),
        ("counts", fault.counts),
        ("played by", fault.owner),
    ]
    yield from _table(("", ""), [(name, text) for name, text in facts if text])
    if fault.settings:
        yield ""
        rows = [(f"`{row.name}`", row.meaning, row.range_text(), _default(row)) for row in fault.settings]
        yield from _table(("parameter", "meaning", "range", "default"), rows)
    yield ""


def _default(setting: Setting) -> str:
    if setting.default is None:
        return "none" if setting.optional else "must be given"
    return f"{setting.default:,}" if isinstance(setting.default, int) else f"`{setting.default}`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
