"""The tables of comparisons. Questions, answers and votes never change; they can only be taken away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.tables import Base


class Comparison(Base):
    """A candidate beside the version in use. Each change of its state raises `revision` by one."""

    __tablename__ = "comparison"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(12), index=True)
    """preparing, open or closed."""
    title: Mapped[str] = mapped_column(String(200))
    candidate: Mapped[str] = mapped_column(String(200))
    champion: Mapped[str] = mapped_column(String(200))
    patrons: Mapped[bool] = mapped_column()
    dataset: Mapped[str] = mapped_column(String(200))
    """The dataset version that the candidate was trained on; "" where it is not known."""
    contributors: Mapped[list[str] | None] = mapped_column(JSON)
    """Who wrote its pairs, by `serve.people.accounts.make_name_key`; None where it is not known."""
    secret: Mapped[str] = mapped_column(String(64))
    """What the order of the answers is drawn with; it leaves the gateway in no form."""
    problem: Mapped[str] = mapped_column(Text)
    """Why some questions have no answers; "" where none lacks them, or nobody has tried."""
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(200))
    why: Mapped[str] = mapped_column(Text)
    closed: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by: Mapped[str] = mapped_column(String(200))
    closed_why: Mapped[str] = mapped_column(Text)


class ComparisonQuestion(Base):
    """One question that both versions are asked."""

    __tablename__ = "comparison_question"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    comparison: Mapped[str] = mapped_column(
        String(40), ForeignKey("comparison.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)


class ComparisonAnswers(Base):
    """Both answers to a question, written from the same passages."""

    __tablename__ = "comparison_answers"

    question: Mapped[str] = mapped_column(
        String(40), ForeignKey("comparison_question.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    candidate: Mapped[str] = mapped_column(Text)
    champion: Mapped[str] = mapped_column(Text)
    same: Mapped[bool] = mapped_column()
    """Whether they are the same words: such a question is shown to nobody."""
    passages: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """`serve.schemas.Source`, by number: what both versions were given."""


class ComparisonVote(Base):
    """What one judge chose for one question."""

    __tablename__ = "comparison_vote"

    question: Mapped[str] = mapped_column(
        String(40), ForeignKey("comparison_question.id", ondelete="CASCADE"), primary_key=True
    )
    judge: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A hash that is of use in this comparison alone."""
    comparison: Mapped[str] = mapped_column(
        String(40), ForeignKey("comparison.id", ondelete="CASCADE"), index=True
    )
    body: Mapped[str] = mapped_column(String(12))
    """staff or patrons."""
    name: Mapped[str] = mapped_column(String(200))
    """The name of a member of staff; "" for a patron."""
    contributed: Mapped[bool] = mapped_column()
    choice: Mapped[str] = mapped_column(String(12))
    """candidate, champion, tie or neither."""
    shown_first: Mapped[str] = mapped_column(String(12))
    """candidate or champion."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
