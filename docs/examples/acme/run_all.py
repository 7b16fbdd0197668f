"""Everything of this folder, one part after another: `python run_all.py`.

It needs pumpsim with pytest (pip install 'pumpsim[suite]') and nothing else. It ends with 1 at the first part that fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PUMPSIM = [sys.executable, "-c", "from hil.cli import main; main()"]
REQUESTS = ("FIL baclofen, 50, 20000", "RAT 100 UH", "RUN", "DIS")


def part(name: str, *commands: list[str]) -> None:
    """Run these in this folder; the first that fails ends it all."""
    print(f"\n== {name}", flush=True)
    for command in commands:
        subprocess.run(command, cwd=HERE, check=True)


def wire() -> None:
    """Serve the pump with Acme's wire, and let Acme's host program talk to it."""
    serve = [*PUMPSIM, "serve", "./acme-30.yaml", "--wire", "./acme_wire.py:AcmeWire", "--port", "tcp://127.0.0.1:0", "--bench", "stdio"]
    with subprocess.Popen(serve, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            port = json.loads(server.stdout.readline())["port"]
            part("wire: Acme's host program at the served pump", [sys.executable, "acme_host.py", port, *REQUESTS])
        finally:
            server.terminate()


def main() -> None:
    """Profile, wire, instrument and requirements, lesson."""
    with tempfile.TemporaryDirectory() as evidence:
        own = ["--suite", ".", "--requirements", "requirements.csv", "--report", evidence]
        part("profile: rows of the shipped suite on Acme's numbers", [*PUMPSIM, "verify", "pumpsim://acme-30.yaml", "-k", "flow_rate"])
        wire()
        part("instrument and requirements: Acme's tests", [*PUMPSIM, "verify", "--rig", "rigs/model.yaml", *own])
    lesson = "lessons/silent-night"
    played = [[*PUMPSIM, "train", "--headless", lesson, "--policy", "good"]]
    part("lesson: is it whole, and does who does well pass?", [*PUMPSIM, "train", "check", lesson], *played)
    print("\nall of it works")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
