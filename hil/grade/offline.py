"""A capture graded: the packets at the host's end of its line, with the keys of its sessions where somebody has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hil.errors import UsageError
from hil.grade.grader import Grader
from hil.parity.capture_file import read_capture
from protocol.capture.reader import Packet, Section
from protocol.capture.recorder import PUMP_END
from protocol.capture.runs import Run
from protocol.codec import decode
from protocol.keys import Key
from protocol.mac import proof_of, same, transcript
from protocol.messages import Hello, HelloAnswer

__all__ = ["grade_capture", "proof_judge"]


def proof_judge(keys: Sequence[Key]) -> Any:
    """Tells whether an answer to HELLO proves one of these keys; cannot tell of a key that is not among them."""
    secrets = {key.key_id: key.secret for key in keys}

    def judge(hello: bytes, answer: HelloAnswer) -> bool | None:
        secret = secrets.get(decode(Hello, hello).key_id)
        return None if secret is None else same(answer.proof, proof_of(secret, transcript(hello, answer)))

    return judge


def grade_capture(path: str, keys: Sequence[Key] = ()) -> tuple[Grader, dict[str, object]]:
    """Grade the host of a capture; also what the capture tells of its pump. Raises UsageError."""
    grader = Grader(proof_judge(keys))
    about = _take(grader, read_capture(path))
    if not about.pop("packets"):
        raise UsageError("nothing in it has passed the host's end of a line", where=path, do="give a capture that --capture wrote")
    return grader, about


def _take(grader: Grader, items: Iterable[Section | Packet]) -> dict[str, object]:
    about: dict[str, object] = {}
    packets = 0
    for item in items:
        if isinstance(item, Section):
            if packets and item.facts.get("new", False):
                grader.another_pump()
            about |= {name: item.facts[name] for name in ("profile", "serial", "port", "clock") if name in item.facts}
        elif item.ours and item.sender and item.place != PUMP_END:
            packets += 1
            grader.run(Run(item.at_us, item.sender, item.raw), item.number)
    return about | {"packets": packets}
