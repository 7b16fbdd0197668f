"""A lesson's folder in, a `Lesson` out. Every mistake of its files is told at once, each at its line and column; nothing is half loaded.

lesson.yaml      logic: what happened, what is judged; ids only
texts.en.yaml    all words by id; texts.de.yaml is a translation with the same keys
good.yaml        scripted learners who try it out: one who does well, one who does not
poor.yaml
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hil.errors import LessonFileError, Problem, TherapyFileError, UsageError
from hil.lesson.check import lesson_problems, policy_problems, texts_problems, translation_problems
from hil.lesson.head import UNUSED, LessonHead
from hil.lesson.lesson import Lesson, Reaction
from hil.lesson.policy import KIND as POLICY
from hil.lesson.policy import Policy, policy_of
from hil.lesson.shelf import LOGIC, folder_named
from hil.lesson.texts import PARTS, ItemText, Texts
from hil.lesson.unreadable import comma_problems, in_plain_words
from hil.scenario.problems import keys_of, model_problems
from hil.scenario.reader import StepReader
from hil.scenario.script import Scenario
from hil.scenario.therapies import therapies_of
from hil.therapy.source import FileKind, Tree, load

__all__ = ["LANGUAGE", "POLICIES", "check_lesson", "load_lesson"]

POLICIES = ("good", "poor")
LANGUAGE = "en"
_TEXTS_NAME = re.compile(r"texts\.([a-z]{2,3}(?:-[A-Z]{2})?)\.yaml")
_LESSON = FileKind("a lesson", "level: foundation")
_TEXTS = FileKind("a lesson's texts", "title: Found stopped")
Found = list[tuple[str, Problem]]
"""Problems with the path of their file."""


def load_lesson(path_or_name: Path | str, language: str = LANGUAGE) -> Lesson:
    """A lesson that ships by its name, or one's own by its folder. Raises LessonFileError for what is in it, UsageError without it."""
    folder = folder_named(path_or_name)
    reader = _Folder(folder)
    lesson = reader.lesson(language)
    if reader.problems or lesson is None:
        raise LessonFileError(dict.fromkeys(reader.problems))
    return lesson


def check_lesson(path_or_name: Path | str) -> Lesson:
    """The same, with all its translations read too."""
    folder = folder_named(path_or_name)
    reader = _Folder(folder)
    read = {language: lesson for language in reader.languages if (lesson := reader.lesson(language)) is not None}
    if reader.problems:
        raise LessonFileError(dict.fromkeys(reader.problems))
    return read.get(LANGUAGE) or read[reader.languages[0]]


