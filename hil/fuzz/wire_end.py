"""What both ways to a pump have in common: scripts of streams, the bookkeeping of what was heard, and steps done one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence

from hil.fuzz.bases import BASES, PROGRAMMER_ID, SECURITIES, SEED
from protocol.codes import Answer, Role
from protocol.errors import ProtocolError
from protocol.framing import Frame
from protocol.fuzz.draws import Draw, weighted
from protocol.fuzz.hearing import Breach, Hearing, Pair
from protocol.fuzz.samples import corpus as corpus_of
from protocol.fuzz.steps import FINISH, Step, begin, look
from protocol.fuzz.streams import Writer
from protocol.fuzz.talker import Talker
from protocol.key_file import seed_keys
from protocol.keys import Key
from protocol.message_table import SPECS
from protocol.refusals import RefusalCode
from protocol.security import security_of

__all__ = ["WireEnd"]

_LOOK_EVERY = 8
"""Streams between two full looks at a pump that nobody may change: what has changed stays so."""


class WireEnd(ABC):
    """A pump under fuzz, however it is reached. `script` makes streams up, `do` acts and judges: it raises Breach, and whatever escapes."""

    name: str
    scenes: tuple[tuple[str, int], ...]
    securities: tuple[tuple[str, int], ...] = SECURITIES

    def __init__(self, corpus: Sequence[Frame] = ()) -> None:
        self.told: Counter[str] = Counter()
        self.record: list[Step] = []
        self._corpus = [*corpus_of(), *corpus]
        self._talker = Talker(PROGRAMMER_ID, Role.CLINICIAN)
        self._scene = ""
        self._keys: tuple[Key, ...] = ()
        self._hearing = Hearing(True, 0)
        self._granted = self._ever_granted = False

    def script(self, draw: Draw, streams: int) -> Iterator[Step]:
        """Steps of so many streams on one pump, each ended by a look; what is answered to one step decides on the next."""
        scene, security = weighted(draw, self.scenes), weighted(draw, self.securities)
        programmer_id = PROGRAMMER_ID + draw.randrange(2)
        yield begin(f"{weighted(draw, BASES[scene])} {scene} {security}")
        self._talker = Talker(programmer_id, Role.CLINICIAN, self._keys)
        writer = Writer(draw, self._corpus, scene, self._talker)
        for number in range(1, streams + 1):
            yield from writer.stream()
            yield look(full=number % _LOOK_EVERY == 0 or number == streams)
        yield FINISH

    def talk_as(self, talker: Talker) -> None:
        """Have a talker of one's own hear the answers, as the next begin's talker would."""
        self._talker = talker

    def do(self, step: Step) -> None:
        """One step."""
        self.record.append(step)
        match step.act:
            case "begin":
                self._begin(*step.data.decode().split())
            case "send":
                self._send(step.data)
            case "pause":
                self._pause(step.number)
            case "cut":
                self._cut(step)
            case "look":
                self._look(full=bool(step.number))
            case _:
                try:
                    self._finish()
                except ProtocolError as error:
                    raise Breach("a good client works afterwards", f"{type(error).__name__}: {error}") from error

    def _begin(self, base: str, scene: str, security: str) -> None:
        """Become the pump of that base again."""
        self.record = [begin(f"{base} {scene} {security}")]
        self._scene = scene
        self._keys = seed_keys(SEED) if security_of(security).authenticates else ()
        self._granted = self._ever_granted = False
        self._hearing = Hearing(scene != "cuts", self._set_up(base, security), self._keys)

    def _send(self, data: bytes) -> None:
        pairs = self._hearing.judge(data, self._exchange(data))
        for pair in pairs:
            self.told[_told(pair)] += 1
            self._talker.hear(pair.request, pair.answer)
            if pair.changing:
                self._granted = self._ever_granted = True
            if pair.resets:
                self._hearing.pause()  # what had begun is gone with the boot
        self._heard(data, pairs)

    @abstractmethod
    def _set_up(self, base: str, security: str) -> int:
        """Make the pump that of a base, with a security profile; returns the last command id that it has used up."""

    @abstractmethod
    def _exchange(self, data: bytes) -> bytes:
        """Give it bytes; what comes back."""

    def _heard(self, data: bytes, pairs: list[Pair]) -> None:  # noqa: B027  # an end that sees no more has nothing to add
        """Judge more of what was just said."""

    @abstractmethod
    def _pause(self, us: int) -> None:
        """Let time pass, and have the bookkeeping give half a frame up if the pump does."""

    def _cut(self, step: Step) -> None:
        """Order a loss of power."""
        raise NotImplementedError(f"{self.name}: no power to cut")

    @abstractmethod
    def _look(self, *, full: bool) -> None:
        """Judge the state after a stream."""

    @abstractmethod
    def _finish(self) -> None:
        """After the last stream: a good client works at once."""


def _told(pair: Pair) -> str:
    """Message and answer, and of a refusal its code."""
    spec = SPECS.get(pair.request.opcode)
    code = RefusalCode(int.from_bytes(pair.answer.body[1:3], "little")).name if pair.code is Answer.REFUSED else ""
    return f"{'unknown' if spec is None else spec.name} {pair.code.name} {code}".rstrip()
