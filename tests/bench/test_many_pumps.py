"""What many pumps of one server take at the pace of the wall clock, over TCP and over ptys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.conftest import Note
from tests.bench.many_pumps import measure_pumps

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

WARDS = (100, 1_000)


@pytest.mark.parametrize("kind", ["tcp", "pty"])
def test_pumps_that_nobody_talks_to(kind: str, note: Note, tmp_path: Path) -> None:
    """Filled and programmed, each over its own port, then left alone: processor time, memory, start-up."""
    for count in WARDS:
        port = "tcp://127.0.0.1:0" if kind == "tcp" else f"pty:{tmp_path / f'ward{count}-'}0"
        figure = measure_pumps(count, port)
        memory = f"{figure.memory_mb:5.0f} MB in all with the HTTP bench, {figure.kb_per_pump:4.0f} kB a pump"
        note(f"{count:5,} pumps at x1 over {kind}", f"{figure.busy_share:.3f} of a core, {memory}, ready after {figure.ready_s:.1f} s")

        assert figure.keep_up == count
