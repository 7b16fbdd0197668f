"""Settings as a plan writes them: one value, or a distribution that each run draws from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from statistics import NormalDist
from typing import NamedTuple

from hil.campaign.cases import Value
from hil.errors import QuantityError
from hil.fleet.draws import word
from hil.fleet.settings import SETTINGS, Setting
from hil.scenario.amount import FLOW, PLAIN, TIME, VOLUME, Dimension, literal_at

__all__ = ["DISTRIBUTIONS", "Distribution", "nearest", "setting_named", "value_of"]

US_PER_H = 3_600_000_000
_SIZES: dict[str, tuple[Dimension, Fraction, str]] = {
    "volume": (VOLUME, Fraction(1), "2 mL"),
    "days": (TIME, Fraction(1, 24 * US_PER_H), "60 days"),
    "hours": (TIME, Fraction(1, US_PER_H), "8 h"),
    "share": (PLAIN, Fraction(1_000_000), "5 %"),
    "rate": (FLOW, Fraction(US_PER_H), "0.3 mL/day"),
    "count": (PLAIN, Fraction(1), "3"),
}
"""By kind of setting: its dimension, how many of its integer are in nL, us or 1, and how it is written."""
_WORD_BITS = 64


def nearest(word: str, words: Iterable[str]) -> str:
    """The nearest of the words there are. Looked up late: a worker that reads a plan without mistakes starts faster without it."""
    from hil.scenario.parts import meant

    return meant(word, words)


def setting_named(name: str) -> Setting:
    """The setting of that name. Raises QuantityError with the nearest one."""
    if name not in SETTINGS:
        raise QuantityError(f"{name!r} is no setting", do=nearest(name, SETTINGS))
    return SETTINGS[name]


def value_of(setting: Setting, text: str) -> Value:
    """Read one value, in bounds. Raises QuantityError."""
    if setting.kind == "choice":
        if text not in setting.choices:
            raise QuantityError(f"{text!r} is not known", do=nearest(text, setting.choices))
        return text
    value = _whole(setting, text)
    if not setting.low <= value <= setting.high:
        raise QuantityError(f"{text} is out of range", do=f"from {_shown(setting, setting.low)} to {_shown(setting, setting.high)}")
    return value


def _whole(setting: Setting, text: str) -> int:
    """A number with its unit as the setting's integer."""
    dimension, size, example = _SIZES[setting.kind]
    sign, plain = (-1, text[1:].strip()) if text.startswith("-") else (1, text)
    if not plain[:1].isdigit():
        raise QuantityError(f"{text!r} is no number", do=f"write it like {example}")
    amount, end, percent = literal_at(plain, 0)
    if end < len(plain) or amount.dimension != dimension or percent != (setting.kind == "share"):
        raise QuantityError(f"{text!r} cannot be {setting.name}", do=f"write it like {example}")
    exact = sign * amount.value * size
    if exact.denominator != 1:
        raise QuantityError(f"{text!r} is finer than {setting.name} can be", do=f"write whole {setting.unit}")
    return exact.numerator


def _shown(setting: Setting, value: int) -> str:
    """A bound as it is written."""
    shares = {"volume": ("mL", 1_000_000), "share": ("%", 10_000), "days": ("days", 1), "hours": ("h", 1), "rate": ("nL/h", 1)}
    unit, size = shares.get(setting.kind, ("", 1))
    return f"{value / size:,.10g} {unit}".strip()


class Distribution(NamedTuple):
    """What each run draws a setting from."""

    setting: Setting
    shape: str
    arguments: tuple[Value, ...]

    def draw(self, seed: int) -> Value:
        """The value of the run with this seed; what falls outside the setting's bounds stays at the bound."""
        share = (word(seed, f"draw/{self.setting.name}") + 0.5) / 2**_WORD_BITS
        return DISTRIBUTIONS[self.shape].draw(self, share)

    def bounded(self, value: float) -> int:
        """The nearest integer that the setting may be."""
        return min(max(round(value), self.setting.low), self.setting.high)


def _normal(drawn: Distribution, share: float) -> int:
    mean, deviation = (int(argument) for argument in drawn.arguments)
    return drawn.bounded(mean + deviation * NormalDist().inv_cdf(min(max(share, 2**-53), 1 - 2**-53)))


def _uniform(drawn: Distribution, share: float) -> int:
    low, high = (int(argument) for argument in drawn.arguments)
    return drawn.bounded(low + (high - low) * share)


def _one_of(drawn: Distribution, share: float) -> Value:
    return drawn.arguments[min(int(share * len(drawn.arguments)), len(drawn.arguments) - 1)]


class _Shape(NamedTuple):
    """How many values a distribution takes (0: one or more), what they are, and how one is drawn at a share of all."""

    takes_count: int
    takes: str
    draw: Callable[[Distribution, float], Value]


DISTRIBUTIONS = {
    "normal": _Shape(2, "[mean, standard deviation]", _normal),
    "uniform": _Shape(2, "[lowest, highest]", _uniform),
    "one-of": _Shape(0, "[one, another, ...]", _one_of),
}
"""By the word that a plan writes."""
