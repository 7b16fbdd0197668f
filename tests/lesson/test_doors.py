"""The doors: what is typed is read strictly, what is done reaches the pump over frames, and what is seen is what a person sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hil.lesson import say
from hil.lesson.doors import DOORS, GROUPS, is_open
from hil.lesson.entries import INSTRUCTOR
from hil.lesson.run import LessonRun
from hil.lesson.talk import FRAMES_MAX
from tests.lesson.runs import MIN, QUIET, H, a_run, done, found, last, refused, therapy

BAD_NUMBERS = ("", " ", "abc", ".5", "5.", "1,5", "1e3", "-1", "+1", "00.5", "1..2", "1,00", "2 3", "½", "１", "0x10", "1_000", "∞")
FIELDS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("bolus", "dose", "mcg", {"over": "10 min"}),
    ("prime", "volume", "mL", {}),
    ("withdraw", "volume", "mL", {}),
    ("fill", "concentration", "mcg/mL", {"volume": "1 mL", "drug": "baclofen"}),
    ("tell-refill", "withdrawn", "mL", {"volume": "20 mL", "drug": "baclofen", "concentration": "500 mcg/mL"}),
    ("review", "daily-dose", "mcg/day", therapy(daily_dose=None)),
    ("side-port", "draw", "mL", {}),
    ("treat", "dose", "mg", {"treatment": "enteral-baclofen"}),
)
"""Acts with one of their arguments, the unit it needs, and the others."""
REFILL = {"volume": "20 mL", "withdrawn": "20 mL", "drug": "baclofen", "concentration": "500 mcg/mL"}


@pytest.fixture
def quiet(tmp_path: Path) -> tuple[LessonRun, str]:
    """A run whose pump works as it should."""
    return a_run(tmp_path, QUIET)


# ---------------------------------------------------------------- the table


def test_every_door_can_be_drawn() -> None:
    """Each has a group of the page, words for its button and its log, and arguments with a label; choices are texts."""
    for act, door in DOORS.items():
        assert door.act == act
        assert door.group in GROUPS
        assert door.label[0].isupper()
        assert door.past[0].islower()
        for argument in door.arguments:
            assert argument.label
            assert all(isinstance(choice, str) for choice in argument.choices)


def test_a_lesson_shuts_doors(tmp_path: Path) -> None:
    """Where a lesson names what is allowed, the rest is refused; to think and to finish never is."""
    run, ana = a_run(tmp_path, {"lesson.yaml": ("diagnoses: [stall", "allowed: [programmer, measure]\ndiagnoses: [stall")})

    assert "not at hand" in refused(run, ana, "xray")["what"]
    assert "not at hand" in refused(run, ana, "ask")["what"]
    done(run, ana, "interrogate")
    done(run, ana, "measure", what="look")
    done(run, ana, "think", diagnosis="stall", sure="50 %")
    assert [door.act for door in DOORS.values() if is_open(door, frozenset({"measure"}))] == [
        "measure", "think", "note", "call", "finish", "wait"
    ]  # fmt: skip


@pytest.mark.parametrize(("act", "name"), [("side-port", "draw"), ("side-port-test", "draw"), ("contrast", "contrast")])
def test_more_than_a_syringe_holds_is_refused(quiet: tuple[LessonRun, str], act: str, name: str) -> None:
    """Nobody draws a litre from a catheter."""
    run, ana = quiet

    assert "more than a syringe holds" in refused(run, ana, act, **{name: "900 mL"})["what"]
    done(run, ana, act, **{name: "1 mL"})


def test_an_unknown_act_or_argument_is_refused_with_the_nearest(quiet: tuple[LessonRun, str]) -> None:
    """A slip in a script is named, and what was meant is offered."""
    run, ana = quiet

    assert "'interrogate'" in refused(run, ana, "interogate")["do"]
    assert "takes no 'doze'" in refused(run, ana, "bolus", doze="5 mcg")["what"]


@pytest.mark.parametrize(("act", "name", "unit", "others"), FIELDS, ids=[f"{act} {name}" for act, name, *_ in FIELDS])
def test_what_is_no_number_with_its_unit_is_refused_with_a_reason(
    quiet: tuple[LessonRun, str], act: str, name: str, unit: str, others: dict[str, Any]
) -> None:
    """Two hundred ways to mistype a number: each is refused at its field, nothing is clamped, and the pump is as it was."""
    run, ana = quiet
    done(run, ana, "interrogate")
    done(run, ana, "puncture")
    before = run.cases[ana].unit.digest(), run.cases[ana].state()

    for text in BAD_NUMBERS:
        for typed in (text and f"{text} {unit}", text, f"{text} ug"):
            error = refused(run, ana, act, **others, **{name: typed})

            assert error["where"].endswith(name)
            assert error["do"]
    assert (run.cases[ana].unit.digest(), run.cases[ana].state()) == before
    assert last(run, "act")["answer"] == "refused"


def test_a_number_that_is_right_is_taken_to_the_last_digit(quiet: tuple[LessonRun, str]) -> None:
    """Thousands may be grouped, a decimal point is a point; what is shown back reads the same."""
    run, ana = quiet
    done(run, ana, "interrogate")

    shown = done(run, ana, "type", field="concentration", text="1000 mcg/mL")

    assert shown == {"text": "1,000 mcg/mL", "change": "was 500 → 1,000 mcg/mL, 2 x"}
    assert refused(run, ana, "type", field="daily-dose", text="120 mcg/h")["where"] == "daily-dose"


# ---------------------------------------------------------------- the programmer


def test_an_interrogation_shows_what_the_pump_says_over_real_frames(quiet: tuple[LessonRun, str]) -> None:
    """Rows of finished text; behind them the frames of the exchange as they went over the line, which decode to nothing else."""
    run, ana = quiet

    seen = done(run, ana, "interrogate")

    entry = found(run, "act")[-1]
    rows = {(block["title"], name): text for block in seen["readout"]["blocks"] for name, text in block["rows"]}
    assert seen["mode"] == "simple"
    assert rows["Now", "state"] == "running, simple"
    assert seen["reservoir"] == say.volume(run.cases[ana].unit.pump.status().computed_reservoir_nl or 0)
    assert seen["therapy"]["daily-dose"] == "240 mcg/day"
    assert seen["alarms"] == []
    assert {direction for direction, _ in entry.data["wire"]} == {"host", "pump"}
    assert all(bytes.fromhex(frame) for _, frame in entry.data["wire"])
    assert len(entry.data["wire"]) <= FRAMES_MAX


def test_start_and_stop_reach_the_pump(quiet: tuple[LessonRun, str]) -> None:
    """What is ordered at the programmer is so in the pump, and its trace says that a command did it."""
    run, ana = quiet

    done(run, ana, "stop")
    assert run.cases[ana].unit.pump.status().mode == "stopped"
    done(run, ana, "start")
    assert run.cases[ana].unit.pump.status().mode == "simple"
    assert [entry.data["event"]["event"] for entry in found(run, "event", lambda entry: "event" in entry.data["event"])][-2:] == [
        "STARTED",
        "COMMAND",
    ]


def test_a_pump_that_does_not_answer_is_told_in_words(tmp_path: Path) -> None:
    """A dead line is an error of the act, with time gone by for the tries; nothing is made up."""
    run, ana = a_run(tmp_path, QUIET)
    run.order(INSTRUCTOR, "inject", {"learner": ana, "fault": "link.drop", "params": {}})

    error = refused(run, ana, "interrogate")

    assert error["where"] == "line"
    assert run.cases[ana].now_us > run.now_us
    assert run.cases[ana].reading is None
    run.advance_us(MIN)
    assert run.cases[ana].now_us == run.now_us


def test_a_lost_answer_is_settled_before_the_next_command(tmp_path: Path) -> None:
    """Nobody knows whether the pump did it: no other command leaves until somebody has asked, hours later too; stopping always may."""
    run, ana = a_run(tmp_path, QUIET)
    done(run, ana, "stop")
    done(run, ana, "interrogate")
    run.order(INSTRUCTOR, "inject", {"learner": ana, "fault": "link.drop", "params": {"direction": "to_host", "at-frames": "3-6"}})

    uncertain = refused(run, ana, "start")
    held = refused(run, ana, "set-clock", to="2026-03-01 08:00")
    run.advance_us(H)
    became = done(run, ana, "settle")

    assert uncertain["what"] == "nobody knows whether the pump did it"
    assert held["do"] == "find out about the last command first"
    assert became == {"became": "executed"}
    assert run.cases[ana].unit.pump.status().mode == "simple"
    assert done(run, ana, "settle") == {"became": "nothing was open"}
    done(run, ana, "set-clock", to="2026-03-01 08:00")


def test_a_bolus_needs_a_reading_for_its_strength(quiet: tuple[LessonRun, str]) -> None:
    """A dose becomes a volume by the strength that was read off, so there must be a reading."""
    run, ana = quiet

    assert refused(run, ana, "bolus", dose="50 mcg", over="10 min")["do"] == "interrogate it first"
    done(run, ana, "interrogate")
    seen = done(run, ana, "bolus", dose="50 mcg", over="10 min")
    assert (seen["pump_gives"], seen["until_end"]) == ("0.1 mL", "10 min")


def test_the_pumps_refusal_comes_in_its_own_words(quiet: tuple[LessonRun, str]) -> None:
    """A dose over the pump's limit is refused with value and limit; the pump has given nothing."""
    run, ana = quiet
    done(run, ana, "interrogate")

    error = refused(run, ana, "bolus", dose="5,000 mcg", over="1 h")

    assert error["where"] == "pump"
    assert "limit" in error["what"]
    assert run.cases[ana].unit.pump.status().bolus is None


