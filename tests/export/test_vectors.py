"""The exported vectors hold every message in both directions, every refusal and every way of being no frame; a keyed session adds up."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from cobs import cobs

from protocol.codec import decode, encode, fields_of
from protocol.codes import Answer
from protocol.device.staging import cut_part
from protocol.export.vectors import render
from protocol.framing import BadReason, decode_frame
from protocol.message_table import INTERROGATE_PARTS, MESSAGES
from protocol.refusals import RefusalCode
from protocol.therapy import Therapy

VECTORS: dict[str, Any] = json.loads(render())


def test_every_message_is_there_in_both_directions() -> None:
    """Each request and each answer, each part of an interrogation, and every answer that is not OK."""
    found = {(vector["name"], vector["kind"], vector.get("answer")) for vector in VECTORS["messages"]}
    parts = {vector["part"] for vector in VECTORS["messages"] if "part" in vector}

    assert {(spec.name, "request", None) for spec in MESSAGES} <= found
    assert {(spec.name, "answer", "OK") for spec in MESSAGES} <= found
    assert {answer for _, _, answer in found} == {None, *(answer.name for answer in Answer)}
    assert parts == set(range(len(INTERROGATE_PARTS)))


def test_every_refusal_and_every_bad_run_is_there() -> None:
    """One refusal with each code, and at least one run for each reason that is told."""
    refused = {vector["fields"]["code"] for vector in VECTORS["messages"] if vector.get("answer") == "REFUSED"}

    assert set(RefusalCode) <= refused
    assert {broken["reason"] for broken in VECTORS["broken"]} == {reason.name for reason in BadReason}
    assert {frame["error"] for frame in VECTORS["unreadable"]} == {"WrongLength", "Malformed"}


def test_frames_of_unreadable_bodies_are_good() -> None:
    """It is the body that is wrong, and nothing else."""
    for vector in VECTORS["unreadable"]:
        assert hasattr(decode_frame(bytes.fromhex(vector["frame"])[:-1]), "opcode"), vector["name"]


def test_therapy_images_have_their_digest() -> None:
    """An image is what SEAL and COMMIT carry the SHA-256 of, and what a pump reads back."""
    for vector in VECTORS["images"]:
        image = bytes.fromhex(vector["image"])

        assert encode(decode(Therapy, image)) == image
        assert vector["sha256"] == cut_part(1, image, 0).digest.hex()


def test_command_digests_are_as_documented() -> None:
    """SHA-256 over opcode, programmer id and body, little-endian; its first 16 bytes."""
    for vector in VECTORS["commands"]:
        said = vector["opcode"].to_bytes(2, "little") + vector["programmer_id"].to_bytes(8, "little") + bytes.fromhex(vector["body"])

        assert hashlib.sha256(said).hexdigest()[:32] == vector["digest"]


class TestKeyedSession:
    """Worked out again with nothing but HMAC, from the words of the documents."""

    keyed = VECTORS["keyed_session"]
    key = bytes.fromhex(keyed["key"])
    said = bytes.fromhex(keyed["transcript"])

    def derived(self, label: bytes) -> bytes:
        """HMAC-SHA-256 with the programmer's key over a label and the transcript."""
        return hmac.digest(self.key, label + self.said, "sha256")

    def test_transcript_is_both_bodies_with_the_proof_zeroed(self) -> None:
        """The HELLO's body, then its answer's fields behind the answer byte."""
        hello, answer = (cobs.decode(bytes.fromhex(self.keyed[name])[:-1])[16:-4] for name in ("hello_frame", "answer_frame"))
        proof = bytes.fromhex(self.keyed["proof"])

        assert answer[1:].count(proof) == 1
        assert self.said == hello + answer[1:].replace(proof, bytes(16))

    def test_proof_and_session_keys_follow_from_it(self) -> None:
        """Three labels, one key."""
        assert self.derived(b"pumpsim proof")[:16].hex() == self.keyed["proof"]
        assert self.derived(b"pumpsim host").hex() == self.keyed["host_key"]
        assert self.derived(b"pumpsim pump").hex() == self.keyed["pump_key"]

    def test_macs_cover_serial_number_header_and_body(self) -> None:
        """Each frame's eight bytes, by the key of its direction."""
        serial = self.keyed["answer"]["serial"].encode()
        for vector in self.keyed["frames"]:
            raw = cobs.decode(bytes.fromhex(vector["frame"])[:-1])
            key = bytes.fromhex(self.keyed["host_key" if vector["kind"] == "request" else "pump_key"])
            mac = hmac.digest(key, bytes((len(serial),)) + serial + raw[:-12], "sha256")[:8]

            assert (raw[-12:-4], mac.hex()) == (mac, vector["mac"])

    def test_wrapped_key_is_masked_by_the_session(self) -> None:
        """The mask is an HMAC of the host's key over slot and role."""
        new = self.keyed["new_key"]
        mask = hmac.digest(bytes.fromhex(self.keyed["host_key"]), b"pumpsim mask" + bytes((new["key_id"], new["role"])), "sha256")

        assert bytes(one ^ other for one, other in zip(mask, bytes.fromhex(new["wrapped"]), strict=True)).hex() == new["key"]


def test_fields_stand_in_wire_order() -> None:
    """Who reads the fields one after another has the body."""
    for spec in MESSAGES:
        found = [v for v in VECTORS["messages"] if v["name"] == spec.name and v["kind"] == "request" and "before" not in v["case"]]

        assert all(list(vector["fields"]) == [field.name for field in fields_of(spec.request)] for vector in found)
