"""Therapy updates: staged, sealed, read back, committed, or nothing."""

from __future__ import annotations

import hashlib

import pytest

from protocol.codec import encode
from protocol.codes import Answer, Mode, StagingState, StatusFlag
from protocol.limits import CHUNK_BYTES_MAX, IMAGE_BYTES_MAX, OVERRIDES_MAX, STAGING_US
from protocol.messages import (
    Begin,
    BeginAnswer,
    Commit,
    CommitAnswer,
    Interrogate,
    ModeAnswer,
    Nothing,
    Put,
    Readback,
    Seal,
    Token,
)
from protocol.refusals import RefusalCode
from protocol.testing import Pair, simple_therapy
from protocol.therapy import Group, Step, Therapy
from tests.link.raw_host import RawHost

NEXT = 3


def new_therapy() -> Therapy:
    """Another one than the running."""
    return simple_therapy(6000)


def large_therapy() -> Therapy:
    """Seven groups of thirteen steps: the longest image there is."""
    ends = [110 * at for at in range(1, 13)] + [1440]
    steps = tuple(Step(start, end, 5000) for start, end in zip([0, *ends], ends, strict=False))
    groups = tuple(Group(1 << day, 240_000, steps) for day in range(7))
    return simple_therapy()._replace(mode=Mode.FLEX, groups=groups)


def code(reply: tuple[Answer, object]) -> int:
    """The refusal's code."""
    answer, body = reply
    assert answer is Answer.REFUSED
    return int(body.code)  # type: ignore[attr-defined]  # a Refusal, says the answer


class TestWhole:
    @pytest.mark.pump_requirement("PG-17")
    def test_ends_with_the_new_therapy(self, host: RawHost, pair: Pair) -> None:
        """BEGIN, PUT, SEAL, READBACK, COMMIT make it the therapy in force."""
        digest = host.stage(new_therapy(), 1)
        part = host.ask("READBACK", Readback(0)).body
        reply = host.ask("COMMIT", Commit(NEXT, digest, ()))
        status = host.ask("STATUS").body

        assert part.data == encode(new_therapy())
        assert reply == (Answer.OK, CommitAnswer(2, Mode.SIMPLE))
        assert pair.pump.in_force == new_therapy()
        assert (status.staging, status.generation, status.therapy_digest) == (StagingState.NONE, 2, digest)

    def test_goes_in_pieces_of_any_order(self, host: RawHost, pair: Pair) -> None:
        """Pieces may overlap and repeat, as long as none leaves a hole."""
        image = encode(new_therapy())
        digest = hashlib.sha256(image).digest()
        host.ask("BEGIN", Begin(1, 0))
        for offset, piece in ((0, bytes(10)), (5, image[5:30]), (30, image[30:]), (0, image[:9]), (9, b"")):
            assert host.ask("PUT", Put(offset, piece)) == (Answer.OK, Nothing())
        host.ask("SEAL", Seal(len(image), digest))
        host.ask("COMMIT", Commit(NEXT, digest, ()))

        assert pair.pump.in_force == new_therapy()

    def test_reads_back_and_interrogates_the_longest_in_parts(self, host: RawHost, pair: Pair) -> None:
        """An image longer than a frame is told in stretches that fit together."""
        image = encode(large_therapy())
        host.ask("BEGIN", Begin(1, 0))
        for offset in range(0, len(image), CHUNK_BYTES_MAX):
            host.ask("PUT", Put(offset, image[offset : offset + CHUNK_BYTES_MAX]))
        digest = hashlib.sha256(image).digest()
        assert host.ask("SEAL", Seal(len(image), digest)).answer is Answer.OK
        back = b"".join(host.ask("READBACK", Readback(offset)).body.data for offset in (0, CHUNK_BYTES_MAX))
        host.ask("COMMIT", Commit(NEXT, digest, ()))
        parts = [host.ask("INTERROGATE", Interrogate(1, offset)).body for offset in (0, CHUNK_BYTES_MAX)]

        assert back == image
        assert b"".join(part.data for part in parts) == image
        assert {(part.generation, part.digest, part.total) for part in parts} == {(2, digest, 793)}

    def test_outlives_its_session(self, host: RawHost, pair: Pair) -> None:
        """Staging belongs to the programmer, not to the session."""
        digest = host.stage(new_therapy(), 1)
        host.hello(b"another session.")

        assert host.ask("COMMIT", Commit(NEXT, digest, ())).answer is Answer.OK


