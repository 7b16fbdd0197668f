"""Our client on a line that fails and before a pump that lies: it ends, it says what is so, and no dose is given twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.faults.registry import REGISTRY
from tests.link.bedside import BOLUS_NL, BOLUS_S
from tests.link.faulty_line import FaultyLine, counted_nonces
from tests.support.replay import replayable

ENDS_WITHIN_US = (2 * BOLUS_S + 120) * 1_000_000
"""Every call ends after its few resends, whatever the line does; the rest is the wait for the bolus."""
ANSWER_FAULTS = [name for name in REGISTRY if name.startswith("answer.")]
LINK_FAULTS = [name for name, fault in REGISTRY.items() if name.startswith("link.") and fault.owner == "link tap"]
HONEST = {"answer.late", "answer.reboot_mid_session", "answer.busy_for_ever", "answer.wrong_serial"}
"""Faults of the answers after which a client that says `done` or `not done` must be right: these bend no content."""
TOGETHER = [*LINK_FAULTS, "answer.late", "answer.reboot_mid_session"]
BOLUSES = 3
DELAYS_US = [100_000, 1_900_000, 2_500_000, 9_000_000, 40_000_000, 700_000_000]
"""Before the reply timer runs out, after it, after the last resend, and when the bolus is long over."""
CUT_BYTES = 160
"""A bolus and its STATUS take about half of this each way."""

rates = st.sampled_from([50_000, 200_000, 500_000, 1_000_000])
byte_rates = st.sampled_from([500, 3_000, 20_000])
seeds = st.integers(0, 1 << 32)


def params_of(name: str, rate_ppm: int, seed: int) -> dict[str, int | str]:
    """Parameters of a fault, drawn from the seed, at a rate if it has one."""
    drawn = {"rate_ppm": rate_ppm, "seed": seed, "delay_us": DELAYS_US[seed % len(DELAYS_US)], "at_byte": 1 + seed % CUT_BYTES}
    return {setting.name: drawn[setting.name] for setting in REGISTRY[name].settings if setting.name in drawn}


def fits(word: str, given_nl: int) -> bool:
    """Whether what the client says of one bolus is so."""
    return {"done": given_nl == BOLUS_NL, "a part": 0 < given_nl <= BOLUS_NL, "uncertain": True}.get(word, given_nl == 0)


def tried(line: FaultyLine, faults: dict[str, dict[str, int | str]]) -> tuple[str, str, int]:
    """One bolus under these faults; what the client says at once, what it finds once they are gone, and what was given."""
    with replayable(line.unit), counted_nonces():
        programmer = line.programmer()
        handles = [line.bench.inject(name, **params) for name, params in faults.items()]
        before_us = line.bench.now_us()
        word, given_nl = line.bolus(programmer)
        assert line.bench.now_us() - before_us <= ENDS_WITHIN_US
        for handle in handles:
            line.bench.clear(handle)
        line.bench.advance(seconds=5)
        found = line.settled(programmer)
        assert given_nl <= BOLUS_NL
        assert (found == "nothing open") == (word != "uncertain")
        line.bench.advance(seconds=2 * BOLUS_S)
        programmer.close()
        return word, found, given_nl


@pytest.mark.parametrize("name", LINK_FAULTS)
@settings(max_examples=25)
@given(rate_ppm=rates, byte_rate_ppm=byte_rates, seed=seeds)
def test_line_fault_never_doubles_a_dose(name: str, rate_ppm: int, byte_rate_ppm: int, seed: int) -> None:
    """Whatever a line loses, doubles, delays or bends: what the client says is so, at once or when it has settled."""
    line = FaultyLine()
    rate = byte_rate_ppm if REGISTRY[name].counts == "bytes" else rate_ppm
    word, found, given_nl = tried(line, {name: params_of(name, rate, seed)})

    with replayable(line.unit):
        assert fits(word, given_nl)
        if word == "uncertain":
            assert fits(found, given_nl)


@pytest.mark.parametrize("name", ANSWER_FAULTS)
@settings(max_examples=25)
@given(rate_ppm=rates, seed=seeds)
def test_lying_answer_never_doubles_a_dose(name: str, rate_ppm: int, seed: int) -> None:
    """A pump that lies makes the client fail or doubt, at worst believe; it ends, and no more than one dose is given."""
    line = FaultyLine()
    word, found, given_nl = tried(line, {name: params_of(name, rate_ppm, seed)})

    with replayable(line.unit):
        if name in HONEST and word != "uncertain":
            assert fits(word, given_nl) or given_nl < BOLUS_NL
        if word == "uncertain":
            assert fits(found, given_nl) or (found == "done" and given_nl < BOLUS_NL)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(TOGETHER), rates, byte_rates, seeds), max_size=4))
def test_several_faults_never_double_a_dose(drawn: list[tuple[str, int, int, int]]) -> None:
    """Faults together, at high rates: at most one dose a command, and the client's last word is so."""
    line = FaultyLine()
    faults = {name: params_of(name, byte if REGISTRY[name].counts == "bytes" else rate, seed) for name, rate, byte, seed in drawn}
    word, found, given_nl = tried(line, faults)

    with replayable(line.unit):
        last = found if word == "uncertain" else word
        assert fits(last, given_nl) or (last in ("done", "a part") and 0 <= given_nl < BOLUS_NL and "answer.reboot_mid_session" in faults)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(LINK_FAULTS), rates, byte_rates, seeds), min_size=1, max_size=3))
def test_course_of_boluses_is_counted_right(drawn: list[tuple[str, int, int, int]]) -> None:
    """Up to three boluses on one bad line, each settled before the next: what the client counts is what was given."""
    line = FaultyLine()
    with replayable(line.unit), counted_nonces():
        programmer = line.programmer()
        for name, rate, byte_rate, seed in drawn:
            line.bench.inject(name, **params_of(name, byte_rate if REGISTRY[name].counts == "bytes" else rate, seed))
        said, given_nl = [], 0
        for _ in range(BOLUSES):
            tried_now = line.bolus(programmer)
            given_nl += tried_now.given_nl
            said.append(line.settled_in_the_end(programmer) if tried_now.word == "uncertain" else tried_now.word)
            if said[-1] == "uncertain":
                break
        for fault in line.bench.call("faults")["in_force"]:
            line.bench.clear(fault["handle"])
        last = line.settled(programmer)
        line.bench.advance(seconds=4 * BOLUS_S)
        said = [last if word == "uncertain" else word for word in said]

        assert given_nl == said.count("done") * BOLUS_NL


def test_client_needs_no_fault_to_be_right() -> None:
    """The harness itself: on a whole line a bolus is done, once."""
    assert tried(FaultyLine(), {}) == ("done", "nothing open", BOLUS_NL)
