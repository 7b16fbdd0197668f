"""Random walks over a whole pump: acts as data, so that the same walk can be taken again, in other pieces, or from an image.

`ACTS` does an act, `RULES` draws one. Both are written once, for hypothesis and for seeded walks alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, Busy, LimitExceeded, PowerCut, PowerOff, Refused
from firmware_sim.faults.registry import FAULTS
from firmware_sim.firmware.alarms import ALARMS
from firmware_sim.firmware.prescription import Command, PatientRule, RefillEntry
from tests.support.draws import Draws, strategy_of
from tests.support.fault_draws import drawn_fault, drawn_values
from tests.support.strategies import MINIMUM_NL_PER_H, WEAK, WHOLE_NL, big_bolus, drawn_therapy
from tests.support.therapies import BACLOFEN, ML, SALINE, US_PER_DAY, US_PER_H, US_PER_S, bolus_of, overrides_for, simple

CAUSES = tuple(alarm.cause for alarm in ALARMS)
FOR_THE_PATIENT = PatientRule(20_000, 1_000, 600, 300, 12, 5 * ML)
HIGHEST_NL_PER_H = 200_000
DEVICE_NL_PER_H = 1_000_000


class Act(NamedTuple):
    """One act: a name in ACTS and its arguments."""

    name: str
    arguments: tuple[object, ...] = ()


Walk = list[tuple[Act, int]]
"""Acts, each with the microseconds that pass after it."""
Parameters = tuple[tuple[str, int | str], ...]


def _command(pump: Pump) -> Command:
    return Command(pump.last_effect_id() + 1, 9, bytes(16))


def _bolus(pump: Pump, volume_nl: int, duration_s: int) -> None:
    pump.bolus(bolus_of(volume_nl, duration_s, may_lengthen=True, concentration=WEAK), _command(pump))


def _dose(pump: Pump, kind: str, *numbers: int) -> None:
    getattr(pump, kind)(*numbers, _command(pump))


def _refill(pump: Pump, volume_nl: int, concentration: int = WEAK) -> None:
    pump.refill(RefillEntry(volume_nl, 0, BACLOFEN if concentration else SALINE, concentration))


def _needle(pump: Pump, withdraw_nl: int | None, inject_nl: int, concentration: int) -> None:
    pump.needle(withdraw_nl=withdraw_nl, inject_nl=inject_nl, concentration_ng_per_ml=concentration)


def _side_port(pump: Pump, aspirate_nl: int, inject_nl: int, concentration: int) -> None:
    pump.side_port(aspirate_nl=aspirate_nl, inject_nl=inject_nl, concentration_ng_per_ml=concentration)


def _inject(pump: Pump, name: str, parameters: Parameters) -> None:
    pump.inject(name, **dict(parameters))


def _inject_later(pump: Pump, us: int, name: str, parameters: Parameters) -> None:
    pump.schedule(pump.now_us + us, "inject", name=name, **dict(parameters))


def _later(pump: Pump, us: int, act: str, arguments: Parameters) -> None:
    pump.schedule(pump.now_us + us, act, **dict(arguments))


def _clear(pump: Pump, place: int) -> None:
    faults = pump.faults()
    pump.clear(faults[place % len(faults)].handle if faults else 0)


def _mend(pump: Pump) -> None:
    """All that service can do: faults away as far as they go, failures forgotten, a fill, a therapy."""
    for fault in pump.faults():
        do(pump, Act("clear_handle", (fault.handle,)))
    for act in (Act("service_reset"), Act("wait", (5 * US_PER_S,)), Act("needle", (None, 10 * ML, WEAK)), Act("refill", (10 * ML,))):
        do(pump, act)
    do(pump, Act("commit", (simple(20_000, concentration=WEAK),)))


ACTS: dict[str, Callable[..., object]] = {
    "commit": lambda pump, therapy, overrides=(): pump.commit(therapy, overrides=overrides),
    "bolus": _bolus,
    "dose": _dose,
    "stop": Pump.stop,
    "start": Pump.start,
    "refill": _refill,
    "begin_update": lambda pump, interrupt: pump.begin_update(interrupt=interrupt),
    "drop_update": lambda pump, expired=False: pump.drop_update(expired),
    "set_clock": lambda pump, ahead_us: pump.set_clock(pump.status().clock_us + ahead_us),
    "silence": Pump.silence,
    "acknowledge": Pump.acknowledge,
    "alarm_test": Pump.alarm_test,
    "end_silences": Pump.end_silences,
    "interrogated": Pump.interrogated,
    "refused_patient": Pump.count_patient_refusal,
    "note": Pump.note,
    "service_reset": Pump.service_reset,
    "needle": _needle,
    "rinse": lambda pump, volume_nl, turns: pump.rinse(volume_nl=volume_nl, turns=turns),
    "side_port": _side_port,
    "magnet": Pump.magnet,
    "inject": _inject,
    "clear": _clear,
    "clear_handle": Pump.clear,
    "power_cut": lambda pump, after, off_us: pump.power_cut(after_bytes=after, off_us=off_us),
    "reset": Pump.reset,
    "inject_later": _inject_later,
    "later": _later,
    "mend": _mend,
    "wait": lambda pump, us: pump.advance(us=us),
}
FRONT = frozenset(
    (
        "commit",
        "bolus",
        "dose",
        "stop",
        "start",
        "refill",
        "begin_update",
        "drop_update",
        "set_clock",
        "silence",
        "acknowledge",
        "alarm_test",
        "end_silences",
        "interrogated",
    )
)
"""Acts that come through the front door: the pump may refuse them, and is then as it was."""


def do(pump: Pump, act: Act) -> str:
    """Do one act; what a pump or a bench may say no with becomes a word, anything else is a bug and comes out."""
    try:
        ACTS[act.name](pump, *act.arguments)
    except Refused as refused:
        return refused.code
    except Busy:
        return "BUSY"
    except BenchRefused:
        return "BENCH"
    except LimitExceeded:
        return "LIMIT"
    except PowerOff:
        return "OFF"
    except PowerCut:
        return "CUT"
    return "OK"


def take(pump: Pump, walk: Walk) -> list[str]:
    """Take a walk; returns what became of each act."""
    said = []
    for act, us in walk:
        said.append(do(pump, act))
        pump.advance(us=us)
    return said


# -- what is drawn ---------------------------------------------------------------------------------------------------------------


def _drawn_commit(draws: Draws) -> Act:
    saline = draws.whole(0, 7) == 7
    therapy = drawn_therapy(draws, draws.pick((HIGHEST_NL_PER_H, HIGHEST_NL_PER_H, DEVICE_NL_PER_H)), 0 if saline else WEAK)
    if not saline and draws.whole(0, 2) == 2:
        therapy = therapy._replace(patient=(FOR_THE_PATIENT,))
    rules = draws.pick((overrides_for(therapy), overrides_for(therapy), (), (1,)))
    return Act("commit", (therapy, rules) if rules else (therapy,))


def _drawn_bolus(draws: Draws) -> Act:
    if draws.whole(0, 1):
        return Act("bolus", big_bolus(draws.whole(120, 7_200)))
    volume_nl = draws.whole(MINIMUM_NL_PER_H // WHOLE_NL + 1, HIGHEST_NL_PER_H // WHOLE_NL) * WHOLE_NL
    return Act("bolus", (volume_nl, draws.whole(60, 10_800)))


def _drawn_refill(draws: Draws) -> Act:
    return Act("refill", (draws.whole(0, 40 * ML), 0 if draws.whole(0, 7) == 7 else WEAK))


def _drawn_needle(draws: Draws) -> Act:
    withdraw_nl = draws.whole(0, ML) if draws.whole(0, 1) else None
    return Act("needle", (withdraw_nl, draws.whole(0, 20 * ML), draws.whole(0, 10**7)))


def _drawn_side_port(draws: Draws) -> Act:
    aspirate_nl = draws.pick((0, draws.whole(0, ML)))
    return Act("side_port", (aspirate_nl, draws.pick((0, draws.whole(0, ML))), draws.whole(0, 10**7)))


def _drawn_cut(draws: Draws) -> Act:
    after = draws.whole(0, 600) if draws.whole(0, 2) else None
    return Act("power_cut", (after, drawn_wait(draws, US_PER_H)))


def _drawn_later(draws: Draws) -> Act:
    later: tuple[tuple[str, Parameters], ...] = (
        ("reset", ()),
        ("power_cut", (("off_us", US_PER_H),)),
        ("needle", (("inject_nl", ML), ("concentration_ng_per_ml", WEAK))),
        ("side_port", (("aspirate_nl", ML),)),
        ("clear", (("handle", draws.whole(1, 50)),)),
        ("magnet", (("held", True),)),
    )
    return Act("later", (draws.whole(0, 10 * US_PER_H), *draws.pick(later)))


def _drawn_dose(draws: Draws) -> Act:
    bridge = ("bridge", draws.whole(250, ML), draws.whole(2_000, 300_000))
    return Act("dose", draws.pick((("patient_bolus",), ("prime", draws.whole(0, ML)), bridge)))


Rule = Callable[[Draws], Act]
FRONT_RULES: dict[str, Rule] = {
    "commit": _drawn_commit,
    "bolus": _drawn_bolus,
    "dose": _drawn_dose,
    "refill": _drawn_refill,
    "begin_update": lambda draws: Act("begin_update", (bool(draws.whole(0, 1)),)),
    "drop_update": lambda draws: Act("drop_update", (bool(draws.whole(0, 1)),)),
    "set_clock": lambda draws: Act("set_clock", (draws.whole(-3 * US_PER_DAY, 3 * US_PER_DAY),)),
    "silence": lambda draws: Act("silence", (draws.pick(CAUSES),)),
    "acknowledge": lambda draws: Act("acknowledge", (draws.pick(CAUSES),)),
    "plain": lambda draws: Act(draws.pick(("start", "start", "stop", "alarm_test", "end_silences", "interrogated"))),
}
BENCH_RULES: dict[str, Rule] = {
    "needle": _drawn_needle,
    "rinse": lambda draws: Act("rinse", (draws.whole(0, 41 * ML), draws.whole(1, 4))),
    "side_port": _drawn_side_port,
    "magnet": lambda draws: Act("magnet", (bool(draws.whole(0, 1)),)),
    "inject": lambda draws: Act("inject", drawn_fault(draws)),
    "inject_later": lambda draws: Act("inject_later", (draws.whole(0, 10 * US_PER_H), *drawn_fault(draws))),
    "flip": lambda draws: Act("inject", ("memory.bit_flip", drawn_values(draws, FAULTS["memory.bit_flip"]))),
    "clear": lambda draws: Act("clear", (draws.whole(0, 9),)),
    "power_cut": _drawn_cut,
    "later": _drawn_later,
    "reset": lambda draws: Act("reset"),
}
SERVICE_RULES: dict[str, Rule] = {
    "note": lambda draws: Act("note", (draws.whole(1, 40), draws.whole(1, 99), draws.whole(0, 3), draws.whole(0, 35))),
    "refused_patient": lambda draws: Act("refused_patient"),
    "service_reset": lambda draws: Act("service_reset"),
    "mend": lambda draws: Act("mend"),
}
RULES: dict[str, Rule] = {**FRONT_RULES, **BENCH_RULES, **SERVICE_RULES}
"""Every rule of a whole-pump walk."""


def drawn_wait(draws: Draws, most: int = 60 * US_PER_DAY) -> int:
    """How long to wait: nothing, an instant, or up to any of several lengths."""
    lengths = (0, 1_000, 10 * US_PER_S, US_PER_H // 6, US_PER_H, 3 * US_PER_H, 12 * US_PER_H, US_PER_DAY, 4 * US_PER_DAY, most)
    longest = draws.pick(lengths)
    return draws.whole(0, min(longest, most))


def _drawn_of(rules: dict[str, Rule]) -> Rule:
    return lambda draws: rules[draws.pick(tuple(rules))](draws)


def front_acts() -> st.SearchStrategy[Act]:
    """Orders to the firmware."""
    return strategy_of(_drawn_of(FRONT_RULES))


def bench_acts() -> st.SearchStrategy[Act]:
    """Needles, faults, power."""
    return strategy_of(_drawn_of(BENCH_RULES))


def waits() -> st.SearchStrategy[int]:
    """How long to wait after an act."""
    return strategy_of(lambda draws: drawn_wait(draws, 4 * US_PER_DAY))


def walks(longest: int = 12, acts: st.SearchStrategy[Act] | None = None) -> st.SearchStrategy[Walk]:
    """A walk of up to so many acts."""
    return st.lists(st.tuples(acts if acts is not None else st.one_of(front_acts(), bench_acts()), waits()), min_size=2, max_size=longest)
