"""Kept conversations, daily counts, and what is left of things removed: proofs, records, tombstones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.tables import Base


class DailyAnswers(Base):
    """How many answers of one kind were given on one day (UTC). No text, no ids."""

    __tablename__ = "daily_answers"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    collection: Mapped[str] = mapped_column(String(300), primary_key=True)
    """Id of the collection the question was about; "" where that is not known."""
    found: Mapped[bool] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20), primary_key=True)
    """As in `AnswerDetails`, or "failed"."""
    adapter: Mapped[str] = mapped_column(String(300), primary_key=True)
    answers: Mapped[int] = mapped_column(Integer)


class Agreement(Base):
    """A patron agreed that a conversation is kept; gone when it is taken back. Removed after `expires`."""

    __tablename__ = "agreement"

    conversation: Mapped[str] = mapped_column(String(32), primary_key=True)
    """See `serve.conversations.key`."""
    agreed: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    """That of its newest turn."""
    consent: Mapped[str] = mapped_column(String(40))
    """Version of the sentence agreed to: see `serve.wire.conversations.CONSENTS`."""


class KeptTurn(Base):
    """A question and its answer, kept by agreement. Removed after `expires`."""

    __tablename__ = "kept_turn"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation: Mapped[str] = mapped_column(String(32), index=True)
    answer_id: Mapped[str] = mapped_column(String(300), unique=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`AnswerDetails` as the patron had it."""
    consent: Mapped[str] = mapped_column(String(40))


class Purge(Base):
    """Proof of one purge; only ever appended to."""

    __tablename__ = "purge"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who: Mapped[str] = mapped_column(String(200))
    removed: Mapped[dict[str, int]] = mapped_column(JSON)
    """Rows removed, by the rule's name."""
    oldest: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The earliest `expires` among what was removed."""
    newest: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 over the hashes in `purged` that name this purge, sorted, one a line."""
    remaining_expired: Mapped[int] = mapped_column(Integer)
    """Rows whose time is over and which are still there, counted after the removal."""


class Purged(Base):
    """The hash of an id that a purge removed (`digest_id`), so that its removal can be shown."""

    __tablename__ = "purged"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purge: Mapped[int] = mapped_column(ForeignKey("purge.id"), primary_key=True, index=True)


class Erasure(Base):
    """What a request for deletion removed and what it reached: ids and names, no text; only appended to."""

    __tablename__ = "erasure"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    who: Mapped[str] = mapped_column(String(200))
    """The member of staff who asked for it; "patron" for a patron's own."""
    feedback: Mapped[list[str]] = mapped_column(JSON)
    turns: Mapped[list[str]] = mapped_column(JSON)
    pairs: Mapped[list[str]] = mapped_column(JSON)
    datasets: Mapped[list[str]] = mapped_column(JSON)
    adapters: Mapped[list[str]] = mapped_column(JSON)


class Tombstone(Base):
    """The hash of a name under which something was erased: what was sent again later is not kept anew."""

    __tablename__ = "tombstone"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    erasure: Mapped[str] = mapped_column(ForeignKey("erasure.id"), index=True)
