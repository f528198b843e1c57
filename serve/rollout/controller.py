"""Moves rollouts: on by a step, or back to 0 when a guard is breached. Every gateway runs it.

Nothing is decided from a gateway's own memory: each reads the same rows, and the alias's revision lets
exactly one of them make a move. A move touches no engine, and answers being written end as they began.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from serve.adapters.registry import SHARES, Alias, Registry, Rollout
from serve.database import Database
from serve.errors import Conflict, NotFound, ServeError
from serve.rollout.counts import ArmCounts, read
from serve.rollout.guards import Verdict, judge

log = logging.getLogger(__name__)

GUARD = "rollout guard"
STEPPER = "automatic rollout"


@dataclass(frozen=True, slots=True)
class RolloutReport:
    """A rollout for people: what is tried, what was counted, what the guards say, what happens next."""

    alias: str
    revision: int
    stable: str
    rollout: Rollout
    counts: tuple[ArmCounts, ...]
    verdict: Verdict
    next: str


def review(registry: Registry, database: Database) -> None:
    """Make the move that is due in each rollout, if any; meant to be called every second.

    Raises sqlalchemy.exc.SQLAlchemyError where the database cannot be reached; call it again later.
    """
    for alias in registry.snapshot().aliases:
        if alias.rollout is None:
            continue
        try:
            _move(registry, database, alias, alias.rollout)
        except Conflict as conflict:
            # Another gateway, or a person, was quicker; the next look sees what they made of it.
            log.info("rollout of %s on %s: %s", alias.rollout.candidate, alias.name, conflict)
        except ServeError as error:
            log.warning("rollout of %s on %s: %s", alias.rollout.candidate, alias.name, error)


def describe(registry: Registry, database: Database, alias: str) -> RolloutReport:
    """How the rollout on an alias stands. Raises NotFound where there is none."""
    found = next((entry for entry in registry.snapshot().aliases if entry.name == alias), None)
    if found is None:
        raise NotFound(f"There is no alias {alias[:80]!r}. List them: reading-room adapters list")
    if found.rollout is None:
        raise NotFound(
            f"Nothing is being tried on {alias}: it points to {found.stable}. Try a version out with: "
            f"reading-room adapters promote VERSION --alias {alias} --share {SHARES[0]}"
        )
    counts = read(database, found.rollout.id)
    verdict = judge(counts)
    return RolloutReport(
        alias=found.name,
        revision=found.revision,
        stable=found.stable,
        rollout=found.rollout,
        counts=counts,
        verdict=verdict,
        next=_say_next(found.rollout, counts, verdict),
    )


def _move(registry: Registry, database: Database, alias: Alias, rollout: Rollout) -> None:
    counts = read(database, rollout.id)
    verdict = judge(counts)
    if verdict.breached:
        registry.rollback(alias.name, revision=alias.revision, who=GUARD, why=verdict.sentence)
        log.warning("%s sent back from %s: %s", rollout.candidate, alias.name, verdict.sentence)
    elif rollout.automatic and _count_missing(rollout, counts) == 0:
        share = _next_share(rollout)
        registry.promote(
            alias.name,
            rollout.candidate,
            share=share,
            automatic=True,
            answers_needed=rollout.answers_needed,
            revision=alias.revision,
            who=STEPPER,
            why=f"{rollout.answers_needed:,} answers at {rollout.share} %, no guard breached",
        )
        log.info("%s goes from %d to %d %% on %s", rollout.candidate, rollout.share, share, alias.name)


def _count_missing(rollout: Rollout, counts: tuple[ArmCounts, ...]) -> int:
    """How many more answers the candidate needs at its present share."""
    given = sum(arm.answers for arm in counts if arm.arm == "candidate" and arm.share == rollout.share)
    return max(0, rollout.answers_needed - given)


def _next_share(rollout: Rollout) -> int:
    return next(share for share in SHARES if share > rollout.share)


def _say_next(rollout: Rollout, counts: tuple[ArmCounts, ...], verdict: Verdict) -> str:
    if verdict.breached:
        return f"goes back to 0 within seconds: {verdict.sentence}"
    if not rollout.automatic:
        return f"stays at {rollout.share} % until somebody promotes it, or a guard is breached"
    missing = _count_missing(rollout, counts)
    more = f"{missing:,} more {'answer' if missing == 1 else 'answers'}"
    return f"goes to {_next_share(rollout)} % after {more} at {rollout.share} %, unless a guard is breached"
