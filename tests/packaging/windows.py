"""Commands in a Python that lacks what Python on Windows lacks; see as_on_windows/sitecustomize.py."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.tidy.tree import ROOT

__all__ = ["Windows"]

HOOK = Path(__file__).with_name("as_on_windows")
WAIT_S = 60.0


class Windows(NamedTuple):
    """A folder in which commands run so."""

    folder: Path

    def python(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python to its end."""
        command = [sys.executable, "-c", script, *arguments]
        env, none = self._variables(), subprocess.DEVNULL
        return subprocess.run(command, cwd=self.folder, env=env, stdin=none, capture_output=True, text=True, timeout=WAIT_S, check=False)

    def pumpsim(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `pumpsim` to its end."""
        return self.python("from hil.cli import main; main()", *arguments)

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[dict[str, Any]]:
        """The ready line of a server; at the end it hears Ctrl-C and must end well by itself."""
        command = [sys.executable, "-c", "from hil.cli import main; main()", *arguments]
        with (self.folder / "words").open("w+") as words:
            process = subprocess.Popen(command, cwd=self.folder, env=self._variables(), stdout=subprocess.PIPE, stderr=words, text=True)
            with process:
                assert process.stdout is not None
                line = process.stdout.readline()
                try:
                    assert line, (self.folder / "words").read_text()
                    yield json.loads(line)
                    process.send_signal(signal.SIGINT)
                    code = process.wait(WAIT_S)
                    assert code == 0, (self.folder / "words").read_text()
                finally:
                    process.kill()

    def _variables(self) -> dict[str, str]:
        paths = [str(HOOK), str(ROOT)]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PUMPSIM_RUNS": str(self.folder / "runs")}
