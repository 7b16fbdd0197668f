"""The bench's verbs, in process: what they do, and what they refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from hil.bench.lines import BenchLines
from hil.bench.verbs import VERBS
from hil.errors import BenchError, HilError
from hil.rig import Rig
from hil.unit import Unit
from protocol.errors import NoAnswer
from tests.rig.serving import FILL_NL, HELLO, PROGRAMMER, RATE_NL_PER_H, filled, lines

URL = "pumpsim://itp-40?seed=2"
MOTOR_STALL = 2
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_S = 86_400
SESSION_IDLE_MIN = 10
DRIFT_NL_PER_DAY = 5
"""The device's clock runs 20 ppm fast, and it doses by it."""

REFUSED = [
    ("advanc", {}, "bench", "did you mean advance?"),
    ("advance", {}, "advance", "at least one"),
    ("advance", {"hours": -1}, "advance.hours", "greater than or equal to 0 (it is -1)"),
    ("advance", {"hours": 1.5}, "advance.hours", "1.5"),
    ("advance", {"hours": True}, "advance.hours", "integer"),
    ("advance", {"hours": "8"}, "advance.hours", "integer"),
    ("advance", {"days": 10**9}, "advance.days", "less than or equal to"),
    ("advance", {"hour": 1}, "advance.hour", "did you mean hours?"),
    ("settle", {}, "settle.sent_bytes", "required"),
    ("run_until", {"condition": "alarm:motor_stal", "limit_s": 1}, "condition", "did you mean motor_stall?"),
    ("run_until", {"condition": "reservoir<=2", "limit_s": 1}, "condition", "no unit"),
    ("run_until", {"condition": "full moon", "limit_s": 1}, "condition", "alarm:CAUSE"),
    ("sample", {"every_s": 0, "duration_s": 1}, "sample.every_s", "greater than or equal to 1"),
    ("sample", {"every_s": 1, "duration_s": 36_525 * DAY_S}, "sample", "rows"),
    ("inject", {"fault": "motor.stal"}, "inject", "did you mean motor.stall?"),
    ("inject", {"fault": "catheter.occlusion", "params": {"fraction_ppm": 2_000_000}}, "inject", "1000000"),
    ("inject", {"fault": "catheter.occlusion"}, "inject", "fraction_ppm"),
    ("clear", {"handle": 99}, "clear", "99"),
    ("needle", {"inject_nl": 90_000_000}, "needle", ""),
    ("rinse", {"volume_nl": 90_000_000}, "rinse", ""),
    ("rinse", {"volume_nl": 1, "turns": 0}, "rinse.turns", "greater than or equal to 1"),
    ("listen", {"duration_s": 10**9}, "listen.duration_s", "less than or equal to"),
    ("run_until", {"condition": "battery:dead", "limit_s": 1}, "condition", "use one of: good, eri, eos"),
    ("needle", {"withdraw_nl": "some"}, "needle.withdraw_nl", "some"),
    ("power_cut", {"off_s": -1}, "power_cut.off_s", "-1"),
    ("schedule", {"after_s": 1, "act": "explode"}, "schedule", "explode"),
    ("restore", {"image": "***"}, "restore.image", "base64"),
    ("restore", {"image": "\u00c5\u00d7"}, "restore.image", "base64"),
    ("restore", {"image": "AAAA"}, "restore", "unit image"),
    ("restore", {"image": base64.b64encode(Unit.new("itp-20").save()).decode()}, "restore", "itp-20"),
    ("digest", {"part": "half"}, "digest.part", "half"),
    ("events", {"since": -1}, "events.since", "-1"),
    ("pace", {"pace": "fast"}, "pace", "lock-step"),
]


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A filled, running pump in this process."""
    with Rig.open(URL, programmer=PROGRAMMER) as opened:
        filled(opened)
        yield opened


class TestRefusals:
    """A verb that cannot be done."""

    @pytest.mark.parametrize("verb, args, where, says", REFUSED, ids=[f"{verb} {args}"[:50] for verb, args, _, _ in REFUSED])
    def test_says_where_and_what_and_changes_nothing(self, rig: Rig, verb: str, args: dict[str, object], where: str, says: str) -> None:
        """The error names the argument, its value and its limit; the pump is as it was."""
        before, now_us = rig.bench.digest(), rig.bench.now_us()
        with pytest.raises(HilError) as caught:
            rig.bench.call(verb, args)

        assert caught.value.where == where
        assert says in str(caught.value)
        assert (rig.bench.digest(), rig.bench.now_us()) == (before, now_us)

    def test_looks_refuse_a_pump_without_power(self, rig: Rig) -> None:
        """Firmware that does not run believes nothing; truth is there all the same."""
        rig.bench.power_cut(off_s=60)
        with pytest.raises(BenchError, match="power"):
            rig.bench.status()

        assert rig.bench.truth()["powered"] is False


class TestTime:
    """Verbs that let time pass."""

    def test_parts_of_a_span_add_up(self, rig: Rig) -> None:
        """Days, hours, minutes, seconds and microseconds are one sum."""
        assert rig.bench.advance(days=1, hours=2, minutes=3, seconds=4, us=5) == 93_784_000_005

    def test_looks_change_nothing(self, rig: Rig) -> None:
        """A day looked at hour by hour ends like a day that passed at once."""
        image = rig.bench.save()
        rig.bench.advance(days=1)
        at_once = rig.bench.digest()
        rig.bench.restore(image)
        for _ in range(24):
            rig.bench.advance(hours=1)
            for verb in ("truth", "status", "now", "faults", "events", "save", "pace", "verbs"):
                rig.bench.call(verb)

        assert rig.bench.digest() == at_once

    def test_sample_is_an_advance(self, rig: Rig) -> None:
        """Sampling through the end of a session leaves the same pump as advancing, with a row at each step."""
        image = rig.bench.save()
        rig.bench.advance(minutes=45)
        advanced = rig.bench.save()
        rig.bench.restore(image)
        columns = rig.bench.sample(every_s=7, duration_s=45 * 60)

        assert rig.bench.save() == advanced
        assert columns["now_us"] == list(range(0, 45 * MINUTE_US, 7_000_000))

    def test_sample_shows_belief_beside_truth(self, rig: Rig) -> None:
        """Computed volume falls by the programmed rate, true volume by the unit's own steps."""
        columns = rig.bench.sample(every_s=3_600, duration_s=DAY_S)

        fallen_nl = FILL_NL - columns["computed_reservoir_nl"][-1]

        assert 24 * RATE_NL_PER_H <= fallen_nl <= 24 * RATE_NL_PER_H + DRIFT_NL_PER_DAY
        assert columns["reservoir_nl"][-1] != columns["computed_reservoir_nl"][-1]

    def test_session_ends_at_its_own_instant(self, rig: Rig) -> None:
        """A long advance closes the idle session when it is due, not at its end."""
        rig.bench.inject("motor.stall")
        rig.bench.run_until("alarm:motor_stall", limit_s=DAY_S)
        rig.programmer.silence(2)
        began_us = rig.bench.status()["device_us"]
        rig.bench.advance(minutes=SESSION_IDLE_MIN, us=-0)
        rig.bench.advance(minutes=1)
        silenced = rig.bench.status()["alarms"][0]["silenced_until_us"]

        assert silenced == 0
        assert rig.bench.status()["device_us"] > began_us


