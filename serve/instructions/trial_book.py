"""Trials in the database: begun whole, answers added one by one, never changed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.instructions.change import change, clean
from serve.instructions.tables import InstructionTrial, InstructionTrialAnswer, InstructionVersion
from serve.instructions.trial import Answer, Trial, load_trial, name_number
from serve.instructions.version import NONE, Scope
from serve.people.authority import Actor
from serve.plain import make_plain

MOST_LISTED = 100


class TrialBook:
    """All trials. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self, scope: Scope, number: int, questions: Sequence[str], actor: Actor) -> Trial:
        """Note a trial of a version beside what is in force now; its answers follow.

        Raises NotFound for a version that is not there, BadRequest where there is nothing to ask, and
        Conflict where the version is in force already.
        """
        asked = tuple(question for given in questions if (question := clean(given)))
        if not asked:
            raise BadRequest("A trial needs at least one question.", param="questions")
        with change(self.database, scope, actor) as begun:
            session, active = begun.session, begun.pointer().active
            if number != NONE and not session.get(InstructionVersion, (scope.kind, scope.name, number)):
                raise NotFound(f"There is no version {number} for {scope.kind} {scope.name[:80]!r}.")
            if number == active:
                raise Conflict(
                    f"For {scope.kind} {scope.name[:80]!r} {name_number(number)} is in force already."
                )
            row = InstructionTrial(
                id=f"trial-{secrets.token_hex(12)}",
                kind=scope.kind,
                scope=scope.name,
                number=number,
                beside=active,
                questions=list(asked),
                created=datetime.now(UTC),
                created_by=begun.who,
            )
            session.add(row)
            begun.tell("tried", {"number": number, "beside": active, "trial": row.id})
            return load_trial(row, ())

    def keep(self, trial_id: str, answer: Answer) -> bool:
        """Add an answer; False where the trial was taken away meanwhile, or has that answer already."""
        row = InstructionTrialAnswer(
            trial=trial_id,
            position=answer.position,
            arm=answer.arm,
            at=answer.at,
            reached=answer.reached,
            written=answer.written,
            problem=make_plain(answer.problem),
            text=make_plain(answer.text),
            details=answer.details,
        )
        try:
            with self.database.sessions.begin() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def find(self, trial_id: str) -> Trial:
        """One trial with the answers it has so far. Raises NotFound."""
        with self.database.readings() as session:
            return read_trial(session, trial_id)

    def list(self, scope: Scope) -> tuple[Trial, ...]:
        """The newest trials of a scope with their answers, newest first."""
        of_scope = (InstructionTrial.kind == scope.kind, InstructionTrial.scope == scope.name)
        query = select(InstructionTrial).where(*of_scope).order_by(InstructionTrial.created.desc())
        with self.database.readings() as session:
            rows = session.scalars(query.limit(MOST_LISTED)).all()
            return tuple(load_trial(row, _read_answers(session, row.id)) for row in rows)

    def remove(self, trial_id: str, actor: Actor, why: str = "") -> Scope:
        """Take a trial away with its questions, which may be a patron's words. Raises NotFound."""
        scope = self.find(trial_id).scope
        with change(self.database, scope, actor, why) as removing:
            gone = delete(InstructionTrial).where(InstructionTrial.id == trial_id)
            if not removing.session.execute(gone.returning(InstructionTrial.id)).all():
                raise _no_trial(trial_id)
            removing.tell("trial removed", {"trial": trial_id})
        return scope


def read_trial(session: Session, trial_id: str) -> Trial:
    """One trial, as this session sees it. Raises NotFound."""
    row = session.get(InstructionTrial, trial_id) if "\x00" not in trial_id else None
    if row is None:
        raise _no_trial(trial_id)
    return load_trial(row, _read_answers(session, row.id))


def _read_answers(session: Session, trial_id: str) -> Sequence[InstructionTrialAnswer]:
    order = (InstructionTrialAnswer.position, InstructionTrialAnswer.arm)
    query = select(InstructionTrialAnswer).where(InstructionTrialAnswer.trial == trial_id).order_by(*order)
    return session.scalars(query).all()


def _no_trial(trial_id: str) -> NotFound:
    return NotFound(
        f"There is no trial {trial_id[:80]!r}. GET /v1/instructions/trials lists them.", param="trial"
    )
