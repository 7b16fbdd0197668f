"""Profiles kept from one start to the next: the same pump, and nothing that can go wrong with a file makes it another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_sim.errors import ProfileError
from firmware_sim.profile import Profile, load_profile, profile_names
from firmware_sim.profile.cache import CACHE_VARIABLE, cached


def unread() -> Profile:
    """For a profile that must not be read anew."""
    raise AssertionError("it was kept")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    path = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(path))
    return path


@pytest.mark.parametrize("catheter", ["", "114cm"])
@pytest.mark.parametrize("name", profile_names())
def test_what_was_kept_is_what_was_read(folder: Path, name: str, catheter: str) -> None:
    """Every number, every word, and where each comes from."""
    profile = load_profile(name, catheter=catheter)
    first = cached(name, catheter, lambda: profile)

    assert cached(name, catheter, unread) == first == profile
    assert [path.name.startswith(name) for path in folder.iterdir()] == [True]


def shortened(path: Path) -> None:
    """Lose the end."""
    path.write_bytes(path.read_bytes()[:-20])


def edited(path: Path) -> None:
    """Change one number."""
    path.write_text(path.read_text().replace("20000000", "30000000"))


def older(path: Path) -> None:
    """Come from other files."""
    path.write_text("0" * 64 + path.read_text()[64:])


def binary(path: Path) -> None:
    """Be no text."""
    path.write_bytes(bytes(range(256)))


def a_folder(path: Path) -> None:
    """Be no file."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [shortened, edited, older, binary, a_folder])
def test_file_that_does_not_fit_is_passed_over(folder: Path, spoil: Callable[[Path], None]) -> None:
    """It is read anew, and kept again where it can be."""
    profile = load_profile("itp-40")
    cached("itp-40", "", lambda: profile)
    (path,) = folder.iterdir()
    spoil(path)
    with pytest.raises(AssertionError, match="it was kept"):
        cached("itp-40", "", unread)
    again = cached("itp-40", "", lambda: profile)

    assert again == profile
    assert path.is_dir() or cached("itp-40", "", unread) == profile


def test_no_folder_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty name keeps nothing, and a place that is no folder cannot."""
    profile = load_profile("itp-40")
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    first = cached("itp-40", "", lambda: profile)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))

    assert cached("itp-40", "", lambda: profile) == first == profile
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_unknown_catheter_is_not_kept(folder: Path) -> None:
    """What cannot be read leaves nothing."""
    with pytest.raises(ProfileError):
        load_profile("itp-40", catheter="9 miles")

    assert not folder.exists()


@pytest.mark.parametrize("kept, asked", [(("itp-40-next", "89cm"), ("itp-40", "next-89cm")), (("itp-40", ""), ("itp", "40-own"))])
@pytest.mark.usefixtures("folder")
def test_what_is_kept_answers_no_other_name(kept: tuple[str, str], asked: tuple[str, str]) -> None:
    """Two questions whose answers would have one file name stay two questions."""
    one, other = load_profile("itp-20"), load_profile("itp-40")
    cached(*kept, lambda: one)

    assert cached(*asked, lambda: other) == other


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"name": 1}'])
def test_sealed_nonsense_is_passed_over(folder: Path, text: str) -> None:
    """A file that is whole and ours and holds no profile is read anew."""
    profile = load_profile("itp-40")
    cached("itp-40", "", lambda: profile)
    (path,) = folder.iterdir()
    origin = path.read_text(encoding="utf-8").partition("\n")[0]
    path.write_text("\n".join((origin, hashlib.sha256(text.encode()).hexdigest(), text)), encoding="utf-8")

    assert cached("itp-40", "", lambda: profile) == profile
