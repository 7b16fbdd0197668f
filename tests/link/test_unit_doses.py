"""Patient bolus, prime and bridge over the wire: who may, which ids they use up, what OUTCOME says, how both ends word a refusal."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from hil.adapter import PumpApp
from protocol.app import Refused as AppRefused
from protocol.client import Programmer
from protocol.codes import Answer, DoseKind, DoseState, EventKind, Mode, StatusFlag, Unit
from protocol.errors import Busy, NotAuthorised, Refused, Rejected
from protocol.message_table import BY_NAME
from protocol.messages import Bridge, PatientBolus, Prime, Refusal
from protocol.refusals import Field, RefusalCode
from protocol.therapy import PatientRule, Therapy
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, CONCENTRATION, FILL_NL, OLD, PROGRAMMER, Bedside

RULE = PatientRule(50_000, 25_000, 600, 3_600, 6, 2_000_000)
ALLOWED = OLD._replace(patient=(RULE,))
PRIME_NL = 335_800
BRIDGE_NL, BRIDGE_NL_PER_H = 100_000, 200_000
STRANGER = 8


def patient_bolus(programmer: Programmer) -> object:
    """Ask as the therapy allows."""
    return programmer.patient_bolus()


def prime(programmer: Programmer) -> object:
    """The path's volume."""
    return programmer.prime(PRIME_NL)


def bridge(programmer: Programmer) -> object:
    """Half an hour in the place of basal."""
    return programmer.bridge(BRIDGE_NL, BRIDGE_NL_PER_H)


BODIES: dict[str, Callable[[int], tuple[Any, ...]]] = {
    "PATIENT_BOLUS": PatientBolus,
    "PRIME": lambda command_id: Prime(command_id, PRIME_NL),
    "BRIDGE": lambda command_id: Bridge(command_id, BRIDGE_NL, BRIDGE_NL_PER_H),
}
VOLUMES = {"PATIENT_BOLUS": RULE.volume_nl, "PRIME": PRIME_NL, "BRIDGE": BRIDGE_NL}
KINDS = {"PATIENT_BOLUS": DoseKind.PATIENT, "PRIME": DoseKind.PRIME, "BRIDGE": DoseKind.BRIDGE}
ACTS: dict[str, Callable[[Programmer], object]] = {"PATIENT_BOLUS": patient_bolus, "PRIME": prime, "BRIDGE": bridge}
every_dose = pytest.mark.parametrize("name", BODIES)


@lru_cache(maxsize=2)
def _image(name: str) -> bytes:
    bedside = Bedside.running(ALLOWED)
    if name == "PRIME":
        with bedside.programmer() as programmer:
            programmer.stop()
    return bedside.unit.save()


def ready(name: str) -> Bedside:
    """A pump that would give this dose: stopped for a prime, else running."""
    bedside = Bedside()
    bedside.unit.restore(_image(name))
    return bedside


def next_id(bedside: Bedside) -> int:
    """The id that the pump takes next."""
    with bedside.programmer() as programmer:
        return programmer.status().last_command_id + 1


# -- given once, and told -------------------------------------------------------------------------------------------------------


@every_dose
def test_dose_is_told_from_its_beginning_to_its_end(name: str) -> None:
    """EXECUTING, then EXECUTED with all of it; the interrogation names its kind and what was given so far; it is given once."""
    bedside = ready(name)
    programmer = bedside.programmer()
    answer = programmer.request(name, BODIES[name](next_id(bedside)))
    command_id = programmer.status().last_command_id
    bedside.advance(minutes=5)
    running, bolus = programmer.outcome(command_id), programmer.interrogate().condition.bolus[0]
    bedside.unit.advance_to(bedside.unit.pump.true_us_of(answer.body.end_us))
    ended = programmer.outcome(command_id)

    assert (running.state, running.opcode, running.programmed_nl) == (DoseState.EXECUTING, BY_NAME[name].opcode, VOLUMES[name])
    assert 0 < bolus.delivered_nl < VOLUMES[name]
    assert (bolus.command_id, bolus.kind, bolus.end_us) == (command_id, KINDS[name], answer.body.end_us)
    assert (ended.state, ended.delivered_nl, bedside.totals().bolus_nl) == (DoseState.EXECUTED, VOLUMES[name], VOLUMES[name])
    assert not programmer.status().flags & StatusFlag.BOLUS_RUNNING


