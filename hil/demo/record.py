"""What was seen during the demonstration, and how it becomes a report."""

from __future__ import annotations

from typing import Literal, NamedTuple

from firmware_sim.firmware.alarms import ALARMS
from firmware_sim.firmware.modes import MODES, RUNNING
from hil.bench.calls import BenchCalls
from hil.pages.report import Compared, LogLine, Mark, Moment, ReportData, Samples, Span, WireLine
from hil.wording import quantity
from hil.wording.alarms import ALARMS_SAID, alarms_in
from hil.wording.log import detail_text, kind_text, volumes_text
from protocol.codes import EventKind
from protocol.messages import LogEntry
from protocol.transcript import describe

__all__ = ["Recorder", "Seen"]

BAND_PPM = 145_000
"""Belief and truth agree within the accuracy band of the class (sourced: a regulator's notice on over-infusion)."""
VOLUME_PPM = 100_000
"""Volumes agree within a tenth: a syringe at a bedside reads no better."""
PPM = 1_000_000
US_PER_H = 3_600_000_000
HOURS_PER_DAY = 24
NL_PER_ML = 1_000_000
CRITICAL = {said.name for alarm, said in zip(ALARMS, ALARMS_SAID, strict=True) if alarm.critical}
BOLUSES = (EventKind.BOLUS_STARTED, EventKind.BOLUS_ENDED)


class Seen(NamedTuple):
    """Belief and truth at one moment, in words."""

    computed: str
    true: str
    programmed: str
    delivered: str


