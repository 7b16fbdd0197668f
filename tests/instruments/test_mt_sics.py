"""The driver: what it makes of a balance's answers, and how long it waits."""

from __future__ import annotations

import pytest

from hil.errors import InstrumentError, UsageError
from hil.instruments.balance import BalanceFacts, Weight
from hil.instruments.line import MemoryLine
from hil.instruments.mt_sics import MtSicsBalance
from tests.instruments.pans import Pan


class PaperClock:
    """Waits on a pan's own time."""

    def __init__(self, pan: Pan) -> None:
        self.pan = pan
        self.pauses = 0

    def pause(self, seconds: float, /) -> None:
        self.pauses += 1
        self.pan.wait(seconds)

    def now_us(self) -> int:
        return self.pan.now_us


def driver_of(pan: Pan, patience_s: float = 60) -> MtSicsBalance:
    """A driver at a pan's line."""
    return MtSicsBalance(MemoryLine(pan.server.receive), PaperClock(pan), patience_s=patience_s)


def saying(reply: str) -> MtSicsBalance:
    """A driver at a line that always says this."""
    return MtSicsBalance(MemoryLine(lambda _data: f"{reply}\r\n".encode()), PaperClock(Pan()), patience_s=0)


def test_facts_are_read() -> None:
    """Model, capacity, software and serial number come from I2, I3 and I4."""
    assert driver_of(Pan(seed=7)).facts() == BalanceFacts("PUMPSIM-220", "220.00000 g", "1.00", "SIM0000007")


def test_weighing_taring_zeroing() -> None:
    """A reading is whole micrograms with its state; tare and zero do what they say."""
    pan = Pan()
    balance = driver_of(pan)

    assert balance.read() == balance.read_stable() == Weight(35_000_000, True)
    assert balance.tare() == 35_000_000
    assert balance.read() == Weight(0, True)
    pan.balance.put(-33_000_000)
    pan.wait(10)
    balance.zero()
    assert balance.read() == Weight(0, True)
    balance.close()


def test_it_waits_until_the_balance_is_stable() -> None:
    """After a weight is put on, the stable reading comes when it has settled, and the plain one at once."""
    pan = Pan()
    balance = driver_of(pan)
    pan.balance.put(5_000_000)
    pan.wait(0.2)

    assert not balance.read().stable
    assert balance.read_stable() == Weight(pytest.approx(40_000_000, abs=20), True)  # type: ignore[arg-type]
    assert 1 < pan.now_us / 1e6 < 10


def test_it_does_not_wait_for_ever() -> None:
    """A balance in a draught is given up after the patience, with what to do."""
    with pytest.raises(InstrumentError, match=r"not stable.*shield it"):
        saying("S I").read_stable()


@pytest.mark.parametrize(
    "reply, weight",
    [
        ("S S     100.00 g", Weight(100_000_000, True)),
        ("S D   -0.12345 g", Weight(-123_450, False)),
        ("S S      12.34 mg", Weight(12_340, True)),
        ("S S     1.2345 kg", Weight(1_234_500_000, True)),
    ],
)
def test_readings_of_other_balances(reply: str, weight: Weight) -> None:
    """Any number of decimals, a sign, and the units g, mg and kg are understood."""
    assert saying(reply).read() == weight


@pytest.mark.parametrize(
    "reply, words",
    [
        ("ES", "does not know the command"),
        ("EL", "cannot do that"),
        ("ET", "garbled"),
        ("S +", "too much"),
        ("S -", "too little"),
        ("S S 1.0 lb", "no answer of MT-SICS"),
        ("hello", "no answer of MT-SICS"),
    ],
)
def test_refusals_are_told(reply: str, words: str) -> None:
    """What is no weight is an error that says what the balance said."""
    with pytest.raises(InstrumentError, match=words):
        saying(reply).read()


@pytest.mark.parametrize("act", ["tare", "zero", "facts"])
def test_acts_that_fail_are_told(act: str) -> None:
    """So is an act that the balance refuses."""
    with pytest.raises(InstrumentError, match="cannot do that"):
        getattr(saying("EL"), act)()


def test_silence_is_told() -> None:
    """A line on which nothing comes is an error, not a wait."""
    with pytest.raises(InstrumentError, match="no answer"):
        MtSicsBalance(MemoryLine(lambda _data: b""), PaperClock(Pan())).read()


def test_port_that_is_not_there_is_told() -> None:
    """A path that does not exist is refused with what to look at."""
    with pytest.raises(UsageError, match="cannot open the instrument's port"):
        MtSicsBalance.open("./no-such-port")
