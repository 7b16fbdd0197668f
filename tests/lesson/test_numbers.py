"""U9 through the learner's door: hundreds of numbers typed wrongly, each refused with a reason, and the pump as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.wording.quantity import CONCENTRATION, DAILY_DOSE, VOLUME, Kind
from tests.lesson.runs import QUIET, a_run, done, refused, therapy
from tests.support.malformed import malformed

LONG = 60
"""What is longer is refused as such, whatever it is."""
FIELDS: tuple[tuple[str, Kind], ...] = (("daily-dose", DAILY_DOSE), ("concentration", CONCENTRATION), ("low-reservoir-alarm", VOLUME))


@pytest.mark.parametrize(("field", "kind"), FIELDS, ids=[field for field, _ in FIELDS])
def test_malformed_numbers_change_nothing(tmp_path: Path, field: str, kind: Kind) -> None:
    """Each is refused where it is typed, with its reason; none comes to a review, so the pump's therapy stays what it was."""
    run, ana = a_run(tmp_path, QUIET)
    done(run, ana, "interrogate")
    before = run.cases[ana].unit.digest("therapy")
    texts = [(text, reason) for text, reason in malformed(kind) if text.strip() and len(text) < LONG]
    for text, reason in texts:
        error = refused(run, ana, "type", field=field, text=text)

        assert reason in error["what"], (text, error)
        assert error["do"], text
    for text, _ in texts[::20]:
        refused(run, ana, "review", therapy=therapy(**{field: text}))

    assert len(texts) > 80
    assert run.cases[ana].unit.digest("therapy") == before
