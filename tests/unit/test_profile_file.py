"""A profile of one's own: any number can be changed, and each mistake is told by file, line and nearest word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_sim import Pump
from firmware_sim.errors import ProfileError
from firmware_sim.profile import Profile, load_profile, load_profile_text

SHIPPED = Path(__file__).parents[2] / "firmware_sim" / "profiles" / "itp-40.yaml"
WHOLE = SHIPPED.read_text(encoding="utf-8")
Loader = Callable[[str], Profile]
ON = "extends: itp-40\n"
BEHAVIOUR = f"{ON}behaviour:\n"
DEVIATIONS = f"{ON}known_deviations:\n"
DRUGS = f"{ON}drugs:\n"
IDENTITY = f"{ON}identity:\n"
VERSION = "    version: {value: 1, provenance: assumed}\n"
DRUG = """  morphine:
    drug_id: {value: 3, provenance: assumed}
    version: {value: 1, provenance: assumed}
    concentration_ng_per_ml_min: {value: 500_000, provenance: assumed}
    concentration_ng_per_ml_max: {value: 25_000_000, provenance: assumed}
    daily_dose_ng_max: {value: 20_000_000, provenance: assumed}
    daily_dose_ng_soft: {value: 0, provenance: assumed}
    stability_days: {value: 180, provenance: assumed}
"""


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    """Loads a text as the user's own file `mine.yaml`."""

    def loader(text: str) -> Profile:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return load_profile(str(path))

    return loader


def number(text: str) -> str:
    """A profile that extends the 40 mL pump, with this line as its fourth."""
    return f"extends: itp-40\n# mine\nmotor:\n  {text}\n"


# ---------------------------------------------------------------- what can be said


def test_one_number_can_be_changed(load: Loader) -> None:
    """One changed number, all others inherited; the pump is called like its file."""
    profile = load(number("stall_detection_s: {value: 60, provenance: assumed}"))

    assert profile.motor.stall_detection_s == 60
    assert profile.motor.recovery_detection_s == 1_200
    assert profile.name == "mine"
    assert Pump(profile).profile is profile


def test_every_number_of_the_shipped_pump_can_be_overridden(load: Loader) -> None:
    """Each number, given again with another note, is taken from the user's file."""
    text = "extends: itp-40\n"
    for section, body in _tree().items():
        text += f"{section}:\n" + "".join(
            f"  {name}: {{value: {value}, provenance: assumed, note: mine}}\n" for name, value in body.items()
        )

    profile = load(text)

    assert {entry.note for path, entry in profile.numbers if not path.startswith("drugs.")} == {"mine"}
    assert profile.motor == load_profile("itp-40").motor


def _tree() -> dict[str, dict[str, int]]:
    tree: dict[str, dict[str, int]] = {}
    for path, entry in load_profile("itp-40").numbers:
        section, _, name = path.rpartition(".")
        if "." not in section:
            tree.setdefault(section, {})[name] = entry.value
    return tree


def test_profile_can_stand_alone(load: Loader) -> None:
    """A whole file that extends nothing is a pump."""
    assert load(WHOLE).numbers == load_profile("itp-40").numbers


def test_profile_can_extend_a_file_beside_it(tmp_path: Path, load: Loader) -> None:
    """A word that does not ship is a file beside; the nearest file has the last word."""
    (tmp_path / "base.yaml").write_text(number("stall_detection_s: {value: 60, provenance: assumed}"), encoding="utf-8")

    profile = load("extends: base\nmotor:\n  recovery_detection_s: {value: 90, provenance: assumed}\nbehaviour:\n  after_bolus: stop\n")

    assert (profile.motor.stall_detection_s, profile.motor.recovery_detection_s) == (60, 90)
    assert profile.behaviour.after_bolus == "stop"
    assert profile.known_deviations == load_profile("itp-40").known_deviations


def test_shipped_name_means_the_shipped_one(tmp_path: Path) -> None:
    """A file of one's own that is called like a shipped pump can extend that pump."""
    path = tmp_path / "itp-40.yaml"
    path.write_text(number("stall_detection_s: {value: 60, provenance: assumed}"), encoding="utf-8")

    assert load_profile(str(path)).motor.stall_detection_s == 60
    assert load_profile("itp-40").motor.stall_detection_s == 1_200


