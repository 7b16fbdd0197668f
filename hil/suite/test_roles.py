"""Who may do what: the patient, the clinician, service; and which pump it is that a session belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hil.rig import Rig
from hil.suite.given import Given
from hil.suite.updates import in_force
from hil.suite.wire import Wire
from protocol.codec import encode
from protocol.codes import Answer, EventKind, Role
from protocol.errors import LinkError
from protocol.export.samples import CASES, sample
from protocol.framing import Frame
from protocol.limits import TOKEN_US
from protocol.mac import session_keys, transcript
from protocol.message_table import BY_NAME, SPECS
from protocol.messages import Hello, Interrogate, Nothing, ServiceReset
from protocol.refusals import Field, RefusalCode

PATIENT_MAY = {"HELLO", "CLOSE", "STATUS", "INTERROGATE", "OUTCOME", "PATIENT_BOLUS", "ACK"}

needs = pytest.mark.pump_needs


def bodies() -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each request of the table, with bodies of a right form."""
    return ((spec.name, sample(spec.request, case)) for spec in SPECS.values() for case in CASES)


def therapy_of(given: Given) -> tuple[Any, ...]:
    """The therapy, its generation and digest, and the rate."""
    told = in_force(given)
    given.leave()
    return told


@pytest.mark.pump_requirement("PG-12")
@needs("keys", "wire")
def test_patient_reaches_neither_library_nor_therapy(running: Rig, given: Given) -> None:
    """Every request that is not the patient's is NOT_AUTHORISED, whatever is in it, and so is reading identity and therapy."""
    before = therapy_of(given)
    handset = Wire(given.rig.another_programmer(role="patient"))
    answers = {(name, handset.ask(name, body).answer) for name, body in bodies() if name not in PATIENT_MAY}
    answers |= {("INTERROGATE", handset.ask("INTERROGATE", Interrogate(part, 0)).answer) for part in (0, 1)}
    handset.programmer.close()

    assert {answer for _, answer in answers} == {Answer.NOT_AUTHORISED}, [
        name for name, answer in answers if answer != Answer.NOT_AUTHORISED
    ]
    assert {"BEGIN", "COMMIT", "REFILL", "SET_CLOCK", "START", "STOP", "BOLUS", "SERVICE_RESET", "KEY"} <= {name for name, _ in answers}
    assert therapy_of(given) == before


@pytest.mark.pump_requirement("PG-13")
@needs("bench", "magnet", "keys", "wire")
@pytest.mark.parametrize("role", [Role.PATIENT, Role.CLINICIAN])
def test_only_service_keys_reach_what_the_factory_set(running: Rig, given: Given, role: Role) -> None:
    """Self-test, service reset and keys are all that touches the factory's settings: no other role's key opens them."""
    other = Wire(given.rig.another_programmer(role=role.name.lower()))
    refused = [other.ask(name, body).answer for name, body in (("SELF_TEST", Nothing()), ("SERVICE_RESET", ServiceReset(0)))]
    other.programmer.close()
    with given.magnet():
        intruder = given.intruder()
        provisioning = intruder.hello(given.secret(role), Role.PROVISIONER, key_id=int(role))

    assert refused == [Answer.NOT_AUTHORISED] * 2
    assert provisioning.answer is Answer.NOT_AUTHENTICATED


@pytest.mark.pump_requirement("PG-13")
@needs("bench", "magnet", "keys", "wire")
def test_service_key_reaches_them_and_no_number_of_the_profile(running: Rig, given: Given) -> None:
    """With the service key they are granted; limits, library, calibration and model are told as before."""
    before = given.wire.identity()[:6], given.wire.identity()[9:]
    given.leave()
    service = Wire(given.rig.another_programmer(role="service"))
    service.ok("SELF_TEST")
    service.ok("SERVICE_RESET", ServiceReset(0))
    service.programmer.close()
    with given.magnet():
        provisioning = given.intruder().hello(given.secret(Role.SERVICE), Role.PROVISIONER, key_id=int(Role.SERVICE))

    assert provisioning.answer is Answer.OK
    assert (given.wire.identity()[:6], given.wire.identity()[9:]) == before


