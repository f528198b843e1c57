"""Runs and what was decided on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.tables import Base


class RunRow(Base):
    """One run. What was asked for never changes; `version`, `report` and what belongs to them come later.

    Keep no text of a pair's here: a run outlives an erasure.
    """

    __tablename__ = "run"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    created_by: Mapped[str] = mapped_column(String(200))
    why: Mapped[str] = mapped_column(Text)
    dataset: Mapped[str] = mapped_column(String(80), index=True)
    """Full name of the dataset version."""
    dataset_sha256: Mapped[str] = mapped_column(String(64))
    adapter: Mapped[str] = mapped_column(String(60), index=True)
    """The name that the version will have a number of."""
    base: Mapped[str] = mapped_column(String(200))
    base_sha256: Mapped[str] = mapped_column(String(64))
    asked: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Settings of the recipe that were laid down; the rest is chosen when it begins."""
    pairs: Mapped[int] = mapped_column(Integer)
    exam: Mapped[int] = mapped_column(Integer)
    job: Mapped[str] = mapped_column(String(40), unique=True)
    """The job that trains."""
    version: Mapped[str] = mapped_column(String(80), index=True)
    """The adapter version that came of it, "" before, and for a full fine-tuning."""
    trained: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    exam_job: Mapped[str] = mapped_column(String(40))
    """The job that has the version sit its exam; the newest one, "" before there is a version."""
    examined: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    verdict: Mapped[str] = mapped_column(String(20))
    """Of the gate: pass, fail or not enough evidence; "" before."""
    files: Mapped[dict[str, str]] = mapped_column(JSON)
    """SHA-256 of the exam's report and of the gate's, by file name."""


class RunDecisionRow(Base):
    """What somebody decided on a run; only ever appended to."""

    __tablename__ = "run_decision"
    __table_args__ = {"sqlite_autoincrement": True}

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run: Mapped[str] = mapped_column("run_id", ForeignKey("run.id"), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who_id: Mapped[str] = mapped_column(String(200))
    who: Mapped[str] = mapped_column(String(200))
    decision: Mapped[str] = mapped_column(String(12))
    """promote, keep or more data."""
    version: Mapped[str] = mapped_column(String(80))
    alias: Mapped[str] = mapped_column(String(60))
    """What it was promoted to, "" for other decisions."""
    share: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[str] = mapped_column(String(20))
    """Of the gate, as it stood then."""
    gate: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """All that the gate said then; None where it had not been asked."""
    why: Mapped[str] = mapped_column(Text)
    override: Mapped[str] = mapped_column(Text)
    """Why it was promoted against the gate, else empty."""