@every_dose
@pytest.mark.parametrize("how", ["stop", "reset"])
def test_dose_cut_short_is_told_with_what_it_gave(name: str, how: str) -> None:
    """INTERRUPTED with its own commanded part, and nothing of the rest follows."""
    bedside = ready(name)
    programmer = bedside.programmer()
    ACTS[name](programmer)
    command_id = programmer.status().last_command_id
    bedside.advance(minutes=4)
    if how == "stop":
        programmer.stop()
    else:
        bedside.unit.reset()
    outcome = programmer.outcome(command_id)
    bedside.advance(hours=3)

    assert outcome.state == DoseState.INTERRUPTED
    assert 0 < outcome.delivered_nl < VOLUMES[name]
    assert bedside.totals().bolus_nl == outcome.delivered_nl
    assert programmer.status().mode == (Mode.STOPPED if how == "stop" or name == "PRIME" else Mode.FLEX)


@pytest.mark.pump_requirement("RS-11", "LG-10")
@every_dose
def test_log_tells_kind_and_volumes(name: str) -> None:
    """Beginning and end stand in the log under the command's id, with the kind of dose, what was programmed and what delivered."""
    bedside = ready(name)
    programmer = bedside.programmer()
    ACTS[name](programmer)
    command_id = programmer.status().last_command_id
    bedside.advance(hours=1)
    records = {record.kind: record for record in programmer.read_log() if record.command_id == command_id}
    began, ended = records[EventKind.BOLUS_STARTED], records[EventKind.BOLUS_ENDED]

    assert (began.detail, began.programmed_nl, began.delivered_nl) == (KINDS[name], VOLUMES[name], 0)
    assert (ended.detail, ended.programmed_nl, ended.delivered_nl) == (0, VOLUMES[name], VOLUMES[name])
    assert records[EventKind.COMMAND].detail == BY_NAME[name].opcode


# -- command ids ----------------------------------------------------------------------------------------------------------------


@every_dose
def test_id_is_used_once(name: str) -> None:
    """The same command again gets its answer again; another under its id CONFLICT; the id before STALE; one too far ID_GAP; one dose."""
    bedside = ready(name)
    command_id = next_id(bedside)
    first = bedside.programmer().request(name, BODIES[name](command_id))
    programmer = bedside.programmer()
    again = programmer.request(name, BODIES[name](command_id))
    conflict = bedside.programmer(programmer_id=STRANGER).request(name, BODIES[name](command_id))
    answers = [bedside.programmer().request(name, BODIES[name](number)).answer for number in (command_id + 2, command_id + 1)]
    bedside.advance(hours=1)

    assert first.answer is Answer.OK
    assert again == first
    assert conflict.answer is Answer.CONFLICT
    assert answers == [Answer.ID_GAP, Answer.BUSY]
    assert bedside.totals().bolus_nl == VOLUMES[name]


@every_dose
def test_refusal_uses_the_id_up(name: str) -> None:
    """A dose that the pump cannot give now is REFUSED under its id for good, and changes nothing about the therapy."""
    bedside = ready("BRIDGE" if name == "PRIME" else "PRIME")
    programmer = bedside.programmer()
    command_id, before = next_id(bedside), bedside.unit.digest("therapy")
    answer = programmer.request(name, BODIES[name](command_id))

    assert (answer.answer, answer.body.code) == (
        Answer.REFUSED,
        RefusalCode.NOT_STOPPED if name == "PRIME" else RefusalCode.NOT_RUNNING,
    )
    assert programmer.status().last_command_id == command_id
    assert programmer.outcome(command_id).state == DoseState.REFUSED
    assert bedside.unit.digest("therapy") == before


@every_dose
def test_dose_waits_for_another_and_is_told_until_when(name: str) -> None:
    """BUSY carries the end of the dose that runs."""
    bedside = ready(name)
    programmer = bedside.programmer()
    running = programmer.prime(PRIME_NL) if name == "PRIME" else programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    answer = programmer.request(name, BODIES[name](next_id(bedside)))

    assert (answer.answer, answer.body.until_us) == (Answer.BUSY, running.end_us)


# -- roles ----------------------------------------------------------------------------------------------------------------------


