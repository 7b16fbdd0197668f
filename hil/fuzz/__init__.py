"""The fuzzer's ends that need more than the wire: the real pump behind its device role, and a served process; and the command.

`python -m hil.fuzz --end pump --streams 1000 --seed 1`. See docs/how-to/fuzzing.md.
"""

from __future__ import annotations
