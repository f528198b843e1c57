"""Licence and consent of pairs that came in from a file without them, stated later with the same file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.curation.pairs import tell
from serve.curation.tables import StoredPairRow
from serve.people.authority import Actor
from serve.people.moments import now_utc
from serve.plain import make_plain
from train.pairs.pair import Pair

_BATCH = 500


def state_rights(session: Session, actor: Actor, pairs: Sequence[Pair], why: str) -> int:
    """Take over the rights of `pairs`, as the importer states them, where the same words stand here without
    any; returns how many these are. In the caller's transaction, after `store_pairs`.

    Whoever states them is no second person to the pair any more.
    """
    stated = 0
    by_id = {pair.id: pair for pair in pairs if pair.consent == "file"}
    ids = list(by_id)
    for start in range(0, len(ids), _BATCH):
        query = select(StoredPairRow).where(
            StoredPairRow.id.in_(ids[start : start + _BATCH]),
            StoredPairRow.origin == "import",
            StoredPairRow.consent == "none",
            StoredPairRow.state.in_(("draft", "submitted")),
        )
        for row in session.scalars(query).all():
            pair = by_id[row.id]
            if (row.question, row.answer) != (make_plain(pair.question), make_plain(pair.answer)):
                continue
            row.consent, row.licence = "file", make_plain(pair.licence)[:200]
            row.revision += 1
            row.updated, row.updated_by = now_utc(), actor.name[:200]
            if actor.id not in row.editors:
                row.editors = [*row.editors, actor.id]
            session.flush()
            tell(session, actor, row, "rights stated", why)
            stated += 1
    return stated