class Recorder:
    """Lets time pass on a bench and keeps what it shows. `log`, `digest` and `therapy_ng_per_ml` are filled in by the story."""

    def __init__(self, bench: BenchCalls) -> None:
        self._bench = bench
        self._columns: dict[str, list[int]] = {}
        self._wire: list[WireLine] = []
        self._marks: list[Mark] = []
        self._moments: list[Moment] = []
        self.log: tuple[LogEntry, ...] = ()
        self.digest = ""
        self.therapy_ng_per_ml = 0

    @property
    def now_us(self) -> int:
        """Virtual time of the last look."""
        return self._columns["now_us"][-1] if self._columns else 0

    def look(self) -> None:
        """Note how things are now."""
        self.sample(1, 0)

    def sample(self, every_s: int, duration_s: int) -> None:
        """Let time pass, noting belief and truth on the way. A look at an instant already noted replaces it."""
        part = self._bench.sample(every_s=every_s, duration_s=duration_s)
        if self._columns and self._columns["now_us"][-1] == part["now_us"][0]:
            for values in self._columns.values():
                values.pop()
        for name, values in part.items():
            self._columns.setdefault(name, []).extend(values)

    def mark(self, label: str, kind: Literal["act", "fault", "alarm"] = "act") -> None:
        """Something is done to the pump, or it does something, now."""
        self._marks.append(Mark(self.now_us, label, kind))

    def frame(self, direction: Literal["host", "pump"], raw: bytes) -> None:
        """One run of bytes on the wire; a bare zero, which only clears the line, is left out."""
        if raw == b"\0":
            return
        told = describe(raw)
        self._wire.append(
            WireLine(
                at_us=self.now_us,
                direction=direction,
                opcode=str(told.get("name", "")),
                session=told.get("session"),
                sequence=told.get("sequence"),
                answer=str(told.get("answer", "")),
                fields=told.get("fields", {}),
                raw=raw,
                error=str(told.get("error", "")),
            )
        )

    def compare(self, title: str) -> Seen:
        """Put belief and truth of this moment side by side, for the page and in words."""
        last = {name: values[-1] for name, values in self._columns.items()}
        programmed_ng = last["commanded_nl"] * self.therapy_ng_per_ml // NL_PER_ML
        seen = Seen(
            quantity.VOLUME.text(last["computed_reservoir_nl"], 2),
            quantity.VOLUME.text(last["reservoir_nl"], 2),
            quantity.DOSE.text(programmed_ng, 0),
            quantity.DOSE.text(last["delivered_ng"], 0),
        )
        status, truth = self._bench.status(), self._bench.truth()
        alarms = ", ".join(alarms_in(last["alarms"])) or "none"
        faults = ", ".join(truth["faults"]) or "none"
        flow = quantity.DAILY_FLOW.text(status["rate_nl_per_h"], 3)
        rows = (
            Compared("reservoir", seen.computed, seen.true, _near(last["computed_reservoir_nl"], last["reservoir_nl"], VOLUME_PPM)),
            Compared(
                "battery", f"{status['supply_mv']:,} mV", f"{truth['supply_mv']:,} mV", _near(status["supply_mv"], truth["supply_mv"])
            ),
            Compared("drug given so far", seen.programmed, seen.delivered, _near(programmed_ng, last["delivered_ng"])),
            Compared(
                "flow", flow, quantity.DAILY_FLOW.text(self._flow_nl_per_h(-1), 3), _near(status["rate_nl_per_h"], self._flow_nl_per_h(-1))
            ),
            Compared("alarms, and what is wrong", alarms, faults, (alarms == "none") == (faults == "none")),
        )
        self._moments.append(Moment(self.now_us, title, rows))
        return seen

    def report(self, *, profile: str, serial: str, seed: int, facts: tuple[tuple[str, str], ...]) -> ReportData:
        """All of it, as the page takes it."""
        return ReportData(
            title=f"{serial}: from filling to a stall",
            summary=(
                "A simulated pump was filled, programmed and left to run; its catheter was blocked, then its motor stalled. "
                "Look where the curves of belief and truth part: the pump noticed the stall only."
            ),
            profile=profile,
            serial=serial,
            seed=seed,
            digest=self.digest,
            origin_clock_us=self._columns["clock_us"][0] - self._columns["now_us"][0],
            samples=self._samples(),
            facts=facts,
            spans=(*self._modes(), *self._alarms("alarm"), *self._alarms("sound")),
            marks=tuple(self._marks),
            moments=tuple(self._moments),
            log=tuple(_log_line(entry) for entry in self.log),
            wire=tuple(self._wire),
        )

    def _flow_nl_per_h(self, row: int) -> int:
        """True flow out of the tip over the step that ends at this row."""
        at, out = self._columns["now_us"], self._columns["delivered_nl"]
        before = row - 1
        if row == 0 or len(at) + before < 0:
            return 0
        return (out[row] - out[before]) * US_PER_H // (at[row] - at[before])

    def _dose_ng_per_day(self, row: int) -> int:
        at, out = self._columns["now_us"], self._columns["delivered_ng"]
        return (out[row] - out[row - 1]) * US_PER_H * HOURS_PER_DAY // (at[row] - at[row - 1]) if row else 0

    def _samples(self) -> Samples:
        columns, rows = self._columns, range(len(self._columns["now_us"]))
        rates, strength = columns["commanded_rate_nl_per_h"], self.therapy_ng_per_ml
        return Samples(
            at_us=tuple(columns["now_us"]),
            programmed_nl_per_h=tuple(rates),
            true_nl_per_h=tuple(self._flow_nl_per_h(row) for row in rows),
            programmed_ng_per_day=tuple(rate * HOURS_PER_DAY * strength // NL_PER_ML for rate in rates),
            true_ng_per_day=tuple(self._dose_ng_per_day(row) for row in rows),
            computed_nl=tuple(max(0, value) for value in columns["computed_reservoir_nl"]),
            true_nl=tuple(columns["reservoir_nl"]),
            tip_ng_per_ml=tuple(columns["tip_concentration_ng_per_ml"]),
            programmed_ng=tuple(max(0, value) * strength // NL_PER_ML for value in columns["commanded_nl"]),
            delivered_ng=tuple(columns["delivered_ng"]),
        )

    def _runs(self, name: str) -> list[tuple[int, int, int]]:
        """Stretches over which a column holds one value: (value, from, to)."""
        at, values = self._columns["now_us"], self._columns[name]
        starts = [row for row in range(len(values)) if row == 0 or values[row] != values[row - 1]]
        ends = [*(at[row] for row in starts[1:]), at[-1]]
        return [(values[row], at[row], end_us) for row, end_us in zip(starts, ends, strict=True) if end_us > at[row]]

    def _modes(self) -> list[Span]:
        named = [(MODES[value] if value >= 0 else "no power", start, end) for value, start, end in self._runs("mode")]
        return [Span("mode", name.replace("_", " "), start, end, "calm" if name in RUNNING else "stopped") for name, start, end in named]

    def _alarms(self, lane: Literal["alarm", "sound"]) -> list[Span]:
        spans = []
        for word, start, end in self._runs("alarms"):
            names = alarms_in(word)
            critical = bool(CRITICAL & set(names))
            label = ", ".join(names) if lane == "alarm" else "two-tone, repeated" if critical else "single tone, repeated"
            if names:
                spans.append(Span(lane, label, start, end, "critical" if critical else "non-critical"))
        return spans


def _near(belief: int, truth: int, within_ppm: int = BAND_PPM) -> bool:
    return abs(belief - truth) * PPM <= max(abs(belief), abs(truth)) * within_ppm


def _log_line(entry: LogEntry) -> LogLine:
    is_bolus = entry.good and entry.kind in BOLUSES
    detail = "; ".join(part for part in (detail_text(entry), "" if is_bolus else volumes_text(entry)) if part)
    programmed_nl, delivered_nl = (entry.programmed_nl, entry.delivered_nl) if is_bolus else (None, None)
    return LogLine(entry.number, entry.clock_us, kind_text(entry), detail, programmed_nl, delivered_nl, bool(entry.good))
