"""The pump's end: a real pump behind its device role, and the laws that no stream of bytes may break."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from firmware_sim.firmware.journal import EventKind
from hil.adapter import PumpApp
from hil.errors import BenchError
from hil.fuzz.bases import SECURITIES, base_image, blank_unit, programmer
from hil.fuzz.wire_end import WireEnd
from hil.unit import Unit
from protocol.codec import decode
from protocol.errors import ProtocolError, Rejected
from protocol.framing import Frame
from protocol.fuzz.hearing import Breach, Pair
from protocol.fuzz.steps import Step
from protocol.fuzz.streams import SCENES
from protocol.limits import BACK_OFF_US_MAX, ENCODED_BYTES_MAX, INTER_BYTE_US
from protocol.message_table import SPECS
from protocol.messages import Bolus, Bridge, Prime, Refill
from protocol.therapy_check import check_bolus, check_bridge, check_prime, check_refill, check_therapy

__all__ = ["ROLE_BYTES_MAX", "PumpEnd"]

ROLE_BYTES_MAX = 10 * ENCODED_BYTES_MAX
"""What the device role may hold: half a frame, a staged image, and of each session its HELLO, its last request and both answers."""
_LOG_PAGE = 256


class PumpEnd(WireEnd):
    """One pump of this process."""

    name = "pump"
    scenes = SCENES

    def __init__(self, corpus: Sequence[Frame] = ()) -> None:
        super().__init__(corpus)
        self._units = {security: blank_unit(security) for security, _ in SECURITIES}
        self._begin("running", "quiet", "no-auth")

    def _set_up(self, base: str, security: str) -> int:
        self.unit = self._units[security]
        self.unit.restore(base_image(base))
        self._base = base
        self._twin: Unit | None = None
        self._heard_us = self.unit.pump.device_us
        self._digest, self._log_number = self.unit.digest("therapy"), self._log_newest()
        self._timeless = True
        return PumpApp(self.unit.pump).last_effect_id()

    def _finish(self) -> None:
        if self._scene == "cuts":
            with contextlib.suppress(ProtocolError):  # a cut that is still ordered may come in this one's writes; the next one works then
                return self._use()
        return self._use()

    def _use(self) -> None:
        """A good client, once a back-off is over, the pump has power and has tested itself."""
        self.unit.advance_to(self.unit.now_us + BACK_OFF_US_MAX + 1_000_000)
        with programmer(self.unit) as client:
            client.status()

    def _exchange(self, data: bytes) -> bytes:
        said = self.unit.receive(data)
        self._heard_us = self.unit.pump.device_us
        return said

    def _heard(self, data: bytes, pairs: list[Pair]) -> None:
        if len(pairs) == 1 and pairs[0].changing:
            self._second_opinion(pairs[0])
        if len(data) >= ENCODED_BYTES_MAX:
            self._weigh()

    def _weigh(self) -> None:
        size = len(self.unit.role.save())
        if size > ROLE_BYTES_MAX:
            raise Breach("the role's memory is bounded", f"{size} bytes")

    def _pause(self, us: int) -> None:
        self.unit.advance_to(self.unit.now_us + us)
        self._timeless = False
        if self._scene == "quiet" and not self._ever_granted:
            self._twin_of().advance_to(self.unit.now_us)
        if self._hearing.pending and self.unit.pump.device_us - self._heard_us >= INTER_BYTE_US:
            self._hearing.pause()

    def _twin_of(self) -> Unit:
        """The same pump, which nobody talks to."""
        if self._twin is None:
            self._twin = blank_unit("no-auth")
            self._twin.restore(base_image(self._base))
        return self._twin

    def _cut(self, step: Step) -> None:
        if self.unit.pump.powered:
            with contextlib.suppress(BenchError):  # it may die in the middle of the act, which is what was ordered
                self.unit.act(lambda pump: pump.power_cut(step.number, step.other))

    def _look(self, *, full: bool) -> None:
        if full:
            self._weigh()
        if self._scene == "cuts" or not (full or self._scene == "clinician"):
            return
        digest, expected = self.unit.digest("therapy"), self._expected()
        if expected is not None and digest != expected:
            raise Breach("nothing changes that nobody was granted", "the therapy digest is another")
        newest = self._log_newest()
        self._check_log(self._log_number + 1, newest)
        self._digest, self._log_number = digest, newest
        self._timeless, self._granted = True, False

    def _expected(self) -> str | None:
        """The digest that the pump must have; None if that cannot be said."""
        if self._scene == "quiet":
            twin = self._digest if self._twin is None else self._twin.digest("therapy")
            return None if self._ever_granted else twin
        return self._digest if self._timeless and not self._granted else None

    def _log_newest(self) -> int:
        return self.unit.pump.read_log(0xFFFF_FFFF, 1)[1]

    def _check_log(self, first: int, newest: int) -> None:
        """What was granted is in the log, and nothing else is."""
        granted = self._hearing.granted.copy()
        while first <= newest:
            for entry in self.unit.pump.read_log(first, _LOG_PAGE)[2]:
                if entry.kind == EventKind.COMMAND:
                    granted[entry.detail, entry.command_id] -= 1
                first = entry.number + 1
        wrong = {key: count for key, count in granted.items() if count}
        self._hearing.granted.clear()
        if wrong:
            raise Breach("what is granted is logged, once", f"(opcode, id): answers less records {wrong}")

    def _second_opinion(self, pair: Pair) -> None:
        """A programmer's own rules, written apart from the pump's, must agree with what the pump took."""
        app, name = PumpApp(self.unit.pump), SPECS[pair.request.opcode].name
        identity = app.identity()
        _, therapy = app.therapy()
        try:
            if name == "BOLUS" and therapy is not None:
                check_bolus(decode(Bolus, pair.request.body), identity, therapy.concentration_ng_per_ml)
            elif name == "PRIME":
                check_prime(decode(Prime, pair.request.body), identity)
            elif name == "BRIDGE":
                check_bridge(decode(Bridge, pair.request.body), identity)
            elif name == "REFILL":
                check_refill(decode(Refill, pair.request.body), identity)
            elif name == "COMMIT" and therapy is not None:
                check_therapy(therapy, identity)
        except Rejected as error:
            raise Breach("what a pump takes, a programmer would have sent", f"{name}: {error}") from None
