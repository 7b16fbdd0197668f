"""The link tap on bytes alone: what each fault does, and that it does the same however the bytes were cut up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import BenchError
from hil.faults.link_tap import Arrival, LinkTap
from hil.faults.registry import check
from protocol.answers import ok
from protocol.framing import ANSWER, Frame, decode_frame, encode_frame
from protocol.message_table import BY_NAME, HELLO
from protocol.messages import HelloAnswer

STATUS = BY_NAME["STATUS"].opcode
REQUESTS = [encode_frame(Frame(STATUS, 1, number, b"")) for number in range(1, 7)]
ANSWERS = [encode_frame(Frame(STATUS, 1, number, bytes((0, number, 2, 3)), ANSWER)) for number in range(1, 7)]
HELLO_ANSWER = encode_frame(Frame(HELLO, 0, 0, ok(HelloAnswer(1, 1, 0, 1, bytes(16), bytes(16), "itp-40", "R-1", "1.0")), ANSWER))


def tap_with(name: str, **params: int | str) -> LinkTap:
    """A tap with one fault in force since 0."""
    tap = LinkTap()
    tap.inject(1, name, check(name, params)[1], 0)
    return tap


def sent(tap: LinkTap, *runs: bytes, now_us: int = 0) -> list[bytes]:
    """What reaches the pump at once of each run."""
    return [b"".join(data for way, data in tap.from_host(run, now_us) if way == "to_pump") for run in runs]


def answered(tap: LinkTap, *runs: bytes) -> list[bytes]:
    """What reaches the host at once of each answer."""
    return [tap.from_pump(run, 0) for run in runs]


def frame(run: bytes) -> Frame:
    """The frame of a run that is one."""
    found = decode_frame(run.removesuffix(b"\0"))
    assert isinstance(found, Frame)
    return found


class TestFrames:
    """Faults that strike whole frames."""

    def test_drop_loses_the_frames_of_its_script(self) -> None:
        """The second and the fourth to sixth are gone, a lone zero is not counted."""
        assert sent(tap_with("link.drop", at_frames="2,4-6"), b"\0", *REQUESTS) == [b"\0", REQUESTS[0], b"", REQUESTS[2], b"", b"", b""]

    def test_each_direction_counts_for_itself(self) -> None:
        """The first frame of each way is lost."""
        tap = tap_with("link.drop", at_frames="1")

        assert sent(tap, *REQUESTS[:2]) == [b"", REQUESTS[1]]
        assert answered(tap, *ANSWERS[:2]) == [b"", ANSWERS[1]]

    def test_direction_leaves_the_other_alone(self) -> None:
        """A fault of the way to the host does nothing to requests."""
        assert sent(tap_with("link.drop", direction="to_host"), REQUESTS[0]) == [REQUESTS[0]]

    def test_duplicate_at_once_and_late(self) -> None:
        """The copy follows at once, or comes when it is due."""
        assert sent(tap_with("link.duplicate"), REQUESTS[0]) == [REQUESTS[0] * 2]
        late = tap_with("link.duplicate", delay_us=500)
        assert sent(late, REQUESTS[0]) == [REQUESTS[0]]
        assert late.next_due() == 500
        assert list(late.due(499)) == []
        assert list(late.due(500)) == [Arrival("to_pump", REQUESTS[0])]

    def test_delayed_frame_is_overtaken(self) -> None:
        """The first comes 700 us later, the second at once."""
        tap = tap_with("link.delay", delay_us=700, at_frames="1")

        assert sent(tap, *REQUESTS[:2], now_us=100) == [b"", REQUESTS[1]]
        assert list(tap.due(800)) == [Arrival("to_pump", REQUESTS[0])]

    def test_jitter_is_drawn_within_its_bound(self) -> None:
        """Twenty delays are in range and not all the same."""
        tap = tap_with("link.delay", delay_us=1_000, jitter_us=100)
        sent(tap, *REQUESTS * 4)
        dues = set()
        while (due_us := tap.next_due()) is not None:
            dues.add(due_us)
            list(tap.due(due_us))

        assert len(dues) > 3
        assert all(1_000 <= due_us <= 1_100 for due_us in dues)

    def test_split_pauses_inside_the_frame(self) -> None:
        """Both pieces are there, neither is empty, the second comes after the pause."""
        tap = tap_with("link.split", pause_us=60_000)
        first = sent(tap, REQUESTS[0])[0]
        second = next(iter(tap.due(60_000))).data

        assert first + second == REQUESTS[0]
        assert first
        assert second

    def test_join_runs_two_frames_together(self) -> None:
        """The zero between them is gone."""
        assert b"".join(sent(tap_with("link.join", at_frames="1"), *REQUESTS[:2])) == REQUESTS[0][:-1] + REQUESTS[1]

    def test_faults_act_in_the_order_of_their_coming(self) -> None:
        """What the first has lost, the second does not count."""
        tap = tap_with("link.drop", at_frames="1")
        tap.inject(2, "link.duplicate", check("link.duplicate", {"at_frames": "1"})[1], 0)

        assert sent(tap, *REQUESTS[:2]) == [b"", REQUESTS[1] * 2]


class TestBytes:
    """Faults that strike single bytes."""

    def test_flip_turns_one_bit(self) -> None:
        """The third byte differs in one bit, all others are the same."""
        bent = sent(tap_with("link.flip", at_bytes="3"), REQUESTS[0])[0]
        differing = [(one ^ other) for one, other in zip(bent, REQUESTS[0], strict=True)]

        assert [bits.bit_count() for bits in differing] == [0, 0, 1] + [0] * (len(bent) - 3)

    def test_insert_and_delete_change_the_length(self) -> None:
        """One byte more, one byte less, at the place."""
        more = sent(tap_with("link.insert", at_bytes="3"), REQUESTS[0])[0]

        assert more[:2] + more[3:] == REQUESTS[0]
        assert sent(tap_with("link.delete", at_bytes="3"), REQUESTS[0])[0] == REQUESTS[0][:2] + REQUESTS[0][3:]

    @pytest.mark.parametrize("at", [1, 5, 24, 25, 26, 60])
    def test_cut_lets_nothing_pass_from_its_byte_on(self, at: int) -> None:
        """All before it arrives, nothing from it on, also of later frames."""
        tap = tap_with("link.cut", at_byte=at)

        assert b"".join(sent(tap, *REQUESTS)) == b"".join(REQUESTS)[: at - 1]

    def test_rate_is_about_what_was_asked(self) -> None:
        """Of 24,000 bytes a tenth is lost, give or take."""
        size = sum(map(len, sent(tap_with("link.delete", rate_ppm=100_000), *[b"x" * 499 + b"\0"] * 48)))

        assert 21_300 < size < 21_900


class TestAnswers:
    """Frames that decode, and lie."""

    def test_wrong_sequence(self) -> None:
        """All is as it was but the number."""
        assert frame(answered(tap_with("answer.wrong_sequence", offset_count=-1), ANSWERS[1])[0]) == frame(ANSWERS[1])._replace(sequence=1)

    def test_stale_tells_the_answer_before(self) -> None:
        """The third answer is the second one again; the first has none before it."""
        assert answered(tap_with("answer.stale", at_frames="1,3"), *ANSWERS[:3]) == [ANSWERS[0], ANSWERS[1], ANSWERS[1]]

    def test_bodies_that_are_wrong_in_frames_that_are_right(self) -> None:
        """Short, drawn, and of an unknown code: each decodes as a frame."""
        short, drawn, code = (
            frame(answered(tap_with(name), ANSWERS[0])[0]).body
            for name in ("answer.short_body", "answer.valid_crc_garbage", "answer.unknown_code")
        )

        assert short == frame(ANSWERS[0]).body[:-1]
        assert len(drawn) == 4
        assert drawn != frame(ANSWERS[0]).body
        assert code == b"\xff"

    def test_wrong_serial_in_hello(self) -> None:
        """The serial of the answer to HELLO is another one; other answers are left alone."""
        tap = tap_with("answer.wrong_serial", serial="Z-9")

        assert b"Z-9" in frame(answered(tap, HELLO_ANSWER)[0]).body
        assert answered(tap, ANSWERS[0]) == [ANSWERS[0]]

    def test_busy_answers_in_the_pumps_place(self) -> None:
        """The request does not arrive; BUSY comes back with its session and sequence."""
        came = list(tap_with("answer.busy_for_ever").from_host(REQUESTS[2], 0))

        assert [way for way, _ in came] == ["to_host"]
        assert frame(came[0].data) == Frame(STATUS, 1, 3, b"\x01" + b"\xff" * 8, ANSWER)

    def test_reboot_needs_a_pump(self) -> None:
        """Where there is no pump to reset the fault is refused."""
        with pytest.raises(BenchError, match="no pump to reset"):
            tap_with("answer.reboot_mid_session")


class TestTime:
    """Bytes that come by themselves, and frames that pause."""

    def test_babble_comes_in_bursts(self) -> None:
        """A burst each period, other bytes each time, both ways if asked."""
        tap = tap_with("link.babble", burst_bytes=10, every_us=1_000, direction="both")
        first, second = list(tap.due(1_000)), list(tap.due(2_000))

        assert [(way, len(data)) for way, data in first] == [("to_pump", 10), ("to_host", 10)]
        assert len({data for _, data in first + second}) == 4
        assert tap.next_due() == 3_000

    def test_frame_that_pauses_passes_on_as_it_is(self) -> None:
        """Half a frame is held, and let go when the pump would have waited no longer."""
        tap = tap_with("link.drop", at_frames="9")
        assert sent(tap, REQUESTS[0][:5], now_us=10) == [b""]

        assert tap.next_due() == 50_010
        assert list(tap.due(50_010)) == [Arrival("to_pump", REQUESTS[0][:5])]

    def test_run_without_end_is_passed_on(self) -> None:
        """No more than a frame's bytes are ever held."""
        tap = tap_with("link.drop", at_frames="999")

        assert len(sent(tap, b"x" * 100_000)[0]) > 100_000 - 544

    def test_cleared_tap_is_idle_when_its_bytes_have_come(self) -> None:
        """What is on its way still comes; then the tap costs nothing any more."""
        tap = tap_with("link.delay", delay_us=700)
        sent(tap, REQUESTS[0])
        assert tap.clear(1)
        before = tap.idle
        list(tap.due(700))

        assert (before, tap.idle) == (False, True)
        assert tap.next_due() is None


