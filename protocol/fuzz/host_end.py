"""The programmer's end: our client on a line that bends what both sides say, before a pump on paper whose truth is known.

Scenes: on a `noisy` line bytes are bent, lost and doubled. On a `forged` line some pieces are made anew with a right CRC by somebody who
has no key; where keys are in use, all that a client may believe is still true. A `liar` is a pump that says what is not so, signed as it
must be: a client has to believe what fits its question, and nothing else, and its calls still have to end.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from protocol.client import Programmer
from protocol.client.commander import CARRIED_OUT
from protocol.codec import decode
from protocol.codes import Answer, Mode
from protocol.device import DeviceRole
from protocol.errors import AnswerLost, ProtocolError, Uncertain
from protocol.framing import ANSWER, Frame, FrameDecoder, encode_frame
from protocol.fuzz.calls import CALLS, CONCENTRATION, FILL_NL, Call
from protocol.fuzz.draws import Draw, draw_of, weighted
from protocol.fuzz.hearing import Breach
from protocol.fuzz.mutants import Mutator
from protocol.fuzz.rewording import reworded
from protocol.fuzz.samples import corpus as corpus_of
from protocol.fuzz.samples import therapy
from protocol.fuzz.steps import Step, begin, call, instead, look, pause
from protocol.limits import RETRIES
from protocol.mac import SessionKeys, session_keys, transcript
from protocol.message_table import BY_NAME, HELLO, SPECS
from protocol.messages import Hello, HelloAnswer
from protocol.paper_pump import PaperPump
from protocol.security import security_of
from protocol.testing import TEST_KEYS
from protocol.transport.memory import MemoryTransport

__all__ = ["SENDS_MAX", "HostEnd"]

SENDS_MAX = 600
"""Writes of one call: an exchange takes twelve at most (the request, a new session and the request again, three resends of each), and no
call needs fifty exchanges on this pump."""
COPIES_MAX = 1 + RETRIES
"""Of one request; a HELLO goes out once more where its answer may have been one to a predecessor's."""
_PROGRAMMER_ID = 7
_SCENES = (("noisy", 6), ("forged", 4), ("liar", 1))
_SECURITIES = (("secure", 1), ("no-auth", 1))
_BENT_OF = {"noisy": 3, "forged": 3, "liar": 1}
"""One piece in so many is bent."""
_KEPT = 8
_PAUSES_US = (1_000_000, 61_000_000, 601_000_000)
_LIES = 1 << 32


