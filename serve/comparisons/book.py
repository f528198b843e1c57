"""Comparisons in the database: begun, answered, opened, closed. Votes are `serve.comparisons.voting`'s."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serve.comparisons.comparison import (
    Answers,
    Comparison,
    Progress,
    Question,
    Vote,
    load_comparison,
    load_vote,
)
from serve.comparisons.tables import Comparison as ComparisonRow
from serve.comparisons.tables import ComparisonAnswers, ComparisonQuestion, ComparisonVote
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.plain import make_plain

MOST_LISTED = 200


class ComparisonBook:
    """All comparisons. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(
        self,
        actor: Actor,
        *,
        candidate: str,
        champion: str,
        questions: Sequence[str],
        title: str = "",
        patrons: bool = False,
        dataset: str = "",
        contributors: Iterable[str] | None = None,
        why: str = "",
    ) -> Comparison:
        """Note a comparison; its answers follow. A question that stands there twice is asked once.

        `contributors` are name keys, None where nobody knows them. Raises BadRequest where there is nothing
        to ask, or a version would be compared with itself.
        """
        asked = list(dict.fromkeys(text for given in questions if (text := make_plain(given).strip())))
        if not asked:
            raise BadRequest("A comparison needs at least one question.", param="questions")
        if candidate == champion:
            raise BadRequest(f"Expected two versions, found {candidate[:80]!r} twice.", param="champion")
        name = f"cmp-{secrets.token_hex(12)}"
        row = ComparisonRow(
            id=name,
            revision=1,
            state="preparing",
            title=make_plain(title).strip()[:200] or f"{candidate} and {champion}"[:200],
            candidate=candidate,
            champion=champion,
            patrons=patrons,
            dataset=make_plain(dataset)[:200],
            contributors=None if contributors is None else sorted(set(contributors)),
            secret=secrets.token_hex(32),
            problem="",
            created=datetime.now(UTC),
            created_by=_name(actor),
            why=make_plain(why).strip()[:2000],
            closed=None,
            closed_by="",
            closed_why="",
        )
        rows = [
            {"id": f"q-{secrets.token_hex(10)}", "comparison": name, "position": position, "text": text}
            for position, text in enumerate(asked)
        ]
        with self.database.sessions.begin() as session:
            session.add(row)
            session.flush()
            session.execute(insert(ComparisonQuestion), rows)
            details = {"candidate": candidate, "champion": champion, "questions": len(rows)}
            audit(session, actor, "began", f"comparison {name}", row.why, details)
        return load_comparison(row)

    def list(self) -> tuple[Comparison, ...]:
        """The newest comparisons, newest first."""
        newest = select(ComparisonRow).order_by(ComparisonRow.created.desc(), ComparisonRow.id)
        with self.database.readings() as session:
            return tuple(map(load_comparison, session.scalars(newest.limit(MOST_LISTED))))

    def is_open_to_patrons(self) -> bool:
        """Whether there is one that patrons may vote in now."""
        asked = select(ComparisonRow.id).where(ComparisonRow.state == "open", ComparisonRow.patrons)
        with self.database.readings() as session:
            return session.scalar(asked.limit(1)) is not None

    def find(self, name: str) -> Comparison:
        """One comparison. Raises NotFound."""
        with self.database.readings() as session:
            return load_comparison(find_row(session, name))

    def questions(self, comparison: Comparison) -> tuple[Question, ...]:
        """Its questions with the answers there are, in their order."""
        with self.database.readings() as session:
            return read_questions(session, comparison.id)

    def progress(self, comparison: Comparison) -> Progress:
        """How far its answers are."""
        same = func.sum(case((ComparisonAnswers.same, 1), else_=0))
        query = (
            select(func.count(ComparisonQuestion.id), func.count(ComparisonAnswers.question), same)
            .outerjoin(ComparisonAnswers, ComparisonAnswers.question == ComparisonQuestion.id)
            .where(ComparisonQuestion.comparison == comparison.id)
        )
        with self.database.readings() as session:
            questions, answered, alike = session.execute(query).one()
        return Progress(questions, answered, int(alike or 0))

    def votes(self, comparison: Comparison) -> tuple[Vote, ...]:
        """Its votes, oldest first."""
        with self.database.readings() as session:
            return read_votes(session, comparison.id)

    def keep(self, question: str, answers: Answers) -> bool:
        """Add both answers to a question; False where they are there, or the question was taken away."""
        row = ComparisonAnswers(
            question=question,
            at=datetime.now(UTC),
            candidate=make_plain(answers.candidate),
            champion=make_plain(answers.champion),
            same=answers.same,
            passages=[dict(passage) for passage in answers.passages],
        )
        try:
            with self.database.sessions.begin() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def finish_preparing(self, name: str, problem: str = "") -> Comparison:
        """Open a comparison whose questions are all answered; else note why some are not. Raises NotFound."""

        def change(row: ComparisonRow, session: Session) -> None:
            lacking = [one for one in read_questions(session, name) if one.answers is None]
            row.problem = make_plain(problem)[:2000] if lacking else ""
            row.state = "preparing" if lacking else "open"

        with self.database.sessions.begin() as session:
            row = find_row(session, name, locked=True)
            if row.state == "preparing":
                change(row, session)
                row.revision += 1
            return load_comparison(row)

    def open_without(self, name: str, actor: Actor, *, revision: int) -> Comparison:
        """Open a comparison without the questions that got no answers, which go.

        Raises Conflict where `revision` is not the present one, or no question has answers.
        """

        def change(row: ComparisonRow, session: Session) -> None:
            _expect(row, "preparing", "can be opened only while it is prepared")
            questions = read_questions(session, name)
            lacking = [one.id for one in questions if one.answers is None]
            if len(lacking) == len(questions):
                raise Conflict("None of the questions has answers yet: there is nothing to judge.")
            session.execute(delete(ComparisonQuestion).where(ComparisonQuestion.id.in_(lacking)))
            row.state, row.problem = "open", ""
            audit(session, actor, "opened", f"comparison {name}", details={"left_out": len(lacking)})

        return self._change(name, revision, change)

    def close(self, name: str, actor: Actor, *, revision: int, why: str = "") -> Comparison:
        """End the voting, for good: from here on it can be seen who is who.

        Raises Conflict where it is closed already, or `revision` is not the present one.
        """

        def change(row: ComparisonRow, session: Session) -> None:
            if row.state == "closed":
                raise Conflict(f"The comparison was closed by {row.closed_by} already.")
            row.state, row.closed, row.closed_by = "closed", datetime.now(UTC), _name(actor)
            row.closed_why = make_plain(why).strip()[:2000]
            audit(session, actor, "closed", f"comparison {name}", row.closed_why)

        return self._change(name, revision, change)

    def _change(
        self, name: str, revision: int, change: Callable[[ComparisonRow, Session], None]
    ) -> Comparison:
        with self.database.sessions.begin() as session:
            row = find_row(session, name, locked=True)
            if row.revision != revision:
                raise Conflict(
                    f"The comparison has changed since: it is {row.state}, at revision {row.revision}; you "
                    f"had revision {revision}. Look again and repeat.",
                    param="revision",
                )
            change(row, session)
            session.flush()
            swap = update(ComparisonRow).where(ComparisonRow.id == name, ComparisonRow.revision == revision)
            found = session.execute(swap.values(revision=revision + 1))
            if cast(CursorResult[Any], found).rowcount != 1:
                raise Conflict("The comparison was changed meanwhile. Look again and repeat.")
            session.refresh(row)
            return load_comparison(row)


