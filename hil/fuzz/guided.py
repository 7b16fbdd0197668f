"""The pump's end under atheris, which looks for inputs that reach new code. Not part of the tests: atheris is installed by hand.

An input is a row of pieces, each behind its kind and its length: bytes for the wire as they are, or an opcode and a body that go out with
the numbers and the MAC that are due. The laws are those of the drawn streams.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from hil.errors import UsageError
from hil.fuzz.bases import PROGRAMMER_ID, SECURITIES, SEED
from hil.fuzz.pump_end import PumpEnd
from protocol.codes import Role
from protocol.framing import ANSWER, encode_frame
from protocol.fuzz.draws import draw_of
from protocol.fuzz.samples import corpus
from protocol.fuzz.steps import begin, look, send
from protocol.fuzz.talker import Talker
from protocol.key_file import seed_keys
from protocol.limits import PAYLOAD_BYTES_MAX
from protocol.security import security_of

__all__ = ["beginnings", "one_input", "run_guided"]

INPUT_BYTES_MAX = 1_200
PIECES_MAX = 8
RAW, ASKED = 0, 1


def run_guided(runs: int, seed: int) -> int:
    """Let atheris run so many inputs; it ends the process itself, with the input in a file if a law was broken. Raises UsageError."""
    try:
        atheris = import_module("atheris")
    except ImportError:
        raise UsageError("atheris is not installed here", where="--guided", do="see docs/how-to/fuzzing.md for how to install it") from None
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(beginnings()):
            Path(folder, f"{number:03}").write_bytes(data)
        end = PumpEnd()
        atheris.instrument_all()
        options = [
            f"-runs={runs}",
            f"-seed={seed or 1}",
            f"-max_len={INPUT_BYTES_MAX}",
            "-len_control=0",
            "-artifact_prefix=fuzz-findings-",
            folder,
        ]
        atheris.Setup(["hil.fuzz", *options], lambda data: one_input(end, data))
        atheris.Fuzz()
    return 0


def one_input(end: PumpEnd, data: bytes) -> None:
    """Play one input. Raises Breach, and whatever escapes the pump."""
    security, _ = SECURITIES[data[0] % len(SECURITIES) if data else 0]
    end.do(begin(f"running clinician {security}"))
    talker = Talker(PROGRAMMER_ID, Role.CLINICIAN, seed_keys(SEED) if security_of(security).authenticates else ())
    end.talk_as(talker)
    end.do(send(encode_frame(talker.hello(draw_of("guided")))))
    for kind, piece in _pieces(data[1:]):
        if kind == RAW or len(piece) < 2:
            end.do(send(piece))
        else:
            frame = talker.request(int.from_bytes(piece[:2], "little"), piece[2 : 2 + PAYLOAD_BYTES_MAX])
            end.do(send(encode_frame(talker.sign(frame))))
    end.do(look(full=True))


def _pieces(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and bytes of each piece; the last one may be shorter than its length says."""
    at = 0
    for _ in range(PIECES_MAX):
        if at + 3 > len(data):
            return
        size = int.from_bytes(data[at + 1 : at + 3], "little")
        yield data[at] % 2, data[at + 3 : at + 3 + size]
        at += 3 + size


def beginnings() -> Iterator[bytes]:
    """Inputs to begin from: each frame of the corpus as bytes, and each request as one of an open session, with keys and without."""
    for frame in corpus():
        for security in range(len(SECURITIES)):
            yield bytes((security,)) + _piece(RAW, encode_frame(frame))
            if frame.flags != ANSWER:
                yield bytes((security,)) + _piece(ASKED, frame.opcode.to_bytes(2, "little") + frame.body)


def _piece(kind: int, data: bytes) -> bytes:
    return bytes((kind,)) + len(data).to_bytes(2, "little") + data
