"""What a programmer is told to do under fuzz: calls of the client by name, each in some variants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from protocol import messages as m
from protocol.client import Programmer
from protocol.fuzz.draws import draw_of
from protocol.fuzz.samples import therapy

__all__ = ["CALLS", "Call"]

CONCENTRATION = 500_000
FILL_NL = 20_000_000


class Call(NamedTuple):
    """One call. `command` names the message that makes it a command with an id; `weight` is how often it comes."""

    act: Callable[[Programmer, int], Any]
    message: str
    command: bool = False
    weight: int = 1


def _update(client: Programmer, variant: int) -> Any:
    return client.update(therapy(draw_of("call", variant), CONCENTRATION, patient=False), interrupt=True)


def _raw(client: Programmer, variant: int) -> Any:
    return client.raw_request(0x60 + variant % 8, bytes(variant % 5))


CALLS: dict[str, Call] = {
    "status": Call(lambda client, _: client.status(), "STATUS", weight=6),
    "interrogate": Call(lambda client, _: client.interrogate(), "INTERROGATE", weight=2),
    "read_log": Call(lambda client, variant: client.read_log(variant % 4), "LOG", weight=2),
    "fault_log": Call(lambda client, _: client.read_log(ring="faults"), "FAULT_LOG"),
    "outcome": Call(lambda client, variant: client.outcome(1 + variant % 3), "OUTCOME"),
    "settle": Call(lambda client, _: client.settle(), "OUTCOME", weight=3),
    "dismiss": Call(lambda client, _: client.dismiss(), "", weight=2),
    "bolus": Call(lambda client, _: client.bolus(100_000, 50_000, 600), "BOLUS", True, 4),
    "patient_bolus": Call(lambda client, _: client.patient_bolus(), "PATIENT_BOLUS", True),
    "start": Call(lambda client, _: client.start(), "START", True, 2),
    "refill": Call(lambda client, _: client.refill(FILL_NL, 0, 1, CONCENTRATION), "REFILL", True, 2),
    "set_clock": Call(lambda client, variant: client.set_clock(variant * 1_000_000), "SET_CLOCK", True),
    "update": Call(_update, "COMMIT", True, 2),
    "stop": Call(lambda client, _: client.stop(), "STOP"),
    "silence": Call(lambda client, _: client.silence(0), "SILENCE"),
    "acknowledge": Call(lambda client, _: client.acknowledge(0), "ACK"),
    "alarm_test": Call(lambda client, _: client.alarm_test(), "ALARM_TEST"),
    "request": Call(lambda client, variant: client.request("OUTCOME", m.Outcome(variant)), "OUTCOME"),
    "raw": Call(_raw, ""),
}
"""Every way to ask the pump something."""
