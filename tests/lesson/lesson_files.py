"""A small lesson in a folder of its own, and the same with something else in it."""

from __future__ import annotations

from pathlib import Path

from hil.errors import LessonFileError
from hil.lesson.reader import load_lesson

__all__ = ["FILES", "problems_of", "written"]

LESSON = """\
level: foundation
zone: skill
minutes: 10
clinically-reviewed: none yet
sources: a textbook
pump: itp-40
seed: 3
therapies:
  usual:
    drug: baclofen
    concentration: 500 mcg/mL
    mode: simple
    low-reservoir-alarm: 2 mL
    daily-dose: 240 mcg/day
begin: usual
patient: {model: label-consistent, settled: 1 day}
intended: usual
steps:
  - say: stops
    inject: motor.stall
  - advance: 2 h
diagnoses: [stall, empty]
right: [stall]
then:
  - at: 30 min
    tell: worse
  - when: {did: interrogate}
    do:
      - clear: motor.stall
checklist:
  - {id: read-it, did: interrogate, within: 10 min, weight: 3}
  - {id: said-it, thought: right, after: read-it, weight: 2}
  - {id: kept-quiet, never: pump-stopped, weight: 1}
critical:
  - {id: left-it, missed: read-it}
  - {id: stopped-it, did: stop}
ends: 1 day
"""
TEXTS = """\
title: A stall
needs: Motors stall.
objectives: [Read the pump.]
briefing: Somebody beeps.
story: A stall.
facilitation: Wait.
debrief: Read it.
checklist:
  read-it: {text: Read it, debrief: It is one act away.}
  said-it: {text: Said it, debrief: Others can doubt it.}
  kept-quiet: {text: Kept it going, debrief: It has to run.}
critical:
  left-it: {text: Left it, debrief: Nobody knew.}
  stopped-it: {text: Stopped it, debrief: It stood still.}
diagnoses: {stall: A stall, empty: It is empty}
tell: {worse: It gets worse.}
say: {stops: The motor stalls}
"""
GOOD = """\
- do: interrogate
- do: think
  with: {diagnosis: stall, sure: 80 %}
- do: finish
"""
POOR = """\
- wait: 2 h
- do: stop
"""
FILES = {"lesson.yaml": LESSON, "texts.en.yaml": TEXTS, "good.yaml": GOOD, "poor.yaml": POOR}
"""Each file by its name."""


def written(folder: Path, changes: dict[str, tuple[str, str]] | None = None) -> Path:
    """The lesson in this folder; `changes` replace one text of a file by another."""
    folder.mkdir(exist_ok=True)
    for name, text in FILES.items():
        old, new = (changes or {}).get(name, ("", ""))
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return folder


def problems_of(folder: Path) -> list[str]:
    """What is wrong with it, a line each without the folder's name; none if it can be read."""
    try:
        load_lesson(folder)
    except LessonFileError as error:
        return [line.removeprefix(f"{folder}/") for line in error.lines]
    return []
