"""Comparisons, judges and votes as the tests make them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from serve.comparisons.book import ComparisonBook
from serve.comparisons.comparison import Answers, Arm, Body, Choice, Comparison, Vote
from serve.comparisons.filling import fill
from serve.comparisons.voting import Polls, Turn
from serve.people.authority import Actor, Role
from serve.schemas import Source

ADA = Actor(Role.APPROVER, "person-1", "Ada")
BEN = Actor(Role.CURATOR, "person-2", "Ben")
PATRON = Actor(Role.PATRON, "an unguessable id of a patron's")
COMPARISON_TABLES = ("comparison", "comparison_question", "comparison_answers", "comparison_vote")
NEW, OLD = "letters--v2-0a0a0a0a", "letters--v1-1b1b1b1b"
_seconds = count()


def make_vote(
    question: str,
    judge: str,
    choice: Choice,
    *,
    body: Body = "staff",
    contributed: bool = False,
    shown_first: Arm = "candidate",
) -> Vote:
    """One vote, later than those made before it."""
    return Vote(
        question=question,
        judge=judge,
        body=body,
        name=judge if body == "staff" else "",
        contributed=contributed,
        choice=choice,
        shown_first=shown_first,
        at=datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=next(_seconds)),
    )


def make_votes(judge: str, choices: Sequence[Choice], **given: Any) -> list[Vote]:
    """One judge's votes on the questions q0, q1 and so on."""
    return [make_vote(f"q{number}", judge, choice, **given) for number, choice in enumerate(choices)]


def spread(candidate: int, champion: int, tie: int = 0, neither: int = 0) -> list[Choice]:
    """So many choices of each."""
    parts: tuple[tuple[Choice, int], ...] = (
        ("candidate", candidate),
        ("champion", champion),
        ("tie", tie),
        ("neither", neither),
    )
    return [choice for choice, times in parts for _ in range(times)]


async def write(comparison: Comparison, question: str) -> Answers:
    """Two answers that differ, and that show who wrote them to those who know."""
    passage = Source(
        number=1, cited=True, record_id="ms1/1", title=f"A letter on {question}", dates="1905", level="item",
        breadcrumb=["Correspondence"], collection_id="ms1", collection="Marsh family papers", call_number="MS 1",
        repository="", container="Box 4", container_inferred=False, access="", access_from="", use="",
        citation="", catalogue_url="", passage="The mill has burned.", record_url="http://here/records/ms1/1",
    )  # fmt: skip
    words = (f"Brief: {question} [1]", f"At length: {question} [1]")
    return Answers(*words, (passage.model_dump(mode="json"),))


def begin(book: ComparisonBook, many: int = 3, **given: Any) -> Comparison:
    """A comparison that is being prepared; Ada wrote pairs of the candidate's."""
    asked = [f"What of box {number}?" for number in range(many)]
    values = {"candidate": NEW, "champion": OLD, "questions": asked, "contributors": ["ada"], **given}
    return book.begin(ADA, **values)


def open_one(book: ComparisonBook, many: int = 3, **given: Any) -> Comparison:
    """A comparison that people may vote in."""
    return asyncio.run(fill(book, begin(book, many, **given).id, write, pause=0))


def choose(turn: Turn, arm: Arm) -> str:
    """The name of the side that a version wrote, as only the gateway knows it."""
    assert turn.task
    return next(side.name for side in turn.task.sides if side.arm == arm)


def vote_on_all(polls: Polls, comparison: Comparison, actor: Actor, arms: Iterable[Arm]) -> Turn:
    """Vote on what is left, for these one after the other."""
    turn = polls.next(comparison.id, actor, patrons=True)
    for arm in arms:
        assert turn.task
        turn = polls.vote(comparison.id, actor, turn.task.question, choose(turn, arm), patrons=True)
    return turn
