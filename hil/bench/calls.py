"""The bench as a test sees it: `bench.advance(hours=8)`, wherever the pump is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from hil.bench.bench import Bench

__all__ = ["BenchCalls", "InProcessBench"]


class BenchCalls(ABC):
    """`call` for every verb of `hil.bench.verbs`, and a method for each of those a test uses most. All raise BenchError."""

    @abstractmethod
    def call(self, verb: str, args: Mapping[str, object] | None = None, /, **named: object) -> dict[str, Any]:
        """Do one verb; arguments by name, or as one mapping."""

    def now_us(self) -> int:
        """True virtual time."""
        return int(self.call("now")["now_us"])

    def advance(self, **span: int) -> int:
        """Let time pass (us, seconds, minutes, hours, days; they add up); returns the time then."""
        return int(self.call("advance", span)["now_us"])

    def run_until(self, condition: str, *, limit_s: int) -> bool:
        """Let time pass until a condition of `hil.faults.conditions` holds, at most so long; tells whether it does."""
        return bool(self.call("run_until", condition=condition, limit_s=limit_s)["reached"])

    def sample(self, *, every_s: int, duration_s: int) -> dict[str, list[int]]:
        """Let time pass, looking now and then; returns columns."""
        columns: dict[str, list[int]] = self.call("sample", every_s=every_s, duration_s=duration_s)["columns"]
        return columns

    def inject(self, fault: str, **params: int | str) -> int:
        """Put a fault in force now; returns the handle that `clear` takes."""
        return int(self.call("inject", fault=fault, params=params)["handle"])

    def plan(self, fault: str, params: Mapping[str, int | str] | None = None, **how: int | str | bool) -> int:
        """Have a fault come later or for a while (`at_us`, `when`, `each`, `for_s`, `rate_per_day_ppm`, `seed`); returns its handle."""
        return int(self.call("inject", fault=fault, params=dict(params or {}), **how)["handle"])

    def clear(self, handle: int) -> None:
        """End a fault, or take back one that is planned."""
        self.call("clear", handle=handle)

    def needle(self, **args: int | str) -> dict[str, Any]:
        """Draw out (`withdraw_nl`, or "all"), fill in (`inject_nl`, `concentration_ng_per_ml`)."""
        return self.call("needle", args)

    def rinse(self, *, volume_nl: int, turns: int = 1) -> dict[str, Any]:
        """Empty the reservoir and rinse it with drug-free fluid."""
        return self.call("rinse", volume_nl=volume_nl, turns=turns)

    def diagnose(self, what: str, **args: int | bool) -> dict[str, Any]:
        """Examine pump and catheter (docs/reference/diagnostics.md); what a person would see, which may be wrong."""
        return self.call("diagnose", what=what, **args)

    def service_reset(self) -> None:
        """What service does to a pump that has failed."""
        self.call("service_reset")

    def listen(self, *, duration_s: int) -> list[dict[str, Any]]:
        """Let time pass; returns every sound that began in it, as `pattern` and `began_us` of the device's counter."""
        sounds: list[dict[str, Any]] = self.call("listen", duration_s=duration_s)["sounds"]
        return sounds

    def power_cut(self, *, after_bytes: int | None = None, off_s: int = 0) -> None:
        """Cut the supply now, or inside the memory write that passes `after_bytes` from now."""
        self.call("power_cut", after_bytes=after_bytes, off_s=off_s)

    def reset(self) -> None:
        """Reset the firmware."""
        self.call("reset")

    def truth(self) -> dict[str, Any]:
        """What is so."""
        return self.call("truth")

    def status(self) -> dict[str, Any]:
        """What the firmware believes."""
        return self.call("status")

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """Trace records from a number on."""
        records: list[dict[str, Any]] = self.call("events", since=since)["events"]
        return records

    def digest(self, part: str = "all") -> str:
        """SHA-256 of the state, hex."""
        return str(self.call("digest", part=part)["digest"])

    def save(self) -> str:
        """The unit image, base64."""
        return str(self.call("save")["image"])

    def restore(self, image: str) -> None:
        """Become the unit of an image."""
        self.call("restore", image=image)

    def fork(self) -> str:
        """Have the bench keep the unit image; returns the id that `back_to` takes."""
        return str(self.call("fork")["image_id"])

    def back_to(self, image_id: str) -> None:
        """Become the unit of a fork."""
        self.call("restore", image_id=image_id)

    def send(self, data: bytes) -> bytes:
        """Give the line bytes from a host; returns what comes back at once."""
        return bytes.fromhex(self.call("send", data=data.hex())["answer"])

    def script(self, form: str = "jsonl") -> str:
        """A script that does the run again, as JSON lines or in Python."""
        return str(self.call("script", form=form)["script"])

    def settle(self, sent_bytes: int) -> int:
        """Have the client's bytes handled; returns how many went out. What a client without wall timers waits with."""
        return int(self.call("settle", sent_bytes=sent_bytes)["emitted_bytes"])

    def advance_us(self, us: int) -> None:
        """Let microseconds pass; what such a client's reply timer does."""
        self.call("advance", us=us)


class InProcessBench(BenchCalls):
    """A bench in this very process."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def call(self, verb: str, args: Mapping[str, object] | None = None, /, **named: object) -> dict[str, Any]:
        return self.bench.call(verb, {**(args or {}), **named})
