"""The pump under test: opened once in a process, brought to a state for each test, and given back.

With the images of a bench a state is reached once and restored for every test that asks for it. A unit without such a bench is brought
there over its wire each time, as far as that goes; what nobody here can do skips the test.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from hil.bench.calls import BenchCalls
from hil.bench.stdio import ServerEnded
from hil.errors import BenchError, HilError, UsageError
from hil.evidence.properties import FIRMWARE, MODEL, MUTANT, SEED, SERIAL
from hil.pytest_plugin.abilities import abilities_of
from hil.pytest_plugin.bench_guard import GuardedBench
from hil.pytest_plugin.fittings import drivers_of, own_of
from hil.pytest_plugin.hooks import StateBuilder, known
from hil.pytest_plugin.states import STATES, Site
from hil.pytest_plugin.transcript import Transcript
from hil.pytest_plugin.unit_check import check_profile, check_unit, check_vouched
from hil.rig import Rig
from hil.rig.asked import Asked
from hil.rig.capabilities import CAPABILITIES, known_words
from hil.rig.place import CONNECT, IN_PROCESS, SERVE, Place
from protocol.codes import Mode
from protocol.errors import LinkError, LinkLost, NoAnswer, PortMissing, ProtocolError
from protocol.waiting import wall_clock

if TYPE_CHECKING:
    from firmware_sim.profile import Profile

__all__ = ["Target", "profile_named"]

PROGRAMMER_ID = 7
"""Not drawn by lot: it is in the pump's log, and so in its digest."""
FOUND = ""
"""The name of the image of the pump as it was found."""
NEEDED_FOR_IMAGES = ("bench.image", "bench.needle", "bench.time")


