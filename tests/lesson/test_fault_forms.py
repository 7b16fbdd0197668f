"""Forms for faults: what the page shows is what the bench takes."""

from __future__ import annotations

import pytest

from hil.errors import QuantityError
from hil.faults.parameters import Setting
from hil.faults.registry import REGISTRY, Fault
from hil.lesson.views.fault_forms import fault_forms, fault_values, values_text
from hil.scenario.fault_values import spoken, value_text


def test_every_fault_has_a_form() -> None:
    """Nothing that the bench can do is missing from the page, nor asked for twice."""
    assert sorted(form["name"] for form in fault_forms()) == sorted(REGISTRY)
    assert all(field["hint"] or field["choices"] for form in fault_forms() for field in form["fields"])


@pytest.mark.parametrize("fault", REGISTRY.values(), ids=lambda fault: fault.name)
def test_limits_and_defaults_read_back_as_they_are_shown(fault: Fault) -> None:
    """A limit or a default that a form shows, typed into its field, is that very value."""
    for setting in fault.settings:
        others = [other for other in fault.settings if other.default is None and not other.optional and other is not setting]
        needed = {spoken(other): value_text(other, some(other)) for other in others}
        for value in (setting.low, setting.high, setting.default):
            typed = "" if value is None else value_text(setting, value)
            if typed and not typed.startswith("under"):
                assert fault_values(fault.name, {**needed, spoken(setting): typed})[setting.name] == value


def some(setting: Setting) -> int | str:
    """A value that a parameter may have."""
    if setting.text:
        return setting.choices[0] if setting.choices else "3"
    return 40 if setting.low is None else setting.low + 5_000_000 if setting.high is None else setting.high


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ({}, "catheter.occlusion needs fraction"),
        ({"fraction": " "}, "catheter.occlusion needs fraction"),
        ({"fraction": "194 %"}, "fraction is 194 %; it is 0 % to 100 %"),
        ({"fraction": "0,5"}, "comma"),
        ({"fraction": "reservoir"}, "no plain figure"),
        ({"frction": "5 %"}, "takes nothing called 'frction'"),
    ],
)
def test_what_cannot_be_is_refused_in_the_units_of_the_form(typed: dict[str, str], what: str) -> None:
    """A value that is missing, out of range or no number is refused with its reason."""
    with pytest.raises(QuantityError, match=what):
        fault_values("catheter.occlusion", typed)


@pytest.mark.parametrize(
    ("fault", "typed", "value"),
    [
        ("clock.drift", {"drift": "-0.5 %"}, {"drift_ppm": -5_000}),
        ("clock.jump", {"jump": "-2 h"}, {"jump_us": -7_200_000_000}),
        ("link.delay", {"delay": "60 ms"}, {"delay_us": 60_000}),
        ("catheter.dislodgement", {"level": "T10"}, {"level": "T10"}),
    ],
)
def test_values_below_zero_and_short_times(fault: str, typed: dict[str, str], value: dict[str, int | str]) -> None:
    """A clock may run back, and a delay be shorter than a second."""
    assert value.items() <= fault_values(fault, typed).items()


def test_values_in_words() -> None:
    """Parameters are told as a person would type them."""
    assert values_text("catheter.granuloma", {"fraction_ppm": 500_000, "over_days": 60}) == "fraction 50 %, over 60 days"
