"""Sixteen clients, each of which makes one mistake that programmers of pumps have made, and does everything else right.

Each is the whole visit of a programmer at a pump that is filled and running, written as a person in a hurry writes it. `MISTAKES` names
the rule that each breaks, and what the pump has to provoke for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from protocol.codec import encode
from protocol.codes import Answer, StatusFlag
from protocol.message_table import PROTOCOL_MAJOR
from protocol.messages import Begin, Bolus, Busy, Cause, Commit, Interrogate, Outcome, SetClock, Start
from protocol.refusals import RefusalCode
from tests.grade.raw_client import RESENDS, RawClient
from tests.rig.serving import therapy

__all__ = ["MISTAKES", "Mistake", "makes_no_mistake"]

NEW = therapy(12_000)
MICROSECONDS = 1_000_000


def bolus(command_id: int, volume_nl: int = 20_000) -> Bolus:
    """One of ten minutes."""
    return Bolus(command_id, volume_nl, volume_nl // 2, 600, 0)


def programs_blind(client: RawClient) -> None:
    """Sends a therapy to a pump whose limits and therapy it never read."""
    client.hello()
    status = client.status()
    digest = client.stage(NEW, status.generation)
    assert client.read_back() == encode(NEW)
    client.told("COMMIT", Commit(status.last_command_id + 1, digest, ()))
    client.told("CLOSE")


def commits_unread(client: RawClient) -> None:
    """Commits what the pump understood without asking what that was."""
    client.hello()
    status = client.look()
    digest = client.stage(NEW, status.generation)
    client.told("COMMIT", Commit(status.last_command_id + 1, digest, ()))
    client.told("CLOSE")


def commits_what_it_did_not_send(client: RawClient) -> None:
    """Reads back and does not compare."""
    client.hello()
    status = client.look()
    digest = client.stage(NEW, status.generation)
    assert client.read_back() != encode(NEW)
    client.told("COMMIT", Commit(status.last_command_id + 1, digest, ()))
    client.told("CLOSE")


def doses_again(client: RawClient) -> None:
    """Takes silence for a no, and gives the bolus once more under a new id."""
    client.hello()
    status = client.look()
    if client.ask("BOLUS", bolus(status.last_command_id + 1), resends=RESENDS) is None:
        client.ask("BOLUS", bolus(status.last_command_id + 2))
    client.told("CLOSE")


def resends_otherwise(client: RawClient) -> None:
    """Has no answer, and asks something else under the same sequence number."""
    client.hello()
    status = client.look()
    if client.ask("BOLUS", bolus(status.last_command_id + 1)) is None:
        client.ask_as(client.sequence, "STATUS")
        client.told("OUTCOME", Outcome(status.last_command_id + 1))
    client.told("CLOSE")


def counts_for_itself(client: RawClient) -> None:
    """Keeps a counter of its own for two kinds of command, so that both get the same id."""
    client.hello()
    status = client.look()
    client.told("BOLUS", bolus(status.last_command_id + 1))
    client.ask("SET_CLOCK", SetClock(status.last_command_id + 1, 8_000_000 * MICROSECONDS))
    client.told("CLOSE")


def takes_ids_from_memory(client: RawClient) -> None:
    """Counts from 1 in each visit, whatever the pump says."""
    client.hello()
    client.look()
    client.ask("BOLUS", bolus(1))
    client.told("CLOSE")


def cannot_wait(client: RawClient) -> None:
    """Is told BUSY, and asks again at once, under the next id each time."""
    client.hello()
    status = client.look()
    assert status.flags & StatusFlag.SELF_TESTING
    for number in (1, 2):
        reply = client.ask("BOLUS", bolus(status.last_command_id + number))
        assert reply is not None
        assert reply.answer is Answer.BUSY
    client.told("CLOSE")


def knows_better(client: RawClient) -> None:
    """Is refused because another generation is in force, takes the number out of the refusal, and programs over it."""
    client.hello()
    status = client.look()
    reply = client.ask("BEGIN", Begin(status.generation, 0))
    assert reply is not None
    assert reply.body.code == RefusalCode.GENERATION
    digest = client.stage(NEW, reply.body.limit)
    assert client.read_back() == encode(NEW)
    client.told("COMMIT", Commit(status.last_command_id + 1, digest, ()))
    client.told("CLOSE")


def walks_away(client: RawClient) -> None:
    """Stops the pump and goes to lunch."""
    client.hello()
    client.look()
    client.told("STOP")
    client.told("CLOSE")


def gives_up_half_way(client: RawClient) -> None:
    """Begins an update of a pump that stops for it, changes its mind, and thinks that ABORT undoes everything."""
    client.hello()
    status = client.look()
    client.told("BEGIN", Begin(status.generation, 0))
    client.told("ABORT")
    client.told("CLOSE")


def does_not_listen(client: RawClient) -> None:
    """Reads an alarm and shows it to nobody."""
    client.hello()
    assert client.look().alarms
    client.told("CLOSE")


def speaks_every_version(client: RawClient) -> None:
    """Does not look at the version in HELLO's answer."""
    assert client.hello().body.major == 2
    client.ask("STATUS")


