"""Bring what patrons said into the inbox: each to the nearest group that asks the same, else to a new one.

A group keeps its id and its entries; what comes later joins it or does not, and nothing is ever regrouped.

What comes in for a group that was judged is counted there, as long as the answer is one that was judged:
it needs no second judgement. Another answer to the same question that went badly opens the group again.
In an open group such an answer raises the revision, so that nobody judges what they have not seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from retrieval.asked.questions import read_question
from retrieval.embedding import Embedder, Vectors
from retrieval.index import Index
from retrieval.library import Library
from serve.curation.entries import Entry, read_entries, read_waiting
from serve.curation.evidence import find_index
from serve.curation.likeness import LEAST, Asked, ask_same, describe, fold_question
from serve.curation.pairs import take_turn
from serve.curation.tables import InboxEntry, InboxGroup
from serve.database import Database
from serve.people.moments import now_utc

MOST_AT_ONCE = 256
"""Entries grouped by one call, about a second's work."""
_MOST_READ = 2000
"""Characters of a question that are read and embedded."""
_MOST_COMPARED = 40
"""Nearest questions that are held against a new one word by word."""


def collect(database: Database, library: Library, limit: int = MOST_AT_ONCE) -> int:
    """Group what is waiting; returns how many entries were. Safe from several processes at once."""
    with database.readings() as session:
        waiting = read_waiting(session, limit)
    if not waiting:
        return 0
    vectors = _embed(library.embedder, [entry.question for entry in waiting])
    try:
        _group(database, library, waiting, vectors)
    except IntegrityError:
        return 0  # a feedback was deleted at that very moment: the next call goes without it
    return len(waiting)


def _group(database: Database, library: Library, waiting: Sequence[Entry], vectors: Vectors) -> None:
    index = find_index(library)
    with database.sessions.begin() as session:
        take_turn(session)
        _remove_empty(session)
        still = read_entries(session, [entry.id for entry in waiting])
        grouped = set(
            session.scalars(select(InboxEntry.id).where(InboxEntry.id.in_([entry.id for entry in waiting])))
        )
        grouping = _Grouping(session, library.embedder, index)
        for entry, vector in zip(waiting, vectors, strict=True):
            if entry.id in still and entry.id not in grouped:
                grouping.place(entry, vector)


@dataclass(slots=True)
class _Known:
    """A question that was asked before: its group, and an entry to read its words from."""

    entry: str
    group: str
    vector: Vectors


