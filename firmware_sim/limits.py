"""Named limits of the simulator itself: past each stands an error, not a slow death."""

from __future__ import annotations

EVENTS_PER_INSTANT_MAX = 1_000
"""More deadlines than this at one microsecond is a loop in the model, not a pump."""
ACTS_QUEUED_MAX = 100_000
"""Bench acts waiting for their time; a scenario of years with one act a minute stays below."""
FAULTS_ACTIVE_MAX = 256
"""Faults in force at once; more is a rig that forgets to clear."""
TRACE_TAIL_MAX = 10_000
"""Trace records kept for readers; the chain over all of them is state, the tail is not."""
MIXING_SLICES = 64
"""Pieces into which a prime's mixed fluid is cut; within one the concentration is level."""
CATHETER_PIECES_MAX = 100_000
"""Pieces of different concentration in tubing and catheter; each needs a needle act."""
SAMPLES_MAX = 10_000_000
"""Rows one sampling call may return (115 days at one second)."""
CACHE_ENTRIES_MAX = 64
"""Entries of a cache keyed by therapy or profile."""
PLACES_PER_GROUP = 16
"""A refusal's index is group x 16 + step; a group has fewer steps than that."""
CLOCK_SHIFT_US_MAX = 25 * 365 * 86_400 * 1_000_000
"""How far the clock chip may jump in all: it stays between the epoch and a century after it."""
PAGE_BYTES = 256
"""Page of the sparse memory; unwritten pages cost nothing."""
ERASED_BYTE = 0xFF
"""What a never-written memory byte reads."""
IMAGE_VERSION = 1
"""Version of `Pump.save()` bytes."""
BYTE_BITS = 8
HALF_WORD_BITS = 16
IRWIN_HALL_TERMS = 12
"""Twelve uniform terms give a sum of variance one and a bell within six deviations."""
