"""When a stall and its recovery show, against the rule read off the oracle's list of pulses."""

from __future__ import annotations

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.firmware.prescription import Prescription
from tests.oracle.dosing_oracle import DosingOracle, stall_story
from tests.support.strategies import WEAK, prescriptions
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, filled, minimum, simple

MOTOR_STALL = 2
WEAK_MINIMUM = minimum()._replace(concentration_ng_per_ml=WEAK)
STARTED_US = 9_497 * US_PER_DAY


class Bystander:
    """A pump whose rotor sticks and comes free, and the oracle that watches its pulses."""

    def __init__(self, therapy: Prescription, profile: str = "itp-40") -> None:
        self.pump = filled(40 * ML, seed=5, profile=profile, concentration=WEAK)
        self.oracle = DosingOracle(self.pump.calibration_ppm, self.pump.truth().unit_error_ppm, 20, STARTED_US)
        self.therapy = therapy
        self.handle: int | None = None
        self.start()

    def start(self) -> None:
        """Run the therapy, given anew: a commit is a start too."""
        self.pump.commit(self.therapy)
        self.oracle.prescription = self.therapy

    def stop(self) -> None:
        """Stop."""
        self.pump.stop()
        self.oracle.stop()

    def turn(self) -> None:
        """The rotor sticks, or comes free."""
        if self.handle is None:
            self.handle = self.pump.inject("motor.stall")
        else:
            self.pump.clear(self.handle)
            self.handle = None
        self.oracle.moving = self.handle is None

    def turn_twice(self) -> None:
        """It turns and turns back with no time between."""
        self.turn()
        self.turn()

    def jump(self) -> None:
        """The clock chip jumps five hours; commanded time does not."""
        self.pump.inject("clock.jump", jump_us=5 * US_PER_H)
        self.oracle.shift_clock(5 * US_PER_H)

    def wait(self, us: int) -> None:
        """Time passes; then somebody interrogates, which gives the log of a lazy pump its recovery."""
        self.pump.advance(us=us)
        self.oracle.advance_to(self.pump.now_us)
        self.pump.interrogated()

    def heard(self) -> list[tuple[str, int]]:
        """What the pump's journal says of stalls: a recovery at the time it tells, or else at the time of its record."""
        records = [record for record in self.pump.events() if record.get("detail") == MOTOR_STALL]
        told = {"ALARM_RAISED": "raised", "ALARM_CLEARED": "cleared"}
        return [
            (told[str(record["event"])], int(str(record["value"])) or int(str(record["device_us"])))
            for record in records
            if record.get("event") in told
        ]


ACTS = st.sampled_from(("turn", "turn", "turn", "turn_twice", "stop", "start", "jump"))
WAITS = st.one_of(st.integers(0, 10_000_000), st.integers(US_PER_H // 6, 2 * US_PER_H), st.integers(US_PER_H, 14 * US_PER_H))


@settings(max_examples=150)
@given(
    therapy=st.one_of(prescriptions(20_000), st.sampled_from((simple(20_000, concentration=WEAK), WEAK_MINIMUM))),
    walk=st.lists(st.tuples(ACTS, WAITS), min_size=6, max_size=16),
    profile=st.sampled_from(("itp-40", "itp-40-next")),
)
@example(profile="itp-40", therapy=WEAK_MINIMUM, walk=[("turn", 1), ("stop", 1), ("start", 10 * US_PER_H), ("turn", 10 * US_PER_H)])
@example(
    profile="itp-40-next",
    therapy=simple(20_000, concentration=WEAK),
    walk=[("turn", US_PER_H), ("turn", US_PER_H), ("stop", 0), ("turn", 9), ("start", US_PER_H)],
)
def test_stall_shows_when_the_pulses_say_so(therapy: Prescription, walk: list[tuple[str, int]], profile: str) -> None:
    """Raised at the k-th unmoved step, least k >= 2 with 20 min of commanded time since the last that moved; cleared by the mirror rule."""
    bystander = Bystander(therapy, profile)
    for name, us in walk:
        getattr(bystander, name)()
        bystander.wait(us)

    heard = bystander.heard()
    event(f"{len(heard)} changes")
    assert heard == stall_story(bystander.oracle.pulses)


def test_truth_counts_only_what_moved() -> None:
    """Steps moved are the pulses that came while the rotor turned."""
    bystander = Bystander(simple(20_000, concentration=WEAK))
    for us in (US_PER_H, US_PER_H, 7, 3 * US_PER_H):
        bystander.turn()
        bystander.wait(us)

    truth = bystander.pump.truth()
    assert truth.steps_moved == sum(pulse.moved for pulse in bystander.oracle.pulses)
    assert truth.steps_commanded == len(bystander.oracle.pulses)
    assert isinstance(bystander.pump, Pump)