class TestConditions:
    """run_until."""

    def test_alarm_is_found_at_its_instant(self, rig: Rig) -> None:
        """One microsecond before, it was not there."""
        rig.bench.inject("motor.stall")
        image = rig.bench.save()
        assert rig.bench.run_until("alarm:motor_stall", limit_s=DAY_S)
        found_us = rig.bench.now_us()
        rig.bench.restore(image)
        rig.bench.advance(us=found_us - 1 - rig.bench.now_us())

        assert rig.bench.status()["alarms"] == []

    def test_reservoir_level_is_found_and_not_passed(self, rig: Rig) -> None:
        """The level is met to the nanolitre."""
        assert rig.bench.run_until("reservoir<=19 mL", limit_s=30 * DAY_S)
        assert rig.bench.status()["computed_reservoir_nl"] == 19_000_000

    def test_end_of_a_bolus(self, rig: Rig) -> None:
        """It ends when the pump said it would."""
        answer = rig.programmer.bolus(20_000, 10_000, 600)
        assert rig.bench.run_until("bolus-ended", limit_s=DAY_S)

        assert rig.bench.status()["device_us"] == answer.end_us

    def test_sound_and_quiet(self, rig: Rig) -> None:
        """A stall sounds; cleared, it falls quiet by itself."""
        handle = rig.bench.inject("motor.stall")
        assert rig.bench.run_until("sound", limit_s=DAY_S)
        assert rig.bench.truth()["sound"] is not None
        rig.bench.clear(handle)

        assert rig.bench.run_until("quiet", limit_s=DAY_S)

    def test_each_class_of_sound_is_waited_for_by_itself(self, rig: Rig) -> None:
        """The alarm test plays the two-tone first; the single tone is found three seconds later."""
        rig.programmer.alarm_test()
        begun_us = rig.bench.status()["device_us"]
        assert rig.bench.run_until("sound:critical", limit_s=10)
        assert rig.bench.run_until("sound:non-critical", limit_s=10)

        assert rig.bench.truth()["sound"]["pattern"] == "single-tone"
        assert rig.bench.truth()["sound"]["began_us"] - begun_us == 3_000_000

    def test_sound_is_found_when_a_silence_has_ended(self, rig: Rig) -> None:
        """A stall that was silenced sounds again at its next repeat, and is heard then."""
        rig.bench.inject("motor.stall")
        rig.bench.run_until("alarm:motor_stall", limit_s=DAY_S)
        with rig.another_programmer() as programmer:
            until_us = programmer.silence(MOTOR_STALL).until_us
        raised_us = rig.bench.status()["alarms"][0]["raised_us"]
        assert rig.bench.run_until("sound", limit_s=DAY_S)
        heard_us = rig.bench.truth()["sound"]["began_us"]

        assert (heard_us - raised_us) % (10 * MINUTE_US) == 0
        assert until_us <= heard_us < until_us + 10 * MINUTE_US

    def test_battery_comes_to_its_states_at_its_dates(self, rig: Rig) -> None:
        """ERI is there at once when it comes early; EOS 90 days of device time after it, to the microsecond."""
        assert rig.bench.run_until("battery:good", limit_s=0)
        rig.bench.inject("battery.premature_eri")
        assert rig.bench.run_until("battery:eri", limit_s=0)
        begun_us = rig.bench.status()["device_us"]
        assert rig.bench.run_until("battery:eos", limit_s=100 * DAY_S)

        assert rig.bench.status()["device_us"] - begun_us == 90 * 24 * HOUR_US

    def test_ready_is_the_end_of_the_self_test(self, rig: Rig) -> None:
        """A pump that was reset is ready four seconds of device time later; one that runs is at once."""
        assert rig.bench.run_until("ready", limit_s=0)
        rig.bench.reset()
        begun_us = rig.bench.status()["device_us"]
        assert rig.bench.run_until("ready", limit_s=60)

        assert rig.bench.status()["device_us"] - begun_us == 4_000_000

    def test_limit_ends_the_wait(self, rig: Rig) -> None:
        """What does not come by then was not reached, and time has passed to the limit exactly."""
        assert not rig.bench.run_until("alarm:motor_stall", limit_s=3_600)
        assert rig.bench.now_us() == HOUR_US

    def test_power_comes_back(self, rig: Rig) -> None:
        """A pump without power can be waited for."""
        rig.bench.power_cut(off_s=90)
        assert rig.bench.run_until("powered", limit_s=DAY_S)

        assert rig.bench.now_us() == 90_000_000