def find_row(session: Session, name: str, *, locked: bool = False) -> ComparisonRow:
    """A comparison as this transaction sees it; `locked`: so that nobody else changes it. Raises NotFound."""
    row = session.get(ComparisonRow, name, with_for_update=locked) if "\x00" not in name else None
    if row is None:
        raise NotFound(f"There is no comparison {ascii(name)[1:-1][:80]}. GET /v1/comparisons lists them.")
    return row


def read_questions(session: Session, name: str) -> tuple[Question, ...]:
    """A comparison's questions with the answers there are."""
    query = (
        select(ComparisonQuestion, ComparisonAnswers)
        .outerjoin(ComparisonAnswers, ComparisonAnswers.question == ComparisonQuestion.id)
        .where(ComparisonQuestion.comparison == name)
        .order_by(ComparisonQuestion.position)
    )
    return tuple(_load_question(question, answers) for question, answers in session.execute(query))


def read_answered(session: Session, question: str) -> tuple[str, Answers]:
    """One question's words and its answers. Raises NotFound where it has none."""
    query = select(ComparisonQuestion, ComparisonAnswers).join(
        ComparisonAnswers, ComparisonAnswers.question == ComparisonQuestion.id
    )
    for row, answers in session.execute(query.where(ComparisonQuestion.id == question)):
        return row.text, _load_answers(answers)
    raise NotFound("There is no such question with answers.", param="question")


def read_votes(session: Session, name: str) -> tuple[Vote, ...]:
    """A comparison's votes, oldest first."""
    order = (ComparisonVote.at, ComparisonVote.question, ComparisonVote.judge)
    query = select(ComparisonVote).where(ComparisonVote.comparison == name).order_by(*order)
    return tuple(map(load_vote, session.scalars(query)))


def _load_question(question: ComparisonQuestion, answers: ComparisonAnswers | None) -> Question:
    held = _load_answers(answers) if answers else None
    return Question(question.id, question.position, question.text, held)


def _load_answers(row: ComparisonAnswers) -> Answers:
    return Answers(row.candidate, row.champion, tuple(row.passages))


def _expect(row: ComparisonRow, state: str, what: str) -> None:
    if row.state != state:
        raise Conflict(f"The comparison is {row.state}: it {what}.")


def _name(actor: Actor) -> str:
    return make_plain(actor.name)[:200] or actor.role.value
