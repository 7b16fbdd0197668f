"""What is wrong, in words: a file that cannot be used, and a word that is none of those there are."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["cause", "nearest"]

LISTED_MAX = 30
"""Words that an error lists; more are looked up faster where they are told."""

_WRAPPED = re.compile(r"\((\d+), '([^']*)'")
"""A system's error inside the text of a library's."""


def cause(error: Exception) -> str:
    """Why a file cannot be read or written, without numbers of the system and names of classes; the path is said beside it."""
    if isinstance(error, UnicodeError):
        return "it is not UTF-8 text"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON ({error.msg[:1].lower()}{error.msg[1:]} at line {error.lineno}, column {error.colno})"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    wrapped = _WRAPPED.search(str(error))
    if wrapped:
        return "it is no serial port" if int(wrapped[1]) == errno.ENOTTY else wrapped[2]
    return " ".join(str(error).split()) or type(error).__name__


def nearest(word: str, words: Iterable[str], *, see: str = "") -> str:
    """What to do about an unknown word: the nearest of those there are, or all of them, or where they are told."""
    known = list(words)
    plain = word.strip().lower().replace("_", "-").replace(" ", "-")
    near = get_close_matches(plain, known, 1) or get_close_matches(word, known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"use one of {', '.join(known)}" if len(known) <= LISTED_MAX or not see else see