class TestPowerAndImages:
    """Resets, cuts, images."""

    def test_reset_ends_the_session(self, rig: Rig) -> None:
        """The client has to open a new one, and does."""
        rig.bench.reset()

        assert rig.programmer.status().boot_count == 2

    def test_pump_without_power_hears_nothing(self) -> None:
        """Bytes to it are lost, and it knows of none of them later."""
        with Rig.open(URL, programmer={**PROGRAMMER, "retries": 0}) as rig:
            programmer = filled(rig)
            rig.bench.power_cut(off_s=600)
            with pytest.raises(NoAnswer):
                programmer.status()
            rig.bench.advance(seconds=600)

            assert programmer.status().line_errors == 0

    def test_cut_inside_a_write_answers_nothing_and_boots(self, rig: Rig) -> None:
        """The update is refused by silence; after the power is back, the old therapy or the new one is there, whole."""
        before = rig.bench.status()["prescription"]
        rig.bench.power_cut(after_bytes=10, off_s=1)
        try:
            rig.programmer.stop()
        finally:
            rig.bench.advance(seconds=10)

        assert rig.bench.call("now")["boots"] == 2
        assert rig.bench.status()["prescription"] == before

    def test_restored_unit_brings_its_session_back(self) -> None:
        """Session, sequence, cached answer and half a frame are in the image: the same bytes get the same answer again."""
        unit = Unit.new("itp-40", seed=2)
        unit.receive(HELLO)
        unit.receive(HELLO[:10])
        image = unit.save()
        answer = unit.receive(HELLO[10:])
        ended = unit.save()
        unit.restore(image)

        assert unit.receive(HELLO[10:]) == answer
        assert unit.save() == ended

    def test_client_ahead_of_a_restored_unit_opens_a_new_session(self, rig: Rig) -> None:
        """Going back in time is the bench's business; the client finds its way by itself."""
        image = rig.bench.save()
        generation = rig.programmer.status().generation
        rig.programmer.stop()
        rig.bench.restore(image)

        assert rig.programmer.status().generation == generation

    def test_scheduled_act_happens_in_time(self, rig: Rig) -> None:
        """A fault ordered for later is in force from that instant on."""
        rig.bench.call("schedule", after_s=60, act="inject", args={"name": "motor.stall"})
        rig.bench.advance(us=60_000_000 - 1)
        before = rig.bench.truth()["faults"]
        rig.bench.advance(us=1)

        assert (before, rig.bench.truth()["faults"]) == ([], ["motor.stall"])

    def test_needle_takes_all_in_reach(self, rig: Rig) -> None:
        """The word all draws what is above the residual; the pump believes as before."""
        believed = rig.bench.status()["computed_reservoir_nl"]
        drawn = rig.bench.needle(withdraw_nl="all")["withdrawn_nl"]

        assert drawn == FILL_NL
        assert rig.bench.truth()["reservoir_nl"] == 0
        assert rig.bench.status()["computed_reservoir_nl"] == believed


