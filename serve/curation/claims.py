"""Who is at a group of the inbox: a lease, so that two curators do not read the same thing at once.

It ends by itself. It keeps nobody from looking, only from judging; what two write at once is settled by the
group's revision.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from serve.curation.pairs import take_turn
from serve.curation.ranking import find_worst_free
from serve.curation.tables import InboxGroup
from serve.errors import Conflict, NotFound
from serve.people.authority import Actor
from serve.people.moments import as_utc, now_utc
from serve.plain import make_plain

LEASE = timedelta(minutes=5)


def claim(session: Session, actor: Actor, name: str) -> InboxGroup:
    """Say that `actor` is at a group for the next five minutes, from now on again if they are already.

    Raises Conflict, which says who is at it and until when.
    """
    take_turn(session)
    group = find_group(session, name)
    refuse_claimed(group, actor)
    _lease(group, actor)
    return group


def release(session: Session, actor: Actor, name: str) -> InboxGroup:
    """Leave a group; somebody else's claim stays."""
    take_turn(session)
    group = find_group(session, name)
    if group.claimed_by == actor.id:
        clear(group)
    return group


def claim_worst(session: Session, actor: Actor, skip: Collection[str] = ()) -> InboxGroup | None:
    """Claim the worst open group that nobody else is at: two who ask at once get two. None where none is."""
    take_turn(session)
    standing = find_worst_free(session, actor.id, now_utc(), skip)
    if standing is None:
        return None
    group = find_group(session, standing.group)
    _lease(group, actor)
    return group


def clear(group: InboxGroup) -> None:
    """Nobody is at it any more."""
    group.claimed_by, group.claimed_name, group.claimed_until = "", "", None


def find_group(session: Session, name: str) -> InboxGroup:
    """A group as it is now. Raises NotFound."""
    group = session.get(InboxGroup, make_plain(name)[:40], populate_existing=True)
    if group is None:
        raise NotFound(f"There is no group {make_plain(name)[:40]!r} in the inbox. List them: GET /v1/inbox")
    return group


def refuse_claimed(group: InboxGroup, actor: Actor) -> None:
    """Raises Conflict where somebody else is at a group."""
    until = claimed_until(group)
    if until and group.claimed_by != actor.id:
        raise Conflict(
            f"{group.claimed_name} is at this question until {until.isoformat(timespec='seconds')}. "
            "Take another one, or wait."
        )


def claimed_until(group: InboxGroup) -> datetime | None:
    """When the present claim ends; None where there is none."""
    if not group.claimed_by or group.claimed_until is None:
        return None
    until = as_utc(group.claimed_until)
    return until if until > now_utc() else None


def _lease(group: InboxGroup, actor: Actor) -> None:
    group.claimed_by, group.claimed_name = actor.id[:200], actor.name[:200]
    group.claimed_until = now_utc() + LEASE