# ---------------------------------------------------------------- refill


def test_a_refill_step_by_step(quiet: tuple[LessonRun, str]) -> None:
    """Needle, draw and measure against expected, fill, review, tell: each step shows its figures, and the pump believes them."""
    run, ana = quiet
    assert refused(run, ana, "withdraw", volume="all")["do"] == "puncture first"
    done(run, ana, "interrogate")
    done(run, ana, "puncture")

    drawn = done(run, ana, "withdraw", volume="all")
    done(run, ana, "rinse", volume="10 mL", times="1")
    done(run, ana, "fill", volume="20 mL", drug="baclofen", concentration="500 mcg/mL")
    screen = done(run, ana, "review-refill", volume="40 mL")
    told = done(run, ana, "tell-refill", **{**REFILL, "volume": "20 mL", "withdrawn": drawn["measured"]})

    assert drawn["expected"].endswith("expected")
    assert not drawn["warns"]
    assert "40 mL is more than the 20 mL that went through the needle" in screen["warnings"][0]
    assert [row["change"] for row in screen["rows"]] == ["up", "changed", "changed"]
    assert told["computed"] == "20 mL"
    assert round(run.cases[ana].true().reservoir_nl / 1e6) == 20


def test_what_is_too_much_is_felt_and_not_told(quiet: tuple[LessonRun, str]) -> None:
    """More cannot be drawn than is there; too much pushed meets resistance. No error names what only the truth knows."""
    run, ana = quiet
    done(run, ana, "puncture")

    rinse = refused(run, ana, "rinse", volume="900 mL", times="1")
    fill = refused(run, ana, "fill", volume="60 mL", drug="baclofen", concentration="500 mcg/mL")
    drawn = done(run, ana, "withdraw", volume="35 mL")

    assert rinse["what"] == fill["what"] == "the plunger meets resistance"
    assert drawn["measured"] == "19.5 mL"


