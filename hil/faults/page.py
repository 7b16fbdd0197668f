"""The page of faults, made from the registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from hil.faults.parameters import Setting
from hil.faults.registry import REGISTRY, Fault

__all__ = ["render"]

HEAD = """# Faults

Generated from the fault registry, `hil/faults/registry.py`. How to inject, schedule and replay them: [inject-faults.md](inject-faults.md).

A fault stays until it is cleared, or happens once. "Pump notices" is what the firmware could know. "Host notices" is what a client sees
that keeps the protocol.
"""


def render() -> str:
    """The whole page."""
    rows = sorted(REGISTRY.values(), key=lambda fault: fault.name.partition(".")[0])
    parts = [HEAD, *_summary(rows)]
    for family, faults in groupby(rows, key=lambda fault: fault.name.partition(".")[0]):
        parts.append(f"\n## {family}.*\n")
        for fault in faults:
            parts += list(_section(fault))
    return "\n".join(parts) + "\n"


def _summary(rows: list[Fault]) -> Iterator[str]:
    yield from _table(
        ("fault", "owner", "stays", "pump notices"),
        [(f"`{fault.name}`", fault.owner, "until cleared" if fault.lasting else "once", fault.pump_notices) for fault in rows],
    )


def _section(fault: Fault) -> Iterator[str]:
    yield f"### {fault.name}\n"
    facts = [
        ("does", fault.does),
        ("owner", fault.owner),
        ("stays", "until cleared" if fault.lasting else "happens once"),
        ("counts", fault.counts),
        ("pump notices", fault.pump_notices),
        ("host notices", fault.host_notices),
        ("origin", fault.origin),
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
