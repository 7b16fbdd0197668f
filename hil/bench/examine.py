"""The examinations as one verb of the bench: which there are, and what each takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pydantic import Field

from hil.bench.arguments import Args
from hil.clinic.diagnostics.alarms import listen_for_alarms
from hil.clinic.diagnostics.aspiration import aspirate_reservoir
from hil.clinic.diagnostics.bedside import Bedside
from hil.clinic.diagnostics.contrast import contrast
from hil.clinic.diagnostics.isotope import isotope
from hil.clinic.diagnostics.limits import DRAW_MAX, LISTENING_S_MAX, VOLUME_NL_MAX
from hil.clinic.diagnostics.rotor import rotor_image
from hil.clinic.diagnostics.side_port import aspirate
from hil.clinic.diagnostics.xray import xray
from hil.errors import BenchError

__all__ = ["EXAMINATIONS", "Diagnose", "Examination", "diagnose"]


class Diagnose(Args):
    """An examination, and what it takes; `draw` names the draw where the time is not to.

    side_port and contrast take `aspirate_nl`, contrast takes `contrast_nl`, reservoir `put_back`, alarms need `duration_s`. A rotor study
    is two of `rotor` with a programmed bolus between them.
    """

    what: Literal["xray", "rotor", "side_port", "contrast", "isotope", "reservoir", "alarms"]
    draw: int | None = Field(None, ge=0, le=DRAW_MAX)
    aspirate_nl: int | None = Field(None, ge=0, le=VOLUME_NL_MAX)
    contrast_nl: int | None = Field(None, ge=1, le=VOLUME_NL_MAX)
    put_back: bool | None = None
    duration_s: int | None = Field(None, ge=0, le=LISTENING_S_MAX)


class Examination(NamedTuple):
    """One row: what does it, and which arguments it takes beside `draw`; the `needed` ones must be given."""

    run: Callable[..., NamedTuple]
    takes: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


EXAMINATIONS: dict[str, Examination] = {
    "xray": Examination(xray),
    "rotor": Examination(rotor_image),
    "side_port": Examination(aspirate, ("aspirate_nl",)),
    "contrast": Examination(contrast, ("aspirate_nl", "contrast_nl")),
    "isotope": Examination(isotope),
    "reservoir": Examination(aspirate_reservoir, ("put_back",)),
    "alarms": Examination(listen_for_alarms, ("duration_s",), ("duration_s",)),
}
"""All of them."""


def diagnose(bedside: Bedside, asked: Diagnose) -> NamedTuple:
    """Make an examination. Raises BenchError for arguments it does not take, and what its acts raise; then nothing has changed."""
    row = EXAMINATIONS[asked.what]
    given: dict[str, Any] = {name: value for name, value in asked.model_dump(exclude={"what", "draw"}).items() if value is not None}
    if given.keys() - set(row.takes) or set(row.needed) - given.keys():
        takes = ", ".join((*row.takes, "draw"))
        raise BenchError(
            f"{asked.what} takes {takes}; given {', '.join(given) or 'none'}", where="diagnose", do="see docs/reference/diagnostics.md"
        )
    return row.run(bedside, **given, draw=asked.draw)
