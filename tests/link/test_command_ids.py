"""Command ids: each is used once, by one command, whatever is lost, doubled or torn."""

from __future__ import annotations

import pytest

from protocol.app import Region
from protocol.codec import encode
from protocol.codes import Answer, DoseState, Role
from protocol.command import command_of
from protocol.device.answer_table import ENTRY_BYTES, AnswerTable, Entry
from protocol.limits import ENTRIES, U32_MAX
from protocol.message_table import BY_NAME
from protocol.messages import Bolus, BolusAnswer, Expected, Nothing, Outcome, OutcomeAnswer, Refill, SetClock, Start
from protocol.refusals import RefusalCode
from protocol.testing import Pair
from tests.link.raw_host import RawHost

NEXT = 3
"""The first free id of a running pair: its REFILL and COMMIT took 1 and 2."""


def bolus(command_id: int = NEXT, volume_nl: int = 1000) -> Bolus:
    """A bolus that fits the running pump."""
    return Bolus(command_id, volume_nl, volume_nl * 2, 600, 0)


def doses(pair: Pair) -> int:
    """How many boluses the pump has ever begun."""
    return sum(effect.opcode == BY_NAME["BOLUS"].opcode for effect in pair.pump.effects.values())


def outcome(host: RawHost, command_id: int = NEXT) -> OutcomeAnswer:
    """What became of an id, as the pump tells."""
    reply = host.ask("OUTCOME", Outcome(command_id))
    assert reply.answer is Answer.OK
    assert isinstance(reply.body, OutcomeAnswer)
    return reply.body


class TestIds:
    def test_next_id_is_carried_out(self, host: RawHost, pair: Pair) -> None:
        """The id after the last is new, and STATUS tells it afterwards."""
        reply = host.ask("BOLUS", bolus())
        status = host.ask("STATUS").body

        assert reply == (Answer.OK, BolusAnswer(600, 600_000_000))
        assert (status.last_command_id, status.last_command_state) == (NEXT, DoseState.EXECUTING)
        assert doses(pair) == 1

    def test_same_command_again_gets_the_same_answer(self, host: RawHost, pair: Pair) -> None:
        """In another session too, a known command is answered and not done."""
        first = host.ask("BOLUS", bolus())
        pair.pump.advance(700_000_000)
        host.hello(b"another session.")
        notes = len(pair.pump.journal)

        assert host.ask("BOLUS", bolus()) == first
        assert doses(pair) == 1
        assert len(pair.pump.journal) == notes

    @pytest.mark.parametrize(
        "name,body",
        [
            pytest.param("BOLUS", bolus(volume_nl=2000), id="another volume"),
            pytest.param("SET_CLOCK", SetClock(NEXT, 5), id="another command"),
        ],
    )
    def test_other_command_under_a_known_id_is_a_conflict(self, host: RawHost, name: str, body: tuple[object, ...]) -> None:
        """An id belongs to opcode and content."""
        host.ask("BOLUS", bolus())

        assert host.ask(name, body) == (Answer.CONFLICT, Nothing())

    def test_same_content_of_another_programmer_is_a_conflict(self, host: RawHost, pair: Pair) -> None:
        """An id belongs to its programmer."""
        host.ask("BOLUS", bolus())
        other = RawHost(pair, programmer_id=2)
        other.hello()

        assert other.ask("BOLUS", bolus()).answer is Answer.CONFLICT

    @pytest.mark.parametrize("command_id", [0, 1])
    def test_old_id_is_stale(self, host: RawHost, command_id: int) -> None:
        """An id that the table no longer knows is told the last one."""
        for number in range(NEXT, NEXT + ENTRIES):
            host.ask("SET_CLOCK", SetClock(number, number))

        assert host.ask("BOLUS", bolus(command_id)) == (Answer.STALE, Expected(NEXT + ENTRIES - 1))

    def test_id_too_high_is_a_gap(self, host: RawHost) -> None:
        """An id ahead of the next is told the next, and uses none up."""
        assert host.ask("BOLUS", bolus(NEXT + 1)) == (Answer.ID_GAP, Expected(NEXT))
        assert host.ask("BOLUS", bolus()).answer is Answer.OK

    def test_ids_never_wrap(self, host: RawHost, pair: Pair) -> None:
        """After the last number of all every id is stale."""
        pair.pump.effects[U32_MAX] = pair.pump.effects[1]

        for command_id in (0, 3, U32_MAX):
            assert host.ask("BOLUS", bolus(command_id)) == (Answer.STALE, Expected(U32_MAX))

    def test_refused_command_uses_its_id_up(self, host: RawHost, pair: Pair) -> None:
        """REFUSED is an answer like any other: it is kept, and the id is gone."""
        refused = host.ask("BOLUS", bolus(volume_nl=1))
        host.hello(b"another session.")

        assert refused.answer is Answer.REFUSED
        assert host.ask("BOLUS", bolus(volume_nl=1)) == refused
        assert host.ask("BOLUS", bolus()).answer is Answer.CONFLICT
        assert host.ask("BOLUS", bolus(NEXT + 1)).answer is Answer.OK

    def test_busy_command_uses_its_id_up(self, host: RawHost) -> None:
        """BUSY tells until when, and the id is gone."""
        host.ask("BOLUS", bolus())
        busy = host.ask("BOLUS", bolus(NEXT + 1))

        assert (busy.answer, busy.body.until_us) == (Answer.BUSY, 600_000_000)
        assert host.ask("BOLUS", bolus(NEXT + 2)).answer is Answer.BUSY

    @pytest.mark.parametrize(
        "name,body,mode",
        [
            pytest.param("START", Start(NEXT, 1), 3, id="start"),
            pytest.param("REFILL", Refill(NEXT, 10_000_000, 5_000_000, 1, 2_000_000), None, id="refill"),
            pytest.param("SET_CLOCK", SetClock(NEXT, 1_000_000), None, id="set clock"),
        ],
    )
    def test_every_command_is_kept(self, host: RawHost, name: str, body: tuple[object, ...], mode: int | None) -> None:
        """All commands with an id leave an entry and an outcome of their own."""
        first = host.ask(name, body)
        host.hello(b"another session.")
        digest = command_of(NEXT, 1, BY_NAME[name].opcode, encode(body)).digest

        assert host.ask(name, body) == first
        assert mode is None or first.body.mode == mode
        assert outcome(host) == OutcomeAnswer(DoseState.EXECUTED, Answer.OK, BY_NAME[name].opcode, 1, digest, 0, 0)

    def test_start_without_a_therapy_is_refused(self) -> None:
        """A new pump has nothing to run, and no dose to give either."""
        host = RawHost(Pair())
        host.hello()

        assert host.ask("START", Start(1, 0)).body.code == RefusalCode.NO_THERAPY
        assert host.ask("BOLUS", bolus(2)).body.code == RefusalCode.NOT_RUNNING

    def test_start_of_another_generation_is_refused(self, host: RawHost) -> None:
        """START names the therapy that it means."""
        reply = host.ask("START", Start(NEXT, 9))

        assert (reply.body.value, reply.body.limit) == (9, 1)


