"""The programmer's form and what stands before somebody who is about to send: errors at their field, old beside new, dates, rules."""

from __future__ import annotations

import random
from typing import Any

import pytest

from hil.errors import QuantityError
from hil.lesson.finish import after_update, finish_screen, refill_screen
from hil.lesson.form import FormRefused, form_of, read_field, read_form, titration
from hil.lesson.readout import readout
from hil.wording import quantity
from protocol.client import Interrogation
from protocol.codes import AlarmClass, Mode
from protocol.messages import AlarmEntry, Condition, Counters, DrugEntry
from protocol.therapy import Group, Step, Therapy
from tests.support.identities import LIMITS as SHARED_LIMITS
from tests.support.identities import identity

DRUG = DrugEntry(1, 1, "baclofen", 250_000, 2_000_000, 3_000_000, 1_000_000, 180)
LIMITS = SHARED_LIMITS._replace(rate_nl_per_h_min=250)
IDENTITY = identity(DRUG, limits=LIMITS)
NOW = quantity.parse_clock("2026-01-01 08:00")
STALL = AlarmEntry(2, AlarmClass.CRITICAL, 1, 0, 0, 0)


def simple(dose_ng: int, concentration: int = 500_000) -> Therapy:
    """One dose a day, evenly."""
    rate = dose_ng * 1_000_000 // (24 * concentration)
    return Therapy(Mode.SIMPLE, 1, 1, concentration, 2_000_000, 600, 3_600, (Group(0x7F, dose_ng, (Step(0, 1440, rate),)),))


def pump(therapy: Therapy | None, mode: Mode = Mode.SIMPLE, reservoir_nl: int = 18_000_000) -> Interrogation:
    """An interrogation of a pump that has this therapy."""
    condition = Condition(0, NOW, mode, 0, 10_000, reservoir_nl, 1, 500_000, 0, 0, 0, 0, 3_100, (), (STALL,))
    return Interrogation(IDENTITY, therapy, 1, bytes(32), condition, Counters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0))


def typed(**fields: Any) -> dict[str, Any]:
    """A whole form, but for what a test types otherwise."""
    form = {"mode": "simple", "drug": "baclofen", "concentration": "500 mcg/mL", "low-reservoir-alarm": "2 mL", "daily-dose": "100 mcg/day"}
    return form | {name.replace("_", "-"): value for name, value in fields.items()}


def refused(fields: dict[str, Any]) -> dict[str, str]:
    """What is said of each field of a form that cannot be read."""
    with pytest.raises(FormRefused) as caught:
        read_form(fields, pump(simple(100_000)))
    return {error.field: error.what for error in caught.value.errors}


# ---------------------------------------------------------------- one field


def test_change_line_says_ten_times() -> None:
    """A tenfold dose says so at once, with separators."""
    assert read_field("daily-dose", "1000 mcg/day", pump(simple(100_000))) == {
        "text": "1,000 mcg/day",
        "change": "was 100 → 1,000 mcg/day, 10 x",
    }


MALFORMED = ("", " ", "100", "100 mcg", "1,00 mcg/day", "1.2.3 mcg/day", "1e3 mcg/day", ".5 mcg/day", "05 mcg/day", "-5 mcg/day")
UNITS = ("µg/day", "mcg/d", "mg/day", "mcg/day.", "mcg/day 2", "mcgs/day", "u/day", "cc", "mcg per day", "mcg/day!")


def test_two_hundred_malformed_numbers_are_refused() -> None:
    """Whatever is not one number and its unit is refused with a reason, and nothing is made of it (U9)."""
    draw = random.Random(9)
    texts = [*MALFORMED, *(f"{draw.randrange(1, 9_999)} {unit}" for unit in UNITS for _ in range(9))]
    texts += [
        f"{draw.randrange(1, 99)}{junk}{draw.randrange(1, 99)} mcg/day"
        for junk in ("..", ",,", "e", "E+", " ", "/", ",", ".1.", ";", "o")
        for _ in range(11)
    ]
    assert len(set(texts)) >= 200

    for text in texts:
        with pytest.raises(QuantityError) as caught:
            read_field("daily-dose", text, pump(simple(100_000)))
        assert caught.value.what
        assert caught.value.do


# ---------------------------------------------------------------- the form


def test_every_error_stands_at_its_field() -> None:
    """Nothing typed, a wrong unit, a limit of this pump: each is told where it was typed, all at once."""
    assert refused({}) == {"mode": "nothing is typed"}
    assert refused(typed(concentration="", daily_dose="")) == {"concentration": "nothing is typed", "daily-dose": "nothing is typed"}
    assert set(refused(typed(concentration="500 mg/mL", daily_dose="1e3 mcg/day"))) == {"concentration", "daily-dose"}
    assert set(refused(typed(drug="bacloven"))) == {"drug"}
    assert set(refused(typed(low_reservoir_alarm="30 mL"))) == {"low-reservoir-alarm"}


def test_errors_of_steps_stand_at_their_step() -> None:
    """A gap between two steps is told at the step that begins too late."""
    steps = [{"from": "00:00", "to": "06:00", "dose": "30 mcg"}, {"from": "07:00", "to": "24:00", "dose": "70 mcg"}]
    form = typed(mode="flex", groups=[{"days": "all", "steps": steps}])
    del form["daily-dose"]

    assert set(refused(form)) == {"groups.0.steps.1.from"}
    assert set(refused(form | {"groups": [{"days": "all", "steps": [{"from": "00:00", "to": "24:00"}]}]})) == {"groups.0.steps.0.dose"}
    assert set(refused(form | {"groups": [{"days": "Mon-Fri", "steps": [{"from": "00:00", "to": "24:00", "dose": "9 mcg"}]}]})) == {
        "groups"
    }