@every_dose
@pytest.mark.parametrize("role", ["patient", "clinician", "service"])
def test_roles_give_what_the_table_allows(name: str, role: str) -> None:
    """The patient may ask for his own bolus only, the clinician for all three, the service for none; who may not uses no id up."""
    bedside = ready(name)
    command_id = next_id(bedside)
    answer = bedside.programmer(role=role).request(name, BODIES[name](command_id))
    allowed = role == "clinician" or (role == "patient" and name == "PATIENT_BOLUS")

    assert answer.answer is (Answer.OK if allowed else Answer.NOT_AUTHORISED)
    assert next_id(bedside) == command_id + allowed


def test_patient_asks_for_his_own_outcomes_only() -> None:
    """The patient's handset settles its own bolus, and is told nothing of a clinician's."""
    bedside = ready("PATIENT_BOLUS")
    clinician = bedside.programmer()
    clinician.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    clinicians_id = clinician.status().last_command_id
    bedside.advance(hours=1)
    handset = bedside.programmer(role="patient", programmer_id=STRANGER)
    handset.patient_bolus()

    assert handset.outcome(clinicians_id + 1).state == DoseState.EXECUTING
    with pytest.raises(NotAuthorised):
        handset.outcome(clinicians_id)


# -- the patient's rule over the wire -------------------------------------------------------------------------------------------


def refusal_of(programmer: Programmer) -> Refusal:
    """Why the patient's bolus was refused."""
    with pytest.raises(Refused) as refused:
        programmer.patient_bolus()
    return refused.value.refusal


@pytest.mark.pump_requirement("BO-14")
def test_lockout_is_refused_logged_counted_and_no_alarm() -> None:
    """Too early: LOCKOUT with now and free, a record with the opcode, one more in the counters, which outlive a reset; no alarm."""
    bedside = ready("PATIENT_BOLUS")
    handset = bedside.programmer(role="patient")
    handset.patient_bolus()
    began_us = bedside.unit.pump.device_us
    bedside.advance(minutes=15)
    refusal = refusal_of(handset)
    programmer = bedside.programmer()
    command_id = programmer.status().last_command_id
    record = next(record for record in programmer.read_log() if record.command_id == command_id)
    bedside.unit.reset()
    counters = bedside.programmer().interrogate().counters

    free_us = began_us + RULE.lockout_s * 1_000_000
    assert refusal == Refusal(RefusalCode.LOCKOUT, Field.LOCKOUT, 0, bedside.unit.pump.device_us, free_us, Unit.US)
    assert (record.kind, record.detail, record.delivered_nl) == (EventKind.REFUSAL, BY_NAME["PATIENT_BOLUS"].opcode, RefusalCode.LOCKOUT)
    assert (counters.patient_bolus_granted, counters.patient_bolus_refused) == (1, 1)
    assert programmer.status().alarms == 0


@pytest.mark.pump_requirement("BO-13")
def test_dose_limit_is_refused_logged_counted_and_no_alarm() -> None:
    """Too much: DOSE_LIMIT with sum and limit in nL, the same record and counter, no alarm."""
    bedside = Bedside.running(ALLOWED._replace(patient=(RULE._replace(window_nl=200_000),)))
    handset = bedside.programmer(role="patient")
    refusal = refusal_of(handset)
    programmer = bedside.programmer()
    records = [record for record in programmer.read_log() if record.kind == EventKind.REFUSAL]

    assert (refusal.code, refusal.field, refusal.limit, refusal.unit) == (RefusalCode.DOSE_LIMIT, Field.WINDOW, 200_000, Unit.NL)
    assert 234_000 + RULE.volume_nl <= refusal.value <= 235_000 + RULE.volume_nl
    assert [record.delivered_nl for record in records] == [RefusalCode.DOSE_LIMIT]
    assert bedside.programmer(role="patient").interrogate_short()[1].patient_bolus_refused == 1
    assert programmer.status().alarms == 0


def test_same_refusal_twice_is_counted_once_per_command() -> None:
    """A resend of a refused request is answered from the table and counts no second time."""
    bedside = Bedside.running(ALLOWED, days=0)
    command_id = next_id(bedside)
    answers = [bedside.programmer().request("PATIENT_BOLUS", PatientBolus(command_id)).answer for _ in range(3)]

    assert answers == [Answer.REFUSED] * 3
    assert bedside.programmer().interrogate().counters.patient_bolus_refused == 1


