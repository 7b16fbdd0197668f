"""What a key proves, what a recording does not, how keys get in, and who cannot prove one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware_sim.units import US_PER_H, US_PER_S
from hil.instruments.intruder import Intruder
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from hil.suite.given import Given
from hil.suite.therapies import dose_of
from protocol.answers import Reply
from protocol.codec import encode
from protocol.codes import AlarmCause, Answer, EventKind, Mode, Role
from protocol.crc import crc32c
from protocol.errors import NotAuthenticated, ProtocolError
from protocol.export.samples import CASES, sample
from protocol.framing import Frame
from protocol.keys import Key
from protocol.limits import BACK_OFF_US_MAX, MAGNET_STOPS_MAX
from protocol.message_table import BY_NAME
from protocol.messages import Bolus

VOLUME_NL, DURATION_S = 60_000, 600
THERAPY = ("BEGIN", "PUT", "SEAL", "COMMIT", "ABORT", "START", "STOP", "REFILL", "BOLUS", "PATIENT_BOLUS", "PRIME", "BRIDGE", "SET_CLOCK")
"""Every request that can change what is infused."""

needs = pytest.mark.pump_needs


def proved(given: Given) -> Intruder:
    """Somebody who has the clinician's key, with a session of his own."""
    given.leave()
    host = given.intruder()
    assert host.hello(given.secret()).answer is Answer.OK
    return host


def runs_on(given: Given, therapy: Any) -> None:
    """The pump is on this therapy, and infuses."""
    assert given.wire.therapy() == therapy
    assert given.wire.status().mode == Mode.FLEX
    assert given.wire.condition().rate_nl_per_h > 0
    given.leave()


# -- proof --------------------------------------------------------------------------------------------------------------


def forgeries(given: Given) -> dict[str, Callable[[Frame], Frame]]:
    """How somebody without the right key makes a request look, beside an open session that he overhears."""
    host = proved(given)
    assert host.ask("STATUS").answer is Answer.OK
    number = host.session
    stranger = given.intruder(14)
    stranger.hello()
    assert stranger.keys is not None
    keys = stranger.keys
    return {
        "no session": lambda frame: frame,
        "open session, no MAC": lambda frame: frame._replace(session=number, sequence=2),
        "open session, zero MAC": lambda frame: frame._replace(session=number, sequence=2, mac=bytes(8)),
        "open session, own MAC": lambda frame: keys.signed(frame._replace(session=number, sequence=2)),
        "own session, own MAC": lambda frame: keys.signed(frame._replace(session=stranger.session, sequence=1)),
        "own session, no MAC": lambda frame: frame._replace(session=stranger.session, sequence=1),
    }


@pytest.mark.pump_requirement("PR-04")
@needs("bench.time", "keys")
def test_forged_requests_change_nothing(running: Rig, given: Given) -> None:
    """Every therapy request, in every case of its body, forged in every way: NOT_AUTHENTICATED, and not a bit of the therapy changes."""
    therapy = given.wire.therapy()
    ways, answers = forgeries(given), set()
    digest = given.bench.digest("therapy")
    for how, forge in ways.items():
        for name in THERAPY:
            for case in CASES:
                frame = Frame(BY_NAME[name].opcode, 0, 0, encode(sample(BY_NAME[name].request, case)))
                answers.add((how, name, given.intruder().send(forge(frame)).answer))

    assert [found for found in answers if found[2] is not Answer.NOT_AUTHENTICATED] == []
    assert given.bench.digest("therapy") == digest
    given.bench.advance(minutes=2)  # the key that was guessed at has to wait
    runs_on(given, therapy)


@pytest.mark.pump_requirement("PR-04")
@needs("bench", "keys")
def test_every_bit_of_a_signed_request_counts(running: Rig, given: Given) -> None:
    """A STOP with its right MAC, one bit of MAC, number, body or opcode turned: the pump runs on; as it was signed it stops."""
    host = proved(given)
    signed = host.frame("STOP")
    bent = [signed._replace(mac=(int.from_bytes(signed.mac) ^ 1 << bit).to_bytes(8)) for bit in range(64)]
    bent += [signed._replace(sequence=2), signed._replace(body=b"\0"), signed._replace(opcode=BY_NAME["ABORT"].opcode)]
    answers = {host.send(frame).answer for frame in bent}
    assert answers == {Answer.NOT_AUTHENTICATED}
    assert host.send(signed).answer is Answer.OK

    assert given.wire.status().mode == Mode.STOPPED


@pytest.mark.pump_requirement("PR-04")
@needs("keys")
def test_programmer_without_the_key_opens_no_session(running: Rig, given: Given) -> None:
    """The ordinary client with a wrong key, and with none: refused, and the pump runs on."""
    therapy = given.wire.therapy()
    given.leave()
    ends = []
    for keys in ((), [Key(2, Role.CLINICIAN, bytes(32))]):
        try:
            with given.rig.another_programmer(keys=keys, key_file=None) as programmer:
                programmer.stop()
            ends.append("let in")
        except (NotAuthenticated, ProtocolError) as error:
            ends.append(type(error).__name__)

    assert "let in" not in ends
    runs_on(given, therapy)


