"""The same on a real pty with the pump in another process: the programmer's cable comes out after so many bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Literal

import pytest

from hil.rig import Rig
from protocol.client import Programmer
from protocol.client.commander import CARRIED_OUT
from protocol.errors import LinkError, LinkLost, Uncertain
from protocol.transport import Transport, open_transport
from protocol.waiting import BenchWaiter
from tests.link.link_cuts import Count, swift_disk
from tests.rig.serving import PROGRAMMER, filled, therapy

__all__ = ["swift_disk"]

Way = Literal["host", "pump"]
STRIDE = 16
NEVER = 1 << 30
BOLUS_NL, BOLUS_NG, BOLUS_S = 20_000, 10_000, 600
OLD_RATE, NEW_RATE = 10_000, 12_000


class CutTransport:
    """Passes so many bytes from `way`, then closes the port under the client's hands."""

    def __init__(self, inner: Transport, way: Way, after_bytes: int) -> None:
        self.name = inner.name
        self.default_reply_timeout_s = inner.default_reply_timeout_s
        self._inner = inner
        self._left = {"host": NEVER, "pump": NEVER, way: after_bytes}
        self.is_cut = after_bytes == 0

    def write(self, data: bytes) -> None:
        """Send what still goes through. Raises LinkLost if that is not all."""
        self._must_hold()
        self._inner.write(data[: self._left["host"]])
        self._spend("host", len(data))

    def read(self, timeout_s: float, /) -> bytes:
        """What still comes through. Raises LinkLost once nothing does."""
        if self.is_cut:
            raise LinkLost("test: the cable is out")
        data = self._inner.read(timeout_s)[: self._left["pump"]]
        self._spend("pump", len(data))
        return data

    def close(self) -> None:
        """Let go."""
        self._inner.close()

    def _spend(self, way: Way, size: int) -> None:
        cut_short = size > self._left[way]
        self._left[way] -= min(size, self._left[way])
        if not self._left[way]:
            self.is_cut = True
            self._inner.close()
        if cut_short:
            self._must_hold()

    def _must_hold(self) -> None:
        if self.is_cut:
            raise LinkLost("test: the cable is out")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, str]]:
    """A served pump that runs, and its image."""
    link = tmp_path_factory.mktemp("link") / "pump"
    with Rig.open(f"pty:{link}", seed=1, programmer=PROGRAMMER) as rig:
        filled(rig).close()
        yield rig, rig.bench.save()


class Story:
    """An update and a bolus over a cable that may come out, told until the client is certain of both."""

    def __init__(self, rig: Rig, file: Path) -> None:
        self.rig = rig
        self.file = file
        self.runs: dict[str, list[int]] = {"host": [], "pump": []}
        self.done: list[str] = []
        self.acting = ""
        self.uncertain = False

    def tell(self, way: Way, after_bytes: int) -> CutTransport:
        """Until the cable is out, or to the end."""
        self.rig.bench.call("attach")
        cable = CutTransport(open_transport(str((self.rig.ready or {})["port"])), way, after_bytes)
        try:
            with Programmer.over(
                cable,
                waiter=BenchWaiter(self.rig.bench),
                programmer_file=self.file,
                on_frame=self._heard,
                key_file=(self.rig.ready or {})["key_file"],
                **PROGRAMMER,
            ) as programmer:
                self._act(programmer, "update")
                self._act(programmer, "bolus")
        except Uncertain:
            self.uncertain = True
        except LinkError:
            self.uncertain = False
        return cable

    def come_back(self) -> None:
        """The cable is in again: a new client with the old one's file settles what is open."""
        with self.rig.another_programmer(programmer_file=self.file) as programmer:
            assert (programmer.open_command_id is not None) == self.uncertain
            outcome = programmer.settle()
            if outcome is not None and outcome.state in CARRIED_OUT:
                self.done.append(self.acting)
            self._check_therapy()
            for name in ("update", "bolus"):
                if name not in self.done:
                    self._act(programmer, name)
        self.rig.bench.advance(seconds=2 * BOLUS_S)

    def _act(self, programmer: Programmer, name: str) -> None:
        self.acting = name
        if name == "update":
            programmer.update(therapy(NEW_RATE), interrupt=True)
        else:
            programmer.bolus(BOLUS_NL, BOLUS_NG, BOLUS_S)
        self.done.append(name)

    def _check_therapy(self) -> None:
        status = self.rig.bench.status()
        rate = status["prescription"]["groups"][0]["steps"][0]["rate_nl_per_h"]
        assert rate == (NEW_RATE if "update" in self.done else OLD_RATE)
        assert (status["bolus"] is not None) == ("bolus" in self.done)

    def _heard(self, direction: str, run: bytes) -> None:
        self.runs[direction].append(len(run))


def places(rig: Rig, file: Path, way: Way) -> list[int]:
    """Every 16th byte, and each frame's edge with the bytes beside it."""
    story = Story(rig, file)
    story.tell(way, NEVER)
    edges = list(accumulate(story.runs[way]))
    beside = {edge + step for edge in edges for step in (-1, 0, 1)}
    return sorted(place for place in {*range(0, edges[-1], STRIDE), *beside} if 0 <= place < edges[-1])


@pytest.mark.usefixtures("swift_disk")
@pytest.mark.parametrize("way", ["host", "pump"])
def test_cut_on_a_pty_leaves_the_client_certain_or_able_to_ask(
    way: Way, served: tuple[Rig, str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Both are done in the end, the bolus once, and what the client was told after the cut was so."""
    rig, image = served
    file, count = tmp_path / "programmer.json", Count()
    for place in places(rig, file, way):
        rig.bench.restore(image)
        file.unlink(missing_ok=True)
        story = Story(rig, file)
        assert story.tell(way, place).is_cut, f"no cut after {place} bytes of the {way}"
        story.come_back()
        count.add(uncertain=story.uncertain)

        assert rig.bench.status()["bolus_nl"] == BOLUS_NL, f"cut after {place} bytes of the {way}"

    count.tell(f"link cut on a pty, bytes of the {way}", record_property)
    assert count.certain
    assert count.resolved
