"""Therapies that no pump may take: judged by the client before anything is sent, and by the pump when a raw host stages them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from protocol.codec import encode
from protocol.codes import Answer, Mode, Unit
from protocol.errors import Rejected
from protocol.message_table import BY_NAME
from protocol.messages import Begin, Put, Seal
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Group, Step, Therapy
from tests.link.bedside import CONCENTRATION, NEW, OLD, Bedside, simple
from tests.rig.bad_input import Limit, opcodes_heard, refused

R, F, U = RefusalCode, Field, Unit


def dosed(*steps: tuple[int, int, int], weekdays: int = 127) -> Group:
    """A group of (start, end, rate) with the dose that its steps make."""
    dose_ng = sum(rate * max(0, end - start) for start, end, rate in steps) * CONCENTRATION // 60_000_000
    return Group(weekdays, dose_ng, tuple(Step(*step) for step in steps))


def grouped(*groups: Group) -> Therapy:
    """Flex of these groups."""
    return OLD._replace(groups=groups)


DAY = (0, 1440, 8_000)
MADE_NG = simple(8_000).groups[0].daily_dose_ng

BAD: dict[str, tuple[Therapy, Limit]] = {
    "rate below the range": (simple(1_999), Limit(R.RANGE, F.RATE, 1_999, 2_000, U.NL_PER_H)),
    "rate above the range": (simple(1_000_001), Limit(R.RANGE, F.RATE, 1_000_001, 1_000_000, U.NL_PER_H)),
    "rate of zero": (simple(0), Limit(R.RANGE, F.RATE, 0, 2_000, U.NL_PER_H)),
    "rate just above the minimum rate": (simple(251), Limit(R.RANGE, F.RATE, 251, 2_000, U.NL_PER_H)),
    "dose above the drug's limit": (simple(400_000), Limit(R.RANGE, F.DAILY_DOSE, 4_800_000, 4_000_000, U.NG)),
    "dose that its rates do not make": (
        grouped(dosed(DAY)._replace(daily_dose_ng=MADE_NG + 13)),
        Limit(R.UNIT_MISMATCH, F.DAILY_DOSE, MADE_NG + 13, MADE_NG, U.NG),
    ),
    "concentration below the drug's range": (
        simple(8_000, 49_999),
        Limit(R.RANGE, F.CONCENTRATION, 49_999, 50_000, U.NG_PER_ML),
    ),
    "concentration above the drug's range": (
        simple(8_000, 4_000_001),
        Limit(R.RANGE, F.CONCENTRATION, 4_000_001, 4_000_000, U.NG_PER_ML),
    ),
    "concentration other than the fill's": (
        simple(8_000, 2 * CONCENTRATION),
        Limit(R.UNIT_MISMATCH, F.CONCENTRATION, 2 * CONCENTRATION, CONCENTRATION, U.NG_PER_ML),
    ),
    "low-reservoir level too low": (
        OLD._replace(low_reservoir_nl=999_999),
        Limit(R.RANGE, F.LOW_RESERVOIR, 999_999, 1_000_000, U.NL),
    ),
    "low-reservoir level too high": (
        OLD._replace(low_reservoir_nl=20_000_001),
        Limit(R.RANGE, F.LOW_RESERVOIR, 20_000_001, 20_000_000, U.NL),
    ),
    "critical repeat too short": (OLD._replace(critical_repeat_s=599), Limit(R.RANGE, F.CRITICAL_REPEAT, 599, 600, U.S)),
    "non-critical repeat too long": (
        OLD._replace(non_critical_repeat_s=86_401),
        Limit(R.RANGE, F.NON_CRITICAL_REPEAT, 86_401, 86_400, U.S),
    ),
    "steps that overlap": (
        grouped(dosed((0, 700, 8_000), (600, 1440, 9_000))),
        Limit(R.SCHEDULE_OVERLAP, F.START_MINUTE, 600, 700, U.MIN),
    ),
    "steps that leave a gap": (
        grouped(dosed((0, 600, 8_000), (700, 1440, 9_000))),
        Limit(R.SCHEDULE_GAP, F.START_MINUTE, 700, 600, U.MIN),
    ),
    "day that does not begin at midnight": (grouped(dosed((1, 1440, 8_000))), Limit(R.SCHEDULE_GAP, F.START_MINUTE, 1, 0, U.MIN)),
    "day that ends early": (grouped(dosed((0, 1439, 8_000))), Limit(R.SCHEDULE_GAP, F.END_MINUTE, 1439, 1440, U.MIN)),
    "step across midnight": (
        grouped(dosed((0, 600, 8_000), (600, 1441, 9_000))),
        Limit(R.SCHEDULE_MIDNIGHT, F.END_MINUTE, 1441, 1440, U.MIN),
    ),
    "step that ends before it begins": (
        grouped(dosed((0, 600, 8_000), (600, 60, 9_000))),
        Limit(R.SCHEDULE_MIDNIGHT, F.END_MINUTE, 60, 1440, U.MIN),
    ),
    "fourteen steps": (
        grouped(dosed(*((minute, minute + 100, 8_000) for minute in range(0, 1300, 100)), (1300, 1440, 8_000))),
        Limit(R.RANGE, F.STEPS, 14, 13, U.COUNT),
    ),
    "no step": (grouped(Group(127, 0, ())), Limit(R.RANGE, F.STEPS, 0, 1, U.COUNT)),
    "no group": (grouped(), Limit(R.RANGE, F.GROUPS, 0, 1, U.COUNT)),
    "weekday in two groups": (
        grouped(dosed(DAY, weekdays=0b0001111), dosed(DAY, weekdays=0b1111000)),
        Limit(R.WEEKDAY_TWICE, F.WEEKDAYS, 0b0001000, 0),
    ),
    "weekday in no group": (
        grouped(dosed(DAY, weekdays=0b0001111), dosed(DAY, weekdays=0b0110000)),
        Limit(R.WEEKDAY_MISSING, F.WEEKDAYS, 0b0111111, 0b1111111),
    ),
    "eighth weekday": (grouped(dosed(DAY, weekdays=0b11111111)), Limit(R.RANGE, F.WEEKDAYS, 0b11111111, 0b1111111)),
    "unknown drug": (OLD._replace(drug_id=77), Limit(R.UNKNOWN_DRUG, F.DRUG, 77, 0)),
    "unknown version of a drug": (OLD._replace(drug_version=2), Limit(R.UNKNOWN_DRUG, F.DRUG, 1, 0)),
    "unknown mode": (OLD._replace(mode=9), Limit(R.UNKNOWN_MODE, F.MODE, 9, Mode.FLEX)),
    "shelf as a therapy": (OLD._replace(mode=Mode.SHELF), Limit(R.UNKNOWN_MODE, F.MODE, 0, Mode.FLEX)),
}
"""Name, therapy, and what both the client and the pump must say of it."""

every_bad = pytest.mark.parametrize("name", BAD)


@every_bad
def test_client_sends_nothing_of_a_therapy_that_it_can_judge(name: str) -> None:
    """A typing error never stops a pump: the client names field, value, limit and unit, and only reads have gone out."""
    therapy, limit = BAD[name]
    bedside = Bedside.running()
    programmer = bedside.programmer()
    digest = bedside.unit.digest()

    with pytest.raises(Rejected) as rejected:
        programmer.update(therapy)

    error = rejected.value
    assert (error.reason, error.field, error.value, error.limit, error.unit) == (
        limit.code.name,
        limit.field.name,
        limit.value,
        limit.limit,
        limit.unit.name,
    )
    assert BY_NAME["BEGIN"].opcode > max(opcodes_heard(bedside))
    assert bedside.unit.digest() == digest
    assert "\n" not in str(error)


@pytest.mark.pump_requirement("PG-08")
@every_bad
def test_pump_refuses_the_same_at_seal(name: str) -> None:
    """A raw host that stages it all the same is refused with the very same words, and the therapy stays what it was."""
    therapy, limit = BAD[name]
    bedside = Bedside.running()
    programmer = bedside.programmer()
    image = encode(therapy)
    programmer.request("BEGIN", Begin(1, False))
    programmer.request("PUT", Put(0, image))

    said = refused(bedside, programmer, "SEAL", Seal(len(image), hashlib.sha256(image).digest()))

    assert said == limit
    assert bedside.programmer().interrogate().therapy == OLD


@pytest.mark.parametrize("cut", [1, 5, 20, 40])
def test_image_that_is_cut_short_is_malformed(cut: int) -> None:
    """An image that ends in the middle of a field is refused at SEAL, and a whole one can be laid in its place."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    image = encode(NEW)
    short = image[:-cut]
    programmer.request("BEGIN", Begin(1, False))
    programmer.request("PUT", Put(0, short))

    said = refused(bedside, programmer, "SEAL", Seal(len(short), hashlib.sha256(short).digest()))
    programmer.request("PUT", Put(0, image))
    again: Any = programmer.request("SEAL", Seal(len(image), hashlib.sha256(image).digest())).answer

    assert (said.code, said.field, said.value) == (R.MALFORMED, F.LENGTH, len(short))
    assert again is Answer.OK
