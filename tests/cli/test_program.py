"""`pumpsim program`, from the shell's side: what is printed, what is asked, what it ends with."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hil
import hil.cli
from hil.bench.stdio import ServerProcess
from tests.cli.shell import FLEX as FLEX_NIGHT
from tests.cli.shell import THERAPIES, Ended, Run, pump_on_a_port, put_on, shell
from tests.rig.cutting_proxy import CuttingProxy

FLEX = str(FLEX_NIGHT)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ServerProcess, dict[str, str]]]:
    """A pump on a free TCP port, in lock-step, and images of it: new, and running the flex example."""
    with pump_on_a_port() as process:
        images = {"new": process.bench.call("save")["image"]}
        put_on(process, FLEX_NIGHT)
        images["running"] = process.bench.call("save")["image"]
        yield process, images


@pytest.fixture
def served(server: tuple[ServerProcess, dict[str, str]]) -> ServerProcess:
    """That pump, new."""
    process, images = server
    process.bench.call("restore", image=images["new"])
    return process


@pytest.fixture
def program(served: ServerProcess, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run `pumpsim program PORT ...` in this process."""
    pumpsim = shell(capfd)

    def run(*arguments: str, port: str = "") -> Ended:
        key = ("--key-file", served.ready["key_file"]) if port.startswith("tcp:") else ()  # a proxy's
        return pumpsim("program", port or served.ready["port"], *arguments, *key)

    return run


@pytest.fixture
def running(program: Run, server: tuple[ServerProcess, dict[str, str]]) -> Run:
    """The same, on a pump that was filled, told so, and runs the flex example."""
    process, images = server
    process.bench.call("restore", image=images["running"])
    return program


class TestReading:
    """Actions that change nothing."""

    def test_interrogate_shows_the_pump(self, running: Run) -> None:
        """Therapy, reservoir and alarms are there, in the units of the files."""
        ended = running("interrogate")

        assert ended.code == 0
        for text in ("ITP-40", "300 mcg/day", "00:00-06:00  120 mcg, 20 mcg/h", "18 mL, computed", "500 mcg/mL"):
            assert text in ended.out

    def test_interrogate_as_json_has_the_wires_numbers(self, running: Run) -> None:
        """--json prints one object with integers and their units in the names."""
        known = running("interrogate", "--json").json()

        assert known["therapy"]["groups"][0]["daily_dose_ng"] == 300_000
        assert known["condition"]["computed_reservoir_nl"] == 18_000_000

    def test_status_names_the_mode(self, running: Run) -> None:
        """The short look has the mode as a word, for people and programs."""
        assert "mode          flex" in running("status").out
        assert running("status", "--json").json()["mode_name"] == "flex"

    def test_looking_changes_nothing(self, running: Run, served: ServerProcess) -> None:
        """A status leaves the therapy digest as it was."""
        before = served.bench.digest("therapy")
        running("status")

        assert served.bench.digest("therapy") == before

    def test_log_shows_the_newest_records(self, running: Run) -> None:
        """Records are words with volumes, oldest first."""
        ended = running("log")

        assert "refill" in ended.out
        assert "18 mL in, 0 mL withdrawn" in ended.out
        assert "therapy committed   generation 1" in ended.out

    def test_patient_sees_a_short_interrogation(self, running: Run) -> None:
        """The patient's role reads condition and counters, and no therapy."""
        shown = running("interrogate", "--role", "patient", "--json").json()

        assert set(shown) == {"condition", "counters"}


