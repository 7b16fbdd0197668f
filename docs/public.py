"""What is public in the library: a table of modules, and a description of each name for the page and for the test that holds it.

A name that stands here changes only as docs/explanation/versions.md says. Everything else may change with any version.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any, NamedTuple

__all__ = ["MODULES", "Described", "Member", "describe", "library"]

MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "firmware_sim": ("The pump in this process.", ()),
    "firmware_sim.errors": ("What the pump and its model refuse.", ()),
    "firmware_sim.truth": ("What is so.", ("Truth", "Balance")),
    "firmware_sim.patient": ("Somebody who has the pump.", ()),
    "firmware_sim.firmware.device_status": ("What the firmware believes.", ()),
    "firmware_sim.firmware.prescription": (
        "A therapy as the firmware holds it, for those who put a wire of their own before the pump.",
        (),
    ),
    "firmware_sim.firmware.modes": ("Modes in which it delivers.", ("RUNNING",)),
    "firmware_sim.limits": ("The names of its soft limits.", ("SOFT_DOSE_RULE",)),
    "firmware_sim.units": ("Units.", ("H_PER_DAY", "MIN_PER_DAY", "NL_PER_ML", "US_PER_H", "US_PER_S", "WEEKDAYS_ALL")),
    "firmware_sim.profile": ("Profiles of pumps.", ("Profile", "load_profile", "load_profile_text", "profile_names")),
    "protocol": ("The programmer's end of the wire.", ()),
    "protocol.client": ("The same, with its options and what it reads.", ()),
    "protocol.therapy": ("A therapy as the wire carries it.", ()),
    "protocol.messages": ("What messages carry, field by field.", ()),
    "protocol.errors": ("What can go wrong on the wire.", ()),
    "protocol.transport": ("Ways to a port.", ()),
    "protocol.app": ("What a pump is to the device's end of the wire.", ()),
    "protocol.device": ("The device's end of the wire.", ()),
    "protocol.testing": ("For tests of a transport of your own.", ()),
    "hil": ("Pump, programmer and bench in one line.", ()),
    "hil.rig": ("The same, and how to find a server that runs.", ()),
    "hil.bench.calls": ("The verbs of the bench, as calls.", ()),
    "hil.errors": ("What the bench, the rig and the command line refuse.", ()),
    "hil.adapter": ("The joint between a pump and the wire.", ()),
    "hil.own.wire": ("A wire protocol of your own between port and pump.", ("Wire",)),
    "hil.instruments.balance": ("A balance.", ()),
    "hil.instruments.line": ("Lines to instruments.", ()),
    "hil.instruments.line_tap": ("Faults of the line, on the bench's side or the host's.", ()),
    "hil.instruments.magnet": ("A magnet.", ("Magnet",)),
    "hil.instruments.microphone": ("A microphone.", ("Microphone", "Sounding")),
    "hil.instruments.tapped_transport": ("The same faults before a transport of your own.", ()),
    "hil.pytest_plugin.measure": ("What the fixture `measure` is.", ()),
    "hil.pytest_plugin.states": ("States that a test begins in.", ()),
    "hil.pytest_plugin.waiting": ("What the fixture `wait` is.", ()),
    "hil.scenario.runner": ("Scenarios, played from Python.", ("play_all", "Watcher")),
    "hil.scenario.shelf": ("The scenarios that ship.", ()),
    "hil.lesson.reader": ("Lessons, read.", ("check_lesson", "load_lesson")),
    "hil.lesson.headless": ("Lessons, run without pages.", ("Result", "run_headless")),
    "hil.clinic.human": ("A clinician who makes slips.", ()),
}
"""Public modules in the order of the page: what each is for, and its public names where they are not all of its `__all__`."""
OURS = ("firmware_sim", "protocol", "hil")
DEFAULT_LETTERS_MAX = 32


class Member(NamedTuple):
    """A field, method or member of a class."""

    text: str
    doc: str


class Described(NamedTuple):
    """A public name: how it is written, what kind of thing it is, what its docstring says, and what it has."""

    module: str
    name: str
    text: str
    doc: str
    members: tuple[Member, ...] = ()


def library() -> Iterator[Described]:
    """Every public name of the library, in the order of the table."""
    for module, (_, names) in MODULES.items():
        place = import_module(module)
        for name in names or place.__all__:
            yield describe(module, name, getattr(place, name))


def describe(module: str, name: str, thing: Any) -> Described:
    """One name."""
    if isinstance(thing, type):
        return Described(module, name, f"class {name}{_made_of(thing)}", _doc(thing), tuple(_members(thing)))
    if inspect.isroutine(thing):
        return Described(module, name, f"{name}{_signature(thing)}", _doc(thing))
    return Described(module, name, f"{name} = {_default(thing)}", "")


def _made_of(kind: type) -> str:
    """What stands behind a class's name: an error's kind, or what it is made with where its fields do not say so."""
    if issubclass(kind, BaseException):
        return f"({', '.join(base.__name__ for base in kind.__bases__ if not base.__name__.startswith('_'))})"
    told = issubclass(kind, Enum | dict) or hasattr(kind, "_fields") or is_dataclass(kind) or getattr(kind, "_is_protocol", False)
    return "" if told else _signature(kind)


def _members(kind: type) -> Iterator[Member]:
    """What a class has that is public and ours: inherited from our own classes too, from a library's not."""
    if issubclass(kind, Enum):
        yield from (Member(f"{name} = {_default(each.value)}", "") for name, each in kind.__members__.items())
        return
    declared = _fields(kind)
    for name, text in declared.items():
        if not name.startswith("_"):
            yield Member(f"{name}: {text}{_field_default(kind, name)}", "")
    for name in sorted(_own_names(kind) - declared.keys()):
        found = inspect.getattr_static(kind, name, None)
        if isinstance(found, classmethod | staticmethod):
            yield Member(f"{name}{_signature(getattr(kind, name))}", _doc(found.__func__))
        elif isinstance(found, property):
            yield Member(f"{name}{_returned(found.fget)}", _doc(found))
        elif inspect.isfunction(found):
            yield Member(f"{name}{_signature(found, bound=True)}", _doc(found))


