"""Two drug libraries compared, entry by entry."""

from __future__ import annotations

import pytest

from hil.errors import UsageError
from hil.therapy.library import differences, entry_crc, library_for
from protocol.messages import DrugEntry

OURS = library_for("ITP-40") or ()
BACLOFEN, SALINE = OURS


def test_library_is_that_of_the_model() -> None:
    """The shipped profile of that name; a model that does not ship has none, and a profile that is named has to be there."""
    assert [entry.name for entry in OURS] == ["baclofen", "saline"]
    assert library_for("MY-PUMP") is None
    assert library_for("MY-PUMP", "itp-20") == library_for("ITP-20")
    with pytest.raises(UsageError, match="--library"):
        library_for("ITP-40", "itp-99")


@pytest.mark.pump_requirement("PG-19")
@pytest.mark.parametrize(
    ("pump", "said"),
    [
        ((BACLOFEN, SALINE), []),
        ((BACLOFEN._replace(version=2), SALINE), ["baclofen is version 2 in the pump and version 1 in this programmer's library"]),
        ((BACLOFEN._replace(name="morphine"), SALINE), ["drug 1 is morphine in the pump and baclofen in this programmer's library"]),
        ((BACLOFEN,), ["the pump has no drug 2, saline"]),
        ((BACLOFEN, SALINE, SALINE._replace(drug_id=3, name="morphine")), ["this programmer's library has no drug 3, morphine"]),
    ],
    ids=["same", "version", "name", "missing", "unknown"],
)
def test_difference_is_one_line(pump: tuple[DrugEntry, ...], said: list[str]) -> None:
    """What differs is named with both sides; the order of the entries is not a difference."""
    assert differences(pump, OURS) == said
    assert differences(pump[::-1], OURS) == said


@pytest.mark.pump_requirement("PG-19")
@pytest.mark.parametrize("field", [name for name in DrugEntry._fields if name not in ("name", "drug_id", "version")])
def test_any_number_that_differs_shows_in_the_crc(field: str) -> None:
    """The version was not raised, and one limit is another: both CRCs are told."""
    other = DrugEntry._make(value + (name == field) if isinstance(value, int) else value for name, value in BACLOFEN._asdict().items())
    (line,) = differences((other, SALINE), OURS)

    assert f"CRC {entry_crc(other):08x} in the pump, {entry_crc(BACLOFEN):08x} here" in line
    assert entry_crc(other) != entry_crc(BACLOFEN)