class _Folder:
    """Reads the files of one folder, collecting problems."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: Found = []
        self.languages = tuple(sorted(name[1] for path in folder.iterdir() if (name := _TEXTS_NAME.fullmatch(path.name)) is not None))
        if not self.languages:
            raise UsageError("the lesson has no words", where=str(folder), do=f"write texts.{LANGUAGE}.yaml beside {LOGIC}")

    def lesson(self, language: str) -> Lesson | None:
        """The lesson in a language, unless something is wrong."""
        if language not in self.languages:
            do = f"there are {', '.join(self.languages)}"
            raise UsageError(f"the lesson is not written in {language!r}", where=str(self.folder), do=do)
        scenario, reactions = self._logic()
        texts, tree = self._texts(language)
        policies = {path.stem: policy for path in self._policy_files() if (policy := self._policy(path)) is not None}
        for policy in policies.values():
            self._note(policy.path, policy.problems())
            if scenario is not None:
                self._note(policy.path, policy_problems(policy, scenario))
        if scenario is not None:
            self._note(scenario.path, lesson_problems(scenario, reactions))
        if scenario is not None and texts is not None and tree is not None:
            self._note(self._path(language), texts_problems(scenario, texts, tree))
        if self.problems or scenario is None or texts is None:
            return None
        told = tuple(each._replace(tell=texts.tell.get(each.tell_id, "")) for each in reactions)
        return Lesson(self.folder.resolve().name, self.folder, language, self.languages, scenario, texts, told, policies)

    # -- lesson.yaml -----------------------------------------------------------------------------------------------------

    def _logic(self) -> tuple[Scenario | None, tuple[Reaction, ...]]:
        path = self.folder / LOGIC
        data, tree = self._tree(path, _LESSON)
        if tree is None:
            return None, ()
        reader = StepReader(_opened(tree))
        head = reader.head(LessonHead)
        root: dict[str, Any] = tree.root if isinstance(tree.root, dict) else {}
        steps = reader.steps(root.get("steps") or None, ("steps",))
        handlers = root.get("then")
        done = [
            reader.steps(part.get("do"), ("then", position, "do")) if isinstance(part, dict) else ()
            for position, part in enumerate(handlers if isinstance(handlers, list) else [])
        ]
        therapies, problems = therapies_of(tree, str(path))
        problems += [Problem(tree.line((key,)), f"'{key}' has no place in {LOGIC}", _instead(key)) for key in UNUSED if key in root]
        self._note(str(path), [*reader.problems, *problems])
        if not isinstance(head, LessonHead) or reader.problems or problems:
            return None, ()
        reactions = tuple(Reaction(number, each.at, each.when, done[number], each.tell or "", "") for number, each in enumerate(head.then))
        return Scenario(str(path), data, tree, head, steps, therapies), reactions

    # -- words -----------------------------------------------------------------------------------------------------------

    def _path(self, language: str) -> str:
        return str(self.folder / f"texts.{language}.yaml")

    def _texts(self, language: str) -> tuple[Texts | None, Tree | None]:
        """The words of a language; a translation must have the keys of the first language."""
        path = self._path(language)
        _, tree = self._tree(Path(path), _TEXTS)
        if tree is None:
            return None, None
        texts = self._read(tree, path)
        first = LANGUAGE if LANGUAGE in self.languages else self.languages[0]
        if texts is not None and language != first:
            _, original = self._tree(Path(self._path(first)), _TEXTS)
            if original is not None:
                self._note(path, translation_problems(tree, original, Path(self._path(first)).name))
        return texts, tree

    # -- scripted learners -----------------------------------------------------------------------------------------------

    def _policy_files(self) -> Iterator[Path]:
        return (path for name in POLICIES if (path := self.folder / f"{name}.yaml").is_file())

    def _policy(self, path: Path) -> Policy | None:
        _, tree = self._tree(path, POLICY)
        if tree is None:
            return None
        policy, problems = policy_of(tree, str(path))
        self._note(str(path), problems)
        return policy

    # -- files -----------------------------------------------------------------------------------------------------------

    def _tree(self, path: Path, kind: FileKind) -> tuple[bytes, Tree | None]:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(
                f"{path.name} cannot be read: {error.strerror}", where=str(self.folder), do="see docs/how-to/write-a-lesson.md"
            ) from error
        try:
            return data, load(data, str(path), kind)
        except TherapyFileError as error:
            self._note(str(path), [in_plain_words(problem) for problem in error.problems])
        return data, None

    def _read(self, tree: Tree, path: str) -> Texts | None:
        cut = list(comma_problems(tree, PARTS, tuple(keys_of(ItemText))))
        try:
            return Texts.model_validate(tree.root)
        except ValidationError as error:
            self._note(path, cut)
            lines = {int(each.line) for each in cut}
            self._note(path, [each for each in model_problems(error, Texts, tree, ()) if int(each.line) not in lines])
        return None

    def _note(self, path: str, problems: Any) -> None:
        self.problems += [(path, problem) for problem in problems]


def _instead(key: str) -> str:
    if key == "variants":
        return "write a lesson of its own for each"
    return "write it into texts.en.yaml: 'title', 'story'" if key in ("title", "about") else "write `covers`"


def _opened(tree: Tree) -> Tree:
    """The file with single values in the place of `patient`, `ends` and critical errors written out."""
    if not isinstance(tree.root, dict):
        return tree
    root: dict[str, Any] = {key: value for key, value in tree.root.items() if key not in UNUSED}
    for key, meaning in (("patient", "model"), ("ends", "after")):
        if isinstance(root.get(key), str):
            root[key] = {meaning: root[key]}
    return Tree(root, tree.lines)
