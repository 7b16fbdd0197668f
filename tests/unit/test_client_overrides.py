"""The client and the override of a soft limit: judged before BEGIN, carried in COMMIT."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import firmware_sim.limits
from hil import Rig
from hil.clinic.rules.table import rule_set, token_of
from protocol.codes import EventKind, Mode, StatusFlag
from protocol.errors import ProtocolError, Rejected
from protocol.limits import SOFT_DOSE_RULE
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Group, Step, Therapy
from protocol.therapy_check import check_overrides
from tests.support.clinic import identity

SOFT_NG = 1_000_000


def therapy(dose_ng: int) -> Therapy:
    """So much baclofen a day, of 2,000 mcg/mL."""
    rate = dose_ng * 1_000_000 // (24 * 2_000_000)
    return Therapy(Mode.SIMPLE, 1, 1, 2_000_000, 2_000_000, 600, 3_600, (Group(0x7F, dose_ng, (Step(0, 1440, rate),)),))


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A pump that was filled, told so, and runs 900 mcg/day."""
    with Rig.open("pumpsim://itp-40?seed=1") as opened:
        opened.bench.needle(inject_nl=20_000_000, concentration_ng_per_ml=2_000_000)
        opened.programmer.refill(20_000_000, 0, 1, 2_000_000)
        opened.programmer.update(therapy(900_000))
        yield opened


def test_all_three_packages_mean_the_same_rule() -> None:
    """Pump, wire and clinic each name the rule of the soft limit; it is R-033, and its number the label's."""
    soft = rule_set().rules["R-033"].one("soft_ng_per_day")

    assert firmware_sim.limits.SOFT_DOSE_RULE == SOFT_DOSE_RULE == token_of("R-033")
    assert identity().drugs[0].daily_dose_ng_soft == soft == SOFT_NG


@pytest.mark.pump_requirement("PG-09")
@pytest.mark.parametrize(("dose_ng", "overrides", "passes"), [(SOFT_NG, (), True), (SOFT_NG + 1, (), False), (SOFT_NG + 1, (33,), True)])
def test_soft_limit_needs_its_token(dose_ng: int, overrides: tuple[int, ...], passes: bool) -> None:
    """The limit itself passes, a nanogram more needs rule 33; the refusal names rule and limit."""
    if passes:
        check_overrides(therapy(dose_ng), identity(), overrides)
        return
    with pytest.raises(Rejected) as caught:
        check_overrides(therapy(dose_ng), identity(), overrides)

    assert caught.value.refusal[:2] == (RefusalCode.OVERRIDE, Field.OVERRIDES)
    assert (caught.value.refusal.value, caught.value.refusal.limit) == (33, SOFT_NG)


def test_too_many_tokens_are_refused() -> None:
    """Sixteen travel, seventeen do not."""
    check_overrides(therapy(1), identity(), range(16))
    with pytest.raises(Rejected):
        check_overrides(therapy(1), identity(), range(17))


@pytest.mark.pump_requirement("PG-09")
@pytest.mark.parametrize("overrides", [(), (34,), (33, 70_000)], ids=["none", "another", "no token"])
def test_bad_override_never_stops_the_pump(rig: Rig, overrides: tuple[int, ...]) -> None:
    """What the pump would refuse, and what does not fit its field, is found before BEGIN: the pump runs on as it was."""
    before = rig.bench.digest("therapy")
    with pytest.raises((ProtocolError, ValueError)):
        rig.programmer.update(therapy(SOFT_NG + 1_000), overrides=overrides)

    assert rig.bench.digest("therapy") == before
    assert rig.programmer.status().mode == Mode.SIMPLE


@pytest.mark.pump_requirement("PG-09")
def test_tokens_are_logged_one_by_one(rig: Rig) -> None:
    """Each token is a record of its own, and the flag says that the therapy is above its soft limit."""
    rig.programmer.update(therapy(SOFT_NG + 1_000), overrides=(33, 89, 1_001))
    logged = [entry.detail for entry in rig.programmer.read_log() if entry.kind == EventKind.OVERRIDE]

    assert logged == [33, 89, 1_001]
    assert rig.programmer.status().flags & StatusFlag.OVERRIDDEN
