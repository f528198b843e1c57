"""Entries of the inbox: a patron's feedback, or a kept turn, as the inbox reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from retrieval.asked.chips import ChipKind
from retrieval.words import split_words
from serve.conversations.tables import KeptTurn
from serve.curation.tables import InboxEntry
from serve.curation.weighing import UNKNOWN, is_unanswered, name_voice, sign, weigh
from serve.people.moments import as_utc
from serve.schemas import AnswerDetails
from serve.tables import Feedback
from train.pairs.pair import Earlier

_MOST_EARLIER = 3
_TELLING: frozenset[ChipKind] = frozenset({"person", "sender", "recipient", "date", "place"})
_JOINING = frozenset("and before after between from to of in or until since about by the".split())
"""Words of labels that name nobody and no day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer that was given and what is known of it. `thumb` is "" for a kept turn.

    `details` is None where nothing but the client's word stands behind question and answer, or where what
    was kept of them cannot be read.
    """

    id: str
    is_feedback: bool
    created: datetime
    question: str
    answer: str
    thumb: str
    reasons: tuple[str, ...]
    comment: str
    suggested: str
    details: AnswerDetails | None
    answer_id: str
    remembered: bool
    agreed: bool
    conversation: str

    @property
    def unanswered(self) -> bool:
        return is_unanswered(self.details, self.answer)

    @property
    def badness(self) -> float:
        return weigh(self.thumb, self.reasons, unanswered=self.unanswered, remembered=self.remembered)

    @property
    def voice(self) -> str:
        return name_voice(self.answer_id, self.conversation, remembered=self.remembered)

    @property
    def readings(self) -> tuple[str, ...]:
        """What the search read from the question, in words: people, dates, places and so on."""
        searched = self.details.searched if self.details else None
        return tuple(reading.label for reading in searched.readings if reading.used) if searched else ()

    @property
    def context(self) -> frozenset[str]:
        """Words of what was read of whom, when and where that the question itself does not say.

        A follow-up has them from the turns before: "Who was it written to?" is another question in another
        conversation.
        """
        own = set(split_words(self.question))
        searched = self.details.searched if self.details else None
        told = [
            set(split_words(reading.label)) - _JOINING
            for reading in (searched.readings if searched else ())
            if reading.kind in _TELLING
        ]
        return frozenset(word for words in told if not words & own for word in words)

    @property
    def signature(self) -> str:
        return sign(self.details, self.answer, unanswered=self.unanswered)


def read_waiting(session: Session, limit: int) -> list[Entry]:
    """Feedback, and kept turns that ended without an answer, that are in no group yet; oldest first.

    A kept turn that its patron gave feedback on comes in as that feedback.
    """
    feedback = session.scalars(_waiting_feedback().order_by(Feedback.created, Feedback.id).limit(limit)).all()
    entries = [read_feedback(row) for row in feedback]
    if len(entries) < limit:
        turns = _waiting_turns().order_by(KeptTurn.created, KeptTurn.id).limit(limit - len(entries))
        entries += [read_turn(row) for row in session.scalars(turns)]
    return entries


def count_waiting(session: Session) -> int:
    """How many are in no group yet."""
    return sum(
        session.scalar(select(func.count()).select_from(query.subquery())) or 0
        for query in (_waiting_feedback(), _waiting_turns())
    )


def read_entries(session: Session, ids: Collection[str]) -> dict[str, Entry]:
    """Entries by id; those whose time is over are not among them."""
    found = {
        row.id: read_feedback(row) for row in session.scalars(select(Feedback).where(Feedback.id.in_(ids)))
    }
    turns = session.scalars(select(KeptTurn).where(KeptTurn.id.in_(set(ids) - set(found))))
    return found | {row.id: read_turn(row) for row in turns}


def read_earlier(session: Session, entry: Entry) -> list[KeptTurn]:
    """The kept turns of the conversation before an entry, the last three, oldest first."""
    if not entry.conversation:
        return []
    asked = session.scalar(select(KeptTurn.created).where(KeptTurn.answer_id == entry.answer_id))
    before = (
        select(KeptTurn)
        .where(KeptTurn.conversation == entry.conversation, KeptTurn.answer_id != entry.answer_id)
        .where(KeptTurn.created < (asked or entry.created))
        .order_by(KeptTurn.created.desc(), KeptTurn.id)
        .limit(_MOST_EARLIER)
    )
    return list(reversed(session.scalars(before).all()))


def list_turns(rows: Iterable[KeptTurn]) -> tuple[Earlier, ...]:
    """What was asked and answered, one after the other."""
    return tuple(
        turn
        for row in rows
        for turn in (
            Earlier(role="user", content=row.question),
            Earlier(role="assistant", content=row.answer),
        )
    )


WORST_FIRST = (
    InboxEntry.badness.desc(),
    case((InboxEntry.voice == UNKNOWN, 1), else_=0),
    InboxEntry.created.desc(),
    InboxEntry.id,
)
"""Entries of a group as a page shows them: those that went worst first, then those that the service itself
remembers, then the newest."""


def select_worst() -> Select[InboxEntry]:
    """Entries, worst first."""
    return select(InboxEntry).order_by(*WORST_FIRST)


def read_feedback(row: Feedback) -> Entry:
    details = read_details(row.details) if row.remembered else None
    return Entry(
        id=row.id,
        is_feedback=True,
        created=as_utc(row.created),
        question=row.question,
        answer=row.answer,
        thumb=row.thumb,
        reasons=tuple(row.reasons),
        comment=row.comment,
        suggested=row.corrected_answer,
        details=details,
        answer_id=row.answer_id,
        remembered=row.remembered,
        agreed=bool(row.consent),
        conversation=row.conversation or "",
    )


def read_turn(row: KeptTurn) -> Entry:
    return Entry(
        id=row.id,
        is_feedback=False,
        created=as_utc(row.created),
        question=row.question,
        answer=row.answer,
        thumb="",
        reasons=(),
        comment="",
        suggested="",
        details=read_details(row.details),
        answer_id=row.answer_id,
        remembered=True,
        agreed=True,
        conversation=row.conversation,
    )


def read_details(kept: object) -> AnswerDetails | None:
    """What stands behind an answer; None where an older form of it cannot be read any more."""
    try:
        return AnswerDetails.model_validate(kept)
    except ValidationError:
        return None


def _waiting_feedback() -> Select[Feedback]:
    grouped = select(InboxEntry.id).where(InboxEntry.id == Feedback.id)
    return select(Feedback).where(~grouped.exists())


def _waiting_turns() -> Select[KeptTurn]:
    grouped = select(InboxEntry.id).where(InboxEntry.id == KeptTurn.id)
    told = select(Feedback.id).where(Feedback.answer_id == KeptTurn.answer_id)
    return select(KeptTurn).where(~grouped.exists(), ~told.exists(), _ended_badly())


def _ended_badly() -> ColumnElement[bool]:
    status: ColumnElement[str] = KeptTurn.details["status"].as_string()
    return status.in_(("not_found", "passages_only"))