def believes_everybody(client: RawClient) -> None:
    """Does not look at the proof in HELLO's answer."""
    client.hello()
    assert client.proved is False
    client.look()
    client.told("CLOSE")


def hangs_up(client: RawClient) -> None:
    """Pulls the plug when it has what it wanted."""
    client.hello()
    client.look()


def knocks_and_knocks(client: RawClient) -> None:
    """Opens a session to see whether the pump is there, and another one, and never asks anything."""
    for _ in range(8):
        reply = client.hello()
        if isinstance(reply.body, Busy):
            now_us = client.bench.call("now")["device_us"]
            client.bench.advance(us=max(0, reply.body.until_us - now_us))


def makes_no_mistake(client: RawClient) -> None:
    """Does what each of the others forgets, whatever the pump does meanwhile."""
    answer = client.hello().body
    while not client.proved or answer.major != PROTOCOL_MAJOR:
        answer = client.hello().body
    status = client.look()
    while status.flags & StatusFlag.SELF_TESTING:
        client.bench.advance(seconds=1)
        status = client.status()
    for cause in (cause for cause in range(32) if status.alarms >> cause & 1):
        client.told("ACK", Cause(cause))
    digest = _staged_and_compared(client, status.generation)
    command_id = status.last_command_id + 1
    if client.ask("COMMIT", Commit(command_id, digest, ()), resends=RESENDS) is None:
        client.told("OUTCOME", Outcome(command_id))
    if client.ask("BOLUS", bolus(command_id + 1), resends=RESENDS) is None:
        client.told("OUTCOME", Outcome(command_id + 1))
    client.told("STOP")
    client.told("START", Start(command_id + 2, client.status().generation))
    client.told("CLOSE")


def _staged_and_compared(client: RawClient, generation: int) -> bytes:
    """Stage until what comes back is what was sent."""
    image = encode(NEW)
    while True:
        reply = client.ask("BEGIN", Begin(generation, 0), resends=RESENDS)
        assert reply is not None
        if reply.answer is Answer.REFUSED:
            generation = client.told("INTERROGATE", Interrogate(1, 0)).generation
            continue
        digest = client.lay(NEW)
        if client.read_back() == image:
            return digest
        client.told("ABORT")


class Mistake(NamedTuple):
    """A client, the rule it breaks, and what the pump provokes meanwhile."""

    client: Callable[[RawClient], None]
    rule: str
    provoke: tuple[str, ...] = ()


MISTAKES = (
    Mistake(programs_blind, "interrogate-first"),
    Mistake(commits_unread, "check-read-back"),
    Mistake(commits_what_it_did_not_send, "check-read-back", ("read-back",)),
    Mistake(doses_again, "settle-uncertain", ("silence",)),
    Mistake(resends_otherwise, "identical-resend", ("lost",)),
    Mistake(counts_for_itself, "ids-once"),
    Mistake(takes_ids_from_memory, "ids-once"),
    Mistake(cannot_wait, "honour-busy", ("busy",)),
    Mistake(knows_better, "respect-generation", ("generation",)),
    Mistake(walks_away, "leave-running"),
    Mistake(gives_up_half_way, "leave-running"),
    Mistake(does_not_listen, "acknowledge-alarms", ("alarm",)),
    Mistake(speaks_every_version, "refuse-versions", ("version",)),
    Mistake(believes_everybody, "check-proof", ("proof",)),
    Mistake(hangs_up, "close-sessions"),
    Mistake(knocks_and_knocks, "few-hellos"),
)
