"""The page's walk through one session, for who writes a client from it: the order of things, and what no table tells."""

from __future__ import annotations

from protocol.limits import CHUNK_BYTES_MAX, INTER_BYTE_US, RETRIES

__all__ = ["WALK"]

_PAUSE_MS = INTER_BYTE_US // 1_000

WALK = f"""## From HELLO to CLOSE

What a client says to a new pump, in an order that works. [A client in C](../examples/c-client/README.md) does just this.

1. **Line.** 115,200 baud, 8 bits, no parity, one stop bit, where a port has such things. A zero sent first ends what somebody
   left half sent; runs of no bytes are not counted. A run that pauses for more than {_PAUSE_MS} ms is given up.
2. **Waiting.** How long to wait for an answer is the client's affair; ours waits 250 ms on a real serial line and 2 s elsewhere.
   Then it sends the same bytes again, MAC and all, up to {RETRIES} times. What answers nothing that is open is thrown away, and
   so is an answer with a wrong MAC, or with none where one belongs. NOT_AUTHENTICATED has none and repeats session and sequence
   all the same; anybody can make one, so it tells a client to open a new session and ask again there, a command under its old id,
   and nothing of what became of that.
3. **HELLO.** The programmer id is the client's own, any number that no other programmer has; it stays the same from one session
   to the next, for commands and a half-made update belong to it. [Key files](../how-to/connect-your-programmer.md) are not part of the
   wire.
4. **INTERROGATE**, parts 0 to 3. Part 1 from offset 0 on, and again from where its data ended until `total` bytes are there. A
   therapy takes its `drug_id` and `drug_version` from `drug_id` and `version` of a DrugEntry; names are as the pump's profile
   writes them, `baclofen`.
5. **STATUS**, until SELF_TESTING is gone, which takes some seconds and no more than 70.
   `last_command_id` is 0 in a new pump, and the next command takes the number after it,
   whatever became of the last. Times named `until_us` or `end_us` are to be compared with `device_us`.
6. **REFILL**, after the needle and before the first therapy, which is refused NO_FILL without. `volume_nl` is all that is in the
   reservoir now, `withdrawn_nl` what was drawn out before. No clock needs setting for it, nor for a therapy.
7. **BEGIN** with the `generation` that STATUS tells, the one in force: 0 before the first. **PUT** each piece of at most
   {CHUNK_BYTES_MAX} bytes directly behind the bytes laid before, or over them. **SEAL** with length and SHA-256 of the image; the
   drug's soft limit is not judged here but in COMMIT. **READBACK** from offset 0 to `total`, to be compared byte for byte.
   **COMMIT** names the image by the same SHA-256, which from then on is STATUS's `therapy_digest` and part 1's `digest`.
8. COMMIT starts the therapy, also in a new pump; its answer tells the mode. With another drug than before the pump stays STOPPED
   until START. An update that is given up ends with ABORT. That changes nothing that runs: a pump that had stopped for the update
   stays STOPPED until START.
9. **BOLUS** with volume and dose, which have to agree: `dose_ng` is `volume_nl` times the concentration in ng/mL over 1,000,000,
   to within what one nanolitre holds, or one nanogram. In a group of a therapy, `daily_dose_ng` is the same of the day's volume,
   to within what 1 nL/h makes in a day.
10. **OUTCOME** of the bolus's id, again and again, while its state is RECEIVED or EXECUTING; EXECUTED is all of it, INTERRUPTED a
    part. `digest` there is the first 16 bytes of SHA-256 over the command's opcode (2 bytes), programmer id (8 bytes) and body.
    Do not ask for an id that was never sent: that uses it up.
11. **CLOSE**. Ten minutes without a request end the session too, also while a client waits for a bolus.

Bytes that say yes or no (`interrupt`, `may_lengthen`, `active` and so on) are 0 for no; send 1 for yes, and take any other number
than 0 for it. Simple continuous is one group of all weekdays (127) with one step from minute 0 to 1440. A bit's number in words
of AlarmCause is its place, so 19 is 0x80000; StatusFlag lists the values themselves, so 32 is 0x20.
"""
