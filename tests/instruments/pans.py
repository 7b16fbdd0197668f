"""A balance whose pump is a plain number, for tests that say themselves when and what it delivers."""

from __future__ import annotations

from dataclasses import replace

from hil.instruments.balance_server import BalanceServer
from hil.instruments.numbers import balance_numbers, vessel_numbers
from hil.instruments.simulated_balance import Delivered, SimulatedBalance

__all__ = ["HOUR_US", "SECOND_US", "Pan"]

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
QUIET = replace(balance_numbers(), repeatability_ug=0, drift_ug_per_h=0)
DRY = replace(vessel_numbers(), evaporation_ug_per_h=0)


class Pan:
    """`now_us` and `volume_nl` are what the next look finds. Without noise, drift and evaporation unless given."""

    def __init__(self, *, numbers: object = QUIET, vessel: object = DRY, seed: int = 0) -> None:
        self.now_us = 0
        self.volume_nl = 0
        kind = {"numbers": numbers, "vessel": vessel}
        self.balance = SimulatedBalance(lambda: Delivered(self.now_us, self.volume_nl), seed=seed, **kind)  # type: ignore[arg-type]
        self.server = BalanceServer(self.balance)

    def say(self, command: str) -> str:
        """One command over the line; returns what came back, without the end of its last line."""
        return self.server.receive(f"{command}\r\n".encode()).decode().removesuffix("\r\n")

    def wait(self, seconds: float) -> None:
        """Time passes, nothing comes."""
        self.now_us += round(seconds * SECOND_US)
