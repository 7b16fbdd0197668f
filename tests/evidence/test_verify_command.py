"""pumpsim verify run as people run it: verdicts, exit codes, evidence that is the same twice, and what it refuses to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hil.cli import execute
from hil.evidence.files import HEADER_BEGINS, HEADER_ENDS, NAMES
from tests.evidence.sample import SUITE, Ran, verify, write_suite

BARE = SUITE.replace('ACME-2")', 'ACME-2", "ACME-3")')
"""All rows of the table are shown."""
SKIPS = """
import pytest

@pytest.mark.pump_requirement("ACME-2")
def test_volume_is_told():
    pytest.skip("no scales here")
"""


def hashed(path: Path) -> bytes:
    """A file without its header block, cut as anybody could."""
    lines = path.read_bytes().splitlines(keepends=True)
    ends = (b' "header": {\n', b" },\n") if path.suffix == ".json" else (f"{HEADER_BEGINS}\n".encode(), f"{HEADER_ENDS}\n".encode())
    first = lines.index(ends[0])
    return b"".join(lines[:first] + lines[lines.index(ends[1], first) + 1 :])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run in which every row is as it should be, on a pump that declares a deviation."""
    return verify(write_suite(tmp_path_factory.mktemp("one"), BARE), "--operator", "QA 1")