def test_busy_is_no_refusal_of_the_patient() -> None:
    """A request beside a running dose is BUSY, and counts neither as granted nor as refused."""
    bedside = ready("PATIENT_BOLUS")
    handset = bedside.programmer(role="patient")
    handset.patient_bolus()
    with pytest.raises(Busy):
        handset.patient_bolus()
    _, counters = handset.interrogate_short()

    assert (counters.patient_bolus_granted, counters.patient_bolus_refused) == (1, 0)


def test_therapy_with_a_rule_reads_back_as_it_was_sent() -> None:
    """Interrogation and readback carry the rule."""
    bedside = ready("PATIENT_BOLUS")

    assert bedside.programmer().interrogate().therapy == ALLOWED


# -- both ends word a refusal alike ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("prime", (249,)),
        ("prime", (0,)),
        ("prime", (1_000_001,)),
        ("bridge", (249, 10_000)),
        ("bridge", (1_000_001, 10_000)),
        ("bridge", (100_000, 0)),
        ("bridge", (100_000, 249)),
        ("bridge", (100_000, 1_000_001)),
    ],
)
def test_client_says_before_what_the_pump_would_say(name: str, values: tuple[int, ...]) -> None:
    """Code, field, value, limit and unit are equal; the client's check sends nothing, the pump's changes nothing."""
    bedside = ready("PRIME" if name == "prime" else "BRIDGE")

    with pytest.raises(Refused) as by_pump:
        getattr(bedside.programmer(), name)(*values)
    knowing = bedside.programmer()
    knowing.interrogate()
    heard = len(bedside.heard)
    with pytest.raises(Rejected) as by_client:
        getattr(knowing, name)(*values)

    assert by_client.value.refusal == by_pump.value.refusal
    assert len(bedside.heard) == heard


@pytest.mark.parametrize(
    "change",
    [
        {"volume_nl": 249, "dose_ng": 124},
        {"volume_nl": 5_000_002, "dose_ng": 2_500_001, "window_nl": 9_000_000},
        {"dose_ng": 26_000},
        {"duration_s": 59},
        {"duration_s": 86_401},
        {"lockout_s": 299},
        {"lockout_s": 86_401},
        {"most_per_day": 0},
        {"most_per_day": 25},
        {"window_nl": RULE.volume_nl - 1},
        {"window_nl": 24_000_001},
    ],
    ids=lambda change: " ".join(f"{name}={value}" for name, value in change.items()),
)
def test_rule_beyond_the_limits_is_refused_alike_by_client_and_pump(change: dict[str, int]) -> None:
    """The client names field, value, limit and unit before BEGIN, and the pump's own check says the same."""
    bedside = ready("PATIENT_BOLUS")
    therapy: Therapy = ALLOWED._replace(patient=(RULE._replace(**change),))
    programmer = bedside.programmer()
    before = bedside.unit.digest("therapy")
    with pytest.raises(Rejected) as by_client:
        programmer.update(therapy)
    with pytest.raises(AppRefused) as by_pump:
        PumpApp(bedside.unit.pump).check_therapy(therapy)

    assert by_client.value.refusal == by_pump.value.refusal
    assert bedside.unit.digest("therapy") == before


def test_whole_change_of_concentration_over_the_wire() -> None:
    """Stop, needle, refill, prime, update, bridge: the order of a clinic's day, each step answered, and the new rate at the end."""
    bedside = Bedside.running(ALLOWED)
    programmer = bedside.programmer(programmer_id=PROGRAMMER)
    programmer.stop()
    bedside.fill(2 * CONCENTRATION)
    programmer.refill(FILL_NL, 0, 1, 2 * CONCENTRATION)
    programmer.prime(195_800)
    with pytest.raises(Busy):
        programmer.start()
    bedside.advance(minutes=12)
    groups = tuple(group._replace(daily_dose_ng=2 * group.daily_dose_ng) for group in OLD.groups)
    new = OLD._replace(concentration_ng_per_ml=2 * CONCENTRATION, groups=groups)
    programmer.update(new)
    end_us = programmer.bridge(140_000, 20_000).end_us
    assert programmer.interrogate().condition.rate_nl_per_h == 20_000
    bedside.unit.advance_to(bedside.unit.pump.true_us_of(end_us))

    assert programmer.status().mode == Mode.FLEX
    assert bedside.unit.pump.status().rate_nl_per_h in [step.rate_nl_per_h for step in new.groups[0].steps]
    assert bedside.totals().bolus_nl == 195_800 + 140_000
