"""The line: what is lost or bent is found and sent again, at most one dose comes of it, and it can be asked what became of it."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from hil.instruments.intruder import frames_in
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from hil.suite.given import Given
from hil.suite.therapies import dose_of
from hil.suite.updates import in_force
from hil.suite.wire import Wire
from protocol.answers import read_answer
from protocol.codec import encode
from protocol.codes import Answer, DoseState, EventKind, Role
from protocol.errors import LinkError, Uncertain
from protocol.export.samples import CASES, sample
from protocol.framing import Frame, encode_frame
from protocol.limits import RETRIES
from protocol.message_table import BY_NAME, HELLO, PROTOCOL_MAJOR, SPECS
from protocol.messages import Bolus, Hello, HelloAnswer, Outcome, Start
from protocol.refusals import Field, RefusalCode

VOLUME_NL, DURATION_S = 60_000, 600
OTHER = 99
STREAMS = 150
"""Streams of noise; `make fuzz` sends a million."""

needs = pytest.mark.pump_needs


def given_nl(given: Given) -> int:
    """What boluses have given since manufacture, once none runs."""
    given.bench.run_until("bolus-ended", limit_s=DURATION_S + 1)
    return given.wire.counters().bolus_nl


# -- lost and bent ------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PR-01")
@needs("bench.inject", "wire")
@pytest.mark.parametrize("retries", [0, 1, 3, 7])
@pytest.mark.parametrize("direction", ["to_pump", "to_host"])
def test_as_many_losses_as_retries_are_survived_and_one_more_is_not(running: Rig, given: Given, retries: int, direction: str) -> None:
    """As many lost copies as retries, either way, and the answer comes; one more is a clean lost link; the session goes on."""
    given.leave()
    programmer = given.rig.another_programmer(retries=retries)
    session = programmer.identity_hello.session
    came, lost = {}, {}
    for losses in {max(1, retries), retries + 1}:
        handle = given.suffers("link.drop", direction=direction, at_frames=f"1-{losses}")
        try:
            came[losses] = programmer.status().generation > 0
        except LinkError:
            came[losses] = False
        given.bench.clear(handle)
        lost[losses] = given.struck(handle)

    assert came == {losses: losses <= retries for losses in came}
    assert lost == {losses: losses for losses in came}
    assert programmer.status().generation > 0
    assert programmer.identity_hello.session == session
    programmer.close()


@pytest.mark.pump_requirement("PR-01")
@needs("bench")
def test_frame_with_any_flipped_bit_is_not_answered_and_counted(running: Rig, given: Given) -> None:
    """Each bit of a well-formed request in turn: no answer but to the whole one, a line error each, and the pump runs on."""
    run = encode_frame(Frame(BY_NAME["STATUS"].opcode, 0, 0, b""))
    assert len(frames_in(given.bench.send(run))) == 1
    before, errors = in_force(given), given.wire.status().line_errors
    heard = []
    for place in range((len(run) - 1) * 8):
        bent = bytearray(run)
        bent[place // 8] ^= 1 << place % 8
        heard += frames_in(given.bench.send(bytes(bent)))
        given.bench.send(b"\0")

    assert not heard, f"{len(heard)} bent frames were answered"
    assert given.wire.status().line_errors - errors >= (len(run) - 1) * 8
    assert in_force(given) == before


@pytest.mark.pump_requirement("PR-13")
@needs("bench")
@pytest.mark.parametrize("seed", range(2))
def test_noise_changes_nothing_and_is_survived(running: Rig, given: Given, seed: int) -> None:
    """Streams of drawn bytes, and of well-formed frames with drawn contents: the pump answers as before, therapy and flow unchanged."""
    drawn = random.Random(seed)
    before, digest = in_force(given), given.bench.digest("therapy")
    given.leave()
    for stream in range(STREAMS):
        data = drawn.randbytes(drawn.randrange(1, 700))
        if stream % 2:
            header = drawn.randrange(1 << 16), drawn.randrange(1 << 32), drawn.randrange(1 << 32)
            data = encode_frame(Frame(*header, drawn.randbytes(drawn.randrange(200)), mac=drawn.randbytes(8) if stream % 4 == 1 else b""))
        given.bench.send(data)
    given.bench.send(b"\0")

    assert given.bench.digest("therapy") == digest
    assert in_force(given) == before


# -- one dose -----------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PR-02", "PR-03")
@needs("bench.time")
@pytest.mark.parametrize(
    "point",
    [
        pytest.param("request lost", marks=needs("bench.inject")),
        pytest.param("answer lost", marks=needs("bench.inject")),
        pytest.param("reset after it", marks=needs("bench.power")),
        pytest.param("power cut in it", marks=needs("bench.power")),
    ],
)
def test_dose_is_given_once_or_not_and_its_outcome_can_be_asked_for(running: Rig, given: Given, measure: Measure, point: str) -> None:
    """Whatever is cut, all of it, none, or what was commanded until then is given; OUTCOME tells which, after a reset too."""
    before, command_id = given_nl(given), given.wire.next_id
    body = Bolus(command_id, VOLUME_NL, dose_of(VOLUME_NL), DURATION_S, 0)
    if point in ("request lost", "answer lost"):
        handle = given.suffers("link.drop", direction="to_pump" if point == "request lost" else "to_host")
        with suppress(LinkError):
            given.wire.programmer.request("BOLUS", body)
        given.bench.clear(handle)
        assert given.struck(handle) == 1 + RETRIES, f"no {point}"
        given.leave()
    else:
        given.wire.ok("BOLUS", body)
        given.bench.advance(seconds=DURATION_S // 2)
        if point == "reset after it":
            given.bench.reset()
        else:
            given.bench.power_cut(off_s=60)
            given.bench.advance(seconds=60)
        given.bench.run_until("ready", limit_s=70)
    outcome = given.wire.ok("OUTCOME", Outcome(command_id))
    due = {"request lost": 0, "answer lost": VOLUME_NL}.get(point, VOLUME_NL // 2)
    states = {"request lost": DoseState.ABANDONED, "answer lost": DoseState.EXECUTING}
    assert DoseState(outcome.state) == states.get(point, DoseState.INTERRUPTED)
    late = given.wire.ask("BOLUS", body)
    measure(f"given, {point}", given_nl(given) - before, unit="nL", low=max(0, due - 200), high=due)

    assert late.answer is not Answer.OK or point != "request lost", "what was called abandoned was carried out"
    again = given.wire.ok("OUTCOME", Outcome(command_id))
    assert again.delivered_nl == given_nl(given) - before or point == "request lost"


@pytest.mark.pump_requirement("PR-03")
@needs("bench.needle", "bench.time", "bench.power")
def test_outcome_of_each_kind_is_told_before_and_after_a_reset(given: Given) -> None:
    """Refused, executed, and never seen: OUTCOME tells each, with its programmer's id, and tells the same after a reset."""
    given.running(given.prescribe.simple(20_000))
    refused_id = given.wire.next_id
    given.wire.refusal("START", Start(refused_id, 77))
    done_id = given.wire.next_id
    given.wire.bolus(VOLUME_NL, DURATION_S)
    given.bench.advance(seconds=DURATION_S + 1)

    def told() -> list[tuple[int, ...]]:
        outcomes = [given.wire.ok("OUTCOME", Outcome(number)) for number in (refused_id, done_id, done_id + 5)]
        return [(outcome.state, outcome.answer, outcome.programmer_id, outcome.delivered_nl) for outcome in outcomes]

    own_id = given.wire.programmer.programmer_id
    before = told()
    assert before[0][:3] == (DoseState.REFUSED, Answer.REFUSED, own_id)
    assert before[1] == (DoseState.EXECUTED, Answer.OK, own_id, VOLUME_NL)
    assert before[2][0] == DoseState.NEVER_SEEN
    given.leave()
    given.bench.reset()
    given.bench.run_until("ready", limit_s=70)
    assert told() == before, "a reset has forgotten what became of commands"


