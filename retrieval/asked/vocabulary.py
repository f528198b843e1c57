"""What the index knows by name: its words, people, places, collections and identifiers.

One read-only SQLite file per part of a snapshot, looked up by key and never held in memory. It is
written from what everybody may see: of a withheld record it has the identifiers alone, which are named
to nobody until then.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.asked.spelling import SHORTEST, is_scanned, near_skeletons, select_near, skeleton
from retrieval.asked.vocabulary_tables import FILE, FORMAT, fold_title_words
from retrieval.asked.vocabulary_writer import VocabularyWriter as VocabularyWriter
from retrieval.errors import IndexDamaged
from retrieval.words import fold_exact

MOST_NAMES = 400
"""Names looked at for one question word, the most frequent first."""
_SHORTEST_SCANNED = 5
_MOST_SCANNED = 4
_MOST_HELD = 40
"""Names, or records of one identifier, that are held against what may be seen: more say nothing exact."""
MOST_EXACT = 3
"""Records beyond which an identifier is no exact one ("1", "Series I")."""


@dataclass(frozen=True, slots=True)
class KnownWord:
    """A word of the index: in how many records it stands, in how many in lower case, in how many names."""

    word: str
    records: int = 0
    lower: int = 0
    names: int = 0

    @property
    def is_proper(self) -> bool:
        """Whether it is nearly always written with a capital, as names are."""
        return self.records > 0 and self.lower * 5 <= self.records


@dataclass(frozen=True, slots=True)
class KnownName:
    """A person or body of the index: its words in direct order, and in how many records it is named."""

    words: tuple[str, ...]
    label: str
    records: int


@dataclass(frozen=True, slots=True)
class KnownCollection:
    """A collection: its id, its title as written and that title's words."""

    id: str
    title: str
    words: tuple[str, ...]


