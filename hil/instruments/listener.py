"""The tone listener as a test has it: a microphone, and somebody who knows the sounds of the pump."""

from __future__ import annotations

from firmware_sim.profile import Profile
from hil.instruments.microphone import Microphone
from hil.instruments.tone_listener import Listening, ToneListener, patterns_of

__all__ = ["Listener"]

PROFILE_DEFAULT = "itp-40"


class Listener:
    """`hear(seconds)` records and judges what was recorded. Without a profile the sounds are those of the class."""

    def __init__(self, microphone: Microphone, profile: Profile | None = None) -> None:
        self.microphone = microphone
        self.tones = ToneListener.of_profile(PROFILE_DEFAULT) if profile is None else ToneListener(patterns_of(profile.sound))

    def hear(self, duration_s: int) -> Listening:
        """Listen for so long. Raises UsageError, InstrumentError."""
        return self.tones.hear(self.microphone.record(duration_s))