def test_forty_millilitres_entered_for_twenty_show_a_late_date(quiet: tuple[LessonRun, str]) -> None:
    """Told anyway, the pump counts on fluid that is not there: the fact holds from then on (U11)."""
    run, ana = quiet
    done(run, ana, "interrogate")
    done(run, ana, "puncture")
    done(run, ana, "withdraw", volume="all")
    done(run, ana, "fill", volume="20 mL", drug="baclofen", concentration="500 mcg/mL")

    done(run, ana, "tell-refill", **{**REFILL, "volume": "40 mL"})

    assert "reservoir-differs" in run.cases[ana].facts


def test_a_needle_that_slips_fills_the_pocket(quiet: tuple[LessonRun, str]) -> None:
    """What is drawn may be right; drug that is pushed in then lies in the tissue, where it can be felt."""
    run, ana = quiet
    run.order(INSTRUCTOR, "inject", {"learner": ana, "fault": "reservoir.pocket_fill", "params": {}})
    done(run, ana, "interrogate")
    done(run, ana, "puncture")

    drawn = done(run, ana, "withdraw", volume="all")
    done(run, ana, "fill", volume="20 mL", drug="baclofen", concentration="500 mcg/mL")

    assert run.cases[ana].true().pocket_nl == 20_000_000
    assert "pocket-fill" in run.cases[ana].facts
    assert not drawn["warns"]
    assert "swelling" in done(run, ana, "measure", what="pocket")["value"]


