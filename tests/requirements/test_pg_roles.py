"""Section PG, programming, limits, session: who may, and which pump it is, each row by its observable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from firmware_sim import Pump
from hil.unit import Unit
from protocol.client import Programmer
from protocol.codes import Answer, Role
from protocol.export.samples import CASES, sample
from protocol.keys import Key
from protocol.message_table import SPECS
from protocol.transport.memory import MemoryTransport
from tests.link.bedside import Bedside
from tests.link.forged import Intruder, frames_in


class TestRoles:
    """What a patient's key and a service key reach."""

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
