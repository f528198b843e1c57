"""Voting: which question a judge sees next, and what they choose. Nothing here tells a judge who is who."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from serve.comparisons.blind import (
    Side,
    choose_shared,
    draw_sides,
    name_judge,
    read_choice,
    weigh_question,
)
from serve.comparisons.book import find_row, read_answered, read_votes
from serve.comparisons.comparison import Answers, Body, Comparison, Vote, load_comparison, load_vote
from serve.comparisons.tables import Comparison as ComparisonRow
from serve.comparisons.tables import ComparisonAnswers, ComparisonQuestion, ComparisonVote
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.people.accounts import make_name_key
from serve.people.authority import STAFF, Actor, Role
from serve.plain import make_plain

MOST_OF_PATRONS = 5
"""Votes of patrons that one question takes: whoever votes many times under new names gains little."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Who votes in a comparison, and where they have got to."""

    name: str
    """What they are called there (`blind.name_judge`)."""
    body: Body
    shown: str
    """The name of a member of staff, "" for a patron."""
    contributed: bool


@dataclass(frozen=True, slots=True)
class Task:
    """A question, by id and in words, with both answers as one judge sees them."""

    question: str
    text: str
    answers: Answers
    sides: tuple[Side, Side]


@dataclass(frozen=True, slots=True)
class Turn:
    """A judge's next task, None where nothing is left; `done` and `left` count questions.

    `last` is the question that they voted on last, "" for none: the vote that can be taken back.
    """

    comparison: Comparison
    task: Task | None
    done: int
    left: int
    last: str = ""


class Polls:
    """Votes in the database. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def list_open(self, actor: Actor, *, patrons: bool) -> tuple[Turn, ...]:
        """The comparisons that this asker may vote in, newest first; `patrons` is the library's setting."""
        newest = select(ComparisonRow).where(ComparisonRow.state == "open")
        with self.database.readings() as session:
            rows = session.scalars(newest.order_by(ComparisonRow.created.desc(), ComparisonRow.id))
            comparisons = [load_comparison(row) for row in rows]
            allowed = [one for one in comparisons if _may_vote(one, actor, patrons)]
            return tuple(_find_turn(session, one, make_judge(one, actor)) for one in allowed)

    def next(self, name: str, actor: Actor, *, patrons: bool) -> Turn:
        """What this judge sees next. Raises NotFound for a comparison that is not theirs to judge, Conflict
        for one that is not open."""
        with self.database.readings() as session:
            comparison = _enter(session, name, actor, patrons)
            return _find_turn(session, comparison, make_judge(comparison, actor))

    def vote(self, name: str, actor: Actor, question: str, choice: str, *, patrons: bool) -> Turn:
        """Keep a judge's choice: the name of a side, "tie" or "neither". The same one again changes nothing.

        Raises as `next` does; BadRequest for a side that is not this judge's, Conflict for a question that
        the judge has chosen otherwise for, or that needs no vote.
        """
        with self.database.sessions.begin() as session:
            comparison = _enter(session, name, actor, patrons, locked=True)
            judge = make_judge(comparison, actor)
            sides = draw_sides(comparison, judge.name, question)
            vote = Vote(
                question=question,
                judge=judge.name,
                body=judge.body,
                name=judge.shown,
                contributed=judge.contributed,
                choice=read_choice(sides, choice),
                shown_first=sides[0].arm,
                at=datetime.now(UTC),
            )
            self._keep(session, comparison, vote)
            session.flush()
            return _find_turn(session, comparison, judge)

    def take_back(self, name: str, actor: Actor, question: str, *, patrons: bool) -> Turn:
        """Remove one's own vote while the comparison is open. Raises as `next` does, and NotFound."""
        with self.database.sessions.begin() as session:
            comparison = _enter(session, name, actor, patrons, locked=True)
            judge = make_judge(comparison, actor)
            mine = (ComparisonVote.question == question, ComparisonVote.judge == judge.name)
            gone = session.execute(delete(ComparisonVote).where(*mine).returning(ComparisonVote.question))
            if not gone.all():
                raise NotFound("There is no vote of yours on this question.", param="question")
            return _find_turn(session, comparison, judge)

    def _keep(self, session: Session, comparison: Comparison, vote: Vote) -> None:
        held = session.get(ComparisonVote, (vote.question, vote.judge))
        if held is not None:
            if load_vote(held).choice == vote.choice:
                return
            raise Conflict(
                "You have chosen otherwise on this question already. Take that back first.", param="question"
            )
        if vote.question not in _list_votable(
            session, comparison, read_votes(session, comparison.id), vote.body
        ):
            raise Conflict(
                "This question takes no vote: it is gone, its answers are alike, or it has enough votes.",
                param="question",
            )
        session.add(
            ComparisonVote(
                question=vote.question,
                judge=vote.judge,
                comparison=comparison.id,
                body=vote.body,
                name=vote.name,
                contributed=vote.contributed,
                choice=vote.choice,
                shown_first=vote.shown_first,
                at=vote.at,
            )
        )


