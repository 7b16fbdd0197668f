"""One learner's case: a pump, its patient, a programmer, what lies on the tray, and what has been read off so far.

All cases of a class begin from one image, so that everybody meets the same pump. A case lives in its own true time; `now_us` counts from
the moment at which the lesson began. What can be perceived, and what the pump's trace tells, goes to `news` with its exact instant; the
run puts it into the log in order.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from firmware_sim.errors import BenchRefused
from firmware_sim.patient import Patient, PatientState
from firmware_sim.plant.sounder import Sound
from hil.bench.calls import InProcessBench
from hil.lesson.talk import BedsideStage
from hil.plain import plain
from hil.rig import Rig
from hil.scenario.beginning import begin
from hil.scenario.checking import pump_named
from hil.therapy.prescription import to_prescription

if TYPE_CHECKING:
    from firmware_sim.firmware.device_status import DeviceStatus
    from firmware_sim.firmware.prescription import Prescription
    from firmware_sim.truth import Truth
    from hil.lesson.setting import Setting
    from hil.unit import Unit
    from protocol.client import Interrogation
    from protocol.messages import Identity
    from protocol.therapy import Therapy

__all__ = ["Case", "CaseImage", "News", "Reading", "Staged", "opening_of"]

FLOW_LOOKS = 37
"""Six hours, so that single steps of the motor do not matter."""


class News(NamedTuple):
    """Something for the log. At one instant the lower `rank` comes first."""

    at_us: int
    rank: int
    kind: str
    who: str
    data: dict[str, Any]


US_PER_S, FL_PER_NL = 1_000_000, 1_000_000
EVENT, SOUND, FOUND = 0, 1, 2


class Reading(NamedTuple):
    """An interrogation, and when it was made."""

    at_us: int
    known: Interrogation


class Staged(NamedTuple):
    """A therapy that was reviewed: its token, as typed, as the wire has it, and the rules that need a reason."""

    token: str
    typed: dict[str, Any]
    therapy: Therapy
    soft: tuple[int, ...]
    reading: Reading


@dataclass(slots=True)
class Tray:
    """Where the needle is, and what was done through it."""

    needle_in: bool = False
    withdrawn_nl: int | None = None
    filled_nl: int | None = None
    drug: str = ""
    concentration_ng_per_ml: int = 0


@dataclass(frozen=True)
class CaseImage:
    """A case at an instant, to begin or to go back to."""

    unit: bytes
    patient: bytes
    base_us: int
    wall_us: int
    identity: Identity
    intended: Prescription | None
    found: dict[str, int]
    handles: dict[str, int]
    sounding: tuple[frozenset[tuple[str, int]], int, int]
    events: int
    reading: Reading | None = None
    staged: Staged | None = None
    tray: Tray = field(default_factory=Tray)
    done: frozenset[int] = frozenset()
    facts: frozenset[str] = frozenset()
    rotor_mdeg: int | None = None
    pending: tuple[News, ...] = ()
    flow: tuple[tuple[int, int], ...] = ()
    finished: bool = False
    open_command: int | None = None


NOTHING_SOUNDED = (frozenset[tuple[str, int]](), 0, -1)


class Case:
    """Use `Case.of` to make one from an image."""

    def __init__(self, key: str, setting: Setting, seed: int) -> None:
        self.key = key
        self.nickname = ""
        self.depth_mm = 0
        self.finished = False
        self.prompts: set[str] = set()
        """Questions that wait for an answer."""
        self.setting = setting
        catheter = f"&catheter={setting.cast.catheter}" if setting.cast.catheter else ""
        self.rig = Rig.open(f"pumpsim://{quote(pump_named(setting.scenario, setting.cast), safe='/.')}?seed={seed}{catheter}")
        assert isinstance(self.rig.bench, InProcessBench)
        self.bench = self.rig.bench.bench
        self.unit: Unit = self.bench.unit
        self.stage = BedsideStage(setting.scenario, setting.cast, self.rig, self.pass_us)
        self.patient: Patient | None = None
        self.base_us = 0
        self.news: list[News] = []
        self.intended: Prescription | None = None
        """The therapy that was ordered; None where the lesson orders none."""
        self.reading: Reading | None = None
        self.staged: Staged | None = None
        self.open_command: int | None = None
        """The command of which nobody knows whether the pump did it."""
        self.tray = Tray()
        self.rotor_mdeg: int | None = None
        self.done: set[int] = set()
        self.facts: set[str] = set()
        self.flow: deque[tuple[int, int]] = deque(maxlen=FLOW_LOOKS)
        """What was commanded and what has left the reservoir, in nL, at the last looks on the grid."""
        self._conditions, self._count, self._sounded_us = NOTHING_SOUNDED
        self._events = 0

    @classmethod
    def of(cls, key: str, setting: Setting, seed: int, image: CaseImage) -> Case:
        """A case that stands where the image was taken."""
        case = cls(key, setting, seed)
        case.restore(image)
        return case

    def close(self) -> None:
        """Let go of the programmer and the line."""
        self.stage.goodbye(even_if_away=True)
        self.rig.close()

    # -- images ----------------------------------------------------------------------------------------------------------

    def image(self) -> CaseImage:
        """The case as it is; whoever is at the programmer says goodbye."""
        self.stage.goodbye(even_if_away=True)
        assert self.patient is not None
        return CaseImage(
            self.unit.save(),
            self.patient.save(),
            self.base_us,
            self.wall_us,
            self.stage.identity_of_pump(),
            self.intended,
            dict(self.stage.found),
            dict(self.stage.handles),
            (self._conditions, self._count, self._sounded_us),
            self._events,
            self.reading,
            self.staged,
            Tray(**{name: getattr(self.tray, name) for name in Tray.__slots__}),
            frozenset(self.done),
            frozenset(self.facts),
            self.rotor_mdeg,
            tuple(self.news),
            tuple(self.flow),
            self.finished,
            self.open_command,
        )

    def restore(self, image: CaseImage) -> None:
        """Be as it was then."""
        self.stage.goodbye(even_if_away=True)
        self.unit.restore(image.unit)
        self.patient = Patient.restore(self.unit.pump, image.patient)
        self.base_us, self.stage.began_us = image.base_us, image.base_us
        self.stage.identity, self.intended = image.identity, image.intended
        self.stage.found, self.stage.handles = dict(image.found), dict(image.handles)
        self._conditions, self._count, self._sounded_us = image.sounding
        self._events, self.reading, self.staged = image.events, image.reading, image.staged
        self.tray = Tray(**{name: getattr(image.tray, name) for name in Tray.__slots__})
        self.done, self.facts, self.news = set(image.done), set(image.facts), list(image.pending)
        self.rotor_mdeg, self.flow = image.rotor_mdeg, deque(image.flow, FLOW_LOOKS)
        self.finished, self.open_command = image.finished, image.open_command

    # -- time ------------------------------------------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """Since the lesson began."""
        return self.unit.now_us - self.base_us

    def pass_us(self, us: int) -> None:
        """Let so much time pass."""
        self.advance_to(self.now_us + us)

    def next_stop_us(self) -> int | None:
        """When something happens that may be news: what is due by itself, or a new alarm that begins to sound. None: nothing will."""
        due_us = self.unit.next_due()
        fresh_us = self._fresh_us()
        times = [] if due_us is None else [max(due_us, self.unit.now_us + 1)]
        times += [fresh_us] if fresh_us is not None and fresh_us > self.unit.now_us else []
        return min(times) - self.base_us if times else None

    def advance_to(self, at_us: int) -> None:
        """Let time pass to an instant of the lesson, what sounds on the way is news. One that is past already changes nothing."""
        target_us = at_us + self.base_us
        while self.unit.now_us < target_us:
            due_us, fresh_us = self.unit.next_due(), self._fresh_us()
            stop_us = target_us if due_us is None else min(target_us, max(due_us, self.unit.now_us + 1))
            if fresh_us is not None and self.unit.now_us < fresh_us < stop_us:
                stop_us = fresh_us
            causes = self._causes()  # nothing of it changes before the next stop
            for sound in self.unit.listen(stop_us - self.unit.now_us):
                self._heard(sound, causes)
            self.look_closely()

    def look_closely(self) -> None:
        """What the pump's trace has told since the last look is news, and what begins to sound at this very instant."""
        self.look_at_trace()
        sound = self.unit.pump.sound()
        if sound is not None and self._lesson_us(sound.began_us) >= self.now_us:
            self._heard(sound, self._causes())

    def _fresh_us(self) -> int | None:
        """When an alarm that has not sounded yet will."""
        return self.unit.pump.next_sound_us() if self._causes() - self._conditions else None

    def _causes(self) -> frozenset[tuple[str, int]]:
        """The alarms that make the pump sound, each with the time at which it was raised."""
        pump = self.unit.pump
        if not pump.answers:  # it may sound all the same, and tells nobody why
            return self._conditions if pump.powered else frozenset()
        return frozenset((alarm.cause, alarm.raised_us) for alarm in pump.status().alarms if alarm.active)

    def _heard(self, sound: Sound, causes: frozenset[tuple[str, int]]) -> None:
        if sound.began_us == self._sounded_us:  # heard on arrival
            return
        fresh = bool(causes - self._conditions)
        self._count = 1 if fresh else self._count + 1
        every_s = 0 if fresh or self._sounded_us < 0 else (sound.began_us - self._sounded_us) // US_PER_S
        self._conditions, self._sounded_us = causes, sound.began_us
        data = {
            "pattern": sound.pattern,
            "tones": [[tone.hz, tone.ms] for tone in sound.tones],
            "count": self._count,
            "fresh": fresh,
            "every_s": every_s,
            "muffled": self.depth_mm,
            "critical": sound.pattern == "two-tone",
            "causes": sorted(cause.replace("_", "-") for cause, _ in causes),
        }
        self.news.append(News(self._lesson_us(sound.began_us), SOUND, "sound", "class", data))

    def _lesson_us(self, device_us: int) -> int:
        try:
            return min(self.unit.pump.true_us_of(device_us), self.unit.now_us) - self.base_us
        except BenchRefused:  # the counter stands still, and never comes there
            return self.now_us

    def look_at_trace(self) -> None:
        """What the pump's trace has told since the last look is news."""
        for record in self.unit.pump.events(self._events):
            at_us = int(str(record["now_us"])) - self.base_us
            self._events = int(str(record["number"])) + 1
            self.news.append(News(at_us, EVENT, "event", "class", {"event": plain(record)}))

    def tell_later(self, at_us: int, text: str) -> None:
        """Have a finding come at an instant of the lesson."""
        self.news.append(News(at_us, FOUND, "finding", "class", {"text": text}))

    # -- looks -----------------------------------------------------------------------------------------------------------

    def note_flow(self, true: Truth, told: DeviceStatus | None) -> None:
        """Keep what was commanded and what has come out of the catheter, by now."""
        commanded = self.flow[-1][0] if told is None and self.flow else 0 if told is None else told.basal_nl + told.bolus_nl
        balance = true.balance
        gone_fl = balance.delivered_fl + balance.leaked_fl
        self.flow.append((commanded, gone_fl // FL_PER_NL))

    def faults(self) -> list[dict[str, Any]]:
        """What is in force, and what is planned: handle, name and parameters."""
        told = self.stage.bench.call("faults")
        return [dict(row) for row in told["in_force"]]

    @property
    def wall_us(self) -> int:
        """The date and time of every other clock: what the pump's would show if it had always been right."""
        return self.unit.pump.profile.clock.clock_us_start + self.unit.now_us

    def state(self) -> PatientState:
        """The patient now."""
        assert self.patient is not None
        return self.patient.at()

    def true(self) -> Truth:
        """What is so."""
        return self.unit.pump.truth()

    def believed(self) -> DeviceStatus | None:
        """What the pump believes; None of one that does not answer."""
        return self.unit.pump.status() if self.unit.pump.answers else None

    def truth(self) -> dict[str, Any]:
        """What is so, as plain data, for an instructor."""
        return {"pump": plain(self.true()), "patient": plain(self.state()), "facts": sorted(self.facts)}

    def belief(self) -> dict[str, Any] | None:
        """What the pump believes, as plain data."""
        believed = self.believed()
        return None if believed is None else dict(plain(believed))  # type: ignore[call-overload]  # a record is a mapping

    def drawing(self) -> dict[str, Any]:
        """Reservoir, tubing and catheter as they are: volumes in nL, strengths in ng/mL, the path in pieces from the pump to the tip."""
        true = self.true()
        return {
            "reservoir_nl": true.reservoir_nl,
            "capacity_nl": self.unit.pump.profile.reservoir.capacity_nl,
            "residual_nl": true.residual_nl,
            "reservoir_ng_per_ml": true.reservoir_concentration_ng_per_ml,
            "tubing_nl": true.tubing_nl,
            "catheter_nl": true.catheter_nl,
            "path": [list(piece) for piece in true.path],
            "tip_ng_per_ml": true.tip_concentration_ng_per_ml,
            "tip_level": true.tip_level,
            "pocket_nl": true.pocket_nl,
            "pocket_ng": true.pocket_ng,
        }

    def patient_columns(self, every_us: int, from_us: int, to_us: int) -> dict[str, list[float]]:
        """Levels, effects and condition in the lesson's time, for curves; cut to when the patient was there."""
        assert self.patient is not None
        since_us = max(from_us + self.base_us, self.patient.since_us)
        until_us = min(to_us + self.base_us, self.unit.now_us)
        columns = self.patient.sample(every_us, since_us, max(since_us, until_us))
        return {**columns, "at_us": [at_us - self.base_us for at_us in columns["at_us"]]}


def opening_of(setting: Setting, seed: int) -> CaseImage:
    """Where the lesson begins: the pump as the scenario has it, the patient settled, and all done that nobody saw. Raises HilError."""
    from hil.lesson.steps import play_hidden

    case = Case("", setting, seed)
    try:
        case.intended = to_prescription(case.stage.therapy(setting.intended)) if setting.intended else None
        begin(case.stage, setting.cast.begin)
        case.patient = case.unit.pump.patient(**setting.patient)
        case.stage.pass_us(setting.settled_us)
        case.stage.began_us = case.unit.now_us
        case.stage.mark()
        play_hidden(case.stage, setting.scenario.steps)
        case.base_us = case.unit.now_us
        case.look_at_trace()
        case.news = []
        return replace(case.image(), sounding=NOTHING_SOUNDED, reading=None)
    finally:
        case.close()