def _own_names(kind: type) -> set[str]:
    ours = [each for each in kind.__mro__ if each.__module__.startswith(OURS)]
    return {name for each in ours for name in vars(each) if not name.startswith("_")}


def _fields(kind: type) -> dict[str, str]:
    """Fields and their types as they are written."""
    ours = [each for each in reversed(kind.__mro__) if each.__module__.startswith(OURS)]
    return {name: _type(text) for each in ours for name, text in vars(each).get("__annotations__", {}).items()}


def _field_default(kind: type, name: str) -> str:
    defaults: dict[str, object] = getattr(kind, "_field_defaults", None) or {
        field.name: field.default for field in (fields(kind) if is_dataclass(kind) else ()) if field.default is not MISSING
    }
    return f" = {_default(defaults[name])}" if name in defaults else ""


def _signature(thing: Callable[..., Any], *, bound: bool = False) -> str:
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(...)"
    parts, starred = [], False
    for parameter in list(signature.parameters.values())[bound:]:
        if parameter.kind is parameter.VAR_POSITIONAL:
            starred = True
        elif parameter.kind is parameter.KEYWORD_ONLY and not starred:
            starred = True
            parts.append("*")
        parts.append(_parameter(parameter))
    positional = [p for p in signature.parameters.values() if p.kind is p.POSITIONAL_ONLY][bound:]
    if positional:
        parts.insert(len(positional), "/")
    returned = "" if isinstance(thing, type) else _returned(thing)
    return f"({', '.join(parts)}){returned}"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    kind = "" if parameter.annotation is parameter.empty else f": {_type(parameter.annotation)}"
    default = "" if parameter.default is parameter.empty else f" = {_default(parameter.default)}"
    return f"{stars}{parameter.name}{kind}{default}"


def _returned(thing: Any) -> str:
    kind = getattr(thing, "__annotations__", {}).get("return")
    return "" if kind in {None, "None"} else f" -> {_type(kind)}"


def _type(annotation: Any) -> str:
    """An annotation as it is written; NamedTuple keeps it as a forward reference."""
    text = getattr(annotation, "__forward_arg__", annotation)
    return text if isinstance(text, str) else inspect.formatannotation(text)


def _default(value: object) -> str:
    """A default as people would write it; `...` where that is long or different from run to run."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    text = repr(value)
    return "..." if len(text) > DEFAULT_LETTERS_MAX or text.startswith("<") or "/" in text else text


def _doc(thing: Any) -> str:
    """The docstring of this very thing; a class without one does not have its library's."""
    text = vars(thing).get("__doc__") if isinstance(thing, type) else thing.__doc__
    text = inspect.cleandoc(text or "")
    return "" if text.startswith(f"{getattr(thing, '__name__', '')}(") else text
