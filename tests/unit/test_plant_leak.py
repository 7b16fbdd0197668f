"""A catheter with a leak: its accounts under any acts, where fluid is beyond the leak, and what a side port draws and pushes there."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.plant.catheter import Catheter
from firmware_sim.plant.conditions import Conditions

NL = 1_000_000
PATH_NL, TUBING_NL = 1_000, 400
SHARES = (1, 333_333, 500_000, 999_999, 1_000_000)
LEVELS = (0, 5, 1_000, 4_000_000_000_000)
VOLUMES_FL = (1, 3, 7 * NL, 333 * NL + 1, 2_500 * NL)


@dataclass
class Bench:
    """A catheter, what was fed to it, and the most that had left it at the last look."""

    catheter: Catheter = field(default_factory=lambda: Catheter.drug_free(PATH_NL * NL, TUBING_NL * NL))
    out_fl: int = 0
    fed_mass: int = 0
    gone: tuple[int, ...] = (0, 0, 0, 0)
    priming: bool = False

    @property
    def level(self) -> int:
        """The reservoir's strength."""
        return self.catheter.near.levels_fg_per_ml[-1]

    def feed(self, volume_fl: int) -> None:
        """Let fluid out of the reservoir."""
        self.fed_mass += volume_fl * self.level
        self.out_fl += volume_fl

    def settle(self) -> None:
        """End the prime, if one runs."""
        if self.priming:
            self.catheter.end_mixing(self.out_fl, TUBING_NL * NL, self.level)
        self.priming = False

    def prime(self, volume_fl: int) -> None:
        """Begin a prime."""
        self.settle()
        self.catheter.begin_mixing(self.out_fl, volume_fl, TUBING_NL * NL, self.level)
        self.priming = True

    def refill(self, level: int) -> None:
        """Another strength from now on."""
        self.settle()
        self.catheter.append(self.out_fl, level)

    def aspirate(self, volume_fl: int) -> None:
        """Draw through the side port."""
        self.settle()
        self.catheter.aspirate(self.out_fl, volume_fl)

    def inject(self, volume_fl: int, level: int) -> None:
        """Push through the side port."""
        self.settle()
        self.catheter.inject(self.out_fl, volume_fl, level)

    def leak(self, at_nl: int, share_ppm: int, astray_ppm: int = 0) -> None:
        """A leak there, and at the tip a share astray."""
        self.catheter.take_conditions(self.out_fl, Conditions(leak_nl=at_nl, leak_ppm=share_ppm, tip_astray_ppm=astray_ppm))

    def mend(self) -> None:
        """No leak."""
        self.catheter.take_conditions(self.out_fl, Conditions())

    def look(self) -> None:
        """All accounts are whole, and nothing that left comes back."""
        catheter, out_fl = self.catheter, self.out_fl
        gone = catheter.delivered_fl(out_fl), catheter.delivered_mass(out_fl), catheter.leaked_fl(out_fl), catheter.leaked_mass(out_fl)
        held = catheter.held_mass(out_fl) + catheter.mixing_mass_rounding - catheter.lent_mass(out_fl)
        assert out_fl + catheter.side_injected_fl + catheter.drawn_back_fl == gone[0] + gone[2] + catheter.side_withdrawn_fl
        assert self.fed_mass + catheter.side_injected_mass == gone[1] + gone[3] + catheter.side_withdrawn_mass + held
        assert all(now >= before for now, before in zip(gone, self.gone, strict=True))
        pieces = catheter.pieces(out_fl)
        assert sum(volume for volume, _ in pieces) == catheter.path_fl
        assert sum(volume * level for volume, level in pieces) == catheter.held_mass(out_fl)
        astray = catheter.astray(out_fl)
        assert 0 <= astray[0] <= gone[0]
        assert 0 <= astray[1] <= gone[1]
        self.gone = gone


ACTS = st.one_of(
    st.tuples(st.just("feed"), st.sampled_from(VOLUMES_FL)),
    st.tuples(st.just("refill"), st.sampled_from(LEVELS)),
    st.tuples(st.just("aspirate"), st.sampled_from(VOLUMES_FL)),
    st.tuples(st.just("inject"), st.sampled_from(VOLUMES_FL), st.sampled_from(LEVELS)),
    st.tuples(st.just("prime"), st.sampled_from(VOLUMES_FL)),
    st.tuples(st.just("leak"), st.sampled_from((400, 401, 700, 999, 1_000)), st.sampled_from(SHARES), st.sampled_from((0, *SHARES))),
    st.tuples(st.just("mend")),
)


@settings(max_examples=300)
@given(acts=st.lists(ACTS, max_size=40))
def test_every_account_is_whole_whatever_is_done(acts: list[tuple[str, int]]) -> None:
    """Leaks that come, change and go between feeds, primes, refills and the side port: no fluid and no drug is lost, made or comes back."""
    bench = Bench()
    for name, *arguments in acts:
        getattr(bench, name)(*arguments)
        bench.look()
    bench.settle()
    bench.look()


@settings(max_examples=100)
@given(acts=st.lists(ACTS.filter(lambda act: act[0] not in ("leak", "mend")), max_size=20))
def test_leak_of_nothing_is_no_leak(acts: list[tuple[str, int]]) -> None:
    """A path torn and mended at the same instant, before every act, ends as the path that never was."""
    plain, torn = Bench(), Bench()
    for name, *arguments in acts:
        getattr(plain, name)(*arguments)
        torn.leak(700, 500_000)
        torn.mend()
        getattr(torn, name)(*arguments)

    plain.catheter.append(plain.out_fl, 77)
    torn.catheter.append(torn.out_fl, 77)
    assert torn.catheter.pieces(torn.out_fl) == plain.catheter.pieces(plain.out_fl)
    assert torn.catheter.delivered_mass(torn.out_fl) == plain.catheter.delivered_mass(plain.out_fl)


