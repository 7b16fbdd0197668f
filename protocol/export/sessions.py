"""The page's part on sessions, keys and MACs."""

from __future__ import annotations

from protocol.codes import Role
from protocol.keys import KEY_BYTES, KEY_SLOTS
from protocol.limits import BACK_OFF_FREE, BACK_OFF_US_MAX, MAGNET_STOPS_MAX, SESSION_IDLE_US, SESSION_LIFE_US, TOKEN_US

__all__ = ["SESSIONS"]

_BACK_OFF_S = BACK_OFF_US_MAX // 1_000_000
_TOKEN_S = TOKEN_US // 1_000_000
_PROVISIONER = int(Role.PROVISIONER)
_IDLE_MIN = SESSION_IDLE_US // 60_000_000
_LIFE_MIN = SESSION_LIFE_US // 60_000_000
_STOPS = MAGNET_STOPS_MAX
_FREE = BACK_OFF_FREE
_BYTES = KEY_BYTES
_SLOTS = KEY_SLOTS

SESSIONS = f"""## Sessions and keys

A pump keeps up to {_SLOTS} keys of {_BYTES} bytes, each with a key id (1 to {_SLOTS}) and the role that may speak with it; by
custom the id is the role's number. Everything below is HMAC-SHA-256, written HMAC(key, data); texts are ASCII, and + puts bytes one
behind the other.

1. The programmer sends HELLO, session 0 and sequence 0, without a MAC: its versions, role, key id, programmer id, and 16 bytes that
   it has never used before.
2. The pump answers with the session's number, its versions, a nonce of its own and a proof. Let T be the body of the HELLO and
   behind it the body of the answer without its first byte, the 16 bytes of the proof zeroed. The proof is the first 16 bytes of
   HMAC(key, "pumpsim proof" + T). A programmer that finds another one has the wrong key or the wrong pump, and sends nothing more.
3. Requests of the session carry a MAC under HMAC(key, "pumpsim host" + T), answers one under HMAC(key, "pumpsim pump" + T): the
   first 8 bytes of HMAC(that key, serial number + header + body), where the serial number is that of the HELLO's answer behind its
   length in one byte, and the header are its 16 bytes as sent, the MAC's flag set. The MAC stands between body and CRC.
4. The session waits until its first request with a right MAC, and only then takes the place of the one before it.

Without a MAC come the answer to HELLO, NOT_AUTHENTICATED, and PORT_BUSY. No field of therapy or patient is told outside of a
session.

- A wrong MAC, and a session that is never proved before the next HELLO, count as failures of their key id; an unknown key as one of
  an id that all unknown ones share. From the {_FREE}rd in a row on HELLO with that id is answered BUSY for 1, 2, 4 and so on to
  {_BACK_OFF_S} s; a magnet over the pump lifts that. A request outside of a session is answered NOT_AUTHENTICATED, and logged at
  most once a minute. Unproved calls of all ids together have an allowance too, which spares the battery: once it is spent, an id that
  has failures waits for up to five minutes.
- STOP works without a session (session 0, no MAC) while a magnet is held over the pump, {_STOPS} times an hour; the answer tells
  nothing but that it stopped, and the pump sounds at once.
- SERVICE_RESET takes two frames: the first with token 0 gets a token, the second brings it within {_TOKEN_S} s.
- Keys are replaced by a provisioner: HELLO with role {_PROVISIONER}, with the service key, or with key id 0 and a key of {_BYTES}
  zero bytes at a pump that has no key yet, and only while a magnet is held. The wrapped key is the new one XOR HMAC(host key of the
  session, "pumpsim mask" + key id + role), one byte each.
  A slot takes one key in a session, and the first key of a pump is its service key.
- A session ends with CLOSE, after {_IDLE_MIN} min without a request, and {_LIFE_MIN} min after it began.

A pump that proves nothing (`no-auth`) takes any key id, sends a proof of zeros, and refuses frames with a MAC; all else is the
same.
"""
