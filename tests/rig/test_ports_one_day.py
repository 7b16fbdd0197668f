"""One scripted day in lock-step: the digest at its end is the same over every kind of port, however busy the machine is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from hil.rig import Rig
from tests.rig.programs import joined_uarts
from tests.rig.serving import PROGRAMMER, scripted_day
from tests.rig.test_digest_over_transports import busy_cores

SEED = 3
URLS = {"pty": "pty:pump", "tcp": "tcp://127.0.0.1:0", "rfc2217": "rfc2217://127.0.0.1:0", "uart": ""}

every_port = pytest.mark.parametrize("kind", URLS)


@contextmanager
def joined_rig(folder: Path) -> Iterator[Rig]:
    """A pump served on one end of a cable, its programmer on the other."""
    with ExitStack() as stack:
        near, far = stack.enter_context(joined_uarts(folder))
        options = ["--port", f"serial:{near}", "--seed", str(SEED), "--pace", "lock-step"]
        server = stack.enter_context(ServerProcess("itp-40", options))
        assert server.ready["port"] == f"serial:{near}"
        rig = stack.enter_context(Rig(ExitStack(), bench=server.bench, ready={**server.ready, "port": f"serial:{far}"}))
        rig.programmer_options = PROGRAMMER
        yield rig


def digest_over(kind: str, folder: Path) -> str:
    """The digest after the scripted day over a port of this kind."""
    url = f"pty:{folder / 'pump'}" if kind == "pty" else URLS[kind]
    with joined_rig(folder) if kind == "uart" else Rig.open(url, seed=SEED, programmer=PROGRAMMER) as rig:
        return scripted_day(rig)


@pytest.fixture(scope="module")
def digest_in_memory() -> str:
    """The digest of a pump in this process."""
    with Rig.open(f"pumpsim://itp-40?seed={SEED}", programmer=PROGRAMMER) as rig:
        return scripted_day(rig)


@every_port
def test_day_ends_alike_over_every_port(kind: str, digest_in_memory: str, tmp_path: Path) -> None:
    """A pump in another process, behind any port, comes to the digest of one in memory."""
    assert digest_over(kind, tmp_path) == digest_in_memory


@every_port
def test_busy_cores_change_nothing(kind: str, digest_in_memory: str, tmp_path: Path) -> None:
    """With every core busy beside it, the digest is the same."""
    with busy_cores():
        loaded = digest_over(kind, tmp_path)

    assert loaded == digest_in_memory
