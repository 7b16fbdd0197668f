"""Rule sets: read from YAML, one set on another, every rule and number checked as it is read.

A shipped set is chosen by name, one of one's own by its path; it may `extends` a shipped one and then says only what differs. To each set
the unverified rules of other drugs are added, which concern nobody who gets baclofen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from hil.clinic.limits import UNVERIFIED_TOKEN
from hil.errors import UsageError
from hil.numbers.data import Number, numbers_of, problems_of
from hil.wording.measures import measure

__all__ = ["DEFAULT_SET", "SHIPPED", "Rule", "RuleSet", "Verdict", "read_set", "rule_set", "token_of"]

SHIPPED = ("label-us", "label-seed")
DEFAULT_SET = "label-us"
"""The one with the lower start dose for people who respond for long: the first day of an infusion is where a wrong rule kills."""
OTHER_DRUGS = "drugs"
DRUG = "baclofen"
USERS = ("FW", "PROG", "REFILL", "PAT", "SCEN")
_RULE_KEYS = {"title", "users", "says", "applies", "check", "verdict", "do", "numbers", "words"}
NARROWED_BY = ("drug", "act", "origin", "age", "phase", "pump", "reason")
"""What a rule may be narrowed by."""
_ID = re.compile(r"(?P<letter>[RU])-(?P<number>\d{2,3})")
_PLACE = re.compile(r"\{(\w+)\}")


class Verdict(StrEnum):
    """What a rule makes of a plan. A warning can be overridden by name, a refusal cannot."""

    ACCEPT = "accept"
    WARN = "warn"
    REFUSE = "refuse"


class Rule(NamedTuple):
    """One rule. `verdict` is what breaking it means; `check` names the code that judges by it, empty for a statement."""

    id: str
    title: str
    users: tuple[str, ...]
    says: str
    applies: Mapping[str, tuple[str, ...]]
    check: str
    verdict: Verdict
    do: str
    numbers: Mapping[str, Number]
    words: Mapping[str, str]
    source: str

    def one(self, name: str) -> int:
        """A number that is one integer. Raises UsageError if the rule has no such number."""
        return self.many(name)[0]

    def many(self, name: str) -> tuple[int, ...]:
        """A number that is a list. Raises UsageError if the rule has no such number."""
        if name not in self.numbers:
            raise UsageError(f"the check {self.check!r} needs the number {name}", where=self.id, do="compare the rule with label-seed.yaml")
        value = self.numbers[name].value
        return value if isinstance(value, tuple) else (value,)

    @property
    def why(self) -> str:
        """What the rule says, its numbers in it."""
        return self._filled(self.says)

    @property
    def advice(self) -> str:
        """What to do, the rule's numbers in it."""
        return self._filled(self.do)

    def _filled(self, text: str) -> str:
        return _PLACE.sub(lambda fit: measure(fit[1], self.numbers[fit[1]].value), text)

    @property
    def verified(self) -> bool:
        """Whether the rule, and every number of it, comes from a source that was seen."""
        return not self.id.startswith("U") and all(number.provenance != "memory" for number in self.numbers.values())


class RuleSet(NamedTuple):
    """All rules of one jurisdiction, by id."""

    name: str
    title: str
    rules: Mapping[str, Rule]


def token_of(rule_id: str) -> int:
    """The number that stands for a rule in a COMMIT: 33 for R-033, 1001 for U-01. Raises UsageError for what is no rule's id."""
    fit = _ID.fullmatch(rule_id)
    if fit is None:
        raise UsageError(f"{rule_id!r} names no rule", where="--override", do="write the id of the rule, such as R-033")
    return int(fit["number"]) + (UNVERIFIED_TOKEN if fit["letter"] == "U" else 0)


def rule_set(name: str = DEFAULT_SET) -> RuleSet:
    """A set that ships, by name, or one's own, by path. Raises UsageError."""
    if name in SHIPPED:
        return _shipped(name)
    if "/" in name or name.endswith((".yaml", ".yml")):
        return read_set(Path(name))
    raise UsageError(f"there is no rule set {name!r}", where="--rules", do=f"use {' or '.join(SHIPPED)}, or the path of a file")


