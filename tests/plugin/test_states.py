"""States: reached once, restored for every test; whatever a test does, the next begins where it should."""

from __future__ import annotations

import pytest

from tests.plugin.runs import file_of_page, plain_run

STATES = """
import pytest

seen = []

@pytest.mark.parametrize("times", range(3))
def test_is_the_same_each_time(times, {state}, bench):
    seen.append(bench.digest())
    bench.advance(days=2)
    bench.inject("motor.stall")
    assert len(set(seen)) == 1

def test_what_it_is({state}, bench, programmer):
    status = bench.status()
    assert (status["mode"], sorted(alarm["cause"] for alarm in status["alarms"])) == {expected}
"""


@pytest.mark.parametrize(
    "state, expected",
    [
        ("shelf", ("shelf", [])),
        ("filled", ("shelf", [])),
        ("primed", ("stopped", [])),
        ("running", ("flex", [])),
        ("alarming", ("flex", ["low_reservoir"])),
    ],
)
def test_state_is_what_it_says_and_restored(pytester: pytest.Pytester, state: str, expected: tuple[str, list[str]]) -> None:
    """Each begins in one digest, however the test before it left the pump."""
    pytester.makepyfile(STATES.format(state=state, expected=expected))

    ran = plain_run(pytester)

    assert ran.code == 0, ran.text


def test_marker_takes_options_and_order_of_arguments_does_not_matter(pytester: pytest.Pytester) -> None:
    """`rig` before or after its state is the same rig."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.pump_state("running", days=3)
        def test_days(bench):
            assert bench.now_us() > 3 * 86_400_000_000

        def test_before(running, rig): assert running is rig and rig.bench.status()["mode"] == "flex"
        def test_after(rig, running): assert running is rig and rig.bench.status()["mode"] == "flex"
        """
    )

    ran = plain_run(pytester)

    assert ran.code == 0, ran.text


def test_pace_that_a_test_chose_is_not_the_next_ones(pytester: pytest.Pytester) -> None:
    """Time stands still again for the next test."""
    pytester.makepyfile(
        """
        def test_a_runs(shelf, bench): assert bench.call("pace", pace="x1000")["pace"] == "x1000"
        def test_b_stands(shelf, bench): assert bench.call("pace")["pace"] == "lock-step"
        """
    )

    ran = plain_run(pytester)

    assert ran.code == 0, ran.text


def test_paced_pump_passes_too(pytester: pytest.Pytester) -> None:
    """A server of our own that follows the wall clock, a hundred times as fast: programmers wait by the wall."""
    pytester.makepyfile(test_pump=file_of_page("test_pump.py"))

    ran = plain_run(pytester, "--pump", "tcp://127.0.0.1:0", "--pump-pace", "x100")

    assert ran.code == 0, ran.text


def test_state_of_ones_own(pytester: pytest.Pytester) -> None:
    """The conftest and the test of the page."""
    pytester.makeconftest(file_of_page("conftest.py"))
    pytester.makepyfile(test_dry=file_of_page("test_dry.py"))

    ran = plain_run(pytester)

    assert ran.code == 0, ran.text


def test_unknown_state_and_two_states_fail_with_the_cure(pytester: pytest.Pytester) -> None:
    """A misspelt state names those that there are."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.pump_state("runing")
        def test_misspelt(rig): pass

        def test_two(shelf, running): pass
        """
    )

    ran = plain_run(pytester)

    assert {report.outcome for report in ran.reports.values()} == {"failed"}
    assert "there is no state 'runing'; did you mean running?" in ran.text
    assert "one state at a time: the test asks for shelf and running" in ran.text


def test_seed_and_profile_choose_the_pump(pytester: pytest.Pytester) -> None:
    """Another seed is another unit, another profile another pump; the same ones are the same."""
    pytester.makepyfile("def test_pump(running, pump, bench): assert pump.serial.startswith(pump.profile.identity.model)")

    runs = [plain_run(pytester, *options) for options in ([], ["--pump-seed", "2"], ["--pump-profile", "legacy-18"], [])]
    digests = [ran.said("test_pump", "pump_digest")[0] for ran in runs]

    assert [ran.code for ran in runs] == [0, 0, 0, 0]
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3


def test_mutant_is_another_pump(pytester: pytest.Pytester) -> None:
    """The clamped rate is taken by the mutant, and by no pump after that run."""
    pytester.makepyfile(
        """
        def test_day_of_flow(running, bench, measure):
            before_nl = bench.truth()["delivered_nl"]
            bench.advance(days=1)
            measure("a day", bench.truth()["delivered_nl"] - before_nl, unit="nL", low=280_000, high=320_000)
        """
    )

    mutant, sound = (plain_run(pytester, *options) for options in (["--pump-mutant", "rate-remainder-dropped"], []))

    assert sound.code == 0, sound.text
    assert mutant.measured("test_day_of_flow")["value"] <= sound.measured("test_day_of_flow")["value"]
