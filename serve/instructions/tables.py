"""The tables of standing instructions. Versions and events never change; a trial can only be taken away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.tables import Base


class InstructionVersion(Base):
    """One immutable text for a collection or an alias; each scope counts its versions from 1."""

    __tablename__ = "instruction_version"

    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    """collection or alias."""
    scope: Mapped[str] = mapped_column(String(300), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))


class InstructionScope(Base):
    """What is in force for a collection or an alias. Each change raises `revision` by one."""

    __tablename__ = "instruction_scope"

    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    scope: Mapped[str] = mapped_column(String(300), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    active: Mapped[int] = mapped_column(Integer)
    """The number of the version in force; 0: none."""


class InstructionTrial(Base):
    """Questions on which a version (0: none) is tried beside what was in force then."""

    __tablename__ = "instruction_trial"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    scope: Mapped[str] = mapped_column(String(300), index=True)
    number: Mapped[int] = mapped_column(Integer)
    beside: Mapped[int] = mapped_column(Integer)
    questions: Mapped[list[str]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))


class InstructionTrialAnswer(Base):
    """One answer of a trial: to one of its questions, with the one or the other text."""

    __tablename__ = "instruction_trial_answer"

    trial: Mapped[str] = mapped_column(
        String(40), ForeignKey("instruction_trial.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    arm: Mapped[str] = mapped_column(String(12), primary_key=True)
    """active or proposed."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reached: Mapped[bool] = mapped_column()
    """Whether the proposed text is what would be in force for this question."""
    written: Mapped[bool] = mapped_column()
    """Whether the model wrote, so that the text could show."""
    problem: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """`serve.schemas.AnswerDetails`; None where there was a problem."""


class InstructionEvent(Base):
    """What happened to the standing instructions of a scope; only ever appended to."""

    __tablename__ = "instruction_event"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(12))
    scope: Mapped[str] = mapped_column(String(300), index=True)
    what: Mapped[str] = mapped_column(String(40))
    why: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
