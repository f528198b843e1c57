"""A trial: questions answered with the proposed instructions beside what was in force, kept as they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from serve.instructions.tables import InstructionTrial, InstructionTrialAnswer
from serve.instructions.version import NONE, Kind, Scope, in_utc

Arm = Literal["active", "proposed"]
State = Literal["running", "finished", "interrupted"]
ARMS: tuple[Arm, Arm] = ("active", "proposed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a trial. `details` is the dump of `serve.schemas.AnswerDetails`.

    `reached`: the proposed instructions would be in force for this question. `written`: the model wrote
    the answer. `problem` says in words why there is none, "" where there is.
    """

    position: int
    arm: Arm
    at: datetime
    reached: bool
    written: bool
    problem: str
    text: str
    details: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Version `number` (NONE: no instructions) on `questions`, beside the version in force at its start."""

    id: str
    scope: Scope
    number: int
    beside: int
    questions: tuple[str, ...]
    created: datetime
    created_by: str
    answers: tuple[Answer, ...] = field(default=())

    @property
    def finished(self) -> bool:
        """Whether every question has both its answers."""
        return len(self.answers) == len(ARMS) * len(self.questions)

    def state(self, patience: float) -> State:
        """Where it stands: a gateway that died is known by `patience` seconds without a further answer."""
        if self.finished:
            return "finished"
        last = max((answer.at for answer in self.answers), default=self.created)
        return "interrupted" if datetime.now(UTC) - last > timedelta(seconds=patience) else "running"

    def shortcoming(self, active: int) -> str:
        """Why it says too little for an activation while `active` is in force; "" where it says enough."""
        if not self.finished:
            return "It has not answered all of its questions. Wait for it, or try again."
        if failed := next((answer.problem for answer in self.answers if answer.problem), ""):
            return f"Not every question was answered ({failed}) Try again."
        if self.beside != active:
            beside, now = name_number(self.beside), name_number(active)
            return f"It was tried beside {beside}; now {now} is in force. Try again."
        if not any(answer.reached and answer.written for answer in self.answers if answer.arm == "proposed"):
            return (
                "The model wrote none of its answers with these instructions. "
                "Try questions that the collections answer."
            )
        return ""


def name_number(number: int) -> str:
    """A version in words."""
    return f"version {number}" if number != NONE else "no instructions"


def load_trial(row: InstructionTrial, answers: Iterable[InstructionTrialAnswer]) -> Trial:
    return Trial(
        id=row.id,
        scope=Scope(cast(Kind, row.kind), row.scope),
        number=row.number,
        beside=row.beside,
        questions=tuple(row.questions),
        created=in_utc(row.created),
        created_by=row.created_by,
        answers=tuple(map(_load_answer, answers)),
    )


def _load_answer(row: InstructionTrialAnswer) -> Answer:
    return Answer(
        position=row.position,
        arm=cast(Arm, row.arm),
        at=in_utc(row.at),
        reached=row.reached,
        written=row.written,
        problem=row.problem,
        text=row.text,
        details=row.details,
    )