class TestBegin:
    def test_stops_the_pump_and_says_until_when(self, host: RawHost, pair: Pair) -> None:
        """The pump stops at BEGIN, remembers why, and tells when staging lapses."""
        reply = host.ask("BEGIN", Begin(1, 0))
        status = host.ask("STATUS").body

        assert reply.body == BeginAnswer(STAGING_US)
        assert (status.staging, status.staging_owner, status.staging_until_us) == (StagingState.OPEN, 1, STAGING_US)
        assert status.mode == Mode.STOPPED
        assert status.flags & StatusFlag.STOPPED_BY_UPDATE

    def test_upon_another_generation_is_refused_and_stops_nothing(self, host: RawHost, pair: Pair) -> None:
        """Who does not know the present therapy may not replace it."""
        assert code(host.ask("BEGIN", Begin(7, 0))) == RefusalCode.GENERATION
        assert pair.pump.mode is Mode.SIMPLE

    def test_during_a_bolus_needs_to_say_interrupt(self, host: RawHost, pair: Pair) -> None:
        """A running bolus is not ended by accident."""
        host.ask_raw(0x33, bytes.fromhex("03000000 e8030000 d0070000 58020000 00"))

        assert code(host.ask("BEGIN", Begin(1, 0))) == RefusalCode.BOLUS_RUNNING
        assert host.ask("STATUS").body.staging == StagingState.NONE
        assert host.ask("BEGIN", Begin(1, 1)).answer is Answer.OK

    def test_of_the_same_programmer_starts_again(self, host: RawHost, pair: Pair) -> None:
        """A second BEGIN forgets what was laid, and its time runs anew."""
        host.stage(new_therapy(), 1)
        pair.pump.advance(1_000_000)

        assert host.ask("BEGIN", Begin(1, 0)).body.until_us == STAGING_US + 1_000_000
        assert code(host.ask("READBACK", Readback(0))) == RefusalCode.NOT_SEALED
        assert code(host.ask("PUT", Put(1, b"x"))) == RefusalCode.OFFSET

    @pytest.mark.parametrize("name", ["BEGIN", "PUT", "SEAL", "READBACK", "COMMIT", "ABORT"])
    def test_of_another_programmer_is_busy(self, host: RawHost, pair: Pair, name: str) -> None:
        """While one stages, no other touches it, and he is told until when."""
        host.stage(new_therapy(), 1)
        other = RawHost(pair, programmer_id=2)
        other.hello()
        bodies = {"BEGIN": Begin(1, 0), "PUT": Put(0, b""), "SEAL": Seal(0, bytes(32)), "READBACK": Readback(0)}
        reply = other.ask(name, {**bodies, "COMMIT": Commit(NEXT, bytes(32), ())}.get(name, Nothing()))

        assert (reply.answer, reply.body.until_us) == (Answer.BUSY, STAGING_US)
        assert host.hello(b"back again, host").answer is Answer.OK
        assert host.ask("READBACK", Readback(0)).answer is Answer.OK


class TestOrder:
    @pytest.mark.pump_requirement("PG-01")
    @pytest.mark.parametrize(
        "name,body,expected",
        [
            pytest.param("PUT", Put(0, b"x"), RefusalCode.NOT_STAGED, id="put"),
            pytest.param("SEAL", Seal(0, bytes(32)), RefusalCode.NOT_STAGED, id="seal"),
            pytest.param("READBACK", Readback(0), RefusalCode.NOT_STAGED, id="readback"),
            pytest.param("COMMIT", Commit(NEXT, bytes(32), ()), RefusalCode.NOT_STAGED, id="commit"),
            pytest.param("ABORT", Nothing(), RefusalCode.NOT_STAGED, id="abort"),
        ],
    )
    def test_nothing_goes_before_begin(self, host: RawHost, name: str, body: tuple[object, ...], expected: RefusalCode) -> None:
        """Without BEGIN there is nothing to lay, close, read or commit."""
        assert code(host.ask(name, body)) == expected

    @pytest.mark.pump_requirement("PG-01")
    def test_nothing_is_committed_before_seal(self, host: RawHost) -> None:
        """An open image can be neither read back nor committed."""
        host.ask("BEGIN", Begin(1, 0))

        assert code(host.ask("READBACK", Readback(0))) == RefusalCode.NOT_SEALED
        assert code(host.ask("COMMIT", Commit(NEXT, bytes(32), ()))) == RefusalCode.NOT_SEALED

    def test_nothing_is_laid_after_seal(self, host: RawHost) -> None:
        """A sealed image does not change; sealing it again is harmless."""
        image = encode(new_therapy())
        digest = host.stage(new_therapy(), 1)

        assert code(host.ask("PUT", Put(0, b"x"))) == RefusalCode.NOT_STAGED
        assert host.ask("SEAL", Seal(len(image), digest)).answer is Answer.OK

    def test_reset_forgets_it(self, host: RawHost, pair: Pair) -> None:
        """Staging does not outlive a reboot, and the pump stays stopped."""
        host.stage(new_therapy(), 1)
        pair.role.reset()
        host.hello()

        assert code(host.ask("READBACK", Readback(0))) == RefusalCode.NOT_STAGED
        assert pair.pump.mode is Mode.STOPPED


