"""Plans: what they come to, and what is wrong with them, each at its line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hil.campaign.plan import parse_plan
from hil.campaign.seeds import seed_words
from hil.cli import execute
from hil.errors import PlanFileError, UsageError

HEAD = "name: mine\nruns: 50\nyears: 2\nseed: 7\n"


@pytest.mark.parametrize("root", [0, 7, 2**31, 2**32 + 5, 2**63 - 1])
def test_seeds_are_those_of_numpy(root: int) -> None:
    """Worked out for many at once, they are the words that SeedSequence gives one by one."""
    indices = [0, 1, 5, 99_999, 2**31 + 7]

    worked_out = seed_words(root, np.array(indices, np.int64))

    assert worked_out.tolist() == [np.random.SeedSequence(root, spawn_key=(index,)).generate_state(1, np.uint64)[0] for index in indices]


def test_same_run_meets_every_point_of_the_grid() -> None:
    """A pump and what it draws are the same at every point; only what the grid says differs."""
    grid = "grid:\n  low-reservoir-alarm: [2 mL, 4 mL]\n  refill-margin: [7 days, 14 days]\ndraw:\n  flow-error: {normal: [0 %, 3 %]}\n"
    plan = parse_plan(f"{HEAD}set:\n  fill: 18 mL\n{grid}".encode())
    cases = plan.cases(0, plan.size)

    assert plan.size == len(cases) == 200
    assert len({case.seed for case in cases}) == 50
    alike = [case for case in cases if case.run == 13]
    assert [case.index for case in alike] == [13, 63, 113, 163]
    assert len({(case.seed, case.parameters["flow-error"], case.parameters["fill"]) for case in alike}) == 1
    assert [(case.parameters["low-reservoir-alarm"], case.parameters["refill-margin"]) for case in alike] == [
        (2_000_000, 7),
        (2_000_000, 14),
        (4_000_000, 7),
        (4_000_000, 14),
    ]


def test_cases_hang_on_no_chunk() -> None:
    """Cut up in any way, they are the same cases."""
    plan = parse_plan(f"{HEAD}draw:\n  late-share: {{uniform: [5 %, 20 %]}}\n".encode())

    assert [case for low in range(0, 50, 7) for case in plan.cases(low, low + 7)] == plan.cases(0, 50)


@pytest.mark.parametrize(
    "shape, low, high, mean",
    [
        ("normal: [0 %, 3 %]", -200_000, 500_000, 0),
        ("uniform: [-4 %, 8 %]", -40_000, 80_000, 20_000),
        ("one-of: [-1 %, 3 %]", -10_000, 30_000, 10_000),
        ("normal: [50 %, 1 %]", 400_000, 500_000, 496_010),
    ],
)
def test_draws_follow_their_distribution(shape: str, low: int, high: int, mean: int) -> None:
    """Two thousand draws stay in bounds and have the mean that they should, within four standard errors of a spread of 4 %."""
    plan = parse_plan(f"{HEAD.replace('50', '2000')}draw:\n  flow-error: {{{shape}}}\n".encode())
    drawn = [int(case.parameters["flow-error"]) for case in plan.cases(0, 2_000)]

    assert low <= min(drawn) < max(drawn) <= high
    assert abs(sum(drawn) / len(drawn) - mean) < 4 * 40_000 / 2_000**0.5


@pytest.mark.parametrize(
    "text, line, told",
    [
        ("name: mine\nyears: 2\n", 1, "'runs' is missing"),
        (f"{HEAD}pumps: 3\n", 5, "'pumps' is not a key here"),
        (f"{HEAD}engine: flet\n", 5, "engine: 'flet' is not known; did you mean 'fleet'?"),
        (f"{HEAD}story: mri-trap\n", 5, "the engine fleet knows no story 'mri-trap'"),
        (f"{HEAD}profile: itp-4\n", 5, "profile: unknown profile 'itp-4'"),
        (f"{HEAD}rates: both\n", 5, "rates: 'both' is not known"),
        (f"{HEAD}set:\n  low-resevoir-alarm: 2 mL\n", 6, "did you mean 'low-reservoir-alarm'?"),
        (f"{HEAD}set:\n  low-reservoir-alarm: 2\n", 6, "'2' cannot be low-reservoir-alarm; write it like 2 mL"),
        (f"{HEAD}set:\n  low-reservoir-alarm: 200 mL\n", 6, "200 mL is out of range; from 1 mL to 19 mL"),
        (f"{HEAD}set:\n  refill-margin: 36 h\n", 6, "is finer than refill-margin can be; write whole days"),
        (f"{HEAD}set:\n  fill: 18 mL\ngrid:\n  fill: [18 mL]\n", 8, "it has a value already"),
        (f"{HEAD}grid:\n  fill: 18 mL\n", 6, "a grid has a list of values"),
        (f"{HEAD}grid:\n  fill: [18 mL, 18 mL]\n", 6, "a value comes twice"),
        (f"{HEAD}draw:\n  fill: {{normal: [18 mL]}}\n", 6, "write normal: [mean, standard deviation]"),
        (f"{HEAD}draw:\n  fill: {{gauss: [18 mL, 1 mL]}}\n", 6, "'gauss' is no distribution"),
        (f"{HEAD}draw:\n  drug: {{uniform: [approved, other]}}\n", 6, "draw it by one-of"),
        (HEAD.replace("50", "1e9"), 2, "'1e9' is not a whole number"),
        (HEAD.replace("50", "2,000,000,000"), 2, "is not a whole number from 1 to 100,000,000"),
        (f"{HEAD}runs: 3\n", 5, "a second time"),
        ("- one\n", 1, "the file has no keys"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(text: str, line: int, told: str) -> None:
    """Every mistake names its line and what to do."""
    with pytest.raises(PlanFileError) as wrong:
        parse_plan(text.encode(), "mine.yaml")

    assert any(each.startswith(f"mine.yaml:{line}: ") and told in each for each in wrong.value.lines), wrong.value.lines


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Three mistakes are three lines."""
    with pytest.raises(PlanFileError) as wrong:
        parse_plan(b"name: mine\nruns: none\nyears: 2\nset:\n  fill: much\nstory: none\n", "mine.yaml")

    assert [each.split(":")[1] for each in wrong.value.lines] == ["2", "5", "6"]


def test_digest_hangs_on_what_the_results_hang_on() -> None:
    """Words about a plan and the order of its keys change nothing; a seed does."""
    plan = parse_plan(HEAD.encode())

    assert parse_plan(f"about: something\n# a comment\n{HEAD}".encode()).digest == plan.digest
    assert parse_plan(HEAD.replace("seed: 7", "seed: 8").encode()).digest != plan.digest


def test_plans_that_ship_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Each of them is listed with its cases."""
    assert execute(["campaign", "plans", "--json"]) == 0

    rows = json.loads(capsys.readouterr().out)["plans"]
    assert rows
    assert all(row["about"] and row["cases"] for row in rows)


def test_unknown_plan_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is neither a file nor ships ends with 2."""
    assert execute(["campaign", "check", "no-such-plan"]) == UsageError.exit_code

    assert "there is no such plan" in capsys.readouterr().err
