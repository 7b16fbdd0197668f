"""Requirements judged: the table, a run's outcomes, the matrix, and what is printed of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hil.errors import UsageError
from hil.requirements import Matrix, Outcome, Verdict, read_outcomes, read_table, read_waivers, write_outcomes
from hil.requirements.matrix import Evidence
from hil.requirements.outside import Outside
from hil.requirements.page import render
from hil.requirements.table import Requirement, shipped_table
from hil.requirements.waivers import Waiver

COLUMNS = "id,section,applies,requirement,observable,source\n"
ROWS = {
    name: Requirement(name, "flow", applies, "do it", "it is done", "a rule")
    for name, applies in (("FR-01", "as-is"), ("FR-02", "as-is"), ("FR-03", "modified"))
}
PROFILE = "itp-40"
REASON = "A reason that is long enough."


def ran(test: str, name: str = "FR-01", outcome: str = "passed", *deviates: str) -> Outcome:
    """What became of one test of a row."""
    return Outcome(f"tests/unit/test_x.py::{test}", name, deviates, outcome)


def judged(
    *outcomes: Outcome, waivers: Mapping[str, Waiver] | None = None, deviations: Mapping[str, str] | None = None, profile: str = PROFILE
) -> Matrix:
    """The three rows, judged."""
    return Matrix.judge(ROWS, waivers or {}, Evidence(outcomes, profile, deviations or {}))


def verdict(matrix: Matrix, name: str = "FR-01") -> Verdict:
    """That of one row."""
    return next(row.verdict for row in matrix.rows if row.requirement.id == name)


class TestMatrix:
    @pytest.mark.parametrize(
        ("outcomes", "expected"),
        [
            ([], Verdict.OPEN),
            (["passed"], Verdict.MET),
            (["passed", "passed"], Verdict.MET),
            (["passed", "failed"], Verdict.FAILED),
            (["skipped", "failed"], Verdict.FAILED),
            (["passed", "skipped"], Verdict.SKIPPED),
            (["skipped"], Verdict.SKIPPED),
        ],
    )
    def test_row_is_met_when_all_of_its_tests_passed(self, outcomes: list[str], expected: Verdict) -> None:
        """One at least, and none that failed or did not run."""
        matrix = judged(*(ran(f"test_{place}", outcome=outcome) for place, outcome in enumerate(outcomes)))

        assert verdict(matrix) is expected

    def test_open_row_says_why(self) -> None:
        """No test, or the first one that did not pass."""
        matrix = judged(ran("test_a", outcome="failed"))

        assert [row.reason for row in matrix.rows] == ["tests/unit/test_x.py::test_a failed", "no test shows it", "no test shows it"]

    @pytest.mark.parametrize(
        ("shown", "profile", "expected"),
        [
            ([(), (PROFILE,)], PROFILE, Verdict.DEVIATES),
            ([(), (PROFILE,)], "itp-40-next", Verdict.MET),
            ([()], PROFILE, Verdict.OPEN),
            ([(PROFILE,)], PROFILE, Verdict.OPEN),
        ],
        ids=["both shown", "the mended profile", "deviation not shown", "nobody meets it"],
    )
    def test_declared_deviation_needs_its_test_and_a_profile_that_meets_the_row(
        self, shown: list[tuple[str, ...]], profile: str, expected: Verdict
    ) -> None:
        """The deviation itself is shown, and so is the row on a profile without it."""
        tests = [ran(f"test_{place}", "FR-01", "passed", *names) for place, names in enumerate(shown)]
        matrix = judged(*tests, deviations={"FR-01": "it does not"} if profile == PROFILE else {}, profile=profile)

        assert verdict(matrix) is expected
        assert not matrix.faults

    def test_deviation_that_is_not_declared_is_a_fault(self) -> None:
        """A test may not show what the profile does not own to."""
        assert "does not declare" in judged(ran("test_a", "FR-01", "passed", PROFILE)).faults[0]

    def test_waived_row_that_a_test_shows_is_a_fault(self) -> None:
        """One of the two is wrong; a failing test is no contradiction."""
        waivers = {"FR-03": Waiver("FR-03", "waived", REASON)}

        assert "take the waiver or the marker away" in judged(ran("test_a", "FR-03"), waivers=waivers).faults[0]
        assert not judged(ran("test_a", "FR-03", "failed"), waivers=waivers).faults

    def test_row_that_is_in_no_table_is_a_fault(self) -> None:
        """A test that names it is named."""
        assert judged(ran("test_a", "FR-09")).faults == ("tests/unit/test_x.py::test_a names FR-09, and there is no such row",)

    def test_waiver_covers_no_failure_up(self) -> None:
        """A waived row whose test failed is failed."""
        waivers = {"FR-03": Waiver("FR-03", "waived", REASON)}

        assert verdict(judged(ran("test_a", "FR-03", "failed"), waivers=waivers), "FR-03") is Verdict.FAILED

    def test_breaches_are_open_rows_and_limits_passed(self) -> None:
        """Rows of the judged sections only; one of two as-is rows waived is more than a tenth."""
        waivers = {"FR-01": Waiver("FR-01", "waived", REASON, device="a line")}
        matrix = judged(ran("test_a", "FR-02"), waivers=waivers)

        assert matrix.breaches() == [
            "open, and must not be: FR-03",
            "1 of 2 as-is rows are waived; at most 10 % may be",
        ]
        assert matrix.breaches(["PW"]) == []

    def test_too_many_rows_for_later_are_a_breach(self) -> None:
        """Twelve may wait, thirteen may not."""
        names = [f"FR-{place:02d}" for place in range(13)]
        table = {name: ROWS["FR-03"]._replace(id=name) for name in names}
        waivers = {name: Waiver(name, "later", REASON, "rig") for name in names}

        assert Matrix.judge(table, waivers, Evidence((), PROFILE, {})).breaches() == ["13 rows wait for a later part; at most 12 may"]

    def test_shares_count_each_section_and_all(self) -> None:
        """By the letters of the id."""
        shares = judged(ran("test_a")).shares()

        assert [(share.section, share.rows, share.counts) for share in shares] == [
            ("FR", 3, {Verdict.MET: 1, Verdict.OPEN: 2}),
            ("all", 3, {Verdict.MET: 1, Verdict.OPEN: 2}),
        ]


class TestFiles:
    def test_shipped_table_is_read(self) -> None:
        """Its first and its last row."""
        names = list(shipped_table())

        assert (names[0], names[-1], len(names)) == ("FR-01", "FT-07", 164)

    def test_own_table_is_read(self, tmp_path: Path) -> None:
        """The same columns, ids of a firm's own."""
        path = tmp_path / "own.csv"
        path.write_text(COLUMNS + 'ACME-1,"alarms, all",as-is,beep,"a beep, heard",SRS 3\n')

        assert read_table(path)["ACME-1"] == Requirement("ACME-1", "alarms, all", "as-is", "beep", "a beep, heard", "SRS 3")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("id,what\n", ":1: the first line"),
            (COLUMNS + "A-1,s,as-is,r,o\n", ":2: 5 columns"),
            (COLUMNS + "A1,s,as-is,r,o,x\n", ":2: 'A1' is no id"),
            (COLUMNS + "A-1,s,as-is,r,o,x\nA-1,s,as-is,r,o,x\n", ":3: A-1 is here a second time"),
            (COLUMNS + "A-1,s,maybe,r,o,x\n", ":2: 'maybe' does not say"),
            (COLUMNS + "A-1,s,as-is,r,,x\n", ":2: no observable"),
        ],
    )
    def test_wrong_table_is_refused_at_its_line(self, tmp_path: Path, text: str, said: str) -> None:
        """FILE:LINE and what is wrong."""
        path = tmp_path / "own.csv"
        path.write_text(text)
        with pytest.raises(UsageError) as refusal:
            read_table(path)

        assert said in str(refusal.value)

    @pytest.mark.parametrize(
        "text", ["- a list\n", "A-1: waived\n", "A-1: {verdict: waived}\n", "A-1: {verdict: a, reason: b, why: c}\n", "{"]
    )
    def test_wrong_waivers_are_refused(self, tmp_path: Path, text: str) -> None:
        """What is no mapping of entries is told in one line."""
        path = tmp_path / "waivers.yaml"
        path.write_text(text)

        with pytest.raises(UsageError, match=r"waivers\.yaml"):
            read_waivers(path)

    def test_outcomes_come_back_and_do_not_depend_on_their_order(self, tmp_path: Path) -> None:
        """Two runs of one tree give one file."""
        outcomes = [ran("test_b"), ran("test_a", "FR-02", "failed"), ran("test_a", "FR-01", "passed", PROFILE, "itp-20")]
        paths = [tmp_path / name for name in ("one.json", "two.json")]
        write_outcomes(paths[0], outcomes)
        write_outcomes(paths[1], outcomes[::-1])

        assert paths[0].read_bytes() == paths[1].read_bytes()
        assert read_outcomes(paths) == sorted(outcomes) * 2

    @pytest.mark.parametrize("text", ["", "[]", '{"format": 1, "tests": []}', '{"format": 2, "tests": [{}]}'])
    def test_what_is_no_file_of_outcomes_is_refused(self, tmp_path: Path, text: str) -> None:
        """One line says what to run."""
        (tmp_path / "o.json").write_text(text)

        with pytest.raises(UsageError):
            read_outcomes([tmp_path / "o.json"])
        with pytest.raises(UsageError):
            read_outcomes([tmp_path / "missing.json"])