class TestService:
    """Rinse, service, and what is heard."""

    def test_rinse_leaves_drug_free_fluid_where_the_needle_cannot_reach(self, rig: Rig) -> None:
        """Each turn mixes with what lies below; the pump believes as before."""
        believed = rig.bench.status()["computed_reservoir_nl"]
        before = rig.bench.truth()["reservoir_concentration_ng_per_ml"]
        rig.bench.rinse(volume_nl=10_000_000, turns=3)
        truth = rig.bench.truth()

        assert truth["reservoir_nl"] == 0
        assert 0 < truth["reservoir_concentration_ng_per_ml"] < before // 100
        assert rig.bench.status()["computed_reservoir_nl"] == believed

    def test_service_resets_a_pump_whose_motor_is_off(self, rig: Rig) -> None:
        """The limiter's latch is opened and its alarm gone; after the self-test the pump starts when it is told to."""
        rig.bench.clear(rig.bench.inject("motor.stuck_driver", pulses_per_h=100))
        handle = rig.bench.inject("motor.stuck_driver", pulses_per_h=3_600)
        assert rig.bench.run_until("alarm:rate_limiter", limit_s=DAY_S)
        rig.bench.clear(handle)
        rig.bench.service_reset()
        rig.bench.run_until("ready", limit_s=60)
        rig.programmer.start()
        before = rig.bench.truth()["steps_moved"]
        rig.bench.advance(hours=1)

        assert [alarm for alarm in rig.bench.status()["alarms"] if alarm["active"]] == []
        assert rig.bench.truth()["steps_moved"] > before

    def test_sounds_of_a_night_are_told_with_their_starts(self, rig: Rig) -> None:
        """A stall every ten minutes of the device's fast clock, but in its silent hour; the pump ends as if nobody had listened."""
        rig.bench.inject("motor.stall")
        rig.bench.run_until("alarm:motor_stall", limit_s=DAY_S)
        rig.programmer.silence(MOTOR_STALL)
        rig.programmer.close()
        raised_us = rig.bench.status()["alarms"][0]["raised_us"]
        image = rig.bench.save()
        rig.bench.advance(hours=8)
        silent = rig.bench.digest()
        rig.bench.restore(image)
        heard = rig.bench.listen(duration_s=8 * 3_600)

        assert {sound["pattern"] for sound in heard} == {"two-tone"}
        assert [sound["began_us"] - raised_us for sound in heard] == [turn * 10 * MINUTE_US for turn in range(6, 49)]
        assert rig.bench.digest() == silent

    def test_silence_of_a_lost_session_ends_on_the_way(self, rig: Rig) -> None:
        """The session times out after ten minutes, and the stall is heard from its next repeat on."""
        rig.bench.inject("motor.stall")
        rig.bench.run_until("alarm:motor_stall", limit_s=DAY_S)
        rig.programmer.silence(MOTOR_STALL)
        raised_us = rig.bench.status()["alarms"][0]["raised_us"]
        heard = rig.bench.listen(duration_s=1_800)

        assert [sound["began_us"] - raised_us for sound in heard] == [turn * 10 * MINUTE_US for turn in (1, 2, 3)]


