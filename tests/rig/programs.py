"""Programs of others that the tests run: found, or the test fails and says how to get them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

__all__ = ["joined_uarts", "program"]

CURES = {
    "npm": "install Node.js 18 or newer with npm (Debian: apt-get install nodejs npm)",
    "node": "install Node.js 18 or newer (Debian: apt-get install nodejs)",
}


def program(name: str) -> str:
    """The path of a program. Fails with the cure where it is missing; skips where nobody ships it."""
    if sys.platform != "linux":
        pytest.skip(f"{name} is looked for on Linux only")
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing: {CURES.get(name, f'apt-get install {name}')}; CI does it in .ci/run", pytrace=False)
    return found


@contextmanager
def joined_uarts(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Two serial ports joined by a cable: what is written to one is read from the other. socat's ptys stand in for UARTs.

    Both are held open here, so that a client may come and go as on a real cable; socat would end with the first that leaves.
    """
    near, far = folder / "uart-pump", folder / "uart-host"
    ends = [f"pty,raw,echo=0,link={path}" for path in (near, far)]
    with ExitStack() as stack:
        socat = stack.enter_context(subprocess.Popen([program("socat"), "-d", "-d", *ends], stderr=subprocess.PIPE, text=True))
        stack.callback(socat.terminate)
        assert socat.stderr is not None
        said = []
        for line in socat.stderr:
            said.append(line)
            if "starting data transfer loop" in line:
                break
        else:
            pytest.fail(f"socat has ended: {''.join(said)}")
        for path in (near, far):
            stack.callback(os.close, os.open(path, os.O_RDWR | os.O_NOCTTY))
        yield near, far
