"""Feedback: kept durably before it is acknowledged, kept once however often it is sent."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serve.answer_memory import AnswerMemory
from serve.conversations.key import digest_id, name_key
from serve.conversations.tables import Tombstone
from serve.conversations.turn_taking import take_turn
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.people.moments import as_utc
from serve.plain import make_plain
from serve.schemas import FeedbackReply, FeedbackRequest
from serve.tables import Feedback

MOST_PER_ANSWER = 20
"""Times that one answer may be judged: nobody changes their mind oftener, and a flood fills the disk."""
_SAID = ("answer_id", "thumb", "comment", "corrected_answer")
"""What makes two requests of one key the same, beside their reasons."""


def keep_feedback(
    database: Database, memory: AnswerMemory, request: FeedbackRequest, *, days: int
) -> tuple[FeedbackReply, Feedback]:
    """Store a patron's feedback and commit it; the same idempotency key returns the first row.

    Raises NotFound when the answer is no longer remembered and the request does not carry it, Conflict for
    a key that was used for something else or whose feedback was erased, BadRequest for an answer that was
    judged too often.
    """
    for name in ("answer_id", "idempotency_key"):
        if not getattr(request, name).isprintable():
            raise BadRequest(f"{name}: expected printable characters only.", param=name)
    try:
        with database.sessions.begin() as session:
            row = _find_earlier(session, request) or _add(session, request, memory, days)
    except IntegrityError:
        # Two sends of one key at the same moment: the other one won.
        with database.sessions.begin() as session:
            earlier = _find_earlier(session, request)
            if earlier is None:
                raise
            row = earlier
    return _reply(row), row


def _find_earlier(session: Session, request: FeedbackRequest) -> Feedback | None:
    """What was kept under the key before. Raises Conflict where it was other words, or was erased."""
    if session.get(Tombstone, digest_id(request.idempotency_key)):
        raise Conflict("This feedback was deleted on request; it is not kept again.", param="idempotency_key")
    earlier = session.scalar(select(Feedback).where(Feedback.idempotency_key == request.idempotency_key))
    if earlier is None:
        return None
    same = all(getattr(earlier, name) == make_plain(getattr(request, name)) for name in _SAID)
    if not same or earlier.reasons != sorted(set(request.reasons)):
        raise Conflict(
            "This `idempotency_key` was used for other feedback already. Take a new one for each.",
            param="idempotency_key",
        )
    return earlier


def _add(session: Session, request: FeedbackRequest, memory: AnswerMemory, days: int) -> Feedback:
    row = _row(request, memory, days)
    take_turn(session, row.conversation or row.idempotency_key)
    if row.conversation and session.get(Tombstone, digest_id(row.conversation)):
        raise Conflict("This conversation was deleted on request; nothing more of it is kept.")
    judged = session.scalar(select(func.count()).where(Feedback.answer_id == row.answer_id)) or 0
    if judged >= MOST_PER_ANSWER:
        raise BadRequest(
            f"This answer was judged {MOST_PER_ANSWER} times already. Nothing you sent before is lost.",
            param="answer_id",
        )
    session.add(row)
    session.flush()
    return row


def _row(request: FeedbackRequest, memory: AnswerMemory, days: int) -> Feedback:
    answer = memory.recall(request.answer_id)
    if answer is None and not (request.question and request.answer):
        raise NotFound(
            f"Answer {request.answer_id[:80]!r} is not remembered any more. Send the feedback again with "
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
        comment=make_plain(request.comment),
        corrected_answer=make_plain(request.corrected_answer),
        question=make_plain(answer.question if answer else request.question),
        answer=make_plain(answer.text if answer else request.answer),
        details=answer.details.model_dump(mode="json") if answer else {},
        remembered=answer is not None,
        conversation=(answer.conversation if answer else name_key(request.conversation)) or None,
        consent=request.consent,
    )


def _reply(row: Feedback) -> FeedbackReply:
    return FeedbackReply(id=row.id, kept=True, created=_iso(row.created), kept_until=_iso(row.expires))


def _iso(moment: datetime) -> str:
    return as_utc(moment).isoformat(timespec="seconds")
