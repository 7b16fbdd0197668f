"""A served pump with a balance on a serial port of its own, read by our driver and by an independent client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pyvisa
import serial

from hil.bench.stdio import ServerProcess
from hil.errors import BenchError, HilError, InstrumentError
from hil.instruments.bench_clock import BenchClock
from hil.instruments.mt_sics import MtSicsBalance
from hil.rig import Rig
from tests.rig.serving import PROGRAMMER, filled


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A pump and its balance, each on a pty, in lock-step."""
    options = ["--port", f"pty:{tmp_path}/pump0", "--balance", f"pty:{tmp_path}/balance0", "--pace", "lock-step", "--seed", "3"]
    with ServerProcess("itp-40", options) as process:
        yield process


def port_of(server: ServerProcess) -> Path:
    """The balance's port, as a path."""
    return Path(str(server.ready["balance"]).removeprefix("pty:"))


def test_independent_client_reads_it(server: ServerProcess) -> None:
    """pyvisa-py opens the port as a serial instrument and gets every answer; what is pushed through the catheter is on the pan."""
    manager = pyvisa.ResourceManager("@py")
    name = f"ASRL{port_of(server).resolve()}::INSTR"
    instrument = manager.open_resource(name, read_termination="\r\n", write_termination="\r\n")
    try:
        assert isinstance(instrument, pyvisa.resources.MessageBasedResource)
        assert instrument.query("I4") == 'I4 A "SIM0000003"'
        assert instrument.query("NONSENSE") == "ES"
        assert instrument.query("T").startswith("T S ")
        assert abs(float(instrument.query("SI").split()[2])) < 0.0002
        server.bench.needle(inject_nl=20_000_000, concentration_ng_per_ml=500_000)
        server.bench.call("side_port", inject_nl=500_000, concentration_ng_per_ml=500_000)
        server.bench.advance(minutes=10)
        instrument.query("SI")
        server.bench.advance(seconds=20)
        assert float(instrument.query("S").split()[2]) == pytest.approx(0.5 * 1.0046, abs=0.001)
    finally:
        instrument.close()
        manager.close()


def test_balance_sends_by_itself(server: ServerProcess) -> None:
    """After SIR a reading comes with each passage of time, to a client that only listens; after S none comes any more."""
    manager = pyvisa.ResourceManager("@py")
    name = f"ASRL{port_of(server).resolve()}::INSTR"
    instrument = manager.open_resource(name, read_termination="\r\n", write_termination="\r\n")
    try:
        assert isinstance(instrument, pyvisa.resources.MessageBasedResource)
        first = instrument.query("SIR")
        for _ in range(3):
            server.bench.advance(seconds=1)
            assert instrument.read()[:3] == first[:3] == "S S"
        assert instrument.query("S").startswith("S S")
        server.bench.advance(seconds=1)
        assert instrument.query("I3") == 'I3 A "1.00"'
    finally:
        instrument.close()
        manager.close()


def test_driver_reads_it(server: ServerProcess) -> None:
    """Our driver on the same port weighs what the truth says has left the tip."""
    balance = MtSicsBalance.open(str(server.ready["balance"]), BenchClock(server.bench))
    try:
        balance.tare()
        server.bench.call("side_port", inject_nl=300_000, concentration_ng_per_ml=500_000)
        came_nl = server.bench.truth()["delivered_nl"]
        assert balance.read_stable().net_ug == pytest.approx(came_nl * 1.0046, abs=200)
    finally:
        balance.close()


def test_line_that_is_gone_is_told(server: ServerProcess) -> None:
    """A balance whose server has ended is an error, not a hang."""
    balance = MtSicsBalance.open(str(server.ready["balance"]))
    balance.read()
    server.close()

    with pytest.raises(InstrumentError):
        balance.read()
    balance.close()
    assert not port_of(server).is_symlink()


def test_rig_has_its_balance() -> None:
    """A pump in this process has a balance too; the rig's time passes while it waits."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig:
        rig.bench.advance(seconds=10)
        filled(rig)
        rig.balance.tare()
        before_nl = rig.bench.truth()["delivered_nl"]
        rig.bench.advance(hours=8)
        came_ug = (rig.bench.truth()["delivered_nl"] - before_nl) * 1.0046 - 8 * 200

        assert rig.balance.read_stable().net_ug == pytest.approx(came_ug, abs=200)
        assert rig.balance.facts().serial == "SIM0000001"


def test_rig_connected_to_a_server_has_it(server: ServerProcess) -> None:
    """So has a rig on a ready line; a server that was not asked for one says so."""
    with Rig.connect(server.ready) as rig:
        assert rig.balance.read().stable
    with Rig.connect({**server.ready, "balance": None}) as rig, pytest.raises(BenchError, match=r"no balance.*--balance"):
        _ = rig.balance


def test_balance_has_any_port(tmp_path: Path) -> None:
    """On TCP it is the same balance; each pump of a server may have its own."""
    more = f"itp-20 --port pty:{tmp_path}/p1 --balance pty:{tmp_path}/b1 --seed 9"
    with ServerProcess("itp-40", ["--port", f"pty:{tmp_path}/p0", "--balance", "tcp://127.0.0.1:0", "--and", more]) as process:
        serials = []
        for entry in process.ready["pumps"]:
            balance = MtSicsBalance.open(str(entry["balance"]))
            serials.append(balance.facts().serial)
            balance.close()
    assert serials == ["SIM0000000", "SIM0000009"]


def test_port_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """The server does not start, and says which option is wrong; the pump's own port is given back."""
    options = ["--port", f"pty:{tmp_path}/p0", "--balance", f"pty:{tmp_path}/none/b0"]
    with pytest.raises(HilError, match="--balance: "):
        ServerProcess("itp-40", options)
    assert not list(tmp_path.iterdir())


def test_balance_is_outside_the_digest(tmp_path: Path) -> None:
    """A pump that is weighed day by day ends with the digest of one that has no balance."""
    digests = []
    for extra in ([], ["--balance", f"pty:{tmp_path}/b0"]):
        with ServerProcess("itp-40", ["--port", f"pty:{tmp_path}/p0", "--pace", "lock-step", "--no-sync", *extra]) as process:
            balance = MtSicsBalance.open(str(process.ready["balance"])) if extra else None
            for _ in range(5):
                process.bench.advance(hours=7)
                if balance is not None:
                    balance.read()
            if balance is not None:
                balance.close()
            digests.append(process.bench.digest())
    assert digests[0] == digests[1]


def test_balance_of_a_paced_pump_sends_while_nobody_talks_to_the_pump(tmp_path: Path) -> None:
    """Time moves by itself and the pump has nothing to do for days: after SIR the readings come all the same."""
    options = ["--port", f"pty:{tmp_path}/pump0", "--balance", f"pty:{tmp_path}/balance0", "--pace", "x100", "--seed", "3"]
    with ServerProcess("itp-40", options) as server, serial.Serial(str(port_of(server)), timeout=10) as line:
        line.write(b"SIR\r\n")

        assert [line.read_until(b"\r\n")[:1] for _ in range(3)] == [b"S"] * 3
