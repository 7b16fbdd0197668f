"""The fault registry: every owner's faults in one table, judged before anything happens."""

from __future__ import annotations

import pytest

from firmware_sim.faults import FAULTS
from hil.errors import BenchError
from hil.faults.page import render
from hil.faults.parameters import Numbers, Values
from hil.faults.registry import REGISTRY, check

OF_THE_WIRE = {
    "link": "drop duplicate delay flip insert delete split join babble cut",
    "answer": "late wrong_sequence stale short_body valid_crc_garbage unknown_code busy_for_ever reboot_mid_session wrong_serial",
}
UNITS = ("ppm", "us", "bytes", "frames", "byte", "count", "nl")
UNITLESS = {"direction", "seed", "code", "serial", "region", "offset", "bit", "fault"}


def test_every_fault_has_a_row() -> None:
    """The pump's own faults and all that the wire names."""
    wanted = {f"{family}.{name}" for family, names in OF_THE_WIRE.items() for name in names.split()}

    assert wanted | {fault.name for fault in FAULTS} <= REGISTRY.keys()


@pytest.mark.parametrize("name", REGISTRY)
def test_every_row_says_what_it_must(name: str) -> None:
    """Owner, origin, what the pump and the host notice; each parameter has a meaning, and its unit last."""
    fault = REGISTRY[name]

    assert all([fault.owner, fault.origin, fault.pump_notices, fault.host_notices])
    for setting in fault.settings:
        assert setting.meaning
        assert setting.name.endswith(UNITS) or setting.name in UNITLESS


@pytest.mark.parametrize(
    "name, params, says",
    [
        ("link.dorp", {}, "did you mean link.drop"),
        ("link.drop", {"rate": 3}, "takes rate_ppm, at_frames, seed, direction"),
        ("link.delay", {}, "takes delay_us"),
        ("link.drop", {"rate_ppm": 1_000_001}, "0 to 1000000"),
        ("link.drop", {"rate_ppm": "all"}, "a whole number"),
        ("link.drop", {"direction": "sideways"}, "to_pump, to_host, both"),
        ("link.drop", {"at_frames": "0"}, "from 1"),
        ("link.drop", {"at_frames": "9-3"}, "rising"),
        ("link.drop", {"at_frames": "first"}, "names no numbers"),
        ("link.flip", {"at_bytes": "3", "rate_ppm": 5}, "exclude"),
        ("answer.unknown_code", {"code": 12}, "13 to 255"),
        ("motor.over_infusion", {"excess_ppm": -1}, "0 to"),
    ],
)
def test_wrong_parameters_are_refused(name: str, params: Values, says: str) -> None:
    """The error names what is wrong and what would be right."""
    with pytest.raises(BenchError) as caught:
        check(name, params)

    assert says in str(caught.value)
    assert caught.value.where == "inject"


def test_defaults_are_filled_in() -> None:
    """What may be left out has the value that the page shows."""
    assert check("link.split", {})[1] == {"pause_us": 60_000, "seed": 0, "direction": "both"}


def test_numbers_name_what_they_say() -> None:
    """Single ones and spans."""
    numbers = Numbers.parse("2, 5-7")

    assert [number for number in range(1, 10) if numbers.names(number)] == [2, 5, 6, 7]


def test_page_tells_the_whole_registry() -> None:
    """Each fault has a section, each parameter a row."""
    page = render()

    for fault in REGISTRY.values():
        assert f"\n### {fault.name}\n" in page
        assert all(f"| `{setting.name}` |" in page for setting in fault.settings)
