"""Where chunks are lived: what the driver needs of worker processes or of a cluster."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from hil.campaign.cases import Row
from hil.campaign.journal import Chunk

__all__ = ["Done", "Lost", "Outcome", "Place", "Raised"]


class Done(NamedTuple):
    """A chunk was lived."""

    chunk: Chunk
    worker: str
    rows: list[Row]
    seconds: float


class Raised(NamedTuple):
    """The engine raised an exception somewhere in a chunk; `wrong` if the campaign itself cannot be run so."""

    chunk: Chunk
    worker: str
    error: str
    wrong: bool = False


class Lost(NamedTuple):
    """The worker ended with a chunk in its hands; whether the chunk ended it is not known."""

    chunk: Chunk
    worker: str
    error: str


Outcome = Done | Raised | Lost


class Place(Protocol):
    """Workers."""

    @property
    def free(self) -> int:
        """Chunks that it would take now."""

    def start(self, chunk: Chunk) -> None:
        """Have a chunk lived."""

    def wait(self) -> list[Outcome]:
        """Wait until something has come of a chunk, at most a tick; returns what has, which may be nothing yet."""

    def close(self) -> None:
        """End what was started."""
