"""YAML read as typed: keys, lists and texts, each with its line.

A therapy file needs no more than that, so every scalar stays the text that was typed (`no`, `12:30`, `010` and `1e3` are texts, and
the therapy's own parsers judge them), and duplicate keys, anchors, tags and second documents are refused rather than resolved.
All duplicate keys and tags are reported together; a file that is no YAML at all has one problem, where the parser stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hil.errors import Problem, TherapyFileError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node

__all__ = ["FileKind", "Line", "Plain", "Tree", "load"]

BYTES_MAX = 65_536
"""A therapy file is under 4 KiB; past this it is something else."""

PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq"))
"""What the parser calls values written without a tag."""

Plain = str | list["Plain"] | dict[str, "Plain"]
"""What a file holds: text, lists and mappings."""
Place = tuple[str | int, ...]
"""Keys and list positions from the top of the file down."""


class FileKind(NamedTuple):
    """What a file is called in errors, and a line that may stand in it."""

    noun: str
    first_line: str


THERAPY = FileKind("a therapy file", "drug: baclofen")


class Line(int):
    """A line from 1, with the column from 1 at which something begins in it; 0 where nobody knows."""

    column = 0

    @classmethod
    def at(cls, line: int, column: int) -> Line:
        """Both, as a parser counts them: from 0."""
        made = cls(line + 1)
        made.column = column + 1
        return made


class Tree(NamedTuple):
    """The file's content, and the line (from 1) at which each place of it stands: a `Line` where it was read from a file."""

    root: Plain
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest place above it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def load(data: bytes, path: str, kind: FileKind = THERAPY) -> Tree:
    """Read the bytes of a file. Raises TherapyFileError with FILE:LINE."""
    if len(data) > BYTES_MAX:
        raise TherapyFileError(path, (Problem(1, f"the file has {len(data):,} bytes, and {kind.noun} has at most {BYTES_MAX:,}"),))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TherapyFileError(path, (Problem(line, "the file is not UTF-8 text", "save it as UTF-8"),)) from error
    node = _compose(text, path, kind.noun)
    if node is None:
        raise TherapyFileError(path, (Problem(1, "the file is empty", f"begin with a line such as `{kind.first_line}`"),))
    reader = _Reader(kind.noun)
    root = reader.read(node, ())
    if reader.problems:
        raise TherapyFileError(path, tuple(reader.problems))
    return Tree(root, reader.lines)


def _compose(text: str, path: str, noun: str) -> Node | None:
    """Parse to nodes, which keep their lines and their duplicates."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        say = f"the file is not YAML: {error.problem or error.context}"
        line = Line.at(mark.line, mark.column) if mark else 1
        raise TherapyFileError(path, (Problem(line, say, "mend this line or the one above"),)) from error
    except YAMLError as error:
        say = "the file holds characters that YAML does not allow"
        raise TherapyFileError(path, (Problem(1, say, "save it as plain text"),)) from error
    except RecursionError as error:
        raise TherapyFileError(path, (Problem(1, f"the file is nested too deeply for {noun}"),)) from error
    return node


class _Reader:
    """Walks the nodes once, collecting lines and problems."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []

    def read(self, node: Node, place: Place) -> Plain:
        """Turn a node into plain data. A node that is forbidden is noted and read as far as it can be."""
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        line = Line.at(node.start_mark.line, node.start_mark.column)
        self.lines.setdefault(place, line)
        if node.anchor:
            say = f"the anchor &{node.anchor} has no place in {self.noun}"
            self.problems.append(Problem(line, say, "write the value out where it belongs"))
            return ""
        if str(node.ctag) not in PLAIN_TAGS:
            self.problems.append(Problem(line, f"the tag {node.ctag} has no place in {self.noun}", "take it away"))
            return ""
        if isinstance(node, MappingNode):
            return self._mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self.read(child, (*place, position)) for position, child in enumerate(node.value)]
        return str(node.value)

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Plain]:
        """Read the pairs; a key that comes twice, or that is no text, is a problem."""
        content: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), Line.at(key_node.start_mark.line, key_node.start_mark.column)
            if not isinstance(key_node.value, str):
                self.problems.append(Problem(line, "a key is a list or a mapping", "write a plain word before the colon"))
            elif key in content:
                first = self.lines[*place, key]
                self.problems.append(Problem(line, f"'{key}' is here a second time, first at line {first}", "keep one of them"))
            else:
                self.lines[*place, key] = line
                content[key] = self.read(value_node, (*place, key))
        return content