# ---------------------------------------------------------------- examinations and the patient


def test_a_rotor_study_is_two_images_with_a_bolus_between(tmp_path: Path) -> None:
    """A rotor that stands shows no turn; the first image alone tells nothing."""
    run, ana = a_run(tmp_path)
    done(run, ana, "interrogate")
    first = done(run, ana, "rotor")
    run.order(INSTRUCTOR, "inject", {"learner": ana, "fault": "motor.stall", "params": {}})
    run.advance_us(H)
    second = done(run, ana, "rotor")

    assert first["since_last"] == ""
    assert "did not turn" in second["since_last"]
    assert second["abnormal"]


def test_a_laboratory_answers_later(tmp_path: Path) -> None:
    """What was drawn goes to the laboratory; its answer is a finding of this learner when it is due, and not before."""
    run, ana = a_run(tmp_path, {"lesson.yaml": ("ends: 1 day", "ends: 3 days")})
    run.join("Ben")
    seen = done(run, ana, "reservoir", put_back="yes")
    drawn_us = run.now_us

    while run.state != "ended":
        run.advance_us(72 * H)

    (finding,) = found(run, "finding")
    assert seen["text"] == "as expected"
    assert "laboratory, which answers in 1 day" in seen["notes"][0]
    assert (finding.about, finding.at_us) == (ana, drawn_us + 24 * H)
    assert finding.data["text"] == "Laboratory, reservoir: 19.5 mL, 460 mcg/mL"


def test_nothing_of_the_patient_shows_unmeasured(quiet: tuple[LessonRun, str]) -> None:
    """Each measurement is one value with its unit, of the moment; reading the pump shows none of them."""
    run, ana = quiet
    values = {what: done(run, ana, "measure", what=what)["value"] for what in DOORS["measure"].arguments[0].choices}

    assert values["temperature"] == "37 °C"
    assert values["blood-pressure"].endswith("mmHg")
    assert values["tone-legs"].endswith("(Ashworth, mean of both legs)")
    assert values["look"] == "Nothing strikes you."
    assert values["pocket"].startswith("Nothing swollen")
    assert done(run, ana, "ask")["text"]


@pytest.mark.parametrize(
    ("treatment", "dose"),
    [
        ("csf-removal", "30 mL"),
        ("intrathecal-bolus", "50 mcg"),
        ("enteral-baclofen", "20 mg"),
        ("benzodiazepine", "10 mg"),
        ("physostigmine", "1 mg"),
        ("airway", "yes"),
    ],
)
def test_treatments_are_given_in_their_units(quiet: tuple[LessonRun, str], treatment: str, dose: str) -> None:
    """Each is typed in the unit it is ordered in, and reaches the patient at this instant."""
    run, ana = quiet
    case = run.cases[ana]

    done(run, ana, "treat", treatment=treatment, dose=dose)

    assert case.patient is not None
    assert [(each.name.replace("_", "-"), each.at_us) for each in case.patient.treatments] == [(treatment, case.unit.now_us)]
    assert found(run, "act")[-1].data["words"] == f"gave {treatment.replace('-', ' ')}, {dose}"


def test_nobody_gives_more_than_anybody_gives(quiet: tuple[LessonRun, str]) -> None:
    """An amount past all reason is refused, not cut down."""
    run, ana = quiet

    error = refused(run, ana, "treat", treatment="enteral-baclofen", dose="90,000 mg")

    assert error["what"] == "nobody gives 90,000 mg of it"
    patient = run.cases[ana].patient
    assert patient is not None
    assert not patient.treatments


def test_a_diagnosis_is_one_of_the_lessons(quiet: tuple[LessonRun, str]) -> None:
    """What is thought can be compared only if it is one of the diagnoses there are, with how sure one is."""
    run, ana = quiet

    assert "none of the diagnoses" in refused(run, ana, "think", diagnosis="a cold", sure="50 %")["what"]
    assert refused(run, ana, "think", diagnosis="stall", sure="very")["where"] == "sure"
    done(run, ana, "think", diagnosis="stall", sure="80 %")
    assert last(run, "thought") == {"diagnosis": "stall", "sure": "80 %"}
