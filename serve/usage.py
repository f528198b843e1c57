"""What patrons ask: by day, collection, found or not, status and adapter; texts only where they agreed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.conversations.counts import DailyCount
from serve.conversations.tables import KeptTurn
from serve.people.moments import as_utc
from serve.tables import Feedback

MOST_QUESTIONS = 50
_MOST_ROWS = 5_000
"""Newest rows of feedback, and of kept turns, that are looked through."""
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Count:
    """Answers of one kind. Those that failed, or did not search, are neither found nor not found."""

    answers: int = 0
    found: int = 0
    not_found: int = 0

    def add(self, count: DailyCount) -> None:
        """Take in a day's."""
        self.answers += count.answers
        self.found += count.answers if count.found else 0
        self.not_found += count.answers if count.status == "not_found" else 0


@dataclass(slots=True)
class Asked:
    """A question in the words of the newest patron, and what is known of all who asked it in these words."""

    question: str
    last: datetime
    source: Literal["feedback", "conversation"]
    answers: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)
    thumbs: Counter[str] = field(default_factory=Counter)


def count_days(counts: Iterable[DailyCount], since: date, until: date) -> dict[date, Count]:
    """Answers by day, a Count for each day from `since` to `until`, both included."""
    days = {since + timedelta(days=number): Count() for number in range((until - since).days + 1)}
    for count in counts:
        days[count.day].add(count)
    return days


def count_by(counts: Iterable[DailyCount], key: Callable[[DailyCount], str]) -> list[tuple[str, Count]]:
    """Answers by what `key` gives, most first."""
    found: dict[str, Count] = {}
    for count in counts:
        found.setdefault(key(count), Count()).add(count)
    return sorted(found.items(), key=lambda item: (-item[1].answers, item[0]))


def read_asked(session: Session, since: date) -> list[Asked]:
    """Questions of feedback and of kept conversations since that day, most often asked first.

    An answer that has both counts once. Questions that differ only in case and punctuation are one.
    """
    begin = datetime(since.year, since.month, since.day, tzinfo=UTC)
    asked: dict[str, Asked] = {}
    feedback = select(Feedback).where(Feedback.created >= begin).order_by(Feedback.created.desc())
    for row in session.scalars(feedback.limit(_MOST_ROWS)):
        if entry := _enter(asked, row.question, row.created, "feedback", row.answer_id, row.details):
            entry.thumbs[row.thumb] += 1
    kept = select(KeptTurn).where(KeptTurn.created >= begin).order_by(KeptTurn.created.desc())
    for turn in session.scalars(kept.limit(_MOST_ROWS)):
        _enter(asked, turn.question, turn.created, "conversation", turn.answer_id, turn.details)
    ranked = sorted(asked.values(), key=lambda one: (len(one.answers), one.last), reverse=True)
    return ranked[:MOST_QUESTIONS]


def _enter(
    asked: dict[str, Asked],
    question: str,
    created: datetime,
    source: Literal["feedback", "conversation"],
    answer_id: str,
    details: Mapping[str, object],
) -> Asked | None:
    key = " ".join(_WORD.findall(question.casefold()))
    if not key:
        return None
    moment = as_utc(created)
    entry = asked.setdefault(key, Asked(question, moment, source))
    if moment > entry.last:
        entry.question, entry.last, entry.source = question, moment, source
    entry.answers.add(answer_id)
    if details.get("found"):
        entry.found.add(answer_id)
    return entry
