"""Single bit flips anywhere in the pump's memory, and what they come to.

Ten thousand here, the same number in each region; a hundred thousand, with a table and a JSON file, by
`.venv/bin/python -m tests.support.flip_campaign 100000 build/bit-flips.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from firmware_sim.firmware import doses, journal, lockouts, nvm, records, scrub
from protocol import keys
from tests.conftest import TOLD_PROPERTY
from tests.support import flip_campaign
from tests.support.flip_day import PHASES_S
from tests.support.flips import DETECTED, HARMLESS, MASKED, REGIONS, WRONG, Case, Site, control, drawn_sites, judge, run_region

FLIPS = 10_000
EACH = -(-FLIPS // len(REGIONS))
FEW = 40
BANKS = ("bank_a", "bank_b")
RINGS = ("event_ring", "fault_ring")


@pytest.mark.pump_requirement("SF-14")
@pytest.mark.parametrize("region", REGIONS)
def test_flip_never_leads_to_something_wrong(region: str, seed: int, record_property: Callable[[str, object], None]) -> None:
    """No flip leads to a rate that is wrong past one scrub, a therapy or a record told otherwise, or a dose given or granted twice."""
    tally = run_region(region, EACH, seed)
    record_property(TOLD_PROPERTY, f"bit flips in {tally.line()}")

    assert not tally.wrongs, tally.wrongs[:5]
    assert sum(tally.kinds.values()) == EACH


def test_campaign_covers_every_region_that_holds_something() -> None:
    """Regions of the memory chip that a day fills, and the RAM image of the therapy, are all hit."""
    assert {"ram", *_profile_regions()} == set(REGIONS)


def _profile_regions() -> Iterator[str]:
    from firmware_sim.profile import load_profile

    yield from load_profile("itp-40").memory.regions()


def test_draws_cover_phases_resets_and_bytes() -> None:
    """Flips come right after, between and right before scrubs, half of them before a reset, and all over the bytes written."""
    drawn = drawn_sites("bank_a", 2_000, 1)

    assert {case.phase for _, case in drawn} == set(range(len(PHASES_S)))
    assert 0.45 < sum(1 for _, case in drawn if case.reset_s) / len(drawn) < 0.55
    assert len({site.offset for site, _ in drawn}) > 120
    assert {site.bit for site, _ in drawn} == set(range(8))


@pytest.mark.parametrize("region", BANKS)
def test_flip_in_one_bank_is_masked_and_told(region: str) -> None:
    """The other bank keeps the therapy, and memory_error says so."""
    assert {judge(site, case).kind for site, case in drawn_sites(region, FEW, 2)} == {MASKED}


@pytest.mark.parametrize("region", ["delivery_records", "lockout_ring", "calibration"])
def test_flip_in_a_record_is_mended_and_told(region: str) -> None:
    """The CRC tells which bit it was: what the record says holds, and the log tells of the mending."""
    assert {judge(site, case).kind for site, case in drawn_sites(region, FEW, 2)} == {MASKED}


@pytest.mark.parametrize("region", RINGS)
def test_flip_in_the_log_is_read_as_bad(region: str) -> None:
    """A record that was hit says that it is no record; all else is as it was."""
    assert {judge(site, case).kind for site, case in drawn_sites(region, FEW, 2)} == {DETECTED}


def test_flip_in_a_key_changes_no_key() -> None:
    """Each key is there twice: the copy that is whole counts, and nobody else gets in."""
    assert {judge(site, case).kind for site, case in drawn_sites("keys", FEW, 2)} == {HARMLESS}


def test_pump_that_was_not_hit_has_nothing_to_tell() -> None:
    """The control run twice is the same, so that a difference is the flip's."""
    for case in (Case(0, 0), Case(2, 600)):
        assert control.__wrapped__(case) == control(case)
        assert control(case).asked == ("LOCKOUT", "OK")
        assert control(case).resent == "OK"
        assert control(case).ended.bolus_nl == control(case).scrubbed.bolus_nl


# -- the campaign can fail -------------------------------------------------------------------------------------------------------


class Anything(int):
    """A CRC that fits whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


def body_of(record: bytes) -> bytes | None:
    """What `unseal` and `mend` return when nobody checks: all but what was never written."""
    return record[: -records.CRC.size] if record.strip(b"\xff") else None


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firmware without its CRC check; the controls were run with it."""
    for case in (Case(phase, reset_s) for phase in range(len(PHASES_S)) for reset_s in (0, 600, 3_300)):
        control(case)
    users: tuple[ModuleType, ...] = (records, nvm, doses, journal, lockouts)
    for module in users:
        for check in {"unseal", "mend"} & set(vars(module)):
            monkeypatch.setattr(module, check, body_of)
    monkeypatch.setattr(scrub, "image_crc", lambda prescription: Anything())


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("region", ["ram", *BANKS, "delivery_records", "event_ring", "fault_ring", "reservoir_state"])
def test_campaign_finds_a_firmware_without_crc_check(region: str) -> None:
    """Without the CRC check the same flips come to something wrong in each region that matters."""
    assert run_region(region, FEW * 2, 3).kinds.get(WRONG, 0) > 0


def test_campaign_finds_a_key_ring_without_crc_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the CRC check a bent key is taken for a key."""
    for case in (Case(phase, reset_s) for phase in range(len(PHASES_S)) for reset_s in (0, 600, 3_300)):
        control(case)
    monkeypatch.setattr(keys, "crc32c", lambda raw: Anything())

    assert run_region("keys", FEW * 2, 3).kinds.get(WRONG, 0) > 0


def test_wrong_rate_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scrub that does not look at the RAM leaves a wrong rate in force, and the judge says for how long."""
    monkeypatch.setattr(scrub, "image_crc", lambda prescription: Anything())
    verdicts = [judge(site, Case(case.phase, 0)) for site, case in drawn_sites("ram", FEW * 2, 4)]
    wrong = [verdict.why for verdict in verdicts if verdict.kind == WRONG]

    assert wrong
    assert any("prescription" in why or "commanded" in why or "rate" in why for why in wrong)


def test_full_campaign_writes_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command prints a row a region and writes the same as JSON; its exit code tells whether anything was wrong."""
    chosen = ("bank_a", "calibration")
    monkeypatch.setattr(flip_campaign, "REGIONS", chosen)
    code = flip_campaign.main(20, tmp_path / "deep" / "flips.json")
    told = json.loads((tmp_path / "deep" / "flips.json").read_text(encoding="utf-8"))

    assert code == 0
    assert [row["region"] for row in told] == list(chosen)
    assert told[0][MASKED] == 10
    assert told[1][MASKED] == 10
    assert "20 single bit flips" in capsys.readouterr().out
    assert isinstance(judge(Site("bank_a", 60, 3), Case(0, 0)).why, str)
