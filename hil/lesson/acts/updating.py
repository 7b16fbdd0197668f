"""Programming a therapy: typed, reviewed, and only then sent; nothing is preselected, nothing is clamped.

A review belongs to one reading of the pump. It is worth nothing once the reading is old or the pump has become another: who sends then is
told to read again. A warning wants a reason, which is logged; what the pump or the label's rules refuse is not sent at all.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from hil.clinic.diagnostics.side_port import catheter_nl
from hil.clinic.human import Update, programmed
from hil.errors import CheckFailed
from hil.lesson import say
from hil.lesson.acts.asked import Asked, Barred, Done
from hil.lesson.acts.programming import commander, demand_reading
from hil.lesson.finish import after_update, finish_screen
from hil.lesson.form import form_of, read_field, read_form
from hil.lesson.reading import mode_name
from hil.lesson.readout import readout
from hil.wording.refusals import say as refusal_said
from protocol.codec import encode
from protocol.errors import Rejected
from protocol.therapy_check import check_fill, check_therapy

if TYPE_CHECKING:
    from hil.lesson.case import Case, Reading, Staged
    from protocol.client import Interrogation
    from protocol.therapy import Therapy

__all__ = ["READING_US_MAX", "review", "type_field", "update"]

READING_US_MAX = 600_000_000
"""A reading older than ten minutes of simulated time is read again before anything is sent on the strength of it."""
TOKEN_CHARS = 12


def type_field(case: Case, asked: Asked) -> Done:
    """Read one field of the form as it is left, so that a slip is found where it was made."""
    field = asked.text("field")
    known = None if case.reading is None else case.reading.known
    return Done(asked.read("text", lambda text: dict(read_field(field, text, known)), where=field), f"typed {field}")


def review(case: Case, asked: Asked) -> Done:
    """Lay the typed therapy beside the one in the pump. Raises FormRefused, CheckFailed."""
    reading = _fresh_reading(case)
    document, therapy = read_form(asked.typed, reading.known)
    _demand_fit(therapy, reading.known)
    screen = finish_screen(document.file.drug, therapy, reading.known, catheter_nl=catheter_nl(case.unit.pump))
    if screen["refusals"]:
        first = screen["refusals"][0]
        raise Barred(f"{first['rule']} refuses it: {first['what']}", where="rules", do=first["do"]).logging("limit", first["rule"])
    soft = tuple(int(warning["rule"].removeprefix("R-")) for warning in screen["warnings"])
    also = () if case.staged is None else (("edit", {"what": "back", "detail": "a reviewed update was changed before it was sent"}),)
    token = _token(reading, therapy)
    case.staged = _staged(token, asked.typed, therapy, soft, reading)
    typed = form_of(reading.known._replace(therapy=therapy))
    return Done({"token": token, "therapy": typed, "needs_reason": bool(soft), **screen}, f"reviewed an update: {_gist(screen)}", also)


def _gist(screen: dict[str, Any]) -> str:
    row = screen["top"][0]
    return f"{row['name']} {row['current']} to {row['pending']}" if row["change"] != "same" else f"{row['name']} stays {row['pending']}"


def _staged(token: str, typed: Any, therapy: Therapy, soft: tuple[int, ...], reading: Reading) -> Staged:
    from hil.lesson.case import Staged

    return Staged(token, dict(typed), therapy, soft, reading)


def _token(reading: Reading, therapy: Therapy) -> str:
    body = f"{reading.at_us}:{reading.known.generation}:".encode() + encode(therapy)
    return hashlib.sha256(body).hexdigest()[:TOKEN_CHARS]


def _fresh_reading(case: Case) -> Reading:
    """The last reading, if it is not too old. Raises CheckFailed."""
    reading = demand_reading(case)
    if case.now_us - reading.at_us > READING_US_MAX:
        age = say.span(case.now_us - reading.at_us)
        raise CheckFailed(f"the pump was read {age} ago", where="programmer", do="interrogate it again and look what has changed")
    return reading


def _demand_fit(therapy: Therapy, known: Interrogation) -> None:
    """What the pump would refuse is found before it stops. Raises Barred."""
    try:
        check_therapy(therapy, known.identity)
        check_fill(therapy, known.condition)
    except Rejected as error:
        said = refusal_said(error.refusal)
        raise Barred(said.what, where="pump", do=said.do).logging("limit", error.reason.lower().replace("_", "-")) from None


def update(case: Case, asked: Asked) -> Done:
    """Send what was reviewed. Raises CheckFailed; the pump's own refusals come as it gives them."""
    staged, reason = _reviewed(case, asked.text("token")), asked.maybe("reason")
    _fresh_reading(case)
    if staged.soft and reason is None:
        rules = ", ".join(f"R-{rule:03d}" for rule in staged.soft)
        raise CheckFailed(f"{rules} warns of it", where="reason", do="write why it is right all the same, or change it")
    programmer = commander(case)
    changed = _changed(staged.reading.known, programmer.interrogate())
    if changed:
        raise CheckFailed(f"the pump has changed since it was read: {changed}", where="programmer", do="interrogate it again, then review")
    case.staged = None
    also = tuple(("edit", {"what": "override", "detail": f"R-{rule:03d}: {reason}"}) for rule in staged.soft)
    if asked.yes("interrupt"):
        programmer.update(staged.therapy, interrupt=True, overrides=staged.soft)
    else:
        _send(case, staged)
    return _done(case, staged, also)


