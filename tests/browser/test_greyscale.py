"""What is told by colour is told without it too: measured in the picture itself, with only light and dark left."""

from __future__ import annotations

import base64
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page

from tests.browser.browser import Pages, grey
from tests.browser.sound_page import sound_page, until
from tests.browser.test_sound import show_alarms

PRIORITIES = ("high", "medium", "low")
SIDE = 32
STEP = 48
"""Two points differ if one is so much lighter, of 255."""
DIFFERENT = 0.08
"""Share of the points in which two signs differ."""
POINTS = """async ([png, side]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = new OffscreenCanvas(side, side), pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0, side, side);
  const { data } = pen.getImageData(0, 0, side, side);
  return Array.from({ length: side * side }, (_, at) => 0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2]);
}"""


def light_and_dark(page: Page, place: Locator) -> NDArray[np.float64]:
    """A square picture of an element: how light each point is."""
    png = base64.b64encode(place.screenshot(animations="disabled")).decode()
    return np.array(page.evaluate(POINTS, [png, SIDE]))


def differing(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Share of the points in which two pictures differ."""
    return float((np.abs(one - other) > STEP).mean())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_priorities_look_different_without_colour(pages: Pages, theme: str) -> None:
    """U6: the three signs differ in shape, also with one lightness for all, and each has its word beside it."""
    page = sound_page(pages, still=True, theme=theme)
    show_alarms(page)
    until(page, "document.querySelectorAll('.alarm').length === 3")
    grey(page, f"priorities-{theme}")
    signs = {name: page.locator(".alarm-light").nth(place) for place, name in enumerate(PRIORITIES)}
    seen = {name: light_and_dark(page, sign) for name, sign in signs.items()}
    shapes = {name: np.where(picture > (picture.min() + picture.max()) / 2, 255.0, 0.0) for name, picture in seen.items()}

    for one, other in combinations(PRIORITIES, 2):
        assert differing(seen[one], seen[other]) > DIFFERENT, (one, other)
        assert differing(shapes[one], shapes[other]) > DIFFERENT, (one, other)
    for place, name in enumerate(PRIORITIES):
        assert name in page.locator(".alarm-word").nth(place).inner_text().lower()
    assert differing(seen["high"], light_and_dark(page, signs["high"])) == 0