class TestUpdate:
    """Read, judge, show, ask, send."""

    @pytest.mark.pump_requirement("PG-17")
    def test_shows_both_therapies_and_sends_with_yes(self, running: Run) -> None:
        """A changed dose is shown with its factor, and the pump has the new therapy after."""
        ended = running("update", str(THERAPIES / "simple-continuous.yaml"), "--yes")

        assert ended.code == 0
        assert "was 300 → 100 mcg/day, 0.33 x" in ended.out
        assert "therapy generation 2" in ended.out

    def test_refuses_to_send_unasked_without_a_terminal(self, running: Run, served: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nobody can be asked, --yes is needed and nothing is sent."""
        with Path(os.devnull).open(encoding="utf-8") as nobody:
            monkeypatch.setattr(sys, "stdin", nobody)
            ended = running("update", FLEX)

        assert (ended.code, ended.out) == (2, "")
        assert "add --yes" in ended.err
        assert served.bench.call("status")["mode"] == "flex"

    @pytest.mark.parametrize("typed, code, generation", [("n\n", 1, 1), ("\n", 1, 1), ("y\n", 0, 2)], ids=["no", "enter", "yes"])
    def test_asks_on_a_terminal(self, running: Run, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, generation: int) -> None:
        """Only a typed yes sends; enter alone does not."""
        ours, theirs = pty.openpty()
        with os.fdopen(theirs, encoding="utf-8") as keyboard:
            os.write(ours, typed.encode())
            monkeypatch.setattr(sys, "stdin", keyboard)
            ended = running("update", FLEX)
        os.close(ours)

        assert ended.code == code
        assert running("status", "--json").json()["generation"] == generation

    @pytest.mark.parametrize(
        "old, new, say",
        [
            ("dose: 120 mcg", "dose: 120", ":12: dose: '120' has no unit"),
            ("dose: 120 mcg", 'dose: "12,000 mcg"', "is above the pump's limit"),
            ("daily-dose: 300", "daily-dose: 30", "the steps add up to 300 mcg/day"),
            ("500 mcg/mL", "1,000 mcg/mL", ":3: the concentration 1,000 mcg/mL is not that of the last refill, 500 mcg/mL"),
            ('from: "06:00"', 'from: "07:00"', "leaves a gap"),
            ("drug: baclofen", "drug: morphine", ":2: the pump does not know the drug 'morphine'"),
            ("mode: flex", "mode: flex\nmode: flex", "'mode' is here a second time"),
        ],
        ids=["unit", "rate", "sum", "concentration", "gap", "drug", "twice"],
    )
    def test_bad_files_never_stop_the_pump(self, running: Run, served: ServerProcess, tmp_path: Path, old: str, new: str, say: str) -> None:
        """What the client can judge is judged before BEGIN: FILE:LINE, and the therapy digest is unchanged."""
        before = served.bench.digest("therapy")
        file = tmp_path / "bad.yaml"
        file.write_text(Path(FLEX).read_text().replace(old, new, 1))

        ended = running("update", str(file), "--yes")

        assert ended.code in {1, 2}
        assert f"{file}:" in ended.err
        assert say in ended.err
        assert "Traceback" not in ended.err
        assert served.bench.digest("therapy") == before

    def test_running_bolus_is_named_before_begin(self, running: Run) -> None:
        """An update during a bolus is refused until --interrupt is given."""
        running("bolus", "--dose", "50 mcg", "--duration", "10 min")
        refused, sent = running("update", FLEX, "--yes"), running("update", FLEX, "--yes", "--interrupt")

        assert (refused.code, sent.code) == (1, 0)
        assert "a bolus runs until" in refused.err

    def test_json_has_review_and_answer(self, running: Run) -> None:
        """A program gets the same comparison as data."""
        sent = running("update", FLEX, "--yes", "--json").json()

        assert sent["generation"] == 2
        assert sent["review"]["rows"][0]["change"] == "same"


class TestActs:
    """Refill, bolus, start, stop and the small ones."""

    def test_bolus_by_dose_and_by_volume_agree(self, running: Run, served: ServerProcess) -> None:
        """50 mcg of 500 mcg/mL is 0.1 mL, whichever was typed."""
        by_dose = running("bolus", "--dose", "50 mcg", "--duration", "10 min")
        served.bench.advance(minutes=11)
        by_volume = running("bolus", "--volume", "0.1 mL", "--duration", "10 min")

        assert by_dose.out.splitlines()[0] == by_volume.out.splitlines()[0] == "bolus  50 mcg in 0.1 mL"

    def test_second_bolus_is_told_when_to_come_back(self, running: Run) -> None:
        """BUSY is said with the time of the pump's own clock."""
        running("bolus", "--dose", "50 mcg", "--duration", "10 min")
        ended = running("bolus", "--dose", "50 mcg", "--duration", "10 min")

        assert ended.code == 1
        assert "the pump is busy; try again after 2026-01-01 00:10:00" in ended.err

    def test_stop_and_start(self, running: Run) -> None:
        """The mode after each is said."""
        assert running("stop").out == "the pump is now in mode stopped\n"
        started = running("start")

        assert started.out == "the pump is now in mode flex\n"
        assert "generation 1" in started.err
        assert "baclofen 500 mcg/mL" in started.err

    def test_service_tests_the_pump_and_resets_it(self, running: Run) -> None:
        """Only service may; a reset starts the firmware anew."""
        refused = running("service-reset")
        tested = running("self-test", "--role", "service")
        reset = running("service-reset", "--role", "service", "--json")

        assert refused.code == 1
        assert "a clinician may not do that: choose another --role" in refused.err
        assert tested.out == "the tests have run; alarms: none\n"
        assert reset.out == '{"reset": true}\n'
        assert "self testing" in running("status").out

    def test_clock_is_set(self, running: Run) -> None:
        """Old and new time are both said."""
        assert running("set-clock", "2026-05-01 10:00").out == "the clock was 2026-01-01 00:00 and is 2026-05-01 10:00\n"

    def test_alarm_is_silenced_and_acknowledged_by_name(self, running: Run, served: ServerProcess) -> None:
        """After 48 h stopped the alarm is on, has a name, and takes both."""
        running("stop")
        served.bench.advance(hours=49)

        assert "alarms        stopped too long" in running("status").out
        assert running("silence", "stopped-too-long").code == 0
        assert running("ack", "stopped-too-long").out == "stopped-too-long is acknowledged\n"
        assert "◆ !!! stopped too long, critical, active" in running("interrogate").out

    def test_alarm_test_sounds(self, running: Run) -> None:
        """The alarm test says what it did."""
        assert running("alarm-test").out == "the pump sounds its alarms\n"

    @pytest.mark.parametrize(
        "arguments, code, say",
        [
            (
                ("refill", "--volume", "50 mL", "--drug", "baclofen", "--concentration", "500 mcg/mL"),
                1,
                "the volume 50 mL is above the pump's limit 40 mL",
            ),
            (("refill", "--volume", "18 mL", "--drug", "baclofn", "--concentration", "500 mcg/mL"), 1, "did you mean 'baclofen'?"),
            (("refill", "--volume", "18 ml", "--drug", "baclofen", "--concentration", "500 mcg/mL"), 2, "'ml' where mL is written here"),
            (("bolus", "--dose", "1e3 mcg", "--duration", "10 min"), 2, "exponent form"),
            (("bolus", "--dose", "50 mcg", "--duration", "10"), 2, "has no unit"),
            (("bolus", "--duration", "10 min"), 2, "a dose or a volume"),
            (("bolus", "--dose", "5,000 mcg", "--duration", "10 min"), 1, "above the pump's limit"),
            (("bolus", "--dose", "1 mcg", "--duration", "1 s"), 1, "is below the pump's limit"),
            (("set-clock", "2026-02-30 00:00"), 2, "not a date"),
            (("silence", "motor-stall"), 1, "that alarm is not on"),
            (("silence", "motor"), 2, "motor-stall"),
            (("settle",), 2, "add --programmer FILE"),
            (("stop", "--role", "patient"), 1, "a patient may not do that"),
            (("status", "--key-file", "nowhere.key"), 2, "nowhere.key"),
            (("update", "nowhere.yaml", "--yes"), 2, "nowhere.yaml: the therapy file cannot be read"),
            (("dance",), 2, "No such command 'dance'"),
        ],
        ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
    )
    def test_refuses_in_one_line(self, running: Run, served: ServerProcess, arguments: tuple[str, ...], code: int, say: str) -> None:
        """Bad input is one clear line on stderr, misuse ends with 2 and a no with 1, and the therapy is untouched."""
        before = served.bench.digest("therapy")

        ended = running(*arguments)

        assert (ended.code, ended.out) == (code, "")
        assert say in ended.err
        assert ended.err.count("\n") == 1
        assert served.bench.digest("therapy") == before

    def test_new_pump_wants_a_refill_first(self, program: Run) -> None:
        """Bolus and update are refused before anything is sent, with what to do."""
        bolus = program("bolus", "--dose", "50 mcg", "--duration", "10 min")
        update = program("update", FLEX, "--yes")

        assert (bolus.code, update.code) == (1, 1)
        assert "the pump has no therapy; send a refill and an update first" in bolus.err
        assert "the pump has not been told of a fill; send a refill first" in update.err

    def test_port_before_action(self, capfd: pytest.CaptureFixture[str]) -> None:
        """An action typed where the port belongs is recognised."""
        assert hil.cli.execute(["program", "status", "interrogate"]) == 2
        assert "type: pumpsim program PORT status" in capfd.readouterr().err

    @pytest.mark.parametrize("port", ["./no-such-pump", "pty:./no-such-pump", "tcp://127.0.0.1:1", "pumpsim://no-such-profile"])
    def test_missing_port_is_one_line(self, program: Run, port: str) -> None:
        """A port that is not there is said with what to do."""
        ended = program("status", port=port)

        assert ended.code in {1, 2}
        assert ended.err.count("\n") == 1
        assert "Traceback" not in ended.err

    def test_works_in_process(self, program: Run) -> None:
        """The simulator's own URL needs no server."""
        assert "shelf" in program("status", port="pumpsim://itp-40?seed=1").out


class TestUncertain:
    """A command that left, and whose answer did not come back."""

    def test_lost_answer_ends_uncertain_and_settles(self, running: Run, served: ServerProcess, tmp_path: Path) -> None:
        """Exit code 3 with the command to type; that command finds out that the bolus was given, once."""
        file = str(tmp_path / "programmer.json")
        proxy = CuttingProxy(served.ready["port"], "BOLUS")
        lost = running("bolus", "--dose", "50 mcg", "--duration", "10 min", "--programmer", file, port=proxy.url)
        proxy.wait()

        assert lost.code == 3
        assert f"type: pumpsim program {proxy.url} settle --programmer {file} --key-file {served.ready['key_file']}" in lost.err
        settled = running("settle", "--programmer", file)
        assert "BOLUS executing" in settled.out
        assert running("settle", "--programmer", file).out == "no command is open\n"

    def test_open_command_is_settled_first(self, running: Run, served: ServerProcess, tmp_path: Path) -> None:
        """The next command with that file says what became of the open one, then does its own work."""
        file = str(tmp_path / "programmer.json")
        proxy = CuttingProxy(served.ready["port"], "START")
        running("stop")
        assert running("start", "--programmer", file, port=proxy.url).code == 3
        proxy.wait()

        ended = running("set-clock", "2026-05-01 10:00", "--programmer", file)

        assert ended.code == 0
        assert "settled first: START executed" in ended.err

    def test_without_a_file_the_outcome_can_be_asked(self, running: Run, served: ServerProcess) -> None:
        """The line to type names the command id, and asking tells."""
        proxy = CuttingProxy(served.ready["port"], "BOLUS")
        lost = running("bolus", "--dose", "50 mcg", "--duration", "10 min", port=proxy.url)
        proxy.wait()

        assert lost.code == 3
        assert "outcome 3" in lost.err
        assert "BOLUS executing" in running("outcome", "3").out

    def test_dismiss_drops_the_open_command(self, running: Run, served: ServerProcess, tmp_path: Path) -> None:
        """A person who compared the totals may drop it."""
        file = str(tmp_path / "programmer.json")
        proxy = CuttingProxy(served.ready["port"], "BOLUS")
        running("bolus", "--dose", "50 mcg", "--duration", "10 min", "--programmer", file, port=proxy.url)
        proxy.wait()

        assert running("settle", "--dismiss", "--programmer", file).out == "command 3 is dropped\n"
        assert running("settle", "--programmer", file).out == "no command is open\n"


def test_help_imports_nothing_heavy() -> None:
    """`pumpsim --help` answers without loading what only a command needs."""
    import subprocess

    heavy = {"pydantic", "ruamel.yaml", "rich", "serial", "jinja2", "asyncio"}
    code = f"import sys; from hil.cli import execute; execute(['--help']); print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