@cache
def _shipped(name: str) -> RuleSet:
    return _built(_load((files("hil") / "clinic" / "rules" / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml"), f"{name}.yaml")


def read_set(path: Path) -> RuleSet:
    """A set of one's own. Raises UsageError that names the file and the rule."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the rule set cannot be read", where=str(path), do="name a YAML file in UTF-8") from error
    return _built(_load(text, str(path)), str(path))


def _load(text: str, where: str) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise UsageError(f"no YAML: {' '.join(str(error).split())}", where=where) from error
    missing = {"name", "title", "source", "rules"} - (content.keys() if isinstance(content, dict) else set())
    if missing or not isinstance(content["rules"], dict):
        raise UsageError(f"a rule set has {', '.join(sorted(missing)) or 'rules under their ids'}", where=where, do="see label-seed.yaml")
    return dict(content)


def _built(content: dict[str, Any], where: str) -> RuleSet:
    below = content.get("extends")
    if below is not None and below not in SHIPPED:
        raise UsageError(f"extends names no shipped set: {below!r}", where=where, do=f"use {' or '.join(SHIPPED)}")
    rules: dict[str, Rule] = dict(_shipped(below).rules) if below else dict(_others(content["name"]))
    for name, entry in content["rules"].items():
        place = f"{where}: {name}"
        if not isinstance(name, str) or not _ID.fullmatch(name) or not isinstance(entry, dict):
            raise UsageError("a rule is an id, such as R-033, with its parts under it", where=place)
        for wrong in _shape_problems(entry):
            raise UsageError(wrong, where=place, do="compare it with label-seed.yaml")
        rules[name] = _rule(name, entry, rules.get(name), content["source"])
        for wrong in _problems(rules[name], entry):
            raise UsageError(wrong, where=place, do="compare it with label-seed.yaml")
    return RuleSet(str(content["name"]), str(content["title"]), rules)


def _others(name: str) -> Mapping[str, Rule]:
    """The rules of other drugs, for a set that stands on no other."""
    return {} if name == "other-drugs" else _shipped(OTHER_DRUGS).rules


def _rule(name: str, entry: Mapping[str, Any], below: Rule | None, source: str) -> Rule:
    """One rule; parts that the entry leaves out are those of the rule below it."""
    given = {key: value for key, value in entry.items() if key in _RULE_KEYS}
    applies = {key: tuple(map(str, value)) for key, value in (given.get("applies") or {}).items()}
    return Rule(
        name,
        _text(given.get("title"), below and below.title),
        tuple(given["users"]) if "users" in given else below.users if below else (),
        _text(given.get("says"), below and below.says),
        {"drug": (DRUG,), **applies} if "applies" in given or below is None else below.applies,
        _text(given.get("check"), below and below.check),
        Verdict(given["verdict"]) if given.get("verdict") in set(Verdict) else below.verdict if below else Verdict.ACCEPT,
        _text(given.get("do"), below and below.do),
        _merged(given.get("numbers") or {}, below.numbers if below else {}, source),
        {str(key): str(value) for key, value in given["words"].items()} if "words" in given else below.words if below else {},
        source,
    )


def _merged(given: Mapping[str, Any], below: Mapping[str, Number], source: str) -> dict[str, Number]:
    """The numbers of the rule below with those given in their places; one given as nothing is taken away."""
    kept = {name: number for name, number in below.items() if name not in given}
    return kept | numbers_of({name: entry for name, entry in given.items() if entry is not None}, source)


def _text(given: object, below: str | None) -> str:
    return " ".join(str(given).split()) if given is not None else below or ""


def _shape_problems(entry: Mapping[str, Any]) -> Iterator[str]:
    """Parts of a rule that are no list, or no mapping, where one belongs."""
    if odd := sorted(map(str, entry.keys() - _RULE_KEYS)):
        yield f"{odd[0]!r} is no part of a rule"
    for part in ("numbers", "words", "applies"):
        if not isinstance(entry.get(part, {}), dict):
            yield f"{part} are a mapping"
    if not isinstance(entry.get("users", []), list):
        yield f"users are a list of {', '.join(USERS)}"
    for key, words in (entry.get("applies") or {}).items():
        if not isinstance(words, list):
            yield f"applies has a list of words for {key}"


def _problems(rule: Rule, entry: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a rule."""
    if odd := sorted(rule.applies.keys() - set(NARROWED_BY)):
        yield f"a rule is narrowed by {', '.join(NARROWED_BY)}, not by {odd[0]!r}"
    if not rule.title or not rule.says:
        yield "a rule has a title and says something"
    if not rule.users or set(rule.users) - set(USERS):
        yield f"users are some of {', '.join(USERS)}"
    if entry.get("verdict", rule.verdict) not in set(Verdict):
        yield f"the verdict is {', '.join(Verdict)}"
    yield from _number_problems(rule)


def _number_problems(rule: Rule) -> Iterator[str]:
    yield from problems_of(rule.numbers)
    if lost := [name for name in _PLACE.findall(rule.says + rule.do) if name not in rule.numbers]:
        yield f"it speaks of {lost[0]}, which is no number of it"
