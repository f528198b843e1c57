"""What is known of a comparison: the two versions, the questions with their answers, and the votes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from serve.comparisons.tables import Comparison as ComparisonRow
from serve.comparisons.tables import ComparisonVote
from serve.people.moments import as_utc

Arm = Literal["candidate", "champion"]
Choice = Literal["candidate", "champion", "tie", "neither"]
"""What a judge chose: one of the answers, both alike, or none of them since both are bad."""
Body = Literal["staff", "patrons"]
State = Literal["preparing", "open", "closed"]
ARMS: tuple[Arm, Arm] = ("candidate", "champion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`candidate` beside `champion`, the version in use: names of versions, or of the base.

    `contributors` are those who wrote the pairs that the candidate was trained on, by their name keys; None
    where that is not known. `problem` says why some questions have no answers. `closed` is None while votes
    may come.
    """

    id: str
    revision: int
    state: State
    title: str
    candidate: str
    champion: str
    patrons: bool
    dataset: str
    contributors: frozenset[str] | None
    secret: str
    problem: str
    created: datetime
    created_by: str
    why: str
    closed: datetime | None
    closed_by: str
    closed_why: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `answers` is None until both versions have answered it."""

    id: str
    position: int
    text: str
    answers: Answers | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What both versions wrote from the same `passages` (`serve.schemas.Source`, by number)."""

    candidate: str
    champion: str
    passages: tuple[dict[str, Any], ...] = ()

    @property
    def same(self) -> bool:
        """Whether they are the same words, so that there is nothing to choose."""
        return self.candidate.split() == self.champion.split()

    def get(self, arm: Arm) -> str:
        """One of the two."""
        return self.candidate if arm == "candidate" else self.champion


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of questions: all, those with both answers, and of these those with the same words in both."""

    questions: int
    answered: int
    same: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One judge's choice. `contributed`: the candidate was trained on pairs of theirs."""

    question: str
    judge: str
    body: Body
    name: str
    contributed: bool
    choice: Choice
    shown_first: Arm
    at: datetime


def load_comparison(row: ComparisonRow) -> Comparison:
    return Comparison(
        id=row.id,
        revision=row.revision,
        state=cast(State, row.state),
        title=row.title,
        candidate=row.candidate,
        champion=row.champion,
        patrons=row.patrons,
        dataset=row.dataset,
        contributors=None if row.contributors is None else frozenset(row.contributors),
        secret=row.secret,
        problem=row.problem,
        created=as_utc(row.created),
        created_by=row.created_by,
        why=row.why,
        closed=as_utc(row.closed) if row.closed else None,
        closed_by=row.closed_by,
        closed_why=row.closed_why,
    )


def load_vote(row: ComparisonVote) -> Vote:
    return Vote(
        question=row.question,
        judge=row.judge,
        body=cast(Body, row.body),
        name=row.name,
        contributed=row.contributed,
        choice=cast(Choice, row.choice),
        shown_first=cast(Arm, row.shown_first),
        at=as_utc(row.at),
    )
