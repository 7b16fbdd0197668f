"""A pump written with sinstruments: one STATUS on a pty. `sinstruments_pump.py LINK` serves there and prints the link."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from sinstruments.simulator import BaseDevice, Server

ANSWER = b"x" * 72


class Pump(BaseDevice):  # type: ignore[misc]  # ships no types
    """S? gives the status."""

    newline = b"\n"
    volume_nl = 20_000_000

    def handle_message(self, message: bytes) -> bytes | None:
        """Answer a line."""
        return (b"%015d" % self.volume_nl + ANSWER)[: len(ANSWER) - 1] + b"\n" if message.strip() == b"S?" else None


def main(link: str) -> None:
    """Serve for ever."""
    logging.disable(logging.CRITICAL)
    transports = [{"type": "serial", "url": str(Path(link).absolute())}]
    server = Server([{"name": "pump", "package": "__main__", "class": "Pump", "transports": transports}])
    sys.stdout.write(f"{link}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
