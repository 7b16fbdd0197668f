"""Where profile files are: those that ship, and those of the user's own, which may stand on one that ships or on one beside them."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

__all__ = ["CATHETERS", "is_path", "meant", "name_of", "profile_names", "shipped_path"]

FOLDER = Path(__file__).parents[1] / "profiles"
CATHETERS = FOLDER / "catheters.yaml"
"""The family of catheters: no profile, but a part that each can be joined with."""
_SUFFIXES = (".yaml", ".yml")


def profile_names() -> list[str]:
    """Names of the profiles that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path != CATHETERS)


def is_path(name: str) -> bool:
    """Whether a profile is named by its path: it has a slash, or ends like a YAML file."""
    return "/" in name or "\\" in name or name.endswith(_SUFFIXES)


def name_of(name: str) -> str:
    """What a profile is called: the name of one that ships, or of a file without its ending."""
    return Path(name).stem if is_path(name) else name


def shipped_path(name: str) -> Path:
    """The file of a profile that ships."""
    return FOLDER / f"{name}.yaml"


def meant(word: str, words: list[str]) -> str:
    """What to add to an error about an unknown word: the nearest known one, or nothing if none is near."""
    nearest = get_close_matches(word, words, 1)
    return f"; did you mean {nearest[0]}?" if nearest else ""
