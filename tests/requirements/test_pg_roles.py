"""Section PG, programming, limits, session: who may, and which pump it is, each row by its observable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from firmware_sim import Pump
from hil.unit import Unit
from protocol.client import Programmer
from protocol.codes import Answer, Role
from protocol.errors import NotAuthorised, Unproved
from protocol.export.samples import CASES, sample
from protocol.framing import Frame, encode_frame
from protocol.keys import Key
from protocol.message_table import SPECS
from protocol.messages import Interrogate, ServiceReset
from protocol.transport.memory import MemoryTransport
from tests.link.bedside import NEW, Bedside
from tests.link.forged import Intruder, frames_in

PATIENT_MAY = {"HELLO", "CLOSE", "STATUS", "INTERROGATE", "OUTCOME", "PATIENT_BOLUS", "ACK"}


class TestRoles:
    """What a patient's key and a service key reach."""

    @pytest.mark.pump_requirement("PG-12")
    def test_patient_reaches_neither_library_nor_therapy(self) -> None:
        """Every other request of the table is NOT_AUTHORISED, whatever is in it, and so is reading identity, limits, library, therapy."""
        bedside = Bedside.running()
        handset = bedside.programmer(role="patient")
        before = bedside.unit.digest("therapy")
        answers = {spec.name: handset.request(spec.name, body).answer for spec, body in bodies() if spec.name not in PATIENT_MAY}
        parts = [handset.request("INTERROGATE", Interrogate(part, 0)).answer for part in (0, 1)]

        assert set(answers.values()) == {Answer.NOT_AUTHORISED} == set(parts)
        assert {"BEGIN", "PUT", "SEAL", "COMMIT", "REFILL", "SET_CLOCK", "START", "STOP", "BOLUS", "SERVICE_RESET", "KEY"} <= set(answers)
        assert bedside.unit.digest("therapy") == before

    @pytest.mark.pump_requirement("PG-12")
    def test_patient_update_is_told_by_name(self) -> None:
        """The client says that the role may not."""
        with pytest.raises(NotAuthorised):
            Bedside.running().programmer(role="patient").update(NEW)

    @pytest.mark.pump_requirement("PG-13")
    @pytest.mark.parametrize("role", [Role.PATIENT, Role.CLINICIAN])
    def test_only_service_keys_reach_what_the_profile_set(self, role: Role) -> None:
        """Self-test, service reset and keys are all that touches the factory's settings; no other role's key opens them."""
        bedside = Bedside.running()
        programmer = bedside.programmer(role=role.name.lower())
        keys = bedside.unit.pump.load("keys")
        refused = [programmer.request(name, body).answer for name, body in (("SELF_TEST", ()), ("SERVICE_RESET", ServiceReset(0)))]
        bedside.unit.act(lambda pump: pump.magnet(True))
        secret = next(key.secret for key in bedside.unit.keys if key.role is role)
        provisioning = Intruder(bedside.unit.receive).hello(secret, Role.PROVISIONER, key_id=role)

        assert refused == [Answer.NOT_AUTHORISED] * 2
        assert provisioning.answer is Answer.NOT_AUTHENTICATED
        assert bedside.unit.pump.load("keys") == keys

    @pytest.mark.pump_requirement("PG-13")
    def test_service_key_reaches_them(self) -> None:
        """The same requests with the service key, and the magnet for the keys."""
        bedside = Bedside.running()
        service = bedside.programmer(role="service")
        answers = [service.request("SELF_TEST").answer, service.request("SERVICE_RESET", ServiceReset(0)).answer]
        bedside.unit.act(lambda pump: pump.magnet(True))
        secret = next(key.secret for key in bedside.unit.keys if key.role is Role.SERVICE)
        provisioning = Intruder(bedside.unit.receive).hello(secret, Role.PROVISIONER, key_id=Role.SERVICE)

        assert answers == [Answer.OK] * 2
        assert provisioning.answer is Answer.OK

    @pytest.mark.pump_requirement("PG-13")
    @pytest.mark.parametrize("role", ["patient", "clinician", "service"])
    def test_no_request_of_any_role_changes_a_profile_number(self, role: str) -> None:
        """Every request of the table, drawn: limits, library, calibration and model are told as before."""
        bedside = Bedside.running()
        before = identity_of(bedside)
        for spec, body in bodies():
            if spec.name not in ("CLOSE", "HELLO"):
                bedside.programmer(role=role).request(spec.name, body)
        bedside.advance(hours=1)

        assert identity_of(bedside) == before


