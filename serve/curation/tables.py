"""The inbox, judged answers, retrieval cases, pairs and what happened to them.

A patron's own words are copied to `pair` and `retrieval_case` alone; the inbox points to where they are
kept, and goes with them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Float, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.tables import Base


class InboxGroup(Base):
    """Questions that ask the same. Each change of its state raises `revision`; claims do not."""

    __tablename__ = "inbox_group"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    opened: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(12), index=True)
    """open or judged."""
    revision: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[str] = mapped_column(String(16))
    """Of the last judgement; kept when it is reopened, "" before the first."""
    judged_by: Mapped[str] = mapped_column(String(200))
    judged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    known: Mapped[list[str]] = mapped_column(JSON)
    """Signatures of the answers that were judged: see `serve.curation.weighing`."""
    claimed_by: Mapped[str] = mapped_column(String(200))
    """`Actor.id`, "" where nobody is at it."""
    claimed_name: Mapped[str] = mapped_column(String(200))
    claimed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class InboxEntry(Base):
    """One answer that was given, in the group of its question: of a feedback or of a kept turn."""

    __tablename__ = "inbox_entry"
    __table_args__ = (
        # Ranking reads these of every entry: from the index, past the vectors.
        Index(
            "ix_inbox_entry_ranking", "group_id", "voice", "badness", "unanswered", "thumb", "created", "id"
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    """That of the feedback or kept turn."""
    group: Mapped[str] = mapped_column(
        "group_id", ForeignKey("inbox_group.id", ondelete="CASCADE"), index=True
    )
    feedback: Mapped[str | None] = mapped_column(
        "feedback_id", ForeignKey("feedback.id", ondelete="CASCADE"), index=True
    )
    turn: Mapped[str | None] = mapped_column(
        "turn_id", ForeignKey("kept_turn.id", ondelete="CASCADE"), index=True
    )
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    wording: Mapped[str] = mapped_column(String(64), index=True)
    """Digest of the question's normal form."""
    voice: Mapped[str] = mapped_column(String(64))
    """What counts as one: see `serve.curation.weighing`."""
    thumb: Mapped[str] = mapped_column(String(8))
    badness: Mapped[float] = mapped_column(Float)
    unanswered: Mapped[bool] = mapped_column()
    signature: Mapped[str] = mapped_column(String(64))
    """Tells answers apart that need judgements of their own."""
    embedder: Mapped[str] = mapped_column(String(200))
    """Digest of the model that made `vector`."""
    vector: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class InboxJudgement(Base):
    """What was decided on a group. `request` is a digest of what was sent under `idempotency_key`."""

    __tablename__ = "inbox_judgement"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who_id: Mapped[str] = mapped_column(String(200))
    who: Mapped[str] = mapped_column(String(200))
    group: Mapped[str] = mapped_column(
        "group_id", ForeignKey("inbox_group.id", ondelete="CASCADE"), index=True
    )
    verdict: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    pair: Mapped[str] = mapped_column(String(80))
    case: Mapped[str] = mapped_column("retrieval_case", String(40))
    idempotency_key: Mapped[str] = mapped_column(String(300), unique=True)
    request: Mapped[str] = mapped_column(String(64))


class RetrievalCase(Base):
    """A question that the search went wrong on, and what it should have found.

    Where the patron did not agree that it is kept, `feedback` ties it to the feedback's time.
    """

    __tablename__ = "retrieval_case"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(40), index=True)
    """The feedback or kept turn it came from."""
    feedback: Mapped[str | None] = mapped_column(
        "feedback_id", ForeignKey("feedback.id", ondelete="CASCADE"), index=True
    )
    conversation: Mapped[str | None] = mapped_column(String(32), index=True)
    question: Mapped[str] = mapped_column(Text)
    wrong: Mapped[list[str]] = mapped_column(JSON)
    """Ids of the records that were wrong."""
    right: Mapped[str] = mapped_column("right_record", String(500))
    index_version: Mapped[str] = mapped_column(String(100))


class StoredPairRow(Base):
    """A pair as it is now; `pair_event` says how it came there. A withdrawn one stays as a tombstone."""

    __tablename__ = "pair"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    """draft, submitted, approved or withdrawn."""
    revision: Mapped[int] = mapped_column(Integer)
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    history: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    kind: Mapped[str] = mapped_column(String(12))
    origin: Mapped[str] = mapped_column(String(12))
    contributor: Mapped[str] = mapped_column(String(200))
    editors: Mapped[list[str]] = mapped_column(JSON)
    """`Actor.id` of everybody who wrote, changed or submitted it: none of them is a second person."""
    approver: Mapped[str] = mapped_column(String(200))
    waiver: Mapped[str] = mapped_column(Text)
    waived: Mapped[list[str]] = mapped_column(JSON)
    """Codes of the findings that it was approved against."""
    returned: Mapped[str] = mapped_column(Text)
    """Why it was sent back, until it is submitted again."""
    consent: Mapped[str] = mapped_column(String(12))
    licence: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(35))
    conversation: Mapped[str | None] = mapped_column(String(32), index=True)
    group: Mapped[str] = mapped_column("group_id", String(40))
    """The group that it was judged in, "" for others."""
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    updated_by: Mapped[str] = mapped_column(String(200))


class PairSource(Base):
    """A feedback or kept turn whose words went into a pair, so that a deletion finds the pair."""

    __tablename__ = "pair_source"

    pair: Mapped[str] = mapped_column("pair_id", ForeignKey("pair.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
    conversation: Mapped[str | None] = mapped_column(String(32), index=True)


class PairEvent(Base):
    """What happened to a pair; only ever appended to. Holds nothing that the pair says."""

    __tablename__ = "pair_event"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who_id: Mapped[str] = mapped_column(String(200))
    who: Mapped[str] = mapped_column(String(200))
    pair: Mapped[str] = mapped_column("pair_id", String(80), index=True)
    what: Mapped[str] = mapped_column(String(20))
    revision: Mapped[int] = mapped_column(Integer)
    """The pair's, after it."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the pair's content after it."""
    why: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    idempotency_key: Mapped[str | None] = mapped_column(String(300), unique=True)
