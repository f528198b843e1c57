"""Takes trials away that asked what a patron asked, when what that patron said is erased."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from serve.instructions.tables import InstructionTrial

_WORD = re.compile(r"\w+")


def erase_trials(session: Session, questions: Iterable[str]) -> list[str]:
    """Remove, in the caller's transaction, every trial that asks one of these questions; their ids.

    Questions that differ only in case, spaces and punctuation are the same: staff may have copied one.
    """
    gone = {words for question in questions if (words := _read_words(question))}
    asked = session.execute(
        select(InstructionTrial.id, InstructionTrial.questions).order_by(InstructionTrial.id)
    )
    found = [trial for trial, listed in asked if gone & {_read_words(question) for question in listed}]
    for trial in found:
        session.execute(delete(InstructionTrial).where(InstructionTrial.id == trial))
    return found


def _read_words(question: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(question.casefold()))
