"""What patrons ask, out of both databases: counts by kind, and texts only from what they agreed to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from serve.conversations.counts import DailyCount
from serve.conversations.tables import KeptTurn
from serve.database import Database
from serve.tables import Feedback
from serve.usage import MOST_QUESTIONS, Asked, Count, count_by, count_days, read_asked

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202e ![x](http://evil.example/x.png)"


def counted(day: int, status: str, answers: int, collection: str = "ms1") -> DailyCount:
    found = status in ("answered", "passages_only")
    return DailyCount(date(2026, 11, day), collection, found, status, "base", answers)


COUNTS = [
    counted(1, "answered", 5), counted(1, "not_found", 2), counted(3, "passages_only", 1, "ph2"),
    counted(3, "failed", 4, ""), counted(3, "plain", 3, ""),
]  # fmt: skip


def test_every_day_is_there_and_what_failed_is_neither_found_nor_not_found() -> None:
    assert count_days(COUNTS, date(2026, 11, 1), date(2026, 11, 3)) == {
        date(2026, 11, 1): Count(7, 5, 2),
        date(2026, 11, 2): Count(0, 0, 0),
        date(2026, 11, 3): Count(8, 1, 0),
    }


def test_shares_come_most_answers_first_and_add_up() -> None:
    shares = count_by(COUNTS, lambda one: one.collection)
    assert shares == [("", Count(7, 0, 0)), ("ms1", Count(7, 5, 2)), ("ph2", Count(1, 1, 0))]
    assert sum(count.answers for _, count in shares) == 15


def feedback(number: int, question: str, thumb: str, *, hours: int = 0, found: bool = True) -> Feedback:
    moment = NOW - timedelta(hours=hours)
    return Feedback(
        id=f"feedback-{number}", idempotency_key=f"key-{number}", answer_id=f"answer-{number}", created=moment,
        expires=moment + timedelta(days=365), thumb=thumb, reasons=[], comment="private words",
        corrected_answer="", question=question, answer="An answer.", details={"found": found}, remembered=True,
    )  # fmt: skip


def turn(number: int, question: str, *, hours: int = 0, found: bool = True) -> KeptTurn:
    moment = NOW - timedelta(hours=hours)
    return KeptTurn(
        id=f"turn-{number}", conversation="c", answer_id=f"answer-{number}", created=moment,
        expires=moment + timedelta(days=180), question=question, answer="An answer.",
        details={"found": found}, consent="conversation-1",
    )  # fmt: skip


def read(database: Database, *rows: object, since: date = date(2026, 11, 1)) -> list[Asked]:
    with database.sessions.begin() as session:
        session.add_all(rows)
    with database.readings() as session:
        return read_asked(session, since)


def test_a_question_asked_again_counts_and_an_answer_with_feedback_and_a_kept_turn_counts_once(
    database: Database,
) -> None:
    asked = read(
        database,
        feedback(1, "Letters of Ellen Marsh?", "down", hours=5, found=False),
        feedback(2, "letters of  ellen marsh", "up", hours=2),
        feedback(3, "Any photographs?", "up", hours=1),
        turn(2, "letters of  ellen marsh", hours=2),
        turn(4, "LETTERS OF ELLEN MARSH!", hours=0),
    )
    first, second = asked
    assert first.question == "LETTERS OF ELLEN MARSH!"
    assert (len(first.answers), len(first.found), first.source) == (3, 2, "conversation")
    assert first.thumbs == {"up": 1, "down": 1}
    assert first.last == NOW
    assert (second.question, len(second.answers), second.source) == ("Any photographs?", 1, "feedback")


def test_what_is_older_than_asked_for_or_has_no_word_is_left_out(database: Database) -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    hours = (NOW - midnight) // timedelta(hours=1)
    rows = [
        feedback(1, "At midnight?", "up", hours=hours), feedback(2, "Before it?", "up", hours=hours + 1),
        feedback(3, "?!", "up"), turn(4, "Yesterday?", hours=hours + 2), feedback(5, HOSTILE, "down"),
    ]  # fmt: skip
    asked = read(database, *rows, since=midnight.date())
    assert {one.question for one in asked} == {"At midnight?", HOSTILE}


@pytest.mark.parametrize("source", ["feedback", "conversation"])
def test_no_more_than_the_most_asked_are_given(database: Database, source: str) -> None:
    def make(number: int, question: str, hours: int = 0) -> object:
        if source == "feedback":
            return feedback(number, question, "up", hours=hours)
        return turn(number, question, hours=hours)

    rows = [make(number, f"Question {number}?") for number in range(MOST_QUESTIONS + 5)]
    asked = read(database, *rows, make(900, "question 7", 1))
    assert len(asked) == MOST_QUESTIONS
    assert (asked[0].question, len(asked[0].answers)) == ("Question 7?", 2)
