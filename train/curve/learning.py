"""The learning curve: what a quarter, a half and all of the pairs bring, and whether more would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from train.curve.measured import TOKENS
from train.curve.study import Found, Point, Study
from train.evaluation.comparing import Difference
from train.evaluation.power import more_needed

SHARES = (0.25, 0.5, 1.0)
LEAST_GAIN = 0.01
"""A doubling of the data that brings less, as a share of the answers' tokens, is not worth the work."""
Outlook = Literal["helps", "does not help", "cannot be told"]


@dataclass(frozen=True, slots=True)
class Curve:
    """What each share brought, the smallest first; `base` is the base untrained.

    `gain` is what the last doubling brought in tokens foretold.
    """

    base: Found
    found: tuple[Found, ...]
    gain: Difference

    @property
    def outlook(self) -> Outlook:
        """Whether more data of the same kind can be expected to help, if it goes on as it did last."""
        if self.gain.high < LEAST_GAIN:
            return "does not help"
        if self.gain.low > 0 and self.gain.value >= LEAST_GAIN:
            return "helps"
        return "cannot be told"

    @property
    def sentence(self) -> str:
        """The outlook in plain words, with what it rests on."""
        before, after = self.found[-2], self.found[-1]
        gain = self.gain
        rests = (
            f"from {before.pairs} to {after.pairs} pairs the tokens of held-out answers that were foretold "
            f"changed by {100 * gain.value:+.1f} points (at least {100 * gain.low:+.1f}, at most "
            f"{100 * gain.high:+.1f}, each bound at 95 %; {gain.count} questions)"
        )
        if self.outlook == "does not help":
            return f"More data of this kind will not help: {rests}, which is less than a point."
        if self.outlook == "helps":
            return f"More data of this kind will help, if it goes on as it did: {rests}."
        more = more_needed(
            gain.value, gain.spread, gain.count, gain.clusters, goal=LEAST_GAIN, worse=LEAST_GAIN
        )
        settle = f" About {more} more held-out questions would tell." if more else ""
        return f"Whether more data of this kind will help cannot be told yet: {rests}.{settle}"


def draw_curve(study: Study, shares: Sequence[float] = SHARES) -> Curve:
    """Run and measure every share. Raises as `Study.run` does."""
    base = study.measure_base()
    found = tuple(study.run(Point(f"{100 * share:g} %", {"share": share})) for share in sorted(shares))
    return Curve(base, found, found[-1].measured.compare(found[-2].measured)[TOKENS])
