"""Versions, trials and people as the tests of the standing instructions make them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from serve.instructions.trial import ARMS, Answer, Arm, Trial
from serve.instructions.trial_book import TrialBook
from serve.instructions.version import Scope
from serve.people.authority import Actor, Role

ADA = Actor(Role.APPROVER, "person-1", "Ada")
BEN = Actor(Role.ADMINISTRATOR, "person-2", "Ben")
MS1 = Scope("collection", "ms1")
DEFAULT = Scope("alias", "default")
INSTRUCTION_TABLES = (
    "instruction_version",
    "instruction_scope",
    "instruction_trial",
    "instruction_trial_answer",
    "instruction_event",
)


def answer(
    position: int, arm: Arm, *, reached: bool = True, written: bool = True, problem: str = ""
) -> Answer:
    """One answer of a trial, as the model wrote it unless told otherwise."""
    return Answer(
        position=position,
        arm=arm,
        at=datetime.now(UTC),
        reached=reached,
        written=written,
        problem=problem,
        text="" if problem else f"An answer {position} {arm}.",
        details=None,
    )


def try_out(
    trials: TrialBook, scope: Scope, number: int, questions: Sequence[str] = ("Any letters?",)
) -> Trial:
    """A finished trial."""
    trial = trials.begin(scope, number, questions, ADA)
    for position in range(len(questions)):
        for arm in ARMS:
            assert trials.keep(trial.id, answer(position, arm))
    return trials.find(trial.id)
