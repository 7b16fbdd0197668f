"""Campaigns on a Dask cluster: a scheduler and workers that are processes of their own, one of which dies in mid-run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from hil.cli import execute
from tests.support.short_lives import VARIABLE

PLAN = "name: short\nengine: pump\nruns: 40\nyears: 1\n"
ENGINE = "tests.support.short_lives:run"
FILES = ("results.csv", "summary.json")


@contextmanager
def dask(role: str, arguments: list[str], said: str, happens: str = "") -> Iterator[str]:
    """A process of the cluster; gives what follows `said` in the line that tells that it is there."""
    command = [sys.executable, "-m", "distributed.cli.dask_" + role, "--no-dashboard", *arguments]
    environment = {**os.environ, VARIABLE: happens}
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield next(line for line in process.stderr if said in line).rpartition(said)[2].strip()
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("happens", ["kill-once:{}/once:21", "kill:21"], ids=["a worker is killed", "a case kills every worker"])
def test_cluster_brings_what_one_machine_does(happens: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With two workers of which one is killed, the results are those of one process; a poison case alone is missing from them."""
    pytest.importorskip("distributed")
    plan, poison = tmp_path / "mine.yaml", happens.startswith("kill:")
    plan.write_text(PLAN, encoding="utf-8")
    command = ["campaign", "run", str(plan), "--engine", ENGINE, "--quiet", "--chunk", "5", "--out"]
    nanny = [] if poison else ["--no-nanny"]
    with ExitStack() as stack:
        address = stack.enter_context(dask("scheduler", ["--host", "127.0.0.1", "--port", "0"], "Scheduler at:"))
        for name in ("one", "two"):
            arguments = [address, "--nthreads", "1", *nanny, "--local-directory", str(tmp_path / name)]
            stack.enter_context(dask("worker", arguments, "Registered to:", happens.format(tmp_path)))
        assert execute([*command, str(tmp_path / "far"), "--dask", address]) == (1 if poison else 0)
    assert execute([*command, str(tmp_path / "here"), "--workers", "1"]) == 0

    far, here = ([(tmp_path / folder / name).read_text().splitlines() for name in FILES] for folder in ("far", "here"))
    assert ("case 21 (point 0, run 21) failed" in capfd.readouterr().out) == poison
    assert far[0] == [line for line in here[0] if not (poison and line.startswith("21,"))]
    assert poison or (far[1] == here[1] and (tmp_path / "once").exists())


def test_missing_extra_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without Dask the command says what to install, and ends with 2."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    plan = tmp_path / "mine.yaml"
    plan.write_text(PLAN, encoding="utf-8")

    assert execute(["campaign", "run", str(plan), "--out", str(tmp_path / "out"), "--dask", "tcp://127.0.0.1:1"]) == 2

    assert "dask.distributed is not installed; pip install 'pumpsim[cluster]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--tls", "{0}", "{0}", "{0}"],
        ["--tls", "{0}", "no-such-file", "{0}", "--dask", "tls://127.0.0.1:1"],
        ["--tls", "{0}", "{0}", "{0}", "--dask", "tcp://127.0.0.1:1"],
        ["--dask", "tls://127.0.0.1:1"],
        ["--dask", "tcp://127.0.0.1:1", "--workers", "2"],
    ],
    ids=["tls alone", "no such file", "tls to tcp", "tls without", "both places"],
)
def test_options_that_do_not_go_together_are_told(options: list[str], tmp_path: Path) -> None:
    """Encryption of nothing, none where it must be, and two places at once end with 2, before anything is made."""
    plan = tmp_path / "mine.yaml"
    given = [option.format(plan) for option in options]
    plan.write_text(PLAN, encoding="utf-8")

    assert execute(["campaign", "run", str(plan), "--out", str(tmp_path / "out"), *given]) == 2
    assert not (tmp_path / "out").exists()
