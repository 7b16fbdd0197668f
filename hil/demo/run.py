"""A run of the demonstration: its process, its pty, its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from hil.demo.record import Recorder
from hil.demo.story import ACTS, FILL_CONCENTRATION_NG_PER_ML, FILL_NL, THERAPY, Told, acts
from hil.errors import HilError, UsageError
from hil.pages.report import write_report
from hil.rig import Rig
from hil.system.terminals import port_of_our_own
from hil.wording import quantity
from protocol.errors import ProtocolError

__all__ = ["DemoRun"]


class DemoRun:
    """Starts a pump process on a pty in `folder`, on TCP where there are none; as a context it leaves neither behind. Raises HilError."""

    count = ACTS

    def __init__(self, folder: Path, *, profile: str, seed: int) -> None:
        self.folder = folder
        self.profile = profile
        self.seed = seed
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the folder: {error.strerror}", where=str(folder), do="choose another with --out") from None
        self._rig = Rig.open(port_of_our_own(str(folder / "pump0")), profile=profile, seed=seed)
        ready = self._rig.ready or {}
        self.serial = str(ready["serial"])
        self.port = f"{folder / 'pump0'} ({ready['device']})" if ready["device"] else str(ready["port"])
        self._recorder = Recorder(self._rig.bench)

    @property
    def digest(self) -> str:
        """The pump's digest when the story had ended."""
        return self._recorder.digest

    def acts(self) -> Iterator[Told]:
        """The story, act by act. Raises HilError."""
        try:
            yield from acts(self._rig, self._recorder)
        except ProtocolError as error:
            raise HilError(
                str(error), where="demo", do="report this, with the seed: the demonstration is expected to go through"
            ) from error

    def write_report(self) -> Path:
        """Leave the page; returns its path. Raises HilError."""
        truth = self._rig.bench.truth()
        path_nl = truth["tubing_nl"] + truth["catheter_nl"]
        facts = (
            ("Therapy file", THERAPY.name),
            ("Filled", f"{quantity.VOLUME.text(FILL_NL)} of {quantity.CONCENTRATION.text(FILL_CONCENTRATION_NG_PER_ML)}"),
            ("Below the needle", f"{quantity.VOLUME.text(truth['residual_nl'])} that mixes with each fill"),
            ("Tubing and catheter", f"{quantity.VOLUME.text(path_nl)}, drug-free at the start"),
            ("This unit's true step", f"{quantity.number(truth['unit_error_ppm'], 4)} % off what is printed on it"),
        )
        data = self._recorder.report(profile=self.profile, serial=self.serial, seed=self.seed, facts=facts)
        return write_report(data, self.folder / "report.html")

    def close(self) -> None:
        """End the process. May be called twice."""
        self._rig.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
