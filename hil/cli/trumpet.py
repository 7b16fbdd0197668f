"""pumpsim trumpet: flow accuracy from a balance log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.cli.given import Output, Word
from hil.cli.quantities import Quantity
from hil.errors import CheckFailed, UsageError
from hil.system.whole_file import write_whole
from hil.wording import quantity

if TYPE_CHECKING:
    from hil.flow.accuracy import FlowReport
    from hil.flow.bolus import Bolus

__all__ = ["command"]

_HOURLY = quantity.Kind("rate", "mL/h", 6, "nL/h", "0.01 mL/h")
_DENSITY = quantity.Kind("density", "g/mL", 6, "ug/mL", "1.0046 g/mL")
_EVAPORATION = quantity.Kind("evaporation", "mg/h", 3, "ug/h", "0.2 mg/h")


def _rate(text: str) -> int:
    return _HOURLY.parse(text) if text.rstrip().endswith("mL/h") else quantity.parse_rate(text)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--rate", type=Quantity("rate", _rate), required=True, metavar="RATE", help="The set rate: '0.01 mL/h', '0.24 mL/day'.")
@click.option(
    "--set",
    "set_name",
    type=Word(["ambulatory", "volumetric"]),
    default="ambulatory",
    show_default=True,
    help="Samples of 15 min over two days, or of 30 s over two hours.",
)
@click.option("--density", type=Quantity("density", _DENSITY.parse), metavar="DENSITY", help="'1.0046 g/mL'; else that of water.")
@click.option(
    "--evaporation", type=Quantity("evaporation", _EVAPORATION.parse), default=0, metavar="LOSS", help="What the vessel loses: '0.2 mg/h'."
)
@click.option("--bolus", "bolus_texts", multiple=True, metavar="BOLUS", help="'0.02 mL at 50 h for 10 min' of the log. May be repeated.")
@click.option("--svg", type=Output(path_type=Path), metavar="FILE", help="The picture; FILE.svg if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    file: Path,
    rate: int,
    set_name: str,
    density: int | None,
    evaporation: int,
    bolus_texts: tuple[str, ...],
    svg: Path | None,
    as_json: bool,
) -> None:
    """Work out start-up curve, trumpet curves, overall error and bolus errors from FILE, a CSV log of a balance.

    The method is that of IEC 60601-2-24 for external pumps; no claim of conformance is made.

    \b
        pumpsim weigh pty:./balance0 --ready-file ready.json --for '48 h' -o flow.csv
        pumpsim trumpet flow.csv --rate '0.24 mL/day' --density '1.0046 g/mL'
    """  # noqa: D301  # click wants the character itself
    from hil.cli.output import note, show
    from hil.flow.accuracy import SETS, Corrections, analyse
    from hil.flow.bolus import bolus_results, parse_bolus
    from hil.flow.log import read_log
    from hil.flow.page import bolus_lines, data, lines, picture
    from hil.instruments.numbers import water_density_ug_per_ml

    log = read_log(file)
    boluses = tuple(parse_bolus(text) for text in bolus_texts)
    corrections = Corrections(density if density is not None else water_density_ug_per_ml(), evaporation)
    results = bolus_results(log, boluses, rate, corrections)
    report: FlowReport | None = None
    try:
        report = analyse(log, rate, SETS[set_name], corrections)
        _refuse_boluses(report, boluses)
    except CheckFailed as error:  # too short for a trumpet: boluses alone may be what is asked for
        if not boluses:
            raise
        note(f"no trumpet: {error}")
    if report is not None:
        _write(svg or file.with_suffix(".svg"), picture(report, f"Flow accuracy of {file.name}"))
    text = [*(lines(report) if report else ()), *([""] if report and results else ()), *bolus_lines(results)]
    show(data(report, results), text, as_json=as_json)


def _refuse_boluses(report: FlowReport, boluses: tuple[Bolus, ...]) -> None:
    """A trumpet is of basal flow. Raises UsageError."""
    for trumpet in (report.first, report.last):
        for bolus in boluses:
            if trumpet is not None and bolus.at_s < trumpet.to_s and bolus.at_s + bolus.duration_s > trumpet.from_s:
                span = f"{trumpet.from_s // 3600} h to {trumpet.to_s // 3600} h"
                do = "weigh on after it, or give a bolus outside"
                raise UsageError(
                    f"the bolus at {quantity.duration(bolus.at_s)} lies in the analysis period, {span}", where="--bolus", do=do
                )


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=str(path), do="choose another file with --svg") from None