@pytest.fixture(scope="module")
def next_pump(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The same on a pump that declares none, in two processes and in another order."""
    return verify(write_suite(tmp_path_factory.mktemp("next"), BARE), url="pumpsim://itp-40-next")


class TestRun:
    def test_run_ends_with_0_and_tells_every_row(self, ran: Ran) -> None:
        """Met rows, and a deviation as the profile declares it: the row's test has failed, the one of the deviation passed."""
        outcomes = {test["test"].partition("::")[2]: test["outcome"] for test in ran.document["tests"]}

        assert (ran.code, ran.document["summary"]["ok"]) == (0, True), ran.err
        assert ran.verdicts == {"FR-04": "deviates (declared)", "ACME-1": "met", "ACME-2": "met", "ACME-3": "met"}
        assert list(outcomes) == [
            "test_day_is_delivered",
            "test_edit_changes_no_flow",
            "test_edit_stops_the_pump",
            *(f"test_volume_is_told[{place}]" for place in (1, 2, 10)),
        ]
        assert outcomes["test_edit_changes_no_flow"] == "failed as declared"
        assert ran.document["summary"]["tests"] == {"passed": 5, "failed as declared": 1, "skipped": 0, "failed": 0}

    def test_progress_is_on_the_other_stream(self, ran: Ran) -> None:
        """Nothing but one JSON object on stdout; the count on stderr."""
        assert "6 of 6 tests" in ran.err
        assert len(ran.out.splitlines()) == 1

    def test_mended_pump_meets_the_row(self, next_pump: Ran) -> None:
        """Its profile declares nothing: the test of the deviation does not run, and none is expected to fail."""
        assert next_pump.code == 0
        assert next_pump.verdicts["FR-04"] == "met"
        assert "test_edit_stops_the_pump" not in next_pump.out

    def test_same_run_gives_the_same_bytes(self, ran: Ran, tmp_path: Path) -> None:
        """All three files, header aside, though the second run has two processes and another operator."""
        again = verify(write_suite(tmp_path, BARE), "--jobs", "2", "--operator", "QA 2")

        assert again.code == 0, again.err
        assert [hashed(ran.folder / name) == hashed(again.folder / name) for name in NAMES] == [True, True, True]
        assert [b"QA 1" in (ran.folder / name).read_bytes() for name in NAMES] == [True, True, True]

    def test_random_order_changes_no_result(self, ran: Ran, tmp_path: Path) -> None:
        """Rows and tests, measurements and digests, are those of the order as listed; the run says that its order was drawn."""
        drawn = verify(write_suite(tmp_path, BARE), "--random-order")

        assert {drawn.document[part] == ran.document[part] for part in ("rows", "tests", "digest", "summary")} == {True}
        assert drawn.document["run"]["order"].startswith("random")

    def test_what_is_wrong_ends_with_1_and_is_told(self, tmp_path: Path) -> None:
        """A row whose test fails; one that no test shows; one that should deviate and does not; a skip on a pump of our own."""
        text = SUITE.replace("low=250", "low=900").replace('"rate_nl_per_h"] > 0', '"rate_nl_per_h"] == 0')
        text = text.replace("    assert primed", "    pytest.skip('no scales here')\n    assert primed")
        found = verify(write_suite(tmp_path, text))
        reasons = {row["id"]: row["reason"] for row in found.document["rows"]}

        assert found.code == 1
        assert found.verdicts == {"FR-04": "failed", "ACME-1": "failed", "ACME-2": "skipped", "ACME-3": "open"}
        assert "delivered in a day is" in reasons["ACME-1"]
        assert "declared to deviate, and does not" in reasons["FR-04"]
        assert "no scales here" in reasons["ACME-2"]
        assert found.document["summary"]["breaches"][0].startswith("failed, and must not be: FR-04 ACME-1")
        assert found.document["summary"]["out_of_limits"] == 1

    def test_skip_that_no_list_allows_fails(self, tmp_path: Path) -> None:
        """The list is empty, and one test skips."""
        (tmp_path / "skips.txt").write_text("")
        found = verify(write_suite(tmp_path, SKIPS), "--skips", "skips.txt")
        reasons = [row["reason"] for row in found.document["rows"] if row["verdict"] == "failed"]

        assert (found.code, len(reasons)) == (1, 1)
        assert "test_volume_is_told failed: skipped: no scales here" in reasons[0]

    def test_selection_judges_its_rows_alone(self, tmp_path: Path) -> None:
        """The rest of the table is not open: nobody asked; the evidence says what was chosen."""
        found = verify(write_suite(tmp_path), "-k", "volume")

        assert (found.code, found.verdicts, found.document["run"]["selected"]) == (0, {"ACME-2": "met"}, "volume")

    def test_rows_select_the_tests_that_show_them(self, tmp_path: Path) -> None:
        """-k takes ids of rows, joined as pytest joins names."""
        found = verify(write_suite(tmp_path), "-k", "FR-04 or ACME-2")

        assert (found.code, found.verdicts) == (0, {"FR-04": "deviates (declared)", "ACME-2": "met"})


class TestFiles:
    def test_files_are_as_they_were_written(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder is checked as one; each file names the hash that it has."""
        code = execute(["verify", "--check", str(ran.folder)])

        assert (code, capsys.readouterr().out.count("as it was written")) == (0, 3)

    def test_junit_names_the_rows(self, ran: Ran) -> None:
        """Each case has its requirements, measurements and digest as properties; what failed as declared is no failure."""
        root = ET.parse(ran.folder / "evidence.xml").getroot()  # noqa: S314  # our own file
        cases = {case.get("name"): case for case in root.iter("testcase")}
        known = {(each.get("name"), each.get("value")) for each in cases["test_day_is_delivered"].iter("property")}

        assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("6", "0", "0")
        assert ("requirement", "ACME-1") in known
        assert any(name == "measured delivered in a day" for name, _ in known)
        assert not list(cases["test_edit_changes_no_flow"].iter("failure"))

    def test_page_stands_alone(self, ran: Ran) -> None:
        """Requirement, verdict, measurement, curve and provenance are in one file that asks the network for nothing."""
        page = (ran.folder / "evidence.html").read_text()

        assert page.count("<svg") == 1
        assert all(
            word in page for word in ("ACME-1", "delivered in a day", "deviates (declared)", "motor.step_nl", ran.document["digest"])
        )
        assert not any(word in page for word in ("<script", "src=", "@import", "url(", "<link"))

    def test_log_of_pytest_is_left_beside_them(self, ran: Ran) -> None:
        """For whoever looks for the whole of a failure."""
        assert "5 passed, 1 xfailed" in (ran.folder / "pytest.log").read_text()


class TestCompare:
    def test_difference_that_profiles_declare_is_called_so(self, ran: Ran, next_pump: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        """The verdicts differ: exit 1; the first difference is the row, with what the profile declares."""
        paths = [str(each.folder / "evidence.json") for each in (ran, next_pump)]
        code = execute(["verify", "--compare", *paths, "--json"])
        told = json.loads(capsys.readouterr().out)
        execute(["verify", "--compare", *paths])

        assert (code, told["same_verdicts"], told["as_declared"]) == (1, False, True)
        assert (told["first"]["where"], told["first"]["one"], told["first"]["other"]) == ("FR-04", "deviates (declared)", "met")
        assert "the verdicts differ exactly as the profiles declare" in capsys.readouterr().out

    def test_run_is_like_itself(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        """No verdict, no measurement, no digest differs."""
        path = str(ran.folder / "evidence.json")

        assert execute(["verify", "--compare", path, path]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "the verdicts are the same"


class TestMisuse:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ((), "no pump is named"),
            (("pumpsim://itp-41",), "itp-41"),
            (("itp-40",), "did you mean pumpsim://itp-40?"),
            (("./my-pump.yaml",), "did you mean pumpsim://./my-pump.yaml?"),
            (("pumpsim://cf-16",), "has no electronics"),
            (("serial:/dev/ttyUSB7",), "no rig file vouches"),
            (("serial:/dev/ttyUSB7", "--rig", "mute.yaml"), "no rig file vouches"),
            (("serial:/dev/ttyUSB8", "--rig", "mute.yaml"), "another target"),
            (("pumpsim://itp-40", "--suite", "nowhere"), "no such file or folder"),
            (("pumpsim://itp-40", "--requirements", "clash.csv"), "FR-01 is a row of the shipped table too"),
            (("pumpsim://itp-40", "--check", "own.csv"), "two errands"),
            (("--check", "own.csv"), "no header block"),
            (("--compare", "own.csv", "own.csv"), "no evidence"),
        ],
    )
    def test_misuse_is_one_line_and_ends_with_2(
        self, tmp_path: Path, arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is wrong, and what to do; no port is opened, so the command may run in this process."""
        write_suite(tmp_path)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "clash.csv").write_text((tmp_path / "own.csv").read_text().replace("ACME-1", "FR-01"))
        (tmp_path / "mute.yaml").write_text("target: {connect: serial:/dev/ttyUSB7}\nserial: ITP-40-1\nprofile: itp-40\n")
        code = execute(["verify", *arguments])
        out, err = capsys.readouterr()

        assert (code, out) == (2, "")
        assert said in err
        assert err.count("\n") == 1, err

    def test_machine_without_pytest_is_told_the_extra(self) -> None:
        """A plain installation of pumpsim has none."""
        script = "import sys; sys.modules['pytest'] = None; from hil.cli import execute; sys.exit(execute(['verify', 'pumpsim://itp-40']))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

        assert (done.returncode, done.stderr) == (2, "pumpsim: verify: pytest is not installed; pip install 'pumpsim[suite]'\n")

    def test_file_that_cannot_be_collected_ends_the_run(self, tmp_path: Path) -> None:
        """With the error's own line."""
        found = verify(write_suite(tmp_path, "import nowhere\n"))

        assert (found.code, found.out) == (1, "")
        assert "No module named 'nowhere'" in found.err
