"""What lives the cases of a campaign: engines by name, loaded when they are needed, in whatever process that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from hil.campaign.cases import Case, Engine, Row
from hil.campaign.parameters import nearest
from hil.errors import UsageError

__all__ = ["ENGINES", "STORIES", "NoEngine", "engine_of", "known_engine"]

ENGINES: dict[str, str] = {
    "fleet": "hil.fleet.engine:run",
    "pump": "hil.campaign.pump_life:live",
}
"""By name: `module:function`. The fleet's takes all cases at once, the pump's one at a time."""
STORIES: dict[str, str] = {
    "life": ENGINES["pump"],
    "mri-trap": "hil.campaign.stories.mri_trap:live",
    "abandoned-update": "hil.campaign.stories.abandoned_update:live",
    "retry-bug": "hil.campaign.stories.retry_bug:live",
}
"""What a pump of the engine `pump` lives through."""


class NoEngine(UsageError):
    """An engine cannot be loaded where it is needed; no case of the campaign can be lived there."""


def known_engine(name: str) -> str:
    """The name, if there is such an engine or it is a `module:function` of somebody's own. Raises UsageError."""
    own = name.count(":") == 1 and all(part.isidentifier() for part in name.replace(":", ".").split("."))
    if own or name in ENGINES:
        return name
    raise UsageError(f"there is no engine {name!r}", where="--engine", do=f"{nearest(name, ENGINES)}; one of your own is module:function")


def engine_of(name: str, story: str) -> Engine:
    """Load an engine. Raises NoEngine if it is not there."""
    if name == "pump":
        return partial(_one_by_one, _loaded(STORIES[story]))
    engine: Engine = _loaded(ENGINES.get(name, name))
    return engine


def _one_by_one(live: Callable[[Case, int, str], Row], cases: Sequence[Case], years: int, profile: str) -> list[Row]:
    return [live(case, years, profile) for case in cases]


def _loaded(place: str) -> Any:
    """What `module:function` names."""
    module, _, function = place.partition(":")
    try:
        return getattr(import_module(module), function)
    except ModuleNotFoundError as error:
        extra = "campaign" if error.name == "numpy" else ""
        do = f"pip install pumpsim[{extra}]" if extra else "install it where every worker finds it"
        raise NoEngine(f"{error.name} is not installed", where="--engine", do=do) from None
    except AttributeError:
        raise NoEngine(f"{module} has no {function}", where="--engine", do="name a function of the module") from None
