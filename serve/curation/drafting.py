"""Draft pairs from the entries of a collection, written by the model in service.

The model is shown one passage and asked for a question and its answer. One that cannot do that, as a small
model cannot, gets a question made from the entry's fields and answers it from the passage as it would a
patron. Whatever comes of it is held against the passage before it is kept, is marked synthetic, and is a
draft that nobody has seen.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from retrieval.audience import PUBLIC, STAFF
from retrieval.index import Index
from retrieval.prompt import neutralise
from retrieval.records import Hit, Record
from serve.aliases import Route
from serve.curation.composing import LICENCE
from serve.curation.draft_writer import DraftWriter
from serve.curation.evidence import take_evidence
from serve.curation.importing import name_content
from serve.curation.pairs import store_pairs
from serve.curation.tables import StoredPairRow
from serve.errors import EngineError, NotFound, TooBusy
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.service import Service
from train.pairs.pair import Pair

_ATTEMPTS = 3
"""Entries looked at for each draft that is wanted: of many nothing comes."""
MOST_SECONDS = 90
"""After so long no other entry is begun: a page waits two minutes for a reply."""
_MOST_WALKED = 400


@dataclass(frozen=True, slots=True)
class Drafted:
    """Ids of the pairs that were stored, the version that wrote them, about how many entries it was `asked`,
    and what came of the others."""

    pair_ids: tuple[str, ...]
    model: str
    asked: int
    notes: tuple[str, ...]


async def draft_pairs(service: Service, actor: Actor, collection: str, count: int) -> Drafted:
    """Draft up to `count` pairs about entries of a collection that patrons may see, and store them.

    Entries that a draft was made from before are passed over. What was written before an engine failed is
    kept. Raises NotFound for an unknown collection, and EngineError and TooBusy where nothing was written.
    """
    index, started = service.library.current(), time.monotonic()
    rng = random.Random(secrets.randbits(64))
    top = _find_top(index, collection)
    done = await run_in_threadpool(_read_drafted, service)
    entries = await run_in_threadpool(lambda: list(choose_entries(index, top, count * _ATTEMPTS, rng, done)))
    writer = DraftWriter(service, service.aliases.resolve_for(collection, ""), rng)
    pairs: dict[str, Pair] = {}
    asked, problem = 0, ""
    for entry in entries:
        if len(pairs) >= count or problem:
            break
        asked += 1
        try:
            made = await writer.draft(entry)
        except (EngineError, TooBusy) as error:
            if not pairs:
                raise
            made, problem = None, f"{error} What had been written by then was kept."
        if made:
            pair = _make_pair(*made, actor)
            pairs[pair.id] = pair
        if time.monotonic() - started > MOST_SECONDS and len(pairs) < count:
            problem = problem or f"After {MOST_SECONDS} seconds no more were begun. Ask for some more."
    stored = await run_in_threadpool(_store, service, actor, list(pairs.values()), collection, writer.route)
    notes = tuple(_describe(writer, entries, count, len(pairs), problem))
    return Drafted(tuple(name for name in pairs if name in stored), writer.route.version, asked, notes)


def _find_top(index: Index, collection: str) -> str:
    """The record of a whole collection that patrons may see. Raises NotFound."""
    for audience, refusal in (
        (PUBLIC, ""),
        (STAFF, f"Patrons may see nothing of {collection[:80]!r}, so there are no drafts from it."),
    ):
        for summary in index.collections(audience):
            if summary.id == collection:
                if refusal:
                    raise NotFound(refusal, param="collection")
                return summary.record_id
    raise NotFound(
        f"There is no collection {collection[:80]!r}. GET /v1/collections lists them.", param="collection"
    )


def choose_entries(
    index: Index, top: str, count: int, rng: random.Random, without: frozenset[str] = frozenset()
) -> Iterator[Record]:
    """Up to `count` records below `top`, and it, drawn by walking down at random; those lowest down first.

    A walk takes one way at each level, so that a series of ten thousand letters does not crowd out the rest.
    """
    below: dict[str, list[Record]] = {}
    drawn: set[str] = set(without)
    given = 0
    for _ in range(max(_MOST_WALKED, 4 * count)):
        if given >= count:
            return
        path: list[Record] = []
        at = top
        while len(path) < 50:
            if at not in below:
                below[at] = index.children(at, PUBLIC)
            if not below[at]:
                break
            path.append(rng.choice(below[at]))
            at = path[-1].id
        chosen = next((record for record in reversed(path) if record.id not in drawn), None)
        if chosen:
            drawn.add(chosen.id)
            given += 1
            yield chosen
    if top not in drawn and given < count and (record := index.record(top, PUBLIC)):
        yield record


def _make_pair(question: str, answer: str, hit: Hit, actor: Actor) -> Pair:
    """A synthetic pair. Nobody's words are in it but the catalogue's, and staff asked for it."""
    pair = Pair(
        id="",
        question=neutralise(question),
        answer=answer,
        evidence=(take_evidence(hit.record, hit.passage.text),),
        origin="draft",
        contributor=actor.name,
        consent="staff",
        licence=LICENCE,
    )
    return replace(pair, id=name_content(pair, "draft"))


def _read_drafted(service: Service) -> frozenset[str]:
    """Records that drafts were made from before."""
    query = select(StoredPairRow.evidence).where(StoredPairRow.origin == "draft")
    with service.database.readings() as session:
        return frozenset(str(item["record_id"]) for evidence in session.scalars(query) for item in evidence)


def _store(
    service: Service, actor: Actor, pairs: Sequence[Pair], collection: str, route: Route
) -> frozenset[str]:
    if not pairs:
        return frozenset()
    with service.database.sessions.begin() as session:
        stored = store_pairs(session, actor, pairs, why=f"drafted by {route.version} from {collection}")
        details = {"pairs": len(stored), "model": route.version}
        audit(session, actor, "drafted pairs", f"collection {collection}", details=details)
    return frozenset(stored)


def _describe(
    writer: DraftWriter, entries: Sequence[Record], count: int, made: int, problem: str
) -> Iterator[str]:
    if problem:
        yield problem
    elif made < count and len(entries) < count:
        yield f"The collection has {len(entries)} entries that no draft was made from yet."
    if writer.failures and not writer.wrote:
        yield "The model writes no questions of its own; they were made from the entries' fields."
    for what, times in writer.notes.items():
        yield f"Left out, since {what}: {times}."
