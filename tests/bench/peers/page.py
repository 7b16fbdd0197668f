"""docs/explanation/performance.md and its plots, from docs/explanation/measurements.json."""

from __future__ import annotations

from pathlib import Path

from hil.pages.svg_plot import Curve, Panel, draw
from tests.bench.peers.figures import Comparison, Figures, Growth, read_figures

__all__ = ["pages"]

HEAD = """# Performance

Generated from `docs/explanation/measurements.json`, which `make bench-peers` writes. Figures of one run on one machine:
{machine}. Compare multiples, not seconds: everything in a table was
measured in turns in the same run, and each time is a median.

Peers are what somebody would pick instead of this simulator: simpy to step events, lewis, tickit and sinstruments to simulate a device,
pymodbus to answer on a serial line. A *floor* is what the machine needs for the same bytes or events when nothing is simulated. The
peers' programs, in `tests/bench/peers/servers`, answer with constant text and simulate a reservoir that empties; pumpsim simulates the
pump, authenticates each frame and answers with its state.
"""
GROWTH = """
## How cost grows

Each plot has time on its vertical axis. An exponent of 1 is linear; below 1, a fixed cost is still part of it.
"""
FOLDER = "explanation"
PICTURE = "images/growth-{name}.svg"


def pages(docs: Path) -> dict[str, str]:
    """The page and its plots, by path below docs/; nothing where nothing was measured."""
    source = docs / FOLDER / "measurements.json"
    if not source.is_file():
        return {}
    figures = read_figures(source)
    made = {PICTURE.format(name=_slug(growth)): _plot(growth) for growth in figures.growths}
    return {f"{FOLDER}/performance.md": _page(figures), **made}


def _page(figures: Figures) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in figures.machine.items()).replace(", peers:", ";\npeers:")
    parts = [HEAD.format(machine=machine), *(_table(comparison) for comparison in figures.comparisons)]
    parts += ["\n## Many pumps\n\n| what | measured |\n| --- | --- |\n", *(f"| {what} | {said} |\n" for what, said in figures.facts)]
    parts += [GROWTH, *(_growth(growth) for growth in figures.growths)]
    return "".join(parts)


def _table(item: Comparison) -> str:
    asked = dict(item.asked)
    head = f"| who | time | multiple of {item.rows[0].who} | wanted | |\n| --- | ---: | ---: | ---: | --- |"
    lines = [f"\n## {item.name}\n\n{item.work}\n\n{head}"]
    for row in item.rows:
        most = asked.get(row.who)
        wanted = "" if most is None else f"<= {most:.3g}"
        lines.append(f"| {row.who} | {_time(row.seconds)} | {row.multiple:.2f} | {wanted} | {row.note} |")
    missed = [row.who for row in item.rows if row.multiple > asked.get(row.who, row.multiple)]
    told = f"Not reached in this run: {', '.join(missed)}. " if missed else ""
    remark = f"\n{told}{item.remark}".rstrip() + "\n" if told or item.remark else ""
    return "\n".join(lines) + "\n" + remark


def _growth(item: Growth) -> str:
    image = f"../{PICTURE.format(name=_slug(item))}"
    span = f"{item.counts[0]:,} to {item.counts[-1]:,} {item.of}"
    return f"\n### {item.name}\n\n![{item.name}]({image})\n\nExponent {item.exponent:.2f} from {span}. {item.why}\n"


def _plot(item: Growth) -> str:
    factor, unit = (1e3, "ms") if max(item.seconds) < 1 else (1, "s")
    values = [seconds * factor for seconds in item.seconds]
    top = _round_up(max(values))
    panel = Panel("time", unit, 0, top, [0, top / 2, top], [Curve("measured", values)], height=220)
    return draw(item.name, item.of, item.counts, [panel], item.counts)


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    from math import floor, log10

    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _slug(item: Growth) -> str:
    return item.of.replace(" ", "-")


def _time(seconds: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"
