"""What is programmed is judged: limits, units, drugs, before it is sealed and again when it is committed."""

from __future__ import annotations

from typing import Any

import pytest

from hil.rig import Rig
from hil.suite.given import Given
from hil.suite.therapies import BACLOFEN, ML
from hil.suite.updates import new_of, old_of, unchanged
from protocol.codes import AlarmCause, Answer, EventKind, StagingState, Unit
from protocol.errors import Rejected
from protocol.messages import Begin, Bolus, Commit, PatientBolus, Prime, Refill, SetClock, Start
from protocol.refusals import Field, RefusalCode

needs = pytest.mark.pump_needs


@pytest.mark.pump_requirement("PG-07")
@needs("bench.needle")
def test_every_refusal_names_field_value_and_limit(given: Given) -> None:
    """A request with one wrong number each: a coded refusal with that field, value and limit, a record of it, and never silence."""
    profile = given.profile
    given.running(given.prescribe.simple(10_000))
    limits, capacity = profile.bolus, profile.reservoir.capacity_nl
    clock_max = profile.clock.clock_us_max
    wrong: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = [
        (
            "BOLUS",
            Bolus(0, limits.bolus_nl_max + 1, 0, 600, 0),
            (RefusalCode.RANGE, Field.VOLUME, limits.bolus_nl_max + 1, limits.bolus_nl_max),
        ),
        ("BOLUS", Bolus(0, 10_000, 5_000, 1, 0), (RefusalCode.RANGE, Field.DURATION, 1, limits.bolus_s_min)),
        ("BOLUS", Bolus(0, 10_000, 6_000, 600, 0), (RefusalCode.UNIT_MISMATCH, Field.DOSE, 6_000, 5_000)),
        ("REFILL", Refill(0, capacity + 1, 0, 1, 500_000), (RefusalCode.RANGE, Field.VOLUME, capacity + 1, capacity)),
        ("REFILL", Refill(0, ML, capacity + 1, 1, 500_000), (RefusalCode.RANGE, Field.WITHDRAWN, capacity + 1, capacity)),
        ("SET_CLOCK", SetClock(0, clock_max + 1), (RefusalCode.RANGE, Field.CLOCK, clock_max + 1, clock_max)),
        ("START", Start(0, 7), (RefusalCode.GENERATION, Field.GENERATION, 7, 1)),
        ("BEGIN", Begin(7, False), (RefusalCode.GENERATION, Field.GENERATION, 7, 1)),
    ]
    for name, body, told in wrong:
        named = body if name == "BEGIN" else body._replace(command_id=given.wire.next_id)  # type: ignore[attr-defined]
        refusal = given.wire.refusal(name, named)
        assert (refusal.code, refusal.field, refusal.value, refusal.limit) == told, name
        record = given.wire.refused(name)[-1]
        assert (record.programmed_nl, record.delivered_nl) == (Answer.REFUSED, told[0])
    assert given.wire.refusal("PATIENT_BOLUS", PatientBolus(given.wire.next_id)).code == RefusalCode.NO_PATIENT_BOLUS
    assert given.wire.refusal("PRIME", Prime(given.wire.next_id, 100_000)).code == RefusalCode.NOT_STOPPED


@pytest.mark.pump_requirement("PG-08")
def test_hard_limit_is_refused_before_it_is_sealed(running: Rig, given: Given) -> None:
    """A day above the drug's hard limit by a nanolitre's dose an hour: refused at SEAL with dose and limit; at the limit it is sealed."""
    drug = given.profile.drug(BACLOFEN.drug_id)
    assert drug is not None
    before = unchanged(given)
    most = drug.daily_dose_ng_max * ML // (24 * BACLOFEN.concentration_ng_per_ml)
    _, sealed = given.wire.stage(given.prescribe.simple(most))
    assert sealed.answer is Answer.OK, f"SEAL: {sealed.answer.name}"
    _, beyond = given.wire.stage(given.prescribe.simple(most + 1))
    given.wire.ok("ABORT")

    assert beyond.answer is Answer.REFUSED, f"a dose above the limit was sealed: {beyond.answer.name}"
    assert (beyond.body.code, beyond.body.field, beyond.body.limit) == (RefusalCode.RANGE, Field.DAILY_DOSE, drug.daily_dose_ng_max)
    assert unchanged(given) == before


@pytest.mark.pump_requirement("PG-08", "PG-15")
@needs("bench.needle")
@pytest.mark.parametrize("change", ["concentration", "drug", "empty"])
def test_limits_are_judged_again_at_the_commit(given: Given, change: str) -> None:
    """Sealed well; then a REFILL says another concentration, another drug, or nothing at all: COMMIT is refused, the old therapy stays."""
    given.running(old_of(given))
    before = unchanged(given)
    digest, sealed = given.wire.stage(new_of(given))
    assert sealed.answer is Answer.OK, f"SEAL: {sealed.answer.name}"
    fills = {"concentration": (ML, 1, 400_000), "drug": (ML, 2, 0), "empty": (0, 1, 500_000)}
    volume_nl, drug_id, concentration = fills[change]
    given.wire.ok("REFILL", Refill(given.wire.next_id, volume_nl, 0, drug_id, concentration))
    told = given.wire.refusal("COMMIT", Commit(given.wire.next_id, digest, ()))

    fields = {"concentration": (RefusalCode.UNIT_MISMATCH, Field.CONCENTRATION), "drug": (RefusalCode.UNIT_MISMATCH, Field.DRUG)}
    assert (told.code, told.field) == fields.get(change, (RefusalCode.NO_FILL, Field.VOLUME))
    assert unchanged(given) == before


