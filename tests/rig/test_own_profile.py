"""A pump of one's own, and a catheter of the family, through every door that takes a profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import serial

from hil import serial_url
from hil.errors import BenchError, HilError, UsageError
from hil.rig import Rig
from hil.urls.protocol_pumpsim import Serial
from protocol.errors import NoAnswer
from tests.rig.serving import PROGRAMMER, filled, run_cli

CAPACITY_NL = 30_000_000
MINE = f"""\
extends: itp-40
identity:
  model: MINE
reservoir:
  capacity_nl: {{value: {CAPACITY_NL}, provenance: assumed}}
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The user's file."""
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return path


def capacity_nl(rig: Rig) -> int:
    """What the pump says over the wire."""
    return int(rig.programmer.interrogate().identity.limits[0].capacity_nl)


@pytest.mark.parametrize("how", ["PROFILE", "--profile"])
def test_served_pump_is_the_file_s(mine: Path, tmp_path: Path, how: str) -> None:
    """The ready line has the file's name, the wire its numbers, the bench its catheter."""
    profile = [str(mine)] if how == "PROFILE" else ["--profile", str(mine)]
    asked = b'{"id": 1, "verb": "truth"}\n'
    result = run_cli("serve", *profile, "--catheter", "140cm", "--port", f"pty:{tmp_path / 'pump'}", "--bench", "stdio", stdin=asked)
    ready, answer = (json.loads(line) for line in result.stdout.splitlines()[:2])

    assert (ready["profile"], ready["serial"].partition("-")[0]) == ("mine", "MINE")
    assert answer["result"]["catheter_nl"] == 1_400 * 220


def test_rig_takes_the_file_behind_a_port_and_in_process(mine: Path, tmp_path: Path) -> None:
    """Both ways give one pump."""
    digests = []
    for url in (f"pty:{tmp_path / 'pump'}", f"pumpsim://{mine}?seed=5&catheter=104cm"):
        with Rig.open(url, profile=str(mine), seed=5, catheter="104cm", programmer=PROGRAMMER) as rig:
            assert capacity_nl(rig) == CAPACITY_NL
            digests.append(rig.bench.digest())

    assert digests[0] == digests[1]


def test_pyserial_takes_the_file(mine: Path) -> None:
    """An unmodified pyserial program names it in its URL."""
    serial_url.register()

    with serial.serial_for_url(f"pumpsim://{mine}?catheter=76cm", timeout=0) as port:
        assert isinstance(port, Serial)
        assert port.unit is not None
        assert port.unit.pump.profile.catheter.length_mm == 760


def test_image_restores_where_the_numbers_are_not(mine: Path) -> None:
    """A pump of the same name takes the image with the numbers it was made with."""
    with Rig.open(f"pumpsim://{mine}?seed=1", programmer=PROGRAMMER) as rig:
        filled(rig)
        rig.bench.advance(hours=5)
        image, digest = rig.bench.save(), rig.bench.digest()
    mine.write_text(MINE.replace(str(CAPACITY_NL), "25_000_000"), encoding="utf-8")

    with Rig.open(f"pumpsim://{mine}?seed=1", programmer=PROGRAMMER) as rig:
        rig.bench.restore(image)
        assert rig.bench.digest() == digest
        assert capacity_nl(rig) == CAPACITY_NL

    with Rig.open("pumpsim://itp-40?seed=1") as rig, pytest.raises(BenchError, match="mine"):
        rig.bench.restore(image)


