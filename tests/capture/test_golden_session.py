"""The golden session: committed, made again bit for bit, and with everything in it that a session can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.parity.reading import Reading, read_run
from protocol.codes import Answer
from protocol.key_file import seed_keys
from tests.capture.sessions import packets
from tests.golden.session import FILES, SEED, record

ANSWERS = ("OK", "REFUSED", "BUSY", "ID_GAP", "CONFLICT", "UNSUPPORTED", "NOT_AUTHORISED", "REPLAY")


def readings(security: str) -> list[Reading]:
    """Every run of a golden session, read."""
    return [read_run(packet.raw) for packet in packets(FILES[security])]


@pytest.mark.parametrize("security", FILES)
def test_is_made_again_bit_for_bit(security: str, tmp_path: Path) -> None:
    """The script makes the committed file; if this fails, see what `python -m tests.golden.session` changes before you keep it."""
    record(tmp_path / "again.pcapng", security)

    assert (tmp_path / "again.pcapng").read_bytes() == FILES[security].read_bytes()


@pytest.mark.parametrize("security", FILES)
def test_has_everything(security: str) -> None:
    """It looks, refills, programs, doses, stops, starts; it is refused in many ways; and frames in it are broken."""
    found = readings(security)
    names = {reading.name for reading in found if not reading.is_answer}
    answers = {reading.answer for reading in found}

    assert names >= {"INTERROGATE", "REFILL", "BEGIN", "COMMIT", "BOLUS", "STATUS", "STOP", "START", "LOG", "OUTCOME", "CLOSE"}
    assert answers >= {Answer[name] for name in ANSWERS}
    assert {reading.error for reading in found} >= {"wrong CRC", "not COBS", "too long", "broken off"}


def test_is_signed_where_it_should_be() -> None:
    """The keyed session has a MAC on every frame but HELLO and what is out of a session; the other has none."""
    keyed = [reading.frame for reading in readings("secure") if reading.frame is not None]
    plain = [reading.frame for reading in readings("no-auth") if reading.frame is not None]

    assert all(frame.mac for frame in keyed if frame.session and frame.body != bytes((Answer.NOT_AUTHENTICATED,)))
    assert not any(frame.mac for frame in plain)


def test_has_no_key_in_it() -> None:
    """Its keys are known to everybody, and are still not in it."""
    content = FILES["secure"].read_bytes()

    assert not any(key.secret in content or key.secret.hex().encode() in content for key in seed_keys(SEED))
