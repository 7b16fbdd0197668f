"""Acme's wire, in the place of `protocol`: each word of the dialect becomes orders to a `Pump`, and what the pump says becomes an answer.

    pumpsim serve ./acme-30.yaml --wire ./acme_wire.py:AcmeWire

The dialect knows a rate, a volume and RUN; the pump knows therapies for a drug it was told of. So a rate becomes a simple therapy (one
rate, all day, all week) of the drug and concentration of the last fill, of which FIL tells the pump; without a fill RAT and RUN answer
`?NA`. The pump alone judges the rate: out of its range, or past the drug's daily dose, is `?OOR`, and nothing has changed. The dialect
has no way to ask, so the drug's soft limit is set aside, which the pump's log tells.

It is a `hil.own.wire.Wire`: it does no input or output and reads no clock. It answers at the pump's present instant, says when it next
has something to do (`next_deadline`), and does it when asked (`on_time`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from acme_dialect import (
    RATE_UNITS,
    VOLUME_UNITS,
    Decoder,
    DialectError,
    Fill,
    Packet,
    Setting,
    parse_fill,
    parse_request,
    parse_setting,
    reading,
    render,
)

from firmware_sim import Pump
from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.modes import RUNNING
from firmware_sim.firmware.prescription import Group, Prescription, RefillEntry, Step
from firmware_sim.limits import SOFT_DOSE_RULE
from firmware_sim.units import H_PER_DAY, MIN_PER_DAY, NL_PER_ML, US_PER_H, US_PER_S, WEEKDAYS_ALL

__all__ = ["ADDRESS", "ALARM_LETTERS", "AcmeWire"]

ADDRESS = 0
MODEL = "NE1000"
"""Clients ask for the family's model, not for the pump behind it."""
SAFE_S_MAX = 255
ALARM_LETTERS: Mapping[str, str] = {"motor_stall": "S", "empty_reservoir": "S", "memory_failure": "E"}
"""Causes that the dialect has a letter for: motor stalled (a syringe at its end is one), program error. R and T are the adapter's own."""

Handler = Callable[[str], str]


@dataclass(slots=True)
class _SinceBoot:
    """What a boot loses. `goal_nl` and `zero_nl` count in the pump's total; `alarm` is a letter of the adapter's own, not told yet."""

    zero_nl: int
    goal_nl: int | None = None
    ends_us: int | None = None
    heard_us: int | None = None
    paused: bool = False
    alarm: str = "R"


