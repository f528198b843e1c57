"""Turns of a conversation whose patron agreed that it is kept: stored while that holds, gone when it ends."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from serve.answer_memory import Answer
from serve.conversations.key import digest_id
from serve.conversations.tables import Agreement, KeptTurn, Tombstone
from serve.conversations.turn_taking import take_turn
from serve.database import Database
from serve.errors import Conflict
from serve.people.moments import as_utc
from serve.plain import make_plain

log = logging.getLogger(__name__)

Keeper = Callable[[Answer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """How a conversation stands: `until` is when its newest turn goes, None where nothing is agreed."""

    agreed: bool
    turns: int = 0
    until: datetime | None = None


def agree(database: Database, key: str, consent: str, answers: Iterable[Answer], *, days: int) -> Kept:
    """Keep a conversation: its `answers` so far, and each that `keep_turn` brings from now on.

    Raises Conflict for a conversation that was erased.
    """
    now = datetime.now(UTC)
    with database.sessions.begin() as session:
        take_turn(session, key)
        if session.get(Tombstone, digest_id(key)):
            raise Conflict("This conversation was deleted. Begin a new one, then agree that it is kept.")
        agreement = session.get(Agreement, key)
        if agreement is None:
            agreement = Agreement(conversation=key, agreed=now, expires=now, consent=consent)
            session.add(agreement)
        agreement.consent, agreement.expires = consent, now + timedelta(days=days)
        session.flush()
        for answer in answers:
            _store(session, answer, agreement, now)
        session.flush()
        return _look(session, key)


def keep_turn(database: Database, answer: Answer, *, days: int) -> bool:
    """Store a finished answer where its conversation is being kept; returns whether it is."""
    if not answer.conversation:
        return False
    with database.readings() as reading:
        if reading.get(Agreement, answer.conversation) is None:
            return False
    now = datetime.now(UTC)
    with database.sessions.begin() as session:
        take_turn(session, answer.conversation)
        agreement = session.get(Agreement, answer.conversation)
        if agreement is None:  # taken back meanwhile
            return False
        agreement.expires = now + timedelta(days=days)
        _store(session, answer, agreement, now)
    return True


def make_keeper(database: Database, days: int) -> Keeper:
    """What an answer is handed to when it is whole. A database that is away costs the patron nothing."""

    async def keep(answer: Answer) -> None:
        if not answer.conversation:
            return
        try:
            await asyncio.to_thread(keep_turn, database, answer, days=days)
        except SQLAlchemyError as error:
            log.warning("a turn was not kept, the database does not answer: %s", type(error).__name__)

    return keep


async def keep_nothing(_answer: Answer) -> None:
    """For answers that nobody may keep."""


def look(database: Database, key: str) -> Kept:
    """How a conversation stands."""
    with database.readings() as session:
        return _look(session, key)


def remove_turns(session: Session, key: str) -> list[str]:
    """Take an agreement back within the caller's transaction: no turn stays. Returns the turns' ids."""
    session.execute(delete(Agreement).where(Agreement.conversation == key))
    gone = session.execute(delete(KeptTurn).where(KeptTurn.conversation == key).returning(KeptTurn.id))
    return sorted(gone.scalars())


def _store(session: Session, answer: Answer, agreement: Agreement, now: datetime) -> None:
    answer_id = answer.details.answer_id
    if session.scalar(select(KeptTurn.id).where(KeptTurn.answer_id == answer_id)):
        return
    session.add(
        KeptTurn(
            id=f"turn-{secrets.token_hex(12)}",
            conversation=agreement.conversation,
            answer_id=answer_id,
            created=now,
            expires=agreement.expires,
            question=make_plain(answer.question),
            answer=make_plain(answer.text),
            details=answer.details.model_dump(mode="json"),
            consent=agreement.consent,
        )
    )


def _look(session: Session, key: str) -> Kept:
    agreement = session.get(Agreement, key)
    if agreement is None:
        return Kept(agreed=False)
    turns = session.scalar(select(func.count()).where(KeptTurn.conversation == key)) or 0
    return Kept(agreed=True, turns=turns, until=as_utc(agreement.expires))
