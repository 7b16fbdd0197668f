"""Profiles: what ships loads; what is wrong is told by file, line and nearest word."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_sim import Pump
from firmware_sim.errors import ProfileError
from firmware_sim.profile import Profile, load_profile, profile_names

SHIPPED = Path(__file__).parents[2] / "firmware_sim" / "profiles"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of profiles with the shipped 40 mL pump in it, from which `load_profile` reads."""
    (tmp_path / "itp-40.yaml").write_text((SHIPPED / "itp-40.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr("firmware_sim.profile._FOLDER", tmp_path)
    load_profile.cache_clear()
    return tmp_path


def loaded(folder: Path, text: str) -> Profile:
    """A profile of this text; the cache forgets it again."""
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    try:
        return load_profile("mine")
    finally:
        load_profile.cache_clear()


def number(text: str) -> str:
    """A profile that extends the 40 mL pump, with this line as its fourth."""
    return f"extends: itp-40\n# mine\nmotor:\n  {text}\n"


@pytest.mark.parametrize("name", ["itp-20", "itp-40"])
def test_shipped_profiles_load(name: str) -> None:
    """Both ship, and every number has its provenance."""
    profile = load_profile(name)

    assert name in profile_names()
    assert profile.identity.model == name.upper()
    assert len(profile.numbers) > 60
    for place, entry in profile.numbers:
        assert entry.provenance in ("sourced", "assumed"), place
        assert entry.provenance == "assumed" or entry.source, place


def test_numbers_of_the_pump_are_those_of_the_data_page() -> None:
    """The sourced numbers stand as sourced."""
    profile = load_profile("itp-40")
    told = {place: entry.provenance for place, entry in profile.numbers}

    assert (profile.reservoir.capacity_nl, profile.catheter.tubing_nl, profile.rate.steps_per_group_max) == (40_000_000, 140_000, 13)
    assert (profile.motor.accuracy_band_ppm, profile.alarm.stopped_too_long_s) == (145_000, 172_800)
    assert {told[place] for place in ("reservoir.capacity_nl", "catheter.tubing_nl", "motor.accuracy_band_ppm")} == {"sourced"}


@pytest.mark.parametrize(
    ("name", "hint"), [("itp-41", "did you mean itp-40"), ("itp40", "did you mean itp-40"), ("pacemaker", "there are itp-20, itp-40")]
)
def test_unknown_profile_names_the_nearest(name: str, hint: str) -> None:
    """An unknown name gets the list and, where one is near, the word that was meant."""
    with pytest.raises(ProfileError, match=hint):
        Pump(name)


def test_profile_can_extend_another(folder: Path) -> None:
    """One changed number, all others inherited; the pump runs by it."""
    profile = loaded(folder, number("stall_detection_s: {value: 60, provenance: assumed}"))

    assert profile.motor.stall_detection_s == 60
    assert profile.motor.recovery_detection_s == 1_200
    assert Pump(profile).profile.name == "mine"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "stall_detecton_s: {value: 60, provenance: assumed}",
            r"mine\.yaml:4: unknown motor\.stall_detecton_s; did you mean motor\.stall_detection_s",
        ),
        ("stall_detection_s: {value: 60}", r"mine\.yaml:4: motor\.stall_detection_s: .*provenance"),
        ("stall_detection_s: 60", r"mine\.yaml:4: motor\.stall_detection_s: "),
        ("stall_detection_s: {value: '60', provenance: assumed}", r"mine\.yaml:4: motor\.stall_detection_s: .*integer"),
        ("stall_detection_s: {value: 60.5, provenance: assumed}", r"mine\.yaml:4: motor\.stall_detection_s: .*integer"),
        ("stall_detection_s: {value: true, provenance: assumed}", r"mine\.yaml:4: motor\.stall_detection_s: .*integer"),
        ("stall_detection_s: {value: 60, provenance: guessed}", r"mine\.yaml:4: motor\.stall_detection_s: provenance"),
        ("stall_detection_s: {value: 60, provenance: sourced}", r"mine\.yaml:4: motor\.stall_detection_s: provenance"),
        ("stall_detection_s: {value: 60, provenance: assumed, not: x}", r"mine\.yaml:4: motor\.stall_detection_s: .*not"),
    ],
    ids=["misspelt", "no provenance", "bare", "text", "fraction", "truth value", "guessed", "sourced from nowhere", "unknown word"],
)
def test_wrong_number_is_told_by_file_and_line(folder: Path, line: str, words: str) -> None:
    """Each mistake names the file, the line, the number and what is wrong with it."""
    with pytest.raises(ProfileError, match=words):
        loaded(folder, number(line))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("motr:\n  x: 1\n", r"mine\.yaml"),
        (
            "extends: itp-40\nmotr:\n  step_nl: {value: 1, provenance: assumed}\n",
            r"mine\.yaml:3: unknown motr\.step_nl; did you mean motor\.step_nl",
        ),
        ("extends: itp-40\nnonsense: 5\n", r"mine\.yaml:2: unknown nonsense"),
        ("extends: itp-39\n", r"itp-39\.yaml"),
        ("- a list\n", r"mine\.yaml: is not a mapping"),
        ("motor: {step_nl: 1\n", r"mine\.yaml"),
        ("motor:\n  a: 1\nmotor:\n  b: 2\n", r"mine\.yaml.*[dD]uplicate"),
    ],
    ids=["nothing else", "misspelt section", "unknown word", "extends nothing", "list", "broken yaml", "duplicate key"],
)
def test_wrong_file_is_told(folder: Path, text: str, words: str) -> None:
    """A file that is no profile says why, and never ends in a traceback of another kind."""
    with pytest.raises(ProfileError, match=words):
        loaded(folder, text)


def test_missing_number_is_named(folder: Path) -> None:
    """A profile that stands alone and lacks one number names the file and the number."""
    whole = (SHIPPED / "itp-40.yaml").read_text(encoding="utf-8")
    lacking = "\n".join(line for line in whole.splitlines() if "recovery_detection_s" not in line)

    with pytest.raises(ProfileError, match=r"mine\.yaml.*motor\.recovery_detection_s.*missing"):
        loaded(folder, lacking)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (
            "  recovery_detection_s",
            "  recovery_detecton_s",
            r"mine\.yaml:23: motor\.recovery_detection_s is missing.*motor\.recovery_detecton_s",
        ),
        ("stops_for_update: true", "stops_for_update: maybe", r"mine\.yaml:6: behaviour\.stops_for_update .*true or false"),
        ("model: ITP-40", "model: 40", r"mine\.yaml:3: identity\.model .*text"),
    ],
    ids=["misspelt number", "no switch", "no text"],
)
def test_wrong_word_in_a_profile_of_its_own_is_told(folder: Path, right: str, wrong: str, words: str) -> None:
    """A profile that extends nothing gets the same help: file, line and what was probably meant."""
    whole = (SHIPPED / "itp-40.yaml").read_text(encoding="utf-8")
    assert whole.count(right) == 1

    with pytest.raises(ProfileError, match=words):
        loaded(folder, whole.replace(right, wrong))


@pytest.mark.parametrize("other", ["mine", "theirs"], ids=["itself", "in a circle"])
def test_profiles_that_extend_each_other_are_refused(folder: Path, other: str) -> None:
    """A circle is named, and is no endless loop."""
    (folder / "theirs.yaml").write_text("extends: mine\n", encoding="utf-8")

    with pytest.raises(ProfileError, match=r"extends \w+, which comes back to itself"):
        loaded(folder, f"extends: {other}\n")
