"""Acme's host program, as short as can be: it asks the pump in its own wire, over any port.

python acme_host.py tcp://127.0.0.1:9000 "FIL baclofen, 50, 20000" "RAT 100 UH" RUN
"""

from __future__ import annotations

import sys

from protocol.transport import Transport, open_transport

__all__ = ["Alarm", "Host", "Refused"]

ETX = b"\x03"
REPLY_S = 2.0
"""Wall time in which the pump answers."""
READS_MAX = 100


class Refused(Exception):
    """The pump said `?` and a word."""


class Alarm(Exception):
    """The pump told an alarm in place of an answer, and did not do what was asked."""


class Host:
    """Asks over a line of which no more is needed than `write(data)` and `read(timeout)`."""

    def __init__(self, line: Transport) -> None:
        self._line = line
        self.status = ""
        """The letter of the last answer: I infusing, P paused, S stopped."""

    def ask(self, text: str) -> str:
        """Send a request; returns what stands behind the status letter. Raises Refused, Alarm, TimeoutError."""
        self._line.write(text.encode("ascii") + b"\r")
        answer = b""
        for _ in range(READS_MAX):
            data = self._line.read(REPLY_S)
            answer += data
            if not data or answer.endswith(ETX):
                break
        if not answer.endswith(ETX):
            raise TimeoutError(f"no answer to {text!r}")
        told = answer[1:-1].decode("ascii")[2:]  # between STX and ETX, behind the address
        self.status, said = told[0], told[1:]
        if self.status == "A":
            raise Alarm(said)
        if said.startswith("?"):
            raise Refused(said)
        return said

    def greet(self) -> str:
        """Hear out the alarms that wait, such as that the pump was switched on; returns their letters."""
        letters = ""
        while True:
            try:
                self.ask("")
            except Alarm as alarm:
                letters += str(alarm)[-1]
            else:
                return letters


def main(url: str, *requests: str) -> None:
    """Ask one thing after another and print what comes back."""
    line = open_transport(url)
    host = Host(line)
    host.greet()
    for request in requests:
        print(f"{request}: {host.ask(request) or host.status}")
    line.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
