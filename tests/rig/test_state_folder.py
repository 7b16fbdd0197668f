"""--state DIR: a pump that outlives its server."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from hil.errors import UsageError
from hil.rig import Rig
from hil.server.process import replay
from hil.server.state_folder import JOURNAL_BYTES_MAX, MARK_EVERY_US, Entry, StateFolder
from hil.unit import Unit
from protocol.codes import DoseState
from tests.rig.serving import CONCENTRATION, HELLO, PROGRAMMER, RATE_NL_PER_H, filled, run_cli, running, serve, stop_server

BOLUS_ID = 3
"""Refill is 1, commit 2."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the state goes."""
    return tmp_path / "state"


def opened(folder: Path, tmp_path: Path) -> Rig:
    """A served pump that keeps its state."""
    return Rig.open(f"pty:{tmp_path / 'pump'}", seed=5, state=folder, programmer=PROGRAMMER)


def kill(rig: Rig) -> None:
    """End the server as kill -9 does, then clear up after it."""
    os.kill(int((rig.ready or {})["pid"]), signal.SIGKILL)
    rig.close()


def make_folder(path: Path, unit: Unit, *, seed: int | None = 5, sync: bool = False) -> StateFolder:
    """A folder that has begun with this unit."""
    state = StateFolder(path, profile="itp-40", seed=seed, sync=sync)
    state.begin(unit.save)
    return state


class TestKilledServer:
    """kill -9, for real."""

    def test_restart_in_mid_bolus_is_a_reset(self, folder: Path, tmp_path: Path) -> None:
        """Therapy intact and running, the bolus INTERRUPTED with what was given, given once; the log is readable."""
        rig = opened(folder, tmp_path)
        filled(rig).bolus(20_000, 10_000, 600)
        rig.bench.advance(minutes=4)
        before = rig.bench.status()
        kill(rig)
        with opened(folder, tmp_path) as again:
            after, programmer = again.bench.status(), again.programmer
            outcome = programmer.outcome(BOLUS_ID)

            assert (again.ready or {})["start"] == "reset from state"
            assert (after["generation"], after["prescription"], after["mode"]) == (before["generation"], before["prescription"], "simple")
            assert (outcome.state, outcome.delivered_nl) == (DoseState.INTERRUPTED, before["bolus"]["delivered_nl"])
            assert after["bolus"] is None
            assert after["boot_count"] == before["boot_count"] + 1
            assert all(entry.good for entry in programmer.read_log())

    def test_truth_and_memory_agree_after_a_restart(self, folder: Path, tmp_path: Path) -> None:
        """What was delivered in truth up to the kill is still delivered, and the clock has not gone back."""
        rig = opened(folder, tmp_path)
        filled(rig)
        rig.bench.inject("catheter.occlusion", fraction_ppm=500_000)
        rig.bench.advance(days=9)
        truth, now_us = rig.bench.truth(), rig.bench.now_us()
        kill(rig)
        with opened(folder, tmp_path) as again:
            later = again.bench.truth()

            assert again.bench.now_us() == now_us
            assert (later["balance"], later["faults"]) == (truth["balance"], truth["faults"])

    def test_answered_update_is_there_after_a_kill(self, folder: Path, tmp_path: Path) -> None:
        """What the client was told is kept, though nothing else happened since."""
        rig = opened(folder, tmp_path)
        filled(rig)
        kill(rig)
        with opened(folder, tmp_path) as again:
            therapy = again.programmer.interrogate().therapy

            assert therapy is not None
            assert therapy.groups[0].steps[0].rate_nl_per_h == RATE_NL_PER_H

    def test_killed_again_and_again(self, folder: Path, tmp_path: Path) -> None:
        """Each restart is one boot more, and nothing else."""
        rig = opened(folder, tmp_path)
        filled(rig)
        boots = []
        for _ in range(3):
            kill(rig)
            rig = opened(folder, tmp_path)
            boots.append(rig.programmer.status().boot_count)
        rig.close()

        assert boots == [2, 3, 4]

    def test_good_end_is_a_reset_too(self, folder: Path, tmp_path: Path) -> None:
        """A server that ended in good order comes back in the same way."""
        with opened(folder, tmp_path) as rig:
            filled(rig)
            rig.bench.advance(days=1)
            now_us = rig.bench.now_us()
        with opened(folder, tmp_path) as again:
            assert again.bench.now_us() == now_us
            assert again.bench.status()["mode"] == "simple"

    def test_free_run_of_a_kept_pump_ends_at_its_level(self, folder: Path, tmp_path: Path) -> None:
        """A filled pump served again runs free to a reservoir level and stands still there."""
        with opened(folder, tmp_path) as rig:
            filled(rig)
        options = ["--port", f"pty:{tmp_path / 'pump'}", "--state", str(folder), "--pace", "free", "--until", "reservoir<=19 mL"]
        with ServerProcess("itp-40", options) as server:
            while server.bench.call("pace")["pace"] == "free":
                pass
            assert server.bench.status()["computed_reservoir_nl"] == 19_000_000


