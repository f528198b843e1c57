"""Pairs in the database: what is read of them, and how those from elsewhere come in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from serve.curation.tables import PairEvent, StoredPairRow
from serve.database import BUSY_SECONDS
from serve.errors import BadRequest
from serve.people.authority import Actor
from serve.people.moments import as_utc, now_utc
from serve.plain import make_plain
from train.pairs.pair import Consent, Earlier, Evidence, Kind, Origin, Pair, digest

PairState = Literal["draft", "submitted", "approved", "withdrawn"]
MOST_ID = 80
_BATCH = 500


@dataclass(frozen=True, slots=True)
class StoredPair:
    """A pair and how it stands. `waived` are codes of findings that it was approved against."""

    pair: Pair
    state: PairState
    revision: int
    conversation: str
    waived: tuple[str, ...]
    created: datetime
    updated: datetime
    updated_by: str
    returned: str = ""
    group: str = ""


def read_pairs(
    session: Session, *, states: Collection[PairState] = (), ids: Collection[str] = ()
) -> list[StoredPair]:
    """Pairs by state or id, all where neither is given, oldest first."""
    query = select(StoredPairRow).order_by(StoredPairRow.created, StoredPairRow.id)
    if states:
        query = query.where(StoredPairRow.state.in_(states))
    if ids:
        query = query.where(StoredPairRow.id.in_(ids))
    return [load_pair(row) for row in session.scalars(query)]


def read_approved(session: Session) -> list[StoredPair]:
    """Every approved pair, oldest first."""
    approved: PairState = "approved"
    return read_pairs(session, states=(approved,))


def read_withdrawn(session: Session) -> dict[str, str]:
    """Id of every pair that was withdrawn, those whose words are gone among them, to why, in words."""
    events = (
        select(PairEvent.pair, PairEvent.why)
        .join(StoredPairRow, StoredPairRow.id == PairEvent.pair)
        .where(StoredPairRow.state == "withdrawn", PairEvent.what.in_(("withdrawn", "erased")))
        .order_by(PairEvent.id)
    )
    return {pair: why for pair, why in session.execute(events)}


def store_pairs(session: Session, actor: Actor, pairs: Sequence[Pair], *, why: str = "") -> set[str]:
    """Put pairs from elsewhere in, as drafts; returns the ids of those that were not there yet.

    In the caller's transaction: all or none. A pair whose id is there, withdrawn or not, is left as it is, so
    the same file twice changes nothing. Nobody has approved what comes in, whatever it says of itself.
    Raises BadRequest for an id that cannot be one.
    """
    for pair in pairs:
        if not 1 <= len(pair.id) <= MOST_ID or not pair.id.isprintable():
            raise BadRequest(
                f"A pair's id has 1 to {MOST_ID} printable characters, found {pair.id[:MOST_ID]!r}."
            )
    take_turn(session)
    known = _find_known(session, [pair.id for pair in pairs])
    stored: set[str] = set()
    for pair in pairs:
        if pair.id not in known and pair.id not in stored:
            add_pair(session, actor, pair, what="stored", why=why)
            stored.add(pair.id)
    session.flush()
    return stored


def add_pair(
    session: Session,
    actor: Actor,
    pair: Pair,
    *,
    what: str,
    why: str = "",
    key: str | None = None,
    conversation: str | None = None,
    group: str = "",
) -> StoredPairRow:
    """A new pair, as a draft of `actor`'s, and its first event."""
    now = now_utc()
    row = StoredPairRow(
        id=pair.id,
        state="draft",
        revision=1,
        kind=pair.kind,
        origin=pair.origin,
        contributor=make_plain(pair.contributor or actor.name)[:200],
        editors=[] if pair.origin == "draft" else [actor.id],
        approver="",
        waiver="",
        waived=[],
        returned="",
        consent=pair.consent,
        licence=make_plain(pair.licence)[:200],
        language=make_plain(pair.language)[:35],
        conversation=conversation,
        group=group,
        created=now,
        updated=now,
        updated_by=actor.name[:200],
        **dump_content(pair),
    )
    session.add(row)
    tell(session, actor, row, what, why, key=key)
    return row


def dump_content(pair: Pair) -> dict[str, Any]:
    """What a pair says, as its columns have it."""
    return {
        "question": make_plain(pair.question),
        "answer": make_plain(pair.answer),
        "evidence": [_make_plain_values(asdict(item)) for item in pair.evidence],
        "history": [_make_plain_values(asdict(turn)) for turn in pair.history],
    }


def tell(
    session: Session,
    actor: Actor,
    row: StoredPairRow,
    what: str,
    why: str = "",
    *,
    key: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append what happened to a pair. Never a word that the pair says: events outlive an erasure."""
    session.add(
        PairEvent(
            at=now_utc(),
            who_id=actor.id[:200],
            who=actor.name[:200],
            pair=row.id,
            what=what,
            revision=row.revision,
            digest=digest(load_pair(row).pair),
            why=make_plain(why),
            details=dict(details or {}),
            idempotency_key=key,
        )
    )


def load_pair(row: StoredPairRow) -> StoredPair:
    """A row as everybody else knows it."""
    pair = Pair(
        id=row.id,
        question=row.question,
        answer=row.answer,
        evidence=tuple(
            Evidence(**{**item, "breadcrumb": tuple(item.get("breadcrumb", ()))}) for item in row.evidence
        ),
        history=tuple(Earlier(**turn) for turn in row.history),
        kind=cast(Kind, row.kind),
        origin=cast(Origin, row.origin),
        contributor=row.contributor,
        approver=row.approver,
        waiver=row.waiver,
        consent=cast(Consent, row.consent),
        licence=row.licence,
        language=row.language,
    )
    return StoredPair(
        pair=pair,
        state=cast(PairState, row.state),
        revision=row.revision,
        conversation=row.conversation or "",
        waived=tuple(row.waived),
        created=as_utc(row.created),
        updated=as_utc(row.updated),
        updated_by=row.updated_by,
        returned=row.returned,
        group=row.group,
    )


def take_turn(session: Session) -> None:
    """Wait until no other change of the inbox or of pairs is under way. SQLite's BEGIN IMMEDIATE has."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        session.execute(text("LOCK TABLE pair_event IN SHARE ROW EXCLUSIVE MODE"))


def _find_known(session: Session, ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        known.update(session.scalars(select(StoredPairRow.id).where(StoredPairRow.id.in_(some))))
    return known


def _make_plain_values(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: make_plain(value)
        if isinstance(value, str)
        else [make_plain(part) for part in value]
        if isinstance(value, tuple)
        else value
        for name, value in values.items()
    }
