"""States that `expect` names by a word and not by a figure: mode, alarms, sound, log, and whatever the bench can wait for."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from firmware_sim.firmware.modes import MODES
from hil.errors import QuantityError
from hil.scenario.formula import Formula
from hil.scenario.parts import Condition, FileText, Number, Part, Yes, choice, chosen, texts
from hil.wording.alarms import ALARM_WORDS
from protocol.codes import EventKind, StopReason

__all__ = ["LOG_WORDS", "LogCount", "States"]

NONE = "none"
SOUNDS = ("critical", "non-critical", NONE)
MODE_WORDS = tuple(mode.replace("_", "-") for mode in MODES)
STOP_WORDS = tuple(reason.name.lower().replace("_", "-") for reason in StopReason)
LOG_WORDS = tuple(kind.name.lower().replace("_", "-") for kind in EventKind)


class LogCount(Part):
    """How many records of a kind."""

    kind: Annotated[str, *choice(LOG_WORDS)]
    count: Number


def _causes() -> tuple[object, ...]:
    def cause(text: str) -> str:
        return chosen((*ALARM_WORDS, NONE))(text)

    either = {"type": "string", "enum": [*ALARM_WORDS, NONE]}
    return texts(cause), WithJsonSchema({"anyOf": [either, {"type": "array", "items": either}]})


Causes = Annotated[tuple[str, ...], *_causes()]


def _counts() -> BeforeValidator:
    """Each kind with its count."""

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise QuantityError("kinds of records belong here", do="write it like `alarm-raised: 3`")
        return tuple(LogCount.model_validate({"kind": kind, "count": count}) for kind, count in value.items())

    return BeforeValidator(read)


class States(Part):
    """What may be expected by its word."""

    mode: Annotated[str, *choice(MODE_WORDS)] | None = Field(None, title="the mode that the pump says it is in")
    stopped_by: Annotated[str, *choice(STOP_WORDS)] | None = Field(None, alias="stopped-by", title="why it says it has stopped")
    alarms: Causes | None = Field(None, title="the alarms that are active, these and no other; or none")
    alarm_list: Causes | None = Field(
        None, alias="alarm-list", title="the alarms in the pump's list: active, or gone and not yet acknowledged"
    )
    sound: Annotated[str, *choice(SOUNDS)] | None = Field(None, title="what is to be heard at this instant")
    therapy: FileText | None = Field(None, title="the therapy that the pump has, by its name in this file")
    therapy_pending: Yes | None = Field(
        None, alias="therapy-pending", title="whether it was told of a drug or strength that its therapy is not for"
    )
    holds: Condition | None = Field(None, title="any condition of `until`")
    log: Annotated[tuple[LogCount, ...], _counts()] = Field((), title="how many records of a kind the log has got, read over the wire")

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """Those in it."""
        return tuple(each.count for each in self.log)
