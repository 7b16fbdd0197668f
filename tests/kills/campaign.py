"""kill -9 at random moments: `python -m tests.kills.campaign 200` kills that many servers, programmers and benches, one at a time.

After each the next one has to start on the same port, bench address, ready file, key file and state folder; the therapy in the pump has to
be the last that was acknowledged, or the one that was on its way, and never anything else; and what was open has to be settled.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hil.plain import plain
from hil.rig import Rig
from hil.therapy.prescription import to_prescription
from tests.kills.processes import Killable
from tests.rig.serving import filled, therapy

__all__ = ["Stand", "main", "run"]

VICTIMS = ("server", "client", "bench")
LINES_MAX = 6
START_S_MAX = 0.15
PAUSE_S_MAX = 0.015
"""An update takes a few milliseconds; so much later a kill falls anywhere into the acts that follow."""


class Stand:
    """A pump that is kept, and those around it. `counts` says how many of each were killed, and in the middle of what."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.draw = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.folder = folder
        self.ports = (f"pty:{folder / 'pump0'}", f"tcp://127.0.0.1:{_free_port()}")
        self.bench_place = f"http://127.0.0.1:{_free_port()}"
        self.server: Killable | None = None
        self.client: Killable | None = None
        self.ready: dict[str, Any] = {}
        self.begun = self.done = 0
        self.generation = 0
        self.doing = ""
        self._kill_one_that_starts()  # also with a state folder that is not there yet
        self._serve()
        with Rig.connect(self.ready) as rig:
            rig.bench.advance(seconds=60)
            filled(rig)
        self.done = self._rate()

    def close(self) -> None:
        """End all that lives; the server has to end in order."""
        self._bury_client()
        assert self.server is not None
        code, said = self.server.end(), self.server.said()
        self.server.close()
        assert code == 0, said
        assert not self._ready_file.exists()
        assert self.ready["port"] != self.ports[0] or not (self.folder / "pump0").is_symlink()

    def trial(self, victim: str) -> None:
        """Let them work, kill one, and see that the next one finds everything as it was."""
        client = self._client()
        self._hear(client.lines(self.draw.randint(1, LINES_MAX)))
        if victim == "bench":
            self._kill_a_bench()
        else:
            client.outlast(self.draw.uniform(0, PAUSE_S_MAX))
            (client if victim == "client" else self._server()).kill()
            self._hear(client.rest())
            self._bury_client()
            self.counts[f"{victim} killed {self.doing}"] += 1
        if victim == "server":
            self._server().close()
            self._kill_one_that_starts()
            self._serve()
            assert self.ready["start"] == "reset from state", self.ready
            with Rig.connect(self.ready) as rig:
                rig.bench.advance(seconds=60)
        self._judge()

    def _judge(self) -> None:
        """The therapy is the last one, or the one that was on its way."""
        with Rig.connect(self.ready) as rig:
            status = rig.bench.status()
        rate = self._rate()
        if self.begun != self.done:
            self.counts[f"update cut off: the therapy is the {'new' if rate == self.begun else 'old'} one"] += 1
        assert rate in (self.done, self.begun), f"{rate} nL/h; the last was {self.done}, on its way {self.begun}"
        assert status["prescription"] == plain(to_prescription(therapy(rate))), status["prescription"]
        assert status["generation"] >= self.generation, (status["generation"], self.generation)
        self.generation = status["generation"]

    def _kill_a_bench(self) -> None:
        """Somebody at the bench dies; the programmer goes on, and the next one at the bench is served."""
        bench = Killable("bench", str(self.draw.randrange(1 << 30)), str(self._ready_file), errors=self.folder / "bench.err")
        told = list(bench.lines(self.draw.randint(1, LINES_MAX)))
        assert told, bench.said()
        bench.outlast(self.draw.uniform(0, PAUSE_S_MAX))
        bench.kill()
        told += bench.rest()
        bench.close()
        self.counts[f"bench killed {_doing(told[-1])}"] += 1
        client = self._client()
        self._hear(client.lines(2))
        client.kill()
        self._hear(client.rest())
        self._bury_client()

    def _hear(self, lines: Any) -> None:
        """Keep book of what a programmer says of itself."""
        for line in lines:
            self.doing = _doing(line) or self.doing
            word, _, act = line.partition(" ")
            name, _, rate = act.partition(" ")
            if name == "update" and word == "begin":
                self.begun = int(rate)
            elif name == "update" and word == "done":
                self.done = int(rate)

    def _client(self) -> Killable:
        """The programmer, who first settles what another left open; there is only one programmer file."""
        if self.client is None:
            words = (
                "client",
                str(self.draw.randrange(1 << 30)),
                self.ready["port"],
                self.ready["key_file"],
                str(self.folder / "programmer"),
            )
            self.client = Killable(*words, errors=self.folder / "client.err")
            first = next(self.client.lines(1), "")
            assert first.startswith("settled "), f"{first!r}: {self.client.said()}"
            self.done = self.begun = self._rate()
        return self.client

    def _bury_client(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None

    def _server(self) -> Killable:
        assert self.server is not None
        return self.server

    def _kill_one_that_starts(self) -> None:
        """One server in three dies before, or just when, it is ready."""
        if self.draw.randrange(3):
            return
        starting = self._starting()
        starting.outlast(self.draw.uniform(0, START_S_MAX))
        starting.kill()
        ready = any(starting.rest())
        starting.close()
        self.counts[f"one more server killed {'as it was ready' if ready else 'as it started'}"] += 1

    def _starting(self) -> Killable:
        """A server of the pump, on one of two ports that are each used again and again."""
        words = ["serve", "itp-40", "--port", self.draw.choice(self.ports), "--pace", "lock-step", "--bench", self.bench_place]
        words += ["--state", str(self.folder / "state"), "--ready-file", str(self._ready_file), "--key-file", str(self.folder / "keys")]
        return Killable(*words, errors=self.folder / "server.err")

    def _serve(self) -> None:
        """Serve the pump again."""
        self.server = self._starting()
        line = next(self.server.lines(1), "")
        assert line, f"it does not start: {self.server.said()}"
        self.ready = json.loads(line)

    @property
    def _ready_file(self) -> Path:
        return self.folder / "ready.json"

    def _rate(self) -> int:
        with Rig.connect(self.ready) as rig:
            (group,) = rig.bench.status()["prescription"]["groups"]
        return int(group["steps"][0]["rate_nl_per_h"])


def run(folder: Path, trials: int, seed: int) -> Counter[str]:
    """So many kills, each victim as often as the others; returns what was killed at what."""
    with ExitStack() as stack:
        stand = Stand(folder, seed)
        stack.callback(stand.close)
        for number in range(trials):
            stand.trial(VICTIMS[number % len(VICTIMS)])
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{number + 1} of {trials} killed ")
        return stand.counts


def _doing(line: str) -> str:
    """What a process was at when it said this; empty for one that says how it ended."""
    word, _, act = line.partition(" ")
    return f"in {act.split()[0]}" if word == "begin" else "between two acts" if word in {"done", "settled"} else ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def main(trials: int = 200, seed: int = 0) -> int:
    """Run it in a folder of its own and tell what was killed."""
    with tempfile.TemporaryDirectory() as place:
        found = run(Path(place), trials, seed)
    lines = [f"{trials} killed with seed {seed}, nothing lost", *(f"{count:>5} {what}" for what, count in sorted(found.items()))]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
