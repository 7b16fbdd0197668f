"""The faults of the line (`link.*`) and of the pump's answers (`answer.*`), and those of the supply, as the registry tells them.

What each does to bytes is in `hil/instruments`. Frames and bytes are counted from 1 from the instant at which the fault came into force,
each direction for itself. A frame is a run of bytes with the zero that ends it; a lone zero is none.
"""

from __future__ import annotations

from typing import NamedTuple

from hil.faults.parameters import Setting

__all__ = ["BYTE_FAULTS", "DIRECTIONS", "TO_HOST", "TO_PUMP", "WIRE_FAULTS", "Fault"]

TO_PUMP, TO_HOST = "to_pump", "to_host"
DIRECTIONS = (TO_PUMP, TO_HOST)
PPM = 1_000_000
DELAY_US_MAX = 86_400_000_000
"""A day: later than any session lives."""
LATE_US = 3_000_000
"""Later than a client's reply timer of two seconds."""
PAUSE_US = 60_000
"""Longer than the 50 ms after which a pump gives up a frame that pauses."""
BURST_BYTES, BURST_EVERY_US = 96, 100_000
"""9,600 baud, eight bits, no parity: 960 bytes a second."""
BURST_BYTES_MAX = 65_536
OFF_US_MAX = 365 * DELAY_US_MAX


class Fault(NamedTuple):
    """One row of the registry. `lasting` ones stay until cleared, the others happen once.

    `truth` is what is so while it lasts, or what it does; `pump_notices` what the firmware could know, `pump_misses` what it cannot,
    `host_notices` what a client sees that keeps the protocol. `counts` is what a rate or a script counts: frames, bytes, or nothing.
    `owner` says who plays it. One that `ends` is over by itself; one that is not `clearable` stays for good.
    """

    name: str
    owner: str
    settings: tuple[Setting, ...]
    lasting: bool
    truth: str
    pump_notices: str
    pump_misses: str
    host_notices: str
    origin: str
    counts: str = ""
    ends: bool = False
    clearable: bool = True

    @property
    def stays(self) -> str:
        """How long it is in force, in words."""
        if not self.lasting:
            return "happens once"
        if not self.clearable:
            return "for good"
        return "until it is over" if self.ends else "until cleared"


def _direction(default: str = "both") -> Setting:
    return Setting("direction", "which way the bytes go", text=True, default=default, choices=(*DIRECTIONS, "both"))


SEED = Setting("seed", "another seed gives other draws", 0, default=0)
FRAMES = (
    Setting("rate_ppm", "share of frames that it strikes; all if neither this nor at_frames is given", 0, PPM, optional=True),
    Setting("at_frames", "numbers of the frames that it strikes, such as 3,7-9", text=True, optional=True),
    SEED,
)
BYTES = (
    Setting("rate_ppm", "share of bytes that it strikes; all if neither this nor at_bytes is given", 0, PPM, optional=True),
    Setting("at_bytes", "numbers of the bytes that it strikes, such as 3,7-9", text=True, optional=True),
    SEED,
)
DELAY = Setting("delay_us", "how much later, in virtual time", 0, DELAY_US_MAX)

NOTHING = "nothing"
LINE_ERROR = "a line error is counted in STATUS and nothing is answered"
MEANT = "what the host meant to say"
RESEND = "the reply timer runs out and the request is sent again"
BAD_ANSWER = "BadAnswer after the last resend, Uncertain if a command was under way"
RADIO = "short-range telemetry through tissue, a head moved away, a crowded band"
WIRING = "cables, adapters and drivers that lose, double or bend bytes"
DEVICE = "a device whose firmware lies, found by feeding clients what no specification allows"


def _frame_fault(name: str, truth: str, notices: tuple[str, str, str], *extra: Setting, origin: str = RADIO) -> Fault:
    return Fault(f"link.{name}", "link tap", (*extra, *FRAMES, _direction()), True, truth, *notices, origin, "frames")


def _byte_fault(name: str, truth: str) -> Fault:
    return Fault(f"link.{name}", "link tap", (*BYTES, _direction()), True, truth, LINE_ERROR, MEANT, RESEND, WIRING, "bytes")


def _answer_fault(
    name: str, truth: str, host: str, *extra: Setting, pump: tuple[str, str] = (NOTHING, "that its answer was spoilt")
) -> Fault:
    return Fault(f"answer.{name}", "link tap", (*extra, *FRAMES), True, truth, *pump, host, DEVICE, "frames")


