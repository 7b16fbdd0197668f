"""The bench over HTTP: the same verbs, results, refusals and digests as in process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.bench.bench import Bench
from hil.bench.calls import BenchCalls, InProcessBench
from hil.bench.stdio import ServerEnded
from hil.bench.verbs import VERBS
from hil.errors import BenchError, UsageError
from hil.rig import Rig
from hil.unit import Unit
from hil.web.address import BenchAddress
from protocol.key_file import load_keys
from tests.rig.serving import PROGRAMMER, filled, run_cli, running, scripted_day, serve, stop_server
from tests.rig.web import Web, listening, web

GOOD: dict[str, dict[str, object]] = {
    "advance": {"hours": 8},
    "run_until": {"condition": "mode:shelf", "limit_s": 60},
    "sample": {"every_s": 60, "duration_s": 600},
    "settle": {"sent_bytes": 0},
    "inject": {"fault": "motor.stall"},
    "clear": {"handle": 1},
    "rinse": {"volume_nl": 5_000_000, "turns": 2},
    "listen": {"duration_s": 600},
    "needle": {"inject_nl": 20_000_000, "concentration_ng_per_ml": 500_000},
    "power_cut": {"off_s": 5},
    "schedule": {"after_s": 60, "act": "reset"},
    "digest": {"part": "therapy"},
    "events": {"since": 1},
    "pace": {"pace": "lock-step"},
}
"""Good arguments; a verb that is not here is called without any, which both sides do or refuse alike."""
OF_THE_WALL_CLOCK = {"lag_us", "lag_us_max"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Web]:
    """A server."""
    with web(tmp_path, "--seed", "1") as found:
        yield found


def outcome(bench: BenchCalls, verb: str, args: dict[str, object]) -> object:
    """The result, or what the refusal says."""
    try:
        result = bench.call(verb, args)
    except BenchError as error:
        return error.what, error.where, error.do
    return {name: value for name, value in result.items() if name not in OF_THE_WALL_CLOCK}


def test_every_verb_equals_the_one_in_process(served: Web) -> None:
    """Each verb of the table, one after another, has the same result or refusal here and there, and one digest at the end."""
    here = InProcessBench(Bench(Unit.new("itp-40", seed=1, keys=load_keys(served.ready["key_file"]))))
    saved: dict[str, object] = {"image": here.save()}
    differing = []
    for verb in VERBS:
        args = saved if verb == "restore" else GOOD.get(verb, {})
        in_process, over_http = outcome(here, verb, args), outcome(served.bench, verb, args)
        if json.loads(json.dumps(in_process)) != json.loads(json.dumps(over_http)):
            differing.append((verb, in_process, over_http))

    assert not differing
    assert served.bench.digest() == here.digest()


def test_refusal_is_the_same_error(served: Web) -> None:
    """What, where and what to do come through whole."""
    with pytest.raises(BenchError) as caught:
        served.bench.advance(hours=-1)

    assert (caught.value.where, "-1" in caught.value.what) == ("advance.hours", True)


@pytest.mark.parametrize("verb", ["advanc", "no such verb", "", "a/b", "verbs?x=1", "größe", "..%2fready"])
def test_verb_that_is_none_is_refused(served: Web, verb: str) -> None:
    """Whatever the name, it is an error of the caller."""
    with pytest.raises(BenchError):
        served.bench.call(verb)


def test_scripted_day_over_http_has_the_digest_of_memory(served: Web) -> None:
    """A programmer on the port and the bench over HTTP: one day, bit for bit the day in process."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig:
        in_process = scripted_day(rig)
    with Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
        over_http = scripted_day(rig)

    assert over_http == in_process


def test_rig_waits_by_the_wall_clock_where_time_passes_by_itself(tmp_path: Path) -> None:
    """On a paced pump a connected rig leaves time alone."""
    with web(tmp_path, "--pace", "x1") as served, Rig.connect(served.ready, programmer=PROGRAMMER) as rig:
        rig.programmer.status()

        assert rig.bench.call("pace")["pace"] == "x1"


