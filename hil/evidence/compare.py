"""Two runs beside each other: which verdicts differ and whether the profiles say so, then tests, measurements and digests.

Only verdicts decide. What differs comes in the order of the table of requirements, so the first difference is the first row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hil.requirements.matrix import Verdict

__all__ = ["Compared", "Difference", "compare"]

ABSENT = "not there"
DECLARED = {str(Verdict.MET), str(Verdict.DEVIATES)}
Document = Mapping[str, Any]


class Difference(NamedTuple):
    """One thing that is not the same in both; `declared` if the profiles say that it is so."""

    where: str
    one: str
    other: str
    why: str = ""
    declared: bool = False


class Compared(NamedTuple):
    """What two runs were of, and what differs."""

    names: tuple[str, str]
    run: tuple[Difference, ...]
    verdicts: tuple[Difference, ...]
    tests: tuple[Difference, ...]
    measurements: tuple[Difference, ...]
    digests: tuple[Difference, ...]

    @property
    def undeclared(self) -> tuple[Difference, ...]:
        """Verdicts that differ and that no profile accounts for."""
        return tuple(each for each in self.verdicts if not each.declared)

    def data(self) -> dict[str, Any]:
        """As one object for programs."""
        parts = {name: [each._asdict() for each in getattr(self, name)] for name in self._fields[1:]}
        first = next((each._asdict() for each in (*self.verdicts, *self.tests, *self.measurements, *self.digests)), None)
        return {
            "compared": list(self.names),
            "first": first,
            "same_verdicts": not self.verdicts,
            "as_declared": not self.undeclared,
            **parts,
        }


def compare(one: Document, other: Document) -> Compared:
    """Look at both. Measurements of tests that ran in one only are not compared: that they did is a difference of the tests."""
    ran = {test["test"] for test in one["tests"]} & {test["test"] for test in other["tests"]}
    return Compared(
        (_name(one), _name(other)),
        tuple(_differing(_run(one), _run(other))),
        tuple(_verdicts(one, other)),
        tuple(_tests(one, other)),
        tuple(_differing(_measured(one, ran), _measured(other, ran))),
        tuple(_differing(_digests(one), _digests(other), common=True)),
    )


def _name(document: Document) -> str:
    run = document["run"]
    return f"{document['profile']['name']} at {run['target']}" + (f", seed {run['seed']}" if run["seed"] else "")


def _run(document: Document) -> dict[str, str]:
    """What was asked for, and with what it was done."""
    profile, versions = document["profile"], document["versions"]
    facts = {name: str(value) for name, value in document["run"].items()}
    facts |= {"profile": profile["name"], "numbers of the profile": profile["sha256"]}
    facts |= {"pumpsim": versions["pumpsim"], "wire protocol": versions["wire protocol"], "suite": document["suite"]["sha256"]}
    return facts | {kind: " ".join(each["sha256"] for each in versions[kind]) for kind in ("requirements", "waivers")}


def _verdicts(one: Document, other: Document) -> Iterator[Difference]:
    rows = [{row["id"]: row for row in document["rows"]} for document in (one, other)]
    for name in dict.fromkeys((*rows[0], *rows[1])):
        found = [side.get(name, {"verdict": ABSENT, "reason": ""}) for side in rows]
        if found[0]["verdict"] != found[1]["verdict"]:
            yield _verdict(name, found, (one, other))


def _verdict(name: str, found: Sequence[Mapping[str, str]], documents: Sequence[Document]) -> Difference:
    one, other = (each["verdict"] for each in found)
    owners = [document["profile"] for document in documents if name in document["profile"]["deviations"]]
    if len(owners) == 1 and {one, other} == DECLARED:
        return Difference(name, one, other, f"{owners[0]['name']} declares: {owners[0]['deviations'][name]}", declared=True)
    return Difference(name, one, other, "; ".join(dict.fromkeys(each["reason"] for each in found if each["reason"])))


def _tests(one: Document, other: Document) -> Iterator[Difference]:
    sides = [{test["test"]: test for test in document["tests"]} for document in (one, other)]
    for name in sorted(sides[0].keys() | sides[1].keys()):
        found = [side.get(name, {"outcome": "did not run", "reason": ""}) for side in sides]
        if found[0]["outcome"] != found[1]["outcome"]:
            yield Difference(name, found[0]["outcome"], found[1]["outcome"], found[0]["reason"] or found[1]["reason"])


def _measured(document: Document, ran: Collection[str]) -> dict[str, str]:
    """Values by test and name; a name that a test uses again is counted."""
    values: dict[str, str] = {}
    for test in (test for test in document["tests"] if test["test"] in ran):
        for place, each in enumerate(test["measurements"], start=1):
            key = f"{test['test']}: {each['name']}"
            values[f"{key} ({place})" if key in values else key] = f"{_number(each['value'])} {each['unit']}".strip()
    return values


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.9g}"


def _digests(document: Document) -> dict[str, str]:
    return {test["test"]: test["digest"] for test in document["tests"] if test["digest"]}


def _differing(one: Mapping[str, str], other: Mapping[str, str], *, common: bool = False) -> Iterator[Difference]:
    """Entries that differ, in the order of the first; `common` leaves out what only one has."""
    for name in dict.fromkeys((*one, *other)):
        values = one.get(name, ABSENT), other.get(name, ABSENT)
        if values[0] != values[1] and not (common and ABSENT in values):
            yield Difference(name, *values)