def test_drug_can_be_added(load: Loader) -> None:
    """A drug of one's own comes behind those that are inherited."""
    profile = load(f"extends: itp-40\ndrugs:\n{DRUG}")

    assert [drug.name for drug in profile.drugs] == ["baclofen", "saline", "morphine"]
    assert profile.drugs[-1].concentration_ng_per_ml_max == 25_000_000


def test_inherited_deviation_can_be_dropped(load: Loader) -> None:
    """`dropped` takes one away, a reason adds or replaces one."""
    profile = load("extends: itp-40\nknown_deviations:\n  FR-04: dropped\n  PG-05: for another reason\n  AL-01: never rings\n")

    assert set(dict(profile.known_deviations)) == {"PG-05", "PR-10", "AL-01"}
    assert dict(profile.known_deviations)["PG-05"] == "for another reason"


def test_file_is_read_anew_each_time(load: Loader) -> None:
    """An edited file gives another pump at once."""
    assert load(number("stall_detection_s: {value: 60, provenance: assumed}")).motor.stall_detection_s == 60
    assert load(number("stall_detection_s: {value: 61, provenance: assumed}")).motor.stall_detection_s == 61


# ---------------------------------------------------------------- the text an image keeps


@pytest.mark.parametrize(
    "text",
    [
        number("stall_detection_s: {value: 60, provenance: assumed, note: 'a \"note\": with # and ü \U0001f600'}"),
        f"extends: itp-20\nknown_deviations:\n  FR-04: dropped\n  PG-05: dropped\n  PR-10: dropped\ndrugs:\n{DRUG}",
        WHOLE,
        'extends: itp-40\nidentity:\n  firmware: "1.10"\n',
    ],
    ids=["note", "dropped", "alone", "text like a number"],
)
def test_text_of_a_profile_is_the_whole_of_it(tmp_path: Path, load: Loader, text: str) -> None:
    """The text gives the same profile away from its folder, and again the same text."""
    profile = load(text)
    (tmp_path / "mine.yaml").unlink()

    assert load_profile_text("mine", profile.text) == profile


