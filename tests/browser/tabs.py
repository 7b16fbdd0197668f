"""A Chromium whose tabs hide one another as those on a desk do; Playwright keeps all of its pages visible."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.browser.browser import ARGUMENTS, chromium

__all__ = ["Tab", "Tabs", "tabs"]

ANSWER_S = 30.0
END_S = 10.0


class Tabs:
    """The browser's window. A tab that is opened or shown hides the one before."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._count = 0

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """One call of the DevTools protocol; events are passed over."""
        self._count += 1
        asked = {"id": self._count, "method": method, "params": params} | ({"sessionId": session} if session else {})
        self._socket.send(json.dumps(asked))
        while True:
            told = json.loads(self._socket.recv(ANSWER_S))
            if told.get("id") == self._count:
                assert "error" not in told, told["error"]
                result: dict[str, Any] = told["result"]
                return result

    def open(self, url: str = "about:blank") -> Tab:
        """A new tab in front of the others."""
        target = self.call("Target.createTarget", url=url)["targetId"]
        tab = Tab(self, target, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        self.call("Target.activateTarget", targetId=target)
        return tab


class Tab:
    """One tab."""

    def __init__(self, tabs: Tabs, target: str, session: str) -> None:
        self._tabs, self._session = tabs, session
        self.target = target

    def visit(self, url: str, cookie: str = "") -> None:
        """Go there, with a cookie `name=value`."""
        if cookie:
            name, _, value = cookie.partition("=")
            self._tabs.call("Network.setCookie", self._session, name=name, value=value, url=url)
        self._tabs.call("Page.navigate", self._session, url=url)

    def look(self, expression: str, *, gesture: bool = False) -> Any:
        """Evaluate; as a user only if told so."""
        asked = {"expression": expression, "userGesture": gesture, "awaitPromise": True, "returnByValue": True}
        return self._tabs.call("Runtime.evaluate", self._session, **asked)["result"].get("value")


@contextmanager
def tabs(folder: Path) -> Iterator[Tabs]:
    """Start it with a profile of its own; ended whatever happens."""
    command = [
        chromium(),
        "--headless=new",
        *ARGUMENTS,
        "--remote-debugging-port=0",
        f"--user-data-dir={folder / 'profile'}",
        "about:blank",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        address = next(found[0] for line in process.stderr if (found := re.search(r"ws://\S+", line)))
        with connect(address, max_size=None, proxy=None, compression=None) as socket:
            yield Tabs(socket)
    finally:
        process.kill()
        process.communicate(timeout=END_S)
