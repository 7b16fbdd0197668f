"""What `pumpsim program` says unasked: an unfinished update, another drug library, a pump left standing still, a question left open."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import hil.cli
import hil.cli.program_ask
from hil.bench.stdio import ServerProcess
from tests.cli.clinic_shell import FILL, STRONG, dosed, lay_out
from tests.cli.shell import Ended, Run
from tests.rig.cutting_proxy import CuttingProxy

SALINE = STRONG.replace("baclofen", "saline").replace("2,000 mcg/mL", "0 mcg/mL").replace("900 mcg/day", "0 mcg/day\nrate: 0.24 mL/day")
UNFINISHED = "the pump is STOPPED by an update that was not finished"

ALL_ACTIONS: dict[str, tuple[str, ...]] = {
    "interrogate": (),
    "status": (),
    "refill": FILL,
    "bolus": ("--dose", "50 mcg", "--duration", "10 min"),
    "patient-bolus": (),
    "prime": ("--volume", "0.1 mL"),
    "bridge": ("--volume", "0.1 mL", "--rate", "0.24 mL/day"),
    "start": (),
    "stop": (),
    "silence": ("motor-stall",),
    "ack": ("motor-stall",),
    "alarm-test": (),
    "set-clock": ("2026-05-01 10:00",),
    "log": (),
    "outcome": ("1",),
    "settle": ("--programmer", "programmer.json"),
    "update": ("strong.yaml", "--yes"),
}


class Typist:
    """A keyboard whose person lets time pass: what is typed, and after how many minutes each."""

    def __init__(self, *typed: tuple[int, str]) -> None:
        self.typed = list(typed)
        self.us = 0
        self.at_us = 0

    def now_us(self) -> int:
        """The clock beside it."""
        return self.us

    def line(self, timeout_s: float | None) -> str | None:
        """What comes within that time."""
        minutes, text = self.typed[0]
        due_us = self.at_us + minutes * 60_000_000
        if timeout_s is not None and self.us + timeout_s * 1_000_000 < due_us:
            self.us += round(timeout_s * 1_000_000)
            return None
        self.us = self.at_us = max(self.us, due_us)
        del self.typed[0]
        return text


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a strong therapy and one of drug-free fluid."""
    (tmp_path / "saline.yaml").write_text(SALINE)
    return lay_out(tmp_path)


@pytest.fixture
def program(served: ServerProcess, pumpsim: Run) -> Run:
    """Run `pumpsim program PORT ...`."""
    return lambda *arguments: pumpsim("program", served.ready["port"], *arguments)


@pytest.fixture
def broken_off(served: ServerProcess, pumpsim: Run) -> ServerProcess:
    """The pump, after an update whose link was lost behind SEAL."""
    proxy = CuttingProxy(served.ready["port"], "SEAL")
    key = ("--key-file", served.ready["key_file"])
    assert pumpsim("program", proxy.url, "update", "strong.yaml", "--yes", "--retries", "0", "--reply-timeout", "0.2", *key).code == 1
    proxy.wait()
    return served


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Typist]:
    """Sit somebody at the terminal."""

    def sit(*typed: tuple[int, str]) -> Typist:
        keyboard = Typist(*typed)
        monkeypatch.setattr(hil.cli.program_ask, "Terminal", lambda: keyboard)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        return keyboard

    return sit


