"""Ends of the wire that are older or newer than ours: version 1.1, and a version 1.3 that exists in these tests only.

1.3 has one field more in STATUS, in the answer to BOLUS and in the request SILENCE, and one message more, LAMP.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from protocol import messages as m
from protocol.codes import Role
from protocol.device import DeviceRole
from protocol.fields import U8, U16, U32, U64, Digest, Since
from protocol.message_table import MESSAGES, Edition, Spec
from protocol.paper_pump import PaperPump
from protocol.programmer import Answered, ProgrammerRole
from protocol.testing import TEST_KEYS, FakeLink, Pair

__all__ = ["AWAKE_S", "LAMP", "LEFT_NL", "NEWER", "OLDER", "NewerPump", "edition", "exchange", "pair_of", "programmer_of", "replace_role"]

AWAKE_S, LEFT_NL = 77, 88
"""What a pump of 1.3 tells in its new fields."""


class Status3(NamedTuple):
    """STATUS as of 1.3."""

    device_us: U64
    clock_us: U64
    boot_count: U32
    mode: U8
    flags: U16
    generation: U32
    therapy_digest: Digest
    last_command_id: U32
    last_command_state: U8
    staging: U8
    staging_owner: U64
    staging_until_us: U64
    alarms: U32
    silenced: U32
    acknowledged: U32
    line_errors: U32
    turned_away: Annotated[U32, Since(2)] = 0
    awake_s: Annotated[U32, Since(3)] = 0


class BolusAnswer3(NamedTuple):
    """The answer to BOLUS as of 1.3."""

    duration_s: U32
    end_us: U64
    left_nl: Annotated[U32, Since(3)] = 0


class Cause3(NamedTuple):
    """SILENCE as of 1.3: for how long; 0 is as long as the pump likes."""

    cause: U8
    for_s: Annotated[U16, Since(3)] = 0


LAMP = Spec(0x43, "LAMP", m.Nothing, m.Nothing, (Role.CLINICIAN,), since=3)
_GROWN: dict[str, dict[str, Any]] = {"STATUS": {"answer": Status3}, "BOLUS": {"answer": BolusAnswer3}, "SILENCE": {"request": Cause3}}


def edition(minor: int, messages: tuple[Spec, ...] = MESSAGES) -> Edition:
    """What software of a minor version knows: the messages that had come by then."""
    known = [spec for spec in messages if spec.since <= minor]
    return Edition(minor, {spec.opcode: spec for spec in known}, {spec.name: spec for spec in known})


OLDER = edition(1)
NEWER = edition(3, (*(spec._replace(**_GROWN.get(spec.name, {})) for spec in MESSAGES), LAMP))


class NewerPump(PaperPump):
    """A paper pump that fills the new fields in."""

    def status(self) -> Any:
        """Its STATUS has one field more."""
        return Status3(*super().status(), awake_s=AWAKE_S)

    def check_dose(self, name: str, body: Any) -> Any:
        """Its answer to a dose has one field more."""
        return BolusAnswer3(*super().check_dose(name, body), left_nl=LEFT_NL)


def replace_role(pair: Pair, known: Edition) -> None:
    """Give the pump firmware of another version; its memory stays, what was under way does not."""
    pair.role = DeviceRole(pair.pump, security=pair.role.security.name, edition=known)
    pair.link = FakeLink(pair.pump, pair.role)


def pair_of(known: Edition, pump: PaperPump | None = None) -> Pair:
    """A pump of another version behind a device role of it, with the test keys."""
    pair = Pair(pump)
    replace_role(pair, known)
    return pair


def programmer_of(known: Edition, role: Role = Role.CLINICIAN) -> ProgrammerRole:
    """A programmer of another version, with the test key of its role."""
    return ProgrammerRole(1, role, key=next(key for key in TEST_KEYS if key.role is role), edition=known)


def exchange(pair: Pair, programmer: ProgrammerRole, data: bytes) -> Answered:
    """Carry a request, and whatever the programmer wants sent after it, until it has its answer."""
    while True:
        step = programmer.receive(pair.link.carry(data))
        if isinstance(step, Answered):
            return step
        assert step is not None
        data = step