class Target:
    """One pump with all that is joined to it; tests get rigs beside the one that holds it. `own` are a user's states."""

    def __init__(self, asked: Asked, place: Place, own: Mapping[str, StateBuilder]) -> None:
        self.asked = asked
        self.place = place
        self.states = {**STATES, **own}
        self._stack = ExitStack()
        self._mutation = ExitStack()
        self._images: dict[str, str] = {}
        self.said: list[str] = []
        """What a reader of the run should know, such as that a pump was started again."""
        self._clock = wall_clock()
        self._last_us = 0
        self._pace = ""
        self._mutate()
        self._found = self._open()
        self.profile = profile_named(place.profile)
        self.capabilities = abilities_of(place, self._found, self.profile)
        self.serial, self.security = "", str((self._found.ready or {}).get("security", "secure"))
        self.model = self.firmware = ""
        self.gone = ""
        """Why nobody is there any more; what is left to do to the pump is left out."""
        self.transcript = Transcript(self._moment)
        try:
            self._meet()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, asked: Asked, place: Place, own: list[Any]) -> Target:
        """Open what was asked for. Raises HilError."""
        try:
            return cls(asked, place, known(own))
        except ProtocolError as error:
            raise UsageError(f"the pump cannot be had: {error}", where=place.url) from None

    @property
    def benched(self) -> bool:
        """Whether a bench saves and restores the pump, fills it, and lets time pass."""
        return all(word in self.capabilities for word in NEEDED_FOR_IMAGES)

    # ---------------------------------------------------------------- to have it

    def _mutate(self) -> None:
        if self.asked.mutant and self.place.way == IN_PROCESS:
            from hil.mutants import mutated

            self._mutation.enter_context(mutated(self.asked.mutant))

    def _open(self) -> Rig:
        place, options = self.place, {"programmer_id": PROGRAMMER_ID}
        if place.way == IN_PROCESS:
            rig = Rig.open(place.url, programmer=options)
        elif place.way == SERVE:
            rig = Rig.serve(str(place.profile), place.serve_options, programmer=options)
        elif place.ready is None:
            rig = Rig.at(place.url, key_file=place.keys, programmer=options)
            rig.ready = {**(rig.ready or {}), "wire": place.wire}
        else:
            rig = Rig.connect(place.ready, pump=place.pump, port=place.url, programmer=options)
            rig.ready = {**(rig.ready or {}), **({"key_file": str(place.keys)} if place.keys else {})}
        rig.seed = place.seed or 0
        rig.drivers, rig.own_instruments = drivers_of(place.file), own_of(place.file)
        rig.guard = self._guarded
        self._stack.callback(rig.close)
        return rig

    def _meet(self) -> None:
        """Keep the pump as it was found, and see who it is."""
        if self.benched:
            self._images[FOUND] = self._bench.fork()
            self._pace = str(self._bench.call("pace")["pace"])
        self._recognise()

    @property
    def mutant(self) -> str:
        """The defect that the pump has on purpose: its server's word, or this process's; empty if it is healthy."""
        if self.place.way != IN_PROCESS:
            return str((self._found.ready or {}).get("mutant") or "")
        applied = sys.modules.get("hil.mutants.applied")  # without it no defect is in force
        return (applied.in_force() if applied else None) or ""

    def _guarded(self, bench: BenchCalls | None) -> BenchCalls:
        """The bench as a test may use it."""
        self.demand(["bench"])
        if bench is None:
            raise BenchError("there is no bench", where="rig")
        whole = all(word in self.capabilities for word in CAPABILITIES if word.startswith("bench"))
        return bench if whole else GuardedBench(bench, self.demand)

    def _recognise(self) -> None:
        """Look whether this is the pump that is meant, before anything is changed. Raises UsageError."""
        ready = self._found.ready or {}
        told = str(ready.get("serial", ""))
        if "telemetry" not in self.capabilities:
            self.serial = told or check_vouched(self.place)
            return
        with self._found.beside() as rig:
            hello = rig.programmer.identity_hello
        self.serial, self.model, self.firmware = hello.serial, hello.model, hello.firmware
        check_unit(self.place, self.serial, told)
        check_profile(self.place, self.profile, hello, str(ready.get("profile", "")))

    def demand(self, words: Iterable[str]) -> None:
        """Skip the test that needs what is not here. Raises UsageError for a word that is none."""
        for word in known_words(words, "pump_needs"):
            if word not in self.capabilities:
                _skip(f"needs {word}: {CAPABILITIES[word]}")

    # ---------------------------------------------------------------- a test

    def rig_in(self, state: str, options: Mapping[str, Any], *, asked: bool) -> Rig:
        """A rig for one test, the pump in this state. Not `asked`: the test did not say which, and takes a pump as it finds it."""
        if state not in self.states:
            near = get_close_matches(state, self.states, 1)
            do = f"did you mean {near[0]}?" if near else f"use {', '.join(self.states)}"
            raise UsageError(f"there is no state {state!r}", where="pump_state", do=do)
        if not self.benched:
            return self._on_a_unit(state, options, asked=asked)
        self._revive()
        name = f"{state} {sorted(options.items())}"
        if name not in self._images:
            self._images[name] = self._build(state, options)
        if self._bench.call("pace")["pace"] != self._pace:
            self._bench.call("pace", pace=self._pace)
        self._bench.back_to(self._images[name])
        return self._fresh_rig()

    def _fresh_rig(self) -> Rig:
        """A rig for one test, what its programmers say written down."""
        rig = self._found.beside()
        self.transcript = Transcript(self._moment)
        rig.programmer_options["on_frame"] = self.transcript.passed
        return rig

    def _moment(self) -> int:
        """The pump's time, or the wall's where nobody tells it."""
        if not self.benched:
            return self._clock()
        with contextlib.suppress(BenchError):
            self._last_us = self._bench.now_us()
        return self._last_us

    def facts(self) -> list[tuple[str, str]]:
        """What the reports of a test tell of its pump."""
        seed = "" if self.place.seed is None else str(self.place.seed)
        known = {SERIAL: self.serial, SEED: seed, MODEL: self.model, FIRMWARE: self.firmware, MUTANT: self.mutant}
        return [(name, value) for name, value in known.items() if value]

    def digest(self, rig: Rig) -> str:
        """The pump's digest; empty where no bench tells it, or none any more."""
        if "bench.truth" not in self.capabilities:
            return ""
        try:
            return rig.bench.digest()
        except BenchError:
            return ""

    @property
    def _bench(self) -> BenchCalls:
        return self._found.bench

    def _revive(self) -> None:
        """Start a server again that a test before has ended."""
        try:
            self._bench.now_us()
        except BenchError:
            if self.place.way != SERVE:
                raise
            self._stack.close()
            self._found = self._open()
            self._images = {FOUND: self._bench.fork()}

    def _build(self, state: str, options: Mapping[str, Any]) -> str:
        """Bring the pump there from how it was found, and keep it."""
        self._bench.back_to(self._images[FOUND])
        with self._found.beside() as rig:
            self.states[state](Site(rig, self), **options)
        return self._bench.fork()

    def _on_a_unit(self, state: str, options: Mapping[str, Any], *, asked: bool) -> Rig:
        """Bring a pump there over its wire."""
        if asked:
            with self._found.beside() as rig:
                self.states[state](Site(rig, self, self.place.file.reservoir if self.place.file else None), **options)
        return self._fresh_rig()

    def mode(self) -> int | None:
        """What a unit says it does; None where nobody has to ask, since an image brings it back."""
        if self.benched or "telemetry" not in self.capabilities:
            return None
        with self._found.beside() as rig:
            return rig.programmer.status().mode

    def leave(self, mode_before: int | None, test: str) -> None:
        """After a test: a unit that it left stopped is started again, and that is said. Raises HilError if it does not start."""
        if self.gone or mode_before in {None, Mode.SHELF, Mode.STOPPED} or self.mode() != Mode.STOPPED:
            return
        try:
            with self._found.beside() as rig:
                rig.programmer.start()
        except ProtocolError as error:
            raise HilError(f"the pump is left stopped: {error}", where=self.place.url, do="start it by hand") from None
        self.said.append(f"{test} left the pump stopped; it was started again")

    def look_after(self, failure: BaseException | None) -> None:
        """After a failed test: can a pump that was there before this run still be reached? If not, `gone` says why."""
        if self.place.way != CONNECT:
            return
        try:
            if "bench" in self.capabilities:
                self._bench.now_us()
            if isinstance(failure, LinkError) and "telemetry" in self.capabilities:
                with self._found.beside() as rig:
                    rig.programmer.status()
        except (ServerEnded, PortMissing, LinkLost) as error:
            self.gone = str(error)
        except NoAnswer as error:
            self.gone = "" if "bench" in self.capabilities else str(error)
        except (HilError, ProtocolError):
            return  # it answers

    def close(self) -> None:
        """Give everything back; a served pump that was there before is again as it was found."""
        try:
            if FOUND in self._images and self.place.way not in {IN_PROCESS, SERVE}:
                with contextlib.suppress(BenchError):
                    self._bench.back_to(self._images[FOUND])
        finally:
            self._stack.close()
            self._mutation.close()


def profile_named(name: str | None) -> Profile | None:
    """The numbers of this pump; None where nobody said which one it is. Raises UsageError."""
    if name is None:
        return None
    from firmware_sim.errors import ProfileError
    from firmware_sim.profile import load_profile

    try:
        return load_profile(name)
    except ProfileError as error:
        raise UsageError(str(error), where="--pump-profile") from None


def _skip(reason: str) -> NoReturn:
    pytest.skip(reason)
