"""Takes questions out of comparisons that asked what a patron asked, when what that patron said is erased."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from serve.comparisons.tables import ComparisonQuestion

_WORD = re.compile(r"\w+")


def erase_questions(session: Session, questions: Iterable[str]) -> list[str]:
    """Remove, in the caller's transaction, every such question with its answers and votes; their ids.

    Questions that differ only in case, spaces and punctuation are the same: staff may have copied one.
    """
    gone = {words for question in questions if (words := _read_words(question))}
    if not gone:
        return []
    asked = session.execute(
        select(ComparisonQuestion.id, ComparisonQuestion.text).order_by(ComparisonQuestion.id)
    )
    found = [question for question, text in asked if _read_words(text) in gone]
    for question in found:
        session.execute(delete(ComparisonQuestion).where(ComparisonQuestion.id == question))
    return found


def _read_words(question: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(question.casefold()))
