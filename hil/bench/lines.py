"""The bench as lines of JSON, without the pipe: bytes in, bytes out.

A request is `{"id": 1, "verb": "advance", "args": {"hours": 8}}`; its answer `{"id": 1, "ok": true, "result": {...}}` or
`{"id": 1, "ok": false, "error": {"what": ..., "where": ..., "do": ...}}`. Ids are the caller's and come back as they were.
"""

from __future__ import annotations

import json
from typing import Any

from hil.bench.bench import Bench
from hil.errors import HilError

__all__ = ["LINE_BYTES_MAX", "BenchLines"]

LINE_BYTES_MAX = 32_000_000
"""A unit image as base64 is the longest line there is; past this a caller has lost its line ends."""


class BenchLines:
    """Feeds requests to a bench, one a line."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes and return the answers to the lines they complete."""
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            rest = b""
            lines.append(b"?")
        self._rest = rest
        return b"".join(self._answer(line) for line in lines if line.strip())

    def _answer(self, line: bytes) -> bytes:
        request_id: object = None
        try:
            request = _parsed(line)
            request_id = request.get("id")
            answer: dict[str, object] = {"id": request_id, "ok": True, "result": self._bench.call(request["verb"], request.get("args"))}
        except HilError as error:
            answer = {"id": request_id, "ok": False, "error": {"what": error.what, "where": error.where, "do": error.do}}
        return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any]:
    """One request. Raises HilError for a line that is none."""
    do = 'send one object a line: {"id": 1, "verb": "now", "args": {}}'
    try:
        request = json.loads(line)
    except ValueError:
        raise HilError("this is no JSON", where="bench", do=do) from None
    if not isinstance(request, dict) or not isinstance(request.get("verb"), str):
        raise HilError("a request is an object with a verb", where="bench", do=do)
    unknown = sorted(request.keys() - {"id", "verb", "args"})
    if unknown:
        raise HilError(f"a request has no {unknown[0]!r}", where="bench", do=do)
    if not isinstance(request.get("args", {}), dict):
        raise HilError("args is an object", where="bench", do=do)
    return request