SOME = [
    ("link.drop", {"rate_ppm": 300_000}),
    ("link.flip", {"rate_ppm": 20_000}),
    ("link.insert", {"rate_ppm": 20_000}),
    ("link.split", {"rate_ppm": 300_000}),
    ("link.duplicate", {"rate_ppm": 300_000, "delay_us": 50}),
]


def storm() -> LinkTap:
    """Five faults at once."""
    tap = LinkTap()
    for handle, (name, params) in enumerate(SOME, start=1):
        tap.inject(handle, name, check(name, params)[1], 0)
    return tap


@given(st.lists(st.integers(0, 150), max_size=8))
def test_pieces_of_a_read_change_nothing(cuts: list[int]) -> None:
    """However the host's bytes are cut up on their way here, the same comes out."""
    whole, pieces, data = storm(), storm(), b"".join(REQUESTS)
    edges = [0, *sorted(cuts), len(data)]
    at_once = list(whole.from_host(data, 0)) + list(whole.due(10**9))
    cut_up = [arrival for start, end in pairwise(edges) for arrival in pieces.from_host(data[start:end], 0)]

    assert cut_up + list(pieces.due(10**9)) == at_once


def test_another_fault_shifts_no_draw() -> None:
    """Which frames a fault strikes does not depend on which other faults are in force."""
    alone = sent(tap_with("link.join", rate_ppm=400_000), *REQUESTS * 4)
    tap = LinkTap()
    tap.inject(5, "link.babble", check("link.babble", {})[1], 0)
    tap.inject(6, "link.join", check("link.join", {"rate_ppm": 400_000})[1], 0)

    assert sent(tap, *REQUESTS * 4) == alone


