"""A simulated balance on a port of its own, beside the pump that fills its vessel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hil.errors import UsageError
from hil.instruments.balance_server import BalanceServer
from hil.instruments.simulated_balance import Delivered, SimulatedBalance
from hil.ports.base import open_port

__all__ = ["BalancePort"]


class BalancePort:
    """`look` tells what lies in the vessel. Made, it has its port; `listen` answers on it. Raises UsageError.

    `on_heard` is called when it has been spoken to: it may send by itself from then on.
    """

    def __init__(self, url: str, look: Callable[[], Delivered], *, seed: int) -> None:
        try:
            self._port = open_port(url)
        except UsageError as error:
            raise UsageError(error.what, where="--balance", do=error.do) from None
        self._server = BalanceServer(SimulatedBalance(look, seed=seed))
        self._port.handler = self._receive
        self.on_heard: Callable[[], None] = lambda: None
        self.url = self._port.url

    def listen(self, loop: asyncio.AbstractEventLoop, on_end: Callable[[str], None]) -> None:
        """Answer from now on; `on_end` hears why if the port goes away."""
        self._port.on_end = on_end
        self._port.listen(loop)

    @property
    def repeats(self) -> bool:
        """Whether it sends by itself, so that somebody has to look for it as time passes."""
        return self._server.repeats

    def _receive(self, data: bytes) -> bytes:
        answer = self._server.receive(data)
        self.on_heard()
        return answer

    def look(self) -> None:
        """Time has passed: send what the balance sends by itself."""
        if self.repeats:
            self._port.send(self._server.due())

    def close(self) -> None:
        """Give the port back."""
        self._port.close()
