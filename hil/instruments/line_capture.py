"""A pump's line into a capture file: what passes its port, or what is at both ends of a link tap.

Times are virtual. What the file tells of itself is enough to have the same pump again, and to say later which of its numbers another pump
has otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from firmware_sim import Pump
from firmware_sim.profile import Profile
from hil.errors import UsageError
from hil.faults.link_tap import LinkTap
from hil.faults.wire_faults import TO_PUMP
from protocol.capture.file import CaptureFile
from protocol.capture.recorder import HOST_END, PUMP_END, Recorder
from protocol.capture.runs import HOST, PUMP
from protocol.errors import CaptureFileError

__all__ = ["LineCapture", "numbers_of", "pump_facts"]

_ENDS = {"host": HOST_END, "pump": PUMP_END}


class LineCapture:
    """An open capture of one line. `tap` given: both ends of it are captured, else what is told by `passed`. Raises UsageError.

    `on_problem` hears once if the file takes no more; the line goes on all the same.
    """

    def __init__(
        self,
        path: Path,
        now_us: Callable[[], int],
        *,
        port: str,
        facts: Mapping[str, Any],
        tap: LinkTap | None = None,
        on_problem: Callable[[str], None] = lambda _why: None,
    ) -> None:
        try:
            self._file = CaptureFile(path, on_problem=on_problem)
        except CaptureFileError as error:
            raise UsageError(str(error), where="--capture") from None
        self._tap = tap
        places = (HOST_END,) if tap is None else (HOST_END, PUMP_END)
        self._recorder = Recorder(self._file.write, now_us, port=port, places=places)
        by = "server" if tap is None else "tap"
        self._recorder.begin(f"pumpsim, a {by} on {port}", {"by": by, "port": port, "clock": "virtual", **facts})
        if tap is not None:
            tap.listen(self._at_an_end)

    def passed(self, sender: str, data: bytes) -> None:
        """Bytes pass the port; a tap tells by itself."""
        if self._tap is None:
            self._recorder.passed(sender, data)

    def close(self) -> None:
        """Write what has begun and let go of the file; may be called again."""
        if self._tap is not None:
            self._tap.listen(None)
        self._recorder.end()
        self._file.close()

    def _at_an_end(self, end: str, direction: str, data: bytes) -> None:
        self._recorder.passed(HOST if direction == TO_PUMP else PUMP, data, _ENDS[end])


def pump_facts(pump: Pump, security: str, received: int) -> dict[str, Any]:
    """Which pump this is, with all its numbers, and the state it is in; `received` bytes have reached it."""
    return {
        "profile": pump.profile.name,
        "serial": pump.serial,
        "seed": pump.seed,
        "firmware": pump.profile.identity.firmware,
        "security": security,
        "new": not (received or pump.now_us),
        "begun_us": pump.now_us,
        "digest": pump.digest(),
        "profile_numbers": numbers_of(pump.profile),
        "profile_text": pump.profile.text,
    }


def numbers_of(profile: Profile) -> dict[str, int | str | bool]:
    """Every number and switch of a profile under its dotted path."""
    numbers: dict[str, int | str | bool] = {path: number.value for path, number in profile.numbers}
    for section in ("identity", "behaviour"):
        numbers |= {f"{section}.{name}": value for name, value in asdict(getattr(profile, section)).items()}
    return numbers