@pytest.mark.pump_requirement("PR-04", "PG-12")
@needs("bench", "keys")
@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.SERVICE])
def test_key_opens_sessions_of_its_own_role_only(running: Rig, given: Given, role: Role) -> None:
    """The patient's key, under its own id, for a session of a higher role: no request of that role is served; for its own it is."""
    given.leave()
    host = given.intruder()
    told = host.hello(given.secret(Role.PATIENT), role, key_id=int(Role.PATIENT))
    served = told.answer is Answer.OK and host.ask("STATUS").answer is Answer.OK

    assert not served, f"the patient's key opens a session of the {role.name.lower()}"
    assert given.opens(given.secret(Role.PATIENT), Role.PATIENT)


# -- recordings ---------------------------------------------------------------------------------------------------------


def recorded(given: Given) -> list[Frame]:
    """A whole session with one bolus, all that the host sent in it; the bolus is over."""
    given.running(given.prescribe.flex((20_000, 30_000)))
    command_id = given.wire.next_id
    host = proved(given)
    sent = [
        host.frame("STATUS"),
        host.frame("BOLUS", Bolus(command_id, VOLUME_NL, dose_of(VOLUME_NL), DURATION_S, 0)),
        host.frame("STATUS"),
    ]
    assert [host.send(frame).answer for frame in sent] == [Answer.OK] * 3
    close = host.frame("CLOSE")
    assert host.send(close).answer is Answer.OK
    given.bench.advance(seconds=DURATION_S + 1)
    given.resumed()
    given.leave()
    return [*sent, close]


@pytest.mark.pump_requirement("PR-05")
@needs("bench.needle", "bench.time", "keys")
@pytest.mark.parametrize(
    "later",
    [
        "at once",
        "a week",
        pytest.param("after a reset", marks=needs("bench.power")),
        pytest.param("after a power cut", marks=needs("bench.power")),
    ],
)
def test_recorded_session_replayed_later_gives_nothing(given: Given, measure: Measure, later: str) -> None:
    """Each frame twice, beside a new session that nobody can use: NOT_AUTHENTICATED, and no drop more."""
    frames = recorded(given)
    if later == "a week":
        given.bench.advance(days=7)
    elif later == "after a reset":
        given.bench.reset()
    elif later == "after a power cut":
        given.bench.power_cut(off_s=3_600)
        given.bench.advance(hours=2)
    given.bench.run_until("ready", limit_s=70)
    stranger = given.intruder()
    stranger.hello()
    answers = {stranger.send(frame).answer for frame in (*frames, *frames)}
    given.bench.advance(seconds=DURATION_S + 1)

    assert answers == {Answer.NOT_AUTHENTICATED}
    measure("given by a recording", given.wire.counters().bolus_nl - VOLUME_NL, unit="nL", low=0, high=0)


@pytest.mark.pump_requirement("PR-05")
@needs("bench.needle", "bench.time", "keys")
def test_bolus_of_an_old_session_under_a_new_ones_number_is_refused(given: Given, measure: Measure) -> None:
    """Header rewritten to the session that is open now: the MAC was made with another key."""
    frames = recorded(given)
    dose = next(frame for frame in frames if frame.opcode == BY_NAME["BOLUS"].opcode)
    host = proved(given)
    assert host.ask("STATUS").answer is Answer.OK
    answers = {host.send(dose._replace(session=host.session, sequence=sequence)).answer for sequence in range(1, 6)}
    given.bench.advance(seconds=DURATION_S + 1)

    assert answers == {Answer.NOT_AUTHENTICATED}
    measure("given by a recording", given.wire.counters().bolus_nl - VOLUME_NL, unit="nL", low=0, high=0)


@pytest.mark.pump_requirement("PR-06")
@needs("bench", "keys", "bench.time", "bench.power")
def test_two_sessions_have_unrelated_keys(running: Rig, given: Given, measure: Measure) -> None:
    """The same key and client nonce, ten times, through a reset: keys differ in about half of their bits, both ways."""
    given.leave()
    made: list[bytes] = []
    for number in range(10):
        host = given.intruder()
        assert host.hello(given.secret()).answer is Answer.OK
        assert host.keys is not None
        assert host.ask("CLOSE").answer is Answer.OK
        made += [host.keys.host, host.keys.pump]
        if number == 5:
            given.bench.reset()
            given.bench.run_until("ready", limit_s=70)
    apart = [(int.from_bytes(one) ^ int.from_bytes(other)).bit_count() for place, one in enumerate(made) for other in made[:place]]

    assert len(set(made)) == len(made)
    measure("least bits in which two session keys differ", min(apart), unit="of 256", low=80)
    measure("most bits in which two session keys differ", max(apart), unit="of 256", high=176)


