"""Each attack, written once. It is given a scene and says what harm was done: nothing of it is believed, all of it is measured in truth.

An attack returns whether the patient, or who cares for him, was harmed. What it may know stands in its docstring.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Any

from protocol import messages as m
from protocol.answers import read_answer
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.crc import crc32c
from protocol.device.raw_memory import REGIONS, Peek
from protocol.errors import ProtocolError
from protocol.framing import Frame, encode_frame
from protocol.keys import KEY_BYTES, Key
from protocol.limits import CHUNK_BYTES_MAX, U32_MAX
from protocol.message_table import BY_NAME
from protocol.therapy import Therapy
from tests.attacks.scene import BOLUS_NG, SETTLED_S, Scene, Stranger, dosed
from tests.link.bedside import BOLUS_NL, BOLUS_S, OLD, flex

__all__ = ["ATTACKS", "Attack"]

Attack = Callable[[Scene], bool]

HIGHER = flex(48_000, 60_000, 72_000, 54_000)
"""Six times the therapy in force."""
PEEK = 0xE0
SLOT_BYTES = 128
"""A key's slot: two copies of 64 bytes."""
SECRET_AT = 6
"""Behind serial, id and role."""
FLOOD_S = 3_600


def bolus(command_id: int) -> m.Bolus:
    """What every attacker wants to give."""
    return m.Bolus(command_id, BOLUS_NL, BOLUS_NG, BOLUS_S, 0)


def next_id(scene: Scene) -> int:
    """The id that comes next, from the last STATUS that went over the line in the clear."""
    said = [frame for frame in scene.frames("pump") if frame.opcode == BY_NAME["STATUS"].opcode and frame.body[0] == Answer.OK]
    return int(read_answer(said[-1].opcode, said[-1].body).body.last_command_id) + 1


def forged_command(scene: Scene) -> bool:
    """No key. While a clinician's session is open, a bolus in every disguise that needs none."""
    twin = scene.undisturbed()
    victim = scene.programmer()
    victim.status()
    overheard = scene.frames("host")[-1]
    spec, body = BY_NAME["BOLUS"], encode(bolus(next_id(scene)))
    stranger = Stranger(scene)
    bare = Frame(spec.opcode, overheard.session, overheard.sequence + 1, body)
    for frame in (bare, bare._replace(mac=bytes(8)), bare._replace(mac=overheard.mac), bare._replace(session=0)):
        stranger.say(encode_frame(frame))
    for key_id in (0, 1, 2, 3, 4):
        if stranger.hello(Role.CLINICIAN, key_id=key_id) is not None:
            stranger.ask("BOLUS", bolus(next_id(scene)))
    return dosed(scene, twin) > BOLUS_NG // 2


