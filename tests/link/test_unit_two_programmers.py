"""Two programmers at one pump: who stages, whose generation counts, and whose id is next."""

from __future__ import annotations

import hashlib

import pytest

from protocol.client import Programmer
from protocol.codec import encode
from protocol.codes import Answer, StagingState
from protocol.errors import Busy, Refused
from protocol.limits import STAGING_US
from protocol.messages import Begin, Commit, Nothing, Put, Readback, Seal, Start
from protocol.refusals import RefusalCode
from protocol.therapy import Therapy
from tests.link.bedside import NEW, OLD, SALINE, Bedside, flex

OTHER = 8
THIRD = flex(4_000, 5_000)


def stage(programmer: Programmer, therapy: Therapy, generation: int = 1) -> Commit:
    """Stage and seal a therapy; returns the COMMIT body that would make it so, its id still to be given."""
    image = encode(therapy)
    for name, body in (
        ("BEGIN", Begin(generation, False)),
        ("PUT", Put(0, image)),
        ("SEAL", Seal(len(image), hashlib.sha256(image).digest())),
    ):
        assert programmer.request(name, body).answer is Answer.OK, name
    return Commit(0, hashlib.sha256(image).digest(), ())


@pytest.mark.pump_requirement("PG-02")
def test_staging_belongs_to_one_programmer_until_it_lapses() -> None:
    """Another programmer's BEGIN is BUSY until the staged image expires, and is taken the moment it has."""
    bedside = Bedside.running()
    begun = bedside.programmer().request("BEGIN", Begin(1, False))
    other = bedside.programmer(programmer_id=OTHER)

    with pytest.raises(Busy) as busy:
        other.update(NEW)
    bedside.unit.advance_to(bedside.unit.pump.true_us_of(busy.value.until_us) - 1)
    before = other.request("BEGIN", Begin(1, False)).answer
    bedside.advance(us=1)

    assert busy.value.until_us == begun.body.until_us
    assert before is Answer.BUSY
    assert other.update(NEW).generation == 2


def test_owner_begins_again_at_any_time() -> None:
    """BEGIN of the same programmer starts the staged image afresh, with ten minutes of its own."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    first = programmer.request("BEGIN", Begin(1, False)).body.until_us
    bedside.advance(minutes=5)

    second = programmer.request("BEGIN", Begin(1, False)).body.until_us

    assert second - first == 300 * 1_000_000 + 300 * 20
    assert programmer.update(NEW).generation == 2


def test_staging_outlives_its_session_and_not_a_reset() -> None:
    """The owner finds his sealed image in a new session; after a reset there is none."""
    bedside = Bedside.running()
    stage(bedside.programmer(), NEW)
    bedside.programmer(programmer_id=OTHER).close()
    kept = bedside.programmer().status()
    bedside.unit.reset()
    lost = bedside.programmer().status()

    assert (kept.staging, kept.staging_owner) == (StagingState.SEALED, 7)
    assert (lost.staging, lost.staging_owner) == (StagingState.NONE, 0)


@pytest.mark.parametrize("name", ["PUT", "SEAL", "READBACK", "COMMIT", "ABORT"])
def test_another_programmer_cannot_touch_what_is_staged(name: str) -> None:
    """Each request of the update sequence is BUSY for anybody but the owner, and the owner's image stays whole."""
    bedside = Bedside.running()
    owner = bedside.programmer()
    commit = stage(owner, NEW)
    other = bedside.programmer(programmer_id=OTHER)
    next_id = other.status().last_command_id + 1
    bodies: dict[str, tuple[object, ...]] = {
        "PUT": Put(0, b"x"),
        "SEAL": Seal(1, bytes(32)),
        "READBACK": Readback(0),
        "COMMIT": commit._replace(command_id=next_id),
        "ABORT": Nothing(),
    }

    answer = other.request(name, bodies[name]).answer
    used = other.status().last_command_id

    assert answer is Answer.BUSY
    assert owner.request("COMMIT", commit._replace(command_id=used + 1)).answer is Answer.OK
    assert bedside.programmer().interrogate().therapy == NEW


@pytest.mark.pump_requirement("PG-02")
def test_update_upon_an_older_generation_is_refused() -> None:
    """A programmer that read the therapy before another one changed it is refused GENERATION, and nothing stops."""
    bedside = Bedside.running()
    slow = bedside.programmer()
    known = slow.interrogate()
    bedside.programmer(programmer_id=OTHER).update(NEW)

    with pytest.raises(Refused) as refused:
        slow.update(THIRD, generation=known.generation)

    assert refused.value.refusal.code == RefusalCode.GENERATION
    assert (refused.value.refusal.value, refused.value.refusal.limit) == (1, 2)
    assert bedside.programmer().interrogate().therapy == NEW
    assert bedside.unit.pump.status().mode == "flex"


@pytest.mark.pump_requirement("PR-09")
def test_start_of_an_older_generation_is_refused() -> None:
    """START names the generation its sender has seen; another one in force does not start by it."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.update(NEW)
    programmer.stop()

    answer = programmer.request("START", Start(programmer.status().last_command_id + 1, 1))

    assert answer.answer is Answer.REFUSED
    assert (answer.body.code, answer.body.value, answer.body.limit) == (RefusalCode.GENERATION, 1, 2)
    assert bedside.unit.pump.status().mode == "stopped"


def test_second_programmer_goes_on_at_the_next_id() -> None:
    """Ids belong to the pump: each programmer takes the one after the last, whoever used that."""
    bedside = Bedside.running()
    first, last = bedside.programmer(), bedside.unit.pump.last_effect_id()
    first.update(NEW)
    second = bedside.programmer(programmer_id=OTHER)
    second.update(THIRD)
    owners = [second.outcome(command_id).programmer_id for command_id in (last + 1, last + 2)]

    assert second.status().last_command_id == last + 2
    assert owners == [7, OTHER]


def test_id_far_ahead_is_a_gap_and_uses_nothing_up() -> None:
    """An id above the next one is answered ID_GAP with the number that would do."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    last = programmer.status().last_command_id

    answer = programmer.request("START", Start(last + 9, 1))

    assert answer.answer is Answer.ID_GAP
    assert answer.body.number == last + 1
    assert programmer.status().last_command_id == last


def test_staging_lapses_after_ten_minutes_to_the_microsecond() -> None:
    """Staged bytes live ten minutes of the device's own clock from BEGIN, however often they are laid again."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    start_us = bedside.unit.pump.device_us
    until_us = programmer.request("BEGIN", Begin(1, False)).body.until_us
    bedside.advance(minutes=9)
    programmer.request("PUT", Put(0, b"abc"))

    bedside.unit.advance_to(bedside.unit.pump.true_us_of(until_us) - 1)
    before = programmer.status().staging
    bedside.advance(us=1)
    after = programmer.status().staging

    assert until_us - start_us == STAGING_US
    assert (before, after) == (StagingState.OPEN, StagingState.NONE)


def test_drug_of_the_other_programmer_is_not_started_by_surprise() -> None:
    """One programmer's new drug waits stopped; START by the other must name its generation, and then it runs."""
    bedside = Bedside.running(OLD)
    bedside.fill(0)
    first = bedside.programmer()
    first.refill(20_000_000, 0, 2, 0)
    first.update(SALINE)
    stopped = bedside.unit.pump.status().mode

    bedside.programmer(programmer_id=OTHER).start()

    assert stopped == "stopped"
    assert bedside.unit.pump.status().mode == "flex"
