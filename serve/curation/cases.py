"""Questions that the search went wrong on, as a file to measure the search with."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.index import Index
from serve.curation.entries import Entry
from serve.curation.tables import RetrievalCase
from serve.errors import BadRequest
from serve.people.moments import now_utc
from serve.plain import make_plain
from serve.wire.inbox import Chosen, JudgementRequest

KIND = "wrong source"


def make_case(entry: Entry, request: JudgementRequest, index: Index | None, *, who: str) -> RetrievalCase:
    """A case of a question whose sources were wrong. Raises BadRequest for a record or source not there.

    Without the patron's agreement it goes when the feedback goes.
    """
    right = make_plain(request.right).strip()
    if right and index and index.record(right) is None:
        raise BadRequest(
            f"There is no record {right[:80]!r} that patrons may see. Take its id from a search.",
            param="right",
        )
    return RetrievalCase(
        id=f"case-{secrets.token_hex(8)}",
        created=now_utc(),
        who=who[:200],
        source=entry.id,
        feedback=entry.id if entry.is_feedback and not entry.agreed else None,
        conversation=entry.conversation or None,
        question=make_plain(entry.question),
        wrong=_name_wrong(entry, request.wrong),
        right=right,
        index_version=entry.details.index_version if entry.details else "",
    )


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


def _name_wrong(entry: Entry, wrong: Sequence[Chosen] | None) -> list[str]:
    """Ids of the records that were wrong: those named, else all that the answer cites."""
    shown = [*entry.details.sources, *entry.details.also_searched] if entry.details else []
    numbered = {source.number: source.record_id for source in shown}
    if wrong is None:
        return [source.record_id for source in shown if source.cited]
    if unknown := [one for one in wrong if isinstance(one, int) and one not in numbered]:
        raise BadRequest(f"wrong: the answer has no source [{unknown[0]}].", param="wrong")
    return [numbered[one] if isinstance(one, int) else make_plain(one) for one in wrong]
