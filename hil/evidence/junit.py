"""Evidence as JUnit XML, which the tools of test management read: a test case with its rows, measurements and digest as properties.

A test that failed as its profile declares has passed here, and says so. No times: a report of one run is the same every time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from hil.evidence.files import HEADER_BEGINS, HEADER_ENDS
from hil.requirements.outcomes import EXPECTED, FAILED, SKIPPED

__all__ = ["junit_text"]

Pair = tuple[str, object]
ELEMENTS = {FAILED: "failure", SKIPPED: "skipped"}


def junit_text(header: Mapping[str, Any], dossier: Mapping[str, Any], made_with: str) -> str:
    """The whole file."""
    tests = dossier["tests"]
    count = Counter(test["outcome"] for test in tests)
    counts = f'tests="{len(tests)}" failures="{count[FAILED]}" errors="0" skipped="{count[SKIPPED]}"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f"<testsuites {counts}>",
        f'<testsuite name="pumpsim verify" {counts}>',
        "<properties>",
    ]
    lines += [HEADER_BEGINS, *_properties(_header(header)), HEADER_ENDS, *_properties(_facts(dossier, made_with)), "</properties>"]
    for test in tests:
        lines += _case(test)
    return "\n".join([*lines, "</testsuite>", "</testsuites>"]) + "\n"


def _header(header: Mapping[str, Any]) -> Iterator[Pair]:
    for name, value in header.items():
        if name == "instruments":
            yield from (
                (f"instrument {each['kind']}", f"{each['id']} {each['calibrated']} {each['uncertainty']}".strip()) for each in value
            )
        else:
            yield name, value


def _facts(dossier: Mapping[str, Any], made_with: str) -> Iterator[Pair]:
    profile, versions = dossier["profile"], dossier["versions"]
    yield "evidence_json", made_with
    yield from ((f"run {name}", value) for name, value in dossier["run"].items())
    yield "profile", f"{profile['name']}, {profile['model']} firmware {profile['firmware']}"
    yield "profile sha256", profile["sha256"]
    yield "pumpsim", versions["pumpsim"]
    yield "wire protocol", versions["wire protocol"]
    yield "suite sha256", dossier["suite"]["sha256"]
    yield "digest", dossier["digest"]
    yield from ((f"verdict {row['id']}", row["verdict"]) for row in dossier["rows"])


def _case(test: Mapping[str, Any]) -> Iterator[str]:
    file, _, name = test["test"].partition("::")
    yield f"<testcase classname={_quoted(file.removesuffix('.py').replace('/', '.'))} name={_quoted(name)}>"
    yield from ("<properties>", *_properties(_of_test(test)), "</properties>")
    if test["outcome"] in ELEMENTS:
        yield f"<{ELEMENTS[test['outcome']]} message={_quoted(test['reason'])}/>"
    yield "</testcase>"


def _of_test(test: Mapping[str, Any]) -> Iterator[Pair]:
    yield from (("requirement", row) for row in test["rows"])
    if test["says"]:
        yield "shows", test["says"]
    if test["outcome"] == EXPECTED:
        yield "failed as declared", test["reason"]
    yield from ((f"deviation from {row}", ", ".join(profiles)) for row, profiles in test["deviation_of"].items())
    for each in test["measurements"]:
        limits = f"{_limit(each['low'])} to {_limit(each['high'])}"
        yield f"measured {each['name']}", f"{each['value']} {each['unit']} (limits {limits})"
    yield from ((name, test[name]) for name in ("seed", "digest") if test[name])


def _limit(value: float | None) -> str:
    return "none" if value is None else str(value)


def _properties(pairs: Iterator[Pair]) -> Sequence[str]:
    return [f"<property name={_quoted(str(name))} value={_quoted(str(value))}/>" for name, value in pairs]


def _quoted(text: str) -> str:
    """As an attribute; characters that XML cannot hold become a question mark."""
    return quoteattr("".join(char if char >= " " or char in "\t\n" else "?" for char in text))
