"""The link dies after any byte of an update and a bolus, either way: the client ends certain, or uncertain until it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, Unpack

import pytest

from hil.unit import Unit
from protocol.client import Options, Programmer
from protocol.errors import LinkLost
from tests.link.bedside import Bedside
from tests.link.link_cuts import Count, swift_disk
from tests.link.power_cuts import STORIES, Aftermath, Teller

__all__ = ["swift_disk"]

Way = Literal["to pump", "to host"]
STORY = STORIES["update and bolus"]
NEVER = 1 << 30
AWAY_S = 60
"""Time until the client is back; half a frame is long forgotten."""


class Severed(Bedside):
    """A wire that carries so many bytes one way, and then nothing, either way, until it is mended.

    A client on a wire that `hangs_up` learns of it; otherwise there is silence.
    """

    def __init__(self, unit: Unit, file: Path, way: Way, after_bytes: int, *, hangs_up: bool) -> None:
        super().__init__(unit)
        self.left: dict[Way, int] = {"to pump": NEVER, "to host": NEVER, way: after_bytes}
        self.carried = {"to pump": 0, "to host": 0}
        self._file = file
        self._hangs_up = hangs_up

    @property
    def severed(self) -> bool:
        """Nothing passes any more."""
        return 0 in self.left.values()

    def programmer(self, **options: Unpack[Options]) -> Programmer:
        """A programmer that remembers across a restart what it has left open."""
        given: Options = {"programmer_file": self._file, **options}
        return super().programmer(**given)

    def carry(self, data: bytes) -> bytes:
        if self.severed:
            return self._silence()
        arrived = self._pass("to pump", data)
        answer = super().carry(arrived)
        return self._silence() if len(arrived) < len(data) else self._pass("to host", answer)

    def mend(self) -> None:
        """The cable is back."""
        self.left = {"to pump": NEVER, "to host": NEVER}

    def _pass(self, way: Way, data: bytes) -> bytes:
        passed = data[: self.left[way]]
        self.carried[way] += len(passed)
        self.left[way] -= len(passed)
        if self.severed:
            self.left = dict.fromkeys(self.left, 0)
        return passed

    def _silence(self) -> bytes:
        if self._hangs_up:
            raise LinkLost("test: the cable is out")
        return b""


class CutStory(Teller):
    """The story on a wire that is cut; afterwards the cable is back, and the client, which may have been restarted."""

    def __init__(self, file: Path, way: Way, after_bytes: int, *, hangs_up: bool) -> None:
        super().__init__(STORY)
        self.wire = Severed(self.bedside.unit, file, way, after_bytes, hangs_up=hangs_up)
        self.bedside = self.wire
        self._hangs_up = hangs_up

    @property
    def uncertain(self) -> bool:
        """The client has a command open of which it does not know whether it was carried out."""
        return self.programmer is not None and self.programmer.open_command_id is not None

    def come_back(self) -> Aftermath:
        """Time passes, the link is there again, and the client finds out."""
        self.wire.advance(seconds=AWAY_S)
        self.wire.mend()
        if self._hangs_up:
            self.programmer = None
        return self.settle()


def length(file: Path, way: Way) -> int:
    """Bytes that the whole story sends one way."""
    told = CutStory(file, way, NEVER, hangs_up=False)
    told.tell()
    return told.wire.carried[way]


def cut_stories(file: Path, way: Way, *, hangs_up: bool) -> Iterator[CutStory]:
    """The story with a cut after every byte that it sends this way."""
    for after_bytes in range(length(file, way)):
        file.unlink(missing_ok=True)
        story = CutStory(file, way, after_bytes, hangs_up=hangs_up)
        story.tell()
        assert story.wire.severed, f"no cut after {after_bytes} bytes {way}"
        yield story


@pytest.mark.usefixtures("swift_disk")
@pytest.mark.parametrize("hangs_up", [True, False], ids=["hang-up", "silence"])
@pytest.mark.parametrize("way", ["to pump", "to host"])
def test_cut_after_every_byte_leaves_the_client_certain_or_able_to_ask(
    way: Way, hangs_up: bool, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Therapy and dose are as the settled client was told, wherever the link died, and the story can then be ended, each dose once."""
    count = Count()
    for story in cut_stories(tmp_path / "programmer.json", way, hangs_up=hangs_up):
        uncertain = story.uncertain
        after = story.come_back()
        story.check(after)
        story.finish(after)
        count.add(uncertain=uncertain)

    count.tell(f"link cut on memory, {way}, {'hang-up' if hangs_up else 'silence'}", record_property)
    assert count.certain
    assert count.resolved
