"""One graded server for the whole folder: a pump that is filled and running, to which every test comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.bench.stdio import ServerProcess
from tests.grade.raw_client import Graded, served


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """A graded pump on a TCP port, in lock-step."""
    report = tmp_path_factory.mktemp("grade") / "grade.txt"
    options = ["--port", "tcp://127.0.0.1:0", "--pace", "lock-step", "--seed", "1", "--grade", str(report)]
    with ServerProcess("itp-40", options) as server, served(server) as pump:
        yield Graded(pump, pump.bench.fork())
