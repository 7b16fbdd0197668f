"""What each verb of the bench takes: strict, nothing extra, every number within a named limit.

All times are true virtual time; `*_us` are microseconds, `*_s` seconds, `*_nl` nanolitres, `*_ng_per_ml` nanograms to a millilitre.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from firmware_sim.units import S_PER_DAY, S_PER_H, S_PER_MIN, US_PER_DAY, US_PER_S

__all__ = [
    "ADVANCE_DAYS_MAX",
    "Advance",
    "Args",
    "Clear",
    "Digest",
    "Events",
    "GradeArgs",
    "Inject",
    "Listen",
    "Magnet",
    "Needle",
    "Nothing",
    "PaceArgs",
    "PowerCut",
    "Restore",
    "Rinse",
    "RunUntil",
    "Sample",
    "Schedule",
    "ScriptForm",
    "Send",
    "Settle",
    "SidePort",
]

ADVANCE_DAYS_MAX = 36_525
"""A century: no pump outlives it, and device microseconds stay far inside 64 bits."""
LISTEN_DAYS_MAX = 400
"""A pump that sounds every ten minutes sounds some 58,000 times in it."""
PROVOCATIONS_MAX = 100
"""More than there are."""
TURNS_MAX = 100
"""Rinses in one act; three are usual."""
IMAGE_CHARS_MAX = 16_000_000
"""A unit image is some kilobytes; one with every memory page written stays below a megabyte."""
RATE_PER_DAY_PPM_MAX = 86_400 * 1_000_000
"""One fault a second."""
SEND_CHARS_MAX = 131_072
"""Twice what a port reads at once."""


class Args(BaseModel):
    """Root of all arguments: strict, nothing extra, nothing changed afterwards. Checks are made when first used, for a light start."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)
    usual: ClassVar[str] = ""
    """The argument that a lone value is likely meant for, where that is not the first that has to be given."""


class Nothing(Args):
    """No arguments."""


class Advance(Args):
    """A stretch of time; parts add up."""

    usual: ClassVar[str] = "days"
    us: int = Field(0, ge=0, le=ADVANCE_DAYS_MAX * US_PER_DAY)
    seconds: int = Field(0, ge=0, le=ADVANCE_DAYS_MAX * S_PER_DAY)
    minutes: int = Field(0, ge=0, le=ADVANCE_DAYS_MAX * 1_440)
    hours: int = Field(0, ge=0, le=ADVANCE_DAYS_MAX * 24)
    days: int = Field(0, ge=0, le=ADVANCE_DAYS_MAX)

    @property
    def total_us(self) -> int:
        return self.us + US_PER_S * (self.seconds + S_PER_MIN * self.minutes + S_PER_H * self.hours + S_PER_DAY * self.days)

    @model_validator(mode="after")
    def _some(self) -> Advance:
        if not self.model_fields_set:
            raise ValueError("give at least one of us, seconds, minutes, hours, days")
        return self


class Settle(Args):
    """Bytes the client has written since it connected."""

    sent_bytes: int = Field(ge=0)


class RunUntil(Args):
    """A condition, and the longest to wait for it."""

    condition: str = Field(min_length=1, max_length=200)
    limit_s: int = Field(ge=0, le=ADVANCE_DAYS_MAX * S_PER_DAY)


class Sample(Args):
    """A stretch of time and the distance between its samples."""

    every_s: int = Field(ge=1, le=ADVANCE_DAYS_MAX * S_PER_DAY)
    duration_s: int = Field(ge=0, le=ADVANCE_DAYS_MAX * S_PER_DAY)


class GradeArgs(Args):
    """`begin` forgets what was heard so far, and has the pump provoke these; `final` judges what is open as left open."""

    usual: ClassVar[str] = "provoke"
    final: bool = False
    begin: bool = False
    provoke: list[str] = Field(default=[], max_length=PROVOCATIONS_MAX)

    @field_validator("provoke", mode="before")
    @classmethod
    def _one_of_them(cls, value: object) -> object:
        """A bare word is a list of one."""
        return [value] if isinstance(value, str) else value


