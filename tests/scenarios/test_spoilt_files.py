"""Whatever a file holds, it is read or it is told what is wrong with it; nothing else ever comes out of the reader."""

from __future__ import annotations

import random
from pathlib import Path

from hil.errors import ScenarioFileError
from hil.scenario.reader import parse_scenario
from hil.scenario.shelf import scenario_named, shipped_names

TRIALS = 150
WORDS = (
    "",
    "0",
    "-1",
    "1e9",
    "999999999999999999",
    "[]",
    "{}",
    "null",
    "*x",
    "&x 3",
    "!!int 3",
    "3 mL",
    "drug given",
    "steps",
    "(((",
    "%",
    "\t",
    "é",
)


def spoilt(text: str, draw: random.Random) -> str:
    """A file with one line left out, doubled, moved, indented otherwise, or with another word in it."""
    lines = text.splitlines()
    place, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    line = lines[place]
    match draw.randrange(6):
        case 0:
            del lines[place]
        case 1:
            lines.insert(other, line)
        case 2:
            lines[place], lines[other] = lines[other], line
        case 3:
            lines[place] = "  " * draw.randrange(4) + line.lstrip()
        case 4:
            words = line.split(" ")
            words[draw.randrange(len(words))] = draw.choice(WORDS)
            lines[place] = " ".join(words)
        case _:
            lines[place] = line.partition(":")[0] + ": " + draw.choice(WORDS)
    return "\n".join(lines) + "\n"


def test_spoilt_files_are_told_or_read(seed: int) -> None:
    """Up to three spoilt lines in scenarios that ship; each problem names the file and a line of it."""
    draw = random.Random(seed)
    names, told = shipped_names(), 0
    for _ in range(TRIALS):
        text = Path(scenario_named(draw.choice(names)).path).read_text(encoding="utf-8")
        for _ in range(draw.randint(1, 3)):
            text = spoilt(text, draw)
        try:
            parse_scenario(text.encode(), "spoilt.yaml")
        except ScenarioFileError as error:
            told += 1
            assert all(
                line.startswith("spoilt.yaml:") and 1 <= problem.line <= text.count("\n") + 1
                for line, problem in zip(error.lines, error.problems, strict=True)
            )
            assert [line for line in error.lines if "; " not in line] == [], "each says what to do"

    assert told > TRIALS / 2
