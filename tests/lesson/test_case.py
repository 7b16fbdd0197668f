"""One learner's case: what it keeps, what it hears, and that looking at it is free."""

from __future__ import annotations

import pytest

from hil.lesson.case import Case, opening_of
from hil.lesson.setting import Setting, setting_of
from tests.lesson.runs import MIN, QUIET, H, a_lesson

SEED = 3


@pytest.fixture(scope="module")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """A lesson whose motor has stood for two hours."""
    return setting_of(a_lesson(tmp_path_factory.mktemp("lessons")))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """A lesson whose pump runs."""
    return setting_of(a_lesson(tmp_path_factory.mktemp("lessons"), QUIET))


def begun(setting: Setting) -> Case:
    """A case at the moment at which the learner comes."""
    return Case.of("L1", setting, SEED, opening_of(setting, SEED))


def test_the_lesson_begins_when_the_learner_comes(stalled: Setting) -> None:
    """What happened before is past: time counts from now, nothing of it is news, and the patient has been there since before."""
    case = begun(stalled)

    assert (case.now_us, case.news) == (0, [])
    assert case.patient is not None
    assert case.base_us - case.patient.since_us == 24 * H + 2 * H
    assert case.faults()[0]["name"] == "motor.stall"


def test_the_first_sound_is_new_to_whoever_comes(stalled: Setting) -> None:
    """An alarm that has sounded for an hour is new to the learner when he first hears it; then it is a repeat."""
    case = begun(stalled)

    case.advance_to(25 * MIN)

    sounds = [news for news in case.news if news.kind == "sound"]
    assert [news.data["fresh"] for news in sounds] == [True, False, False]
    assert sounds[0].data["causes"] == ["motor-stall"]


def test_sounds_are_those_of_the_pumps_own_sounder(stalled: Setting) -> None:
    """Number, instants, pattern and tones are what listening to the unit itself gives."""
    case, other = begun(stalled), begun(stalled)

    case.advance_to(3 * H)
    heard = other.unit.listen(3 * H)

    sounds = [news for news in case.news if news.kind == "sound"]
    assert [news.data["pattern"] for news in sounds] == [sound.pattern for sound in heard]
    assert [news.data["tones"] for news in sounds] == [[[tone.hz, tone.ms] for tone in sound.tones] for sound in heard]
    assert [news.at_us + case.base_us for news in sounds] == [other.unit.pump.true_us_of(sound.began_us) for sound in heard]


def test_an_image_brings_back_everything(quiet: Setting) -> None:
    """Pump, patient, needle, what waits to come: all as it was, and what follows is bit for bit the same."""
    case = begun(quiet)
    case.advance_to(H)
    case.tell_later(5 * H, "later")
    case.tray.needle_in = True
    image = case.image()
    case.advance_to(4 * H)
    once = case.unit.digest(), case.state(), list(case.news)
    case.tray.needle_in = False

    case.restore(image)
    assert (case.now_us, case.tray.needle_in) == (H, True)
    case.advance_to(4 * H)

    assert (case.unit.digest(), case.state(), case.news) == once


def test_the_drawing_adds_up(quiet: Setting) -> None:
    """The pieces of the path are what tubing and catheter hold, and strengths are those of the truth."""
    case = begun(quiet)
    case.unit.pump.needle(withdraw_nl=None, inject_nl=20_000_000, concentration_ng_per_ml=2_000_000)
    case.advance_to(6 * H)

    drawing = case.drawing()

    assert abs(sum(volume for volume, _ in drawing["path"]) - drawing["tubing_nl"] - drawing["catheter_nl"]) <= len(drawing["path"])
    assert len(drawing["path"]) == 2
    assert drawing["reservoir_ng_per_ml"] == case.true().reservoir_concentration_ng_per_ml
    assert 0 < drawing["reservoir_nl"] < drawing["capacity_nl"]


def test_curves_of_the_patient_are_in_the_lessons_time(quiet: Setting) -> None:
    """Columns from before the lesson to now, cut to what there is."""
    case = begun(quiet)
    case.advance_to(2 * H)

    columns = case.patient_columns(30 * MIN, -H, 10 * H)

    assert columns["at_us"] == list(range(-H, 2 * H + 1, 30 * MIN))
    assert len(columns["lumbar_ng_per_ml"]) == len(columns["at_us"])


def test_truth_and_belief_differ_where_the_pump_errs(stalled: Setting) -> None:
    """The pump that counts on while its motor stands believes in less than it holds."""
    case = begun(stalled)
    case.advance_to(6 * H)
    belief = case.belief()

    assert belief is not None
    assert case.truth()["pump"]["reservoir_nl"] > belief["computed_reservoir_nl"]
    assert case.truth()["patient"]["at_us"] == case.unit.now_us


def test_time_does_not_run_back(quiet: Setting) -> None:
    """An instant that is past changes nothing."""
    case = begun(quiet)
    case.advance_to(H)
    before = case.unit.digest()

    case.advance_to(MIN)

    assert (case.now_us, case.unit.digest()) == (H, before)