class Vocabulary:
    """The vocabularies of all parts of a snapshot, read as one; safe to use from several threads."""

    def __init__(
        self,
        folders: Sequence[Path],
        collections: Container[str] | None = None,
        *,
        may_name: Callable[[str], bool] | None = None,
        stand: Callable[[Sequence[str]], bool] | None = None,
    ) -> None:
        """Open those of `folders`. Raises IndexDamaged where one has none or an unknown one.

        A part never changes, so what was withdrawn or withheld since is still in its file: `collections`
        are the ids of those that may be named, `may_name` says it of a record's id, and `stand` whether
        words, all of them, stand in some passage that everybody may see. None asks nothing.
        """
        self._collections = collections
        self._may_name_record = may_name
        self._stand = stand
        self._lock = threading.Lock()
        self._parts = [_open(folder) for folder in folders]
        for part in self._parts:
            weakref.finalize(self, part.close)

    def look_up(self, word: str) -> KnownWord:
        """What is known of a folded word; `records` is 0 for an unknown one."""
        rows = self._all("SELECT records, lower, names FROM words WHERE word = ?", (word,))
        if not rows or not self._stands((word,)):
            return KnownWord(word)
        records, lower, names = (sum(column) for column in zip(*rows, strict=True))
        return KnownWord(word, records, lower, names)

    def find_near(self, word: str) -> list[KnownWord]:
        """Known words that an unknown one may stand for, nearest first, then the most frequent."""
        if len(word) < SHORTEST or not word.isalnum():
            return []
        keys = near_skeletons(word)
        rows = self._all(
            f"SELECT word, records, lower, names FROM words "
            f"WHERE skeleton IN ({_marks(keys)}) AND length(word) BETWEEN ? AND ?",
            (*keys, len(word) - 2, len(word) + 2),
        )
        near = select_near(word, {row[0] for row in rows})
        slips = {other: count for other, count in near.items() if self._stands((other,))}
        found: dict[str, KnownWord] = {}
        for other, *counts in rows:
            if other in slips:
                past = found.get(other, KnownWord(other))
                found[other] = KnownWord(
                    other, past.records + counts[0], past.lower + counts[1], past.names + counts[2]
                )
        return sorted(found.values(), key=lambda one: (slips[one.word], -one.records, one.word))

    def find_scanned(self, word: str) -> list[str]:
        """Words of damaged text in which a scanner may have made something else of this known word."""
        if len(word) < _SHORTEST_SCANNED:
            return []
        rows = self._all("SELECT word FROM words WHERE skeleton = ?", (skeleton(word),))
        found = sorted({row[0] for row in rows if is_scanned(word, row[0])})
        return [other for other in found if self._stands((other,))][:_MOST_SCANNED]

    def find_names(self, words: Sequence[str]) -> list[KnownName]:
        """Known names that contain all of these words, the most frequent first."""
        known = [self.look_up(word) for word in dict.fromkeys(words)]
        if not known or not all(one.names for one in known):
            return []
        rarest = min(known, key=lambda one: one.names)
        rows = self._all(
            "SELECT n.words, n.label, n.records FROM name_words w JOIN names n ON n.num = w.name "
            "WHERE w.word = ? ORDER BY n.records DESC LIMIT ?",
            (rarest.word, MOST_NAMES),
        )
        wanted = set(words)
        found: dict[str, KnownName] = {}
        for text, label, records in rows:
            parts = tuple(text.split())
            if wanted.issubset(parts):
                past = found.get(text)
                found[text] = KnownName(parts, label, records + (past.records if past else 0))
        names = sorted(found.values(), key=lambda one: (-one.records, one.words))
        return names if self._stand is None else [one for one in names[:_MOST_HELD] if self._stand(one.words)]

    def find_place(self, words: Sequence[str]) -> str:
        """A known place of exactly these words as it is written; "" for none."""
        rows = self._all("SELECT label, records FROM places WHERE words = ?", (" ".join(words),))
        return max(rows, key=lambda row: row[1])[0] if rows and self._stands(words) else ""

    def find_titled(self, words: Sequence[str]) -> list[KnownCollection]:
        """Collections whose titles are exactly these words, small ones apart."""
        rows = self._all(
            "SELECT id, title, words FROM collections WHERE words = ? LIMIT ?",
            (" ".join(fold_title_words(words)), MOST_NAMES),
        )
        return [
            KnownCollection(row[0], row[1], tuple(row[2].split()))
            for row in dict.fromkeys(rows)
            if self._may_name(row[0]) and self._stands(row[2].split())
        ]

    def find_collections(self, words: Sequence[str]) -> list[KnownCollection]:
        """Collections whose titles contain all of these words, shortest title first."""
        found: dict[str, KnownCollection] = {}
        wanted = list(dict.fromkeys(words))
        if not wanted:
            return []
        joins = " ".join(
            f"JOIN title_words w{place} ON w{place}.collection = c.num AND w{place}.word = ?"
            for place in range(len(wanted))
        )
        rows = self._all(
            f"SELECT c.id, c.title, c.words FROM collections c {joins} LIMIT {MOST_NAMES}", tuple(wanted)
        )
        for collection_id, title, text in rows:
            if not self._may_name(collection_id) or not self._stands(text.split()):
                continue  # gone, or called otherwise since
            found.setdefault(collection_id, KnownCollection(collection_id, title, tuple(text.split())))
        return sorted(found.values(), key=lambda one: (len(one.words), one.id))

    def find_records(self, identifier: str) -> list[tuple[str, str]]:
        """(collection id, record id) that an identifier names: a call number, an ARK, a record's id.

        At most one per collection, the uppermost; none where it names many.
        """
        rows = self._all(
            "SELECT collection, record FROM identifiers WHERE key = ? LIMIT ?",
            (fold_exact(identifier), _MOST_HELD),
        )
        found = [
            (collection, record)
            for collection, record in dict.fromkeys(rows)
            if self._may_name(collection) and self._names(record)
        ]
        return found if len(found) <= MOST_EXACT else []

    def find_contained(self, collections: Sequence[str], containers: Sequence[str]) -> list[str]:
        """Ids of the records that lie in all of these containers ("box4", "folder12") of a collection."""
        found = [
            self._all(
                f"SELECT record FROM containers WHERE key = ? AND collection IN ({_marks(collections)})",
                (key, *collections),
            )
            for key in containers
        ]
        common = set.intersection(*({row[0] for row in rows} for rows in found)) if found else set()
        return [row[0] for row in found[0] if row[0] in common and self._names(row[0])] if found else []

    def _may_name(self, collection: str) -> bool:
        return self._collections is None or collection in self._collections

    def _names(self, record: str) -> bool:
        return self._may_name_record is None or self._may_name_record(record)

    def _stands(self, words: Sequence[str]) -> bool:
        return self._stand is None or self._stand(words)

    def _all(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            return [row for part in self._parts for row in part.execute(sql, values)]


def _open(folder: Path) -> sqlite3.Connection:
    path = folder / FILE
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        found = connection.execute("SELECT value FROM about WHERE name = 'format'").fetchone()
    except sqlite3.Error as problem:
        raise IndexDamaged(f"{path}: no vocabulary can be read there; build the index again") from problem
    if not found or found[0] != FORMAT:
        raise IndexDamaged(
            f"{path}: expected {FORMAT!r}, found {found and found[0]!r}; build the index again"
        )
    return connection


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
