"""A wire of one's own: a syringe-pump client that knows nothing of pumpsim drives a pump of `pumpsim serve --wire` on a real pty."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nesp_lib  # type: ignore[import-untyped]  # ships no types
import pytest
from acme_host import Host
from nesp_lib import AlarmStatus, PumpingDirection, StateException, Status, StatusAlarmException

from hil.bench.stdio import ServerProcess, StdioBench
from hil.errors import HilError
from protocol.transport import open_transport
from tests.tidy.tree import ROOT

pytestmark = pytest.mark.timeout(30)  # the client waits for an answer without end

ACME = ROOT / "docs/examples/acme"
US_PER_S = 1_000_000
US_PER_MIN = 60 * US_PER_S
US_PER_H = 60 * US_PER_MIN
UL_PER_H = 1 / 60_000
"""One microlitre an hour in the client's unit, mL/min."""
FILL_NL = 40_000_000
CONCENTRATION = 50_000
STEPS_2_NL = 500
STALL_DETECTED = 2 * US_PER_H


class Served:
    """A pump that is served on a pty, and its bench."""

    def __init__(self, device: str, bench: StdioBench) -> None:
        self.device = device
        self.bench = bench

    def advance(self, span_us: int) -> None:
        """Let virtual time pass."""
        self.bench.advance_us(span_us)

    def delivered_nl(self) -> int:
        """What truly left the catheter."""
        return int(self.bench.truth()["delivered_nl"])

    def true_nl(self, asked_nl: int) -> int:
        """What this unit moves when so much is asked for: its steps are off by a factor of its own."""
        return asked_nl * (1_000_000 + int(self.bench.truth()["unit_error_ppm"])) // 1_000_000

    def therapy(self) -> str:
        """Digest of the therapy in the pump's memory."""
        return self.bench.digest("therapy")

    def fill(self, fill_nl: int = FILL_NL, concentration_ng_per_ml: int = CONCENTRATION) -> None:
        """Fill it, and tell it so by the word that syringe pumps have not."""
        self.bench.needle(inject_nl=fill_nl, concentration_ng_per_ml=concentration_ng_per_ml)
        line = open_transport(f"pty:{self.device}")
        host = Host(line)
        host.greet()
        host.ask(f"FIL baclofen, {concentration_ng_per_ml // 1_000}, {fill_nl // 1_000}")
        line.close()


@contextmanager
def served(folder: Path, *, pace: str = "lock-step") -> Iterator[Served]:
    """Serve a pump on a pty while the block runs."""
    options = ["--port", f"pty:{folder}/pump", "--pace", pace, "--seed", "1", "--wire", f"{ACME}/acme_wire.py:AcmeWire"]
    with ServerProcess("itp-40", options) as server:
        yield Served(server.ready["device"], server.bench)


