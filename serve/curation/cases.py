"""Questions that the search went wrong on, as a file to measure the search with."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.curation.tables import RetrievalCase

KIND = "wrong source"


def read_cases(session: Session) -> list[RetrievalCase]:
    """All cases, oldest first."""
    return list(session.scalars(select(RetrievalCase).order_by(RetrievalCase.created, RetrievalCase.id)))


def write_cases(cases: Iterable[RetrievalCase]) -> str:
    """Cases as JSON Lines for `reading-room evaluate retrieval --questions` (`retrieval.evaluation.gold`).

    A case whose right record nobody named is left out: there it would say that nothing answers the question.
    """
    lines = (
        json.dumps(
            {
                "id": case.id,
                "question": case.question,
                "kind": KIND,
                "record": case.right,
                "trap": f"not {', '.join(case.wrong)}" if case.wrong else "",
            },
            ensure_ascii=False,
        )
        for case in cases
        if case.right
    )
    return "".join(f"{line}\n" for line in lines)
