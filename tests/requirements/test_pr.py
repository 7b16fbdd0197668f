"""Section PR, protocol and security: the line and what goes over it unproved, each row by its observable."""

from __future__ import annotations

import pytest

from hil.unit import Unit
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.errors import AnswerLost, LinkError, OtherVersion, Refused
from protocol.export.samples import CASES, sample
from protocol.framing import ANSWER, Frame, FrameDecoder, decode_frame, encode_frame
from protocol.message_table import BY_NAME, HELLO, PROTOCOL_MAJOR, SPECS
from protocol.messages import Hello, OutcomeAnswer
from protocol.programmer import ProgrammerRole
from protocol.refusals import RefusalCode
from protocol.testing import drop, flip
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, NEW, OLD, Bedside
from tests.link.forged import frames_in


@pytest.fixture
def bedside() -> Bedside:
    """A pump that infuses."""
    return Bedside.running()


class TestRetransmission:
    """A CRC on every packet; what is lost is sent again, so many times, and then the link is lost."""

    @pytest.mark.pump_requirement("PR-01")
    @pytest.mark.parametrize("retries", [0, 1, 3, 7])
    @pytest.mark.parametrize("way", ["to pump", "to host"])
    @pytest.mark.parametrize("fault", ["drop", "flip"])
    def test_as_many_losses_as_retries_are_survived_and_one_more_is_not(self, bedside: Bedside, retries: int, way: str, fault: str) -> None:
        """The caller chooses n: n lost or bent copies, either way, and the answer still comes; n + 1 are a clean lost link."""
        queue = bedside.to_pump if way == "to pump" else bedside.to_host
        bad = drop if fault == "drop" else flip(77)
        with bedside.programmer(retries=retries) as programmer:
            queue.extend([bad] * retries)
            assert programmer.status().generation == 1
            heard = len(bedside.heard)
            queue.extend([bad] * (retries + 1))
            with pytest.raises(LinkError, match=f"sent STATUS .* {retries + 1} times"):
                programmer.status()

            assert len(bedside.heard) - heard == retries + 1
            assert programmer.status().generation == 1

    @pytest.mark.pump_requirement("PR-01")
    @pytest.mark.parametrize("way", ["to pump", "to host"])
    def test_every_flipped_bit_of_a_dose_is_found_by_a_crc(self, way: str) -> None:
        """One bit of the request, or of the answer, at each place in turn: counted or ignored, resent, and given once."""
        image = Bedside.running().unit.save()
        for bit in range(bits_of_a_bolus(way)):
            bedside = Bedside()
            bedside.unit.restore(image)
            with bedside.programmer() as programmer:
                queue = bedside.to_pump if way == "to pump" else bedside.to_host
                queue.extend([lambda data: data, flip(bit)])
                try:
                    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
                except AnswerLost as lost:
                    assert isinstance(lost.outcome, OutcomeAnswer)
            bedside.advance(seconds=BOLUS_S + 1)

            assert bedside.totals().bolus_nl == BOLUS_NL


def bits_of_a_bolus(way: str) -> int:
    """Bits of a BOLUS frame, or of its answer's, without the zero that ends it: without that a frame only comes later."""
    bedside = Bedside.running()
    lengths = list[int]()
    with bedside.programmer() as programmer:
        queue = bedside.to_pump if way == "to pump" else bedside.to_host

        def measure(data: bytes) -> bytes:
            lengths.append(len(data))
            return data

        queue.extend([measure] * 2)
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    return (lengths[1] - 1) * 8


class TestWithoutSession:
    """What a pump tells to somebody it does not know."""

    @pytest.mark.pump_requirement("PR-07")
    def test_answers_do_not_depend_on_therapy_or_patient(self) -> None:
        """Two pumps that differ in all that concerns the person, asked everything without a session: the same bytes come back."""
        told = [b"".join(unit.receive(run) for run in questions()) for unit in pumps_of_two_people()]

        assert told[0] == told[1]
        assert len(frames_in(told[0])) == len(list(questions()))


def questions() -> list[bytes]:
    """Every request of the table outside a session, in every case of its body, HELLO in several."""
    frames = [
        Frame(spec.opcode, session, 1 if session else 0, encode(sample(spec.request, case)))
        for spec in SPECS.values()
        for case in CASES
        for session in (0, 1, 2)
        if spec.opcode != HELLO
    ]
    hellos = [sample(BY_NAME["HELLO"].request, case) for case in CASES]
    hellos += [Hello(PROTOCOL_MAJOR, 0, Role.CLINICIAN, key_id, 13, bytes(16)) for key_id in range(5)]
    return [encode_frame(frame) for frame in frames] + [encode_frame(Frame(HELLO, 0, 0, encode(hello))) for hello in hellos]


def pumps_of_two_people() -> tuple[Unit, Unit]:
    """One pump twice: on another therapy, another fill, another alarm and another history; with as many sessions behind it."""
    units = []
    for therapy, stopped in ((OLD, False), (NEW, True)):
        bedside = Bedside()
        bedside.fill()
        with bedside.programmer() as programmer:
            programmer.refill(20_000_000 if stopped else 18_000_000, 0, 1, 500_000)
            programmer.update(therapy)
            if stopped:
                programmer.stop()
        bedside.advance(days=3)
        units.append(bedside.unit)
    return units[0], units[1]


class TestVersions:
    """Programmer and pump find out that they speak another protocol."""

    @pytest.mark.pump_requirement("PR-14")
    def test_programmer_leaves_a_pump_of_another_major(self, bedside: Bedside) -> None:
        """A pump that answers HELLO with major 2: the client says both versions, and has sent nothing but that HELLO, twice at most."""

        def newer(data: bytes) -> bytes:
            (frame,) = frames_in(data)
            return encode_frame(frame._replace(body=frame.body[:5] + bytes((2,)) + frame.body[6:]))

        bedside.to_host.extend([newer, newer])
        with pytest.raises(OtherVersion, match=r"the pump speaks protocol 2\.\d, this programmer 1\.\d"):
            bedside.programmer()
        assert {bytes(run) for run in bedside.heard if frames_in(run)} == {bedside.heard[-1]}
        assert [frame.opcode for run in bedside.heard for frame in frames_in(run)] in ([0x01], [0x01, 0x01])

    @pytest.mark.pump_requirement("PR-14")
    def test_programmer_refused_by_a_pump_of_another_major_says_so(self, bedside: Bedside) -> None:
        """The pump's own refusal reaches the caller with its code."""
        bedside.to_pump.extend([lambda data: data, as_major_two])
        with pytest.raises(Refused) as refused:
            bedside.programmer()

        assert refused.value.refusal.code == RefusalCode.UNKNOWN_VERSION

    @pytest.mark.pump_requirement("PR-14")
    def test_programmer_names_frames_of_another_version(self) -> None:
        """A pump whose frames have another version is no silence: the client tells the version it heard."""
        role = ProgrammerRole(7, Role.CLINICIAN, retries=0)
        sent = decode_frame(role.hello().removesuffix(b"\0"))
        assert isinstance(sent, Frame)
        answer = Frame(HELLO, 0, 0, bytes((Answer.REFUSED,)) + bytes(22), ANSWER, version=2)

        assert role.receive(encode_frame(answer)) is None
        with pytest.raises(LinkError, match="a frame of version 2, this programmer speaks 1"):
            role.resend()


def as_major_two(data: bytes) -> bytes:
    """A HELLO as a programmer of major 2 says it."""
    (frame,) = [item for item in FrameDecoder().feed(data) if isinstance(item, Frame)]
    return encode_frame(frame._replace(body=bytes((2,)) + frame.body[1:]))
