"""Aspirating the reservoir: what is in it against what the pump has computed. It is the one measurement of the reservoir there is."""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.pump import Pump
from firmware_sim.units import NL_PER_ML
from hil.clinic.diagnostics.bedside import Bedside
from hil.clinic.diagnostics.draws import Draws
from hil.clinic.diagnostics.side_port import Sample, sample_of, syringe
from hil.clinic.residual import discrepancy

__all__ = ["Withdrawal", "aspirate_reservoir"]


class Withdrawal(NamedTuple):
    """What the syringe shows against what the pump had computed (None: it tells nothing). `unexpected`: more apart than is let pass."""

    withdrawn_nl: int
    computed_nl: int | None
    difference_nl: int | None
    unexpected: bool
    sample: Sample | None
    put_back_nl: int
    says: str


def aspirate_reservoir(bedside: Bedside, *, put_back: bool = False, draw: int | None = None) -> Withdrawal:
    """Draw out all that can be reached; `put_back` gives it back. What stays below the needle is not measured. Raises BenchRefused."""
    pump = bedside.pump
    computed_nl = _computed_nl(pump)
    drawn = bedside.needle(withdraw_nl=None)
    returned_nl = drawn.withdrawn_nl if put_back else 0
    if returned_nl:
        bedside.needle(withdraw_nl=0, inject_nl=returned_nl, concentration_ng_per_ml=drawn.withdrawn_concentration_ng_per_ml)
    drug_ng = drawn.withdrawn_nl * drawn.withdrawn_concentration_ng_per_ml // NL_PER_ML
    sample = sample_of(Draws(pump, "reservoir", draw), drawn.withdrawn_nl, drug_ng)
    read_nl = syringe(drawn.withdrawn_nl)
    if computed_nl is None:
        return Withdrawal(read_nl, None, None, False, sample, syringe(returned_nl), "the pump tells no computed volume to compare with")
    found = discrepancy(computed_nl, read_nl)
    says = "; ".join(filter(None, (found.what, found.do)))
    return Withdrawal(read_nl, computed_nl, found.difference_nl, found.warns, sample, syringe(returned_nl), says)


def _computed_nl(pump: Pump) -> int | None:
    """What a programmer reads off the pump before."""
    return pump.status().computed_reservoir_nl if pump.answers else None
