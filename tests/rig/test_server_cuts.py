"""The supply dies inside a memory write of a served pump: old or new therapy, no dose or one, and the client says which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from hil.plain import plain
from hil.rig import Rig
from hil.therapy.prescription import to_prescription
from protocol.errors import Busy, ProtocolError
from tests.rig.serving import PROGRAMMER, filled, therapy

BOLUS_NL = 20_000
NEW_RATE = 12_000
STRIDE = 41
"""A prime, so that the cuts fall into ever other places of the records."""
CUTS_MAX = 100_000
CARRIED_OUT = {"done", "AnswerLost"}
CERTAIN = {*CARRIED_OUT, "CutShort"}
"""The supply is back within the reply time, so that the client always finds out by itself."""


class Aftermath(NamedTuple):
    """What the client was told and what the pump then held."""

    told: tuple[str, ...]
    rate_nl_per_h: int
    bolus_nl: int
    boots: int


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, str]]:
    """A served pump, filled and running."""
    link = tmp_path_factory.mktemp("cuts") / "pump"
    with Rig.open(f"pty:{link}", seed=1, programmer=PROGRAMMER) as opened:
        filled(opened).close()
        yield opened, opened.bench.save()


@pytest.fixture
def rig(served: tuple[Rig, str]) -> Rig:
    """The served pump as it was before anything was done to it."""
    rig, image = served
    rig.bench.restore(image)
    return rig


def asked(rig: Rig, act: Callable[[], object]) -> str:
    """What became of an act. One whose resend met the self-test was certainly not done: it is asked for anew when that is over."""
    for _ in range(2):
        rig.bench.run_until("ready", limit_s=60)
        try:
            act()
        except Busy:
            continue
        except ProtocolError as error:
            return type(error).__name__
        return "done"
    return "Busy"


def tell(rig: Rig, image: str, after_bytes: int) -> Aftermath:
    """Update and bolus with a cut after so many bytes; then power, time, and a look."""
    rig.bench.restore(image)
    rig.bench.power_cut(after_bytes=after_bytes, off_s=1)
    with rig.another_programmer() as programmer:
        acts = (lambda: programmer.update(therapy(NEW_RATE)), lambda: programmer.bolus(BOLUS_NL, 10_000, 600))
        told = tuple(asked(rig, act) for act in acts)
        rig.bench.run_until("powered", limit_s=60)
        rig.bench.advance(minutes=11)
    status = rig.bench.status()
    rate = status["prescription"]["groups"][0]["steps"][0]["rate_nl_per_h"]
    return Aftermath(told, rate, status["bolus_nl"], rig.bench.call("now")["boots"])


def cuts(rig: Rig, stride: int) -> Iterator[tuple[int, Aftermath]]:
    """Every so many bytes, until the story is over before the cut comes."""
    image, boots = rig.bench.save(), rig.bench.call("now")["boots"]
    for after_bytes in range(0, CUTS_MAX, stride):
        aftermath = tell(rig, image, after_bytes)
        if aftermath.boots == boots:
            return
        yield after_bytes, aftermath


def judge(rig: Rig, stride: int) -> int:
    """Judge each aftermath; returns how many cuts there were."""
    count = 0
    for after_bytes, aftermath in cuts(rig, stride):
        count += 1
        where = f"cut after {after_bytes} bytes: {aftermath}"
        updated, dosed = aftermath.told
        assert aftermath.rate_nl_per_h in (10_000, NEW_RATE), where
        assert 0 <= aftermath.bolus_nl <= BOLUS_NL, where
        assert updated not in CARRIED_OUT or aftermath.rate_nl_per_h == NEW_RATE, where
        assert dosed not in CARRIED_OUT or aftermath.bolus_nl == BOLUS_NL, where
        assert {updated, dosed} <= CERTAIN, where
    return count


def test_cut_in_a_write_leaves_old_or_new(rig: Rig) -> None:
    """At every 41st byte written: what the client was told is so, and no therapy is mixed, no dose given twice."""
    assert judge(rig, STRIDE) > 10


@pytest.mark.slow
def test_cut_at_every_byte_leaves_old_or_new(rig: Rig) -> None:
    """The same at every single byte, boot's own writes among them."""
    assert judge(rig, 1) > 500


def test_uncut_story_updates_and_doses_once(rig: Rig) -> None:
    """Without a cut both are done, and the bolus is given whole."""
    aftermath = tell(rig, rig.bench.save(), CUTS_MAX)

    assert aftermath[:3] == (("done", "done"), NEW_RATE, BOLUS_NL)
    assert rig.bench.status()["prescription"] == plain(to_prescription(therapy(NEW_RATE)))
