"""A wrong lesson is told what is wrong, at its line and column, with the nearest word; whatever a file holds, nothing else comes out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hil.errors import LessonFileError
from hil.lesson.curriculum import curriculum
from hil.lesson.reader import load_lesson
from tests.lesson.lesson_files import FILES, problems_of, written

TRIALS = 40
LESSON, TEXTS, GOOD = "lesson.yaml", "texts.en.yaml", "good.yaml"
ITEM = "did: interrogate, within: 10 min"
MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "level": (
        LESSON,
        "level: foundation",
        "level: beginner",
        "1:1: level: 'beginner' is not known; it is one of: foundation, practice, expert",
    ),
    "no review": (LESSON, "clinically-reviewed: none yet\n", "", "1:1: 'clinically-reviewed' is missing"),
    "review that says nothing": (
        LESSON,
        "none yet",
        "none",
        "4:1: clinically-reviewed: 'none' does not say by whom and when; write `none yet`",
    ),
    "words in the logic": (
        LESSON,
        "level:",
        "title: A stall\nlevel:",
        "1:1: 'title' has no place in lesson.yaml; write it into texts.en.yaml",
    ),
    "variants": (
        LESSON,
        "begin: usual",
        "begin: usual\nvariants: {a: }",
        "'variants' has no place in lesson.yaml; write a lesson of its own",
    ),
    "unknown key": (LESSON, "zone: skill", "zone: skill\nminuts: 3", "3:1: 'minuts' is not a key here; did you mean 'minutes'?"),
    "no such item of the curriculum": (
        LESSON,
        "sources:",
        "covers: pocket-fil\nsources:",
        "covers: there is no item of the curriculum 'pocket-fil'",
    ),
    "no such patient": (
        LESSON,
        "label-consistent",
        "label-consistant",
        "model: there is no patient 'label-consistant'; did you mean 'label-consistent'?",
    ),
    "settled without a unit": (LESSON, "settled: 1 day", "settled: 1", "'1' has no unit"),
    "no such therapy ordered": (LESSON, "intended: usual", "intended: usuall", "no therapy is called 'usuall'; did you mean 'usual'?"),
    "mistake in a step": (
        LESSON,
        "inject: motor.stall",
        "inject: motor.stal",
        "there is no fault 'motor.stal'; did you mean 'motor.stall'?",
    ),
    "mistake in a handler": (LESSON, "clear: motor.stall", "clear: motor.stal", "nothing called 'motor.stal' was injected before"),
    "time in a handler": (LESSON, "- clear: motor.stall", "- advance: 2 h", "'advance' lets time pass, and a handler happens at once"),
    "time of a handler's step": (
        LESSON,
        "- clear: motor.stall",
        "- clear: motor.stall\n        after: 2 h",
        "'after' has no place in a handler",
    ),
    "handler without a time": (
        LESSON,
        "at: 30 min",
        "do: [stop]",
        "it comes at a time or once a condition holds; write either `at` or `when`",
    ),
    "handler that does nothing": (LESSON, "    tell: worse\n", "", "it does nothing; add `do` with steps, or `tell`"),
    "handler after the end": (LESSON, "at: 30 min", "at: 30 days", "the lesson is over by then"),
    "no such act": (LESSON, ITEM, "did: interogate", "there is no act or group of acts 'interogate'; did you mean 'interrogate'?"),
    "no such argument": (LESSON, ITEM, "did: bolus, with: {dosis: 3 mcg}", "bolus has no argument 'dosis'; did you mean 'dose'?"),
    "bound without a unit that counts": (LESSON, ITEM, "did: bolus, with: {dose: at least much}", "'much' is no amount"),
    "bounds of two kinds": (LESSON, ITEM, "did: bolus, with: {dose: between 1 mL and 2 mcg}", "compares a volume with an amount of drug"),
    "two conditions": (LESSON, ITEM, "did: stop, fact: eri", "it says both 'did' and 'fact'; keep one of them"),
    "no condition": (LESSON, ITEM, "within: 10 min", "nothing says what must come about; add one of did, knew, fact, gone, never, thought"),
    "key of another kind": (LESSON, ITEM, "fact: eri, times: 3", "'times' says nothing of 'fact'"),
    "no such fact": (LESSON, "never: pump-stopped", "never: pump-stoped", "there is no fact 'pump-stoped'; did you mean 'pump-stopped'?"),
    "no such diagnosis": (LESSON, "thought: right", "thought: stal", "there is no diagnosis 'stal'; did you mean 'stall'?"),
    "right that is none of them": (LESSON, "right: [stall]", "right: [stal]", "right: there is no diagnosis 'stal'"),
    "nothing right": (LESSON, "right: [stall]\n", "", "none of the diagnoses is right"),
    "since nothing": (LESSON, ITEM, "did: stop, since: redd-it", "since: there is no item or fact 'redd-it'"),
    "since itself": (LESSON, ITEM, "did: stop, since: read-it", "since: it names itself"),
    "after a fact": (LESSON, ITEM, "did: stop, after: eri", "after: there is no item 'eri'"),
    "missed nothing": (LESSON, "missed: read-it", "missed: red-it", "missed: there is no item 'red-it'; did you mean 'read-it'?"),
    "error without a condition": (LESSON, "missed: read-it", "weight: 3", "'weight' is not a key here"),
    "id of an act": (LESSON, "id: read-it", "id: stop", "id: 'stop' is the name of an act; take another id"),
    "id twice": (LESSON, "id: said-it", "id: read-it", "id: 'read-it' is here a second time"),
    "id with a space": (LESSON, "id: said-it", "id: said it", "'said it' is no id; write small words with hyphens"),
    "weight": (LESSON, "weight: 3", "weight: 99", "weight: '99' is no weight; write a whole number from 1 to 20"),
    "no end": (LESSON, "ends: 1 day", "", "'ends' is missing"),
    "allowed": (
        LESSON,
        "ends:",
        "allowed: [programer]\nends:",
        "allowed: there is no act or group of acts 'programer'; did you mean 'programmer'?",
    ),
    "speed": (LESSON, "ends:", "speed: {frist: 3}\nends:", "'frist' is not a key here; did you mean 'first'?"),
    "share": (LESSON, "ends:", "pass: 800 %\nends:", "'800 %' is no share from 1 % to 100 %"),
    "no words for an item": (
        TEXTS,
        "  read-it: {text: Read it, debrief: It is one act away.}\n",
        "",
        "checklist: there are no words for 'read-it'",
    ),
    "words for nothing": (
        TEXTS,
        "stall: A stall,",
        "stall: A stall, stal: A stall,",
        "diagnoses: lesson.yaml has no 'stal'; did you mean 'stall'?",
    ),
    "no debrief beside an item": (TEXTS, ", debrief: Nobody knew.", "", "13:3: 'debrief' is missing; add a line `debrief: ...`"),
    "no words for a step": (TEXTS, "say: {stops: The motor stalls}", "say: {}", "say: there are no words for 'stops'"),
    "turn without an act": (GOOD, "- do: finish", "- say: finish", "the turn says nothing to do; begin it with one of do, wait, until, if"),
    "turn with two": (GOOD, "- do: finish", "- do: finish\n  wait: 2 h", "the turn says both 'do' and 'wait'"),
    "no such argument of a turn": (
        GOOD,
        "{diagnosis: stall",
        "{diagnose: stall",
        "'think' has no argument 'diagnose'; did you mean 'diagnosis'?",
    ),
    "a group in a turn": (GOOD, "do: finish", "do: examine", "there is no act 'examine'; it is a group of xray,"),
    "until nothing": (GOOD, "- do: finish", "- until: noise\n  at-most: 1 h", "nobody can wait for 'noise'"),
    "until without a look": (
        GOOD,
        "- do: finish",
        "- until: {seen: mode}\n  at-most: 1 h",
        "somebody must look; add `by: ACT` and `every: 1 h`",
    ),
    "choice that is none": (
        LESSON,
        ITEM,
        "did: measure, with: {what: tone}",
        "31:40: what: there is no 'tone' to choose; did you mean 'tone-legs'?",
    ),
    "one choice of several": (LESSON, ITEM, "did: call, with: {whom: [pharmacy, surgeon]}", "whom: there is no 'surgeon' to choose"),
    "choice with a bound": (LESSON, ITEM, "did: call, with: {whom: at least 2 mL}", "whom: 'at least 2 mL' is no choice"),
    "amount without a unit": (
        LESSON,
        ITEM,
        "did: bolus, with: {dose: at least 50}",
        "dose: 'at least 50' has no unit; write it like 50 mcg",
    ),
    "shows no such thing": (LESSON, ITEM, "did: measure, found: {score: 3}", "found: measure shows no 'score'; it is one of: what, value"),
    "measured in another unit": (
        LESSON,
        ITEM,
        "did: measure, with: {what: temperature}, found: {value: at least 38.5}",
        "value: 'at least 38.5' is never what temperature shows; it is written like 38.5 °C",
    ),
    "bound of what is no figure": (
        LESSON,
        ITEM,
        "did: measure, with: {what: blood-pressure}, found: {value: at least 90 mmHg}",
        "value: blood-pressure is not one figure",
    ),
    "unit of the bedside": (
        LESSON,
        ITEM,
        "did: measure, found: {value: at least 38.5 C}",
        "at the bedside °C, /min, mmHg, mg, of 15",
    ),
    "judged and shut": (
        LESSON,
        "ends:",
        "allowed: [examine]\nends:",
        "the learner may not do it: `allowed` has no interrogate; add it to `allowed`, or its group: programmer",
    ),
    "all allowed": (LESSON, "ends:", "allowed: all\nends:", "take `allowed` away: without it every act is allowed"),
    "act for a fact": (
        LESSON,
        "never: pump-stopped",
        "never: bolus",
        "'bolus' is an act and no fact; a critical error is written `did: bolus`",
    ),
    "fact for an act": (LESSON, ITEM, "did: motor-stalled", "'motor-stalled' is a fact and no act; write `fact: motor-stalled`, or `knew:"),
    "fact of a family": (
        LESSON,
        ITEM,
        "knew: catheter-disconnected",
        "near it are catheter-occluded, catheter-leaking, catheter-off",
    ),
    "fact that nothing shows": (LESSON, ITEM, "knew: telemetry-off", "knew: no act shows 'telemetry-off'"),
    "fact for a condition": (
        LESSON,
        "when: {did: interrogate}",
        "when: eri",
        "when: a condition belongs here; write it like `when: {fact: eri}`",
    ),
    "colon in words": (TEXTS, "needs: Motors stall.", "needs: Motors: they stall.", "2:14: a colon stands within the words"),
    "colon in a paragraph": (
        TEXTS,
        "briefing: Somebody beeps.",
        "briefing:\n  - Ward 3: Somebody beeps.",
        "a colon makes a key of 'Ward 3'; put the whole paragraph in double quotes",
    ),
    "comma in braces": (
        TEXTS,
        "debrief: Nobody knew.",
        "debrief: Nobody knew, nobody asked.",
        "13:50: a comma within braces ends the words before it, and 'nobody asked.' is left over; put words that have a comma in them",
    ),
    "comma in a short list": (
        TEXTS,
        "empty: It is empty}",
        "empty: It is empty, or so}",
        "a comma within braces ends the words before it, and 'or so'",
    ),
    "apostrophe": (TEXTS, "title: A stall", "title: 'Mr. K's stall", "words go on behind a closing quote"),
    "brace left open": (LESSON, "weight: 3}", "weight: 3", "a brace is not closed, here or on the line above"),
    "tab": (LESSON, "  usual:", "\tusual:", "a tab stands where the line begins; use spaces"),
    "choice of a turn": (GOOD, "- do: finish", "- do: measure\n  with: {what: tone}", "what: there is no 'tone' to choose"),
    "diagnosis of a turn": (GOOD, "{diagnosis: stall", "{diagnosis: stal", "diagnosis: lesson.yaml has no 'stal'; did you mean 'stall'?"),
    "if without then": (GOOD, "- do: finish", "- if: {seen: mode}", "nothing depends on this"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained_at_its_place(tmp_path: Path, name: str) -> None:
    """Each mistake is told with file, line and column, the cause and what to do; the lesson is not loaded."""
    file, old, new, told = MISTAKES[name]

    found = problems_of(written(tmp_path / "x", {file: (old, new)}))

    assert any(line.startswith(f"{file}:") and told in line for line in found), "\n".join(found)
    assert all(line.split(":")[1].isdigit() and line.split(":")[2].isdigit() for line in found), found


def test_the_small_lesson_has_no_mistake(tmp_path: Path) -> None:
    """What the mistakes are made in is right without them."""
    assert problems_of(written(tmp_path / "x")) == []


def test_a_comma_in_braces_is_told_once(tmp_path: Path) -> None:
    """Words that a comma has cut in two are one mistake, and no second one is told of what was left over."""
    found = problems_of(written(tmp_path / "x", {TEXTS: ("debrief: Nobody knew.", "debrief: Nobody knew, or asked, or heard.")}))

    assert [line.split(":")[2] for line in found] == ["50"], found


def test_a_slip_in_a_key_is_no_comma(tmp_path: Path) -> None:
    """An empty key on a line of its own is told as what it is."""
    old = "  left-it: {text: Left it, debrief: Nobody knew.}"

    found = problems_of(written(tmp_path / "x", {TEXTS: (old, "  left-it:\n    text: Left it\n    debreif:")}))

    assert any("'debreif' is not a key here; did you mean 'debrief'?" in line for line in found), found


def test_a_fact_that_only_shut_acts_show_cannot_be_known(tmp_path: Path) -> None:
    """An item that waits for knowledge which no allowed act gives is a mistake; a critical error may wait for what is shut."""
    folder = written(tmp_path / "x", {LESSON: ("did: interrogate, within: 10 min", "knew: catheter-off")})
    text = (folder / LESSON).read_text(encoding="utf-8")
    (folder / LESSON).write_text(text.replace("ends:", "allowed: [patient]\nends:"), encoding="utf-8")

    told = "31:19: the learner may not do it: `allowed` has no xray, contrast, side-port-test, isotope; add it to `allowed`, or its group"
    assert [line.split(": examine")[0] for line in problems_of(folder)] == [f"lesson.yaml:{told}"]


def test_what_nobody_ordered_is_never_missing(tmp_path: Path) -> None:
    """The fact that the ordered therapy is not in the pump needs a lesson that says which was ordered."""
    folder = written(tmp_path / "x", {LESSON: ("never: pump-stopped", "never: therapy-not-intended")})
    assert problems_of(folder) == []
    text = (folder / LESSON).read_text(encoding="utf-8")
    (folder / LESSON).write_text(text.replace("intended: usual\n", ""), encoding="utf-8")

    assert "the lesson does not say which therapy was ordered; add `intended`" in problems_of(folder)[0]


def test_a_turn_that_foresees_a_refusal_may_choose_what_is_not_there(tmp_path: Path) -> None:
    """Only what a scripted learner takes to be done is held against the choices that there are."""
    turn = "- do: measure\n  with: {what: tone}\n  answer: refused\n- do: finish"

    assert problems_of(written(tmp_path / "x", {GOOD: ("- do: finish", turn)})) == []


def test_whatever_a_file_holds_it_is_read_or_explained(tmp_path: Path) -> None:
    """Lines left out, doubled, moved or indented otherwise end in a lesson or in errors with a place, never in anything else."""
    draw, told = random.Random(9), 0
    for trial in range(TRIALS):
        folder = written(tmp_path / "x")
        name = draw.choice(list(FILES))
        (folder / name).write_text(_spoilt(FILES[name], draw), encoding="utf-8")
        try:
            load_lesson(folder)
        except LessonFileError as error:
            told += 1
            assert all(path.startswith(str(folder)) and problem.line >= 1 for path, problem in error.problems), (trial, error.lines)

    assert told > TRIALS // 2


def _spoilt(text: str, draw: random.Random) -> str:
    lines = text.splitlines()
    place, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(5):
        case 0:
            del lines[place]
        case 1:
            lines.insert(other, lines[place])
        case 2:
            lines[place], lines[other] = lines[other], lines[place]
        case 3:
            lines[place] = "  " * draw.randrange(4) + lines[place].lstrip()
        case _:
            key, _, _ = lines[place].partition(":")
            lines[place] = f"{key}: {draw.choice(['', '0', '-1', '[]', '{}', '3 mL', '1e9', '*x', '&x 3', 'null', '(', 'é'])}"
    return "\n".join(lines) + "\n"


def test_the_curriculum_is_the_known_list() -> None:
    """Nineteen events from the field and seven of everyday practice, each with its title."""
    origins = [item.origin for item in curriculum().values()]

    assert (origins.count("event"), origins.count("practice")) == (19, 7)
