"""What a bench cannot do skips with its reason; what may skip stands on a list."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.runs import plain_run

REHEARSAL = "target: {{in_process: pumpsim://itp-40}}\ncapabilities: {words}\n"
TESTS = """
import pytest

def test_status(programmer): assert programmer.status().alarms == 0

@pytest.mark.pump_needs("bench.inject", "balance")
def test_marked(rig): pass

def test_bench(bench): pass

def test_verb(rig):
    rig.bench.power_cut()

def test_running(running): pass

def test_wait(wait):
    wait(minutes=5)
"""


def reasons(ran: object) -> dict[str, str]:
    """Why each test skipped."""
    found = getattr(ran, "reports", {})
    return {name: dict(report.user_properties)["pump_skip"] for name, report in found.items() if report.skipped}


def rehearsal(pytester: pytest.Pytester, words: str) -> Path:
    """A bench that can do what the words say."""
    path = pytester.path / "rig.yaml"
    path.write_text(REHEARSAL.format(words=words), encoding="utf-8")
    return path


def test_bench_that_can_do_nothing_skips_with_reasons(pytester: pytest.Pytester) -> None:
    """A test that talks passes; each other one says which ability it lacks, wherever that came up."""
    pytester.makepyfile(TESTS)

    ran = plain_run(pytester, "--pump-rig", rehearsal(pytester, "[]"))

    assert ran.code == 0, ran.text
    assert reasons(ran) == {
        "test_marked": "needs bench.inject: a bench that brings faults to bear",
        "test_bench": "needs bench: a side door to the pump",
        "test_verb": "needs bench: a side door to the pump",
        "test_running": "needs bench.needle: nobody here fills the pump, and the rig file has no reservoir:",
        "test_wait": "needs bench.time: 300 s of the wall clock, at most 60 s (--pump-wait-max)",
    }


def test_verb_of_a_lesser_bench_skips_when_it_is_called(pytester: pytest.Pytester) -> None:
    """A bench without power switch and balance: the rest works."""
    pytester.makepyfile(TESTS)
    words = "[bench, bench.time, bench.truth, bench.inject, bench.needle, bench.image]"

    ran = plain_run(pytester, "--pump-rig", rehearsal(pytester, words))

    assert ran.code == 0, ran.text
    assert reasons(ran) == {
        "test_marked": "needs balance: a balance under the catheter",
        "test_verb": "needs bench.power: a bench that cuts the supply",
    }


def test_pump_without_telemetry_is_asked_nothing(pytester: pytest.Pytester) -> None:
    """A gas-driven pump: its bench and its balance work, whoever wants to talk is skipped."""
    pytester.makepyfile(
        """
        def test_talks(programmer): pass
        def test_runs(running): pass
        def test_flows(shelf, bench):
            bench.needle(inject_nl=1_000_000)
            bench.advance(days=1)
            assert bench.truth()["delivered_nl"] > 0
        """
    )

    ran = plain_run(pytester, "--pump", "pumpsim://cf-16")

    assert ran.code == 0, ran.text
    assert set(reasons(ran).values()) == {"needs telemetry: a pump that can be talked to"}
    assert ran.reports["test_flows"].passed


def test_unknown_capability_fails_with_the_nearest(pytester: pytest.Pytester) -> None:
    """A misspelt need would else never be met."""
    pytester.makepyfile("import pytest\n\n@pytest.mark.pump_needs('bench.inyect')\ndef test_it(rig): pass")

    ran = plain_run(pytester)

    assert ran.code == 1
    assert "no capability 'bench.inyect'; did you mean bench.inject?" in ran.text


class TestSkipList:
    """Skips that are allowed, and those that are not."""

    @pytest.fixture
    def tests(self, pytester: pytest.Pytester) -> Path:
        """One test that skips, one that does not."""
        return pytester.makepyfile(
            test_some="import pytest\n\ndef test_skips(): pytest.skip('no moon')\n\ndef test_runs(): pass\n\n"
            "@pytest.mark.xfail(strict=True)\ndef test_expected(): assert False"
        )

    def test_new_skip_fails(self, pytester: pytest.Pytester, tests: Path) -> None:
        """It says the line that would allow it."""
        (pytester.path / "skips.txt").write_text("# nothing yet\n", encoding="utf-8")

        ran = plain_run(pytester, "--pump-skips", "skips.txt")

        assert ran.code == 1
        assert "test_some.py::test_skips  # no moon" in ran.text

    def test_listed_skip_is_fine_and_stale_line_is_told(self, pytester: pytest.Pytester, tests: Path) -> None:
        """A line for a test that runs again is to go."""
        (pytester.path / "skips.txt").write_text("test_some.py::test_skips  # no moon\ntest_some.py::test_runs\n", encoding="utf-8")

        ran = plain_run(pytester, "--pump-skips", "skips.txt")

        assert ran.code == 0, ran.text
        assert "skips.txt:2: test_some.py::test_runs no longer skips; take the line away" in ran.text

    @pytest.mark.parametrize("asked", [(), ("-k", "runs"), ("test_some.py",), ("test_some.py::test_runs",)])
    def test_line_of_a_test_that_is_gone_is_told(self, pytester: pytest.Pytester, tests: Path, asked: tuple[str, ...]) -> None:
        """So is a line whose test has another name now, unless single tests were asked for."""
        (pytester.path / "skips.txt").write_text("test_some.py::test_skips\ntest_some.py::test_renamed  # no moon\n", encoding="utf-8")

        ran = plain_run(pytester, "--pump-skips", "skips.txt", *asked)

        assert ran.code == 0, ran.text
        assert ("skips.txt:2: there is no test test_some.py::test_renamed" in ran.text) == ("::" not in "".join(asked))
        assert "there is no test test_some.py::test_skips" not in ran.text

    def test_file_that_skips_as_a_whole_fails(self, pytester: pytest.Pytester) -> None:
        """Its tests cannot tell."""
        pytester.makepyfile(test_gone="import pytest\n\npytest.importorskip('no_such_module')\n\ndef test_it(): pass")
        (pytester.path / "skips.txt").write_text("", encoding="utf-8")

        ran = plain_run(pytester, "--pump-skips", "skips.txt")

        assert ran.code == 1
        assert "test_gone.py skipped as a whole" in ran.text

    def test_missing_list_is_misuse(self, pytester: pytest.Pytester, tests: Path) -> None:
        """It is committed, so it is there."""
        ran = plain_run(pytester, "--pump-skips", "none.txt")

        assert ran.code == 4
        assert "none.txt: the list of skips cannot be read" in ran.text
