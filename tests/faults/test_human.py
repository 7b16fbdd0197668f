"""Human faults: what each makes of what is meant, how they come and go on the bench, and that the pump has no part in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.bench.replay import replay
from hil.clinic.human import Bolus, Bridge, HumanError, Intent, Prime, Refill, Update, in_force, told
from hil.errors import BenchError
from hil.faults.registry import REGISTRY, check
from hil.faults.script import read_script, script_of
from hil.unit import Unit
from protocol.codes import Mode
from protocol.errors import Rejected
from protocol.therapy import Group, PatientRule, Step, Therapy
from tests.support.bed import RATE, Bed
from tests.support.therapies import BACLOFEN, CONCENTRATION, ML, flex, listed_causes, simple
from tests.support.wards import Ward, update_of

HUMAN = sorted(name for name in REGISTRY if name.startswith("human."))
GIVEN: dict[str, dict[str, int | str]] = {"human.concentration_typed_wrong": {"typed_ng_per_ml": 100_000}}
RULE = PatientRule(20_000, 10_000, 7_200, 21_600, 4, ML)
SIMPLE = Therapy(Mode.SIMPLE, BACLOFEN, 1, CONCENTRATION, 2 * ML, 600, 3_600, (Group(127, 480_000, (Step(0, 1_440, RATE),)),), (RULE,))
MORNING = Group(127, 62_875, (Step(0, 480, 250), Step(480, 540, 120_000), Step(540, 1_440, 250)))
FLEX = SIMPLE._replace(mode=Mode.FLEX, groups=(MORNING,))
PATH_NL, TUBING_NL, OLD_TUBING_NL = 335_800, 140_000, 199_000
INTENTS: tuple[Intent, ...] = (
    Update(SIMPLE),
    Update(FLEX, (33,), plain_rates_nl_per_h=(250,)),
    Bolus(20_000, 10_000, 7_200),
    Bridge(PATH_NL, RATE, TUBING_NL),
    Prime(PATH_NL, TUBING_NL),
    Prime(PATH_NL - TUBING_NL),
    Refill(20 * ML, 0, BACLOFEN, CONCENTRATION),
)


def error(name: str, handle: int = 1, **given: int | str) -> HumanError:
    """A fault in force, defaults filled in."""
    return HumanError(handle, f"human.{name}", check(f"human.{name}", given)[1])


def therapy_told(intent: Intent, *errors: HumanError) -> Therapy:
    """The therapy that the pump is told."""
    said = told(intent, errors).intent
    assert isinstance(said, Update)
    return said.therapy


# -- what is told -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("intent", INTENTS)
def test_without_a_slip_the_pump_is_told_what_is_meant(intent: Intent) -> None:
    """Every act as it is."""
    assert told(intent, ()) == (intent, ())


CHANGED = {
    "human.minutes_for_hours": {0, 1},
    "human.hourly_for_daily": {0, 1},
    "human.bridge_forgotten": {3},
    "human.concentration_typed_wrong": {0, 1, 2, 6},
    "human.update_abandoned": {0, 1},
    "human.old_tubing_constant": {3, 4},
}


@pytest.mark.parametrize("name", HUMAN)
def test_slip_changes_what_it_is_about_and_nothing_else(name: str) -> None:
    """Of seven acts each slip changes those that it can; one that changes nothing is not among those that did."""
    slip = HumanError(1, name, check(name, GIVEN.get(name, {}))[1])
    changed = set()
    for place, intent in enumerate(INTENTS):
        said = told(intent, [slip])
        assert bool(said.by) == (said.intent != intent)
        changed |= {place} if said.by else set()

    assert changed == CHANGED[name]


def test_minutes_for_hours_of_a_lockout_and_of_a_bolus() -> None:
    """Six hours become six minutes; what is not the time typed stays."""
    assert therapy_told(Update(SIMPLE), error("minutes_for_hours")).patient == (RULE._replace(lockout_s=360),)
    assert therapy_told(Update(SIMPLE), error("minutes_for_hours", what="duration")).patient == (RULE._replace(duration_s=120),)
    assert told(Bolus(20_000, 10_000, 7_200), [error("minutes_for_hours", what="duration")]).intent == Bolus(20_000, 10_000, 120)


def test_hourly_for_daily_gives_the_busiest_step_every_hour() -> None:
    """60 mcg from eight to nine become 60 mcg in each hour; a daily dose becomes 24 of it; half an hour's step half its rate."""
    assert therapy_told(Update(FLEX), error("hourly_for_daily")).groups == (Group(127, 1_440_000, (Step(0, 1_440, 120_000),)),)
    assert therapy_told(Update(SIMPLE), error("hourly_for_daily")).groups == (Group(127, 24 * 480_000, (Step(0, 1_440, 24 * RATE),)),)
    half = FLEX._replace(groups=(MORNING._replace(steps=(Step(0, 480, 250), Step(480, 510, 120_000), Step(510, 1_440, 250))),))
    assert therapy_told(Update(half), error("hourly_for_daily")).groups[0].steps == (Step(0, 1_440, 60_000),)


