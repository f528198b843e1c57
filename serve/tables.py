"""The database's tables. What enters and what leaves are other types (`serve.schemas`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Root of the tables."""


class Feedback(Base):
    """What one patron said of one answer, with the answer as it was. Removed after `expires`."""

    __tablename__ = "feedback"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(300), unique=True)
    answer_id: Mapped[str] = mapped_column(String(300), index=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    thumb: Mapped[str] = mapped_column(String(8))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    comment: Mapped[str] = mapped_column(Text)
    corrected_answer: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    remembered: Mapped[bool] = mapped_column()
    """Whether question and answer are the service's own record of them, or only what the client sent."""
    conversation: Mapped[str | None] = mapped_column(String(32), index=True)
    """See `serve.conversations.key`; None where it is not known."""
    consent: Mapped[str | None] = mapped_column(String(40))
    """Version of the sentence that the patron was shown; None where the client does not say."""


class AdapterVersion(Base):
    """One immutable adapter version and the state it is in; `adapter_event` says how it came there."""

    __tablename__ = "adapter_version"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    adapter: Mapped[str] = mapped_column(String(60), index=True)
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(12), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    base_sha256: Mapped[str] = mapped_column(String(64))
    rank: Mapped[int] = mapped_column(Integer)
    targets: Mapped[list[str]] = mapped_column(JSON)
    lineage: Mapped[dict[str, Any]] = mapped_column(JSON)
    reference: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What peft's own forward pass gives for the probes; None where it could not be made."""
    problem: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))


class AdapterAlias(Base):
    """A name that points to versions by weight. Each change raises `revision` by one."""

    __tablename__ = "adapter_alias"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    stable: Mapped[str] = mapped_column(String(80))
    """A version, or "base"."""
    previous: Mapped[list[str]] = mapped_column(JSON)
    """What was stable before, newest last."""
    rollout: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """The candidate being tried, or None: see `serve.adapters.registry.Rollout`."""


class CollectionAlias(Base):
    """The alias that answers questions about a collection where the client names none."""

    __tablename__ = "collection_alias"

    collection: Mapped[str] = mapped_column(String(300), primary_key=True)
    alias: Mapped[str] = mapped_column(String(60))


class AdapterEvent(Base):
    """What happened to a version, an alias or a collection's alias; only ever appended to."""

    __tablename__ = "adapter_event"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(12))
    """version, alias or collection."""
    subject: Mapped[str] = mapped_column(String(300), index=True)
    what: Mapped[str] = mapped_column(String(40))
    why: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class RolloutCount(Base):
    """Answers of one arm of a rollout at one share, and how many of them were bad in which way."""

    __tablename__ = "rollout_count"

    rollout: Mapped[str] = mapped_column(String(40), primary_key=True)
    share: Mapped[int] = mapped_column(Integer, primary_key=True)
    arm: Mapped[str] = mapped_column(String(12), primary_key=True)
    """stable or candidate."""
    answers: Mapped[int] = mapped_column(Integer)
    errors: Mapped[int] = mapped_column(Integer)
    slow: Mapped[int] = mapped_column(Integer)
    invalid_citations: Mapped[int] = mapped_column(Integer)
    refusals: Mapped[int] = mapped_column(Integer)
    thumbs_down: Mapped[int] = mapped_column(Integer)
