"""One test file, unchanged, wherever the pump is: the same measurements, the same digest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hil.rig import Rig
from tests.plugin.runs import Ran, file_of_page, plain_run
from tests.rig.programs import joined_uarts
from tests.rig.serving import running as ready_line
from tests.rig.serving import serve, stop_server

TEST = "test_bolus_is_given"
LINES_MAX = 15


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    """A folder with the file of the page and nothing else."""
    text = file_of_page("test_pump.py")
    assert len([line for line in text.splitlines() if line.strip()]) <= LINES_MAX
    (pytester.path / "test_pump.py").write_text(text, encoding="utf-8")
    return pytester.path


@contextmanager
def served_over_a_cable(folder: Path) -> Iterator[list[str]]:
    """A server at one end of a cable; the options of a run that sits at the other."""
    ready = folder / "ready.json"
    with joined_uarts(folder) as (near, far):
        options = ("--port", f"serial:{near}", "--seed", "1", "--pace", "lock-step", "--bench", "http", "--ready-file", str(ready))
        with serve(*options) as process:
            ready_line(process)
            yield ["--pump", f"serial:{far}", "--pump-bench", str(ready)]
            stop_server(process)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_file_of_the_page_runs_unchanged_everywhere(pytester: pytest.Pytester, folder: Path) -> None:
    """In this process, on a pty, TCP, RFC 2217 and over a cable: it passes, and all end in one digest.

    The pump that was there before is afterwards as it was found.
    """
    places: dict[str, list[str]] = {
        "memory": [],
        "pty": ["--pump", "pty:./pump0"],
        "tcp": ["--pump", "tcp://127.0.0.1:0"],
        "rfc2217": ["--pump", "rfc2217://127.0.0.1:0"],
    }
    ran: dict[str, Ran] = {name: plain_run(pytester, *options) for name, options in places.items()}
    with served_over_a_cable(folder) as options, Rig.connect(options[-1]) as there:
        before = there.bench.digest()
        ran["cable"] = plain_run(pytester, *options)
        after = there.bench.digest()

    assert {name: each.code for name, each in ran.items()} == dict.fromkeys((*places, "cable"), 0), [each.text for each in ran.values()]
    assert len({each.said(TEST, "pump_digest")[0] for each in ran.values()}) == 1
    assert after == before
    assert len({each.measured(TEST)["value"] for each in ran.values()}) == 1
    assert {each.said(TEST, "pump_serial")[0] for each in ran.values()} == {ran["memory"].said(TEST, "pump_serial")[0]}


@pytest.mark.slow
def test_processes_of_a_run_share_no_port(pytester: pytest.Pytester, folder: Path) -> None:
    """Two processes of pytest-xdist and one pty path: each serves its own, and nothing stays; a skip that is not listed is told."""
    (folder / "test_more.py").write_text(file_of_page("test_pump.py"), encoding="utf-8")
    (folder / "test_skip.py").write_text("import pytest\n\ndef test_skips(): pytest.skip('no moon')\n", encoding="utf-8")
    (folder / "skips.txt").write_text("", encoding="utf-8")

    ran = plain_run(pytester, "-n2", "--dist=each", "--pump", "pty:./pump0", "--pump-skips", "skips.txt")

    assert ran.text.count("test_skip.py::test_skips  # no moon") == 2, ran.text
    assert " 4 passed" in ran.text
    assert not list(folder.glob("pump0*"))


@pytest.mark.usefixtures("folder")
def test_one_pump_is_not_shared_by_processes(pytester: pytest.Pytester) -> None:
    """What is there already is there once."""
    ran = plain_run(pytester, "-n2", "--pump", "tcp://127.0.0.1:9")

    assert (ran.code, ran.reports) == (4, {})
    assert "cannot be shared" in ran.text


def test_killed_run_leaves_no_server(pytester: pytest.Pytester, folder: Path) -> None:
    """A run that is killed in the middle of a test takes its server with it; the next one gets the port."""
    (folder / "test_pump.py").unlink()
    (folder / "test_dies.py").write_text(
        "import os\n\ndef test_dies(running, bench):\n    print('pid', bench.call('now') and os.getpid())\n    os.kill(os.getpid(), 9)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "pump_hil", "--pump", "pty:./pump0"]
    killed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    (folder / "test_dies.py").write_text(file_of_page("test_pump.py"), encoding="utf-8")
    ran = plain_run(pytester, "--pump", "pty:./pump0")

    assert killed.returncode == -9, killed.stdout + killed.stderr
    assert ran.code == 0, ran.text
    assert not (folder / "pump0").exists()


def test_killed_server_is_started_again_for_the_next_test(pytester: pytest.Pytester, folder: Path) -> None:
    """A test that ends its server fails alone."""
    (folder / "test_killer.py").write_text(
        "import os, signal\n\ndef test_a_kills(running, rig):\n    os.kill(rig.ready['pid'], signal.SIGKILL)\n"
        "    rig.bench.advance(hours=1)\n\ndef test_b_goes_on(running, programmer):\n    assert programmer.status().alarms == 0\n",
        encoding="utf-8",
    )

    ran = plain_run(pytester, "--pump", "pty:./pump0", "test_killer.py")

    assert {name: report.outcome for name, report in ran.reports.items()} == {"test_a_kills": "failed", "test_b_goes_on": "passed"}
    assert not os.path.lexists(folder / "pump0")
