"""What `pumpsim verify` prints for a person: the verdicts of a run, a check, a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hil.cli.output import aligned
from hil.evidence.compare import Compared, Difference
from hil.evidence.conclusion import conclusion, part_of
from hil.evidence.files import Checked
from hil.requirements.matrix import Verdict

__all__ = ["check_data", "check_lines", "compare_lines", "run_lines"]

TOLD = (Verdict.FAILED, Verdict.OPEN, Verdict.SKIPPED, Verdict.DEVIATES)
"""Verdicts whose rows are listed with their reasons, the worst first; the others are counted."""
REASON_CHARS_MAX = 160
SHOWN_MAX = 20
IDS_A_LINE = 16
HASH_CHARS = 12


def run_lines(dossier: Mapping[str, Any], paths: Sequence[Path]) -> Iterator[str]:
    """Rows that need a look, then the counts and the verdict of all."""
    run, profile, summary = dossier["run"], dossier["profile"], dossier["summary"]
    for verdict in TOLD:
        rows: dict[str, list[str]] = {}
        for row in dossier["rows"]:
            if row["verdict"] == verdict:
                rows.setdefault(_short(row["reason"]), []).append(row["id"])
        if rows:
            yield f"{verdict}:"
            yield from aligned(
                [(" ".join(ids) if len(ids) == 1 else f"{len(ids)} rows", f"{reason}{_listed(ids)}") for reason, ids in rows.items()],
                indent=2,
            )
    skips = [(test["test"], test["reason"]) for test in dossier["tests"] if test["outcome"] == "skipped" and not test["rows"]]
    if skips:
        yield "skipped, and of no row:"
        yield from aligned(skips, indent=2)
    seed = f", seed {run['seed']}" if run["seed"] else ""
    yield f"{run['target']}: {profile['model']} firmware {profile['firmware']}, profile {profile['name']}{seed}"
    yield f"rows: {_counts(summary['rows'])}"
    measured = _some(summary["measurements"], "measurement")
    yield f"tests: {_counts(summary['tests'])}; {measured}, {summary['out_of_limits']} out of limits"
    if paths:
        yield f"evidence: {paths[1]}, {paths[0].name}, {paths[2].name}"
    yield from _verdict(dossier)


def _verdict(dossier: Mapping[str, Any]) -> Iterator[str]:
    summary = dossier["summary"]
    if summary["ok"]:
        yield conclusion(dossier)
    yield from (f"not verified{part_of(dossier)}: {line}" for line in summary["breaches"])


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "none"


def _short(text: str) -> str:
    return text if len(text) <= REASON_CHARS_MAX else f"{text[:REASON_CHARS_MAX]} ..."


def _listed(ids: Sequence[str]) -> str:
    """Rows that share a reason, below it."""
    if len(ids) == 1:
        return ""
    lines = [" ".join(ids[place : place + IDS_A_LINE]) for place in range(0, len(ids), IDS_A_LINE)]
    return "".join(f"\n{line}" for line in lines)


# ---------------------------------------------------------------- check


def check_data(found: Sequence[Checked]) -> dict[str, Any]:
    """As one object."""
    files = [{"file": str(each.path), "same": each.same, "said": each.said, "found": each.found} for each in found]
    strangers = [str(each.path) for each in _strangers(found)]
    return {"ok": all(each.same for each in found) and not strangers, "files": files, "of_another_run": strangers}


def check_lines(found: Sequence[Checked]) -> Iterator[str]:
    """One line a file, and one for each that is of another run than the JSON beside it."""
    for each in found:
        if each.same:
            yield f"{each.path}: as it was written, SHA-256 {each.found}"
        elif not each.plain:
            yield f"{each.path}: changed since it was written: its header holds more than facts"
        else:
            yield f"{each.path}: changed since it was written: its header says {each.said}, and its SHA-256 is {each.found}"
    for each in _strangers(found):
        yield f"{each.path}: of another run: it was made with an evidence.json whose SHA-256 is {each.made_with}"


def _strangers(found: Sequence[Checked]) -> list[Checked]:
    """Files that lie beside a JSON that they were not made with."""
    jsons = {each.path.parent: each.found for each in found if not each.made_with}
    return [each for each in found if each.made_with and jsons.get(each.path.parent, each.made_with) != each.made_with]


# ---------------------------------------------------------------- compare


def compare_lines(compared: Compared) -> Iterator[str]:
    """Verdicts first, each with its reason; then what else differs, the most telling first."""
    yield from aligned([("A", compared.names[0]), ("B", compared.names[1])])
    if compared.run:
        yield "asked for, or made with, otherwise:"
        yield from aligned([(each.where, f"{_hash(each.one)} in A, {_hash(each.other)} in B") for each in compared.run], indent=2)
    if compared.verdicts:
        yield f"{_some(len(compared.verdicts), 'verdict')} differ:" if len(compared.verdicts) > 1 else "1 verdict differs:"
        yield from aligned(
            [(each.where, f"{each.one} in A, {each.other} in B\n{each.why}".rstrip()) for each in compared.verdicts], indent=2
        )
    yield from _part("test", "tests ended otherwise", compared.tests)
    yield from _part("measurement", "measurements differ", compared.measurements)
    if compared.digests:
        yield f"{_some(len(compared.digests), 'pump')} left in another state, first by {compared.digests[0].where}"
    yield _conclusion(compared)


def _part(noun: str, said: str, differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        return
    yield f"{len(differences)} {said}:" if len(differences) > 1 else f"1 {noun} differs:"
    yield from (f"  {each.where}: {each.one} in A, {each.other} in B" for each in differences[:SHOWN_MAX])
    if len(differences) > SHOWN_MAX:
        yield f"  and {len(differences) - SHOWN_MAX} more: see --json"


def _conclusion(compared: Compared) -> str:
    if not compared.verdicts:
        return "the verdicts are the same"
    if not compared.undeclared:
        return "the verdicts differ exactly as the profiles declare"
    return f"the verdicts differ, and the profiles do not account for {' '.join(each.where for each in compared.undeclared)}"


def _hash(text: str) -> str:
    """A hash by its beginning."""
    return " ".join(word[:HASH_CHARS] if len(word) == 64 else word for word in text.split(" ")) or "nothing"


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