def test_image_of_an_own_pump_restores_where_its_files_are_not(tmp_path: Path, load: Loader) -> None:
    """File and the file it extends are gone, and the pump goes on bit by bit."""
    base = tmp_path / "base.yaml"
    base.write_text(number("stall_detection_s: {value: 60, provenance: assumed}"), encoding="utf-8")
    load("extends: base\nreservoir:\n  capacity_nl: {value: 30_000_000, provenance: assumed}\n")
    pump = Pump(str(tmp_path / "mine.yaml"), seed=4, catheter="104cm")
    pump.needle(inject_nl=30_000_000)
    pump.advance(days=2)
    image = pump.save()
    for path in (base, tmp_path / "mine.yaml"):
        path.unlink()

    again = Pump.restore(image)
    for each in (pump, again):
        each.advance(days=2)

    assert again.digest() == pump.digest()
    assert again.profile == pump.profile
    assert (again.profile.motor.stall_detection_s, again.profile.catheter.length_mm) == (60, 1_040)


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stall_detecton_s: {value: 60, provenance: assumed}", "unknown motor.stall_detecton_s; did you mean motor.stall_detection_s?"),
        ("capacity_nl: {value: 60, provenance: assumed}", "unknown motor.capacity_nl; did you mean reservoir.capacity_nl?"),
        ("qqq: {value: 60, provenance: assumed}", "unknown motor.qqq"),
        (
            "stall_detection_s: {value: 60}",
            "motor.stall_detection_s: provenance is empty; write {value: 1, provenance: assumed}, or `sourced`",
        ),
        ("stall_detection_s: 60", "motor.stall_detection_s: is 60; write {value: 1, provenance: assumed}"),
        ("stall_detection_s:", "motor.stall_detection_s: is empty; write"),
        ("stall_detection_s: [60]", "motor.stall_detection_s: is [60]; write"),
        ("stall_detection_s: {provenance: assumed}", "motor.stall_detection_s: value is empty; give an integer"),
        ("stall_detection_s: {value: '60', provenance: assumed}", "motor.stall_detection_s: value is '60'; give an integer"),
        ("stall_detection_s: {value: 60.5, provenance: assumed}", "motor.stall_detection_s: value is 60.5; give an integer"),
        ("stall_detection_s: {value: true, provenance: assumed}", "motor.stall_detection_s: value is true; give an integer"),
        ("stall_detection_s: {value: [60], provenance: assumed}", "motor.stall_detection_s: value is [60]; give an integer"),
        (
            "stall_detection_s: {value: 3_000_000_000, provenance: assumed}",
            "motor.stall_detection_s: value is 3000000000; at most 2_147_483_647",
        ),
        ("stall_detection_s: {value: 60, provenance: guessed}", "motor.stall_detection_s: provenance is 'guessed'; write"),
        ("stall_detection_s: {value: 60, provenance: asumed}", "its source; did you mean assumed?"),
        ("stall_detection_s: {value: 60, provenance: sourced}", "motor.stall_detection_s: provenance `sourced` names its source"),
        ("stall_detection_s: {value: 60, provenance: assumed, source: x}", "`assumed` has none (reasons go into note)"),
        ("stall_detection_s: {value: 60, provenance: assumed, note: 5}", "motor.stall_detection_s: source and note are text"),
        ("stall_detection_s: {valu: 60, provenance: assumed}", "motor.stall_detection_s: unknown word valu; did you mean value?"),
        ("stall_detection_s: {value: 0, provenance: assumed}", "motor.stall_detection_s is 0; give 1 or more"),
        ("5: {value: 60, provenance: assumed}", "5 is no name"),
        ("wear_ppm_per_block: {value: -1, provenance: assumed}", "motor.wear_ppm_per_block is -1; give 0 or more"),
    ],
)
def test_wrong_number_is_told_by_file_and_line(load: Loader, line: str, words: str) -> None:
    """Each mistake names the file, the line, the number and what is wrong with it, in one line."""
    with pytest.raises(ProfileError) as caught:
        load(number(line))

    assert str(caught.value).startswith("mine.yaml:4: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("motr:\n  x: 1\n", "mine.yaml:1: unknown section motr; did you mean motor?"),
        (ON + "motr:\n  step_nl: {value: 1, provenance: assumed}\n", "mine.yaml:2: unknown section motr; did you mean motor?"),
        (ON + "motr: {}\n", "mine.yaml:2: unknown section motr; did you mean motor?"),
        (ON + "nonsense: 5\n", "mine.yaml:2: unknown section nonsense"),
        ("extend: itp-40\n", "mine.yaml:1: unknown section extend; did you mean extends?"),
        (ON + "motor: 5\n", "mine.yaml:2: motor is 5; give its entries below it, or leave it out"),
        (ON + "\nmotor:\n", "mine.yaml:3: motor is empty; give its entries"),
        (ON + "motor: [1]\n", "mine.yaml:2: motor is [1]; give its entries"),
        ("# mine\nextends: itp-39\n", "mine.yaml:2: extends 'itp-39', which neither ships (cf-16, itp-20"),
        ("extends: itp-39\n", "nor is a file beside it; did you mean itp-"),
        ("extends: [itp-40]\n", "mine.yaml:1: extends ['itp-40'], which neither ships"),
        ("extends:\n", "mine.yaml:1: extends empty, which neither ships"),
        ("- a list\n", "mine.yaml:1: is not a mapping of sections"),
        ("", "mine.yaml:1: is not a mapping of sections"),
        ("just words", "mine.yaml:1: is not a mapping of sections"),
        (ON + "motor: {step_nl: 1\n", "mine.yaml:3: "),
        (ON + "motor:\n  a: 1\nmotor:\n  b: 2\n", 'mine.yaml:4: found duplicate key "motor"'),
        (ON + "motor:\n\tstep_nl: 1\n", "mine.yaml:3: "),
        (ON + "clock_us: 2001-99-99\n", "mine.yaml"),
        (ON + "motor: &m\n  <<: *m\n", "mine.yaml: cannot be read: "),
        (ON + "motor:\n  \0\n", "mine.yaml:3: character 0x0 is not allowed in YAML"),
        (ON + "---\n" + ON, "mine.yaml:2: but found another document"),
        (ON + "motor:\n  <<: {step_n: 5}\n", "mine.yaml:2: unknown motor.step_n; did you mean motor.step_nl?"),
        ("a: " + "[" * 2_000, "mine.yaml"),
        (
            BEHAVIOUR + "  after_bolus: rezume\n",
            "mine.yaml:3: behaviour.after_bolus is 'rezume'; give resume or stop; did you mean resume?",
        ),
        (BEHAVIOUR + "  stall_alarm: maybe\n", "mine.yaml:3: behaviour.stall_alarm is 'maybe'; give true or false"),
        (BEHAVIOUR + "  stall_alarm: 1\n", "mine.yaml:3: behaviour.stall_alarm is 1; give true or false"),
        (BEHAVIOUR + "  after_bolus: true\n", "mine.yaml:3: behaviour.after_bolus is true; give resume or stop"),
        (BEHAVIOUR + "  stal_alarm: true\n", "mine.yaml:3: unknown behaviour.stal_alarm; did you mean behaviour.stall_alarm?"),
        (IDENTITY + "  model: 40\n", "mine.yaml:3: identity.model is 40; give text"),
        (IDENTITY + "  model: ''\n", "mine.yaml:3: identity.model is ''; give text"),
        (
            IDENTITY + "  model: a pump with too long a name\n",
            "mine.yaml:3: identity.model is 'a pump with too long a name'; use at most 16",
        ),
        (IDENTITY + "  firmware: '1 0'\n", "mine.yaml:3: identity.firmware is '1 0'; use at most 16 plain letters"),
        (DEVIATIONS + "  FR4: x\n", "mine.yaml:3: known_deviations.FR4 is 'x'; write a requirement and the reason"),
        (DEVIATIONS + "  FR-05:\n", "mine.yaml:3: known_deviations.FR-05 is empty; write a requirement"),
        (DEVIATIONS + "  FR-05: dropped\n", "mine.yaml:3: FR-05 is not inherited, so it cannot be dropped; did you mean FR-04?"),
        (ON + "drugs:\n  morphine: 5\n", "mine.yaml:3: drugs.morphine is 5; give drug_id, version"),
        (DRUGS + DRUG.replace("version", "verzion"), "mine.yaml:5: unknown drugs.morphine.verzion; did you mean version?"),
        (DRUGS + DRUG.replace(VERSION, ""), "mine.yaml:3: drugs.morphine.version is missing"),
        (DRUGS + DRUG.replace("value: 3", "value: 1"), "mine.yaml:4: drugs.baclofen.drug_id and drugs.morphine.drug_id are both 1"),
        (DRUGS + DRUG.replace("morphine", "x.y"), "mine.yaml:2: drug 'x.y': a name has"),
    ],
)
def test_wrong_file_is_told(load: Loader, text: str, words: str) -> None:
    """A file that is no profile says where and why, and never ends in an error of another kind."""
    with pytest.raises(ProfileError) as caught:
        load(text)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_number_is_told_with_the_line_of_its_section(load: Loader) -> None:
    """A profile that stands alone and lacks one number names it, and where it belongs."""
    lacking = "".join(line for line in WHOLE.splitlines(keepends=True) if "recovery_detection_s" not in line)
    line = lacking[: lacking.index("\nmotor:")].count("\n") + 2

    with pytest.raises(ProfileError, match=rf"mine\.yaml:{line}: motor\.recovery_detection_s is missing"):
        load(lacking)


