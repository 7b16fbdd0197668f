"""Examinations through the bench: what they do to pump and patient, what they return, and that a run with them can be done again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.bench.replay import replay
from hil.clinic.diagnostics.bedside import PumpBedside
from hil.clinic.diagnostics.numbers import number
from hil.clinic.diagnostics.rotor import RotorImage, check_bolus, rotor_image, rotor_study, turned
from hil.clinic.diagnostics.side_port import catheter_nl
from hil.errors import BenchError
from hil.faults.script import read_script, script_of
from hil.rig import Rig
from hil.unit import Unit
from tests.rig.serving import CONCENTRATION, FILL_NL, PROGRAMMER, filled

CATHETER_NL = 195_800
"""89 cm at 0.0022 mL/cm."""
SETTLE_H = 48
"""The path of 0.336 mL at 10 uL/h takes 34 h."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A pump on 120 mcg a day whose catheter is full of drug."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as opened:
        filled(opened)
        opened.bench.advance(hours=SETTLE_H)
        yield opened


def flowing(rig: Rig, what: str, **args: int) -> dict[str, Any]:
    """An examination with the first draw number at which the tap is not dry."""
    for draw in range(20):
        image = rig.bench.save()
        found = rig.bench.diagnose(what, draw=draw, **args)
        if "dry" not in found["says"]:
            return found
        rig.bench.restore(image)
    raise AssertionError("twenty dry taps of a sound catheter")


# -- side port and contrast ---------------------------------------------------------------------------------------------------------


def test_aspirating_takes_the_drug_out_of_the_catheter(rig: Rig) -> None:
    """Two millilitres come, the catheter's drug in them; the tip then gives none, and nobody is given anything."""
    before = rig.bench.truth()
    tap = flowing(rig, "side_port")
    after = rig.bench.truth()

    assert tap["aspirated_nl"] == number("side_port", "usual_nl")
    held_ng = CATHETER_NL * before["tip_concentration_ng_per_ml"] / 1_000_000
    told_ng = tap["sample"]["laboratory_ng_per_ml"] * tap["sample"]["volume_nl"] / 1_000_000
    assert told_ng == pytest.approx(held_ng, rel=0.15)
    assert tap["sample"]["told_after_s"] == 86_400
    assert after["tip_concentration_ng_per_ml"] == 0
    assert after["delivered_ng"] == before["delivered_ng"]
    assert any("no drug" in warning for warning in tap["warnings"])


def test_laboratory_tells_another_drug_level_than_the_true_one(rig: Rig) -> None:
    """A measured concentration is off by some percent, either way, over draws."""
    image, told = rig.bench.save(), []
    for draw in range(60):
        rig.bench.restore(image)
        tap = rig.bench.diagnose("side_port", aspirate_nl=100_000, draw=draw)
        if not tap["dry"]:
            told.append(tap["sample"]["laboratory_ng_per_ml"])
            assert any("drug is left" in warning for warning in tap["warnings"])

    rig.bench.restore(image)
    level = rig.bench.truth()["tip_concentration_ng_per_ml"]
    assert min(told) < level < max(told)
    assert all(told_level == pytest.approx(level, rel=0.16) for told_level in told)


def test_dry_tap_changes_nothing(rig: Rig) -> None:
    """A catheter that is blocked: no fluid, no sample, the same digest."""
    rig.bench.inject("catheter.occlusion", fraction_ppm=1_000_000)
    before = rig.bench.digest()
    tap = rig.bench.diagnose("side_port")

    assert tap == {"dry": True, "aspirated_nl": 0, "sample": None, "warnings": [], "says": "dry tap: nothing can be drawn"}
    assert rig.bench.digest() == before


def test_contrast_without_aspirating_gives_what_the_catheter_holds(rig: Rig) -> None:
    """Nearly 100 mcg of 500 mcg/mL at once; the study says so, and that the catheter has no drug left."""
    before = rig.bench.truth()
    study = rig.bench.diagnose("contrast")
    after = rig.bench.truth()

    given_ng = after["delivered_ng"] - before["delivered_ng"]
    assert given_ng == pytest.approx(CATHETER_NL * before["tip_concentration_ng_per_ml"] / 1_000_000, abs=2)
    assert given_ng > 80_000
    assert after["tip_concentration_ng_per_ml"] == 0
    assert study["made"]
    assert [("overdose" in warning, "no drug" in warning) for warning in study["warnings"]] == [(True, False), (False, True)]