CONFTEST = """
from pathlib import Path
from hil.requirements.recorder import MARKER_LINE, Recorder, note

def pytest_configure(config):
    config.addinivalue_line("markers", MARKER_LINE)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path("out.json")))

def pytest_collection_modifyitems(items):
    note(items)
"""

TESTS = """
import pytest

@pytest.fixture
def broken():
    yield
    raise ValueError

@pytest.mark.pump_requirement("A-1", "A-2")
@pytest.mark.pump_requirement("A-3", deviates=("itp-20", "itp-40"))
def test_passes(): ...

@pytest.mark.pump_requirement("A-1")
def test_fails(): assert 1 == 2

@pytest.mark.pump_requirement("A-2")
@pytest.mark.skip
def test_is_skipped(): ...

@pytest.mark.pump_requirement("A-4")
def test_breaks_at_the_end(broken): ...

def test_is_not_marked(): ...
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_recorder_writes_every_marked_test(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """One line a test and row with the worst of its phases, whether or not workers ran them."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    pytester.runpytest_subprocess("-p", "no:randomly", *workers)

    assert [(row.test.partition("::")[2], *row[1:]) for row in read_outcomes([pytester.path / "out.json"])] == [
        ("test_breaks_at_the_end", "A-4", (), "failed", "", "ValueError"),
        ("test_fails", "A-1", (), "failed", "", "assert 1 == 2"),
        ("test_is_skipped", "A-2", (), "skipped", "", "unconditional skip"),
        ("test_passes", "A-1", (), "passed", "", ""),
        ("test_passes", "A-2", (), "passed", "", ""),
        ("test_passes", "A-3", ("itp-20", "itp-40"), "passed", "", ""),
    ]