class TestRefused:
    @pytest.mark.parametrize(
        "offset,data,expected",
        [
            pytest.param(1, b"x", RefusalCode.OFFSET, id="a hole"),
            pytest.param(0, bytes(509), None, id="a long piece"),
        ],
    )
    def test_put(self, host: RawHost, offset: int, data: bytes, expected: RefusalCode | None) -> None:
        """Bytes go behind or over earlier ones only."""
        host.ask("BEGIN", Begin(1, 0))
        reply = host.ask("PUT", Put(offset, data))

        assert (code(reply) if expected else reply.answer) == (expected or Answer.OK)

    def test_image_above_the_limit(self, host: RawHost) -> None:
        """No image is longer than a bank holds."""
        host.ask("BEGIN", Begin(1, 0))
        host.ask("PUT", Put(0, bytes(500)))
        reply = host.ask("PUT", Put(500, bytes(IMAGE_BYTES_MAX - 500 + 1)))

        assert (code(reply), reply.body.value, reply.body.limit) == (RefusalCode.LENGTH, IMAGE_BYTES_MAX + 1, IMAGE_BYTES_MAX)
        assert host.ask("PUT", Put(500, bytes(IMAGE_BYTES_MAX - 500))).answer is Answer.OK

    @pytest.mark.parametrize(
        "image,length,digest,expected",
        [
            pytest.param(b"abc", 4, None, RefusalCode.LENGTH, id="another length"),
            pytest.param(b"abc", 3, bytes(32), RefusalCode.DIGEST, id="another digest"),
            pytest.param(b"abc", 3, None, RefusalCode.MALFORMED, id="no therapy"),
            pytest.param(encode(simple_therapy()) + b"x", 38, None, RefusalCode.MALFORMED, id="a byte too many"),
            pytest.param(encode(simple_therapy()._replace(mode=9)), 37, None, RefusalCode.UNKNOWN_MODE, id="an unknown mode"),
        ],
    )
    def test_seal(self, host: RawHost, image: bytes, length: int, digest: bytes | None, expected: RefusalCode) -> None:
        """What is no good therapy is refused at SEAL, and may be laid again."""
        host.ask("BEGIN", Begin(1, 0))
        host.ask("PUT", Put(0, image))
        reply = host.ask("SEAL", Seal(length, hashlib.sha256(image).digest() if digest is None else digest))

        assert code(reply) == expected
        assert host.ask("PUT", Put(0, encode(new_therapy()))).answer is Answer.OK

    def test_readback_beyond_the_end(self, host: RawHost) -> None:
        """There is nothing behind the end."""
        host.stage(new_therapy(), 1)

        assert code(host.ask("READBACK", Readback(41))) == RefusalCode.OFFSET
        assert host.ask("READBACK", Readback(37)).body.data == b""

    def test_interrogation_beyond_the_end(self, host: RawHost) -> None:
        """The same holds for the therapy in force, and for parts that do not exist."""
        assert code(host.ask("INTERROGATE", Interrogate(1, 999))) == RefusalCode.OFFSET
        assert code(host.ask("INTERROGATE", Interrogate(4, 0))) == RefusalCode.UNKNOWN_PART

    @pytest.mark.parametrize(
        "digest,overrides,expected",
        [
            pytest.param(bytes(32), (), RefusalCode.DIGEST, id="another digest"),
            pytest.param(None, (Token(1),) * (OVERRIDES_MAX + 1), RefusalCode.RANGE, id="more overrides than a COMMIT may carry"),
        ],
    )
    def test_commit(self, host: RawHost, pair: Pair, digest: bytes | None, overrides: tuple[Token, ...], expected: RefusalCode) -> None:
        """A refused COMMIT uses its id up and leaves the sealed image."""
        sealed = host.stage(new_therapy(), 1)
        reply = host.ask("COMMIT", Commit(NEXT, sealed if digest is None else digest, overrides))

        assert code(reply) == expected
        assert pair.pump.generation == 1
        assert host.ask("COMMIT", Commit(NEXT + 1, sealed, ())).answer is Answer.OK

    def test_commit_upon_another_generation(self, host: RawHost, pair: Pair) -> None:
        """A therapy that changed under the staging one is not overwritten."""
        digest = host.stage(new_therapy(), 1)
        pair.pump.generation = 5

        assert code(host.ask("COMMIT", Commit(NEXT, digest, ()))) == RefusalCode.GENERATION

    @pytest.mark.pump_requirement("PG-08")
    def test_commit_checks_again(self, host: RawHost, pair: Pair) -> None:
        """What was good at SEAL must still be good at COMMIT."""
        digest = host.stage(new_therapy(), 1)
        pair.pump.fill = pair.pump.fill._replace(concentration_ng_per_ml=1_000_000)

        assert code(host.ask("COMMIT", Commit(NEXT, digest, ()))) == RefusalCode.UNIT_MISMATCH


