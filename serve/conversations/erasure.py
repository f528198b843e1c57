"""A request for deletion, followed from the conversation into pairs, dataset versions and adapters.

Words are removed everywhere. Dataset versions and adapters are immutable: those that hold such pairs are
named, in the reply and in a record that is kept, so that staff can withdraw and train anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from serve.conversations.keeping import remove_turns
from serve.conversations.key import digest_id
from serve.conversations.scrubbing import scrub_soon
from serve.conversations.tables import Agreement, Erasure, KeptTurn, Tombstone
from serve.conversations.turn_taking import take_turn
from serve.database import Database
from serve.errors import NotFound
from serve.people.audit import audit
from serve.people.authority import STAFF, Actor, Role
from serve.people.moments import as_utc
from serve.tables import AdapterVersion, Feedback

PATRON = "patron"


class ErasePairs(Protocol):
    """Withdraws and empties the pairs that came of a conversation, and removes its entries in the inbox."""

    def __call__(
        self,
        session: Session,
        conversation: str | None,
        feedback: Sequence[str] = (),
        turns: Sequence[str] = (),
    ) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a conversation may have come: `erase_pairs` gives the ids of pairs, `find_datasets` the names of
    the dataset versions that hold any of these. `erase_trials` removes trials of standing instructions that
    ask one of these questions, and gives their ids."""

    erase_pairs: ErasePairs
    find_datasets: Callable[[Session, Sequence[str]], Sequence[str]]
    erase_trials: Callable[[Session, Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Erased:
    """What one request removed (ids), and which versions it named. `id` is "" where nothing was kept."""

    id: str
    at: datetime
    who: str
    feedback: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()


def erase_conversation(database: Database, actor: Actor, key: str, trail: Trail) -> Erased:
    """Remove all that is kept of a conversation.

    Asked again it gives the record of the first time; for a conversation of which nothing is kept, an
    empty one.
    """
    with database.sessions.begin() as session:
        erased = _erase(session, actor, key, trail)
    return _scrub(database, erased)


def erase_feedback(database: Database, actor: Actor, feedback: str, trail: Trail) -> Erased:
    """Remove feedback and the conversation it came of, also where only pairs are left of it.

    Raises NotFound for an id that nothing is known of.
    """
    with database.sessions.begin() as session:
        row = session.get(Feedback, feedback)
        erased = _erase(session, actor, row.conversation if row else None, trail, feedback)
        if not erased.id:
            raise NotFound(
                f"Nothing is kept of feedback {feedback[:80]!r}. GET /v1/purges?removed= says whether its "
                "time was over.",
                param="feedback",
            )
    return _scrub(database, erased)


def take_back(database: Database, key: str, trail: Trail) -> Erased:
    """End an agreement: its turns go, and the pairs that came of them. Feedback, sent for itself, stays."""
    now = datetime.now(UTC)
    with database.sessions.begin() as session:
        take_turn(session, key)
        turns = list(session.scalars(select(KeptTurn.id).where(KeptTurn.conversation == key)))
        trail.erase_trials(session, _list_questions(session, key, ()))
        pairs = trail.erase_pairs(session, None, turns=turns) if turns else []
        remove_turns(session, key)
        erased = Erased("", now, PATRON, turns=tuple(turns))
        if pairs:
            erased = _record(session, erased, pairs, trail)
            audit(session, Actor(Role.PATRON), "took back", f"erasure {erased.id}")
    return _scrub(database, erased)


def read_erasures(database: Database, *, limit: int = 100, offset: int = 0) -> tuple[int, tuple[Erased, ...]]:
    """How many records there are, and some of them, newest first."""
    with database.readings() as session:
        total = session.scalar(select(func.count()).select_from(Erasure)) or 0
        newest = select(Erasure).order_by(Erasure.at.desc(), Erasure.id)
        return total, tuple(map(_load, session.scalars(newest.limit(limit).offset(offset))))


def _scrub(database: Database, erased: Erased) -> Erased:
    """Out of the files too, where there was something."""
    if erased.feedback or erased.turns or erased.pairs:
        scrub_soon(database)
    return erased


def _erase(session: Session, actor: Actor, key: str | None, trail: Trail, feedback: str = "") -> Erased:
    take_turn(session, key or feedback)
    named = Feedback.conversation == key if key else Feedback.id == feedback
    rows = session.execute(select(Feedback.id, Feedback.idempotency_key).where(named)).all()
    ids = sorted({row.id for row in rows} | ({feedback} if feedback else set()))
    turns = sorted(session.scalars(select(KeptTurn.id).where(KeptTurn.conversation == key))) if key else []
    agreed = key is not None and session.get(Agreement, key) is not None
    pairs = trail.erase_pairs(session, key, feedback=ids, turns=turns)
    who = (actor.name or actor.id) if actor.role in STAFF else PATRON
    found = Erased("", datetime.now(UTC), who, tuple(sorted(row.id for row in rows)), tuple(turns))
    if not (rows or turns or agreed):  # asked for again, or for what only pairs are left of
        earlier = _find_earlier(session, key or feedback)
        if earlier is not None and set(pairs) <= set(earlier.pairs):
            return earlier
        if not pairs:
            return found
    trials = trail.erase_trials(session, _list_questions(session, key, ids))
    if key:
        remove_turns(session, key)
    session.execute(delete(Feedback).where(Feedback.id.in_(ids)))
    erased = _record(session, found, pairs, trail)
    _bury(session, erased.id, {*ids, *(row.idempotency_key for row in rows), *([key] if key else [])})
    audit(session, actor, "erased", f"erasure {erased.id}", details={"trials": list(trials)})
    return erased


def _list_questions(session: Session, key: str | None, feedback: Sequence[str]) -> list[str]:
    """What was really asked: what a client only claims to have asked reaches no work of staff's."""
    turns = select(KeptTurn.question).where(KeptTurn.conversation == key)
    told = select(Feedback.question).where(Feedback.id.in_(feedback), Feedback.remembered.is_(True))
    return [*session.scalars(told), *(session.scalars(turns) if key else ())]


def _record(session: Session, found: Erased, pairs: Sequence[str], trail: Trail) -> Erased:
    """Write down what was reached."""
    datasets = sorted(trail.find_datasets(session, pairs)) if pairs else []
    adapters = find_adapters(session, datasets)
    row = Erasure(
        id=f"erasure-{secrets.token_hex(12)}",
        at=found.at,
        who=found.who[:200],
        feedback=list(found.feedback),
        turns=list(found.turns),
        pairs=sorted(pairs),
        datasets=datasets,
        adapters=adapters,
    )
    session.add(row)
    session.flush()
    return _load(row)


def find_adapters(session: Session, datasets: Sequence[str]) -> list[str]:
    """Adapter versions that were trained on one of these dataset versions, by what their manifests say."""
    if not datasets:
        return []
    wanted = set(datasets)
    rows = session.execute(select(AdapterVersion.name, AdapterVersion.lineage).order_by(AdapterVersion.name))
    return [name for name, lineage in rows if wanted & set(_list_names(lineage.get("dataset")))]


def _list_names(dataset: object) -> list[str]:
    """A lineage names one dataset version, or several."""
    named = dataset if isinstance(dataset, list) else [dataset]
    return [name for name in named if isinstance(name, str)]


def _bury(session: Session, erasure: str, names: set[str]) -> None:
    hashes = {digest_id(name) for name in names}
    known = set(session.scalars(select(Tombstone.hash).where(Tombstone.hash.in_(hashes))))
    rows = [{"hash": found, "erasure": erasure} for found in sorted(hashes - known)]
    if rows:
        session.execute(insert(Tombstone), rows)


def _find_earlier(session: Session, name: str) -> Erased | None:
    stone = session.get(Tombstone, digest_id(name))
    row = session.get(Erasure, stone.erasure) if stone else None
    return _load(row) if row else None


def _load(row: Erasure) -> Erased:
    lists = (row.feedback, row.turns, row.pairs, row.datasets, row.adapters)
    return Erased(row.id, as_utc(row.at), row.who, *map(tuple, lists))
