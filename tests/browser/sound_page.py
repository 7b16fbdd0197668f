"""A page with the sound controls and a link that a test holds in its hands: no server, the real scripts, the real audio clock."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

from hil.lesson.alarm_sounds import client_table
from hil.lesson.entries import Entry
from hil.lesson.sounds import Voice, test_sound
from tests.browser.browser import Pages, look, static_site

__all__ = ["message", "reports", "send", "sound_page", "until"]

PATIENCE_MS = 10_000
LINK = """
import { mountSound } from "/static/sound.js";
import { mountAlarms } from "/static/alarms.js";
const handlers = {};
window.reported = [];
window.asked = [];
window.serverMs = null;
const link = {
  role: "ROLE",
  onSound: (fn) => (handlers.sound = fn),
  onState: (fn) => (handlers.state = fn),
  onHello: (fn) => (handlers.hello = fn),
  send: async (act, args) => { window.asked.push([act, args]); return { ok: true }; },
  report: (kind, facts) => window.reported.push([kind, facts]),
  serverMs: () => window.serverMs,
};
window.come = (message) => handlers.sound(message);
window.turn = (word) => handlers.state({ word });
window.greet = () => handlers.hello({});
window.mounted = mountSound(document.getElementById("sound"), link);
window.alarms = mountAlarms(document.getElementById("alarms"), window.mounted);
"""
STYLES = '<link rel="stylesheet" href="/static/style.css"><link rel="stylesheet" href="/static/sound.css">'
BODY = f"""{STYLES}<h1>Sound</h1><div class="bar"><div class="sound-slot" id="sound"></div></div>
<div class="card" id="alarms"></div><script type="module" src="/page.js"></script>"""


def sound_page(pages: Pages, role: str = "learner", **options: Any) -> Page:
    """Open it; nobody has touched it yet."""
    page = pages.open(**options)
    static_site(page, BODY, files={"/page.js": LINK.replace("ROLE", role), "/static/sounds.json": json.dumps(client_table())})
    until(page, "document.querySelector('.sound-state')?.textContent.length > 0")
    return page


def message(n: int = 1, **facts: Any) -> dict[str, Any]:
    """The message of a critical sound of a learner's pump, as the server makes it."""
    data = {**test_sound(), "test": False, "every_s": 0, "muffled": 0, **facts}
    told = Voice("learner", "ana").feed(Entry(n, 0, "sound", "class", "ana", data))
    assert told is not None
    return {"v": 1, "t": "sound", "due_ms": 0, **told}


def send(page: Page, text: dict[str, Any]) -> None:
    """Have the message come, as from the network: no gesture."""
    look(page, f"void come({json.dumps(text)})")


def reports(page: Page, kind: str) -> list[dict[str, Any]]:
    """What the page has told the server."""
    found: list[list[Any]] = json.loads(look(page, "JSON.stringify(reported)"))
    return [facts for each, facts in found if each == kind]


def until(page: Page, condition: str) -> None:
    """Wait in the page, by its frames, without being a user. Fails after ten seconds."""
    waiting = f"""new Promise((done) => {{
      const look = () => ({condition}) ? done(true) : setTimeout(look, 20)
      look()
      setTimeout(() => done(false), {PATIENCE_MS})
    }})"""
    assert look(page, waiting) is True, condition