class AcmeWire:
    """One pump behind the dialect. Settings last as long as the adapter, a run, a pause and the dispensed volume until the pump boots."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._rate = Setting(0, "UH")
        self._volume = Setting(0, "UL")
        self._safe_s = 0
        self._live = _SinceBoot(self._total_nl())
        self._decoder = Decoder()
        self._handlers: dict[str, Handler] = {
            "": _without_argument(lambda: ""),
            "VER": _without_argument(lambda: f"{MODEL}V{pump.profile.identity.firmware}"),
            "FIL": self._take_fill,
            "RAT": self._take_rate,
            "VOL": self._take_volume,
            "DIR": self._take_direction,
            "RUN": _without_argument(self._run),
            "STP": _without_argument(self._stop),
            "DIS": _without_argument(self._dispensed),
            "CLD": self._clear_dispensed,
            "SAF": self._take_safe_mode,
            "DIA": _never,  # there is no syringe
            "PUR": _never,  # nor anything an implant may do at its highest rate
        }

    # -- what pumpsim calls ----------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> bytes:
        """Take bytes at the present instant; returns what to send."""
        return b"".join(self._answer(packet) for packet in self._decoder.feed(data))

    def next_deadline(self) -> int | None:
        """Device time at which a volume is reached or the host has been silent too long; None without either."""
        return min((due for due in (self._live.ends_us, self._silent_us()) if due is not None), default=None)

    def on_time(self) -> None:
        """Act on what is due."""
        now_us = self._pump.device_us
        if self._live.ends_us is not None and self._live.ends_us <= now_us:
            self._pump.stop()
            self._live.ends_us = self._live.goal_nl = None
        silent_us = self._silent_us()
        if silent_us is not None and silent_us <= now_us:
            self._live.heard_us = None
            self._live.alarm = "T"
            self._halt()

    def reset(self) -> None:
        """The pump has booted. An implant would go on by itself; a pump of this dialect stands still until it is told to run."""
        self._live = _SinceBoot(self._total_nl())
        self._decoder = Decoder()
        self._pump.stop()

    def save(self) -> bytes:
        """All that it remembers, for an image of the pump."""
        settings = (self._rate, self._volume, self._safe_s, self._decoder.held.hex(), asdict(self._live))
        return json.dumps(settings).encode()

    def restore(self, data: bytes) -> None:
        """Become what was saved. Raises ValueError, TypeError."""
        rate, volume, self._safe_s, held, live = json.loads(data)
        self._rate, self._volume, self._live = Setting(*rate), Setting(*volume), _SinceBoot(**live)
        self._decoder = Decoder(bytes.fromhex(held))

    # -- packets ---------------------------------------------------------------------------------------------------------------

    def _answer(self, packet: Packet) -> bytes:
        if packet.text is None:
            return self._render("?COM")
        request = parse_request(packet.text)
        if request.address != ADDRESS:
            return b""
        self._live.heard_us = self._pump.device_us
        letter = self._untold_alarm()
        if letter and request.word != "SAF":
            return self._render_alarm(letter)
        try:
            data = self._handlers.get(request.word, _unknown)(request.argument)
        except DialectError as error:
            data = str(error)
        # Clients read the answer to SAF in the mode they ask for, an alarm too: it is a setting of the line and waits for no alarm.
        return self._render_alarm(letter) if letter else self._render(data)

    def _render(self, data: str) -> bytes:
        paused = "P" if self._live.paused else "S"
        return render(ADDRESS, "I" if self._running() else paused, data, safe=self._safe_s > 0)

    def _render_alarm(self, letter: str) -> bytes:
        return render(ADDRESS, "A", f"?{letter}", safe=self._safe_s > 0)

    def _untold_alarm(self) -> str:
        """The letter of one alarm that the host has not been told, empty if none. To tell it is to acknowledge it, here as there."""
        letter, self._live.alarm = self._live.alarm, ""
        if letter:
            return letter
        for alarm in self._pump.brief().alarms:
            if alarm.cause in ALARM_LETTERS and not alarm.acknowledged:
                self._pump.acknowledge(alarm.cause)
                return ALARM_LETTERS[alarm.cause]
        return ""

    # -- words: settings ---------------------------------------------------------------------------------------------------------

    def _take_fill(self, argument: str) -> str:
        """What a nurse has filled in: the word by which this dialect goes beyond syringe pumps."""
        drugs = {drug.name.upper(): drug.drug_id for drug in self._pump.profile.drugs}
        if argument:
            fill = parse_fill(argument)
            if fill.drug not in drugs:
                raise DialectError("OOR")
            with _refusals():
                self._pump.refill(RefillEntry(fill.volume_nl, 0, drugs[fill.drug], fill.ng_per_ml))
            return ""
        told = self._pump.brief().fill
        names = {drug_id: name for name, drug_id in drugs.items()}
        return "" if told is None else Fill(names[told.drug_id], told.concentration_ng_per_ml, told.volume_nl).text

    def _take_rate(self, argument: str) -> str:
        if not argument:
            return self._rate.text
        rate = parse_setting(argument, RATE_UNITS, self._rate.units)
        if not self._running():
            with _refusals():
                self._pump.check(self._prescription(rate))
        elif rate.units == self._rate.units:
            self._commit(rate)
        else:
            raise DialectError("NA")
        self._rate = rate
        self._plan_end()
        return ""

    def _take_volume(self, argument: str) -> str:
        if not argument:
            return self._volume.text
        if self._running():
            raise DialectError("NA")
        if argument in VOLUME_UNITS:
            self._volume = Setting(self._volume.thousandths, argument)
        else:
            self._volume = parse_setting(argument, VOLUME_UNITS, self._volume.units)
        self._live.paused, self._live.goal_nl = False, None
        return ""

    def _take_direction(self, argument: str) -> str:
        if argument in {"WDR", "REV"}:
            raise DialectError("NA")
        return _one_of(argument, {"": "INF", "INF": ""})

    def _take_safe_mode(self, argument: str) -> str:
        if not argument:
            return str(self._safe_s)
        if not (argument.isascii() and argument.isdigit()):
            raise DialectError
        if len(argument) > len(str(SAFE_S_MAX)) or int(argument) > SAFE_S_MAX:
            raise DialectError("OOR")
        self._safe_s = int(argument)
        return ""

    # -- words: motion -----------------------------------------------------------------------------------------------------------

    def _run(self) -> str:
        if self._running() or not self._rate.thousandths:
            raise DialectError("NA")
        self._commit(self._rate)
        if not self._running():
            with _refusals():
                self._pump.start()
        if not self._live.paused:
            volume_nl = self._volume.thousandths * VOLUME_UNITS[self._volume.units]
            self._live.goal_nl = self._total_nl() + volume_nl if volume_nl else None
        self._live.paused = False
        self._plan_end()
        return ""

    def _stop(self) -> str:
        """The first stop pauses, and RUN goes on towards the same volume; the second gives the run up."""
        if self._running():
            self._halt()
        else:
            self._live.paused, self._live.goal_nl = False, None
        return ""

    def _dispensed(self) -> str:
        volume_nl, units = self._total_nl() - self._live.zero_nl, self._volume.units
        return f"I{reading(volume_nl, units)}W{reading(0, units)}{units}"

    def _clear_dispensed(self, argument: str) -> str:
        if argument == "INF":
            self._live.zero_nl = self._total_nl()
        return _one_of(argument, {"INF": "", "WDR": ""})

    # -- inside ------------------------------------------------------------------------------------------------------------------

    def _running(self) -> bool:
        return self._pump.brief().mode in RUNNING

    def _halt(self) -> None:
        """Stand still, to go on where the run was."""
        self._live.paused |= self._running()
        self._pump.stop()
        self._live.ends_us = None

    def _total_nl(self) -> int:
        """What the pump believes it has moved in its life."""
        belief = self._pump.status()
        return belief.basal_nl + belief.bolus_nl

    def _plan_end(self) -> None:
        """Work out when the volume asked for will be reached."""
        self._live.ends_us = None
        if self._live.goal_nl is not None and self._running():
            left_nl = max(0, self._live.goal_nl - self._total_nl())
            self._live.ends_us = self._pump.device_us - -left_nl * US_PER_H // _rate_nl_per_h(self._rate)

    def _silent_us(self) -> int | None:
        """Device time at which safe mode gives the host up."""
        return self._live.heard_us + self._safe_s * US_PER_S if self._safe_s and self._live.heard_us is not None else None

    def _commit(self, rate: Setting) -> None:
        """Make it the therapy, unless it is; a pump that was running goes on at the new rate."""
        prescription = self._prescription(rate)
        if self._pump.brief().prescription != prescription:
            with _refusals():
                self._pump.commit(prescription, overrides=(SOFT_DOSE_RULE,))

    def _prescription(self, rate: Setting) -> Prescription:
        """A simple therapy at this rate, of what the pump was last filled with. Raises DialectError without a fill."""
        pump, fill = self._pump, self._pump.brief().fill
        drug = None if fill is None else pump.profile.drug(fill.drug_id)
        if fill is None or drug is None:
            raise DialectError("NA")
        rate_nl_per_h, alarm = _rate_nl_per_h(rate), pump.profile.alarm
        dose_ng = rate_nl_per_h * H_PER_DAY * fill.concentration_ng_per_ml // NL_PER_ML
        return Prescription(
            mode="simple",
            drug_id=drug.drug_id,
            drug_version=drug.version,
            concentration_ng_per_ml=fill.concentration_ng_per_ml,
            low_reservoir_nl=alarm.low_reservoir_nl_default,
            critical_repeat_s=alarm.critical_repeat_s_default,
            non_critical_repeat_s=alarm.non_critical_repeat_s_default,
            groups=(Group(WEEKDAYS_ALL, dose_ng, (Step(0, MIN_PER_DAY, rate_nl_per_h),)),),
        )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise DialectError("OOR" if refused.code == "RANGE" else "NA") from refused
    except Busy as busy:
        raise DialectError("NA") from busy


def _rate_nl_per_h(rate: Setting) -> int:
    return rate.thousandths * RATE_UNITS[rate.units]


def _one_of(argument: str, answers: Mapping[str, str]) -> str:
    """The answer to an argument. Raises DialectError for any other."""
    if argument not in answers:
        raise DialectError
    return answers[argument]


def _without_argument(act: Callable[[], str]) -> Handler:
    """A handler for a word that stands alone."""

    def handle(argument: str) -> str:
        if argument:
            raise DialectError
        return act()

    return handle


def _never(_argument: str) -> str:
    raise DialectError("NA")


def _unknown(_argument: str) -> str:
    raise DialectError
