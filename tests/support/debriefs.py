"""Words that judge: no sentence that a debrief takes from the log may have one."""

from __future__ import annotations

import re

__all__ = ["JUDGING", "unquoted"]

JUDGING = re.compile(
    r"\b(good|bad|badly|well|poor|poorly|wrong|wrongly|right|rightly|correct|correctly|incorrect|errors?|mistakes?|mistaken|should|must|ought"
    r"|unfortunately|only|too|late|finally|forgot|forgotten|missed|neglect\w*|careless\w*|failed to|excellent|great|unnecessar\w*"
    r"|dangerous\w*|sloppy|slow|quick|obvious\w*|simply|just|at last|instead of|why did)\b",
    re.IGNORECASE,
)


def unquoted(text: str) -> str:
    """Without what the learner chose to say, which is quoted."""
    return re.sub(r'"[^"]*"', "", text)
