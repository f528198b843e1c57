"""What a build is given: pairs with what is known of them beside their text."""

from __future__ import annotations

from dataclasses import dataclass

from train.pairs.pair import Pair


@dataclass(frozen=True, slots=True)
class Candidate:
    """An approved pair at one revision.

    `stops` are the codes of checks that say stop and that nobody has waived; `closed`: the index has evidence
    of it that the public may not see by now.
    """

    pair: Pair
    revision: int
    stops: tuple[str, ...] = ()
    closed: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A pair in a version, at the revision that was approved."""

    pair: Pair
    revision: int
