"""What a sweep of link cuts has come to, for the tests that cut a link at every byte and for whoever reads their counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import TOLD_PROPERTY

__all__ = ["Count", "swift_disk"]


@pytest.fixture
def swift_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client's file outlives the client here, not the machine: thousands of waits for the disk would show nothing."""
    monkeypatch.setattr("os.fsync", lambda _descriptor: None)


class Count:
    """Counts cuts by how the client ended: certain at once, or uncertain and then resolved by `settle`."""

    def __init__(self) -> None:
        self.certain = 0
        self.resolved = 0

    @property
    def cuts(self) -> int:
        """All of them."""
        return self.certain + self.resolved

    def add(self, *, uncertain: bool) -> None:
        """One more cut, judged to its end."""
        if uncertain:
            self.resolved += 1
        else:
            self.certain += 1

    def tell(self, what: str, record_property: Callable[[str, object], None]) -> None:
        """Have the counts printed at the end of the run."""
        told = f"{what}: {self.cuts:,} cuts: {self.certain:,} certain, {self.resolved:,} uncertain then resolved"
        record_property(TOLD_PROPERTY, told)
