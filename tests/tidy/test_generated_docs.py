"""Pages made from code are as the code would make them now."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import generate

PAGES = {"reference/data-sheets/a.md": "# A\n", "states.md": "# States\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A docs folder that is up to date."""
    generate.write(PAGES, tmp_path)
    return tmp_path


def test_generated_pages_are_fresh() -> None:
    """No generated page differs from its source; `make docs` brings them up to date."""
    assert not generate.stale(generate.pages(), generate.DOCS)


def test_written_pages_are_fresh(folder: Path) -> None:
    """Right after writing nothing is stale, and writing again changes nothing."""
    assert not generate.stale(PAGES, folder)
    assert not generate.write(PAGES, folder)


@pytest.mark.parametrize("harm", ["edited", "missing", "orphan"])
def test_stale_page_is_found_and_mended(folder: Path, harm: str) -> None:
    """An edited page, a missing one and one without a source are named, and written right again."""
    path = "reference/data-sheets/old.md" if harm == "orphan" else "reference/data-sheets/a.md"
    if harm == "missing":
        (folder / path).unlink()
    else:
        (folder / path).write_text("# B\n", encoding="utf-8")

    assert generate.stale(PAGES, folder) == [path]
    assert generate.write(PAGES, folder) == [path]
    assert not generate.stale(PAGES, folder)


def test_unknown_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An option other than --check ends with 2 and one line."""
    assert generate.main(["--chekc"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
