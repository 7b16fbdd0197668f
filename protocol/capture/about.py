"""What a capture tells of itself: a sentence for people and facts for programs, both as comments of the section header.

Comments, because every tool shows and keeps them. The facts are one JSON object, cut into several comments where it is long. Whoever
captures decides what is in it; `docs/how-to/captures.md` lists the names. Keys of programmers are never among them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["FORMAT", "comments_of", "facts_in"]

FORMAT = 1
_MARK = "pumpsim-capture "
_PIECE_BYTES = 60_000
"""An option's value has at most 65,535 bytes."""


def comments_of(sentence: str, facts: Mapping[str, Any]) -> list[str]:
    """The comments that carry them."""
    text = json.dumps({"format": FORMAT, **facts}, separators=(",", ":"))
    return [sentence, *(_MARK + text[at : at + _PIECE_BYTES] for at in range(0, len(text), _PIECE_BYTES))]


def facts_in(comments: Iterable[str]) -> dict[str, Any]:
    """The facts, empty where none are told or they cannot be read: a capture is worth reading without them."""
    text = "".join(comment.removeprefix(_MARK) for comment in comments if comment.startswith(_MARK))
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
