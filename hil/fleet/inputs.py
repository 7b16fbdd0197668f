"""What a chunk of cases is given: settings and hazards as arrays, one number for each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hil.fleet.drawn import Drawn
from hil.fleet.rates import Hazards, hazards_of
from hil.fleet.settings import SETTINGS

__all__ = ["HasSettings", "Inputs"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class HasSettings(Protocol):
    """A case: its seed, and what its plan sets."""

    @property
    def seed(self) -> int: ...

    @property
    def parameters(self) -> Mapping[str, int | str]: ...


class Inputs:
    """Settings by name, hazards by name, and the draws. What no case sets is its default, once for all."""

    def __init__(self, cases: Sequence[HasSettings]) -> None:
        self.count = len(cases)
        self.drawn = Drawn(np.array([case.seed for case in cases], np.uint64))
        named = {name for case in cases for name in case.parameters}
        self.values: dict[str, Ints] = {}
        for name, setting in SETTINGS.items():
            if setting.kind == "choice":
                continue
            default = int(setting.default)
            values = (int(case.parameters.get(name, default)) for case in cases)
            column = np.fromiter(values, np.int64, self.count) if name in named else np.full(self.count, default, np.int64)
            self.values[name] = column
        table = np.array([_hazards(case.parameters) for case in cases], np.float64).reshape(self.count, len(Hazards._fields))
        self.hazards: dict[str, Floats] = dict(zip(Hazards._fields, table.T.copy(), strict=True))

    def __getitem__(self, name: str) -> Ints:
        return self.values[name]

    def take(self, places: Ints) -> Inputs:
        """The inputs of some of the cases."""
        some = object.__new__(Inputs)
        some.count, some.drawn = len(places), self.drawn.take(places)
        some.values = {name: column[places] for name, column in self.values.items()}
        some.hazards = {name: column[places] for name, column in self.hazards.items()}
        return some


def _hazards(parameters: Mapping[str, int | str]) -> Hazards:
    rates, drug, build = (str(parameters.get(name, SETTINGS[name].default)) for name in ("rates", "drug", "battery-build"))
    return hazards_of(rates, drug, build)