LINK_FAULTS = (
    _frame_fault("drop", "the frame is lost", (NOTHING, "all that is lost", RESEND)),
    _frame_fault(
        "duplicate",
        "the frame comes twice",
        (
            "the second copy is answered from the cache, nothing is done twice",
            "which copy was meant",
            "an answer to something else, which is passed over",
        ),
        Setting("delay_us", "how much later the second copy comes", 0, DELAY_US_MAX, default=0),
    ),
    _frame_fault(
        "delay",
        "the frame comes later; frames behind it may overtake it",
        ("a late copy meets the sequence number, the answer table or the end of its session", "how long it was on its way", RESEND),
        DELAY,
        Setting("jitter_us", "up to this much later still, drawn anew for each frame", 0, DELAY_US_MAX, default=0),
    ),
    _frame_fault(
        "split",
        "the frame comes in two pieces, cut at a drawn byte",
        ("past 50 ms of pause " + LINE_ERROR, "a shorter pause", RESEND),
        Setting("pause_us", "time between the pieces", 0, DELAY_US_MAX, default=PAUSE_US),
        origin=WIRING,
    ),
    _frame_fault(
        "join", "the zero that ends the frame is lost, so that it runs into the next one", (LINE_ERROR, MEANT, RESEND), origin=WIRING
    ),
    _byte_fault("flip", "one bit of the byte, drawn, is turned around"),
    _byte_fault("insert", "a drawn byte comes before it"),
    _byte_fault("delete", "the byte is lost"),
    Fault(
        "link.cut",
        "link tap",
        (Setting("at_byte", "first byte that is lost, from 1; all after it are lost too", 1), _direction()),
        True,
        "nothing passes from that byte on, until cleared",
        "half a frame is dropped after 50 ms; the session times out",
        "what the host still sends",
        "NoAnswer, Uncertain if a command was under way",
        "a plug pulled, a head taken away",
        "bytes",
    ),
    Fault(
        "link.babble",
        "link tap",
        (
            Setting("burst_bytes", "drawn bytes in one burst", 1, BURST_BYTES_MAX, default=BURST_BYTES),
            Setting("every_us", "time between two bursts", 1_000, DELAY_US_MAX, default=BURST_EVERY_US),
            SEED,
            _direction(TO_PUMP),
        ),
        True,
        "drawn bytes come in bursts, the first one burst after it came into force",
        LINE_ERROR + "; delivery is not touched",
        "requests that the noise has spoilt",
        "noise spoils the answer behind it, up to the next zero: answers come through in pauses longer than the reply timer",
        "a line that picks up noise, or a neighbour that talks on it",
    ),
)

ANSWER_FAULTS = (
    _answer_fault("late", "the answer comes later", RESEND + "; the late answer counts if it still fits", DELAY._replace(default=LATE_US)),
    _answer_fault(
        "wrong_sequence",
        "the answer carries another sequence number",
        "an answer to something else: " + RESEND,
        Setting("offset_count", "how far it is off", -1_000_000, 1_000_000, default=1),
    ),
    _answer_fault("stale", "the answer before it comes instead", "an answer to something else: " + RESEND),
    _answer_fault(
        "short_body",
        "the last bytes of the body are missing, the checksum fits",
        BAD_ANSWER,
        Setting("missing_bytes", "how many", 1, 512, default=1),
    ),
    _answer_fault("valid_crc_garbage", "the body is drawn bytes of the same length, the checksum fits", BAD_ANSWER),
    _answer_fault(
        "unknown_code",
        "the body is one answer code that the protocol does not have",
        BAD_ANSWER,
        Setting("code", "which", 13, 255, default=255),
    ),
    _answer_fault(
        "busy_for_ever",
        "every request in a session, CLOSE aside, is answered BUSY and does not reach the pump",
        "Busy: nothing was done",
        pump=(NOTHING, "the requests"),
    ),
    _answer_fault(
        "reboot_mid_session",
        "the pump resets when it has done what was asked, before the answer leaves",
        "the resend meets NOT_AUTHENTICATED; the client opens a new session and asks for the outcome",
        pump=("a boot, in its count and log; a bolus under way is closed as interrupted", "that its answer was lost"),
    ),
    _answer_fault(
        "wrong_serial",
        "HELLO and INTERROGATE tell another serial number",
        "a client that keeps open commands by serial finds none for this one",
        Setting("serial", "what they tell", text=True, default="X-0000"),
    ),
)

SUPPLY_FAULTS = (
    Fault(
        "supply.cut",
        "bench",
        (
            Setting("off_us", "how long the power is gone", 0, OFF_US_MAX, default=0),
            Setting("after_bytes", "inside the memory write that passes so many bytes; now if not given", 0, optional=True),
        ),
        False,
        "the supply is cut, as by the verb power_cut",
        "a boot, in its count and log; a bolus under way is closed as interrupted",
        "nothing further",
        "no answer, then a lost session",
        "a supply that dies in the middle of a write",
    ),
    Fault(
        "supply.reset",
        "bench",
        (),
        False,
        "the firmware is reset, as by the verb reset",
        "a boot, in its count and log; a bolus under way is closed as interrupted",
        "nothing further",
        "a lost session",
        "a watchdog, a brown-out",
    ),
)

WIRE_FAULTS = (*LINK_FAULTS, *ANSWER_FAULTS, *SUPPLY_FAULTS)
BYTE_FAULTS = ("link.flip", "link.insert", "link.delete", "link.cut")