def identity_of(bedside: Bedside) -> tuple[object, ...]:
    """What an interrogation tells of the pump as it was made."""
    identity = bedside.programmer().interrogate().identity
    return tuple(identity._replace(boot_count=0, clock_us=0))


def bodies() -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Each request of the table, with bodies of a right form."""
    return ((spec, sample(spec.request, case)) for spec in SPECS.values() for case in CASES)


class TestRightPump:
    """The serial number is in every MAC."""

    @pytest.fixture
    def pumps(self) -> tuple[Unit, Unit]:
        """Two pumps that differ in nothing but their serial numbers, with one set of keys."""
        keys = [Key(role, role, bytes((role,)) * 32) for role in (Role.PATIENT, Role.CLINICIAN, Role.SERVICE)]
        one, other = (Unit(Pump("itp-40", seed=1, serial_number=serial), keys=keys) for serial in ("NP900001", "NP900002"))
        return one, other

    @pytest.mark.pump_requirement("PG-16")
    def test_frames_for_one_pump_are_nothing_to_another(self, pumps: tuple[Unit, Unit]) -> None:
        """The same key, nonces, session and sequence: what was signed for one serial number is NOT_AUTHENTICATED at the other."""
        hosts = [Intruder(unit.receive) for unit in pumps]
        for host, unit in zip(hosts, pumps, strict=True):
            assert host.hello(unit.keys[1].secret).answer is Answer.OK
        assert hosts[0].hello_answer is not None
        assert hosts[1].hello_answer is not None
        assert hosts[0].hello_answer[:5] == hosts[1].hello_answer[:5]
        hosts[0].carry, hosts[1].carry = hosts[1].carry, hosts[0].carry
        before = [unit.digest("therapy") for unit in pumps]

        assert [host.ask("STOP").answer for host in hosts] == [Answer.NOT_AUTHENTICATED] * 2
        assert [unit.digest("therapy") for unit in pumps] == before

    @pytest.mark.pump_requirement("PG-16")
    def test_programmer_turned_to_another_pump_changes_nothing_there(self, pumps: tuple[Unit, Unit]) -> None:
        """In the middle of a session the line leads to another pump: it refuses, and the client opens a session that names that pump."""
        one, other = (Bedside(unit) for unit in pumps)
        line = [one]

        def carry(data: bytes) -> bytes:
            return line[0].carry(data)

        with Programmer.over(MemoryTransport(carry), programmer_id=7, keys=one.unit.keys) as programmer:
            programmer.status()
            line[0] = other
            heard = len(other.heard)
            programmer.status()

            assert [frame.opcode for run in other.heard[heard:] for frame in frames_in(run)] == [0x10, 0x01, 0x10]
            assert programmer.identity_hello.serial == "NP900001"

    @pytest.mark.pump_requirement("PG-16")
    def test_pump_under_a_false_name_is_not_accepted(self, pumps: tuple[Unit, Unit]) -> None:
        """Somebody on the line puts another serial number into HELLO's answer: the pump's proof does not fit.

        The very same HELLO goes out once more, for the answer may have been an old one, and then nothing.
        """
        unit = pumps[0]
        heard = list[bytes]()

        def renamed(data: bytes) -> bytes:
            heard.append(data)
            answer = unit.receive(data)
            return b"".join(encode_frame(under_name(frame, b"NP900002")) for frame in frames_in(answer))

        with pytest.raises(Unproved):
            Programmer.over(MemoryTransport(renamed), programmer_id=7, keys=unit.keys)
        said = [frame for data in heard for frame in frames_in(data)]
        assert [frame.opcode for frame in said] == [0x01, 0x01]
        assert said[0] == said[1]


def under_name(frame: Frame, serial: bytes) -> Frame:
    """A HELLO's answer that tells another serial number of the same length."""
    return frame._replace(body=frame.body.replace(b"NP900001", serial))