@pytest.mark.pump_requirement("PR-06")
@needs("bench", "keys")
def test_nothing_that_is_told_makes_a_key(running: Rig, given: Given) -> None:
    """Serial number, nonce and their check sums as the secret: no session of theirs is served."""
    serial = given.wire.programmer.identity_hello.serial
    given.leave()
    guesses = [crc32c(serial.encode()).to_bytes(4, "little") * 8, serial.encode().ljust(32, b"\0")[:32]]
    answers = set()
    for number, guess in enumerate(guesses):
        host = given.intruder(20 + number)
        if host.hello(guess).answer is Answer.OK:
            answers.add(host.ask("STATUS").answer)

    assert answers <= {Answer.NOT_AUTHENTICATED}


# -- who cannot prove one -----------------------------------------------------------------------------------------------


def fail(given: Given, key_id: int = 2, programmer_id: int = 40) -> Reply:
    """One HELLO, and a request that does not prove it; returns HELLO's answer."""
    stranger = given.intruder(programmer_id)
    reply = stranger.hello(key_id=key_id)
    if reply.answer is Answer.OK:
        assert stranger.ask("STATUS").answer is Answer.NOT_AUTHENTICATED
    return reply


def wait_us(given: Given) -> int:
    """How long a HELLO under the clinician's id has to wait now; asks without counting as a failure."""
    image = given.bench.fork()
    reply = given.intruder(41).hello()
    given.bench.back_to(image)
    return int(reply.body.until_us) - given.clock.device_us if reply.answer is Answer.BUSY else 0


@pytest.mark.pump_requirement("PR-12")
@needs("bench.time", "bench.image", "keys")
def test_back_off_doubles_to_a_minute(running: Rig, given: Given) -> None:
    """Two failures are free; the third and each further one make the same key BUSY for 1, 2, 4 ... 60 s, and never longer."""
    given.leave()
    waits = []
    for _ in range(10):
        assert fail(given).answer is Answer.OK
        us = wait_us(given)
        waits.append(us // US_PER_S)
        given.clock.until(given.clock.device_us + us)

    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert waits[-1] * US_PER_S == BACK_OFF_US_MAX


@pytest.mark.pump_requirement("PR-12")
@needs("bench", "magnet", "keys")
def test_magnet_lifts_the_back_off_and_each_key_has_its_own(running: Rig, given: Given) -> None:
    """Failures under the clinician's id leave the other keys alone; while a magnet is held the right key is let in at once."""
    given.leave()
    for _ in range(8):
        fail(given)
    away = given.intruder().hello(given.secret())
    other = given.opens(given.secret(Role.SERVICE), Role.SERVICE)
    with given.magnet():
        held = given.intruder().hello(given.secret())

    assert away.answer is Answer.BUSY
    assert other, "failures under one id lock another key out"
    assert held.answer is Answer.OK


@pytest.mark.pump_requirement("PR-12")
@needs("bench.time", "keys")
def test_failures_are_counted_and_logged(running: Rig, given: Given) -> None:
    """The status counts who was turned away, and a record tells it; a right key afterwards works."""
    given.leave()
    for _ in range(2):
        fail(given)
    given.bench.advance(minutes=5)

    assert given.wire.status().turned_away >= 2
    assert given.wire.log(EventKind.TURNED_AWAY), "who was turned away is not in the log"


@pytest.mark.pump_requirement("PR-12")
@needs("bench.truth", "magnet")
def test_stop_without_a_session_needs_the_magnet(running: Rig, given: Given) -> None:
    """From afar NOT_AUTHENTICATED, and the pump runs; under the magnet it stops, sounds at once, and has it in its log."""
    given.leave()
    refused = given.intruder().stop()
    assert refused.answer is Answer.NOT_AUTHENTICATED, f"anybody may stop it: {refused.answer.name}"
    assert given.wire.status().mode == Mode.FLEX
    given.leave()
    with given.magnet():
        stopped = given.intruder().stop()

    assert stopped.answer is Answer.OK, f"a magnet is not noticed: {stopped.answer.name}"
    assert given.bench.truth()["sound"] is not None
    assert given.wire.status().mode == Mode.STOPPED
    assert given.wire.active() == {AlarmCause.MAGNET_STOP}
    assert len(given.wire.log(EventKind.MAGNET_STOP)) == 1


@pytest.mark.pump_requirement("PR-12")
@needs("bench.time", "magnet")
def test_stop_under_the_magnet_works_three_times_an_hour(running: Rig, given: Given) -> None:
    """The fourth is BUSY until an hour after the first, to the microsecond, and is taken then."""
    first_us = given.clock.device_us
    given.leave()
    with given.magnet():
        for _ in range(MAGNET_STOPS_MAX):
            assert given.intruder().stop().answer is Answer.OK
            given.wire.start()
            given.leave()
            given.bench.advance(minutes=5)
        busy = given.intruder().stop()
        assert (busy.answer, given.wire.status().mode) == (Answer.BUSY, Mode.FLEX)
        given.leave()
        assert busy.body.until_us - first_us - US_PER_H in range(2)
        given.clock.until(busy.body.until_us - 2)
        assert given.intruder().stop().answer is Answer.BUSY
        given.clock.until(busy.body.until_us)
        assert given.intruder().stop().answer is Answer.OK