class TestEnd:
    def test_abort_drops_the_image_and_the_pump_stays_stopped(self, host: RawHost, pair: Pair) -> None:
        """ABORT answers the mode in force: stopped."""
        host.stage(new_therapy(), 1)

        assert host.ask("ABORT") == (Answer.OK, ModeAnswer(Mode.STOPPED))
        assert host.ask("STATUS").body.staging == StagingState.NONE
        assert pair.pump.in_force == simple_therapy()

    def test_expiry_drops_it_at_its_time(self, host: RawHost, pair: Pair) -> None:
        """After ten minutes, and not before, staging is gone."""
        host.stage(new_therapy(), 1)
        pair.pump.advance(STAGING_US - 1)
        pair.role.on_time()
        assert host.ask("STATUS").body.staging == StagingState.SEALED

        pair.pump.advance(1)
        pair.role.on_time()
        host.hello(b"another session.")
        assert host.ask("STATUS").body.staging == StagingState.NONE
        assert pair.pump.mode is Mode.STOPPED

    def test_another_programmer_may_begin_after_it(self, host: RawHost, pair: Pair) -> None:
        """An image that lapsed keeps nobody out, even if nobody looked at the time."""
        host.stage(new_therapy(), 1)
        pair.pump.advance(STAGING_US)
        other = RawHost(pair, programmer_id=2)
        other.hello()

        assert other.ask("BEGIN", Begin(1, 0)).answer is Answer.OK


class TestInterrogation:
    def test_is_complete_once_all_parts_were_told(self, host: RawHost, pair: Pair) -> None:
        """The pump learns of an interrogation with its last part, in any order, once a round."""
        before = pair.pump.interrogations
        for part in (3, 2, 1):
            host.ask("INTERROGATE", Interrogate(part, 0))
        assert pair.pump.interrogations == before

        host.ask("INTERROGATE", Interrogate(0, 0))
        host.again()
        host.ask("INTERROGATE", Interrogate(0, 0))
        assert pair.pump.interrogations == before + 1

    def test_counts_parts_of_one_session_only(self, host: RawHost, pair: Pair) -> None:
        """Parts told in an earlier session do not complete this one's."""
        before = pair.pump.interrogations
        host.ask("INTERROGATE", Interrogate(0, 0))
        host.hello(b"another session.")
        for part in (1, 2, 3):
            host.ask("INTERROGATE", Interrogate(part, 0))

        assert pair.pump.interrogations == before

    def test_of_a_new_pump_tells_no_therapy(self) -> None:
        """Before the first commit there is an empty image with a digest of zeros."""
        host = RawHost(Pair())
        host.hello()
        part = host.ask("INTERROGATE", Interrogate(1, 0)).body

        assert (part.generation, part.digest, part.total, part.data) == (0, bytes(32), 0, b"")