def make_judge(comparison: Comparison, actor: Actor) -> Judge:
    """Who this is in the comparison. Raises BadRequest for a patron without an id of their own."""
    if actor.role in STAFF:
        contributed = make_name_key(actor.name) in (comparison.contributors or frozenset())
        return Judge(name_judge(comparison, actor.id), "staff", make_plain(actor.name)[:200], contributed)
    own = actor.conversation or actor.id
    if not own or (actor.role is Role.CLIENT and not actor.conversation):
        raise BadRequest(
            "Expected the header X-Reading-Room-Conversation with an unguessable id of this judge's own, "
            "found none: one judge could not be told from another.",
            param="X-Reading-Room-Conversation",
        )
    return Judge(name_judge(comparison, f"patron {own}"), "patrons", "", False)


def _enter(session: Session, name: str, actor: Actor, patrons: bool, *, locked: bool = False) -> Comparison:
    """The comparison, if this asker may vote in it now."""
    comparison = load_comparison(find_row(session, name, locked=locked))
    if not _may_vote(comparison, actor, patrons):
        raise NotFound("There is nothing to compare here.")
    if comparison.state != "open":
        raise Conflict(f"The comparison is {comparison.state}: it takes no votes.")
    return comparison


def _may_vote(comparison: Comparison, actor: Actor, patrons: bool) -> bool:
    return actor.role in STAFF or (patrons and comparison.patrons)


def _find_turn(session: Session, comparison: Comparison, judge: Judge) -> Turn:
    votes = read_votes(session, comparison.id)
    mine = [vote.question for vote in votes if vote.judge == judge.name]
    votable = _list_votable(session, comparison, votes, judge.body)
    left = [question for question in votable if question not in mine]
    counts, shared = Counter(vote.question for vote in votes), choose_shared(comparison, votable)

    def rank(question: str) -> tuple[bool, int, str]:
        """The shared ones first, then those with fewest votes, else in this judge's own order."""
        early = question in shared
        return not early, 0 if early else counts[question], weigh_question(comparison, judge.name, question)

    task = _make_task(session, comparison, judge, min(left, key=rank)) if left else None
    return Turn(comparison, task, len(mine), len(left), mine[-1] if mine else "")


def _make_task(session: Session, comparison: Comparison, judge: Judge, question: str) -> Task:
    asked, answers = read_answered(session, question)
    return Task(question, asked, answers, draw_sides(comparison, judge.name, question))


def _list_votable(session: Session, comparison: Comparison, votes: tuple[Vote, ...], body: Body) -> list[str]:
    """The questions that somebody of this body can choose on."""
    query = (
        select(ComparisonQuestion.id)
        .join(ComparisonAnswers, ComparisonAnswers.question == ComparisonQuestion.id)
        .where(ComparisonQuestion.comparison == comparison.id, ComparisonAnswers.same.is_(False))
        .order_by(ComparisonQuestion.position)
    )
    found = list(session.scalars(query))
    if body == "staff":
        return found
    full = Counter(vote.question for vote in votes if vote.body == "patrons")
    return [question for question in found if full[question] < MOST_OF_PATRONS]
