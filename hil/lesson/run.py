"""A lesson that is being held: one case a learner, one clock above all, one log that everything is written into.

Whatever comes from outside is an order, and is logged; what follows is worked out. Time is let pass by whoever paces it, in slices
of any length: sounds and trace carry their exact instant, facts are looked at on a fixed grid of simulated time and after each order, so
that the log depends on the orders alone. The same orders at the same instants make the same log (`hil.lesson.replay`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from hil.errors import CheckFailed, HilError, UsageError
from hil.lesson.bookmarks import Bookmarks
from hil.lesson.case import Case, CaseImage, News, opening_of
from hil.lesson.doing import Outcome, done_or_refused, error_of
from hil.lesson.doors import WAIT, door_named
from hil.lesson.entries import CLASS, CLOCK, INSTRUCTOR
from hil.lesson.facts import facts_now, look_at
from hil.lesson.goal import Goal
from hil.lesson.log import Log
from hil.lesson.orders import LEARNER_ORDERS, ORDERS
from hil.lesson.reactions import Reactions
from hil.lesson.setting import setting_of

if TYPE_CHECKING:
    from hil.lesson.entries import Entry
    from hil.lesson.lesson import Lesson

__all__ = ["GRID_US", "LEARNERS_MAX", "LessonRun", "Outcome"]

GRID_US = 600_000_000
"""Facts and patients are looked at every ten minutes of simulated time, and after each order."""
LEARNERS_MAX = 60
NICKNAME_CHARS_MAX = 24
ROOM_FROM = 2
"""From so many learners on the pumps sound in the room, and not at every place."""


class LessonRun:
    """One run. It begins paused. `seed` replaces the lesson's own, `log` is where everything is written (in memory if not given)."""

    def __init__(
        self, lesson: Lesson, *, seed: int | None = None, log: Log | None = None, profile: str = "US", name: str = "", colour: str = ""
    ) -> None:
        self.lesson = lesson
        self.setting = setting_of(lesson)
        self.seed = self.setting.cast.seed if seed is None else seed
        self.log = Log() if log is None else log
        self.cases: dict[str, Case] = {}
        self.now_us = 0
        self.state: Literal["paused", "running", "ended"] = "paused"
        self.speed = self.setting.speed
        self.profile, self.name, self.colour = profile, name, colour
        self.goal: Goal | None = None
        self.bookmarks = Bookmarks()
        self.prompts = 0
        self.speakers = ""
        self._order: dict[str, Any] = {}
        self._interrupted = False
        self._next_look_us = GRID_US
        self._opening: CaseImage = opening_of(self.setting, self.seed)
        self._reactions = Reactions(lesson, self.setting)
        self.write("began", INSTRUCTOR, "", self._beginning())

    def _beginning(self) -> dict[str, Any]:
        own = {"lesson": self.setting.name, "seed": self.seed, "speed": self.speed, "clock_us": self._opening.wall_us}
        return {**own, "run": self.name, "colour": self.colour, "profile": self.profile}

    def write(self, kind: str, who: str, about: str, data: dict[str, Any], at_us: int | None = None) -> Entry:
        """Write an entry down. The first that an order makes holds the order, so that it can be given again."""
        order, self._order = self._order, {}
        entry = self.log.append(self.now_us if at_us is None else at_us, kind, who, about, {**data, **order})
        self._reactions.feed(entry)
        if self.goal is not None:
            self.goal.feed(entry)
        return entry

    # -- learners --------------------------------------------------------------------------------------------------------

    def join(self, nickname: str, ref: str = "") -> str:
        """Take somebody in; returns his key. Raises UsageError, CheckFailed."""
        name = " ".join(nickname.split())
        if not name or len(name) > NICKNAME_CHARS_MAX or not name.isprintable():
            raise UsageError(f"a nickname has 1 to {NICKNAME_CHARS_MAX} letters", where="nickname", do="write another, not your real name")
        if any(case.nickname.lower() == name.lower() for case in self.cases.values()):
            raise CheckFailed(f"somebody is called {name} already", where="nickname", do="write another")
        if self.state == "ended" or len(self.cases) >= LEARNERS_MAX:
            what = "the lesson is over" if self.state == "ended" else f"{LEARNERS_MAX} learners are here already"
            raise CheckFailed(what, where="join", do="ask the trainer for another run")
        key = f"L{len(self.cases) + 1}"
        case = self.new_case(key)
        case.nickname = name
        self.cases[key] = case
        self._reactions.join(key, list(self.log.entries()) if self._reactions.conditional else ())
        self.write("joined", key, key, {"nickname": name, **({"ref": ref} if ref else {})})
        self._look(case)
        if len(self.cases) == ROOM_FROM and not self.speakers:
            self.speakers = "room"
            self.write("speakers", CLASS, "", {"who": "room"})
        return key

    def new_case(self, key: str) -> Case:
        """A case as the lesson begins, brought to the present by itself: whoever comes late has missed what sounded before."""
        case = Case.of(key, self.setting, self.seed, self._opening)
        for reaction in self._reactions.timed:
            if reaction.at_us is not None and reaction.at_us <= self.now_us:
                case.advance_to(reaction.at_us)
                self._reactions.play(case, reaction)
        case.advance_to(self.now_us)
        case.news = [news for news in case.news if news.at_us > self.now_us]
        return case

    # -- orders ----------------------------------------------------------------------------------------------------------

    def order(self, who: str, act: str, args: Mapping[str, Any] | None = None, ref: str = "") -> Outcome:
        """Do what somebody outside asks for, at this instant. An act of a learner is in the log also when it is refused.

        Nothing is looked at for an order that leaves no entry: looks belong to the grid and to what is in the log.
        """
        typed = dict(args or {})
        table = LEARNER_ORDERS if who in self.cases else ORDERS
        if who not in self.cases and who not in (INSTRUCTOR, CLOCK):
            raise UsageError(f"nobody here is called {who!r}", where="who", do="join first")
        if who in self.cases and act not in table:
            return self._act(self.cases[who], act, typed, ref)
        self._order = {"order": [act, typed], **({"ref": ref} if ref else {})}
        try:
            return Outcome(True, table.demand(act)(self, who, typed))
        except HilError as problem:
            return Outcome(False, {}, error_of(problem))
        finally:
            self._order = {}

    def _act(self, case: Case, act: str, typed: dict[str, Any], ref: str) -> Outcome:
        """An act of a learner, through its door."""
        try:
            door = door_named(act, typed, self.setting.allowed)
            self._demand_time(case, door.group, act)
            done, error = done_or_refused(case, door, typed)
        except HilError as problem:
            done, error = None, error_of(problem)
        frames, left_out = case.stage.frames.take()
        data: dict[str, Any] = {"act": act, "args": typed, "answer": "refused" if error else "done", "seen": done.seen if done else {}}
        data["words"] = done.words if done else ""
        extra = {"error": error, "wire": frames, "wire_cut": left_out, "ref": ref}
        self.write("act", case.key, case.key, {**data, **{name: value for name, value in extra.items() if value}})
        for kind, more in done.also if done else ():
            self.write(kind, case.key, case.key, more)
            case.finished |= kind == "finished"
        if act == WAIT and error is None:
            self.goal = Goal.wait(self, typed["for"])
        self.settle((case,))
        return Outcome(error is None, data["seen"], error)

    def _demand_time(self, case: Case, group: str, act: str) -> None:
        """Refuse what cannot be done at this time. Raises CheckFailed."""
        if self.state == "ended" or case.finished:
            raise CheckFailed(
                "the lesson is over" if self.state == "ended" else "you have finished", where=act, do="look at the debriefing"
            )
        if self.state == "paused" and group != "mind":
            raise CheckFailed("the simulation is paused", where=act, do="wait until the trainer lets it go on")
        if act == WAIT and len(self.cases) > 1:
            raise CheckFailed("the class has one clock", where=act, do="ask the trainer to let time pass")

    def settle(self, cases: Sequence[Case]) -> None:
        """After something was done to these: what follows of it at this very instant is in the log."""
        for case in cases:
            case.look_closely()
        self._flush()
        self._look_at(cases)

    def cases_of(self, learner: str) -> list[Case]:
        """The case of a learner, or all of them. Raises UsageError."""
        if learner and learner not in self.cases:
            raise UsageError(f"nobody here is called {learner!r}", where="learner", do="choose one of the class")
        return [self.cases[learner]] if learner else list(self.cases.values())

    # -- time ------------------------------------------------------------------------------------------------------------

    @property
    def hurrying(self) -> bool:
        """Whether time is to pass as fast as it can be worked out, until something is reached."""
        return self.goal is not None

    def hurry(self) -> None:
        """Let time pass until that is reached."""
        while self.goal is not None and self.state != "ended":
            self.advance_us(GRID_US)

    def advance_us(self, us: int) -> int:
        """Let time pass, at most so much; returns how much passed. It ends early where a logged `clock` entry changes state or speed."""
        began_us, target_us = self.now_us, self.now_us + us
        self._interrupted = False
        while self.now_us < target_us and self.state != "ended" and not self._interrupted:
            times = [target_us, self._next_look_us, self.setting.ends_us, self._reactions.next_us(self.now_us)]
            times.append(self.goal.until_us if self.goal is not None else None)
            self._pass_to(min(at_us for at_us in times if at_us is not None))
            self._on_time()
        return self.now_us - began_us

    def _on_time(self) -> None:
        """What the clock brings about at this instant."""
        on_grid = self.now_us == self._next_look_us
        if on_grid:
            self._next_look_us += GRID_US
        found = self._reactions.due(self.now_us)
        due = [(case, each) for each in found for case in self.cases.values() if each.number not in case.done]
        for case, reaction in due:
            self._react(case, reaction)
        if on_grid or due:
            self._look_at(list(self.cases.values()), on_grid=on_grid)
        if self.goal is not None and self.goal.reached(self, on_grid=on_grid):
            self._reach_goal(self.goal.words)
        if self.now_us >= self.setting.ends_us:
            self.end("the time is over")

    def _pass_to(self, at_us: int) -> None:
        """Bring all cases there, or to the first instant before it at which a new alarm sounds."""
        ahead = [news.at_us for case in self.cases.values() for news in case.news if news.kind == "sound" and news.data["fresh"]]
        at_us = min([at_us, *ahead])  # a case whose programmer had to wait is ahead of the class
        while True:
            stops = [(stop_us, key) for key, case in self.cases.items() if (stop_us := case.next_stop_us()) is not None]
            first_us, key = min(stops, default=(at_us, ""))
            if first_us >= at_us:
                break
            self.cases[key].advance_to(first_us)
            if self._sounds_anew(self.cases[key], first_us):
                at_us = first_us
                break
        for case in self.cases.values():
            case.advance_to(at_us)
        self.now_us = at_us
        self._flush()

    def _sounds_anew(self, case: Case, at_us: int) -> bool:
        return any(news.kind == "sound" and news.data["fresh"] and news.at_us <= at_us for news in case.news)

    def _flush(self) -> None:
        """Write down what has come about by now, in order of time."""
        found: list[tuple[News, str]] = []
        for case in self.cases.values():
            if case.news:
                found += [(news, case.key) for news in case.news if news.at_us <= self.now_us]
                case.news = [news for news in case.news if news.at_us > self.now_us]
        found.sort(key=lambda each: (each[0].at_us, each[0].rank))
        for news, key in found:
            self.write(news.kind, news.who, key, news.data, news.at_us)
        if any(news.kind == "sound" and news.data["fresh"] for news, _ in found):
            self._drop()

    def _drop(self) -> None:
        """A new alarm sounds: the class falls to real time, so that everybody hears it as it is."""
        self._interrupted = True
        if self.setting.alarm_drops and (self.speed != 1 or self.goal is not None):
            self.goal = None
            self.set_clock(CLASS, self.state, 1, "real time again", "a pump sounds a new alarm")  # whose, nobody else's page tells

    def set_clock(self, who: str, state: Literal["paused", "running", "ended"], speed: int, why: str, goal: str = "") -> None:
        """Change state and speed, and write it down. `why` is for everybody, `goal` for the trainer: it may name a fact."""
        self.state, self.speed, self._interrupted = state, speed, True
        self.write("clock", who, "", {"state": state, "speed": speed, "why": why, "goal": goal})

    def _reach_goal(self, words: str) -> None:
        """What time was to hurry to is reached."""
        self.goal = None
        self.set_clock(CLASS, self.state, self.speed, "time has passed", words)

    def end(self, why: str, who: str = CLASS) -> None:
        """The lesson is over."""
        if self.state != "ended":
            self.state, self.goal = "ended", None
            self.write("ended", who, "", {"why": why})

    # -- looks -----------------------------------------------------------------------------------------------------------

    def _look_at(self, cases: Sequence[Case], *, on_grid: bool = False) -> None:
        """Look at the facts of these cases; whatever waits for one happens, once."""
        for case in cases:
            self._look(case, on_grid=on_grid)
        for case in cases:
            for reaction in self._reactions.come(case, self.now_us):
                self._react(case, reaction)
                self._look(case)
        if self._reactions.over(self.cases.values(), self.now_us):
            self.end("what the lesson was about has come")

    def _look(self, case: Case, *, on_grid: bool = False) -> None:
        """Look at the facts of a case; what has changed is in the log."""
        look = look_at(case)
        if on_grid:
            case.note_flow(look.true, look.told)
        now = facts_now(look)
        for fact in sorted(now ^ case.facts):
            self.write("fact", CLASS, case.key, {"fact": fact, "holds": fact in now})
        case.facts = now

    def _react(self, case: Case, reaction: Any, who: str = CLASS) -> None:
        """Something happens by itself, or because the trainer wants it now."""
        step = self._reactions.play(case, reaction)
        self.write("step", who, case.key, step)
        if reaction.tell:
            self.write("said", CLASS, case.key, {"text": reaction.tell, "by": ""})
        case.look_closely()
        self._flush()

    def react_now(self, case: Case, step_id: str, who: str) -> None:
        """Have a reaction of the lesson happen now. Raises UsageError."""
        self._react(case, self._reactions.named(step_id), who)

    # -- bookmarks -------------------------------------------------------------------------------------------------------

    def mark(self, name: str) -> None:
        """Keep all cases as they are."""
        images = {key: case.image() for key, case in self.cases.items()}
        self.bookmarks.keep(name, (self.now_us, self._next_look_us, self._reactions.marked(), images))

    def go_back(self, name: str) -> None:
        """Be where a bookmark was set; whoever joined since begins from there. Raises UsageError."""
        self.now_us, self._next_look_us, reactions, images = self.bookmarks.find(name)
        self._reactions.go_back(reactions)
        self.goal = None
        for key, case in self.cases.items():
            if key in images:
                case.restore(images[key])
            else:
                nickname = case.nickname
                case.close()
                self.cases[key] = self.new_case(key)
                self.cases[key].nickname = nickname

    def close(self) -> None:
        """Let go of all cases; the log stays."""
        with suppress(HilError):
            for case in self.cases.values():
                case.close()
        self.log.close()
