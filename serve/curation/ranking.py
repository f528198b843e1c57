"""Which group is looked at first.

    score = (sum over voices of how badly it went) × (1 + share of voices that got no answer)

A voice is a conversation, or an answer where no conversation is known; it counts once, at its worst
(`serve.curation.weighing`: 1 for a thumb down, 1.5 where the answer is said to be false or hurtful, 0.5 where
only its form is disliked or where nothing was found and the patron said nothing, 0 for a thumb up; a fifth of
it, once in each group, for what only clients say of answers that the service does not remember). So a
question rises by how many it went badly for, and at most doubles by how often the collections gave nothing.
Of equal scores the more often asked comes first, then the newest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from serve.curation.tables import InboxEntry, InboxGroup


@dataclass(frozen=True, slots=True)
class Standing:
    """How one group stands: `asked` counts voices, `badness` is their sum."""

    group: str
    score: float
    asked: int
    thumbs_down: int
    thumbs_up: int
    unanswered: int
    first: datetime
    last: datetime


def rank(session: Session, state: str, *, limit: int, offset: int = 0) -> list[Standing]:
    """Groups of a state, worst first."""
    query = _select().where(InboxGroup.state == state).limit(limit).offset(offset)
    return [_load(row) for row in session.execute(query)]


def find_worst_free(
    session: Session, actor_id: str, now: datetime, skip: Collection[str] = ()
) -> Standing | None:
    """The worst open group that nobody else is at, none of those in `skip`."""
    free = or_(
        InboxGroup.claimed_by == "",
        InboxGroup.claimed_by == actor_id,
        InboxGroup.claimed_until.is_(None),
        InboxGroup.claimed_until <= now,
    )
    query = _select().where(and_(InboxGroup.state == "open", free, InboxGroup.id.not_in(list(skip))))
    row = session.execute(query.limit(1)).first()
    return _load(row) if row else None


def stand(session: Session, group: str) -> Standing | None:
    """How one group stands; None where nothing is left in it."""
    row = session.execute(_select().where(InboxGroup.id == group)).first()
    return _load(row) if row else None


def count_groups(session: Session, state: str) -> int:
    """How many groups of a state have anything in them."""
    filled = select(InboxEntry.id).where(InboxEntry.group == InboxGroup.id)
    query = select(func.count()).select_from(InboxGroup).where(InboxGroup.state == state, filled.exists())
    return session.scalar(query) or 0


def _select() -> Select[Any]:
    unanswered = cast(InboxEntry.unanswered, Integer)
    voices = (
        select(
            InboxEntry.group.label("name"),
            func.max(InboxEntry.badness).label("badness"),
            func.max(unanswered).label("unanswered"),
            func.max(case((InboxEntry.thumb == "down", 1), else_=0)).label("down"),
            func.max(case((InboxEntry.thumb == "up", 1), else_=0)).label("up"),
            func.min(InboxEntry.created).label("first"),
            func.max(InboxEntry.created).label("last"),
        )
        .group_by(InboxEntry.group, InboxEntry.voice)
        .subquery()
    )
    asked = func.count()
    score = func.sum(voices.c.badness) * (1.0 + func.sum(voices.c.unanswered) * 1.0 / asked)
    return (
        select(
            voices.c.name,
            score.label("score"),
            asked.label("asked"),
            func.sum(voices.c.down).label("down"),
            func.sum(voices.c.up).label("up"),
            func.sum(voices.c.unanswered).label("unanswered"),
            func.min(voices.c.first).label("first"),
            func.max(voices.c.last).label("last"),
        )
        .join(InboxGroup, InboxGroup.id == voices.c.name)
        .group_by(voices.c.name)
        .order_by(score.desc(), asked.desc(), func.max(voices.c.last).desc(), voices.c.name)
    )


def _load(row: Sequence[Any]) -> Standing:
    name, score, asked, down, up, unanswered, first, last = row
    return Standing(name, float(score), int(asked), int(down), int(up), int(unanswered), first, last)