def test_contrast_after_aspirating_gives_nothing(rig: Rig) -> None:
    """Aspirated by more than the catheter holds: what contrast pushes out is CSF."""
    before = rig.bench.truth()
    study = flowing(rig, "contrast", aspirate_nl=2_000_000)

    assert study["made"]
    assert study["aspirated_nl"] == 2_000_000
    assert not any("overdose" in warning for warning in study["warnings"])
    assert rig.bench.truth()["delivered_ng"] == before["delivered_ng"]


def test_contrast_after_aspirating_too_little_gives_the_rest(rig: Rig) -> None:
    """A quarter is drawn: the rest is given, and the study warns."""
    before = rig.bench.truth()
    study = flowing(rig, "contrast", aspirate_nl=CATHETER_NL // 4)

    given_ng = rig.bench.truth()["delivered_ng"] - before["delivered_ng"]
    assert given_ng == pytest.approx(CATHETER_NL * 3 / 4 * before["tip_concentration_ng_per_ml"] / 1_000_000, rel=0.01)
    assert any("rest of its drug" in warning for warning in study["warnings"])


def test_dry_tap_ends_a_contrast_study(rig: Rig) -> None:
    """Who aspirates first and finds it dry gives no contrast; who does not finds that it cannot be pushed."""
    rig.bench.inject("catheter.occlusion", fraction_ppm=1_000_000)
    before = rig.bench.truth()["balance"]
    after_tap = rig.bench.diagnose("contrast", aspirate_nl=2_000_000)
    pushed = rig.bench.diagnose("contrast")

    assert (after_tap["made"], after_tap["abnormal"], after_tap["injected_nl"]) == (False, False, 0)
    assert (pushed["made"], pushed["abnormal"], pushed["injected_nl"]) == (True, True, 0)
    assert rig.bench.truth()["balance"] == before


def test_looks_change_nothing(rig: Rig) -> None:
    """A film, a rotor's image and an isotope study leave the digest as it is."""
    before = rig.bench.digest()
    for what in ("xray", "rotor", "isotope"):
        rig.bench.diagnose(what)

    assert rig.bench.digest() == before


# -- rotor --------------------------------------------------------------------------------------------------------------------------


def study_of(rig: Rig) -> tuple[int, bool]:
    """A rotor study with a bolus over the wire: how far it turned, and whether it did."""

    def image() -> RotorImage:
        return RotorImage(**rig.bench.diagnose("rotor"))

    def bolus() -> None:
        asked = check_bolus()
        rig.programmer.bolus(asked.volume_nl, asked.volume_nl * CONCENTRATION // 1_000_000, asked.duration_s)
        rig.bench.advance(seconds=asked.duration_s)

    study = rotor_study(image, bolus)
    return study.turned_mdeg, study.turns


def test_check_bolus_turns_the_rotor_by_60_degrees(rig: Rig) -> None:
    """A BOLUS command of ten steps, an image before and after: 60 degrees and what basal adds, within what images can be read to."""
    basal_mdeg = 10_000 * 60 // 3_600 * number("rotor", "turn_mdeg") // number("rotor", "check_bolus_nl")
    for _ in range(10):
        turn_mdeg, turns = study_of(rig)

        assert turns
        assert turn_mdeg == pytest.approx(60_000 + basal_mdeg, abs=2 * number("rotor", "reading_off_mdeg_max") + 6_000)
        rig.bench.advance(minutes=7)


def test_rotor_that_stands_does_not_turn(rig: Rig) -> None:
    """In a stall the pump takes the bolus, and the images show the same angle, but for how they are read."""
    rig.bench.inject("motor.stall")
    for _ in range(10):
        turn_mdeg, turns = study_of(rig)

        assert not turns
        assert abs(turn_mdeg) <= 2 * number("rotor", "reading_off_mdeg_max")
        rig.bench.advance(us=1_000_000)


@pytest.mark.parametrize("fault", ["catheter.disconnection", "reservoir.no_propellant"])
def test_rotor_that_turns_says_nothing_of_what_it_moves(rig: Rig, fault: str) -> None:
    """A rotor study is normal whatever becomes of the fluid."""
    rig.bench.inject(fault, **({"loss_ppm": 900_000} if "propellant" in fault else {}))

    assert study_of(rig)[1]


def test_more_than_a_turn_cannot_be_told_from_less() -> None:
    """Angles are within a turn: six check boluses look like none."""
    assert turned(10_000, 70_000).turned_mdeg == 60_000
    assert turned(350_000, 50_000).turned_mdeg == 60_000
    assert turned(10_000, 10_000 + 6 * 60_000 - 360_000).turns is False
    assert turned(5_000, 355_000).turned_mdeg == -10_000


# -- reservoir ----------------------------------------------------------------------------------------------------------------------


def test_reservoir_as_computed_is_expected(rig: Rig) -> None:
    """After two days all is there but what was given; the syringe is read to a tenth of a millilitre."""
    computed_nl = rig.bench.status()["computed_reservoir_nl"]
    found = rig.bench.diagnose("reservoir", put_back=True)

    assert found["computed_nl"] == computed_nl
    assert found["withdrawn_nl"] % 100_000 == 0
    assert found["withdrawn_nl"] == pytest.approx(computed_nl, abs=150_000)
    assert not found["unexpected"]
    assert found["put_back_nl"] == found["withdrawn_nl"]
    assert rig.bench.truth()["reservoir_nl"] == pytest.approx(computed_nl, abs=50_000)


def test_reservoir_behind_a_blocked_catheter_holds_more_than_computed(rig: Rig) -> None:
    """Blocked for two months: far more is drawn than the pump believes to be there, and then it is empty."""
    rig.bench.inject("catheter.occlusion", fraction_ppm=1_000_000)
    rig.bench.advance(days=60)
    found = rig.bench.diagnose("reservoir")

    assert found["unexpected"]
    assert found["difference_nl"] == pytest.approx(60 * 24 * 10_000, abs=100_000)
    assert "too little" in found["says"]
    assert rig.bench.truth()["reservoir_nl"] == 0


def test_reservoir_of_an_over_infusing_pump_holds_less(rig: Rig) -> None:
    """Nearly twice the rate for a month: the pump has noticed nothing, the syringe tells."""
    rig.bench.inject("motor.over_infusion", excess_ppm=800_000)
    rig.bench.advance(days=30)
    found = rig.bench.diagnose("reservoir")

    assert found["unexpected"]
    assert found["difference_nl"] < -5_000_000
    assert "too much" in found["says"]


def test_pump_that_tells_nothing_leaves_nothing_to_compare(rig: Rig) -> None:
    """Without power, and in a pump without electronics, there is a volume and no verdict."""
    rig.bench.power_cut(off_s=3_600)
    found = rig.bench.diagnose("reservoir", put_back=True)

    assert (found["computed_nl"], found["difference_nl"], found["unexpected"]) == (None, None, False)
    assert found["withdrawn_nl"] > 19_000_000
    gas = InProcessBench(Bench(Unit.new("cf-16")))
    assert gas.diagnose("reservoir")["computed_nl"] is None


# -- alarms -------------------------------------------------------------------------------------------------------------------------


def test_listening_for_an_hour_tells_the_class_and_no_cause(rig: Rig) -> None:
    """A stall sounds every ten minutes in two tones; what is heard, and how long into the hour, is all that is told."""
    assert rig.bench.diagnose("alarms", duration_s=3_600)["says"] == "nothing was heard"
    rig.bench.inject("motor.stall")
    rig.bench.advance(hours=2)
    before_us = rig.bench.now_us()
    found = rig.bench.diagnose("alarms", duration_s=3_600)

    assert rig.bench.now_us() - before_us == 3_600_000_000
    assert {sound["pattern"] for sound in found["heard"]} == {"two-tone"}
    assert {later["after_s"] - sooner["after_s"] for sooner, later in zip(found["heard"], found["heard"][1:], strict=False)} <= {600, 1_200}
    assert 4 <= len(found["heard"]) <= 6
    assert "stall" not in json.dumps(found)


# -- the verb -----------------------------------------------------------------------------------------------------------------------


def examined(rig: Rig) -> list[dict[str, Any]]:
    """Every examination once, with time between."""
    rig.bench.inject("catheter.fracture", at_mm=500)
    done = []
    extra: dict[str, dict[str, int]] = {
        "contrast": {"contrast_nl": 1_500_000},
        "reservoir": {"put_back": True},
        "alarms": {"duration_s": 900},
    }
    for what in ("xray", "rotor", "side_port", "isotope", "contrast", "reservoir", "alarms"):
        args = extra.get(what, {})
        done.append(rig.bench.diagnose(what, **args))
        rig.bench.advance(minutes=11)
    return done


def test_results_are_plain_data(rig: Rig) -> None:
    """All of them are JSON, and each says in words what is seen."""
    for found in examined(rig):
        assert json.loads(json.dumps(found)) == found
        assert found["says"]


def test_pump_of_the_same_seed_shows_the_same(rig: Rig) -> None:
    """The same run on another pump of this seed: every examination the same; of another seed: not all."""
    done = examined(rig)
    others = []
    for seed in (1, 2):
        with Rig.open(f"pumpsim://itp-40?seed={seed}", programmer=PROGRAMMER) as other:
            filled(other)
            other.bench.advance(hours=SETTLE_H)
            others.append(examined(other))

    assert others[0] == done
    assert others[1] != done


def test_script_of_a_run_with_examinations_does_it_again() -> None:
    """Their acts are in it as acts of the bench, their time once, and the digest is the same."""
    bench = Bench(Unit.new("itp-40", seed=9))
    bench.call("needle", {"inject_nl": FILL_NL, "concentration_ng_per_ml": CONCENTRATION})
    for what, args in (("reservoir", {"put_back": True}), ("alarms", {"duration_s": 500}), ("contrast", {}), ("xray", {})):
        bench.call("diagnose", {"what": what, **args})
        bench.call("advance", {"minutes": 5})
    script = script_of(bench.unit)

    assert "diagnose" not in {verb for verb, _ in script.steps}
    assert replay(read_script(script.json_lines())) == bench.unit.digest()


class _Journal:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.acts: list[tuple[int, str, dict[str, Any]]] = []
        self.marks: list[int] = []

    def act(self, at_us: int, verb: str, args: Any) -> None:
        """An act is about to be done."""
        self.acts.append((at_us, verb, dict(args)))

    def mark(self, at_us: int) -> None:
        """Time has passed."""
        self.marks.append(at_us)

    def renew(self) -> None:
        """Another unit."""

    def renew_if_long(self) -> None:
        """A good moment."""


def test_journal_holds_the_acts_of_examinations() -> None:
    """Replayed act by act, another bench comes to the same digest."""
    journal = _Journal()
    bench = Bench(Unit.new("itp-40", seed=9), journal=journal)
    bench.call("needle", {"inject_nl": FILL_NL, "concentration_ng_per_ml": CONCENTRATION})
    for what, args in (("alarms", {"duration_s": 500}), ("reservoir", {}), ("contrast", {"aspirate_nl": 1}), ("rotor", {})):
        bench.call("diagnose", {"what": what, **args})
    again = Bench(Unit.new("itp-40", seed=9))
    for at_us, verb, args in journal.acts:
        again.unit.advance_to(at_us)
        again.replay(verb, args)
    again.unit.advance_to(journal.marks[-1])

    assert again.unit.digest() == bench.unit.digest()


@pytest.mark.parametrize(
    "args, says",
    [
        ({}, "field required"),
        ({"what": "mri"}, "xray"),
        ({"what": "xray", "aspirate_nl": 5}, "xray takes draw"),
        ({"what": "alarms"}, "duration_s"),
        ({"what": "alarms", "duration_s": 604_801}, "604800"),
        ({"what": "side_port", "aspirate_nl": -1}, "greater than or equal to 0"),
        ({"what": "contrast", "contrast_nl": 0}, "greater than or equal to 1"),
        ({"what": "reservoir", "put_back": 1}, "boolean"),
        ({"what": "rotor", "draw": -1}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_changes(args: dict[str, Any], says: str) -> None:
    """The error names what is wrong; no fluid has moved and no time has passed."""
    bench = Bench(Unit.new("itp-40"))
    before = bench.unit.digest()
    with pytest.raises(BenchError) as caught:
        bench.call("diagnose", args)

    assert says in str(caught.value)
    assert bench.unit.digest() == before


def test_bare_pump_is_examined_like_one_on_a_bench() -> None:
    """The same seed and instant: one image of the rotor, one volume of the catheter."""
    unit = Unit.new("itp-40", seed=3)

    assert rotor_image(PumpBedside(unit.pump)).angle_mdeg == InProcessBench(Bench(unit)).diagnose("rotor")["angle_mdeg"]
    assert catheter_nl(unit.pump) == CATHETER_NL
