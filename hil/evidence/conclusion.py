"""What may be concluded from a run, in one line, and no more than that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil.requirements.matrix import Verdict

__all__ = ["conclusion", "part_of"]

ELSEWHERE = (Verdict.SKIPPED, Verdict.OUTSIDE, Verdict.LATER, Verdict.OPEN)
"""Verdicts of rows that a run which went well says nothing of."""


def conclusion(dossier: Mapping[str, Any]) -> str:
    """Verified, as far as that goes; or not, with how many rows are to blame."""
    summary, part = dossier["summary"], part_of(dossier)
    rows = summary["rows"]
    if not summary["ok"]:
        counts = [f"{rows[verdict]} {verdict}" for verdict in (Verdict.FAILED, Verdict.OPEN, Verdict.SKIPPED) if rows[verdict]]
        return f"not verified{part}: of {sum(rows.values())} rows {', '.join(counts) or 'none failed, and a test did'}"
    if not any(rows.values()):
        return f"verified{part}: every test passed, and none names a row"
    unseen = [f"{rows[verdict]} {verdict}" for verdict in ELSEWHERE if rows[verdict]]
    said = f"verified{part}: every row is met, waived, or deviates as declared"
    return f"{said}, but for those not seen here: {', '.join(unseen)}" if unseen else said


def part_of(dossier: Mapping[str, Any]) -> str:
    """In brackets, what was run in place of the whole suite that ships on a healthy pump; empty for that."""
    run, suite = dossier["run"], dossier["suite"]
    parts = [f"a part of the suite: {run['selected']}"] if run["selected"] else []
    if suite["own"]:
        beside = "beside" if len(suite["own"]) < len(suite["names"]) else "in place of"
        parts.append(f"{', '.join(suite['own'])} {beside} the suite that ships")
    if run.get("mutant"):
        parts.append(f"on the mutant {run['mutant']}")
    return f" ({'; '.join(parts)})" if parts else ""
