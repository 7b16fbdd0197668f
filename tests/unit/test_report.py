"""The report page: whole in itself, honest about what it was given."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from hil.errors import HilError
from hil.pages.report import Compared, LogLine, Mark, Moment, ReportData, Samples, Span, WireLine, render, write_report

DAY = 86_400_000_000
COLUMNS = len(Samples.__slots__)


def data() -> ReportData:
    """Three samples, and one of everything."""
    samples = Samples((0, DAY // 2, DAY), *[(1_000, 2_000, 3_000)] * (COLUMNS - 1))
    return ReportData(
        title="A <b>run</b>",
        summary="What was done.",
        profile="itp-40",
        serial="X1",
        seed=7,
        digest="ab" * 32,
        origin_clock_us=0,
        samples=samples,
        facts=(("pumpsim", "0.1.0"),),
        spans=(Span("mode", "flex", 0, DAY), Span("alarm", "motor stall", 0, DAY, "critical")),
        marks=(Mark(DAY // 4, "</script><script>alert(1)</script>", "fault"),),
        moments=(Moment(DAY, "At the end", (Compared("reservoir", "12 mL", "11 mL", agrees=False),)),),
        log=(LogLine(1, DAY, "bolus ended", "complete", 100_000, 50_000), LogLine(2, DAY, "bad record", "", good=False)),
        wire=(
            WireLine(0, "host", "STATUS", 7, 1, "", {}, b"\x01\x02\x00"),
            WireLine(1, "pump", "?", None, None, "", {}, b"\xff", "no frame"),
        ),
    )


def plots(page: str) -> dict[str, object]:
    """The data behind the drawing."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    content: dict[str, object] = json.loads(found[1])
    return content


def test_page_asks_the_network_for_nothing() -> None:
    """No address of another place is loaded, and the content policy forbids it too."""
    page = render(data())

    assert not re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?(?:https?:)?//', page)
    assert "default-src 'none'" in page


def test_page_says_that_it_is_no_medical_device() -> None:
    """The footer says what the page is not."""
    assert "Simulated; not a medical device" in render(data())


def test_given_texts_stay_texts() -> None:
    """Markup in a title or a label is shown, never run."""
    page = render(data())

    assert "A &lt;b&gt;run&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert plots(page)["marks"] == [{"at": 0.25, "label": "</script><script>alert(1)</script>", "kind": "fault"}]


def test_curves_come_in_the_units_of_their_axes() -> None:
    """nL/h become mL/day, nL become mL, and a missing belief stays missing."""
    charts = plots(render(data()))["charts"]
    assert isinstance(charts, list)

    assert charts[0]["belief"]["values"] == pytest.approx([0.024, 0.048, 0.072])
    assert charts[2]["truth"]["values"] == pytest.approx([0.001, 0.002, 0.003])
    assert charts[3]["belief"] is None


def test_tables_show_belief_log_and_wire() -> None:
    """What differs is marked by a word, volumes have their unit, and raw bytes lie folded under their frame."""
    page = render(data())

    for text in ("≠ differs", "0.05 mL", "bad record", "<details>", "01 02 00", "no frame", "day 1 00:00"):
        assert text in page


def test_refuses_columns_of_unequal_length() -> None:
    """A column that does not fit the time axis is named."""
    ragged = replace(data().samples, true_nl=(1, 2))

    with pytest.raises(ValueError, match="column true_nl has 2 values where at_us has 3"):
        render(replace(data(), samples=ragged))


def test_refuses_time_that_does_not_rise() -> None:
    """Two samples at one instant cannot be drawn as steps."""
    still = replace(data().samples, at_us=(0, 0, 1))

    with pytest.raises(ValueError, match="does not rise"):
        render(replace(data(), samples=still))


def test_writes_the_page_with_its_folder(tmp_path: Path) -> None:
    """The folder is made, and the file is the page."""
    path = write_report(data(), tmp_path / "new" / "report.html")

    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_says_where_it_cannot_write(tmp_path: Path) -> None:
    """A file in the way is named in one line."""
    (tmp_path / "taken").write_text("")

    with pytest.raises(HilError, match="the report cannot be written"):
        write_report(data(), tmp_path / "taken" / "report.html")


def test_plot_library_has_its_licence_beside_it() -> None:
    """The plot library travels with its licence and its version."""
    folder = Path(render.__code__.co_filename).parent / "static" / "uplot"

    assert "MIT" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert "1.6.32" in (folder / "VERSION").read_text(encoding="utf-8")
