"""Security without a wire: the profiles, the back-off, the proofs and MACs."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import encode
from protocol.device import DeviceRole
from protocol.device.gate import Gate
from protocol.framing import ANSWER, Frame, decode_frame, encode_frame
from protocol.limits import U32_MAX
from protocol.mac import masked, nonce_of, proof_of, same, session_keys, transcript
from protocol.messages import HelloAnswer
from protocol.paper_pump import PaperPump
from protocol.security import DEFAULT, SECURITY, Security, security_of

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
US_PER_S = 1_000_000
ANSWERED = HelloAnswer(7, 1, 2, 1, bytes(16), bytes(16), "m", "S-1", "f")


class TestProfiles:
    def test_default_insists_on_everything(self) -> None:
        """`secure` is what a pump is without a word, and has no weakness."""
        assert DEFAULT == DeviceRole(PaperPump()).security.name == "secure"
        assert all(SECURITY["secure"][3:])

    def test_others_have_one_weakness_each(self) -> None:
        """Each lesson is one hole, another one each time, told with its attack and where it was seen."""
        weak = [profile for name, profile in SECURITY.items() if name != DEFAULT]
        holes = [tuple(at for at, insists in enumerate(profile[3:]) if not insists) for profile in weak]

        assert all(len(hole) == 1 for hole in holes)
        assert len(set(holes)) == len(weak) == len(Security._fields) - 3
        assert all(profile.attack and profile.lesson for profile in weak)
        assert all(name == profile.name for name, profile in SECURITY.items())

    @pytest.mark.parametrize("name", ["none", "best", "", "Secure"])
    def test_unknown_is_refused(self, name: str) -> None:
        """There is no default to fall back to, and the error names what there is."""
        with pytest.raises(ValueError, match="is not known; there are secure, no-auth"):
            security_of(name)
        with pytest.raises(ValueError, match="is not known"):
            DeviceRole(PaperPump(), security=name)


class TestGate:
    def test_waits_double_to_a_minute(self) -> None:
        """Two failures are free, the third costs a second, and each further one twice as much, up to a minute."""
        gate, waits_s = Gate(), []
        for now_us in range(0, 11 * US_PER_S, US_PER_S):
            gate.failed(2, now_us)
            waits_s.append(max(0, gate.until_us(2) - now_us) // US_PER_S)

        assert waits_s == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]

    def test_one_key_never_holds_up_another(self) -> None:
        """Each id has a count of its own."""
        gate = Gate()
        for _ in range(9):
            gate.failed(1, 0)

        assert (gate.until_us(0), gate.until_us(2)) == (0, 0)

    def test_passing_clears_it(self) -> None:
        """Whoever proves the key starts anew, and so does the next who cannot."""
        gate = Gate()
        for _ in range(9):
            gate.failed(1, 0)
        gate.passed(1)
        gate.failed(1, 0)

        assert gate.until_us(1) == 0

    def test_count_never_wraps(self) -> None:
        """However many failures, it stays a minute, and fits where it is saved."""
        gate = Gate()
        gate.failed(1, 0)
        gate.restore((gate.save()[0]._replace(failures=U32_MAX - 1),), 0)
        for _ in range(3):
            gate.failed(1, 0)

        assert gate.until_us(1) == 60 * US_PER_S
        assert gate.save()[0].failures == U32_MAX

    def test_goes_on_where_it_was_saved(self) -> None:
        """Counts and times come back."""
        gate, other = Gate(), Gate()
        for number in range(5):
            gate.failed(number % 2, number)
        gate.wakes.take(5)
        other.restore(gate.save(), gate.wakes.spent_until_us)

        assert (other.save(), other.wakes.spent_until_us) == (gate.save(), gate.wakes.spent_until_us)
        assert other.until_us(0) == gate.until_us(0)


class TestProof:
    def test_is_over_all_that_was_said(self) -> None:
        """The HELLO's body and its answer's fields with the proof as zeros, by the standard library's own HMAC."""
        said = transcript(b"hello", ANSWERED._replace(proof=b"p" * 16))

        assert said == b"hello" + encode(ANSWERED)
        assert proof_of(KEY, said) == hmac.new(KEY, b"pumpsim proof" + said, hashlib.sha256).digest()[:16]

    @pytest.mark.parametrize(
        "change", [{"session": 8}, {"minor": 1}, {"boot_count": 2}, {"pump_nonce": b"n" * 16}, {"serial": "S-2"}, {"firmware": "g"}]
    )
    def test_of_anything_else_is_another(self, change: dict[str, Any]) -> None:
        """Any field that is not the same makes another proof and other keys."""
        said, other = transcript(b"", ANSWERED), transcript(b"", ANSWERED._replace(**change))

        assert proof_of(KEY, said) != proof_of(KEY, other)
        assert session_keys(KEY, said, "S").host != session_keys(KEY, other, "S").host

    def test_nonces_never_come_twice(self) -> None:
        """One for each boot and session number, and another pump's are others."""
        assert len({nonce_of(key, boot, number) for key in (KEY, OTHER) for boot in range(9) for number in range(99)}) == 2 * 9 * 99


