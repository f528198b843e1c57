"""The tables of jobs. No moment in them decides anything: clocks jump (`serve.jobs.claims`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Float, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.tables import Base


class JobRow(Base):
    """One job and who works on it. Each change raises `revision` by one, each claim `fence` too.

    Keep no text of a patron's in `plan`, `progress` or `result`: a job is not erased.
    """

    __tablename__ = "job"
    __table_args__ = {"sqlite_autoincrement": True}

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    """The order of the queue."""
    id: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(12), index=True)
    """See `serve.jobs.job.State`."""
    wanted: Mapped[str] = mapped_column(String(8))
    """pause or cancel, while its worker has not done so yet; else empty."""
    revision: Mapped[int] = mapped_column(Integer)
    fence: Mapped[int] = mapped_column(Integer)
    still_seconds: Mapped[float] = mapped_column(Float)
    """Seconds that `revision` must stand still before a worker may take the job; 0: at once."""
    worker: Mapped[str] = mapped_column(String(200))
    """Who works on it, or did last."""
    attempts: Mapped[int] = mapped_column(Integer)
    """Claims since it last came further than ever before; one that was stopped in order does not count."""
    most_attempts: Mapped[int] = mapped_column(Integer)
    furthest: Mapped[float] = mapped_column(Float)
    """The greatest share done that was ever reported."""
    progress: Mapped[dict[str, Any]] = mapped_column(JSON)
    heard: Mapped[int] = mapped_column(BigInteger)
    """Bytes of the run's own events that are in `job_event`."""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    problem: Mapped[str] = mapped_column(Text)
    """Why it failed, or has to be tried again; else empty."""
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))
    why: Mapped[str] = mapped_column(Text)


class JobEventRow(Base):
    """What happened to a job, or what its run said; only ever appended to."""

    __tablename__ = "job_event"
    __table_args__ = {"sqlite_autoincrement": True}

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    job: Mapped[int] = mapped_column(Integer, ForeignKey("job.number"), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    level: Mapped[str] = mapped_column(String(8))
    type: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
