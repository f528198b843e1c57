"""What came of a comparison that is closed: verdict, counts, agreement, and every question with its votes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from serve.comparisons.agreement import Agreement, measure_agreement
from serve.comparisons.book import ComparisonBook, read_votes
from serve.comparisons.comparison import (
    Body,
    Choice,
    Comparison,
    Progress,
    Question,
    Vote,
    load_comparison,
)
from serve.comparisons.interval import WinRate, measure
from serve.comparisons.ratings import Bout, Rating, rate_versions
from serve.comparisons.tables import Comparison as ComparisonRow
from serve.comparisons.verdict import Verdict, decide
from serve.errors import Conflict

CHOICES: tuple[Choice, ...] = ("candidate", "champion", "tie", "neither")


@dataclass(frozen=True, slots=True)
class Party:
    """What one body of judges chose."""

    body: Body
    judges: int
    votes: int
    rate: WinRate


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that can be said of a closed comparison.

    `shown_first` is the share of votes for a side that went to the one shown first: far from one half, judges
    went by the place.
    """

    comparison: Comparison
    progress: Progress
    votes: tuple[Vote, ...]
    verdict: Verdict
    counts: Mapping[Choice, int]
    parties: tuple[Party, ...]
    agreement: Agreement | None
    shown_first: float | None
    ratings: tuple[Rating, ...]
    questions: tuple[tuple[Question, Mapping[Choice, int]], ...]


def read_outcome(book: ComparisonBook, name: str) -> Outcome:
    """The outcome of a comparison. Raises NotFound, and Conflict while it is not closed: nobody may know
    before how it stands."""
    comparison = book.find(name)
    if comparison.closed is None:
        raise Conflict(f"The comparison is {comparison.state}: how it ends is shown when it is closed.")
    return make_outcome(comparison, book.questions(comparison), book.votes(comparison))


def make_outcome(comparison: Comparison, questions: Sequence[Question], votes: Sequence[Vote]) -> Outcome:
    """The outcome by these votes."""
    decided = [vote for vote in votes if vote.choice in ("candidate", "champion")]
    first = sum(vote.choice == vote.shown_first for vote in decided)
    by_question: dict[str, Counter[Choice]] = {}
    for vote in votes:
        by_question.setdefault(vote.question, Counter())[vote.choice] += 1
    return Outcome(
        comparison=comparison,
        progress=_measure_progress(questions),
        votes=tuple(votes),
        verdict=decide(votes, contributors_known=comparison.contributors is not None),
        counts=_count(votes),
        parties=_divide(votes),
        agreement=measure_agreement(votes),
        shown_first=first / len(decided) if decided else None,
        ratings=rate_versions([Bout(comparison.candidate, comparison.champion, vote) for vote in votes]),
        questions=tuple((one, by_question.get(one.id, Counter())) for one in questions),
    )


def rate_all(book: ComparisonBook) -> tuple[Rating, ...]:
    """How all versions stand that met in closed comparisons."""
    with book.database.readings() as session:
        closed = session.scalars(select(ComparisonRow).where(ComparisonRow.state == "closed"))
        bouts = [
            Bout(comparison.candidate, comparison.champion, vote)
            for comparison in map(load_comparison, closed)
            for vote in read_votes(session, comparison.id)
        ]
    return rate_versions(bouts)


def _measure_progress(questions: Sequence[Question]) -> Progress:
    answered = [question.answers for question in questions if question.answers]
    return Progress(len(questions), len(answered), sum(answers.same for answers in answered))


def _count(votes: Sequence[Vote]) -> Mapping[Choice, int]:
    counted = Counter(vote.choice for vote in votes)
    return {choice: counted[choice] for choice in CHOICES}


def _divide(votes: Sequence[Vote]) -> tuple[Party, ...]:
    bodies: tuple[Body, ...] = ("staff", "patrons")
    parted = {body: [vote for vote in votes if vote.body == body] for body in bodies}
    return tuple(
        Party(body, len({vote.judge for vote in given}), len(given), measure(given))
        for body, given in parted.items()
        if given
    )
