"""Boxes in layers with arrows between them, as one SVG without script: each arrow goes down, and round the boxes that it passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Drawing", "Node"]

WIDTH, EDGE, GAP = 1180, 20, 36
BOX, STEP, HEAD, FOOT = 30, 64, 62, 22
LETTER, PAD, PASS = 8.2, 22, 16
SWEEPS = 12
INK, QUIET, LINE, FOLDER, MODULE = "#0f172a", "#475569", "#64748b", "#ffffff", "#f1f5f9"
BANDS = {"hil": ("#e0f2fe", "#0284c7"), "firmware_sim": ("#dcfce7", "#15803d"), "protocol": ("#fef3c7", "#b45309")}
SEPARATOR = " · "
LOOK = 'role="img" aria-labelledby="title desc" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="14"'
TIP = 'viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"'


class Node(NamedTuple):
    """A box: a folder, or modules that share one. No names: where an arrow passes a layer."""

    names: tuple[str, ...]
    folder: bool
    passing: str = ""

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return self.passing or "|".join(self.names)

    @property
    def text(self) -> str:
        """What stands in it."""
        return SEPARATOR.join(self.names)

    @property
    def width(self) -> float:
        """In the drawing's units."""
        return LETTER * len(self.text) + PAD if self.names else PASS


@dataclass
class _Band:
    """One package: its rows with the places where arrows pass, and each arrow as the nodes it goes by."""

    name: str
    caption: str
    x: float
    y: float
    width: float
    rows: list[list[Node]]
    ways: list[list[Node]]
    at: dict[str, float] = field(default_factory=dict)

    @property
    def height(self) -> float:
        return HEAD + STEP * (len(self.rows) - 1) + BOX + FOOT

    def top_of(self, row: int) -> float:
        return self.y + HEAD + STEP * row

    def place(self) -> None:
        """Order each row by its neighbours, down and up in turn; then spread it over the width."""
        for row in self.rows:
            self._spread(row)
        for sweep in range(SWEEPS):
            down = not sweep % 2
            for row in self.rows if down else reversed(self.rows):
                near = {node.key: self._near(node, down=down) for node in row}
                row.sort(key=lambda node: (near[node.key], node.key))  # sorted at once
                self._spread(row)

    def _near(self, node: Node, *, down: bool) -> float:
        """The middle of its neighbours above, or below."""
        ends = [way[at - 1 if down else at + 1] for way in self.ways for at in self._steps(way, node, down=down)]
        return sum(self.at[end.key] for end in ends) / len(ends) if ends else self.at[node.key]

    @staticmethod
    def _steps(way: Sequence[Node], node: Node, *, down: bool) -> list[int]:
        return [at for at, each in enumerate(way) if each == node and (at > 0 if down else at < len(way) - 1)]

    def _spread(self, row: Sequence[Node]) -> None:
        room = self.width - 2 * EDGE - sum(node.width for node in row)
        gap = room / (len(row) + 1)
        x = self.x + EDGE + gap
        for node in row:
            self.at[node.key] = x + node.width / 2
            x += node.width + gap


class Drawing:
    """What has been put on it so far."""

    def __init__(self, title: str, words: str) -> None:
        self._title, self._words = title, words
        self._bands: dict[str, _Band] = {}
        self._joints: list[tuple[str, str]] = []

    def band(
        self, name: str, caption: str, rows: Sequence[Sequence[Node]], arrows: Sequence[tuple[Node, Node]], below: str | None = None
    ) -> str:
        """Put a package on it: over the whole width, or below another, beside those that are there; returns its name."""
        layered, ways = _with_passes(rows, arrows)
        width = WIDTH - 2 * EDGE if below is None else (WIDTH - 2 * EDGE - GAP) / 2
        beside = len(self._bands) - 1 if below else 0
        y = EDGE if below is None else self._bands[below].y + self._bands[below].height + 2 * GAP
        band = _Band(name, caption, EDGE + beside * (width + GAP), y, width, layered, ways)
        band.place()
        self._bands[name] = band
        return name

    def join(self, source: str, target: str) -> None:
        """One package imports another."""
        self._joints.append((source, target))

    def text(self) -> str:
        """The SVG."""
        height = max(band.y + band.height for band in self._bands.values()) + EDGE
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" {LOOK}>',
            f'<title id="title">{escape(self._title)}</title><desc id="desc">{escape(self._words)}</desc>',
            f'<defs><marker id="tip" {TIP}><path d="M0 0 L10 5 L0 10 z" fill="{LINE}"/></marker></defs>',
            f'<rect width="{WIDTH}" height="{height:g}" fill="#ffffff"/>',
        ]
        for band in self._bands.values():
            parts += [*_frame(band), *_lines(band), *_rows(band)]
        parts += [_joint(self._bands[source], self._bands[target]) for source, target in self._joints]
        return "\n".join([*parts, "</svg>", ""])


