"""Transcripts: any bytes become a dictionary that goes into JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.answers import failed
from protocol.codes import Answer
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.messages import Refusal
from protocol.transcript import describe
from tests.golden.frames import frames


@pytest.mark.parametrize("name", frames())
def test_golden_frames_are_described(name: str) -> None:
    """Every golden frame reads without error and survives JSON."""
    told = describe(frames()[name])

    assert "error" not in told or name == "port busy"
    assert json.loads(json.dumps(told)) == told


def test_request_tells_its_fields() -> None:
    """Names, numbers and bytes as hexadecimal text."""
    assert describe(frames()["bolus"]) == {
        "bytes": 39,
        "kind": "request",
        "name": "BOLUS",
        "opcode": 0x33,
        "session": 7,
        "sequence": 3,
        "mac": "",
        "fields": {"command_id": 6, "volume_nl": 50_000, "dose_ng": 100_000, "duration_s": 600, "may_lengthen": 0},
    }


def test_answer_tells_rows_and_names() -> None:
    """Rows become lists, and a refusal says its codes by name."""
    assert [row["value"] for row in describe(frames()["log answer"])["fields"]["records"]] == [-8, 6]
    refused = describe(frames()["bolus refused"])
    assert (refused["answer"], refused["fields"]["code"], refused["fields"]["unit"]) == ("REFUSED", "RANGE", "NL_PER_H")
    assert describe(frames()["status with a MAC"])["mac"] == "a500" * 4
    assert describe(frames()["port busy"])["answer"] == "PORT_BUSY"


def test_unknown_codes_stay_numbers() -> None:
    """A refusal of a later version is shown as it is."""
    body = failed(Answer.REFUSED, Refusal(999, 998, 0, 0, 0, 97))
    fields = describe(encode_frame(Frame(0x10, 1, 1, body, ANSWER)))["fields"]

    assert (fields["code"], fields["field"], fields["unit"]) == (999, 998, 97)


def test_unknown_opcode_shows_its_bytes() -> None:
    """What has no declaration is shown raw."""
    told = describe(encode_frame(Frame(0x77, 1, 1, b"ab")))

    assert (told["name"], told["fields"]) == ("0x0077", {"raw": "6162"})


@pytest.mark.parametrize("raw", [b"\0", b"junk\0", b"junk"])
def test_what_is_no_frame_says_why(raw: bytes) -> None:
    """Bad bytes are shown with the reason."""
    told = describe(raw)

    assert set(told) == {"bytes", "error", "raw"}


def test_frame_with_a_bad_body_says_why() -> None:
    """A right frame with a wrong body is still a frame."""
    told = describe(encode_frame(Frame(0x33, 1, 1, b"ab")))

    assert (told["name"], told["error"], told["raw"]) == ("BOLUS", "Bolus: body of 2 bytes, 17 expected", "6162")


@given(st.binary(max_size=600))
def test_nothing_raises(raw: bytes) -> None:
    """Any bytes at all have a description."""
    assert json.dumps(describe(raw))
