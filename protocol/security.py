"""Who may speak: the security profiles. `secure` is what a pump should be; each of the others has one weakness, and is a lesson.

A weakness is a published one of an implant or an infusion pump, made to happen on purpose: the attack that its profile names succeeds
there and fails on `secure`. What a wire that authenticates does not do is told in docs/explanation/security.md.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULT", "SECURITY", "Security", "security_of"]

DEFAULT = "secure"


class Security(NamedTuple):
    """What a pump insists on. `attack` is what succeeds where it does not, `lesson` where that was seen."""

    name: str
    attack: str = ""
    lesson: str = ""
    authenticates: bool = True
    key_of_its_own: bool = True
    refuses_replays: bool = True
    stop_needs_magnet: bool = True
    next_id_only: bool = True
    hides_memory: bool = True
    backs_off: bool = True
    checks_generation: bool = True


SECURITY: dict[str, Security] = {
    profile.name: profile
    for profile in (
        Security(DEFAULT),
        Security(
            "no-auth",
            "whoever reaches the line programs the pump",
            "CVE-2019-10964: a pump whose radio proves nothing takes anybody's commands",
            authenticates=False,
        ),
        Security(
            "crc-key",
            "the key of the pairing is worked out from the serial number that the pump tells everybody",
            "CVE-2016-5085: a pairing key made from a CRC over what both ends send in the clear",
            key_of_its_own=False,
        ),
        Security(
            "no-replay-check",
            "a recorded bolus is played again, in the same session and in a later one",
            "CVE-2016-5086: a remote's recorded packets dose again",
            refuses_replays=False,
        ),
        Security(
            "open-stop",
            "anybody stops the therapy from afar, with no key and no magnet",
            "CVE-2019-10964 and kin: a remote denial of therapy",
            stop_needs_magnet=False,
        ),
        Security(
            "any-higher-id",
            "one command with the highest id uses up all ids, and no other is taken ever again",
            "a counter that may be pushed forward by whoever speaks",
            next_id_only=False,
        ),
        Security(
            "raw-memory",
            "memory is read and written past every check, keys and therapy included",
            "CVE-2019-6538: a telemetry protocol with memory access and no authority over it",
            hides_memory=False,
        ),
        Security(
            "no-back-off",
            "opening conversations that lead nowhere drains the battery",
            "published studies of implants whose radio answers every call",
            backs_off=False,
        ),
        Security(
            "no-generation-check",
            "what was changed while the pump stood still takes effect at the next start, unseen",
            "CVE-2021-33885 and -33882: a change in standby that the next user starts",
            checks_generation=False,
        ),
    )
}


def security_of(name: str) -> Security:
    """The profile of this name. Raises ValueError."""
    if name not in SECURITY:
        raise ValueError(f"security {name!r} is not known; there are {', '.join(SECURITY)}")
    return SECURITY[name]
