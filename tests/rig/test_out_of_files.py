"""A server that may open no more files goes on with what it has, and takes clients in again when it may."""

from __future__ import annotations

import resource
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.rig.web import web

STRANGERS = 24


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_too_many_connections_end_nothing(tmp_path: Path) -> None:
    """Strangers use up every file of the process; its bench on the pipe answers meanwhile, and its HTTP bench when they have gone."""
    with web(tmp_path) as served, ExitStack() as strangers:
        before = served.behind.now_us()  # what a first verb imports is read from files
        pid = int(served.ready["pid"])
        most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        taken = max(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir())
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (taken + 4, most[1]))
        for _ in range(STRANGERS):
            strangers.enter_context(socket.create_connection((served.address.host, served.address.port)))
        served.behind.advance(seconds=1)
        assert served.behind.now_us() == before + 1_000_000
        strangers.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, most)
        assert served.bench.now_us() == before + 1_000_000