TARGETED = (
    CONFTEST.replace("note(items)", "note(items, Target())")
    + """
class Target:
    name = "itp-40"
    known_deviations = (("A-1", "it stops"),)
"""
)

ON_A_TARGET = """
import pytest

shows = pytest.mark.pump_requirement

@shows("A-1")
def test_fails(): assert 1 == 2

@shows("A-1")
def test_passes(): ...

@shows("A-1")
def test_stumbles(): raise KeyError("x")

@shows("A-1", holds=("itp-40",))
def test_holds(): ...

@shows("A-1", deviates=("itp-40",))
def test_deviates(): ...

@shows("A-2", deviates=("itp-20",))
def test_is_of_another(): ...

@shows("A-3")
def test_meets(): ...
"""


class TestTarget:
    def test_what_is_declared_is_expected(self, pytester: pytest.Pytester) -> None:
        """A row's test has to fail, by an assertion, but where it holds; the deviation's own has to pass; another's is not run."""
        pytester.makeconftest(TARGETED)
        pytester.makepyfile(test_it=ON_A_TARGET)
        pytester.runpytest_subprocess("-p", "no:randomly")

        assert [(row.test.partition("::")[2], *row[1:]) for row in read_outcomes([pytester.path / "out.json"])] == [
            ("test_deviates", "A-1", ("itp-40",), "passed", "itp-40", ""),
            ("test_fails", "A-1", (), "failed as declared", "itp-40", "it stops"),
            ("test_holds", "A-1", (), "passed", "itp-40", ""),
            ("test_meets", "A-3", (), "passed", "itp-40", ""),
            ("test_passes", "A-1", (), "failed", "itp-40", "declared to deviate, and does not: it stops"),
            ("test_stumbles", "A-1", (), "failed", "itp-40", "KeyError: 'x'"),
        ]

    def test_marker_of_both_kinds_of_rows_is_misuse(self, pytester: pytest.Pytester) -> None:
        """A test that has to fail would show nothing of the other row."""
        pytester.makeconftest(TARGETED)
        pytester.makepyfile(test_it='import pytest\n\n@pytest.mark.pump_requirement("A-1", "A-3")\ndef test_both(): ...\n')
        done = pytester.runpytest_subprocess("-p", "no:randomly")

        assert done.ret == pytest.ExitCode.USAGE_ERROR
        assert "shows A-3, and rows from which itp-40 declares a deviation: make it two tests" in done.stderr.str()

    @pytest.mark.parametrize(
        ("tests", "expected"),
        [
            ([("failed as declared", ())], Verdict.DEVIATES),
            ([("passed", (PROFILE,))], Verdict.DEVIATES),
            ([("failed as declared", ()), ("failed", ())], Verdict.FAILED),
            ([("failed as declared", ()), ("skipped", ())], Verdict.SKIPPED),
            ([("passed", ())], Verdict.OPEN),
            ([], Verdict.OUTSIDE),
        ],
        ids=["expected failure", "own test", "unexpected pass", "skip", "nobody shows the deviation", "outside"],
    )
    def test_row_of_one_pump_is_judged(self, tests: list[tuple[str, tuple[str, ...]]], expected: Verdict) -> None:
        """It need not be met elsewhere; what the doors cannot show is outside."""
        outcomes = [Outcome(f"t::test_{place}", "FR-01", names, word, PROFILE) for place, (word, names) in enumerate(tests)]
        outside = {"FR-01": Outside("FR-01", REASON, "t::test_x")}
        evidence = Evidence(outcomes, PROFILE, {"FR-01": "it does not"}, one_pump=True, outside=outside)

        assert verdict(Matrix.judge(ROWS, {}, evidence)) is expected


