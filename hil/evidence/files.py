"""Evidence as files: JSON, HTML and JUnit XML, each with one header block that its hash leaves out.

The block is whole lines, from the one that begins it to the one that ends it, so that anybody can check a file without this program: cut
them, and take the SHA-256 of the rest. The header names that hash. It shows that a file was not changed by accident; it is no signature.
The other two name the hash of the JSON that they were made with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hil.errors import UsageError
from hil.evidence.facts import sha256_of
from hil.system.whole_file import write_whole

__all__ = ["HEADER_BEGINS", "HEADER_ENDS", "NAMES", "Checked", "check_files", "evidence_in", "json_text", "write_evidence"]

NAMES = ("evidence.json", "evidence.html", "evidence.xml")
HEADER_BEGINS, HEADER_ENDS = "<!-- header: not in the hash -->", "<!-- end of header -->"
BLOCKS = ((' "header": {', " },"), (HEADER_BEGINS, HEADER_ENDS))
"""First and last line of the block, in JSON and in the other two."""
HASH = "sha256"
BLANK = "0" * 64
SAID = re.compile(r'sha256"(?: value="|>|: ")([0-9a-f]{64})')
MADE_WITH = re.compile(r'evidence_json"(?: value="|>)([0-9a-f]{64})')
TAG = re.compile(r"<([a-zA-Z]+)")
HEADER_TAGS = {"div", "dl", "dt", "dd", "code", "properties", "property"}
"""Elements that the header of a page or of JUnit XML is made of."""
ACTING = re.compile(r"<[^>]*\s(?:on\w+|style|href|src)\s*=")
"""Attributes that do something; a header has none."""
NEEDED = {"header", "summary", "run", "versions", "suite", "profile", "rows", "tests"}
DO = "name what `pumpsim verify --report DIR` left there"


class Checked(NamedTuple):
    """A file, the hash that its header names, and the one it has. `made_with` is that of the JSON it was made with, empty in that one."""

    path: Path
    said: str
    found: str
    made_with: str

    plain: bool = True
    """Whether its header holds only the facts that a header holds; what they say is in no hash."""

    @property
    def same(self) -> bool:
        """Whether it is as it was written, but for what its header says."""
        return self.plain and self.said == self.found


# ---------------------------------------------------------------- writing


def write_evidence(folder: Path, header: Mapping[str, Any], dossier: Mapping[str, Any]) -> list[Path]:
    """Write the three; returns their paths. Raises UsageError if that cannot be done."""
    from hil.evidence.junit import junit_text
    from hil.evidence.page import page_text

    marked = dict(header) | {HASH: BLANK}
    first = json_text(header, dossier)
    made_with = sha256_of(_cut(first, "evidence.json")[1].encode())
    texts = (first, _sealed(page_text(marked, dossier, made_with)), _sealed(junit_text(marked, dossier, made_with)))
    paths = [folder / name for name in NAMES]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts, strict=True):
            write_whole(path, text)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=str(folder), do="choose another folder with --report") from None
    return paths


def json_text(header: Mapping[str, Any], dossier: Mapping[str, Any]) -> str:
    """Header first, then a line for each row and each test, so that files can be compared line by line."""
    spread = ",\n".join(f'  "{name}": {_json(value)}' for name, value in {**header, HASH: BLANK}.items())
    parts = [f' "header": {{\n{spread}\n }}', *(_member(key, value) for key, value in dossier.items())]
    return _sealed("{\n" + ",\n".join(parts) + "\n}\n")


def _member(key: str, value: object) -> str:
    if isinstance(value, list) and value:
        lines = ",\n".join(f"  {_json(each)}" for each in value)
        return f' "{key}": [\n{lines}\n ]'
    return f' "{key}": {_json(value)}'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sealed(text: str) -> str:
    """The text with its own hash in the place that its header leaves for it."""
    return text.replace(BLANK, sha256_of(_cut(text, "evidence")[1].encode()), 1)


# ---------------------------------------------------------------- reading


def evidence_in(path: Path) -> dict[str, Any]:
    """A JSON file of evidence, header and all. Raises UsageError."""
    text, do = _read(path), "name an evidence.json, as `pumpsim verify --report DIR` leaves it"
    try:
        content: dict[str, Any] = json.loads(text)
        lacking = NEEDED - content.keys()
    except (ValueError, AttributeError):
        raise UsageError("no evidence in JSON", where=str(path), do=do) from None
    if lacking:
        raise UsageError(f"no evidence: {', '.join(sorted(lacking))} are not there", where=str(path), do=do)
    return content


def check_files(paths: Iterable[Path]) -> list[Checked]:
    """Compare what each file says of itself with what is so; a folder stands for the evidence in it. Raises UsageError."""
    chosen = [inner for path in paths for inner in (_inside(path) if path.is_dir() else [path])]
    return [_checked(path) for path in chosen]


def _inside(folder: Path) -> list[Path]:
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if not found:
        raise UsageError("no evidence there", where=str(folder), do=DO)
    return found


def _checked(path: Path) -> Checked:
    header, rest = _cut(_read(path), str(path))
    said, made_with = SAID.search(header), MADE_WITH.search(rest)
    if said is None:
        raise UsageError("the header names no hash", where=str(path), do=DO)
    marked = header if header.startswith(HEADER_BEGINS) else ""  # JSON has no elements
    plain = set(TAG.findall(marked)) <= HEADER_TAGS and not ACTING.search(marked)
    return Checked(path, said[1], sha256_of(rest.encode()), made_with[1] if made_with else "", plain)


def _cut(text: str, name: str) -> tuple[str, str]:
    """The header block, and the rest. Raises UsageError where there is not one block."""
    lines = text.splitlines(keepends=True)
    bare = [line.rstrip("\n") for line in lines]
    for begins, ends in BLOCKS:
        if bare.count(begins) == 1 and ends in bare[bare.index(begins) :]:
            first = bare.index(begins)
            last = bare.index(ends, first)
            return "".join(lines[first : last + 1]), "".join(lines[:first] + lines[last + 1 :])
    raise UsageError("no header block, or more than one", where=name, do=DO)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
        raise UsageError(f"cannot be read ({why})", where=str(path), do=DO) from None