def test_state_folder_goes_on_with_the_numbers_it_began_with(mine: Path, tmp_path: Path) -> None:
    """The same file goes on; an edited one, or another catheter, is refused before anything is served."""
    place: dict[str, Any] = {"profile": str(mine), "seed": 5, "state": tmp_path / "state", "programmer": PROGRAMMER}
    with Rig.open(f"pty:{tmp_path / 'pump'}", **place) as rig:
        filled(rig)
    with Rig.open(f"pty:{tmp_path / 'pump'}", **place) as rig:
        assert rig.bench.status()["generation"] == 1
    with pytest.raises(HilError, match="other numbers"):
        Rig.open(f"pty:{tmp_path / 'pump'}", catheter="140cm", **place)
    mine.write_text(MINE.replace(str(CAPACITY_NL), "25_000_000"), encoding="utf-8")
    with pytest.raises(HilError, match="other numbers"):
        Rig.open(f"pty:{tmp_path / 'pump'}", **place)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("./mine.yaml",), "mine.yaml:3: unknown identity.modell; did you mean identity.model?"),
        (("./nowhere.yaml",), "nowhere.yaml: cannot be read: No such file"),
        (("itp-41",), "did you mean itp-40?"),
        (("itp-40", "--catheter", "115cm"), "unknown catheter '115cm'"),
        (("itp-40", "--profile", "itp-20"), "two profiles: itp-40 and itp-20"),
        ((), "no PROFILE"),
    ],
)
def test_wrong_profile_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str) -> None:
    """Misuse: exit 2 and one line on standard error."""
    (tmp_path / "mine.yaml").write_text(MINE.replace("model", "modell"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    result = run_cli("serve", *arguments, "--port", "pty:./pump")

    assert result.returncode == 2
    assert words in result.stderr.decode()
    assert result.stderr.count(b"\n") == 1


def test_demo_takes_the_file(tmp_path: Path) -> None:
    """The demonstration runs on a pump of one's own."""
    path = tmp_path / "mine.yaml"
    path.write_text("extends: itp-40\nidentity:\n  model: MINE\n", encoding="utf-8")

    result = run_cli("demo", "--profile", str(path), "--json", "--no-report", "--out", str(tmp_path / "out"))

    assert result.returncode == 0, result.stderr.decode()
    assert json.loads(result.stdout)["serial"].startswith("MINE-")


def test_pump_without_electronics_is_served_and_silent(tmp_path: Path) -> None:
    """The constant-flow pump has a port like any other, on which nothing ever comes back; the bench sees it run."""
    with Rig.open(f"pty:{tmp_path / 'pump'}", profile="cf-16") as rig:
        rig.bench.needle(inject_nl=16_000_000)
        rig.bench.advance(days=1)
        with pytest.raises(NoAnswer):
            rig.programmer.interrogate()
        assert rig.bench.truth()["delivered_nl"] == pytest.approx(1_000_000, rel=0.1)


def library(names: list[str]) -> str:
    """A pump with the longest names there may be, and these drugs besides the two it inherits."""
    text = "extends: itp-40\nidentity:\n  model: ABCDEFGHIJKLMNOP\n  firmware: '1.23456789012345'\ndrugs:\n"
    fields = (
        "version",
        "concentration_ng_per_ml_min",
        "concentration_ng_per_ml_max",
        "daily_dose_ng_max",
        "daily_dose_ng_soft",
        "stability_days",
    )
    for number, name in enumerate(names):
        text += f"  {name}:\n    drug_id: {{value: {65_535 - number}, provenance: assumed}}\n"
        text += "".join(f"    {field}: {{value: 65_535, provenance: assumed}}\n" for field in fields)
    return text


def test_identity_of_the_largest_library_fits_its_frame(tmp_path: Path) -> None:
    """Eight drugs with the longest names are told in one answer; a ninth is refused."""
    names = [f"drug-{number:011d}" for number in range(7)]
    path = tmp_path / "mine.yaml"

    path.write_text(library(names[:6]), encoding="utf-8")
    with Rig.open(f"pumpsim://{path}") as rig:
        told = rig.programmer.interrogate().identity
    path.write_text(library(names), encoding="utf-8")

    assert [drug.name for drug in told.drugs] == ["baclofen", "saline", *names[:6]]
    with pytest.raises(UsageError, match="there are 9 drugs; 8 is the most"):
        Rig.open(f"pumpsim://{path}")