class TestMemory:
    def test_answer_too_long_for_an_entry_is_a_fault_of_the_app(self, pair: Pair) -> None:
        """No answer is cut to fit."""
        entry = Entry(command_of(NEXT, 1, 0x33, b""), 0x33, bytes(29))
        with pytest.raises(AssertionError, match="29 bytes to a command, the table takes 28"):
            AnswerTable(pair.pump).write(entry)

    def test_last_id_survives_a_torn_entry_and_cell(self, host: RawHost, pair: Pair) -> None:
        """Whatever single record is destroyed, no id is given out twice."""
        host.ask("BOLUS", bolus())
        whole = {region: bytes(data) for region, data in pair.pump.memory.items()}
        places = [(Region.ANSWERS, at) for at in range(NEXT * ENTRY_BYTES, (NEXT + 1) * ENTRY_BYTES)]
        places += [(Region.LAST_ID, at) for at in range(16)]
        for region, at in places:
            for bit in range(8):
                pair.pump.memory[region][at] ^= 1 << bit
                assert host.ask("STATUS").body.last_command_id == NEXT
                pair.pump.memory[region][:] = whole[region]

    def test_table_alone_or_cell_alone_is_enough(self, host: RawHost, pair: Pair) -> None:
        """Each of the three records of the last id can stand for all."""
        host.ask("BOLUS", bolus(volume_nl=1))
        pair.pump.memory[Region.LAST_ID][:] = b"\xff" * 16
        assert host.ask("STATUS").body.last_command_id == NEXT

        pair.pump.effects[9] = pair.pump.effects[1]
        assert host.ask("STATUS").body.last_command_id == 9

    def test_entry_that_is_gone_is_told_as_received(self, host: RawHost, pair: Pair) -> None:
        """Of an id that only the cell remembers no more is known than that it was used."""
        host.ask("BOLUS", bolus(volume_nl=1))
        pair.pump.memory[Region.ANSWERS][:] = b"\xff" * 1024
        status = host.ask("STATUS").body
        counters = host.ask_raw(0x11, b"\3\0\0").body

        assert (status.last_command_id, status.last_command_state) == (NEXT, DoseState.RECEIVED)
        assert counters.last_command_answer == Answer.FORGOTTEN

    def test_blank_memory_is_no_command(self) -> None:
        """A new pump has used no id."""
        host = RawHost(Pair())
        host.hello()
        status = host.ask("STATUS").body

        assert (status.last_command_id, status.last_command_state) == (0, DoseState.NEVER_SEEN)


