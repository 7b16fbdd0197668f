"""The label's rules in front of `pumpsim program update`, and what a refill is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from tests.cli.clinic_shell import PERSON, STRONG, dosed
from tests.cli.shell import Run


class TestUpdate:
    """`pumpsim program PORT update`."""

    @pytest.fixture
    def update(self, served: ServerProcess, pumpsim: Run) -> Run:
        """Send a file."""
        return lambda *arguments: pumpsim("program", served.ready["port"], "update", *arguments, "--yes")

    @pytest.fixture
    def log(self, served: ServerProcess, pumpsim: Run) -> Callable[[], str]:
        """The pump's log."""
        return lambda: pumpsim("program", served.ready["port"], "log", "--all").out

    @pytest.mark.pump_requirement("PG-09")
    @pytest.mark.pump_rule("R-033")
    def test_warning_stops_before_anything_is_sent(self, update: Run, files: Path, served: ServerProcess) -> None:
        """More than 1,000 mcg/day without an override: FILE:LINE, the rule and its override, and the pump is untouched."""
        before = served.bench.digest("therapy")
        ended = update(dosed(files, "1,100"))

        assert ended.code == 1
        assert "1,100.yaml:5: R-033 of label-us warns" in ended.err
        assert "or add --override R-033; nothing was sent" in ended.err
        assert served.bench.digest("therapy") == before
        assert served.bench.call("status")["mode"] == "simple"

    @pytest.mark.pump_requirement("PG-09")
    @pytest.mark.pump_rule("R-033")
    def test_override_reaches_the_pump_and_its_log(
        self, update: Run, files: Path, pumpsim: Run, served: ServerProcess, log: Callable[[], str]
    ) -> None:
        """With the override it is sent; the flag is up and the log names the rule."""
        ended = update(dosed(files, "1,100"), "--override", "R-033")

        assert ended.code == 0
        assert "R-033 Limit of experience" in ended.out
        assert "rule 33, generation 2" in log()
        assert "overridden" in pumpsim("program", served.ready["port"], "interrogate").out

    def test_only_what_warned_is_logged(self, update: Run, files: Path, log: Callable[[], str]) -> None:
        """An override of a rule that had nothing to say does not travel."""
        assert update(dosed(files, "950"), "--override", "R-033").code == 0
        assert "override" not in log()

    @pytest.mark.pump_rule("R-027")
    def test_person_brings_the_rules_that_need_one(self, update: Run, files: Path) -> None:
        """A third more is refused for this person, at the pump's own clock, and nobody's business without one."""
        refused = update(dosed(files, "1,200"), "--override", "R-033", "--person", "person.yaml")
        sent = update(dosed(files, "1,200"), "--override", "R-033")

        assert (refused.code, sent.code) == (1, 0)
        assert "R-027 of label-us refuses: +33.34 %" in refused.err

    @pytest.mark.pump_rule("R-029")
    def test_refusal_is_final(self, update: Run, files: Path, served: ServerProcess) -> None:
        """+16.7 % for cerebral origin is refused, override or not, and nothing is sent."""
        (files / "person.yaml").write_text(PERSON.replace("origin: spinal", "origin: cerebral"))
        before = served.bench.digest("therapy")
        ended = update(dosed(files, "1,050"), "--person", "person.yaml", "--override", "R-033", "--override", "R-029")

        assert ended.code == 1
        assert "R-029 of label-us refuses: +16.67 %" in ended.err
        assert served.bench.digest("therapy") == before

    @pytest.mark.pump_rule("R-065")
    def test_stop_without_a_reason_is_refused(self, update: Run, files: Path) -> None:
        """Minimum rate for somebody on 900 mcg/day is withdrawal, unless it is an emergency."""
        (files / "off.yaml").write_text(STRONG.replace("simple", "minimum-rate").replace("daily-dose: 900 mcg/day\n", ""))

        refused = update("off.yaml", "--person", "person.yaml")
        emergency = update("off.yaml", "--person", "person.yaml", "--reason", "overdose")

        assert (refused.code, emergency.code) == (1, 0)
        assert "R-065 of label-us refuses" in refused.err

    @pytest.mark.pump_rule("R-046", "R-075")
    def test_pump_that_was_stopped_for_days_is_no_titration(self, update: Run, files: Path, served: ServerProcess, pumpsim: Run) -> None:
        """After three days without infusion the file has to tell of the break, and then the old dose is refused and the first one sent."""
        pumpsim("program", served.ready["port"], "stop")
        served.bench.advance(days=3)
        silent = update("strong.yaml", "--person", "person.yaml")
        warned = update("strong.yaml")
        pumpsim("program", served.ready["port"], "stop")
        served.bench.advance(days=3)
        (files / "told.yaml").write_text(PERSON + "breaks:\n  - {since: 2026-01-02 00:00}\n")
        old, first = (update(name, "--person", "told.yaml") for name in ("strong.yaml", dosed(files, "100")))

        assert (silent.code, warned.code, old.code, first.code) == (2, 0, 1, 0)
        assert "person.yaml: the pump has been stopped too long, and no break is told" in silent.err
        assert "the first start dose is given again (R-046)" in warned.out
        assert "R-046 of label-us refuses" in old.err

    def test_history_that_was_not_kept_up_is_told(self, update: Run, files: Path) -> None:
        """A file that tells of another dose than the pump gives judges nothing."""
        (files / "late.yaml").write_text(PERSON.replace("dose: 900", "dose: 800"))
        ended = update(dosed(files, "950"), "--person", "late.yaml")

        assert ended.code == 2
        assert "late.yaml: its last dose is 800 mcg/day, and the therapy before gives 900 mcg/day" in ended.err

    @pytest.mark.pump_rule("R-050")
    def test_new_concentration_brings_its_bridge(self, update: Run, files: Path, served: ServerProcess, pumpsim: Run) -> None:
        """With the catheter known, the update prints the bridge bolus to give."""
        refill = ("refill", "--volume", "20 mL", "--drug", "baclofen", "--concentration", "1,000 mcg/mL")
        assert pumpsim("program", served.ready["port"], *refill).code == 0
        (files / "weak.yaml").write_text(STRONG.replace("2,000 mcg/mL", "1,000 mcg/mL"))
        (files / "person.yaml").write_text(PERSON + "catheter: 89cm\n")
        ended = update("weak.yaml", "--person", "person.yaml")

        assert ended.code == 0
        assert "then give the bridge bolus: bridge --volume '0.3358 mL' --rate '18,750 nL/h'" in ended.out

    def test_json_tells_what_the_rules_said(self, update: Run, files: Path) -> None:
        """A program gets the findings beside the review."""
        told = update(dosed(files, "1,100"), "--override", "R-033", "--json").json()["rules"]

        assert told["verdict"] == "warn"
        assert next(finding for finding in told["findings"] if finding["rule"] == "R-033")["overridden"]

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            (("--override", "R-133"), "has no rule R-133"),
            (("--override", "33"), "names no rule"),
            (("--rules", "label-eu"), "no rule set"),
            (("--reason", "boredom"), "is no reason"),
            (("--person", "nobody.yaml"), "cannot be read"),
        ],
    )
    def test_bad_options_never_reach_the_pump(self, update: Run, served: ServerProcess, more: tuple[str, ...], said: str) -> None:
        """Misuse ends with 2 before the port is opened."""
        before = served.bench.digest()
        ended = update("strong.yaml", *more)

        assert ended.code == 2
        assert said in ended.err
        assert served.bench.digest() == before


