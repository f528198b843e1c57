"""Feedback: kept durably before it is acknowledged, kept once however often it is sent."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError

from serve.answer_memory import AnswerMemory
from serve.database import Database
from serve.errors import NotFound
from serve.schemas import FeedbackReply, FeedbackRequest
from serve.tables import Feedback


def keep_feedback(
    database: Database, memory: AnswerMemory, request: FeedbackRequest, *, days: int
) -> tuple[FeedbackReply, Feedback]:
    """Store a patron's feedback and commit it; the same idempotency key returns the first row.

    Raises NotFound when the answer is no longer remembered and the request does not carry it.
    """
    with database.sessions() as session:
        if earlier := session.scalar(_by_key(request.idempotency_key)):
            return _reply(earlier), earlier
    row = _row(request, memory, days)
    try:
        with database.sessions.begin() as session:
            session.add(row)
    except IntegrityError:
        # Two sends of one key at the same moment: the other one won, and it says the same.
        with database.sessions() as session:
            row = session.scalars(_by_key(request.idempotency_key)).one()
    return _reply(row), row


def purge_feedback(database: Database, now: datetime | None = None) -> int:
    """Delete feedback whose time is over; returns how many rows went."""
    with database.sessions.begin() as session:
        gone = session.execute(
            delete(Feedback).where(Feedback.expires <= (now or datetime.now(UTC))).returning(Feedback.id)
        )
        return len(gone.all())


def _by_key(key: str) -> Select[Feedback]:
    return select(Feedback).where(Feedback.idempotency_key == key)


def _row(request: FeedbackRequest, memory: AnswerMemory, days: int) -> Feedback:
    answer = memory.recall(request.answer_id)
    if answer is None and not (request.question and request.answer):
        raise NotFound(
            f"Answer {request.answer_id!r} is not remembered any more. Send the feedback again with "
            "`question` and `answer` filled in.",
            param="answer_id",
        )
    now = datetime.now(UTC)
    return Feedback(
        id=f"feedback-{secrets.token_hex(12)}",
        idempotency_key=request.idempotency_key,
        answer_id=request.answer_id,
        created=now,
        expires=now + timedelta(days=days),
        thumb=request.thumb,
        reasons=sorted(set(request.reasons)),
        comment=_storable(request.comment),
        corrected_answer=_storable(request.corrected_answer),
        question=_storable(answer.question if answer else request.question),
        answer=_storable(answer.text if answer else request.answer),
        details=answer.details.model_dump(mode="json") if answer else {},
        remembered=answer is not None,
    )


def _storable(text: str) -> str:
    """PostgreSQL cannot hold a NUL in text."""
    return text.replace("\x00", "")


def _reply(row: Feedback) -> FeedbackReply:
    return FeedbackReply(id=row.id, kept=True, created=_iso(row.created), kept_until=_iso(row.expires))


def _iso(moment: datetime) -> str:
    """SQLite gives times back without a zone; all of ours are UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat(timespec="seconds")