class TestUnfinishedUpdate:
    """The warning that survives the session."""

    @pytest.mark.pump_requirement("PG-18")
    @pytest.mark.parametrize("action", ALL_ACTIONS)
    def test_next_program_of_any_action_warns(self, broken_off: ServerProcess, pumpsim: Run, action: str) -> None:
        """Whatever is done next, after the link was lost and the session is long gone, the pump's state is told on stderr."""
        broken_off.bench.advance(days=1)
        ended = pumpsim("program", broken_off.ready["port"], action, *ALL_ACTIONS[action])

        assert UNFINISHED in ended.err

    @pytest.mark.pump_requirement("PG-18")
    def test_warning_goes_on_until_therapy_runs_again(self, broken_off: ServerProcess, pumpsim: Run) -> None:
        """Session after session, through a reset and 48 hours with their alarm; a START or the update ends it."""
        port = broken_off.ready["port"]
        said = [pumpsim("program", port, "status").err]
        broken_off.bench.advance(hours=49)
        alarmed = pumpsim("program", port, "status")
        started = pumpsim("program", port, "start")
        after = pumpsim("program", port, "status")

        assert all(UNFINISHED in text for text in (*said, alarmed.err, started.err))
        assert "stopped too long" in alarmed.out
        assert UNFINISHED not in after.err
        assert pumpsim("program", port, "interrogate", "--json").json()["generation"] == 1

    def test_pump_that_runs_is_no_news(self, program: Run) -> None:
        """Nothing is said beside the result."""
        assert program("status").err == program("interrogate").err == program("log").err == ""

    @pytest.mark.pump_requirement("PG-18")
    def test_patient_is_warned_too(self, broken_off: ServerProcess, pumpsim: Run) -> None:
        """The patient's handset sees that the pump stands still for an update."""
        assert UNFINISHED in pumpsim("program", broken_off.ready["port"], "status", "--role", "patient").err


class TestLibrary:
    """The programmer's drug library against the pump's."""

    @pytest.mark.pump_requirement("PG-19")
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ("version: {value: 2}", "baclofen is version 1 in the pump and version 2 in this programmer's library"),
            ("daily_dose_ng_max: {value: 3_000_000}", "baclofen, version 1, is not the same entry"),
            ("drug_id: {value: 7}", "the pump has no drug 7, baclofen"),
        ],
        ids=["version", "crc", "id"],
    )
    def test_other_entry_is_told_at_session_start(self, served: ServerProcess, pumpsim: Run, files: Path, change: str, said: str) -> None:
        """A programmer whose library has another version, limit or number warns; what was asked for is done all the same."""
        name, _, value = change.partition(": ")
        number = value.removesuffix("}") + ", provenance: assumed}"
        (files / "our-pump.yaml").write_text(f"extends: itp-40\ndrugs:\n  baclofen:\n    {name}: {number}\n")
        ended = pumpsim("program", "--library", "./our-pump.yaml", served.ready["port"], "interrogate")

        assert ended.code == 0
        assert said in ended.err

    @pytest.mark.pump_requirement("PG-19", "PR-14")
    def test_pump_with_another_library_is_told_to_the_ordinary_programmer(self, pumpsim: Run, files: Path) -> None:
        """The other way round: a pump whose firmware brings version 2 of an entry meets a programmer that holds version 1."""
        (files / "newer.yaml").write_text("extends: itp-40\ndrugs:\n  baclofen:\n    version: {value: 2, provenance: assumed}\n")
        with ServerProcess(str(files / "newer.yaml"), ["--port", "tcp://127.0.0.1:0", "--pace", "lock-step"]) as process:
            ended = pumpsim("program", process.ready["port"], "interrogate")

        assert "baclofen is version 2 in the pump and version 1 in this programmer's library" in ended.err

    @pytest.mark.pump_requirement("PG-19")
    def test_same_library_is_no_news(self, program: Run) -> None:
        """Nothing is said, and nothing is sent for a STOP beside it."""
        assert "library" not in program("interrogate").err
        assert "library" not in program("stop").err

    def test_unknown_library_is_misuse(self, served: ServerProcess, pumpsim: Run) -> None:
        """A profile that is not there is said with its option."""
        ended = pumpsim("program", "--library", "itp-99", served.ready["port"], "interrogate")

        assert (ended.code, ended.out) == (2, "")
        assert "--library" in ended.err


