"""A pump with the strong therapy, and a command line beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from tests.cli.clinic_shell import lay_out, strong_pump
from tests.cli.shell import Run, shell


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a strong therapy and people."""
    return lay_out(tmp_path)


@pytest.fixture
def pumpsim(files: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `pumpsim ...` in this process, in that folder."""
    monkeypatch.chdir(files)
    return shell(capfd)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, str]]:
    """A pump with the strong therapy, filled, told so; and its image."""
    with strong_pump(tmp_path_factory.mktemp("therapy")) as made:
        yield made


@pytest.fixture
def served(server: tuple[ServerProcess, str]) -> ServerProcess:
    """That pump, as it was after a day."""
    process, image = server
    process.bench.call("restore", image=image)
    return process