def _with_passes(rows: Sequence[Sequence[Node]], arrows: Sequence[tuple[Node, Node]]) -> tuple[list[list[Node]], list[list[Node]]]:
    """The rows with a place for each arrow that passes them; arrows to one box share their way."""
    layered, level = [list(row) for row in rows], {node: at for at, row in enumerate(rows) for node in row}
    ways, known = [], set[Node]()
    for source, target in arrows:
        passes = [Node((), folder=False, passing=f"{target.key}<{at}") for at in range(level[source] + 1, level[target])]
        for at, each in enumerate(passes, start=level[source] + 1):
            if each not in known:
                known.add(each)
                layered[at].append(each)
        ways.append([source, *passes, target])
    return layered, ways


def _frame(band: _Band) -> Iterator[str]:
    fill, edge = BANDS[band.name]
    yield (
        f'<rect x="{band.x:g}" y="{band.y:g}" width="{band.width:g}" height="{band.height:g}" rx="10" fill="{fill}" '
        f'stroke="{edge}" stroke-width="1.5"/>'
    )
    yield f'<text x="{band.x + EDGE:g}" y="{band.y + 28:g}" font-size="18" font-weight="700" fill="{edge}">{band.name}</text>'
    yield f'<text x="{band.x + EDGE:g}" y="{band.y + 47:g}" font-size="13" fill="{QUIET}">{escape(band.caption)}</text>'


def _lines(band: _Band) -> Iterator[str]:
    level = {node.key: at for at, row in enumerate(band.rows) for node in row}
    drawn = set[str]()
    for way in band.ways:
        for start, end in pairwise(way):
            x1, y1 = band.at[start.key], band.top_of(level[start.key]) + BOX
            x2, y2 = band.at[end.key], band.top_of(level[end.key])
            bend = (y2 - y1) * 0.5
            path = f"M{x1:.0f} {y1:.0f} C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
            if not end.names:
                path += f" V{y2 + BOX:.0f}"
            if path not in drawn:
                drawn.add(path)
                tip = ' marker-end="url(#tip)"' if end.names else ""
                yield f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.2"{tip}/>'


def _rows(band: _Band) -> Iterator[str]:
    for at, row in enumerate(band.rows):
        for node in (each for each in row if each.names):
            x, y = band.at[node.key] - node.width / 2, band.top_of(at)
            fill, edge = (FOLDER, BANDS[band.name][1]) if node.folder else (MODULE, LINE)
            weight = "600" if node.folder else "400"
            yield f'<rect x="{x:.0f}" y="{y:.0f}" width="{node.width:.0f}" height="{BOX}" rx="6" fill="{fill}" stroke="{edge}"/>'
            yield (
                f'<text x="{band.at[node.key]:.0f}" y="{y + BOX / 2 + 5:.0f}" text-anchor="middle" fill="{INK}" '
                f'font-weight="{weight}">{escape(node.text)}</text>'
            )


def _joint(source: _Band, target: _Band) -> str:
    x, y1, y2 = target.x + target.width / 2, source.y + source.height, target.y
    return f'<path d="M{x:.0f} {y1:.0f} V{y2 - 2:.0f}" fill="none" stroke="{LINE}" stroke-width="4" marker-end="url(#tip)"/>'
