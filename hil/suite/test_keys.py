"""How keys get into a pump: by a door of their own, under the magnet, each whole or not at all."""

from __future__ import annotations

import pytest

from hil.instruments.intruder import Intruder
from hil.rig import Rig
from hil.suite.given import Given
from protocol.answers import Reply
from protocol.codes import AlarmCause, Answer, EventKind, Mode, Role
from protocol.export.samples import CASES, sample
from protocol.framing import encode_frame
from protocol.keys import Key
from protocol.mac import masked
from protocol.message_table import BY_NAME
from protocol.messages import KeyChange
from protocol.refusals import RefusalCode

FRESH = Key(2, Role.CLINICIAN, bytes(range(32)))

needs = pytest.mark.pump_needs


def provisioner(given: Given) -> Intruder:
    """A session of the provisioning role, with the service key."""
    host = given.intruder()
    host.hello(given.secret(Role.SERVICE), Role.PROVISIONER, key_id=int(Role.SERVICE))
    return host


def change(host: Intruder, key: Key = FRESH) -> Reply:
    """Ask for one key to be replaced."""
    return host.ask("KEY", KeyChange(key.key_id, key.role, masked(host.keys, (key.key_id, key.role), key.secret)))


@pytest.mark.pump_requirement("PR-11")
@needs("bench", "magnet", "keys", "wire")
@pytest.mark.parametrize("role", ["patient", "clinician", "service"])
def test_provisioning_is_not_reached_from_a_therapy_session(running: Rig, given: Given, role: str) -> None:
    """KEY is NOT_AUTHORISED in every other role, under the magnet too, and the keys are as they were."""
    secret = given.secret()
    with given.magnet(), given.rig.another_programmer(role=role) as programmer:
        answers = {programmer.request("KEY", sample(KeyChange, case)).answer for case in CASES}

    assert answers == {Answer.NOT_AUTHORISED}
    assert given.opens(secret)


@pytest.mark.pump_requirement("PR-11")
@needs("bench", "magnet", "keys")
def test_provisioning_reaches_no_therapy_and_needs_magnet_and_service_key(running: Rig, given: Given) -> None:
    """Its session may change keys and nothing else; without the magnet there is none, and in one that is open no change."""
    therapy = given.wire.therapy()
    given.leave()
    away = given.intruder().hello(given.secret(Role.SERVICE), Role.PROVISIONER, key_id=int(Role.SERVICE))
    with given.magnet():
        host = provisioner(given)
        names = [name for name in BY_NAME if name not in ("HELLO", "CLOSE", "KEY")]
        answers = {name: host.ask(name, sample(BY_NAME[name].request, "lowest")).answer for name in names}
    gone = change(host)

    assert set(answers.values()) == {Answer.NOT_AUTHORISED}
    assert (away.answer, away.body.code) == (Answer.REFUSED, RefusalCode.NO_MAGNET)
    assert (gone.answer, gone.body.code) == (Answer.REFUSED, RefusalCode.NO_MAGNET)
    assert not given.opens(FRESH.secret)
    assert given.wire.therapy() == therapy
    assert given.wire.status().mode == Mode.FLEX


@pytest.mark.pump_requirement("PR-11")
@needs("bench", "magnet", "keys")
def test_new_key_works_the_old_does_not_and_therapy_goes_on(running: Rig, given: Given) -> None:
    """One frame changes it whole: told by a non-critical alarm and a record; the patient's and the service's keys are as before."""
    old = given.secret()
    given.leave()
    with given.magnet():
        changed = change(provisioner(given))
    assert changed.answer is Answer.OK
    assert (given.opens(old), given.opens(FRESH.secret)) == (False, True)
    assert given.opens(given.secret(Role.SERVICE), Role.SERVICE)
    with given.rig.another_programmer(keys=[FRESH], key_file=None) as programmer:
        status, kinds = programmer.status(), [record.kind for record in programmer.read_log()]

    assert status.alarms == 1 << AlarmCause.KEYS_CHANGED
    assert status.mode == Mode.FLEX
    assert kinds.count(EventKind.KEY_SET) == 1


@pytest.mark.pump_requirement("PR-11")
@needs("bench.time", "bench.power", "bench.image", "magnet", "keys")
def test_transfer_that_breaks_off_leaves_the_old_key_or_the_new(running: Rig, given: Given) -> None:
    """The supply dies inside the change, at each tenth byte: one of the two keys works, never none and never both."""
    old = given.secret()
    given.leave()

    def cut(after_bytes: int) -> str:
        with given.magnet():
            host = provisioner(given)
            body = KeyChange(2, Role.CLINICIAN, masked(host.keys, (2, Role.CLINICIAN), FRESH.secret))
            frame = host.frame("KEY", body)
            given.bench.power_cut(after_bytes=after_bytes, off_s=1)
            given.bench.send(encode_frame(frame))
        given.bench.advance(seconds=10)
        assert given.bench.run_until("ready", limit_s=70)
        works = [name for name, secret in (("old", old), ("new", FRESH.secret)) if given.opens(secret)]
        assert len(works) == 1, f"cut after {after_bytes} bytes: {' and '.join(works) or 'no key'} works"
        return works[0]

    ends = given.apart(*(lambda count=count: cut(count) for count in range(0, 400, 10)))
    assert set(ends) == {"old", "new"}
