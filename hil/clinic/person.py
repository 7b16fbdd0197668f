"""The person a plan is for, as far as the rules ask: who, and what was given before. Times are device clock, microseconds."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CAUSES", "EFFECTS", "ORIGINS", "PHASES", "Break", "Change", "Person", "Test"]

ORIGINS = ("spinal", "cerebral")
PHASES = ("titration", "maintenance")
EFFECTS = ("none", "some", "enough")
"""What the last dose does."""
CAUSES = ("multiple sclerosis", "spinal cord injury", "cerebral palsy", "stroke", "traumatic brain injury", "other")


@dataclass(frozen=True, slots=True)
class Test:
    """One test dose and what came of it; None where nobody noted it."""

    __test__ = False

    at_us: int
    dose_ng: int
    positive: bool | None = None
    effect_s: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A dose per day from this time on; the first one is the start."""

    at_us: int
    dose_ng_per_day: int


@dataclass(frozen=True, slots=True)
class Break:
    """A time without infusion; `until_us` is None while it lasts."""

    since_us: int
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Everything may be unknown (None, or an empty text): a rule that asks for it is then not judged."""

    age_months: int | None = None
    origin: str = ""
    cause: str = ""
    injured_us: int | None = None
    very_small: bool = False
    too_small: bool = False
    conditions: frozenset[str] | None = None
    medicines: frozenset[str] | None = None
    oral_baclofen_ng_per_day: int | None = None
    catheter: str = ""
    phase: str = ""
    effect: str = ""
    stable: bool | None = None
    tests: tuple[Test, ...] | None = None
    doses: tuple[Change, ...] | None = None
    breaks: tuple[Break, ...] = ()
