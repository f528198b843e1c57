"""An alias: a name that points to the base or to versions by weight, and how it may move.

Only values here: each move gives the next alias, one revision on. What is stored, and who was first,
is the registry's affair (`serve.adapters.registry`).
"""

from __future__ import annotations

import secrets
from collections.abc import Container
from dataclasses import dataclass, replace

from serve.adapters.folder import ADAPTER, RESERVED
from serve.errors import BadRequest

BASE = "base"
"""What an alias may point to besides a version: the base model, whatever the engines call it."""
SHARES = (5, 25, 50, 100)
"""Percent of the conversations a candidate is tried on, step by step; at 100 it is the stable version."""
KEPT_VERSIONS = 10
DEFAULT = "default"
"""The alias that answers where nothing else is asked for; it need not be stored to exist."""


def check_alias_name(name: str) -> None:
    """Raises BadRequest where no alias may be called `name`: it goes by the rules for adapters' names."""
    if not ADAPTER.fullmatch(name):
        raise BadRequest(
            "An alias is 1 to 41 lower-case letters, digits and single hyphens, such as letters; "
            f"found {name[:80]!r}.",
            param="alias",
        )
    if name in RESERVED and name != DEFAULT:
        raise BadRequest(f"{name} has another meaning here; choose another alias.", param="alias")


@dataclass(frozen=True, slots=True)
class Rollout:
    """A candidate being tried on `share` percent of the conversations.

    `id` is random and stays the same while the share changes: it decides which conversations are in.
    An automatic one goes a step on after `answers_needed` answers of the candidate at each share.
    """

    id: str
    candidate: str
    share: int
    automatic: bool
    answers_needed: int


@dataclass(frozen=True, slots=True)
class Alias:
    """A name and what it points to. `previous`: what was stable before, newest last, at most ten."""

    name: str
    revision: int
    stable: str
    previous: tuple[str, ...]
    rollout: Rollout | None

    @property
    def weights(self) -> dict[str, int]:
        """Percent of the conversations by version, BASE among them."""
        if self.rollout is None:
            return {self.stable: 100}
        return {self.stable: 100 - self.rollout.share, self.rollout.candidate: self.rollout.share}

    def promote(self, version: str) -> Alias:
        """Point to `version` alone; a rollout ends. The same alias where it does already."""
        if version == self.stable:
            return self.end_rollout()
        previous = (*self.previous, self.stable)[-KEPT_VERSIONS:]
        return replace(self, revision=self.revision + 1, stable=version, previous=previous, rollout=None)

    def try_out(self, version: str, share: int, *, automatic: bool, answers_needed: int) -> Alias:
        """Give `version` a share; a rollout of the same one goes on under its id, another one ends."""
        tried = self.rollout is not None and self.rollout.candidate == version
        name = self.rollout.id if self.rollout and tried else secrets.token_hex(12)
        rollout = Rollout(name, version, share, automatic, answers_needed)
        if rollout == self.rollout:
            return self
        return replace(self, revision=self.revision + 1, rollout=rollout)

    def end_rollout(self) -> Alias:
        """Give the candidate's share back to the stable version."""
        return self if self.rollout is None else replace(self, revision=self.revision + 1, rollout=None)

    def find_fallback(self, servable: Container[str]) -> str | None:
        """What a rollback of the stable version would lead to; None where there is nothing."""
        return next(
            (name for name in reversed(self.previous) if name in servable and name != self.stable), None
        )

    def fall_back(self, version: str) -> Alias:
        """Point to `version` alone, forgetting what came after it; a rollout ends.

        What is left behind is not kept in `previous`: a second rollback shall not come back to it.
        """
        place = max((at for at, name in enumerate(self.previous) if name == version), default=0)
        return replace(
            self,
            revision=self.revision + 1,
            stable=version,
            previous=self.previous[:place],
            rollout=None,
        )