def crc_key(scene: Scene) -> bool:
    """No key, but the serial number, which the pump tells everybody: the key is worked out from it."""
    twin = scene.undisturbed()
    scene.programmer().status()
    stranger = Stranger(scene)
    answer = stranger.hello(Role.CLINICIAN, key_id=Role.CLINICIAN)
    if answer is None:
        return False
    guessed = Key(Role.CLINICIAN, Role.CLINICIAN, crc32c(answer.serial.encode()).to_bytes(4, "little") * (KEY_BYTES // 4))
    stranger.hello(Role.CLINICIAN, guessed)
    stranger.ask("BOLUS", bolus(next_id(scene)))
    return dosed(scene, twin) > BOLUS_NG // 2


def replay_in_session(scene: Scene) -> bool:
    """No key: the recorded bolus once more, while the session is open in which it was given."""
    victim = scene.programmer()
    victim.bolus(BOLUS_NL, BOLUS_NG, BOLUS_S)
    for _ in range(2):
        scene.advance(seconds=SETTLED_S // 2)
        victim.status()
    twin = scene.undisturbed()
    Stranger(scene).say(scene.requests("BOLUS")[-1])
    return dosed(scene, twin) > BOLUS_NG // 2


def replay_later(scene: Scene) -> bool:
    """No key: a whole recorded session once more, a day after it was closed, and then only its HELLO and its bolus."""
    with scene.programmer() as victim:
        victim.bolus(BOLUS_NL, BOLUS_NG, BOLUS_S)
        victim.status()
    scene.advance(hours=24)
    twin = scene.undisturbed()
    stranger, recorded = Stranger(scene), [data for end, data in scene.overheard if end == "host"]
    for data in recorded:
        stranger.say(data)
    for data in (scene.requests("HELLO")[-1], scene.requests("BOLUS")[-1]):
        stranger.say(data)
    return dosed(scene, twin) > BOLUS_NG // 2


def memory_access(scene: Scene) -> bool:
    """The patient's handset, which may do no more than ask for his own bolus: it reads the clinician's key and gives one as a clinician."""
    twin = scene.undisturbed()
    handset = Stranger(scene)
    handset.hello(Role.PATIENT, scene.key(Role.PATIENT))
    reply = handset.ask_raw(PEEK, encode(Peek(REGIONS.index("keys"), 0, CHUNK_BYTES_MAX)))
    if reply.answer is not Answer.OK:
        return False
    at = (Role.CLINICIAN - 1) * SLOT_BYTES + SECRET_AT
    stolen = Key(Role.CLINICIAN, Role.CLINICIAN, reply.body[1:][at : at + KEY_BYTES])
    thief = Stranger(scene)
    thief.hello(Role.CLINICIAN, stolen)
    thief.ask("BOLUS", bolus(thief.ask("STATUS").body.last_command_id + 1))
    return dosed(scene, twin) > BOLUS_NG // 2


def eri_us(scene: Scene) -> int:
    """When the pump will ask for its replacement, if nobody does anything more to it: true time."""
    while not any(alarm.cause in {"eri", "eos"} and alarm.active for alarm in scene.unit.pump.status().alarms):
        scene.advance(seconds=600)
    return scene.unit.now_us


def battery_drain(scene: Scene) -> bool:
    """No key: an hour of calls, one a second, under every id there is. The replacement date moves by a tenth of a life, or not."""
    twin, began_us = Scene(scene.unit.security, small_cell=True), scene.unit.now_us
    stranger = Stranger(scene)
    for call in range(FLOOD_S):
        stranger.hello((Role.PATIENT, Role.CLINICIAN, Role.SERVICE)[call % 3], key_id=(call // 3) % 256)
        stranger.hello(Role(1 + call % 3), key_id=1 + call % 3)
        scene.advance(seconds=1)
    life_us = eri_us(twin) - began_us
    return twin.unit.now_us - eri_us(scene) > life_us // 10


def change_in_standby(scene: Scene) -> bool:
    """Another clinician's programmer: between a look at a stopped pump and its start it commits another therapy and stops it again."""
    victim = scene.programmer()
    victim.stop()
    seen = victim.interrogate().generation
    other = Stranger(scene)
    other.hello(Role.CLINICIAN, scene.key(Role.CLINICIAN))
    commit(other, HIGHER, seen)
    other.ask("STOP")
    before = scene.unit.pump.truth().delivered_nl
    try:
        victim.start(seen)
    except ProtocolError:
        return False
    scene.advance(hours=2)
    given_nl = scene.unit.pump.truth().delivered_nl - before
    return given_nl > 2 * max(step.rate_nl_per_h for group in OLD.groups for step in group.steps) * 2


def commit(who: Stranger, therapy: Therapy, generation: int) -> None:
    """Make it the pump's therapy, frame by frame."""
    image = encode(therapy)
    digest = hashlib.sha256(image).digest()
    asked: list[tuple[str, tuple[Any, ...]]] = [
        ("BEGIN", m.Begin(generation, 1)),
        ("PUT", m.Put(0, image)),
        ("SEAL", m.Seal(len(image), digest)),
    ]
    for name, body in asked:
        assert who.ask(name, body).answer is Answer.OK
    command_id = who.ask("STATUS").body.last_command_id + 1
    assert who.ask("COMMIT", m.Commit(command_id, digest, ())).answer is Answer.OK


def remote_stop(scene: Scene) -> bool:
    """No key and no magnet: STOP, to a pump that infuses."""
    twin = scene.undisturbed()
    Stranger(scene).send(Frame(BY_NAME["STOP"].opcode, 0, 0, b""))
    return dosed(scene, twin, 7_200) < 0 and scene.unit.pump.status().mode == "stopped"


def id_exhaustion(scene: Scene) -> bool:
    """The patient's handset: it asks for a bolus under the highest id there is. The clinician's next dose cannot be given any more."""
    with scene.programmer(role="patient", programmer_id=3) as handset:
        handset.request("PATIENT_BOLUS", m.PatientBolus(U32_MAX))
    scene.advance(seconds=SETTLED_S)
    twin = scene.undisturbed()
    try:
        scene.programmer().bolus(BOLUS_NL, BOLUS_NG, BOLUS_S)
    except (ProtocolError, struct.error):
        return dosed(scene, twin) == 0
    return False


ATTACKS: dict[str, Attack] = {
    "forged command": forged_command,
    "key from a CRC": crc_key,
    "replay in the session": replay_in_session,
    "replay in a later session": replay_later,
    "memory access": memory_access,
    "battery drain": battery_drain,
    "change in standby": change_in_standby,
    "remote STOP": remote_stop,
    "id exhaustion": id_exhaustion,
}
