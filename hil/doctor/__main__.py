"""`python -m hil.doctor [--json]`: the doctor where the command line does not start, for it needs no library at all."""

from __future__ import annotations

import json
import sys

from hil.doctor.report import data, examine, lines, lossless, sound

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Print the report; returns the exit code."""
    if arguments not in ([], ["--json"]):
        sys.stderr.write("hil.doctor: unknown argument; write: python -m hil.doctor, or python -m hil.doctor --json\n")
        return 2
    lossless()
    report = examine()
    sys.stdout.write(json.dumps(data(report)) + "\n" if arguments else "".join(f"{line}\n" for line in lines(report)))
    return 0 if sound(report) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
