"""A run as a script: the verbs and the host's bytes, each at its virtual time, and the digest that they end in.

As JSON lines a script is what `pumpsim serve --bench stdio --pace lock-step` reads from its standard input, one verb a line; the first
line's id says which pump to serve, the last one's which digest to expect. As Python it is a program that builds the pump, does it all again
and compares.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pprint
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hil.errors import UsageError
from protocol.key_file import seed_keys
from protocol.keys import Key

if TYPE_CHECKING:
    from hil.unit import Unit

__all__ = ["Script", "mark_of", "read_script", "script_of"]

VERSION = 1
REPLAY = "hil.bench.replay"


class Script(NamedTuple):
    """Which pump, what it was given as (verb, args), and how it ended. `profile_text` is that of a profile which does not ship.

    `keys` is empty where the pump had those of its seed, and else the mark of the keys that doing it again needs (`mark_of`).
    """

    profile: str
    seed: int
    security: str
    steps: tuple[tuple[str, dict[str, object]], ...]
    digest: str
    profile_text: str = ""
    keys: str = ""
    wire: str = ""
    """The name of a wire protocol of one's own, which doing it again needs too."""

    def json_lines(self) -> str:
        """One request a line."""
        head = {"script": VERSION, "profile": self.profile, "seed": self.seed, "security": self.security, "digest": self.digest}
        head |= {"profile_text": self.profile_text} if self.profile_text else {}
        head |= {"keys": self.keys} if self.keys else {}
        head |= {"wire": self.wire} if self.wire else {}
        rows: list[dict[str, object]] = [{"id": head, "verb": "now"}]
        rows += [{"id": number, "verb": verb, "args": args} for number, (verb, args) in enumerate(self.steps, start=1)]
        rows.append({"id": {"expected": self.digest}, "verb": "digest"})
        return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)

    def python(self) -> str:
        """A program that ends with 0 if the same comes out."""
        steps = pprint.pformat(list(self.steps), width=130, compact=True)
        own = f", {self.profile_text!r}" if self.profile_text else ""
        own += f", keys={self.keys!r}" if self.keys else ""
        own += f", wire={self.wire!r}" if self.wire else ""
        return (
            f'"""Does a recorded run of a {self.profile} with seed {self.seed} again."""\n\n'
            f"from {REPLAY} import replay\nfrom hil.faults.script import Script\n\n"
            f"STEPS = {steps}\n"
            f"SCRIPT = Script({self.profile!r}, {self.seed}, {self.security!r}, tuple(STEPS), {self.digest!r}{own})\n\n"
            "print(replay(SCRIPT))\n"
        )


def script_of(unit: Unit) -> Script:
    """The script of a unit's run so far."""
    profile = unit.pump.profile
    about = (unit.digest(), profile.text, _keys(unit), unit.wire)
    return Script(profile.name, unit.pump.seed, unit.security, tuple(_steps(unit)), *about)


def mark_of(keys: Sequence[Key]) -> str:
    """Eight hexadecimal digits by which keys are known again and which tell nothing of them."""
    return hashlib.sha256(b"".join(bytes((key.key_id, key.role)) + key.secret for key in sorted(keys))).hexdigest()[:8] if keys else ""


def _keys(unit: Unit) -> str:
    """The mark of the keys that the run began with; none where they are those of the seed, or in the image that it began with."""
    recording = unit.recording
    return "" if recording.image is not None or recording.keys == list(seed_keys(unit.pump.seed)) else mark_of(recording.keys)


def _steps(unit: Unit) -> Iterator[tuple[str, dict[str, object]]]:
    recording = unit.recording
    now_us = recording.began_us
    if recording.image is not None:
        yield "restore", {"image": base64.b64encode(recording.image).decode()}
    for at_us, data, verb, args in recording.inputs:
        if at_us > now_us:
            yield "advance", {"us": at_us - now_us}
            now_us = at_us
        yield (verb, dict(args or {})) if verb else ("send", {"data": data.hex()})
    if unit.now_us > now_us:
        yield "advance", {"us": unit.now_us - now_us}


def read_script(text: str) -> Script:
    """Read JSON lines. Raises UsageError."""
    try:
        head, *rows, _ = [json.loads(line) for line in text.splitlines() if line.strip()]
        about = head["id"]
        if about["script"] != VERSION:
            raise ValueError(f"version {about['script']}")
        steps = tuple((row["verb"], row.get("args", {})) for row in rows)
        text = about.get("profile_text", "")
        return Script(
            about["profile"], about["seed"], about["security"], steps, about["digest"], text, about.get("keys", ""), about.get("wire", "")
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"no script: {error}", where="script", do="give what the verb `script` returned") from None
