"""Somebody without a mouse: goes from control to control by keys, and is where the page says the focus is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

__all__ = ["Keys"]

FOCUSED = """() => {
  const node = document.activeElement;
  return node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent;
}"""
PRESSES_MAX = 90


class Keys:
    """The keyboard of a page; nothing here points or clicks."""

    def __init__(self, page: Page) -> None:
        self._keyboard = page.keyboard
        self._page = page

    def to(self, name: str, key: str = "Tab") -> None:
        """Press a key until the control whose name begins so has the focus. Fails if it never has."""
        passed = []
        for _ in range(PRESSES_MAX):
            focused = str(self._page.evaluate(FOCUSED)).strip()
            if focused.startswith(name):
                return
            passed.append(focused[:30])
            self._keyboard.press(key)
        pytest.fail(f"{name!r} is not reached by {key}; passed: {passed}")

    def press(self, name: str, key: str = "Tab") -> None:
        """Go to a control and press Enter."""
        self.to(name, key)
        self._keyboard.press("Enter")

    def answer(self) -> None:
        """Press Enter on what a dialog has given the focus to."""
        self._page.get_by_role("dialog").locator(":focus").wait_for()
        self._keyboard.press("Enter")

    def fill(self, name: str, text: str) -> None:
        """Go to a field and type."""
        self.to(name)
        self._keyboard.type(text)

    def tab(self, first: str, name: str) -> None:
        """Go to a list of tabs by the one that is open, and on to another one of it."""
        self.to(first)
        self.to(name, "ArrowRight")
