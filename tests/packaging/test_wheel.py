"""The wheel: what is in it, what it says of itself, and what it does where nothing of this tree is in reach."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

from tests.packaging import uses
from tests.packaging.installed import Installed, build, install, install_beside
from tests.tidy.tree import PACKAGES, ROOT, files

EXTRAS: dict[str, Callable[[Installed], None]] = {
    "": uses.demo,
    "web": uses.served_class,
    "suite": uses.plugin,
    "campaign": uses.campaign,
    "cluster": uses.cluster_parts,
    "traces": lambda here: uses.campaign(here, "--parquet"),
    "sound": uses.sound_parts,
}
"""Each extra for users, with what it is for. What `cluster` and `sound` need beside packages, a scheduler and a sound card, is not here:
they are only found."""
FOR_DEVELOPERS = {"dev", "docs", "peers"}
DAILY = [uses.demo, uses.program, uses.verify, uses.lesson, uses.served_class, uses.plugin, uses.campaign]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build(folder, "--wheel")
    return next(folder.glob("pumpsim-*.whl"))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as opened:
        name = next(name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(opened.read(name).decode())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own, with what it depends on borrowed."""
    return install_beside(wheel, tmp_path_factory.mktemp("installed"))


def test_wheel_holds_packages_and_data(wheel: Path) -> None:
    """Every file of the three packages is in the wheel, each package marked as typed."""
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {name for name in files() if name.startswith(tuple(f"{package}/" for package in PACKAGES))}

    assert not expected - names, "missing from the wheel: see [tool.hatch.build.targets.wheel]"
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    """No test, page or tool travels in the wheel; the licence does."""
    names = [PurePosixPath(name) for name in zipfile.ZipFile(wheel).namelist()]
    tops = {name.parts[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert any(name.name == "LICENSE" for name in names)


def test_metadata_says_what_is_so(metadata: Message) -> None:
    """Name, licence and the oldest Python are there, the page is the README, and no address stands that nobody keeps."""
    assert (metadata["Name"], metadata["License-Expression"], metadata["Requires-Python"]) == ("pumpsim", "Apache-2.0", ">=3.11")
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).startswith("# pumpsim")
    assert metadata.get_all("Project-URL") is None


def test_each_extra_is_for_users_or_developers(metadata: Message) -> None:
    """An extra that is added gets a use in this file, and a page that names an extra names one that exists."""
    extras = set(metadata.get_all("Provides-Extra") or [])
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    named = {name.strip() for names in re.findall(r"pumpsim\[([\w, ]+)\]", pages) for name in names.split(",")}

    assert extras == EXTRAS.keys() - {""} | FOR_DEVELOPERS
    assert named <= extras
    assert EXTRAS.keys() - {""} <= named, "no page says what this extra is for"


def test_nothing_of_the_tree_is_in_reach(installed: Installed) -> None:
    """In that environment our packages come from the wheel."""
    said = installed.run(
        "python", "-c", "import firmware_sim, protocol, hil; print(firmware_sim.__file__, protocol.__file__, hil.__file__)"
    )

    assert all(Path(place).is_relative_to(installed.bin.parent) for place in said.split())
    assert installed.run("pumpsim", "--version").startswith("pumpsim ")


@pytest.mark.parametrize("use", DAILY, ids=lambda use: use.__name__)
def test_wheel_does_its_work(installed: Installed, use: Callable[[Installed], None]) -> None:
    """What a user does in the first hours works from the wheel, away from the tree."""
    use(installed)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("extra", EXTRAS, ids=lambda extra: extra or "none")
def test_extra_brings_what_it_needs(wheel: Path, tmp_path: Path, extra: str) -> None:
    """In an empty environment the wheel with one extra has all that the extra is for; where none is asked for, the core runs."""
    EXTRAS[extra](install(wheel, tmp_path, extra))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_empty_environment_does_all_of_it(wheel: Path, tmp_path: Path) -> None:
    """With the extras of daily use, and nothing borrowed, everything of the first hours works."""
    here = install(wheel, tmp_path, "web,suite,campaign")
    for use in DAILY:
        use(here)
