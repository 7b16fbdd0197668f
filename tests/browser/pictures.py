"""Renew pictures in the documents: instructor's page, learner's page, report of the demo, trumpet of a balance run. `make pictures`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser.browser import launched, served
from tests.browser.test_learner import interrogate, order
from tests.console.classroom import console
from tests.tidy.pages import blocks
from tests.tidy.test_docs_commands import follow
from tests.tidy.tree import ROOT

IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1366, 760
BYTES_MAX = 200_000


def instructor(folder: Path) -> Path:
    """The instructor's page, two learners in the class, an occluded catheter that nobody has noticed yet."""
    path = IMAGES / "instructor.png"
    with console(folder) as room, sync_playwright() as playwright, launched(playwright) as browser:
        trainer = room.admitted("instructor")
        room.admitted("learner", "Ana")
        room.admitted("learner", "Ben")
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", locale="en-US")
        page.goto(room.ready["instructor_link"])
        page.locator(".plot").nth(3).wait_for()
        page.get_by_label("Fault", exact=True).select_option("catheter.occlusion")
        page.get_by_label("fraction").fill("94 %")
        page.get_by_role("button", name="Inject", exact=True).click()
        page.get_by_text("catheter.occlusion").first.wait_for()
        page.get_by_text("it does not know: catheter occluded").wait_for()
        for learner in range(2):
            page.get_by_text("STOPPED, for an update").nth(learner).wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=path)
        assert trainer
    return path


def learner(folder: Path) -> Path:
    """The learner's page: the pump sounds, two values are measured, the pump was read."""
    path = IMAGES / "first-lesson-learner.png"
    with served("found-stopped", folder=folder) as run, sync_playwright() as playwright, launched(playwright) as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 640}, color_scheme="light", locale="en-US")
        order(run, "resume")
        page.goto(run.learner_link)
        page.get_by_label("Nickname").fill("Ana")
        page.get_by_role("button", name="Join").click()
        page.locator("#begin").click()
        for what in ("temperature", "tone legs"):
            page.get_by_role("button", name=f"Measure {what}").click()
        interrogate(page)
        order(run, "next-event")
        page.get_by_text("[Pump: two-tone").first.wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=path)
    return path


def report(folder: Path) -> Path:
    """The run in the report that `pumpsim demo` leaves."""
    path = IMAGES / "report.png"
    subprocess.run([sys.executable, "-c", "from hil.cli import main; main()", "demo"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with sync_playwright() as playwright, launched(playwright) as browser:
        page = browser.new_page(viewport={"width": 968, "height": 626}, color_scheme="light", locale="en-US")
        page.goto((folder / "pumpsim-demo" / "report.html").as_uri())
        page.get_by_role("heading", name="The run").evaluate("(heading) => heading.scrollIntoView()")
        page.screenshot(path=path)
    return path


def trumpet(folder: Path) -> Path:
    """What the page on instruments leaves in flow.svg when its commands are run."""
    follow(tuple(blocks((ROOT / "docs/how-to/instruments.md").read_text(encoding="utf-8"))), folder)
    return Path(shutil.copyfile(folder / "flow.svg", IMAGES / "trumpet.svg"))


def main() -> int:
    """Make both; 1 if one is too large for a repository."""
    made = []
    for draw in (instructor, learner, report, trumpet):
        with TemporaryDirectory() as folder:
            made.append(draw(Path(folder)))
    for path in made:
        sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes\n")
    return int(any(path.stat().st_size > BYTES_MAX for path in made))


if __name__ == "__main__":
    sys.exit(main())