class TestRefill:
    """`pumpsim program PORT refill`."""

    @pytest.fixture
    def refill(self, served: ServerProcess, pumpsim: Run) -> Run:
        """Tell of a refill."""
        told = ("refill", "--drug", "baclofen", "--concentration", "2,000 mcg/mL")
        return lambda *arguments: pumpsim("program", served.ready["port"], *told, *arguments)

    @pytest.mark.pump_requirement("RS-08")
    def test_difference_is_told_with_its_meaning(self, refill: Run) -> None:
        """19.55 mL were expected: 19 mL are well, 14 mL are a warning that names pocket fill."""
        well, off = refill("--volume", "20 mL", "--withdrawn", "19 mL"), refill("--volume", "20 mL", "--withdrawn", "14 mL")

        assert (well.code, off.code) == (0, 0)
        assert "▲" not in well.out
        assert "▲ difference" in off.out
        assert "pocket fill" in off.out

    def test_limit_of_the_difference_is_settable(self, refill: Run) -> None:
        """A stricter ward warns of half a millilitre."""
        told = refill("--volume", "20 mL", "--withdrawn", "19 mL", "--limit", "1", "--json").json()

        assert told["discrepancy"]["warns"]
        assert told["expected_nl"] == pytest.approx(19_550_000, abs=1_000)

    @pytest.mark.pump_requirement("RS-09")
    def test_short_and_over_full_entries_are_caught(self, refill: Run, served: ServerProcess) -> None:
        """Less than a quarter of the reservoir has to be meant; more than all of it is refused."""
        before = served.bench.digest("therapy")
        short, over = refill("--volume", "9 mL"), refill("--volume", "41 mL")

        assert (short.code, over.code) == (1, 1)
        assert "add --short-fill" in short.err
        assert "above the pump's limit" in over.err
        assert served.bench.digest("therapy") == before
        assert refill("--volume", "9 mL", "--short-fill").code == 0