class TestLeftStopped:
    """A pump that holds a therapy and does not run it."""

    @pytest.fixture
    def new_drug(self, program: Run, served: ServerProcess) -> Run:
        """The pump filled with drug-free fluid; sends its therapy."""
        served.bench.needle(withdraw_nl="all", inject_nl=20_000_000, concentration_ng_per_ml=0)
        assert program("refill", "--volume", "20 mL", "--drug", "saline", "--concentration", "0 mcg/mL").code == 0
        return lambda *more: program("update", "saline.yaml", "--yes", *more)

    @pytest.mark.pump_requirement("ST-09")
    def test_programmed_and_not_started_does_not_end_well(self, new_drug: Run, program: Run) -> None:
        """A new drug waits for START: without an acknowledgement the command ends with 1 and what to type; the pump's log has it."""
        ended = new_drug()
        log = program("log", "--all").out
        since = log[log.rindex("stopped ") :]

        assert ended.code == 1
        assert "generation 2 and is STOPPED" in ended.err
        assert "start, or add --leave-stopped" in ended.err
        assert "read back and committed" in ended.out
        assert "generation 2, command 4" in since
        assert "started" not in since

    @pytest.mark.pump_requirement("ST-09")
    def test_acknowledged_beforehand_it_ends_well(self, new_drug: Run) -> None:
        """--leave-stopped says that it is meant."""
        assert new_drug("--leave-stopped").code == 0

    @pytest.mark.pump_requirement("ST-09")
    @pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)], ids=["yes", "no", "enter"])
    def test_person_at_a_terminal_has_to_agree(self, new_drug: Run, typist: Callable[..., Typist], typed: str, code: int) -> None:
        """The session is not closed before somebody says that it may stay so."""
        typist((0, typed))
        ended = new_drug()

        assert ended.code == code
        assert "Leave it stopped? [y/N]" in ended.out

    @pytest.mark.pump_requirement("ST-09")
    @pytest.mark.parametrize("action", ["refill", "prime", "set-clock"])
    def test_any_act_over_a_stopped_pump_is_told(
        self, program: Run, served: ServerProcess, typist: Callable[..., Typist], action: str
    ) -> None:
        """Where nobody can be asked it is a line on stderr; a person is asked."""
        assert program("stop").code == 0
        alone = program(action, *ALL_ACTIONS[action])
        served.bench.advance(minutes=10)
        typist((0, "n\n"))
        asked = program(action, *ALL_ACTIONS[action])

        assert (alone.code, asked.code) == (0, 1)
        assert "generation 1 and is STOPPED; type: pumpsim program" in alone.err
        assert "Leave it stopped? [y/N]" in asked.out

    def test_stop_needs_no_second_word(self, program: Run, typist: Callable[..., Typist]) -> None:
        """Who types stop means it, and reading asks nothing."""
        typist()
        assert program("stop").code == program("status").code == 0


