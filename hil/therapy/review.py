"""The therapy in the pump beside the one about to be sent: every line, changed or not, before anything leaves.

A pure function of what was read from the pump and what was read from the file. Dose per day comes first and names its change
factor, because a dose per hour typed for a dose per day shows there; the drawn day shows what a list of steps hides.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from hil.therapy.arithmetic import day_dose_ng, peak_rate, step_dose_ng
from hil.therapy.days import days_name
from hil.therapy.forecast import DAYS_PER_WEEK, US_PER_DAY, day_group, reached_at
from hil.therapy.profile import Profile, draw
from hil.wording import quantity
from hil.wording.quantity import minute_of_day
from protocol.codes import Mode, StatusFlag
from protocol.messages import Condition, Identity
from protocol.therapy import Group, Step, Therapy

__all__ = ["Change", "Review", "Row", "review", "steps_text"]

MINUTES_PER_H = 60
NL_PER_ML = 1_000_000
NONE = "none"
NOT_COMPUTED = "not computed"
Change = Literal["same", "up", "down", "changed"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line: both texts, and how they differ. `factor` is new over old, `note` the change in a sentence, for doses per day.

    `values` are the integers behind the texts, in `unit`; where a line is not a quantity they are None.
    """

    name: str
    current: str
    pending: str
    change: Change
    factor: str = ""
    note: str = ""
    values: tuple[int | None, int | None] = (None, None)
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """The whole comparison. `read_clock` is the pump's clock when it was read."""

    read_clock: str
    rows: tuple[Row, ...]
    profiles: tuple[Profile, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """The same as plain data, for --json."""
        return asdict(self)


def review(current: Therapy | None, pending: Therapy, identity: Identity, condition: Condition) -> Review:
    """Compare the therapy in the pump with the one to be sent, at the pump's own clock and computed reservoir."""
    pair = _Pair(current, pending, identity, condition)
    masks = pair.day_sets()
    rows = [pair.dose_row(mask) for mask in masks]
    rows += [pair.peak_row(), *pair.plain_rows(), *(pair.steps_row(mask) for mask in masks), *pair.date_rows()]
    profiles = tuple(draw(days_name(mask), pair.group(current, mask), pair.group(pending, mask), pair.concentrations()) for mask in masks)
    return Review(quantity.clock(condition.clock_us), tuple(rows), profiles, tuple(pair.notes(masks)))


def _compare(name: str, kind: quantity.Kind, old: int | None, new: int) -> Row:
    """A row of two quantities of one kind, with the change factor where they differ."""
    pending = kind.text(new)
    if old is None:
        return Row(name, NONE, pending, "changed", values=(None, new), unit=kind.base)
    if old == new:
        return Row(name, kind.text(old), pending, "same", values=(old, new), unit=kind.base)
    times = quantity.factor(old, new)
    was = f"was {quantity.number(old, kind.decimals)} → {kind.text(new)}, {times}" if kind is quantity.DAILY_DOSE else ""
    return Row(name, kind.text(old), pending, "up" if new > old else "down", times, was, (old, new), kind.base)


def _words(name: str, current: str, pending: str) -> Row:
    return Row(name, current, pending, "same" if current == pending else "changed")


def _patient(therapy: Therapy | None) -> str:
    """What the patient may ask for, in lines."""
    if therapy is None or not therapy.patient:
        return NONE
    rule = therapy.patient[0]
    limit_ng = rule.window_nl * therapy.concentration_ng_per_ml // NL_PER_ML
    lines = (
        f"{quantity.DOSE.text(rule.dose_ng)} over {quantity.duration(rule.duration_s)}",
        f"one in {quantity.duration(rule.lockout_s)}, {rule.most_per_day} in 24 h",
        f"at most {quantity.DOSE.text(limit_ng)} of all in 24 h",
    )
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two therapies and what is known of the pump."""

    current: Therapy | None
    pending: Therapy
    identity: Identity
    condition: Condition

    def day_sets(self) -> list[int]:
        """Sets of weekdays on which neither therapy changes its group, first day first."""
        sets: dict[tuple[Group | None, Group], int] = {}
        for day in range(DAYS_PER_WEEK):
            old = self._day(self.current, day) if self.current else None
            key = (old and old._replace(weekdays=0), self._day(self.pending, day)._replace(weekdays=0))
            sets[key] = sets.get(key, 0) | 1 << day
        return list(sets.values())

    def _day(self, therapy: Therapy, day: int) -> Group:
        return day_group(therapy, day, self.identity.limits[0])

    def group(self, therapy: Therapy | None, mask: int) -> Group | None:
        """The group of a therapy on the days of a mask."""
        return None if therapy is None else self._day(therapy, (mask & -mask).bit_length() - 1)

    def concentrations(self) -> tuple[int, int]:
        return (self.current.concentration_ng_per_ml if self.current else 0, self.pending.concentration_ng_per_ml)

    def _dose(self, therapy: Therapy | None, mask: int) -> int | None:
        """The dose per day that was asked for; at minimum rate, what comes of it."""
        group = self.group(therapy, mask)
        if therapy is None or group is None:
            return None
        return group.daily_dose_ng or int(day_dose_ng(group, therapy.concentration_ng_per_ml))

    def dose_row(self, mask: int) -> Row:
        name = f"dose per day, {days_name(mask)}"
        return _compare(name, quantity.DAILY_DOSE, self._dose(self.current, mask), self._dose(self.pending, mask) or 0)

    def peak_row(self) -> Row:
        least = self.identity.limits[0].minimum_rate_nl_per_h
        old = peak_rate(self.current, least) if self.current else None
        return _compare("peak rate", quantity.DAILY_FLOW, old, peak_rate(self.pending, least))

    def plain_rows(self) -> list[Row]:
        """The lines that hold for the whole therapy."""
        old, new = self.current, self.pending
        repeats = (quantity.duration(old.critical_repeat_s), quantity.duration(old.non_critical_repeat_s)) if old else (NONE, NONE)
        return [
            _words("mode", _mode(old), _mode(new)),
            _words("drug", self._drug(old), self._drug(new)),
            _compare("concentration", quantity.CONCENTRATION, old and old.concentration_ng_per_ml, new.concentration_ng_per_ml),
            _compare("low-reservoir alarm at", quantity.VOLUME, old and old.low_reservoir_nl, new.low_reservoir_nl),
            _words("critical alarm every", repeats[0], quantity.duration(new.critical_repeat_s)),
            _words("non-critical alarm every", repeats[1], quantity.duration(new.non_critical_repeat_s)),
            _words("patient bolus", _patient(old), _patient(new)),
        ]

    def _drug(self, therapy: Therapy | None) -> str:
        if therapy is None:
            return NONE
        known = {(drug.drug_id, drug.version): drug.name for drug in self.identity.drugs}
        name = known.get((therapy.drug_id, therapy.drug_version), f"drug {therapy.drug_id}")
        return f"{name}, version {therapy.drug_version}"

    def steps_row(self, mask: int) -> Row:
        """The steps of a day, one a line."""
        pair = zip((self.current, self.pending), self.concentrations(), strict=True)
        old, new = ("\n".join(_step_texts(self.group(therapy, mask), concentration)) for therapy, concentration in pair)
        return _words(f"steps, {days_name(mask)}", old, new)

    def date_rows(self) -> list[Row]:
        """Low, empty and replace-by: the pump's own dates beside those of the new therapy from now on."""
        replace_by = _date(self.condition.replace_by_clock_us)
        return [
            _words("reservoir as computed now", self._reservoir(), self._reservoir()),
            _words("low-reservoir date", _date(self.condition.low_reservoir_clock_us), _date(self._low_date())),
            _words("empty date", _date(self.condition.empty_clock_us), _date(self._forecast(self.pending, 0))),
            _words("replace the pump by", replace_by, replace_by),
        ]

    def _filled(self) -> bool:
        return not self.condition.flags & StatusFlag.NO_FILL

    def _reservoir(self) -> str:
        return quantity.VOLUME.text(self.condition.computed_reservoir_nl, 3) if self._filled() else "no fill yet"

    def _low_date(self) -> int | None:
        """When the pending therapy's low-reservoir date will be: by volume, and never later than the drug keeps.

        The pump knows the day of the fill and this side does not. It was not after now, and where the pump's own date lies before
        the volume's, that date is the drug's last day.
        """
        date = self._forecast(self.pending, self.pending.low_reservoir_nl)
        if date is None:
            return None
        bounds = [date, self.condition.clock_us + self._stability_days() * US_PER_DAY]
        own = self.condition.low_reservoir_clock_us
        by_volume = self._forecast(self.current, self.current.low_reservoir_nl) if self.current and not self._new_drug() else None
        if own and by_volume and own < by_volume:
            bounds.append(own)
        return min(bounds)

    def _stability_days(self) -> int:
        known = {(drug.drug_id, drug.version): drug.stability_days for drug in self.identity.drugs}
        return known[self.pending.drug_id, self.pending.drug_version]

    def _forecast(self, therapy: Therapy, level_nl: int) -> int | None:
        """When the computed reservoir would reach a level under a therapy, a running bolus taken off first."""
        if not self._filled():
            return None
        owed = sum(bolus.programmed_nl - bolus.delivered_nl for bolus in self.condition.bolus)
        volume = self.condition.computed_reservoir_nl - owed - level_nl
        return reached_at(therapy, self.identity.limits[0], self.condition.clock_us, volume)

    def notes(self, masks: list[int]) -> list[str]:
        """What a reader should know that no single line says."""
        found = [
            (bool(self.identity.stops_for_update), "The pump stops when the update begins and runs again when it is complete."),
            (bool(self.condition.bolus), "A bolus is running: the update is refused unless it may interrupt it."),
            (self._filled() and self.condition.fill_concentration_ng_per_ml != self.pending.concentration_ng_per_ml, self._fill_note()),
            (
                self._new_concentration(),
                "The concentration changes and no bridge bolus is given: the old drug in tubing and catheter runs first.",
            ),
            (self._new_drug(), "The drug changes: the pump stays stopped after the update until it is started."),
        ]
        return [note for applies, note in found if applies] + [note for mask in masks if (note := self._rounding_note(mask))]

    def _fill_note(self) -> str:
        told = quantity.CONCENTRATION.text(self.condition.fill_concentration_ng_per_ml)
        return f"The last refill said {told}: the pump refuses another concentration until a refill says so."

    def _new_concentration(self) -> bool:
        return self.current is not None and self.current.concentration_ng_per_ml != self.pending.concentration_ng_per_ml

    def _new_drug(self) -> bool:
        return self.current is not None and self.current.drug_id != self.pending.drug_id

    def _rounding_note(self, mask: int) -> str:
        group = self.group(self.pending, mask)
        asked = self._dose(self.pending, mask)
        given = day_dose_ng(group, self.pending.concentration_ng_per_ml) if group else 0
        if not asked or int(given) == asked or self.pending.mode == Mode.MINIMUM_RATE:
            return ""
        gives, asks = (quantity.DAILY_DOSE.text(dose) for dose in (int(given), asked))
        return f"Rates are whole nL/h: {days_name(mask)} the pump gives {gives} of the {asks}."


def _date(clock_us: int | None) -> str:
    return quantity.clock(clock_us) if clock_us else NOT_COMPUTED


def _mode(therapy: Therapy | None) -> str:
    if therapy is None:
        return NONE
    return next((mode.name.lower().replace("_", " ") for mode in Mode if mode == therapy.mode), f"mode {therapy.mode}")


def _step_texts(group: Group | None, concentration: int) -> list[str]:
    """A line a step: when it begins, and the drug given in it."""
    return [f"{minute_of_day(step.start_minute)}  {dose}" for step, dose in _doses(group, concentration)] or [NONE]


def steps_text(group: Group, concentration: int) -> str:
    """A line a step: from when to when, the drug given in it, and how fast."""
    lines = []
    for step, dose in _doses(group, concentration):
        hourly = quantity.DOSE_RATE.text(int(step_dose_ng(step.rate_nl_per_h, MINUTES_PER_H, concentration)), 2)
        lines.append(f"{minute_of_day(step.start_minute)}-{minute_of_day(step.end_minute)}  {dose}, {hourly}")
    return "\n".join(lines)


def _doses(group: Group | None, concentration: int) -> list[tuple[Step, str]]:
    steps = group.steps if group else ()
    exact = (step_dose_ng(step.rate_nl_per_h, step.end_minute - step.start_minute, concentration) for step in steps)
    return [(step, quantity.DOSE.text(int(dose), 2)) for step, dose in zip(steps, exact, strict=True)]
