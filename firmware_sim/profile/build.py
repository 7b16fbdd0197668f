"""From files to a profile and back: sections filled and checked, and the whole written as one text that needs no other file."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from firmware_sim.profile.check import check_profile
from firmware_sim.profile.file import ProfileFile
from firmware_sim.profile.model import Profile
from firmware_sim.profile.sections import BEHAVIOUR_WORDS, SECTIONS, DrugEntry, Number, names_of

__all__ = ["build", "whole"]

_PLAIN = ("identity", "behaviour")


def build(name: str, file: ProfileFile, standard: Profile | None) -> Profile:
    """Fill every section. Raises ProfileError for what is missing, mistyped or does not fit together.

    `standard` is the pump that the firmware's memory was laid out for; None for that pump itself.
    """
    sections: dict[str, Any] = {key: _section(kind, key, file) for key, kind in SECTIONS.items()}
    drugs = tuple(
        DrugEntry(drug, **{field: file.number(("drugs", drug, field)).value for field in names_of(DrugEntry)[1:]}) for drug in file.drugs()
    )
    profile = Profile(name=name, **sections, drugs=drugs, known_deviations=file.deviations(), numbers=file.used())
    check_profile(profile, file, standard or profile)
    return profile


def whole(profile: Profile) -> Profile:
    """The same profile with its text."""
    tree: dict[str, Any] = {key: {name: getattr(getattr(profile, key), name) for name in names_of(SECTIONS[key])} for key in _PLAIN}
    tree["known_deviations"] = dict(profile.known_deviations)
    for path, number in profile.numbers:
        *sections, name = path.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[name] = _entry(number)
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False
    yaml.default_flow_style = None
    text = StringIO()
    yaml.dump({key: body for key, body in tree.items() if body}, text)
    return replace(profile, text=text.getvalue())


def _section(kind: type, key: str, file: ProfileFile) -> Any:
    if key in _PLAIN:
        return kind(**{name: file.plain((key, name), tuple(BEHAVIOUR_WORDS.get(name, ()))) for name in names_of(kind)})
    return kind(**{name: file.number((key, name)).value for name in names_of(kind)})


def _entry(number: Number) -> dict[str, Any]:
    return {word: value for word, value in number._asdict().items() if value != ""}
