"""Away for minutes while the pump alarms: the class goes on, and whoever comes back reads what there was to hear."""

from __future__ import annotations

import json
from pathlib import Path

from tests.console.classroom import console

AWAY_US = 300_000_000


def test_missed_sounds_stand_on_the_page_of_whoever_comes_back(tmp_path: Path) -> None:
    """U15: the clock goes on past an alarm without one of the class; back again he reads its caption, with how often it came."""
    with console(tmp_path) as served:
        trainer, ana, ben = served.admitted("instructor"), served.admitted("learner", "Ana"), served.admitted("learner", "Ben")
        with ana.arrived() as line:
            before = json.dumps(line.view["sounds"])
        with ben.arrived() as stays, trainer.arrived() as boss:
            boss.do("resume")
            boss.do("advance", {"time": "20 min"})
            stays.shows("sounds", "two-tone")
            boss.do("advance", {"time": "20 min"})
            stays.shows("sounds", "3rd time")
            at_us = trainer.get("/api/run/truth").content["at_us"]
        with ana.arrived() as line:
            missed = json.dumps(line.view["sounds"], ensure_ascii=False)

    assert before == "[]"
    assert at_us > AWAY_US
    assert "[Pump: two-tone, 3 s – 3rd time, every 10 min]" in missed
