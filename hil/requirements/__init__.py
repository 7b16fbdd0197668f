"""Requirements and what shows them: the table, the waivers, a run's outcomes, and the matrix that joins the three.

A test says which rows it shows by the marker `pump_requirement("BO-13", ...)`. `Recorder` notes what became of each marked test, and
`Matrix` judges: a row is met when all of its tests passed. A firm's own table and waivers are judged in the same way.
"""

from __future__ import annotations

from hil.requirements.matrix import Matrix, Row, Verdict
from hil.requirements.outcomes import Outcome, read_outcomes, write_outcomes
from hil.requirements.recorder import Recorder
from hil.requirements.table import Requirement, Table, read_table
from hil.requirements.waivers import Waiver, read_waivers

__all__ = [
    "Matrix",
    "Outcome",
    "Recorder",
    "Requirement",
    "Row",
    "Table",
    "Verdict",
    "Waiver",
    "read_outcomes",
    "read_table",
    "read_waivers",
    "write_outcomes",
]