class TestCommand:
    def judge(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Judge a firm's own table of two rows, one of them met."""
        (folder / "own.csv").write_text(COLUMNS + "A-1,s,as-is,r,o,x\nA-2,s,modified,r,o,x\n")
        write_outcomes(folder / "o.json", [ran("test_a", "A-1")])
        command = [sys.executable, "-m", "hil.requirements", str(folder / "o.json"), "--table", str(folder / "own.csv"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_open_row_ends_with_1(self, tmp_path: Path) -> None:
        """For people: rows, shares and what must not be; no colour where there is no terminal."""
        done = self.judge(tmp_path)

        assert done.returncode == 1
        assert "\x1b" not in done.stdout
        assert [line.split()[:3] for line in done.stdout.splitlines()[:2]] == [["A-1", "as-is", "met"], ["A-2", "modified", "open"]]
        assert "open, and must not be: A-2" in done.stdout

    def test_waived_row_ends_with_0(self, tmp_path: Path) -> None:
        """For programs: one object with rows, shares and ok."""
        (tmp_path / "w.yaml").write_text(f"A-2: {{verdict: waived, reason: {REASON}}}\n")
        done = self.judge(tmp_path, "--waivers", str(tmp_path / "w.yaml"), "--json")
        told = json.loads(done.stdout)

        assert (done.returncode, told["ok"], told["breaches"]) == (0, True, [])
        assert [(row["id"], row["verdict"]) for row in told["rows"]] == [("A-1", "met"), ("A-2", "waived")]
        assert told["shares"]["all"]["met"] == 1

    @pytest.mark.parametrize("arguments", [("--profile", "itp-41"), ("--table", "nowhere.csv"), ("--waivers", "nowhere.yaml")])
    def test_misuse_is_one_line(self, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        """Exit 2, and what to do."""
        done = self.judge(tmp_path, *arguments)

        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


def test_page_names_each_row_and_needs_no_run(tmp_path: Path) -> None:
    """Every row has its line; a marked test is named, and a waiver's reason is told."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text('@pytest.mark.pump_requirement("FR-01")\ndef test_x(): ...\n')
    lines = render(tmp_path).splitlines()

    assert next(line for line in lines if line.startswith("| FR-01<br>")).endswith("| shown | `tests/test_x.py::test_x` |")
    assert "| waived |" in next(line for line in lines if line.startswith("| AL-05<br>"))
    assert sum("<br>as-is |" in line or "<br>modified |" in line or "<br>external-only |" in line for line in lines) == 164