class TestFolder:
    """The files."""

    def test_second_server_is_refused(self, folder: Path, tmp_path: Path) -> None:
        """The folder belongs to a running server alone."""
        with opened(folder, tmp_path):
            second = run_cli("serve", "itp-40", "--port", f"pty:{tmp_path / 'other'}", "--state", str(folder))

        assert second.returncode == 2
        assert "running server has this state folder" in second.stderr.decode()

    @pytest.mark.parametrize("asked, says", [(["itp-20"], "itp-40"), (["itp-40", "--seed", "6"], "seed 5")], ids=["profile", "seed"])
    def test_another_pump_is_refused(self, asked: list[str], says: str, folder: Path, tmp_path: Path) -> None:
        """A folder is not quietly turned into another profile or unit."""
        with opened(folder, tmp_path):
            pass
        result = run_cli("serve", *asked, "--port", f"pty:{tmp_path / 'pump'}", "--state", str(folder))

        assert result.returncode == 2
        assert says in result.stderr.decode()

    def test_seed_need_not_be_told_again(self, folder: Path, tmp_path: Path) -> None:
        """Without --seed the folder's pump is served."""
        with opened(folder, tmp_path) as rig:
            serial = (rig.ready or {})["serial"]
        with serve("--port", f"pty:{tmp_path / 'pump'}", "--state", str(folder)) as process:
            ready = running(process)
            stop_server(process)

        assert ready["serial"] == serial

    def test_torn_last_line_never_counted(self, folder: Path) -> None:
        """Half a line at the end of the journal is left out; the lines before it count."""
        unit = Unit.new("itp-40", seed=5)
        state = make_folder(folder, unit)
        state.frame(0, HELLO)
        state.mark(70)
        state.close()
        journal = next(folder.glob("journal-*"))
        journal.write_bytes(journal.read_bytes() + b'{"at":90,"in":"00')
        again = StateFolder(folder, profile="itp-40", seed=5)
        stored = again.stored()
        again.close()

        assert stored is not None
        assert stored.entries == (Entry(0, HELLO), Entry(70))

    def test_damage_before_the_last_line_is_told(self, folder: Path) -> None:
        """A journal that cannot be trusted is refused by file and line, not replayed in part."""
        state = make_folder(folder, Unit.new("itp-40", seed=5))
        for at_us in (10, 20, 30):
            state.mark(at_us)
        state.close()
        journal = next(folder.glob("journal-*"))
        journal.write_bytes(journal.read_bytes().replace(b'"at":20', b'"at":2x'))
        again = StateFolder(folder, profile="itp-40", seed=5)
        with pytest.raises(UsageError, match=r"journal-1:2"):
            again.stored()
        again.close()

    @pytest.mark.parametrize(
        "spoil",
        [lambda raw: raw[:-1], lambda raw: b"x" + raw, lambda _raw: b"", lambda raw: raw[:-1] + b"?"],
        ids=["short", "head", "empty", "bit"],
    )
    def test_damaged_image_is_told(self, spoil: Callable[[bytes], bytes], folder: Path) -> None:
        """An image that does not fit its own checksum is refused, and left as it is."""
        make_folder(folder, Unit.new("itp-40", seed=5)).close()
        image = folder / "image"
        image.write_bytes(spoil(image.read_bytes()))
        again = StateFolder(folder, profile="itp-40", seed=5)
        with pytest.raises(UsageError, match="damaged"):
            again.stored()
        again.close()

    def test_long_journal_renews_the_image(self, folder: Path) -> None:
        """Past a megabyte the image is the unit as it is, and one short journal is left."""
        unit = Unit.new("itp-40", seed=5)
        state = make_folder(folder, unit)
        sent = 0
        while sent <= 2 * JOURNAL_BYTES_MAX:
            state.frame(unit.now_us, bytes(20_000))
            unit.receive(bytes(20_000))
            state.renew_if_long()
            sent += 40_000
        stored = state.stored()
        state.close()

        assert stored is not None
        again = Unit.new("itp-40", seed=5)
        again.restore(stored.image)
        replay(again, stored.entries)

        assert again.save() == unit.save()
        assert len(list(folder.glob("journal-*"))) == 1
        assert next(folder.glob("journal-*")).stat().st_size < JOURNAL_BYTES_MAX

    def test_time_is_marked_each_virtual_hour(self, folder: Path) -> None:
        """Time that passes by itself costs one line an hour, not one a look."""
        state = make_folder(folder, Unit.new("itp-40", seed=5))
        for at_us in range(0, 3 * MARK_EVERY_US + 1, MARK_EVERY_US // 10):
            state.passing(at_us)
        stored = state.stored()
        state.close()

        assert stored is not None
        assert [entry.at_us for entry in stored.entries] == [MARK_EVERY_US, 2 * MARK_EVERY_US, 3 * MARK_EVERY_US]

    def test_files_are_readable_by_hand(self, folder: Path, tmp_path: Path) -> None:
        """One JSON line says what the image is; the journal is one JSON line an input."""
        with opened(folder, tmp_path) as rig:
            rig.bench.needle(inject_nl=1_000_000, concentration_ng_per_ml=CONCENTRATION)
            head = json.loads((folder / "image").read_bytes().partition(b"\n")[0])
            lines = [json.loads(line) for line in (folder / head["journal"]).read_bytes().splitlines()]

        assert (head["profile"], head["seed"]) == ("itp-40", 5)
        assert [line["act"] for line in lines] == ["needle"]