class TestOutcome:
    def test_of_a_running_dose_is_executing(self, host: RawHost, pair: Pair) -> None:
        """OUTCOME joins the answer with the delivery's own record."""
        host.ask("BOLUS", bolus())
        pair.pump.advance(300_000_000)
        told = outcome(host)

        assert (told.state, told.programmed_nl, told.delivered_nl) == (DoseState.EXECUTING, 1000, 500)
        assert (told.programmer_id, told.opcode) == (1, 0x33)

    def test_of_a_finished_dose_is_executed(self, host: RawHost, pair: Pair) -> None:
        """A dose that ended tells its whole volume."""
        host.ask("BOLUS", bolus())
        pair.pump.advance(600_000_000)
        host.hello()
        told = outcome(host)

        assert (told.state, told.delivered_nl) == (DoseState.EXECUTED, 1000)

    def test_of_a_stopped_dose_is_interrupted(self, host: RawHost, pair: Pair) -> None:
        """What a stop cut off tells how far it came."""
        host.ask("BOLUS", bolus())
        pair.pump.advance(300_000_000)
        host.ask("STOP")
        told = outcome(host)

        assert (told.state, told.delivered_nl) == (DoseState.INTERRUPTED, 500)

    def test_of_a_refused_command_tells_its_answer(self, host: RawHost) -> None:
        """A refusal is an outcome."""
        host.ask("BOLUS", bolus(volume_nl=1))
        told = outcome(host)

        assert (told.state, told.answer) == (DoseState.REFUSED, Answer.REFUSED)

    def test_of_the_next_id_abandons_it(self, host: RawHost, pair: Pair) -> None:
        """Asking for the next id uses it up: the late first copy can do nothing."""
        told = outcome(host)
        late = host.ask("BOLUS", bolus())

        assert (told.state, told.programmer_id) == (DoseState.ABANDONED, 1)
        assert late.answer is Answer.CONFLICT
        assert outcome(host).state == DoseState.ABANDONED
        assert doses(pair) == 0

    def test_of_a_higher_id_is_never_seen_and_writes_nothing(self, host: RawHost, pair: Pair) -> None:
        """An id beyond the next stays unused."""
        written = pair.pump.written_bytes

        assert outcome(host, NEXT + 1).state == DoseState.NEVER_SEEN
        assert pair.pump.written_bytes == written

    def test_of_an_evicted_id_is_forgotten(self, host: RawHost, pair: Pair) -> None:
        """Seventeen commands later, and without a record of the act, nothing is known."""
        for number in range(NEXT, NEXT + ENTRIES + 1):
            host.ask("SET_CLOCK", SetClock(number, number))
        del pair.pump.effects[NEXT]

        assert host.ask("OUTCOME", Outcome(NEXT)) == (Answer.FORGOTTEN, Nothing())

    def test_of_an_evicted_dose_is_told_by_its_record(self, host: RawHost) -> None:
        """The act's own record outlives the answer."""
        host.ask("BOLUS", bolus())
        host.ask("STOP")
        for number in range(NEXT + 1, NEXT + ENTRIES + 1):
            host.ask("SET_CLOCK", SetClock(number, number))
        told = outcome(host)

        assert (told.state, told.answer, told.opcode) == (DoseState.INTERRUPTED, Answer.OK, 0x33)

    def test_of_id_zero_is_refused(self, host: RawHost) -> None:
        """No command has the id 0."""
        assert host.ask("OUTCOME", Outcome(0)).answer is Answer.REFUSED

    def test_of_others_is_not_for_patients(self, host: RawHost, pair: Pair) -> None:
        """A patient may ask for his own commands; his asking for the next id tells him that it is his."""
        host.ask("BOLUS", bolus())
        patient = RawHost(pair, 5, Role.PATIENT)
        patient.hello()

        assert patient.ask("OUTCOME", Outcome(NEXT)).answer is Answer.NOT_AUTHORISED
        assert outcome(patient, NEXT + 1).state == DoseState.ABANDONED


class TestJournal:
    def test_keeps_commands_and_refusals_but_no_reads(self, host: RawHost, pair: Pair) -> None:
        """What changes the pump or is refused is noted once with its id; reads are not."""
        pair.pump.journal.clear()
        host.ask("STATUS")
        host.ask("BOLUS", bolus())
        host.again()
        host.ask("BOLUS", bolus(NEXT + 1, volume_nl=1))
        host.ask("STOP")
        host.ask_raw(0x99, b"")
        noted = [(note.opcode, note.command_id, note.answer) for note in pair.pump.journal]

        assert noted == [
            (0x33, NEXT, Answer.OK),
            (0x33, NEXT + 1, Answer.BUSY),
            (0x31, 0, Answer.OK),
            (0x99, 0, Answer.UNSUPPORTED),
        ]

    def test_keeps_the_code_of_a_refusal(self, host: RawHost, pair: Pair) -> None:
        """A refusal is noted with what was refused."""
        refusal = host.ask("BOLUS", bolus(volume_nl=1)).body

        assert pair.pump.journal[-1].refusal == refusal