@pytest.mark.pump_requirement("PG-15")
@pytest.mark.parametrize("slip", ["hourly for daily", "mcg/h for nL/h", "one too many"])
def test_units_cannot_be_mistaken(running: Rig, given: Given, slip: str) -> None:
    """Rate, concentration and dose travel together: a dose that does not fit its rate is UNIT_MISMATCH, with what would fit."""
    right = given.prescribe.simple(10_000)
    (group,) = right.groups
    rate_dose = BACLOFEN.concentration_ng_per_ml * 24 // ML
    doses = {
        "hourly for daily": group.daily_dose_ng // 24,
        "mcg/h for nL/h": group.daily_dose_ng * 1_000,
        "one too many": group.daily_dose_ng + rate_dose + 1,
    }
    before = unchanged(given)
    wrong = right._replace(groups=(group._replace(daily_dose_ng=doses[slip]),))
    _, sealed = given.wire.stage(wrong)
    given.wire.ok("ABORT")

    assert sealed.answer is Answer.REFUSED, f"a dose that does not fit was sealed: {sealed.answer.name}"
    assert sealed.body == (RefusalCode.UNIT_MISMATCH, Field.DAILY_DOSE, 0, doses[slip], group.daily_dose_ng, Unit.NG)
    assert unchanged(given) == before


@pytest.mark.pump_requirement("PG-10")
@pytest.mark.parametrize("what", ["number", "version"])
def test_drug_that_the_library_lacks_is_refused_and_logged(running: Rig, given: Given, what: str) -> None:
    """SEAL is refused with the drug's number, COMMIT has nothing to commit, both are in the log; the ordinary client never sends it."""
    known = given.wire.identity().drugs
    therapy = new_of(given)._replace(drug_id=9) if what == "number" else new_of(given)._replace(drug_version=200)
    assert (therapy.drug_id, therapy.drug_version) not in [(drug.drug_id, drug.version) for drug in known]
    before, newest = unchanged(given), given.wire.counters().log_newest
    digest, sealed = given.wire.stage(therapy)
    assert sealed.answer is Answer.REFUSED, f"an unknown drug was sealed: {sealed.answer.name}"
    assert sealed.body[:4] == (RefusalCode.UNKNOWN_DRUG, Field.DRUG, 0, therapy.drug_id)
    assert given.wire.refusal("COMMIT", Commit(given.wire.next_id, digest, ())).code == RefusalCode.NOT_SEALED
    given.wire.ok("ABORT")

    assert unchanged(given) == before
    assert len(given.wire.log(EventKind.REFUSAL, since=newest + 1)) == 2
    told = ""
    try:
        given.wire.programmer.update(therapy)
    except Rejected as rejected:
        told = rejected.reason
    assert told == "UNKNOWN_DRUG"
    assert given.wire.status().staging == StagingState.NONE


@pytest.mark.pump_requirement("PG-11")
@needs("bench.needle", "bench.time", "bench.inject", "bench.power", "bench.image")
@pytest.mark.parametrize("banks", [("bank_a",), ("bank_b",), ("bank_a", "bank_b")], ids=["a", "b", "both"])
def test_flip_in_the_committed_drug_entry_is_a_bad_bank(given: Given, banks: tuple[str, ...]) -> None:
    """A bit of its number, its version or its CRC: one bank, non-critical, the entry and the flow as before, over a reset too; both, the
    safe state and never another drug.
    """
    therapy = given.prescribe.simple(20_000)
    given.running(therapy)
    cause = AlarmCause.MEMORY_FAILURE if len(banks) > 1 else AlarmCause.MEMORY_ERROR

    def flipped(offset: int, bit: int) -> None:
        for bank in banks:
            given.suffers("memory.bit_flip", region=bank, offset=offset, bit=bit)
        given.bench.advance(seconds=given.profile.memory.scrub_period_s)
        given.bench.reset()
        given.bench.run_until("ready", limit_s=70)
        assert given.wire.active() == {cause}
        if len(banks) == 1:
            assert given.wire.therapy() == therapy
            assert given.wire.condition().rate_nl_per_h == 20_000
        else:
            assert given.wire.condition().rate_nl_per_h == given.profile.rate.minimum_rate_nl_per_h

    given.apart(*(lambda place=place: flipped(*place) for place in ENTRY_BITS))


ENTRY_BITS = [(offset, (offset * 3) % 8) for offset in range(36, 45)]
"""Where a bank has its CRC (36 to 39), the mode, and the drug's number and version (41 to 44): a bit of each byte."""
