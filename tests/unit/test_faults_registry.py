"""The fault registry: every owner's faults in one table, judged before anything happens."""

from __future__ import annotations

import pytest

from firmware_sim.faults import FAULTS
from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.errors import BenchError
from hil.faults.page import render
from hil.faults.parameters import Numbers, Values
from hil.faults.registry import REGISTRY, check
from hil.unit import Unit

BESIDE_THE_PUMP = {
    "link": "drop duplicate delay flip insert delete split join babble cut telemetry_trap",
    "answer": "late wrong_sequence stale short_body valid_crc_garbage unknown_code busy_for_ever reboot_mid_session wrong_serial",
    "human": "minutes_for_hours hourly_for_daily bridge_forgotten concentration_typed_wrong update_abandoned old_tubing_constant",
}
UNITS = (
    *("ppm", "us", "seconds", "minutes", "days", "per_h"),
    *("bytes", "frames", "byte", "count"),
    *("nl", "ng_per_ml", "mv", "m", "mm", "mmhg", "mdegc"),
)
UNITLESS = {"direction", "seed", "code", "serial", "region", "offset", "bit", "bank", "task", "test", "level", "gain", "outlasts_reset"}
UNITLESS |= {"what", "after", "acts"}


def test_every_fault_has_a_row() -> None:
    """The pump's own faults, all that the wire names, and the slips of people."""
    wanted = {f"{family}.{name}" for family, names in BESIDE_THE_PUMP.items() for name in names.split()}

    assert wanted | FAULTS.keys() == REGISTRY.keys() - {"supply.cut", "supply.reset"}


@pytest.mark.parametrize("name", REGISTRY)
def test_every_row_says_what_it_must(name: str) -> None:
    """Owner, truth, origin, what the pump notices and misses and the host notices; each parameter has a meaning, and its unit last."""
    fault = REGISTRY[name]

    assert all([fault.owner, fault.truth, fault.origin, fault.pump_notices, fault.pump_misses, fault.host_notices])
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
        ("motor.mri", {}, "takes minutes, restart_minutes"),
        ("firmware.hang", {"task": "dosin"}, "did you mean dosing"),
        ("firmware.hang", {"task": 0}, "a text"),
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


def test_a_chosen_word_is_told_as_that_word() -> None:
    """What a pump keeps as the place in a list is told in the word that was given."""
    bench = InProcessBench(Bench(Unit.new("itp-40")))
    bench.inject("firmware.hang", task="telemetry")

    (told,) = bench.call("faults")["in_force"]

    assert told["parameters"] == {"task": "telemetry", "outlasts_reset": 0}


@pytest.mark.parametrize(
    "name, stays",
    [
        ("motor.stall", "until cleared"),
        ("motor.permanent_stall", "for good"),
        ("motor.mri", "until it is over"),
        ("battery.dip", "until it is over"),
        ("motor.over_infusion", "until cleared"),
        ("motor.intermittent_stall", "until cleared"),
        ("memory.bit_flip", "happens once"),
        ("link.drop", "until cleared"),
    ],
)
def test_the_page_says_how_long_a_fault_stays(name: str, stays: str) -> None:
    """What ends by itself, what somebody must end, and what nobody can."""
    assert REGISTRY[name].stays == stays


def test_numbers_name_what_they_say() -> None:
    """Single ones and spans."""
    numbers = Numbers.parse("2, 5-7")

    assert [number for number in range(1, 10) if numbers.names(number)] == [2, 5, 6, 7]


def test_page_tells_the_whole_registry() -> None:
    """Each fault has a section and a row that says who notices what, what is so and where it is known from; each parameter has a row."""
    page = render()

    for fault in REGISTRY.values():
        assert f"\n### {fault.name}\n" in page
        assert f" | {fault.pump_notices} | {fault.pump_misses} | {fault.truth} | {fault.origin} |\n" in page
        assert all(f"| `{setting.name}` |" in page for setting in fault.settings)