@contextmanager
def client(bed: Served, safe_mode_s: int = 0) -> Iterator[Any]:
    """The third-party client, as its own page shows it."""
    with nesp_lib.Port(bed.device) as port:
        yield nesp_lib.Pump(port, safe_mode_timeout=safe_mode_s)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One pump in lock-step for all of these tests."""
    with served(tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture(scope="module")
def new(serving: Served) -> str:
    """Its image as it comes from the factory."""
    return serving.bench.fork()


@pytest.fixture(scope="module")
def filled(serving: Served, new: str) -> str:
    """Its image filled, and told so."""
    serving.bench.back_to(new)
    serving.fill()
    return serving.bench.fork()


@pytest.fixture
def bed(serving: Served, filled: str) -> Served:
    """A filled pump."""
    serving.bench.back_to(filled)
    return serving


@pytest.fixture
def empty(serving: Served, new: str) -> Served:
    """A new pump."""
    serving.bench.back_to(new)
    return serving


@pytest.fixture
def pump(bed: Served) -> Generator[Any]:
    """The client at that pump."""
    with client(bed) as connected:
        yield connected


# -- the client and the truth ------------------------------------------------------------------------------------------------------


def test_client_knows_its_pump(pump: Any) -> None:
    """The client finds a model and a version that it understands, and a pump that stands still."""
    assert (pump.model_number, pump.firmware_version) == (1000, (1, 0))
    assert pump.status is Status.STOPPED
    assert pump.pumping_direction is PumpingDirection.INFUSE


@pytest.mark.parametrize("rate", [2.0, 12.5, 600.0, 1000.0])
def test_pump_moves_volume_at_the_rate_asked(bed: Served, pump: Any, rate: float) -> None:
    """In ten hours the pump truly moves ten times the hourly rate, with the error of its own steps and no other."""
    pump.pumping_rate = rate * UL_PER_H
    pump.run(False)
    bed.advance(10 * US_PER_H)

    assert pump.status is Status.INFUSING
    assert pump.pumping_rate == pytest.approx(rate * UL_PER_H)
    assert bed.delivered_nl() == pytest.approx(bed.true_nl(round(rate * 10_000)), rel=1e-4, abs=STEPS_2_NL)


def test_rate_changes_while_the_pump_runs(bed: Served, pump: Any) -> None:
    """A new rate holds from the moment it is told, without a stop."""
    pump.pumping_rate = 100 * UL_PER_H
    pump.run(False)
    bed.advance(US_PER_H)
    pump.pumping_rate = 300 * UL_PER_H

    assert pump.status is Status.INFUSING
    bed.advance(US_PER_H)
    assert bed.delivered_nl() == pytest.approx(bed.true_nl(400_000), rel=1e-4, abs=STEPS_2_NL)


def test_stop_stops(bed: Served, pump: Any) -> None:
    """After a stop nothing moves; the first one pauses, the second ends the run."""
    pump.pumping_rate = 600 * UL_PER_H
    pump.run(False)
    bed.advance(US_PER_H)
    pump.stop()
    moved_nl = bed.delivered_nl()
    bed.advance(US_PER_H)

    assert pump.status is Status.PAUSED
    pump.stop()
    assert pump.status is Status.STOPPED
    assert bed.delivered_nl() == moved_nl > 0


def test_volume_is_dispensed_and_no_more(bed: Served, pump: Any) -> None:
    """A run towards a volume, paused and at two rates, ends on that volume and stays there."""
    pump.pumping_rate, pump.pumping_volume = 600 * UL_PER_H, 0.1
    pump.run(False)
    bed.advance(4 * US_PER_MIN)
    pump.stop()
    paused_at = pump.volume_infused
    bed.advance(US_PER_H)
    pump.run(False)
    pump.pumping_rate = 300 * UL_PER_H
    bed.advance(11 * US_PER_MIN)
    before = (pump.status, pump.volume_infused)
    bed.advance(US_PER_H)

    assert paused_at == pytest.approx(0.04, rel=1e-4)
    assert before == (Status.INFUSING, pytest.approx(0.095, rel=1e-3))
    assert (pump.status, pump.volume_infused, pump.volume_withdrawn) == (Status.STOPPED, 0.1, 0.0)
    assert bed.delivered_nl() == pytest.approx(bed.true_nl(100_000), abs=STEPS_2_NL)


def test_dispensed_volume_is_cleared(bed: Served, pump: Any) -> None:
    """The count begins anew where it is cleared, and the next run takes its volume from there."""
    pump.pumping_rate, pump.pumping_volume = 600 * UL_PER_H, 0.02
    pump.run(False)
    bed.advance(US_PER_H)
    pump.volume_infused_clear()
    pump.volume_withdrawn_clear()
    cleared = pump.volume_infused
    pump.run(False)
    bed.advance(US_PER_H)

    assert (cleared, pump.volume_infused) == (0.0, 0.02)


def test_client_waits_for_its_volume_at_a_pace(tmp_path: Path) -> None:
    """At a thousand times the wall clock the client's own waiting loop ends when the volume is there."""
    with served(tmp_path, pace="x1000") as bed:
        bed.fill()
        with client(bed) as pump:
            pump.pumping_rate, pump.pumping_volume = 600 * UL_PER_H, 0.05
            pump.run()

            assert (pump.status, pump.volume_infused) == (Status.STOPPED, 0.05)
            assert bed.delivered_nl() == pytest.approx(bed.true_nl(50_000), abs=STEPS_2_NL)


# -- what the pump refuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("rate", [0.001, 1.999, 1001.0, 9999.0])
def test_rate_out_of_range_changes_nothing(bed: Served, pump: Any, rate: float, running: bool) -> None:
    """The pump refuses a rate that it does not have; its therapy, its mode and the rate told back stay as they were."""
    pump.pumping_rate = 10 * UL_PER_H
    if running:
        pump.run(False)
    before = (bed.therapy(), pump.status, pump.pumping_rate)

    with pytest.raises(ValueError, match="Pumping rate invalid"):
        pump.pumping_rate = rate * UL_PER_H
    assert (bed.therapy(), pump.status, pump.pumping_rate) == before


def test_rate_past_the_daily_dose_is_refused(empty: Served) -> None:
    """A rate that the device has is out of range where the drug in the reservoir makes it too much."""
    empty.fill(concentration_ng_per_ml=2_000_000)
    with client(empty) as pump:
        before = empty.therapy()

        with pytest.raises(ValueError, match="Pumping rate invalid"):
            pump.pumping_rate = 100 * UL_PER_H
        assert empty.therapy() == before


