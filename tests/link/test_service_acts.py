"""What service does and no command id covers: the same when answers are lost, and told for what it is."""

from __future__ import annotations

import pytest

from protocol.app import Region
from protocol.codes import Answer, Role
from protocol.errors import Refused, Unanswered
from protocol.keys import KEY_BYTES, Key
from protocol.limits import TOKEN_US
from protocol.mac import masked
from protocol.messages import KeyChange, Nothing, ServiceReset
from protocol.refusals import RefusalCode
from protocol.testing import Pair, drop, keep
from tests.link.bedside import Bedside
from tests.link.raw_host import RawHost

NEW = Key(2, Role.CLINICIAN, b"n" * KEY_BYTES)


@pytest.fixture
def pair() -> Pair:
    """A pump with the test keys, under a magnet."""
    pair = Pair()
    pair.pump.magnet_held = True
    return pair


def provisioner(pair: Pair) -> RawHost:
    """Service, come to change keys."""
    host = RawHost(pair, programmer_id=3, role=Role.PROVISIONER)
    assert host.hello(key_id=int(Role.SERVICE)).answer is Answer.OK
    return host


def change(host: RawHost, key: Key) -> Answer:
    """Put a key into its slot."""
    body = KeyChange(key.key_id, key.role, masked(host.keys, (key.key_id, key.role), key.secret))
    return host.ask("KEY", body).answer


class TestLostAnswers:
    def test_reset_that_was_done_is_not_called_refused(self) -> None:
        """The pump has booted and forgotten its session; whoever asks again in a new one is not told that nothing was done."""
        bedside = Bedside()
        boots = bedside.unit.pump.boots
        with bedside.programmer(role="service") as programmer:
            bedside.to_host.extend([keep, drop])
            with pytest.raises(Unanswered, match="SERVICE_RESET may have been carried out"):
                programmer.service_reset()

        assert bedside.unit.pump.boots == boots + 1

    def test_key_may_be_the_old_or_the_new(self, pair: Pair) -> None:
        """All answers are lost: the pump has the new key, and the client says that it does not know."""
        with pair.programmer(role="provisioner", retries=1) as programmer:
            pair.link.to_host.extend([drop] * 2)
            with pytest.raises(Unanswered, match="try the new key, then the old"):
                programmer.replace_key(NEW)

        assert pair.role.keys[1] == NEW

    def test_key_whose_first_copy_was_lost_is_certain(self, pair: Pair) -> None:
        """The resend is the same request, and its answer is its own."""
        with pair.programmer(role="provisioner") as programmer:
            pair.link.to_pump.append(drop)
            programmer.replace_key(NEW)

        assert pair.role.keys[1] == NEW


def test_token_of_a_reset_lapses_after_a_minute(pair: Pair) -> None:
    """The second frame has to follow the first."""
    service = RawHost(pair, role=Role.SERVICE)
    service.hello()
    token = service.ask("SERVICE_RESET", ServiceReset(0)).body.token
    pair.pump.advance(TOKEN_US)

    assert service.ask("SERVICE_RESET", ServiceReset(token)).body.code == RefusalCode.TOKEN
    assert "reset" not in pair.pump.services


class TestNewKey:
    def test_ends_a_session_that_waits_on_the_old_one(self, pair: Pair) -> None:
        """HELLO under the old key, then the new key, then the first request: it proves what is no key any more."""
        service, clinician = provisioner(pair), RawHost(pair)
        assert service.ask("CLOSE").answer is Answer.OK
        service = provisioner(pair)
        pair.role.receive(b"")
        assert change(service, NEW._replace(key_id=4)) is Answer.OK
        clinician.hello()
        assert change(service, NEW) is Answer.OK

        assert clinician.ask("STATUS") == (Answer.NOT_AUTHENTICATED, Nothing())

    def test_may_be_used_at_once_whoever_failed_on_the_old_one(self, pair: Pair) -> None:
        """Its slot begins without failures."""
        service = provisioner(pair)
        assert change(service, NEW._replace(key_id=4)) is Answer.OK
        pair.pump.magnet_held = False
        for nonce in range(6):
            RawHost(pair).hello(bytes((nonce,)) * 16)
        assert RawHost(pair).hello(b"again" * 3 + b"!").answer is Answer.BUSY
        pair.pump.magnet_held = True
        assert change(service, NEW) is Answer.OK
        pair.pump.magnet_held = False

        with pair.programmer(keys=(NEW,)) as programmer:
            assert programmer.status().boot_count == 1

    def test_the_first_of_all_is_the_service_key(self, pair: Pair) -> None:
        """Without it no other could ever be replaced: any other is refused while there is none."""
        pair.pump.memory[Region.KEYS][:] = b"\xff" * len(pair.pump.memory[Region.KEYS])
        service = Key(3, Role.SERVICE, b"s" * KEY_BYTES)
        with pair.programmer(role="provisioner", keys=()) as programmer:
            with pytest.raises(Refused) as refused:
                programmer.replace_key(NEW)
            programmer.replace_key(service)
            programmer.replace_key(NEW)

        assert refused.value.refusal.code == RefusalCode.UNKNOWN_KEY
        assert pair.role.keys == [NEW, service]

    def test_goes_into_a_slot_once_in_a_session(self, pair: Pair) -> None:
        """Two keys under one mask would tell what differs between them."""
        service = provisioner(pair)

        assert change(service, NEW) is Answer.OK
        pair.role.restore(pair.role.save())
        assert change(service, NEW._replace(secret=b"m" * KEY_BYTES)) is Answer.REFUSED
        assert change(service, NEW._replace(key_id=4)) is Answer.OK


def test_proved_calls_do_not_spend_the_allowance_of_the_unproved(pair: Pair) -> None:
    """A busy clinic opens a hundred good sessions within an hour, and none waits."""
    pair.pump.magnet_held = False
    for _ in range(100):
        with pair.programmer() as programmer:
            assert programmer.status().boot_count == 1
        pair.pump.advance(1_000_000)
