"""`pumpsim clinic`, from the shell's side: what is printed, and what it ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.therapy.file import parse_therapy
from tests.cli.clinic_shell import NOW, dosed
from tests.cli.shell import THERAPIES, Run
from tests.support.clinic import identity


class TestClinic:
    """Without a pump."""

    @pytest.mark.pump_rule("R-024", "R-025")
    @pytest.mark.parametrize(("rules", "dose"), [("label-seed", 100_000), ("label-us", 50_000)])
    def test_start_has_two_answers(self, pumpsim: Run, rules: str, dose: int) -> None:
        """The ten-hour responder starts at 100 or at 50 mcg/day, and the table says by which rule."""
        asked = ("clinic", "plan", "start", "--test-dose", "50 mcg", "--response", "10 h", "--rules", rules)
        shown = pumpsim(*asked, "--concentration", "500 mcg/mL")

        assert pumpsim(*asked, "--json").json()["dose_ng_per_day"] == dose
        assert (shown.code, shown.err) == (0, "")
        assert f"first dose  {dose // 1000} mcg/day" in shown.out
        assert "rate        " in shown.out

    def test_default_rules_are_the_lower_start(self, pumpsim: Run) -> None:
        """Nobody chose, and the first dose is the lower of the two."""
        asked = ("clinic", "plan", "start", "--test-dose", "50 mcg", "--response", "10 h", "--json")

        assert pumpsim(*asked).json()["rules"] == "label-us"

    def test_check_without_a_person_lists_what_it_lacks(self, pumpsim: Run) -> None:
        """A sound therapy is accepted, and the rules that nobody could judge are named with the missing fact."""
        ended = pumpsim("clinic", "check", "strong.yaml")

        assert ended.code == 0
        assert "● accept" in ended.out
        assert "? not told  the person: R-012" in ended.out

    @pytest.mark.parametrize(
        ("more", "code", "said"),
        [
            ((), 1, "label-us warns; change the plan, or add --override R-033"),
            (("--override", "R-033"), 0, ""),
            (("--override", "R-040"), 1, "add --override R-033"),
        ],
        ids=["open", "overridden", "another"],
    )
    def test_warning_needs_its_override(self, pumpsim: Run, files: Path, more: tuple[str, ...], code: int, said: str) -> None:
        """A warning ends with 1 until it is overridden by its own id."""
        ended = pumpsim("clinic", "check", dosed(files, "1,100"), *more)

        assert (ended.code, said in ended.err) == (code, True)
        assert "▲ warn" in ended.out

    def test_refusal_cannot_be_overridden(self, pumpsim: Run, files: Path) -> None:
        """A step beyond the population's largest stays refused, whatever is overridden."""
        old, new = "strong.yaml", dosed(files, "1,300")
        ended = pumpsim(
            "clinic", "check", new, "--old", old, "--person", "person.yaml", "--now", NOW, "--override", "R-027", "--override", "R-033"
        )

        assert ended.code == 1
        assert "refused by R-027" in ended.err
        assert ended.err.count("\n") == 1

    def test_check_as_json_has_every_finding(self, pumpsim: Run, files: Path) -> None:
        """Verdicts as words, the numbers they rest on, and what was not judged."""
        ended = pumpsim("clinic", "check", dosed(files, "1,100"), "--json")
        told = ended.json()
        soft = next(finding for finding in told["findings"] if finding["rule"] == "R-033")

        assert told["verdict"] == soft["verdict"] == "warn"
        assert soft["numbers"] == {"dose_ng_per_day": 1_100_000, "soft_ng_per_day": 1_000_000}
        assert {each["rule"] for each in told["not_judged"]} >= {"R-012", "R-027"}

    @pytest.mark.pump_rule("R-019")
    def test_test_dose_is_judged_too(self, pumpsim: Run) -> None:
        """100 mcg after 50 is two steps at once."""
        ended = pumpsim("clinic", "check", "--test-dose", "100 mcg", "--person", "new.yaml", "--now", NOW)

        assert ended.code == 1
        assert "R-019" in ended.out

    def test_bridge_dilution_and_prime_print_what_to_do(self, pumpsim: Run) -> None:
        """Each prints its numbers, and the command that the pump takes."""
        bridge = pumpsim("clinic", "bridge", "--old", "500 mcg/mL", "--new", "2,000 mcg/mL", "--dose", "100 mcg/day", "--catheter", "89cm")
        dilute = pumpsim("clinic", "dilute", "--to", "1,000 mcg/mL", "--volume", "18 mL")
        prime = pumpsim("clinic", "prime", "--dry", "--catheter-volume", "0.2 mL", "--concentration", "500 mcg/mL")

        assert [ended.code for ended in (bridge, dilute, prime)] == [0, 0, 0]
        assert "bridge --volume '0.3358 mL' --rate '8,333 nL/h'" in bridge.out
        assert "0.25 x the new dose for 6 days" in bridge.out
        assert "1 drug + 1 sodium chloride 0.9 %" in dilute.out
        assert "0.059 mL, 29.5 mcg too much" in prime.out

    def test_numbers_for_scripts_are_integers(self, pumpsim: Run) -> None:
        """--json has whole nanolitres and seconds, and a factor as a fraction."""
        bridge = pumpsim(
            "clinic", "bridge", "--old", "500 mcg/mL", "--new", "2,000 mcg/mL", "--dose", "100 mcg/day", "--catheter", "89cm", "--json"
        ).json()

        assert bridge["error_factor"] == "1/4"
        assert all(isinstance(value, int) for name, value in bridge.items() if name != "error_factor")

    @pytest.mark.pump_rule("R-048", "R-049")
    def test_night_prints_a_therapy_file(self, pumpsim: Run) -> None:
        """What it prints is a therapy that the pump takes."""
        asked = ("clinic", "plan", "night", "--dose", "240 mcg/day", "--concentration", "500 mcg/mL", "--from", "22:00", "--to", "06:00")
        therapy = parse_therapy(pumpsim(*asked).out.encode()).therapy(identity())

        assert [step.rate_nl_per_h for step in therapy.groups[0].steps] == [22_500, 18_750, 22_500]

    @pytest.mark.pump_rule("R-008")
    def test_refill_date_says_why(self, pumpsim: Run) -> None:
        """By stability in a slow pump, by volume in a fast one; the pump's own shorter entry is mentioned."""
        slow = pumpsim("clinic", "plan", "refill", str(THERAPIES / "simple-continuous.yaml"), "--fill", "40 mL", "--at", NOW)
        fast = pumpsim("clinic", "plan", "refill", "strong.yaml", "--fill", "10 mL", "--at", NOW, "--json")

        assert "by stability: the drug keeps 180 days (R-008)" in slow.out
        assert "says 77 days" in slow.out
        assert fast.json()["wins"] == "volume"

    def test_other_plans_print(self, pumpsim: Run) -> None:
        """Weaning, a patient's day and a residual have their tables; a residual that is too far off ends with 1."""
        wean = pumpsim("clinic", "plan", "wean", "--dose", "300 mcg/day", "--weeks", "2")
        day = pumpsim("clinic", "plan", "patient", "strong.yaml")
        well = pumpsim("clinic", "plan", "residual", "--expected", "3 mL", "--withdrawn", "3.2 mL")
        off = pumpsim("clinic", "plan", "residual", "--expected", "3 mL", "--withdrawn", "1 mL")

        assert "day 12  0 mcg/day" in wean.out
        assert "all in 24 h" in day.out
        assert (well.code, off.code) == (0, 1)
        assert "pocket fill" in off.out

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (("check",), 2, "a therapy FILE or a --test-dose"),
            (("check", "strong.yaml", "--test-dose", "50 mcg"), 2, "one of them"),
            (("check", "nowhere.yaml"), 2, "cannot be read"),
            (("check", "strong.yaml", "--person", "nobody.yaml"), 2, "nobody.yaml: the person's file cannot be read"),
            (("check", "strong.yaml", "--person", "person.yaml"), 2, "add --now"),
            (("check", "strong.yaml", "--person", "person.yaml", "--now", "2020-01-01 00:00"), 2, "after the present"),
            (("check", "strong.yaml", "--rules", "label-eu"), 2, "no rule set 'label-eu'"),
            (("check", "strong.yaml", "--override", "33"), 2, "names no rule"),
            (("check", "strong.yaml", "--route", "by hand"), 2, "is no route"),
            (("check", "strong.yaml", "--profile", "itp-41"), 2, "unknown profile"),
            (("check", "strong.yaml", "--filled", NOW), 2, "belong together"),
            (("plan", "start", "--test-dose", "50", "--response", "10 h"), 2, "has no unit"),
            (("plan", "refill", "strong.yaml", "--fill", "41 mL", "--at", NOW), 1, "do not fit"),
            (("plan", "wean", "--dose", "300 mcg/day", "--weeks", "1"), 1, "R-046"),
            (("plan", "wean", "--dose", "0 mcg/day", "--weeks", "2"), 1, "no dose"),
            (("plan", "night", "--dose", "1 mcg/day", "--concentration", "500 mcg/mL", "--from", "06:00", "--to", "06:00"), 1, "night"),
            (("plan", "start", "--test-dose", "0 mcg", "--response", "10 h"), 1, "no test dose"),
            (("bridge", "--old", "500 mcg/mL", "--new", "2,000 mcg/mL", "--dose", "100 mcg/day"), 2, "by its name or by its volume"),
            (
                ("bridge", "--old", "500 mcg/mL", "--new", "500 mcg/mL", "--dose", "1 mcg/day", "--catheter", "89cm"),
                1,
                "does not change",
            ),
            (
                ("bridge", "--old", "2,000 mcg/mL", "--new", "500 mcg/mL", "--dose", "50 mcg/day", "--catheter", "89cm"),
                1,
                "below the pump's limit",
            ),
            (("prime", "--catheter", "9cm"), 2, "there is no catheter '9cm'"),
            (("prime", "--catheter-volume", "0 mL"), 1, "has a volume"),
            (("prime", "--catheter-volume", "5 mL"), 1, "above the pump's limit"),
            (("dilute", "--to", "500 mcg/mL", "--volume", "20 mL"), 1, "R-005"),
            (("dilute", "--to", "0 mcg/mL", "--volume", "20 mL"), 1, "above nothing"),
        ],
    )
    def test_bad_input_is_one_line(self, pumpsim: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
        """What is wrong, where, and what to do, on one line of stderr, and nothing on stdout."""
        ended = pumpsim("clinic", *arguments)

        assert (ended.code, ended.out) == (code, "")
        assert said in ended.err
        assert ended.err.count("\n") == 1