@pytest.mark.pump_requirement("PR-02")
@needs("bench.needle", "bench.time", "bench.power")
def test_command_ids_are_used_once_over_resets_and_programmers(given: Given, measure: Measure) -> None:
    """The id of a given dose, after a reset and from another programmer: its old answer or CONFLICT, one dose; a gap uses nothing."""
    given.running(given.prescribe.simple(20_000))
    body = given.wire.bolus_body(VOLUME_NL, DURATION_S)
    first = given.wire.ok("BOLUS", body)
    given.bench.advance(seconds=DURATION_S + 1)
    given.resumed()
    given.leave()
    given.bench.reset()
    given.bench.run_until("ready", limit_s=70)
    assert given.wire.ask("BOLUS", body)[:2] == (Answer.OK, first)
    given.leave()
    other = Wire(given.rig.another_programmer(programmer_id=OTHER))
    assert other.ask("BOLUS", body).answer is Answer.CONFLICT
    last = other.status().last_command_id
    gap = other.ask("BOLUS", body._replace(command_id=last + 2))
    assert (gap.answer, gap.body.number) == (Answer.ID_GAP, last + 1)
    assert other.status().last_command_id == last
    other.programmer.close()

    measure("given of one dose", given_nl(given), unit="nL", low=VOLUME_NL, high=VOLUME_NL)