def test_missing_section_is_told(load: Loader) -> None:
    """A profile that stands alone and lacks a section names its first number."""
    with pytest.raises(ProfileError, match=r"mine\.yaml:1: identity\.model is missing"):
        load(WHOLE[WHOLE.index("reservoir:") :])


def test_mistake_in_the_file_below_is_told_there(tmp_path: Path, load: Loader) -> None:
    """The error names the file in which the mistake is."""
    (tmp_path / "base.yaml").write_text(number("stall_detecton_s: {value: 60, provenance: assumed}"), encoding="utf-8")

    with pytest.raises(ProfileError, match=r"base\.yaml:4: unknown motor\.stall_detecton_s"):
        load("extends: base\n")


@pytest.mark.parametrize("other", ["mine", "theirs", "./theirs.yaml"], ids=["itself", "in a circle", "by path"])
def test_profiles_that_extend_each_other_are_refused(tmp_path: Path, load: Loader, other: str) -> None:
    """A circle is named, and is no endless loop."""
    (tmp_path / "theirs.yaml").write_text("extends: mine\n", encoding="utf-8")

    with pytest.raises(ProfileError, match=r"\.yaml:1: extends \S+, which comes back to itself"):
        load(f"extends: {other}\n")


@pytest.mark.parametrize("name", ["nowhere.yaml", "./nowhere.yaml", "folder/"])
def test_file_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    """A missing file, and a folder in place of one, are errors of a profile."""
    (tmp_path / "folder").mkdir()

    with pytest.raises(ProfileError, match=r"cannot be read: "):
        load_profile(f"{tmp_path}/{name}")


def test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are an error of a profile."""
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ProfileError, match=r"mine\.yaml: cannot be read: it is no UTF-8 text"):
        load_profile(str(tmp_path / "mine.yaml"))