# -- the service reset --------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PG-03")
@needs("bench.time", "keys", "wire")
def test_service_reset_takes_two_frames(running: Rig, given: Given) -> None:
    """The first only tells a token and until when it holds; the second, with it, starts the firmware anew; the therapy goes on."""
    before, boots = therapy_of(given)[:2], given.clock.boots
    service = Wire(given.rig.another_programmer(role="service"))
    asked_us = given.clock.device_us
    asked = service.ok("SERVICE_RESET", ServiceReset(0))
    assert given.clock.boots == boots, "one frame has reset the pump"
    assert (asked.token != 0, asked.until_us) == (True, asked_us + TOKEN_US)
    done = service.ok("SERVICE_RESET", ServiceReset(asked.token))
    service.programmer.close()
    given.bench.run_until("ready", limit_s=70)

    assert (done.token, done.until_us) == (0, 0)
    assert given.clock.boots == boots + 1
    assert therapy_of(given)[:2] == before
    assert given.wire.log(EventKind.SERVICE_RESET)


@pytest.mark.pump_requirement("PG-03")
@needs("bench", "keys", "wire")
@pytest.mark.parametrize("how", ["unasked", "other token", pytest.param("late", marks=needs("bench.time")), "other session"])
def test_no_other_second_frame_resets(running: Rig, given: Given, how: str) -> None:
    """Without having asked, with another number, after a minute, from another session: refused TOKEN, and no start of the firmware."""
    service = Wire(given.rig.another_programmer(role="service"))
    token = 1 if how == "unasked" else service.ok("SERVICE_RESET", ServiceReset(0)).token
    if how == "late":
        given.bench.advance(us=TOKEN_US)
    elif how == "other session":
        service.programmer.close()
        service = Wire(given.rig.another_programmer(role="service"))
    elif how == "other token":
        token ^= 2
    boots = given.clock.boots
    told = service.refusal("SERVICE_RESET", ServiceReset(token))
    service.programmer.close()

    assert (told.code, told.field) == (RefusalCode.TOKEN, Field.TOKEN)
    assert given.clock.boots == boots


# -- the right pump -----------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PG-16")
@needs("bench", "keys")
def test_session_for_another_serial_number_is_nothing_here(running: Rig, given: Given) -> None:
    """The right key and nonces, another serial number: what is signed for that one is NOT_AUTHENTICATED at this pump, which runs on."""
    before = therapy_of(given)
    intruder = given.intruder()
    assert intruder.hello(given.secret()).answer is Answer.OK
    answer = intruder.hello_answer
    assert answer is not None
    said = Hello(1, 2, Role.CLINICIAN, int(Role.CLINICIAN), intruder.programmer_id, bytes(range(16)))
    other = session_keys(given.secret(), transcript(encode(said), answer), "X" + answer.serial[1:])
    frame = Frame(BY_NAME["STOP"].opcode, intruder.session, 1, b"")
    wrong = intruder.send(other.signed(frame)).answer
    right = intruder.keys
    assert right is not None
    status = intruder.send(right.signed(Frame(BY_NAME["STATUS"].opcode, intruder.session, 1, b""))).answer

    assert (wrong, status) == (Answer.NOT_AUTHENTICATED, Answer.OK)
    assert therapy_of(given) == before


@pytest.mark.pump_requirement("PG-16")
@needs("bench.inject", "keys")
def test_pump_under_a_false_name_is_not_accepted(running: Rig, given: Given) -> None:
    """Somebody on the line puts another serial number into the pump's answers: the client opens no session."""
    given.leave()
    given.suffers("answer.wrong_serial")
    said = ""
    try:
        given.rig.another_programmer().close()
    except LinkError as error:
        said = type(error).__name__

    assert said == "Unproved", f"a pump under a false name was taken for the right one ({said or 'no error'})"