@given(st.integers(0, 6))
def test_restored_tap_goes_on_bit_identically(done: int) -> None:
    """Saved in the middle, with half a frame held and pieces on their way, a copy does what the original does."""
    one, other = storm(), LinkTap()
    sent(one, *REQUESTS[:done], REQUESTS[done % 6][:7])
    other.restore(one.save())
    rest = [REQUESTS[done % 6][7:], *REQUESTS]

    assert other.next_due() == one.next_due()
    assert sent(other, *rest) == sent(one, *rest)
    assert list(other.due(10**9)) == list(one.due(10**9))
    assert other.save() == one.save()


def test_every_effect_is_told() -> None:
    """Handle, direction, frame and what was done."""
    notes: list[dict[str, object]] = []
    tap = LinkTap(record=notes.append)
    tap.inject(4, "link.delay", check("link.delay", {"delay_us": 5, "at_frames": "2"})[1], 0)
    sent(tap, *REQUESTS[:3])

    assert notes == [{"fault": "link.delay", "handle": 4, "direction": "to_pump", "frame": 2, "delay_us": 5}]


def test_both_ends_of_the_line_can_be_heard() -> None:
    """A transcript has the bytes before and after the tap."""
    heard: list[tuple[str, str, bytes]] = []
    tap = tap_with("link.drop", at_frames="1")
    tap.listen(lambda end, way, data: heard.append((end, way, data)))
    sent(tap, *REQUESTS[:2])
    answered(tap, *ANSWERS[:2])

    assert [(end, way) for end, way, _ in heard] == [
        ("host", "to_pump"), ("host", "to_pump"), ("pump", "to_pump"), ("pump", "to_host"), ("pump", "to_host"), ("host", "to_host"),
    ]  # fmt: skip
