"""What the model found wrong with a file, in the words of somebody who writes therapy files."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from hil.errors import Problem, QuantityError
from hil.therapy.model import FlexFile, GroupFile, MinimumRateFile, PatientFile, SimpleFile, StepFile
from hil.therapy.source import Place, Tree

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["model_problems"]

MODES: dict[str, type[BaseModel]] = {"simple": SimpleFile, "flex": FlexFile, "minimum-rate": MinimumRateFile}
_EXAMPLES = {
    "drug": "drug: baclofen",
    "concentration": "concentration: 500 mcg/mL",
    "mode": "mode: flex",
    "low-reservoir-alarm": "low-reservoir-alarm: 2 mL",
    "daily-dose": "daily-dose: 120 mcg/day",
    "groups": "groups: with a list of days and steps under it",
    "days": "days: all",
    "steps": "steps: with a list of steps under it",
    "from": 'from: "00:00"',
    "to": 'to: "24:00"',
    "dose": "dose: 25 mcg",
    "duration": "duration: 10 min",
    "lockout": "lockout: 2 h",
    "most-per-day": "most-per-day: 4",
    "daily-limit": "daily-limit: 400 mcg/day",
}
_PARTS = {"steps": '- {from: "00:00", to: "06:00", dose: 30 mcg}', "groups": "- days: all"}


def model_problems(error: ValidationError, tree: Tree) -> tuple[Problem, ...]:
    """One problem for each of the model's errors, at the line of the key or of the part that lacks one."""
    return tuple(_problem(details, tree) for details in error.errors(include_url=False))


def _problem(details: ErrorDetails, tree: Tree) -> Problem:
    mode = str(details["loc"][0]) if details["loc"] and details["loc"][0] in MODES else ""
    place: Place = details["loc"][1:] if mode else details["loc"]
    what, do = _words(details, mode, place)
    at = ("mode",) if details["type"].startswith("union_tag") else place
    return Problem(tree.line(at), what, do)


def _words(details: ErrorDetails, mode: str, place: Place) -> tuple[str, str]:
    """Say one error of the model."""
    key = str(place[-1]) if place else ""
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, QuantityError):
        return f"{key}: {cause.what}", cause.do
    if details["type"] == "missing":
        return f"'{key}' is missing", f"add `{_EXAMPLES.get(key, key)}`"
    if details["type"] == "extra_forbidden":
        return _unknown_key(key, mode, place)
    if details["type"] == "union_tag_invalid":
        tag = str(details.get("ctx", {}).get("tag", ""))
        return f"mode {tag!r} is not known", _did_you_mean(tag, MODES)
    return _shape(details["input"], key, place)


def _shape(given: Any, key: str, place: Place) -> tuple[str, str]:
    """Say that a list or a mapping stands where something else belongs, or the other way round."""
    if not place:
        return _no_mode(given) if isinstance(given, dict) else ("the file has no keys", "write lines such as `drug: baclofen`")
    if key.isdigit():
        return "this part of the list has no keys", f"write it like `{_PARTS[str(place[-2])]}`"
    if key in _PARTS:
        return f"'{key}' is not a list", f"write its parts under it, each begun with a dash: `{_PARTS[key]}`"
    return f"'{key}' cannot be read", "compare it with a shipped example"


def _no_mode(given: Any) -> tuple[str, str]:
    """The mode is what everything else hangs on."""
    near = get_close_matches("mode", given, 1)
    others = " or ".join(mode for mode in MODES if mode != "flex")
    return "'mode' is missing", f"write `mode`, not '{near[0]}'" if near else f"add `{_EXAMPLES['mode']}` (or {others})"


def _unknown_key(key: str, mode: str, place: Place) -> tuple[str, str]:
    """Name the nearest key of that part, or say which mode has it."""
    parts: dict[str, type[BaseModel]] = {"steps": StepFile, "groups": GroupFile, "patient-bolus": PatientFile}
    model = next((part for name, part in parts.items() if name in place[:-1]), MODES[mode])
    known = _keys(model)
    if key[:1].isdigit():
        return f"'{key}' is not a key", 'a number with a comma needs quotes inside braces: dose: "1,500 mcg"'
    other = next((name for name, candidate in MODES.items() if name != mode and key in _keys(candidate)), "")
    if other and len(place) == 1:
        return f"'{key}' is not a key of mode {mode}", f"take it away, or write `mode: {other}`"
    return f"'{key}' is not a key here", _did_you_mean(key.replace("_", "-"), known)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _did_you_mean(word: str, known: list[str] | dict[str, Any]) -> str:
    near = get_close_matches(word, known, 1)
    return f"did you mean '{near[0]}'?" if near else f"it is one of {', '.join(known)}"