class Listen(Args):
    """A stretch of time."""

    duration_s: int = Field(ge=0, le=LISTEN_DAYS_MAX * S_PER_DAY)


class Inject(Args):
    """A fault by name, with its parameters: now; or at a true time, when a trigger comes, or at random times.

    `when` is a trigger of `hil.faults.triggers`, `each` makes it come each time; `rate_per_day_ppm` is how often it comes at random, with
    draws of `seed`. `for_s` ends it again. Triggers count from now on.
    """

    fault: str = Field(min_length=1, max_length=100)
    params: dict[str, int | str] = Field(default_factory=dict, max_length=20)
    at_us: int | None = Field(None, ge=0, le=ADVANCE_DAYS_MAX * US_PER_DAY)
    when: str | None = Field(None, min_length=1, max_length=200)
    each: bool = False
    for_s: int | None = Field(None, ge=0, le=ADVANCE_DAYS_MAX * S_PER_DAY)
    rate_per_day_ppm: int | None = Field(None, ge=1, le=RATE_PER_DAY_PPM_MAX)
    seed: int = Field(0, ge=0)


class Clear(Args):
    """The handle that inject gave, of a fault in force or scheduled."""

    handle: int = Field(ge=0)


class PowerCut(Args):
    """Cut the supply now, or inside the memory write that passes so many bytes from now on; it comes back after `off_s`."""

    after_bytes: int | None = Field(None, ge=0)
    off_s: int = Field(0, ge=0, le=ADVANCE_DAYS_MAX * S_PER_DAY)


class Needle(Args):
    """Draw out (`"all"`: what can be reached), then fill in, through the septum."""

    withdraw_nl: int | Literal["all"] = 0
    inject_nl: int = Field(0, ge=0)
    concentration_ng_per_ml: int = Field(0, ge=0)


class Rinse(Args):
    """Empty the reservoir, then fill in so much drug-free fluid and draw it out again, each turn."""

    volume_nl: int = Field(ge=0)
    turns: int = Field(1, ge=1, le=TURNS_MAX)


class SidePort(Args):
    """Draw out, then push in, through the access port of the catheter."""

    aspirate_nl: int = Field(0, ge=0)
    inject_nl: int = Field(0, ge=0)
    concentration_ng_per_ml: int = Field(0, ge=0)


class Magnet(Args):
    """Whether a magnet is held over the pump."""

    held: bool


class Send(Args):
    """Bytes from a host, in hexadecimal."""

    data: str = Field(max_length=SEND_CHARS_MAX, pattern=r"^([0-9a-fA-F]{2})*$")


class ScriptForm(Args):
    """JSON lines for `serve --bench stdio`, or a Python program."""

    form: Literal["jsonl", "python"] = "jsonl"


class Schedule(Args):
    """An act of the pump's bench that is to happen later."""

    after_s: int = Field(ge=0, le=ADVANCE_DAYS_MAX * S_PER_DAY)
    act: str = Field(min_length=1, max_length=100)
    args: dict[str, int | str] = Field(default_factory=dict, max_length=20)


class Restore(Args):
    """A unit image, base64, as save gave it; or the id of one that fork keeps."""

    image: str | None = Field(None, max_length=IMAGE_CHARS_MAX)
    image_id: str | None = Field(None, max_length=100)

    @model_validator(mode="after")
    def _one(self) -> Restore:
        if (self.image is None) == (self.image_id is None):
            raise ValueError("give image or image_id")
        return self


class Digest(Args):
    """All of the state, or the therapy alone (without log, answers, counters and trace)."""

    part: Literal["all", "therapy"] = "all"


class Events(Args):
    """Trace records from this number on."""

    since: int = Field(0, ge=0)


class PaceArgs(Args):
    """A new pace, a new pace while somebody talks; neither: only tell."""

    pace: str | None = Field(None, max_length=40)
    while_talking: str | None = Field(None, max_length=40)
