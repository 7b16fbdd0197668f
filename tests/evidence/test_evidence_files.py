"""Evidence as data: what a report becomes, what a changed file gives away, what two runs differ in."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hil.cli.verify_view import check_data, check_lines, compare_lines, run_lines
from hil.errors import UsageError
from hil.evidence.compare import compare
from hil.evidence.files import HEADER_BEGINS, NAMES, check_files, evidence_in, write_evidence
from hil.requirements.outcomes import read_outcomes

HEADER = {
    "date": "2026-03-01T08:00:00Z",
    "operator": 'A. "B" <C>',
    "machine": "bench 3",
    "python": "3.11",
    "unit_serial": "ITP-40-1",
    "instruments": [{"kind": "balance", "id": "BAL-007", "calibrated": "2026-02-01", "uncertainty": "0.02 mg"}],
}


def document() -> dict[str, Any]:
    """One row, shown by one test with one measurement and one curve."""
    measured = {"name": "flow <error>", "value": -2.5, "unit": "%", "low": -14.5, "high": 14.5, "good": True}
    curve = {"name": "delivered", "xs": [0, 1, 2], "ys": [0.0, 10.5, 21.0], "x_unit": "hours", "y_unit": "uL"}
    row = {"id": "FR-04", "section": "flow", "applies": "as-is", "requirement": "it & <that>", "observable": "seen", "source": "a rule"}
    test = {"test": "own/test_own.py::test_a[1]", "says": "It is so.", "outcome": "passed", "reason": "", "rows": ["FR-04"]}
    return {
        "format": "pumpsim evidence 1",
        "summary": {
            "ok": True,
            "rows": {"met": 1, "deviates (declared)": 0, "failed": 0, "skipped": 0, "waived": 0, "later": 0, "outside": 0, "open": 0},
            "tests": {"passed": 1},
            "measurements": 1,
            "out_of_limits": 0,
            "breaches": [],
        },
        "run": {"target": "pumpsim://itp-40-next?seed=1", "way": "in process", "seed": "1", "order": "as listed", "selected": ""},
        "digest": "d" * 64,
        "versions": {"pumpsim": "0.1", "wire protocol": "1.2", "requirements": [{"name": "r", "sha256": "1" * 64}], "waivers": []},
        "suite": {"names": ["own"], "own": ["own"], "settings": [], "tests": 1, "sha256": "2" * 64},
        "profile": {
            "name": "itp-40-next",
            "model": "ITP-40-NEXT",
            "firmware": "2.0",
            "sha256": "3" * 64,
            "deviations": {},
            "sourced": 0,
            "assumed": 1,
            "numbers": [{"number": "motor.step_nl", "value": 250, "provenance": "assumed", "from": "one step"}],
        },
        "rows": [{**row, "verdict": "met", "reason": "", "grounds": "", "tests": [test["test"]]}],
        "tests": [{**test, "deviation_of": {}, "seed": "1", "digest": "e" * 64, "measurements": [measured], "curves": [curve]}],
    }


def deviating() -> dict[str, Any]:
    """The same of a pump whose profile declares that it does otherwise."""
    other = document()
    other["profile"] |= {"name": "itp-40", "deviations": {"FR-04": "it stops"}}
    other["rows"][0] |= {"verdict": "deviates (declared)", "reason": "it stops"}
    other["tests"][0] |= {"outcome": "failed as declared", "reason": "it stops"}
    return other


class TestCheck:
    def test_header_may_be_another_and_the_rest_not(self, tmp_path: Path) -> None:
        """Two runs differ in the block of the header alone, which names the hash."""
        write_evidence(tmp_path / "a", HEADER, document())
        write_evidence(tmp_path / "b", HEADER | {"operator": "D", "date": "2027-01-01T00:00:00Z"}, document())
        found = check_files([tmp_path / "a", tmp_path / "b"])

        assert [each.same for each in found] == [True] * 6
        assert [each.found for each in found[:3]] == [each.found for each in found[3:]]
        assert (tmp_path / "a" / NAMES[0]).read_bytes() != (tmp_path / "b" / NAMES[0]).read_bytes()

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize(("old", "new"), [("FR-04", "FR-05"), ("-2.5", "-1.5"), ("1.2", "1.3")])
    def test_any_change_is_found(self, tmp_path: Path, name: str, old: str, new: str) -> None:
        """Of a row, a value, a version, in each of the files."""
        write_evidence(tmp_path, HEADER, document())
        path = tmp_path / name
        path.write_text(path.read_text().replace(old, new, 1))
        found = check_files([tmp_path])

        assert [each.path.name for each in found if not each.same] == [name]
        assert not check_data(found)["ok"]
        assert any("changed since it was written" in line for line in check_lines(found))

    def test_file_of_another_run_is_found(self, tmp_path: Path) -> None:
        """Each is as it was written, and they do not belong together."""
        write_evidence(tmp_path, HEADER, document())
        page = (tmp_path / "evidence.html").read_text()
        write_evidence(tmp_path, HEADER, deviating())
        (tmp_path / "evidence.html").write_text(page)
        found = check_files([tmp_path])

        assert all(each.same for each in found)
        assert not check_data(found)["ok"]
        assert "of another run" in list(check_lines(found))[-1]

    def test_second_header_is_refused(self, tmp_path: Path) -> None:
        """Nobody hides a line in a block that no hash covers."""
        write_evidence(tmp_path, HEADER, document())
        path = tmp_path / "evidence.html"
        text = path.read_text()
        first, last = text.index("\n<!-- header"), text.index("end of header -->\n")
        path.write_text(text + text[first + 1 : last] + "end of header -->\n")

        with pytest.raises(UsageError, match="more than one"):
            check_files([path])

    def test_text_of_others_is_shown_and_not_run(self, tmp_path: Path) -> None:
        """Names with markup in them stay names, on the page and in JUnit XML."""
        write_evidence(tmp_path, HEADER, document())
        page, junit = ((tmp_path / name).read_text() for name in NAMES[1:])

        assert "it &amp; &lt;that&gt;" in page
        assert "<that>" not in page + junit
        assert "flow &lt;error&gt;" in junit


class TestCompare:
    def test_declared_difference_is_told_from_another(self) -> None:
        """The profile of one declares it: as declared. Nobody declares it: not."""
        declared, silent = compare(deviating(), document()), deviating()
        silent["profile"]["deviations"] = {}

        assert (len(declared.verdicts), declared.undeclared) == (1, ())
        assert [each.where for each in compare(silent, document()).undeclared] == ["FR-04"]

    @pytest.mark.parametrize(
        ("change", "part", "where"),
        [
            (lambda doc: doc["rows"].clear(), "verdicts", "FR-04"),
            (lambda doc: doc["tests"][0].update(outcome="skipped"), "tests", "own/test_own.py::test_a[1]"),
            (lambda doc: doc["tests"][0]["measurements"][0].update(value=-2.6), "measurements", "own/test_own.py::test_a[1]: flow <error>"),
            (lambda doc: doc["tests"][0].update(digest="f" * 64), "digests", "own/test_own.py::test_a[1]"),
            (lambda doc: doc["run"].update(seed="2"), "run", "seed"),
        ],
        ids=["row", "test", "measurement", "digest", "seed"],
    )
    def test_each_kind_of_difference_is_found(self, change: Callable[[dict[str, Any]], None], part: str, where: str) -> None:
        """Once, under its name."""
        other = copy.deepcopy(document())
        change(other)
        compared = compare(document(), other)

        assert [each.where for each in getattr(compared, part)] == [where]
        assert any(where in line for line in compare_lines(compared))

    def test_only_verdicts_decide(self) -> None:
        """Another digest is told, and the verdicts are the same."""
        other = document()
        other["tests"][0]["digest"] = "f" * 64

        assert list(compare_lines(compare(document(), other)))[-1] == "the verdicts are the same"


class TestReading:
    def test_evidence_gives_the_outcomes_of_its_tests(self, tmp_path: Path) -> None:
        """So the matrix of the project counts what the suite has shown."""
        write_evidence(tmp_path, HEADER, deviating())
        (outcome,) = read_outcomes([tmp_path / "evidence.json"])

        assert (outcome.id, outcome.outcome, outcome.profile) == ("FR-04", "failed as declared", "itp-40")

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"header": {}}'])
    def test_what_is_no_evidence_is_refused(self, tmp_path: Path, text: str) -> None:
        """With what to name instead."""
        (tmp_path / "e.json").write_text(text)

        with pytest.raises(UsageError, match="evidence"):
            evidence_in(tmp_path / "e.json")

    def test_json_has_a_line_for_each_test(self, tmp_path: Path) -> None:
        """Two files can be compared line by line."""
        write_evidence(tmp_path, HEADER, document())
        lines = (tmp_path / "evidence.json").read_text().splitlines()

        assert sum(line.startswith('  {"test":') for line in lines) == 1
        assert json.loads("\n".join(lines)) == {"header": evidence_in(tmp_path / "evidence.json")["header"], **document()}


def test_rows_that_share_a_reason_are_told_once() -> None:
    """Forty open rows are one paragraph."""
    many = document()
    row = many["rows"][0] | {"verdict": "open", "reason": "no test shows it"}
    many["rows"] = [{**row, "id": f"FR-{place}"} for place in range(40)]
    many["summary"]["breaches"] = ["open, and must not be: FR-0"]
    lines = list(run_lines(many, ()))

    assert sum("no test shows it" in line for line in lines) == 1
    assert all(f"FR-{place}" in " ".join(lines) for place in range(40))


@pytest.mark.parametrize(
    "planted", ["<script>hide()</script>", "<h1>EVERYTHING MET</h1>", '<p style="display:none">', '<dd onclick="x()">']
)
def test_header_that_holds_more_than_facts_is_told(tmp_path: Path, planted: str) -> None:
    """No hash covers the header, so nothing may be planted there that acts, or looks like a verdict."""
    write_evidence(tmp_path, HEADER, document())
    page = tmp_path / "evidence.html"
    page.write_text(page.read_text().replace(HEADER_BEGINS, f"{HEADER_BEGINS}\n{planted}"))

    assert [each.same for each in check_files([page])] == [False]
