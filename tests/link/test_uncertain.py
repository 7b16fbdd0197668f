"""An uncertain command blocks all others until it is settled, across programs too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol.client import Programmer
from protocol.client.file import ClientFile
from protocol.codes import Answer, DoseState, Mode
from protocol.errors import Uncertain
from protocol.testing import Pair, drop, keep, simple_therapy
from tests.link.defective_pump import answer_with
from tests.link.visits import EVERY_COPY, NEXT, give


class TestUncertain:
    @pytest.fixture
    def programmer(self, pair: Pair) -> Programmer:
        """A programmer whose last dose is uncertain."""
        programmer = pair.programmer()
        pair.link.to_pump.extend([keep] + [drop] * EVERY_COPY)
        with pytest.raises(Uncertain):
            give(programmer)
        return programmer

    @pytest.mark.parametrize(
        "act",
        [
            pytest.param(give, id="bolus"),
            pytest.param(lambda p: p.refill(1_000_000, 0, 1, 2_000_000), id="refill"),
            pytest.param(lambda p: p.update(simple_therapy()), id="update"),
            pytest.param(lambda p: p.start(), id="start"),
            pytest.param(lambda p: p.set_clock(1), id="set clock"),
        ],
    )
    def test_blocks_every_other_command(self, pair: Pair, programmer: Programmer, act: Callable[[Programmer], object]) -> None:
        """While one is open, no command leaves, and nothing stops the pump."""
        with pytest.raises(Uncertain, match="settle it before"):
            act(programmer)

        assert pair.pump.mode is Mode.SIMPLE
        assert programmer.open_command_id == NEXT

    def test_blocks_neither_looking_nor_stopping(self, pair: Pair, programmer: Programmer) -> None:
        """STOP and reads go through whatever is open."""
        assert programmer.status().last_command_id == NEXT - 1
        assert programmer.stop().mode == Mode.STOPPED

    def test_stays_when_the_pump_cannot_be_asked(self, pair: Pair, programmer: Programmer) -> None:
        """Settling that fails settles nothing."""
        pair.link.to_pump.extend([drop] * EVERY_COPY)
        with pytest.raises(Uncertain):
            programmer.settle()

        assert programmer.open_command_id == NEXT

    def test_stays_when_the_pump_has_forgotten(self, pair: Pair, programmer: Programmer) -> None:
        """A forgotten id needs a person, who compares totals and dismisses it."""
        with pair.programmer(programmer_id=2) as other:
            for number in range(20):
                other.set_clock(number)
        del pair.pump.effects[NEXT]
        with pytest.raises(Uncertain, match="compare the delivered totals"):
            programmer.settle()
        programmer.dismiss()

        assert programmer.settle() is None
        assert give(programmer)

    def test_settles_nothing_when_the_answer_is_another(self, pair: Pair, programmer: Programmer) -> None:
        """An answer that does not tell the outcome leaves it open."""
        pair.link.to_host.append(answer_with(pair, lambda _: bytes((Answer.NOT_AUTHORISED,))))
        with pytest.raises(Uncertain, match="NOT_AUTHORISED"):
            programmer.settle()

        assert programmer.open_command_id == NEXT

    def test_lives_in_the_file_across_programs(self, pair: Pair, tmp_path: object) -> None:
        """The next program with the same file finds the open command and can settle it."""
        path = f"{tmp_path}/programmer.json"
        first = pair.programmer(programmer_id=None, programmer_file=path)
        pair.link.to_host.extend([keep] + [drop] * EVERY_COPY)
        with pytest.raises(Uncertain):
            give(first)
        second = pair.programmer(programmer_id=None, programmer_file=path)

        assert second.programmer_id == first.programmer_id
        assert second.open_command_id == NEXT
        outcome = second.settle()
        assert outcome is not None
        assert outcome.state == DoseState.EXECUTING
        assert ClientFile(path).open_command("P-0001") is None

    def test_is_on_the_disk_before_the_command_leaves(self, pair: Pair, tmp_path: object) -> None:
        """At the moment the first byte goes out, the file names the command."""
        path = f"{tmp_path}/programmer.json"
        found = []

        def look(data: bytes) -> bytes:
            found.append(ClientFile(path).open_command("P-0001"))
            return data

        with pair.programmer(programmer_file=path) as programmer:
            pair.link.to_pump.extend([keep, look])
            give(programmer)

        assert found[0] is not None
        assert (found[0].command_id, found[0].opcode) == (NEXT, 0x33)
        assert ClientFile(path).open_command("P-0001") is None