def _reviewed(case: Case, token: str) -> Staged:
    if case.staged is None or case.staged.token != token:
        raise CheckFailed("this is not what was reviewed last", where="token", do="review the therapy, then send that review")
    return case.staged


def _send(case: Case, staged: Staged) -> None:
    """Through whatever slip is in force. Raises CheckFailed for an update that was walked away from."""
    plain = (staged.reading.known.identity.limits[0].minimum_rate_nl_per_h,)
    told = programmed(case.stage.bench, case.stage.programmer(), Update(staged.therapy, staged.soft, plain_rates_nl_per_h=plain))
    if isinstance(told.intent, Update) and told.intent.stops_after:
        case.stage.walk_away()
        raise CheckFailed("somebody called you away before the last message", where="programmer", do="interrogate the pump")


def _done(case: Case, staged: Staged, also: tuple[tuple[str, dict[str, Any]], ...]) -> Done:
    """Read it back: what was asked, what was sent, what the pump says."""
    from hil.lesson.case import Reading

    known = case.stage.programmer().interrogate()
    case.reading = Reading(case.now_us, known)
    mode = mode_name(known.condition.mode)
    rows = after_update(staged.therapy, known.therapy, known)
    seen = {"rows": rows, "mode": mode, "generation": known.generation, "therapy": form_of(known), "read_at_us": case.now_us}
    seen["readout"] = readout(known)
    doses = ", ".join(say.daily(group.daily_dose_ng) for group in (known.therapy.groups if known.therapy else ()))
    return Done(seen, f"updated the therapy: {doses or 'minimum rate'}; mode {mode}", also)


def _changed(read: Interrogation, now: Interrogation) -> str:
    """What is otherwise than it was read; empty where nothing is that an update rests on."""
    alarms = [sorted(alarm.cause for alarm in known.condition.alarms if alarm.active) for known in (read, now)]
    pairs = {
        "its therapy": (read.generation, now.generation),
        "its mode": (read.condition.mode, now.condition.mode),
        "its fill": tuple((known.condition.fill_drug_id, known.condition.fill_concentration_ng_per_ml) for known in (read, now)),
        "a bolus": (bool(read.condition.bolus), bool(now.condition.bolus)),
        "its alarms": tuple(alarms),
        "it has started anew": (read.identity.boot_count, now.identity.boot_count),
        "a command": (read.counters.last_command_id, now.counters.last_command_id),
    }
    return ", ".join(name for name, (old, new) in pairs.items() if old != new)
