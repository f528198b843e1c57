"""Take a patron's words out of everything that came of them here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from serve.curation.pairs import take_turn, tell
from serve.curation.tables import (
    InboxEntry,
    InboxGroup,
    PairSource,
    RetrievalCase,
    StoredPairRow,
)
from serve.people.authority import Actor, Role
from serve.people.moments import now_utc
from serve.tables import Feedback

ERASED = "Deleted at the request of the patron whose words were in it."
EXPIRED = "The time was over for which the patron's words may be kept without their agreement."
_NOBODY = Actor(Role.PATRON, "", "the service")
_NO_SYNC = {"synchronize_session": False}


def erase_pairs(
    session: Session,
    conversation: str | None,
    feedback: Sequence[str] = (),
    turns: Sequence[str] = (),
    *,
    why: str = ERASED,
) -> list[str]:
    """Erase what came of a conversation, or of these feedbacks and kept turns; returns the ids of the pairs.

    The pairs stay, withdrawn and without a word; inbox entries, groups that they alone made up, judgements
    and retrieval cases go. In the caller's transaction. A second call finds nothing more.
    """
    take_turn(session)
    sources = [*feedback, *turns]
    names = session.scalars(
        select(PairSource.pair).where(
            _came_of(PairSource.conversation, PairSource.source, conversation, sources)
        )
    )
    erased = []
    for name in sorted(set(names) | set(_find_by_conversation(session, conversation))):
        row = session.get(StoredPairRow, name, populate_existing=True)
        if row is not None and (row.question or row.state != "withdrawn"):
            _empty(session, row, why)
            erased.append(name)
    session.execute(
        delete(RetrievalCase).where(
            _came_of(RetrievalCase.conversation, RetrievalCase.source, conversation, sources)
        ),
        execution_options=_NO_SYNC,
    )
    _remove_entries(session, sources)
    session.flush()
    return erased


def erase_expired(session: Session) -> list[str]:
    """Erase pairs that no patron agreed to, once the feedback they came from is gone; returns their ids."""
    take_turn(session)
    kept = select(PairSource.pair).join(Feedback, Feedback.id == PairSource.source)
    stale = select(StoredPairRow).where(
        StoredPairRow.origin == "feedback",
        StoredPairRow.consent == "none",
        StoredPairRow.question != "",
        StoredPairRow.id.not_in(kept),
    )
    rows = session.scalars(stale).all()
    for row in rows:
        _empty(session, row, EXPIRED)
    session.flush()
    return [row.id for row in rows]


def _came_of(
    conversation_column: InstrumentedAttribute[str | None],
    source_column: InstrumentedAttribute[str],
    conversation: str | None,
    sources: Sequence[str],
) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [source_column.in_(sources)]
    if conversation:
        parts.append(conversation_column == conversation)
    return or_(*parts)


def _find_by_conversation(session: Session, conversation: str | None) -> Sequence[str]:
    if not conversation:
        return ()
    return session.scalars(select(StoredPairRow.id).where(StoredPairRow.conversation == conversation)).all()


def _empty(session: Session, row: StoredPairRow, why: str) -> None:
    """Leave a tombstone: which pair, when it went, and why."""
    row.state = "withdrawn"
    row.question = row.answer = row.waiver = row.returned = ""
    row.evidence, row.history = [], []
    row.conversation = None
    row.revision += 1
    row.updated, row.updated_by = now_utc(), _NOBODY.name
    session.flush()
    tell(session, _NOBODY, row, "erased", why)


def _remove_entries(session: Session, sources: Sequence[str]) -> None:
    groups = session.scalars(select(InboxEntry.group).where(InboxEntry.id.in_(sources))).all()
    session.execute(delete(InboxEntry).where(InboxEntry.id.in_(sources)), execution_options=_NO_SYNC)
    filled = select(InboxEntry.id).where(InboxEntry.group == InboxGroup.id)
    session.execute(
        delete(InboxGroup).where(InboxGroup.id.in_(groups), ~filled.exists()), execution_options=_NO_SYNC
    )