class TestLines:
    """The bench as lines of JSON."""

    def test_bytes_may_come_in_any_pieces(self, rig: Rig) -> None:
        """One byte at a time gives the same answers as all at once."""
        bench = getattr(rig.bench, "bench")  # noqa: B009  # only an in-process bench has one
        raw = lines(("now", {}), ("digest", {}), ("nonsense", {}))
        whole = BenchLines(bench).feed(raw)
        piecemeal = BenchLines(bench)

        assert b"".join(piecemeal.feed(raw[at : at + 1]) for at in range(len(raw))) == whole

    @pytest.mark.parametrize(
        "line", [b"{", b"[]", b'{"verb": 1}', b'{"verb": "now", "x": 1}', b'{"verb": "now", "args": []}', b"\xff", b"nul"]
    )
    def test_line_that_is_no_request_is_answered(self, rig: Rig, line: bytes) -> None:
        """Every line gets one line back, with an error that says what a request looks like."""
        answer = json.loads(BenchLines(getattr(rig.bench, "bench")).feed(line + b"\n"))  # noqa: B009  # as above

        assert answer["ok"] is False
        assert '"verb"' in answer["error"]["do"]

    def test_every_verb_has_a_line_of_help(self) -> None:
        """The table explains itself."""
        assert all(verb.doc and verb.name == name for name, verb in VERBS.items())