@pytest.mark.pump_requirement("PR-02", "PR-03")
@needs("bench.inject", "bench.time")
def test_client_that_lost_the_answer_gives_no_second_dose(running: Rig, given: Given, measure: Measure) -> None:
    """Every copy of a dose's answer is lost: uncertain; the next dose is not sent until settle has found out that the first is given."""
    before = given_nl(given)
    handle = given.suffers("link.drop", direction="to_host", at_frames=f"2-{2 + RETRIES}")
    ends = []
    for _ in range(2):
        try:
            given.wire.programmer.bolus(VOLUME_NL, dose_of(VOLUME_NL), DURATION_S)
            ends.append("granted")
        except (Uncertain, LinkError) as error:
            ends.append(type(error).__name__)
    given.bench.clear(handle)
    assert given.struck(handle) == 1 + RETRIES, "no answer was lost"
    settled = given.wire.programmer.settle()

    assert ends == ["Uncertain", "Uncertain"]
    assert settled is not None
    assert DoseState(settled.state) is DoseState.EXECUTING
    measure("given of an uncertain dose", given_nl(given) - before, unit="nL", low=VOLUME_NL, high=VOLUME_NL)
    assert given.wire.programmer.settle() is None


# -- sequence -----------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PR-05")
@needs("bench.needle", "bench.time", "keys")
def test_sequence_numbers_are_taken_one_by_one(given: Given, measure: Measure) -> None:
    """The same frame again: its cached answer; the same number for something else, or a lower one: REPLAY; a higher: SEQUENCE_GAP."""
    given.running(given.prescribe.simple(20_000))
    command_id = given.wire.next_id
    given.leave()
    host = given.intruder()
    assert host.hello(given.secret()).answer is Answer.OK
    dose = host.frame("BOLUS", Bolus(command_id, VOLUME_NL, dose_of(VOLUME_NL), DURATION_S, 0))
    first, again = host.send(dose), host.send(dose)
    assert (first.answer, again) == (Answer.OK, first)
    assert host.keys is not None
    stop = host.keys.signed(Frame(BY_NAME["STOP"].opcode, host.session, 1, b""))
    assert host.send(stop).answer is Answer.REPLAY
    ahead = host.keys.signed(Frame(BY_NAME["STOP"].opcode, host.session, 9, b""))
    gap = host.send(ahead)
    assert (gap.answer, gap.body.number) == (Answer.SEQUENCE_GAP, 2)
    assert host.ask("STATUS").answer is Answer.OK
    assert host.send(dose).answer is Answer.REPLAY
    host.ask("CLOSE")

    measure("given of one frame", given_nl(given), unit="nL", low=VOLUME_NL, high=VOLUME_NL)


# -- what is told to whom, and versions ---------------------------------------------------------------------------------


def questions() -> list[Frame]:
    """Every request of the table outside a session, in every case of its body."""
    return [
        Frame(spec.opcode, session, 1 if session else 0, encode(sample(spec.request, case)))
        for spec in SPECS.values()
        for case in CASES
        for session in (0, 1)
        if spec.opcode != HELLO
    ]


@pytest.mark.pump_requirement("PR-07")
@needs("bench")
def test_without_a_session_only_hello_tells_anything(running: Rig, given: Given) -> None:
    """Every other answer is one byte, NOT_AUTHENTICATED; HELLO's has identity, versions, boot count, nonce and proof."""
    given.leave()
    for frame in questions():
        (answer,) = frames_in(given.bench.send(encode_frame(frame)))
        assert answer.body == bytes((Answer.NOT_AUTHENTICATED,)), f"opcode {frame.opcode:#x} tells something without a session"
    hello = Hello(PROTOCOL_MAJOR, 0, Role.CLINICIAN, int(Role.CLINICIAN), OTHER, bytes(16))
    (answer,) = frames_in(given.bench.send(encode_frame(Frame(HELLO, 0, 0, encode(hello)))))
    told, identity = read_answer(HELLO, answer.body).body, given.wire.identity()

    known = (told.session, PROTOCOL_MAJOR, told.minor, given.wire.status().boot_count, told.pump_nonce, told.proof)
    whole = HelloAnswer(*known, identity.model, identity.serial, identity.firmware)
    assert answer.body == bytes((Answer.OK,)) + encode(whole), "HELLO's answer has something else in it than identity and versions"