def test_concentration_typed_wrong_keeps_doses_and_changes_volumes() -> None:
    """A fifth of the true strength is typed: five times every volume for the same dose; plain rates stay rates."""
    slip = error("concentration_typed_wrong", typed_ng_per_ml=CONCENTRATION // 5)
    typed = therapy_told(Update(SIMPLE), slip)
    assert typed.concentration_ng_per_ml == CONCENTRATION // 5
    assert typed.groups == (Group(127, 480_000, (Step(0, 1_440, 5 * RATE),)),)
    assert typed.patient == (RULE._replace(volume_nl=100_000, window_nl=5 * ML),)
    steps = therapy_told(Update(FLEX, plain_rates_nl_per_h=(250,)), slip).groups[0].steps
    assert [step.rate_nl_per_h for step in steps] == [250, 600_000, 250]
    assert told(Bolus(20_000, 10_000, 60), [slip]).intent == Bolus(100_000, 10_000, 60)
    assert told(Refill(ML, 0, BACLOFEN, CONCENTRATION), [slip]).intent == Refill(ML, 0, BACLOFEN, CONCENTRATION // 5)


def test_fluid_without_drug_has_no_concentration_to_type_wrong() -> None:
    """Saline is told as saline."""
    slip = error("concentration_typed_wrong", typed_ng_per_ml=100_000)
    saline = (Update(SIMPLE._replace(concentration_ng_per_ml=0)), Bolus(20_000, 0, 60), Refill(ML, 0, 2, 0))

    assert all(told(intent, [slip]) == (intent, ()) for intent in saline)


def test_old_tubing_constant_adds_what_the_tubing_does_not_hold() -> None:
    """59 uL more where the tubing is counted, nothing where it is not."""
    slip = error("old_tubing_constant")

    assert told(Prime(PATH_NL, TUBING_NL), [slip]).intent == Prime(PATH_NL + 59_000, OLD_TUBING_NL)
    assert told(Bridge(PATH_NL, RATE, TUBING_NL), [slip]).intent == Bridge(PATH_NL + 59_000, RATE, OLD_TUBING_NL)
    assert told(Prime(PATH_NL), [slip]).intent == Prime(PATH_NL)


def test_slips_come_on_top_of_each_other_in_their_order() -> None:
    """Two that change a therapy both do; after a bridge that is forgotten there is nothing left to change."""
    both = told(Update(FLEX), [error("hourly_for_daily", 1), error("concentration_typed_wrong", 2, typed_ng_per_ml=1_000_000)])
    assert isinstance(both.intent, Update)
    assert both.intent.therapy.groups[0].steps == (Step(0, 1_440, 60_000),)
    assert [slip.handle for slip in both.by] == [1, 2]
    bridge = told(Bridge(PATH_NL, RATE, TUBING_NL), [error("bridge_forgotten", 1), error("old_tubing_constant", 2)])
    assert (bridge.intent, [slip.handle for slip in bridge.by]) == (None, [1])


# -- on the bench -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bench() -> InProcessBench:
    """A new pump's bench."""
    return InProcessBench(Bench(Unit.new("itp-40", seed=1)))


@pytest.mark.parametrize("name", HUMAN)
def test_pump_has_no_part_in_a_slip(bench: InProcessBench, name: str) -> None:
    """In force or not: truth and belief are the same, and the pump's own list of faults is empty."""
    before = (bench.truth(), bench.status())
    handle = bench.inject(name, **GIVEN.get(name, {}))
    rows = bench.call("faults")

    assert (bench.truth(), bench.status()) == before
    assert [(row["handle"], row["name"]) for row in rows["in_force"]] == [(handle, name)]
    assert [(slip.handle, slip.name) for slip in in_force(bench)] == [(handle, name)]
    bench.clear(handle)
    assert in_force(bench) == ()
    with pytest.raises(BenchError, match="nothing in force"):
        bench.clear(handle)


def test_slip_can_be_planned_like_any_fault(bench: InProcessBench) -> None:
    """At a time, for a while; the plan's handle takes it back, and then it is gone."""
    bench.plan("human.bridge_forgotten", at_us=60_000_000, for_s=60)
    later = bench.plan("human.hourly_for_daily", at_us=60_000_000)
    seen: list[list[str]] = []
    for _ in range(4):
        seen.append([slip.name for slip in in_force(bench)])
        bench.advance(seconds=45)

    assert seen == [[], [], ["human.bridge_forgotten", "human.hourly_for_daily"], ["human.hourly_for_daily"]]
    bench.clear(later)
    assert in_force(bench) == ()


def test_slips_are_in_an_image_and_in_a_script(bench: InProcessBench) -> None:
    """A restored unit has them with their handles; a script of the run puts them in force again."""
    handle = bench.inject("human.old_tubing_constant", typed_nl=150_000)
    image = bench.save()
    bench.clear(handle)
    bench.restore(image)
    assert [(slip.handle, slip.parameters["typed_nl"]) for slip in in_force(bench)] == [(handle, 150_000)]

    other = Bench(Unit.new("itp-40", seed=1))
    other.call("inject", {"fault": "human.old_tubing_constant"})
    other.call("advance", {"hours": 1})
    assert replay(read_script(script_of(other.unit).json_lines())) == other.unit.digest()


def test_slips_do_not_fill_up_without_end(bench: InProcessBench) -> None:
    """A rig that forgets to clear is told."""
    for _ in range(256):
        bench.inject("human.bridge_forgotten")
    with pytest.raises(BenchError, match="256"):
        bench.inject("human.bridge_forgotten")


@pytest.mark.parametrize(
    "name, given, says",
    [
        ("human.bridge_forgoten", {}, "did you mean human.bridge_forgotten"),
        ("human.concentration_typed_wrong", {}, "typed_ng_per_ml"),
        ("human.concentration_typed_wrong", {"typed_ng_per_ml": 0}, "1 to"),
        ("human.minutes_for_hours", {"what": "rate"}, "lockout"),
        ("human.update_abandoned", {"after": "commit"}, "begin, put, seal"),
        ("human.hourly_for_daily", {"acts": "twice"}, "once"),
    ],
)
def test_slip_that_cannot_be_meant_is_refused(bench: InProcessBench, name: str, given: dict[str, Any], says: str) -> None:
    """As for every fault: what is wrong, and what would be right."""
    with pytest.raises(BenchError, match=says):
        bench.inject(name, **given)


# -- over the wire ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ward() -> Iterator[Ward]:
    """A settled pump with a programmer."""
    with Ward(Bed()) as opened:
        yield opened


def test_slip_that_acts_once_is_over_when_it_has_changed_something(ward: Ward) -> None:
    """It waits for the act it is about; one until cleared goes on."""
    once = ward.bench.inject("human.minutes_for_hours")
    stays = ward.bench.inject("human.old_tubing_constant")
    ward.programme(update_of(simple(RATE)))
    assert [slip.handle for slip in in_force(ward.bench)] == [once, stays]

    said = ward.programme(Update(SIMPLE))

    assert [slip.handle for slip in said.by] == [once]
    assert [slip.handle for slip in in_force(ward.bench)] == [stays]
    prescription = ward.bed.pump.status().prescription
    assert prescription is not None
    assert prescription.patient[0].lockout_s == 360
    ward.programme(Update(SIMPLE))
    assert ward.bed.pump.status().prescription != prescription


def test_slip_that_the_pump_refuses_is_over_too(ward: Ward) -> None:
    """Two hours become two minutes, less than the pump allows: nothing is changed, and at the second try it is typed right."""
    short = Update(SIMPLE._replace(patient=(RULE._replace(lockout_s=7_200),)))
    ward.bench.inject("human.minutes_for_hours")
    before = ward.bed.pump.status().generation
    with pytest.raises(Rejected):
        ward.programme(short)
    assert ward.bed.pump.status().generation == before

    ward.programme(short)
    assert ward.bed.pump.status().generation == before + 1


@pytest.mark.parametrize("after", ["begin", "put", "seal"])
def test_update_that_is_abandoned_leaves_the_old_therapy_and_a_stopped_pump(ward: Ward, after: str) -> None:
    """Whatever the last message was: stopped at once, lapsed later, never committed; nobody is told why."""
    before = ward.bed.pump.status()
    ward.bench.inject("human.update_abandoned", after=after)
    ward.programme(update_of(flex()))
    ward.bench.advance(hours=1)
    now = ward.bed.pump.status()

    assert (now.mode, now.generation, now.prescription) == ("stopped", before.generation, before.prescription)
    assert listed_causes(ward.bed.pump) == []
    assert in_force(ward.bench) == ()


def test_all_acts_reach_the_pump(ward: Ward) -> None:
    """Without a slip: update, refill, bolus, bridge and prime are what the pump then tells."""
    ward.programme(update_of(simple(2 * RATE)))
    ward.programme(Refill(15 * ML, 4 * ML, BACLOFEN, CONCENTRATION))
    status = ward.bed.pump.status()
    assert (status.rate_nl_per_h, status.computed_reservoir_nl) == (2 * RATE, 15 * ML)
    for intent in (Bolus(20_000, 10_000, 600), Bridge(PATH_NL, RATE), Prime(PATH_NL)):
        if isinstance(intent, Prime):
            ward.programmer.stop()
        ward.programme(intent)
        bolus = ward.bed.pump.status().bolus
        assert bolus is not None
        assert bolus.programmed_nl == intent.volume_nl
        ward.bench.advance(days=1)
