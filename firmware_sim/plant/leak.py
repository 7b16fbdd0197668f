"""A leak: where a share of the flow leaves the catheter, and the stretch beyond, which the rest of it goes on through.

The stretch beyond counts the volume that has entered it, so that its fluid keeps its place whatever the share is, was or becomes: nothing
is ever laid anew, and a leak of all the flow is one in which nothing enters. What each piece loses is the whole of it less what goes on,
so that no fluid and no drug is rounded away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from firmware_sim.plant.stretch import Span, Stretch
from firmware_sim.units import PPM

__all__ = ["Leak", "Passage"]


class Passage(NamedTuple):
    """What goes on past a leak: pieces by the volume that had entered beyond when each began, how much in all, and the drug that leaks."""

    spans: list[Span]
    kept_fl: int
    leaked_mass: int


@dataclass(slots=True)
class Leak:
    """`keep_ppm` of the flow goes on. At the anchor `anchor_out_fl` had left the reservoir and `anchor_in_fl` entered what lies beyond."""

    keep_ppm: int
    anchor_out_fl: int
    anchor_in_fl: int
    beyond: Stretch

    def entered_fl(self, out_fl: int) -> int:
        """Volume that has entered the stretch beyond when `out_fl` has left the reservoir."""
        return self.anchor_in_fl + (out_fl - self.anchor_out_fl) * self.keep_ppm // PPM

    def leaked_fl(self, out_fl: int) -> int:
        """Volume leaked since the anchor."""
        return out_fl - self.anchor_out_fl - self.entered_fl(out_fl) + self.anchor_in_fl

    def passage(self, volumes: list[Span]) -> Passage:
        """Share these (volume, concentration) out between the leak and the stretch beyond."""
        spans: list[Span] = []
        passed_fl = entered_fl = leaked_mass = 0
        for volume_fl, level in volumes:
            passed_fl += volume_fl
            kept_fl = passed_fl * self.keep_ppm // PPM - entered_fl
            if kept_fl:
                spans.append((self.anchor_in_fl + entered_fl, level))
            entered_fl += kept_fl
            leaked_mass += (volume_fl - kept_fl) * level
        return Passage(spans, entered_fl, leaked_mass)

    def since_anchor(self, near: Stretch, out_fl: int) -> Passage:
        """What has passed the far end of the stretch before the leak since the anchor."""
        return self.passage(near.volumes_between(self.anchor_out_fl - near.length_fl, out_fl - near.length_fl))

    def beyond_at(self, near: Stretch, out_fl: int) -> Stretch:
        """The stretch beyond as it is when `out_fl` has left the reservoir; a copy."""
        seen = replace(self.beyond)
        seen.lay([*seen.spans(), *self.since_anchor(near, out_fl).spans])
        return seen

    def admit(self, passage: Passage) -> None:
        """Let that into the stretch beyond, and book what leaves it at the tip."""
        self.beyond.lay([*self.beyond.spans(), *passage.spans])
        self.anchor_in_fl += passage.kept_fl
        self.beyond.settle(self.anchor_in_fl)

    def draw_back(self, volume_fl: int) -> int:
        """So much is drawn past the leak towards the pump: its share from beyond, the rest from outside. Returns the drug in it."""
        return self.beyond.pull(self.anchor_in_fl, 0, volume_fl * self.keep_ppm // PPM, 0)