class TestQuestion:
    """The confirmation prompt of an update, at which nobody sits."""

    @pytest.mark.pump_requirement("PG-04")
    def test_five_minutes_without_a_word_are_an_alert(self, program: Run, typist: Callable[..., Typist]) -> None:
        """Once, at five minutes; the question still stands and its answer counts."""
        typist((14, "y\n"))
        ended = program("update", "strong.yaml")

        assert ended.code == 0
        assert ended.err.count("nothing was typed for 5 min: the update of tcp://") == 1
        assert "is still open, and nothing was sent" in ended.err
        assert ended.out.count("Send this therapy? [y/N]") == 1

    @pytest.mark.pump_requirement("PG-06")
    def test_question_is_put_again_every_fifteen_minutes(self, program: Run, served: ServerProcess, typist: Callable[..., Typist]) -> None:
        """At 15, 30 and 45 minutes; the session has long timed out on the pump, and the answer is still carried out."""
        keyboard = typist((50, "y\n"))
        ended = program("update", "strong.yaml")

        assert ended.code == 0
        assert [ended.err.count(f"an answer is required, for {at} min now") for at in (15, 30, 45)] == [1, 1, 1]
        assert ended.out.count("Send this therapy? [y/N]") == 4
        assert keyboard.us == 50 * 60_000_000
        assert served.bench.call("status")["generation"] == 2

    @pytest.mark.pump_requirement("PG-06")
    def test_answer_that_is_none_is_asked_for_again(self, program: Run, typist: Callable[..., Typist]) -> None:
        """A word that is no answer, and the quarter of an hour goes on from the question."""
        typist((10, "perhaps\n"), (10, "n\n"))
        ended = program("update", "strong.yaml")

        assert ended.code == 1
        assert "Error: invalid input" in ended.out
        assert ended.err.count("an answer is required") == 1
        assert "not agreed; nothing was sent" in ended.err

    def test_terminal_that_is_gone_sends_nothing(self, program: Run, served: ServerProcess, typist: Callable[..., Typist]) -> None:
        """End of input is no agreement."""
        typist((1, ""))
        before = served.bench.digest("therapy")

        assert program("update", "strong.yaml").code != 0
        assert served.bench.digest("therapy") == before

    def test_prompt_reads_a_real_terminal(self, program: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """The keyboard of the process waits on the terminal itself."""
        import os
        import pty

        ours, theirs = pty.openpty()
        with os.fdopen(theirs, encoding="utf-8") as keyboard:
            monkeypatch.setattr(sys, "stdin", keyboard)
            terminal = hil.cli.program_ask.Terminal()
            assert terminal.line(0) is None
            os.write(ours, b"y\n")
            assert terminal.line(None) == "y\n"
            assert terminal.now_us() <= terminal.now_us()
        os.close(ours)


class TestMassOfABolus:
    """Limits on what a bolus weighs, beside those on its volume."""

    @pytest.fixture
    def bolus(self, program: Run) -> Callable[..., Ended]:
        """Ask for a bolus on top of 900 mcg/day."""
        return lambda dose, *more: program("bolus", "--dose", dose, "--duration", "30 min", *more)

    @pytest.mark.pump_requirement("BO-18")
    def test_soft_limit_on_mass_needs_its_override(self, bolus: Callable[..., Ended], served: ServerProcess) -> None:
        """More than 1,000 mcg in a day with the bolus: R-033 warns, nothing is sent; overridden it is given."""
        before = served.bench.digest("therapy")
        warned, at_limit = bolus("100.002 mcg"), served.bench.digest("therapy")
        given = bolus("101 mcg", "--override", "R-033")

        assert (warned.code, given.code) == (1, 0)
        assert "R-033 warns: with this bolus the day's dose of baclofen is 1,000.002 mcg/day" in warned.err
        assert "add --override R-033; nothing was sent" in warned.err
        assert at_limit == before
        assert "bolus  101 mcg" in given.out

    @pytest.mark.pump_requirement("BO-18")
    def test_soft_limit_itself_passes(self, bolus: Callable[..., Ended]) -> None:
        """Exactly 1,000 mcg in a day are no warning."""
        assert bolus("100 mcg").code == 0

    @pytest.mark.pump_requirement("BO-18")
    def test_hard_limit_on_mass_is_final(self, bolus: Callable[..., Ended], served: ServerProcess) -> None:
        """A volume that the pump would take, of a drug so strong that the day is above the drug's limit: refused, override or not."""
        before = served.bench.digest("therapy")
        refused = bolus("3,200 mcg", "--override", "R-033")

        assert refused.code == 1
        assert "with this bolus the day's dose of baclofen is 4,100 mcg/day, above the pump's limit 4,000 mcg/day" in refused.err
        assert served.bench.digest("therapy") == before

    @pytest.mark.pump_requirement("BO-18")
    def test_hard_limit_on_volume_is_judged_too(self, program: Run, served: ServerProcess) -> None:
        """More volume than a bolus may have is refused before anything is sent, however little it weighs."""
        before = served.bench.digest("therapy")
        refused = program("bolus", "--volume", "30 mL", "--duration", "30 min")

        assert refused.code == 1
        assert "above the pump's limit" in refused.err
        assert served.bench.digest("therapy") == before

    @pytest.mark.pump_requirement("BO-18")
    def test_concentration_is_caught_at_the_refill(self, program: Run, served: ServerProcess) -> None:
        """A concentration above the drug's limit is refused where it is told, before any bolus is worked out from it."""
        before = served.bench.digest("therapy")
        refused = program("refill", "--volume", "20 mL", "--drug", "baclofen", "--concentration", "20,000 mcg/mL")

        assert refused.code == 1
        assert "above the pump's limit" in refused.err
        assert served.bench.digest("therapy") == before

    @pytest.mark.pump_requirement("BO-18")
    def test_patient_boluses_are_judged_by_their_mass_with_the_update(self, program: Run, files: Path) -> None:
        """What the patient may ask for counts to the day: an update that passes 1,000 mcg/day only by its boluses is warned of."""
        rule = "patient-bolus:\n  dose: 60 mcg\n  duration: 10 min\n  lockout: 4 h\n  most-per-day: 4\n  daily-limit: 1,200 mcg/day\n"
        path = files / dosed(files, "900")
        path.write_text(path.read_text() + rule)
        ended = program("update", path.name, "--yes")

        assert ended.code == 1
        assert "R-033 of label-us warns" in ended.err