def full(level: int = 9) -> Bench:
    """A path full of one fluid, as much of it delivered."""
    bench = Bench()
    bench.refill(level)
    bench.feed(2 * PATH_NL * NL)
    return bench


def test_fluid_beyond_a_leak_keeps_its_place_when_the_share_changes() -> None:
    """The pieces beyond the leak are where they were, to the femtolitre, when it grows, moves no flow any more, and heals."""
    bench = full()
    bench.refill(4)
    bench.feed(700 * NL)
    bench.leak(500, 300_000)
    bench.feed(101 * NL + 3)
    before = bench.catheter.pieces(bench.out_fl)
    for share in (800_000, 1_000_000, 1):
        bench.leak(500, share)
        assert bench.catheter.pieces(bench.out_fl) == before
    old_fl = 300 * NL - (101 * NL + 3) * 7 // 10
    assert before == ((old_fl, 9), (500 * NL - old_fl, 4), (500 * NL, 4))
    bench.mend()

    assert bench.catheter.pieces(bench.out_fl) == ((old_fl, 9), (1_000 * NL - old_fl, 4))


def test_all_that_comes_to_a_break_leaks() -> None:
    """Beyond a leak of the whole flow the catheter stands still and nothing is delivered; mended, it goes on from there."""
    bench = full()
    bench.leak(600, 1_000_000)
    delivered = bench.catheter.delivered_fl(bench.out_fl)
    bench.refill(4)
    bench.feed(5_000 * NL)
    assert bench.catheter.delivered_fl(bench.out_fl) == delivered
    assert bench.catheter.leaked_fl(bench.out_fl) == 5_000 * NL
    assert bench.catheter.leaked_mass(bench.out_fl) == 600 * NL * 9 + 4_400 * NL * 4
    assert bench.catheter.pieces(bench.out_fl) == ((400 * NL, 9), (600 * NL, 4))

    bench.mend()
    bench.feed(400 * NL)
    assert bench.catheter.delivered_fl(bench.out_fl) == delivered + 400 * NL
    assert bench.catheter.tip_concentration(bench.out_fl) == 4


def test_share_of_a_leak_is_delivered_less_to_the_femtolitre() -> None:
    """What goes on is the floor of its share of all that came since; what leaks is the rest."""
    bench = full()
    before = bench.catheter.delivered_fl(bench.out_fl)
    bench.leak(400, 333_333)
    for _ in range(1_000):
        bench.feed(777)

    assert bench.catheter.delivered_fl(bench.out_fl) - before == 777_000 * 666_667 // 1_000_000
    assert bench.catheter.leaked_fl(bench.out_fl) == 777_000 - 777_000 * 666_667 // 1_000_000


def test_side_port_before_a_break_draws_nothing_of_what_lies_beyond() -> None:
    """The 200 nL between port and break hold drug; after them comes fluid from outside, and the catheter beyond is untouched."""
    bench = full()
    bench.leak(600, 1_000_000)
    drawn = bench.catheter.aspirate(bench.out_fl, 700 * NL)

    assert drawn == 200 * NL * 9
    assert bench.catheter.pieces(bench.out_fl) == ((400 * NL, 9), (200 * NL, 0), (400 * NL, 9))


def test_side_port_before_a_leak_draws_its_share_from_outside() -> None:
    """Of 100 nL drawn past a leak of a quarter, 75 come from beyond: the path before it then holds fluid of three quarters the strength."""
    bench = full(8)
    bench.leak(600, 250_000)
    drawn = bench.catheter.aspirate(bench.out_fl, 100 * NL)

    assert drawn == 100 * NL * 8
    assert bench.catheter.pieces(bench.out_fl) == ((75 * NL, 0), (325 * NL, 8), (100 * NL, 6), (500 * NL, 8))
    assert bench.catheter.drawn_back_fl == 100 * NL


def test_push_through_the_side_port_leaks_like_any_flow() -> None:
    """Of 300 nL pushed, the leak takes its half: the 200 before it first, then what was pushed."""
    bench = full(8)
    bench.leak(600, 500_000)
    before = bench.catheter.delivered_mass(bench.out_fl)
    bench.inject(300 * NL, 2)

    assert bench.catheter.leaked_mass(bench.out_fl) == 100 * NL * 8 + 50 * NL * 2
    assert bench.catheter.delivered_mass(bench.out_fl) - before == 150 * NL * 8
    assert bench.catheter.pieces(bench.out_fl) == ((350 * NL, 8), (50 * NL, 2), (200 * NL, 2), (400 * NL, 8))


@pytest.mark.parametrize("astray", [0, 250_000, 1_000_000])
def test_astray_is_a_share_of_what_is_delivered_from_then_on(astray: int) -> None:
    """The share counts from the change on, and stays counted when it ends; what was delivered is the same."""
    bench = full(8)
    before = bench.catheter.delivered_mass(bench.out_fl)
    bench.leak(-1, 0, astray)
    bench.feed(100 * NL)
    wanted = (100 * NL * astray // 1_000_000, 800 * NL * astray // 1_000_000)
    assert bench.catheter.astray(bench.out_fl) == wanted
    bench.mend()
    bench.feed(100 * NL)

    assert bench.catheter.astray(bench.out_fl) == wanted
    assert bench.catheter.delivered_mass(bench.out_fl) == before + 1_600 * NL