def test_both_benches_drive_one_pump(served: Web) -> None:
    """What is done over HTTP is seen on standard input, and the other way round."""
    served.bench.advance(hours=1)
    served.behind.advance(hours=1)

    assert served.bench.now_us() == served.behind.now_us() == 7_200_000_000


def test_state_folder_keeps_what_http_did(tmp_path: Path) -> None:
    """Acts over HTTP are in the journal: a killed server comes back with them."""
    options = ("--state", str(tmp_path / "state"), "--port", "tcp://127.0.0.1:0", "--pace", "lock-step", "--bench", "http", "--no-sync")
    with serve(*options) as process, Rig.connect(running(process), programmer=PROGRAMMER) as rig:
        filled(rig)
        rig.bench.advance(days=2)
        before = rig.bench.truth()
        process.kill()
    with serve(*options) as process, Rig.connect(running(process)) as rig:
        start = (rig.ready or {})["start"]
        after = rig.bench.truth()
        stop_server(process)

    assert start == "reset from state"
    assert (after["now_us"], after["balance"]) == (before["now_us"], before["balance"])


def test_server_that_is_gone_is_one_error(tmp_path: Path) -> None:
    """A client of a server that has ended is told so, and not left hanging."""
    with serve("--port", f"pty:{tmp_path / 'pump'}", "--bench", "http") as process, Rig.connect(running(process)) as rig:
        rig.bench.now_us()
        stop_server(process)
        with pytest.raises(ServerEnded):
            rig.bench.now_us()


def test_open_listeners_do_not_hold_up_the_end(tmp_path: Path) -> None:
    """A server with a kept connection and a listener ends at once when told to, without a complaint."""
    with serve("--port", f"pty:{tmp_path / 'pump'}", "--bench", "http") as process:
        found = Web(running(process))
        found.bench.now_us()
        with listening(found, since=0):
            code, words = stop_server(process)
        found.bench.close()

    assert (code, words.count("\n")) == (0, 1)


class TestPlace:
    """Where the bench may be."""

    @pytest.mark.parametrize(
        "place", ["http://0.0.0.0:0", "http://192.0.2.1:80", "http://example.org", "https://127.0.0.1:1", "ftp", "http:x"]
    )
    def test_only_loopback(self, place: str) -> None:
        """Any other place is misuse, told in one line."""
        result = run_cli("serve", "itp-40", "--port", "tcp://127.0.0.1:0", "--bench", place)

        assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (2, b"", 1)

    @pytest.mark.parametrize("place", ["http://[::1]:0", "http://localhost:0"])
    def test_other_names_of_loopback(self, place: str, tmp_path: Path) -> None:
        """IPv6 and the name work as well."""
        with serve("--port", f"pty:{tmp_path / 'pump'}", "--bench", place) as process:
            with Rig.connect(running(process)) as rig:
                now_us = rig.bench.now_us()
            stop_server(process)

        assert now_us >= 0

    def test_port_in_use_is_misuse(self, served: Web) -> None:
        """A second bench on the same port does not start, and leaves no port of the pump behind."""
        result = run_cli("serve", "itp-40", "--port", "tcp://127.0.0.1:0", "--bench", served.ready["bench"])

        assert (result.returncode, b"in use" in result.stderr) == (2, True)

    def test_missing_extra_is_one_line_with_the_cure(self, tmp_path: Path) -> None:
        """Without the web packages the rest works, and the HTTP bench says what to type."""
        code = "import sys; sys.modules['uvicorn'] = None; from hil.cli import main; main(sys.argv[1:])"
        command = [sys.executable, "-c", code, "serve", "itp-40", "--port", f"pty:{tmp_path / 'pump'}", "--bench", "http"]
        result = subprocess.run(command, capture_output=True, timeout=60, check=False)

        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr.decode() == "pumpsim: --bench http: uvicorn is not installed; type: pip install 'pumpsim[web]'\n"

    def test_client_takes_loopback_only(self) -> None:
        """The token goes to nobody else."""
        with pytest.raises(UsageError):
            BenchAddress.of("http://192.0.2.1:80", "token")