def test_step_may_run_at_the_minimum_rate() -> None:
    """Once a morning: 60 mcg between eight and nine, and as little as the pump gives for the rest of the day."""
    rest = [{"from": "00:00", "to": "08:00", "rate": "minimum-rate"}, {"from": "09:00", "to": "24:00", "rate": "minimum-rate"}]
    steps = [rest[0], {"from": "08:00", "to": "09:00", "dose": "60 mcg"}, rest[1]]
    form = typed(mode="flex", groups=[{"days": "all", "steps": steps}])
    del form["daily-dose"]

    _, therapy = read_form(form, pump(simple(60_000)))

    assert [step.rate_nl_per_h for step in therapy.groups[0].steps] == [250, 120_000, 250]
    assert read_form(form_of(pump(therapy, Mode.FLEX)), pump(therapy, Mode.FLEX))[1] == therapy


def test_form_of_a_pump_reads_back_to_its_therapy() -> None:
    """What stands beside the fields as the pump's own, typed again, is the pump's own."""
    known = pump(simple(100_000))

    _, therapy = read_form(form_of(known), known)

    assert therapy == known.therapy


def test_steps_of_titration_are_exact() -> None:
    """Five percent more than 100 mcg/day are 105."""
    steps = {step["label"]: step["text"] for step in titration(pump(simple(100_000)))}

    assert steps["+5 %"] == "105 mcg/day"
    assert steps["−10 %"] == "90 mcg/day"


# ---------------------------------------------------------------- the Finish screen


def hourly() -> Therapy:
    """60 mcg in every hour."""
    steps = [{"from": f"{hour:02d}:00", "to": f"{hour + 2:02d}:00", "dose": "120 mcg"} for hour in range(0, 24, 2)]
    form = typed(mode="flex", groups=[{"days": "all", "steps": steps}])
    del form["daily-dose"]
    return read_form(form, pump(simple(60_000)))[1]


def test_dose_per_hour_typed_for_a_dose_per_day_shows() -> None:
    """60 mcg/h for 60 mcg/day: 24 x stands at the top, in the picture, and a rule asks for a reason (U10)."""
    screen = finish_screen("baclofen", hourly(), pump(simple(60_000)))

    dose, picture = screen["top"][0], screen["drawn"][0]
    assert (dose["current"], dose["pending"], dose["factor"]) == ("60 mcg/day", "1,440 mcg/day", "24 x")
    assert picture["pending"][0][2] == pytest.approx(24 * picture["current"][0][2], rel=0.001)
    assert picture["top"] == picture["pending"][0][2]
    assert "R-033" in {warning["rule"] for warning in screen["warnings"]}


def test_new_concentration_has_a_bridge() -> None:
    """Another strength tells the bolus that runs the old one out, and what happens without."""
    found = finish_screen("baclofen", simple(100_000, 1_000_000), pump(simple(100_000)), catheter_nl=160_000)["bridge"]

    assert found["volume"] == "0.3 mL"
    assert found["without"].startswith("0.5 x the dose for")


def test_unchanged_lines_stay() -> None:
    """Nothing changed is said by every line being there, and the same."""
    screen = finish_screen("baclofen", simple(100_000), pump(simple(100_000)))

    assert {row["change"] for row in screen["rows"] if row["name"] in {"concentration", "drug", "mode"}} == {"same"}


def test_read_back_that_differs_is_marked() -> None:
    """Asked 200, and the pump says 100: the line says so."""
    rows = after_update(simple(200_000), simple(100_000), pump(simple(100_000)))

    assert next(row for row in rows if row["name"].startswith("dose per day"))["differs"] == "yes"
    assert {row["differs"] for row in after_update(simple(200_000), simple(200_000), pump(simple(100_000)))} == {""}


def test_forty_told_for_twenty_filled_shows() -> None:
    """40 mL entered where 20 mL went through the needle: both empty dates and a warning (U11)."""
    screen = refill_screen(40_000_000, 20_000_000, pump(simple(100_000)))

    rows = {row["name"]: row for row in screen["rows"]}
    assert rows["volume"]["factor"] == "2 x"
    assert rows["empty date"]["current"] < rows["empty date"]["pending"]
    assert "20 mL that went through the needle" in screen["warnings"][0]
    assert not refill_screen(20_000_000, 20_000_000, pump(simple(100_000)))["warnings"]


# ---------------------------------------------------------------- the read-out


def test_stopped_pump_says_so_in_capitals() -> None:
    """The word that matters most stands by itself, an alarm tells its cause and class."""
    told = readout(pump(simple(100_000), Mode.STOPPED))

    assert (told["state"], told["runs"]) == ("STOPPED", False)
    assert (told["alarms"][0]["name"], told["alarms"][0]["priority"]) == ("motor stall", "high")


def test_no_therapy_is_said() -> None:
    """A pump that was never programmed has nothing to copy from."""
    told = readout(pump(None, Mode.SHELF))

    assert told["form"] == {}
    assert told["titration"] == []