@dataclass(slots=True)
class _Grouping:
    """One transaction that brings entries in."""

    session: Session
    embedder: Embedder
    index: Index | None
    _known: list[_Known] = field(default_factory=list)
    _wordings: dict[str, str] = field(default_factory=dict)
    _matrix: Vectors | None = None
    _read: dict[str, Asked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._renew()
        # One entry for each wording: what is asked a thousand times in the same words is read once.
        one_each = select(func.min(InboxEntry.id)).group_by(InboxEntry.wording)
        rows = self.session.execute(
            select(InboxEntry.id, InboxEntry.group, InboxEntry.wording, InboxEntry.vector)
            .where(InboxEntry.id.in_(one_each))
            .order_by(InboxEntry.created, InboxEntry.id)
        )
        for name, group, wording, vector in rows:
            self._wordings[wording] = group
            self._known.append(_Known(name, group, np.frombuffer(vector, dtype=np.float32)))

    def place(self, entry: Entry, vector: Vectors) -> None:
        """Put one entry into the group that asks the same, or into one of its own."""
        wording = fold_question(entry.question, entry.context)
        name = self._wordings.get(wording) or self._find_nearest(entry, vector)
        group = self.session.get(InboxGroup, name) if name else None
        if group is None:
            group = self._open()
        else:
            self._tell(group, entry)
        self.session.add(
            InboxEntry(
                id=entry.id,
                group=group.id,
                feedback=entry.id if entry.is_feedback else None,
                turn=None if entry.is_feedback else entry.id,
                created=entry.created,
                wording=wording,
                voice=entry.voice,
                thumb=entry.thumb,
                badness=entry.badness,
                unanswered=entry.unanswered,
                signature=entry.signature,
                embedder=self.embedder.digest[:200],
                vector=vector.tobytes(),
            )
        )
        self.session.flush()
        if wording not in self._wordings:
            self._wordings[wording] = group.id
            self._known.append(_Known(entry.id, group.id, vector))
            self._read[entry.id] = self._describe(entry)

    def _find_nearest(self, entry: Entry, vector: Vectors) -> str:
        """The group of the nearest question that asks the same; "" where none does."""
        if not self._known:
            return ""
        if self._matrix is None or len(self._matrix) < len(self._known):
            self._matrix = np.stack([known.vector for known in self._known])
        cosines = self._matrix @ vector
        near = np.flatnonzero(cosines >= LEAST)
        ranked = near[np.argsort(-cosines[near], kind="stable")]
        best: list[int] = ranked[:_MOST_COMPARED].tolist()
        self._read_known([self._known[place].entry for place in best])
        asked = self._describe(entry)
        for place in best:
            known = self._known[place]
            other = self._read.get(known.entry)
            if other is not None and ask_same(asked, other, float(cosines[place])):
                return known.group
        return ""

    def _read_known(self, ids: Sequence[str]) -> None:
        wanted = [name for name in ids if name not in self._read]
        for name, entry in (read_entries(self.session, wanted) if wanted else {}).items():
            self._read[name] = self._describe(entry)

    def _describe(self, entry: Entry) -> Asked:
        text = entry.question[:_MOST_READ]
        read = self.index.read(text) if self.index else read_question(text)
        return describe(read, entry.context)

    def _open(self) -> InboxGroup:
        group = InboxGroup(
            id=f"group-{secrets.token_hex(8)}",
            opened=now_utc(),
            state="open",
            revision=1,
            verdict="",
            judged_by="",
            judged_at=None,
            known=[],
            claimed_by="",
            claimed_name="",
            claimed_until=None,
        )
        self.session.add(group)
        self.session.flush()
        return group

    def _tell(self, group: InboxGroup, entry: Entry) -> None:
        """Open a judged group again, or raise an open one's revision, for an answer not seen there yet."""
        if not entry.badness or not entry.remembered or entry.signature in group.known:
            return
        if group.state == "open":
            seen = select(InboxEntry.id).where(
                InboxEntry.group == group.id, InboxEntry.signature == entry.signature
            )
            if self.session.scalar(seen.limit(1)) is not None:
                return
        group.state = "open"
        group.revision += 1

    def _renew(self) -> None:
        """Embed anew what another model embedded: vectors of two models cannot be compared."""
        digest = self.embedder.digest[:200]
        other = select(InboxEntry).where(InboxEntry.embedder != digest).limit(MOST_AT_ONCE)
        while rows := self.session.scalars(other).all():
            entries = read_entries(self.session, [row.id for row in rows])
            asked = [entries[row.id].question if row.id in entries else "" for row in rows]
            for row, vector in zip(rows, _embed(self.embedder, asked), strict=True):
                row.embedder, row.vector = digest, vector.tobytes()
            self.session.flush()


def _remove_empty(session: Session) -> None:
    """Groups all of whose entries went with their feedback go as well."""
    filled = select(InboxEntry.id).where(InboxEntry.group == InboxGroup.id)
    session.execute(
        delete(InboxGroup).where(~filled.exists()), execution_options={"synchronize_session": False}
    )


def _embed(embedder: Embedder, questions: Sequence[str]) -> Vectors:
    """Unit vectors of the questions, each different one embedded once."""
    cut = [question[:_MOST_READ] for question in questions]
    different = list(dict.fromkeys(cut))
    if not different:
        return np.zeros((0, embedder.dimension), dtype=np.float32)
    vectors = np.asarray(embedder.encode(different), dtype=np.float32)
    places = {question: place for place, question in enumerate(different)}
    return vectors[[places[question] for question in cut]]