class HostEnd:
    """One client under fuzz. `script` makes calls up, `do` makes one and judges it; it raises Breach, and whatever escapes the client."""

    name = "host"

    def __init__(self, corpus: Sequence[Frame] = ()) -> None:
        self.told: Counter[str] = Counter()
        self.record: list[Step] = []
        self._corpus = [*corpus_of(), *corpus]
        self._draw: Draw | None = None
        self._begin("noisy", "no-auth")

    def script(self, draw: Draw, streams: int) -> Iterator[Step]:
        """Steps of so many streams: a call each, on the client that the ones before left behind."""
        yield begin(f"{weighted(draw, _SCENES)} {weighted(draw, _SECURITIES)}")
        self._draw, self._mutator = draw, Mutator(draw, self._corpus)
        weights = [(name, entry.weight) for name, entry in CALLS.items()]
        try:
            for _ in range(streams):
                yield call(weighted(draw, weights), draw.randrange(256))
                if draw.randrange(4) == 0:
                    yield pause(draw.choice(_PAUSES_US))
                yield look(full=False)
        finally:
            self._draw = None

    def do(self, step: Step) -> None:
        """One step."""
        match step.act:
            case "begin":
                self._draw = None
                self._begin(*step.data.decode().split())
            case "call":
                self._call(step)
            case "look":
                self.record.append(step)
            case "pause":
                self.record.append(step)
                self.pump.advance(step.number)
                self._role.on_time()
            case _:
                self._instead[step.act, step.number] = step.data

    def _begin(self, scene: str, security: str) -> None:
        """A new client before a pump that runs."""
        self.record = [begin(f"{scene} {security}")]
        self._scene = scene
        self._keyed = security_of(security).authenticates
        self._true = scene == "noisy" or (scene == "forged" and self._keyed)
        self._hello = b""
        self._signing: SessionKeys | None = None
        self._opened_times = 0
        self._instead: dict[tuple[str, int], bytes] = {}
        self._bent: list[Step] = []
        self._carried = SENDS_MAX
        self._writes: Counter[bytes] = Counter()
        self._asked: list[Frame] = []
        self._heard: list[Frame] = []
        self._hearing = FrameDecoder()
        self._kept: list[bytes] = []
        self.pump = PaperPump()
        self._role = DeviceRole(self.pump, security=security)
        self._role.provision(TEST_KEYS)
        self._client: Programmer | None = None
        self._lie: int | None = None
        with self._opened() as client:
            client.refill(FILL_NL, 0, 1, CONCENTRATION)
            client.update(therapy(draw_of("base"), CONCENTRATION, patient=False))

    def _opened(self) -> Programmer:
        """A new session, on a good line as long as nothing is drawn."""
        self._carried = 0
        self._opened_times += 1
        nonce = hashlib.sha256(b"%d" % self._opened_times).digest()[:16]
        keys = TEST_KEYS if self._keyed else ()
        return Programmer.over(MemoryTransport(self._carry), programmer_id=_PROGRAMMER_ID, keys=keys, nonce=nonce, retries=RETRIES)

    # -- the line

    def _carry(self, data: bytes) -> bytes:
        number, self._carried = self._carried, self._carried + 1
        if self._carried > SENDS_MAX:
            raise Breach("a call ends", f"{SENDS_MAX} writes and no end")
        frames = _frames(data)
        hello = any(frame.opcode == HELLO for frame in frames)
        if hello and data not in self._writes:
            self._writes.clear()  # a pump that lies may give the same number to a new session, and then the same bytes are due again
        self._writes[data] += 1
        if self._writes[data] > COPIES_MAX + hello:
            raise Breach("a request is sent four times at most", data.hex())
        self._asked += frames
        said = self._role.receive(self._bend("to_pump", number, data))
        self._overhear(said)
        heard = self._bend("to_host", number, said)
        self._heard += [item for item in self._hearing.feed(heard) if isinstance(item, Frame)]
        return heard

    def _overhear(self, said: bytes) -> None:
        """Know the keys that the pump signs with, for lies that are to be believed."""
        if not self._keyed:
            return
        self._hello = next((frame.body for frame in reversed(self._asked) if frame.opcode == HELLO), self._hello)
        for frame in _frames(said):
            if frame.opcode == HELLO and frame.body[:1] == b"\0":
                answer = decode(HelloAnswer, frame.body[1:])
                key = next(key for key in TEST_KEYS if key.key_id == decode(Hello, self._hello).key_id)
                self._signing = session_keys(key.secret, transcript(self._hello, answer), answer.serial)

    def _sign(self, frame: Frame) -> Frame:
        """A lie's MAC; whoever only forges has none to give."""
        if self._scene != "liar" or self._signing is None or frame.opcode == HELLO:
            return frame
        return self._signing.signed(frame)

    def _bend(self, direction: str, number: int, data: bytes) -> bytes:
        """What arrives of a piece: as the steps say, else as is drawn, else as it is."""
        if self._draw is None:
            return self._instead.get((direction, number), data)
        if direction == "to_host":
            self._kept = [*self._kept[-_KEPT:], data]
        if (self._scene == "liar" and direction == "to_pump") or self._draw.randrange(_BENT_OF[self._scene]):
            return data
        bent = self._made_of(self._draw, data) if self._lie is None else self._lied(self._lie, data)
        self._bent.append(instead(direction, number, bent))
        return bent

    def _lied(self, lie: int, data: bytes) -> bytes:
        """Every answer says the same untruth, as far as it can."""
        return b"".join(encode_frame(self._sign(reworded(draw_of(lie), frame))) for frame in _frames(data))

    def _made_of(self, draw: Draw, data: bytes) -> bytes:
        frames = _frames(data)
        kind = draw.randrange(6)
        if kind == 0 or not frames:
            return b""
        if kind == 1 and self._kept:
            return draw.choice(self._kept) + draw.choice((b"", data))
        if self._scene == "noisy":
            return self._mutator.on_wire(encode_frame(frames[0])).data
        frame = frames[0]
        if kind == 2 and frame.flags == ANSWER:
            return encode_frame(self._sign(reworded(draw, frame)))
        if kind == 3:
            frame = frame._replace(body=bytes((draw.randrange(14),)) + frame.body[1:])
        return self._mutator.mutate(frame, self._sign).data + draw.choice((b"", data))

    # -- the laws

    def _call(self, step: Step) -> None:
        name = step.data.decode()
        entry = CALLS[name]
        if self._client is None and not self._open(step):
            return
        assert self._client is not None
        self._new_call()
        open_id = self._client.open_command_id
        before = self._effects(open_id)
        result: Any = None
        error: ProtocolError | None = None
        try:
            result = entry.act(self._client, step.number)
        except ProtocolError as raised:
            error = raised
        finally:
            self._noted(step)
        self.told[f"{name} {'success' if error is None else type(error).__name__}"] += 1
        self._judge(entry, result, error, self._effects(open_id) - before)
        if open_id is not None and entry.command:
            self._judge_blocked(error)
        if open_id is not None and name == "settle" and error is None and self._true:
            self._judge_settled(open_id, result.state)

    def _open(self, step: Step) -> bool:
        """A client for this call, if its HELLO comes through."""
        self._new_call()
        try:
            self._client = self._opened()
        except ProtocolError as error:
            self.told[f"hello {type(error).__name__}"] += 1
            self._noted(step)
        return self._client is not None

    def _new_call(self) -> None:
        self._carried = 0
        self._writes.clear()
        self._asked.clear()
        self._heard.clear()
        self._lie = None
        if self._draw is not None and self._scene == "liar" and self._draw.randrange(3):
            self._lie = self._draw.randrange(_LIES)

    def _noted(self, step: Step) -> None:
        """Write down what the line did, and then the call."""
        self.record += [*self._bent, *(instead(way, number, data) for (way, number), data in self._instead.items()), step]
        self._bent.clear()
        self._instead.clear()

    def _effects(self, open_id: int | None) -> Counter[int]:
        """Commands of this client that the pump has carried out, by opcode; not the uncertain one, whose last byte may come at any time."""
        ours = (effect for effect in self.pump.effects.values() if effect.command.programmer_id == _PROGRAMMER_ID)
        return Counter(effect.opcode for effect in ours if effect.command.command_id != open_id)

    def _judge(self, entry: Call, result: Any, error: ProtocolError | None, done: Counter[int]) -> None:
        opcode = BY_NAME[entry.message].opcode if entry.message else 0
        if sum(done.values()) > int(entry.command) or (done and opcode not in done):
            raise Breach("a call does what it says, once", f"{entry.message}: {dict(done)}")
        if error is None and entry.command and not self._was_told(opcode):
            raise Breach("success is what the pump answered to this", f"{entry.message}: {result}")
        if self._true:
            self._judge_truth(entry, result, error, bool(done))

    def _was_told(self, opcode: int) -> bool:
        """Whether an OK to a request of this kind came back, with that request's numbers."""
        asked = {frame[:3] for frame in self._asked if frame.opcode == opcode}
        return any(frame[:3] in asked and frame.flags == ANSWER and frame.body[:1] == bytes((Answer.OK,)) for frame in self._heard)

    def _judge_truth(self, entry: Call, result: Any, error: ProtocolError | None, done: bool) -> None:
        """Where nobody lies who is to be believed, what the client says is so."""
        if error is None:
            self._judge_success(entry, result, done)
        elif isinstance(error, AnswerLost):
            if self.pump.effect(error.command_id) is None:
                raise Breach("what is said is so", f"{entry.message}: {error}")
        elif not isinstance(error, Uncertain) and entry.command and done:
            raise Breach("a failure did nothing", f"{entry.message}: {type(error).__name__}: {error}")

    def _judge_success(self, entry: Call, result: Any, done: bool) -> None:
        pump = self.pump
        wrong = (
            (entry.command and not done)
            or (entry.message == "STOP" and pump.mode is not Mode.STOPPED)
            or (entry.message == "STATUS" and (result.generation, result.mode) != (pump.generation, pump.mode))
            or (entry.message == "INTERROGATE" and result.therapy != pump.in_force)
            or (
                entry.message == "LOG"
                and result
                and [row.detail for row in result] != [row.opcode for row in pump.journal[result[0].number - 1 :]]
            )
        )
        if wrong:
            raise Breach("what is said is so", f"{entry.message}: {result}")

    def _judge_settled(self, command_id: int, state: int) -> None:
        """What became of an uncertain command is found out rightly."""
        effect = self.pump.effect(command_id)
        done = effect is not None and effect.command.programmer_id == _PROGRAMMER_ID
        if done != (state in CARRIED_OUT):
            raise Breach("what is said is so", f"command {command_id} is settled as {state}, and was {'done' if done else 'not done'}")

    def _judge_blocked(self, error: ProtocolError | None) -> None:
        """While a command is uncertain no other leaves."""
        sent = [frame for frame in self._asked if frame.opcode in SPECS and SPECS[frame.opcode].command]
        if sent or error is None:
            raise Breach("an uncertain command holds up all others", f"{error}: {sent}")


def _frames(data: bytes) -> list[Frame]:
    return [item for item in FrameDecoder().feed(data) if isinstance(item, Frame)]