@pytest.mark.pump_requirement("PR-07")
@needs("bench", "keys")
def test_session_that_is_not_proved_tells_nothing(running: Rig, given: Given) -> None:
    """A HELLO with a right key id and no key: its session answers no read, signed or not."""
    stranger = given.intruder()
    stranger.hello()
    reads = ("STATUS", "INTERROGATE", "LOG", "FAULT_LOG", "OUTCOME")
    answers = [stranger.ask(name, sample(BY_NAME[name].request, "lowest"), signed=signed) for name in reads for signed in (True, False)]

    assert {(reply.answer, tuple(reply.body)) for reply in answers} == {(Answer.NOT_AUTHENTICATED, ())}


@pytest.mark.pump_requirement("PR-08")
def test_there_is_no_request_for_raw_memory(running: Rig, given: Given) -> None:
    """Of all opcodes below 512 those of the table are the only ones that a clinician's session is served; the others are UNSUPPORTED."""
    known = {spec.opcode for spec in SPECS.values()}
    served = []
    for opcode in (number for number in range(512) if number not in known):
        try:
            answer = given.wire.programmer.raw_request(opcode, bytes(8)).answer
        except LinkError:
            answer = Answer.OK  # an answer that has something in it which the client cannot read
        if answer is not Answer.UNSUPPORTED:
            served.append(opcode)

    assert not served, f"opcodes {served} are served"
    assert not {name for name in BY_NAME if "MEM" in name or "PEEK" in name or "POKE" in name}


@pytest.mark.pump_requirement("PR-09")
@needs("bench.needle")
def test_start_wants_the_generation_that_its_sender_has_seen(given: Given) -> None:
    """Changed while it stood: START with the old generation is refused with both; with the new one it runs."""
    given.running(given.prescribe.simple(10_000))
    given.wire.update(given.prescribe.simple(20_000))
    given.wire.stop()
    for stale in (1, 3):
        told = given.wire.refusal("START", Start(given.wire.next_id, stale))
        assert told[:5] == (RefusalCode.GENERATION, Field.GENERATION, 0, stale, 2)
        assert given.wire.condition().rate_nl_per_h == 0
    given.wire.ok("START", Start(given.wire.next_id, 2))

    assert given.wire.condition().rate_nl_per_h == 20_000


@pytest.mark.pump_requirement("PR-14")
@needs("bench", "keys")
@pytest.mark.parametrize("major", [0, PROTOCOL_MAJOR + 1, 255])
def test_programmer_of_another_major_is_refused(running: Rig, given: Given, major: int) -> None:
    """REFUSED UNKNOWN_VERSION with both versions, and no session; any minor of the same major gets one."""
    told = given.intruder().hello(given.secret(), major=major)
    assert told.answer is Answer.REFUSED, f"major {major} is let in: {told.answer.name}"
    assert told.body[:5] == (RefusalCode.UNKNOWN_VERSION, Field.VERSION, 0, major, PROTOCOL_MAJOR)
    for minor in (0, 1, 9, 255):
        host = given.intruder()
        assert host.hello(given.secret(), minor=minor).answer is Answer.OK
        assert host.ask("CLOSE").answer is Answer.OK


@pytest.mark.pump_requirement("PR-14")
@needs("bench")
@pytest.mark.parametrize("name", ["HELLO", "STATUS", "STOP"])
def test_frame_of_another_version_is_refused_unread(running: Rig, given: Given, name: str) -> None:
    """Whatever it asks for: UNKNOWN_VERSION with that number, and nothing happens."""
    before = in_force(given)
    body = encode(Hello(PROTOCOL_MAJOR, 0, Role.CLINICIAN, 2, 13, bytes(16))) if name == "HELLO" else b""
    reply = given.intruder().send(Frame(BY_NAME[name].opcode, 0, 0, body, version=2))

    assert (reply.answer, reply.body.code, reply.body.value) == (Answer.REFUSED, RefusalCode.UNKNOWN_VERSION, 2)
    assert in_force(given) == before
    assert not given.wire.log(EventKind.MAGNET_STOP)