class TestSessionKeys:
    def test_derived_keys_have_nothing_in_common(self) -> None:
        """Two sessions, both directions, and the key itself: about half of all bits differ in each pair."""
        first, second = (session_keys(KEY, transcript(nonce, ANSWERED), "S-1") for nonce in (bytes(16), bytes(15) + b"\1"))
        for one, other in ((first.host, first.pump), (first.host, second.host), (first.pump, second.pump), (first.host, KEY)):
            differ = (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()

            assert 80 <= differ <= 176

    @given(st.binary(max_size=40), st.integers(0, U32_MAX), st.integers(0, U32_MAX), st.integers(0, 0xFFFF))
    def test_mac_is_over_serial_header_and_body(self, body: bytes, session: int, sequence: int, opcode: int) -> None:
        """As the page of the wire says it, by the standard library alone; over the header as it goes out."""
        keys = session_keys(KEY, b"", "S-1")
        frame = keys.signed(Frame(opcode, session, sequence, body))
        sent = decode_frame(encode_frame(frame)[:-1])
        header = b"\1\2" + opcode.to_bytes(2, "little") + session.to_bytes(4, "little") + sequence.to_bytes(4, "little")
        header += len(body).to_bytes(2, "little") + bytes(2)

        assert sent == frame
        assert frame.mac == hmac.new(keys.host, b"\3S-1" + header + body, "sha256").digest()[:8]
        assert keys.admits(frame)

    @pytest.mark.parametrize(
        "change",
        [{"opcode": 17}, {"session": 6}, {"sequence": 10}, {"body": b"therapz"}, {"body": b"therapy\0"}, {"flags": ANSWER}, {"version": 2}],
        ids=lambda change: next(iter(change)),
    )
    def test_mac_of_any_other_frame_is_another(self, change: dict[str, Any]) -> None:
        """Nothing of a frame may be changed under its MAC, its direction neither."""
        keys = session_keys(KEY, b"", "S-1")
        frame = keys.signed(Frame(16, 5, 9, b"therapy"))

        assert not keys.admits(frame._replace(**change))

    @pytest.mark.parametrize("mac", [b"", bytes(8), b"\0"])
    def test_no_mac_is_none(self, mac: bytes) -> None:
        """An empty one is not the beginning of the right one."""
        assert not session_keys(KEY, b"", "S-1").admits(Frame(16, 5, 9, b"", mac=mac))

    def test_serial_number_is_in_every_mac(self) -> None:
        """The same keys on another pump sign otherwise."""
        here, there = session_keys(KEY, b"", "S-1"), session_keys(KEY, b"", "S-2")

        assert not there.admits(here.signed(Frame(16, 5, 9, b"")))


class TestMask:
    def test_comes_off_again(self) -> None:
        """Put on twice it is gone; on the wire the key is not to be seen."""
        keys = session_keys(KEY, b"", "S-1")
        travelling = masked(keys, (2, 2), OTHER)

        assert travelling != OTHER
        assert masked(keys, (2, 2), travelling) == OTHER

    def test_is_another_for_each_place_and_session(self) -> None:
        """The same key sent to two slots, for two roles or in two sessions looks different each time."""
        keys, later = session_keys(KEY, b"1", "S-1"), session_keys(KEY, b"2", "S-1")
        seen = [masked(keys, (2, 2), OTHER), masked(keys, (3, 2), OTHER), masked(keys, (2, 3), OTHER), masked(later, (2, 2), OTHER)]

        assert len(set(seen)) == len(seen)


def test_secrets_are_compared_whole() -> None:
    """Equal is equal, any difference is one, and so is a beginning."""
    assert same(KEY, bytes(KEY))
    assert not same(KEY, KEY[:-1] + b"\0")
    assert not same(KEY, KEY[:-1])