def test_nothing_is_programmed_without_a_fill(empty: Served) -> None:
    """A pump that was told of no fill takes no rate: there is no drug to make a therapy of."""
    with client(empty) as pump:
        with pytest.raises(StateException):
            pump.pumping_rate = 10 * UL_PER_H
        with pytest.raises(StateException):
            pump.run(False)


def test_what_an_implant_cannot_do_is_not_applicable(pump: Any) -> None:
    """Withdrawing, purging and a syringe's diameter are refused."""
    with pytest.raises(StateException):
        pump.pumping_direction = PumpingDirection.WITHDRAW
    with pytest.raises(StateException):
        pump.run_purge()
    with pytest.raises(StateException):
        pump.syringe_diameter = 30.0


# -- alarms ------------------------------------------------------------------------------------------------------------------------


def told(pump: Any) -> AlarmStatus:
    """The alarm that the next request is answered with."""
    with pytest.raises(StatusAlarmException) as alarm:
        _ = pump.status
    return alarm.value.alarm_status


def test_stall_is_told_once(bed: Served, pump: Any) -> None:
    """A stalled motor is told as such, is thereby acknowledged, and the pump is seen to go on trying."""
    pump.pumping_rate = 600 * UL_PER_H
    pump.run(False)
    bed.bench.inject("motor.stall")
    bed.advance(STALL_DETECTED)

    assert told(pump) is AlarmStatus.STALLED
    assert pump.status is Status.INFUSING
    assert [alarm["acknowledged"] for alarm in bed.bench.status()["alarms"]] == [True]
    assert bed.delivered_nl() == 0


def test_empty_reservoir_is_told(empty: Served) -> None:
    """A reservoir run empty is told as a syringe at its end is, and the pump stands still."""
    empty.fill(3_000_000)
    with client(empty) as pump:
        pump.pumping_rate = 1000 * UL_PER_H
        pump.run(False)
        empty.advance(4 * US_PER_H)

        assert told(pump) is AlarmStatus.STALLED
        assert (pump.status, pump.volume_infused) == (Status.STOPPED, 3.0)


def test_pump_stands_still_after_a_power_cut(bed: Served, pump: Any) -> None:
    """A pump that has booted says so, moves nothing until it is told to run, and has kept its settings."""
    pump.pumping_rate, pump.pumping_volume = 600 * UL_PER_H, 0.1
    pump.run(False)
    bed.advance(US_PER_MIN)
    bed.bench.power_cut(off_s=1)
    bed.advance(US_PER_H)

    assert bed.delivered_nl() <= 10_000
    assert told(pump) is AlarmStatus.RESET
    assert (pump.status, pump.pumping_volume) == (Status.STOPPED, 0.1)
    pump.run(False)
    bed.advance(US_PER_H)
    assert (pump.status, pump.volume_infused) == (Status.STOPPED, 0.1)


def test_silent_host_is_given_up_in_safe_mode(bed: Served) -> None:
    """With checksums and a time limit on, a host that says nothing for too long finds its pump paused and is told why."""
    with client(bed, safe_mode_s=200) as pump:
        pump.pumping_rate = 600 * UL_PER_H
        pump.run(False)
        bed.advance(199 * US_PER_S)
        assert (pump.status, pump.safe_mode_timeout) == (Status.INFUSING, 200)

        bed.advance(US_PER_H)
        assert told(pump) is AlarmStatus.TIMEOUT
        assert pump.status is Status.PAUSED
        assert bed.delivered_nl() == pytest.approx(bed.true_nl(600_000 * 399 // 3_600), rel=1e-3, abs=STEPS_2_NL)
        pump.safe_mode_timeout = 0


def test_state_folder_goes_on_with_its_wire_alone(tmp_path: Path) -> None:
    """A pump that was kept comes back with its settings after the reset of a restart, and is served with no other wire."""
    options = ["--port", "tcp://127.0.0.1:0", "--pace", "lock-step", "--state", f"{tmp_path}/state"]
    wire = ["--wire", f"{ACME}/acme_wire.py:AcmeWire"]
    told = []
    for asked in (("FIL baclofen, 50, 20000", "RAT 100 UH"), ("RAT", "FIL")):
        with ServerProcess("itp-40", [*options, *wire]) as server:
            line = open_transport(server.ready["port"])
            host = Host(line)
            told.append((host.greet(), [host.ask(text) for text in asked]))
            line.close()

    assert told == [("R", ["", ""]), ("R", ["100.0UH", "BACLOFEN,50,20000"])]
    with pytest.raises(HilError, match="serve with the --wire that it was made with"):
        ServerProcess("itp-40", options)
