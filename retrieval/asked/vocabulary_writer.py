"""Writes the vocabulary of one part of a snapshot, in batches, so that memory does not grow with it."""

from __future__ import annotations

import re
import sqlite3
import weakref
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from retrieval.asked.spelling import skeleton
from retrieval.asked.vocabulary_tables import CLOSING, FILE, FORMAT, SCHEMA, fold_title
from retrieval.audience import PUBLIC
from retrieval.implied.names import fold_name
from retrieval.records import AUTHORITY_FILE, Record
from retrieval.words import TITLES, fold_exact, fold_letters, is_exact, read_containers, split_words

_ADD_WORD = """INSERT INTO words VALUES (?, ?, ?, ?, 0) ON CONFLICT (word) DO UPDATE
               SET records = records + excluded.records, lower = lower + excluded.lower"""
_ADD_NAME = """INSERT INTO names (words, label, records) VALUES (?, ?, ?) ON CONFLICT (words) DO UPDATE
               SET records = records + excluded.records"""
_ADD_PLACE = """INSERT INTO places VALUES (?, ?, ?) ON CONFLICT (words) DO UPDATE
                SET records = records + excluded.records"""

_WRITE_FAST = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;"
"""For a file that is of no use before it is finished; a million keys in no order want 64 MB of its pages."""
_BATCH = 200_000
"""Distinct words, names and places held before they are written."""
_LONGEST_WORD = 40
_LOWER_WORD = re.compile(r"(?<![^\W_])[a-zß-ÿ][^\W\d_]*")
_PLACE_TAIL = re.compile(r"\s*(?:--|\(|\[|;).*$")


class VocabularyWriter:
    """Writes the vocabulary of one part: `add` with a parent before its children, then `close`."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists and has no vocabulary yet."""
        self._connection = sqlite3.connect(folder / FILE, check_same_thread=False)
        weakref.finalize(self, self._connection.close)  # a build may fail before `close`
        self._connection.executescript(f"{_WRITE_FAST} {SCHEMA}")
        self._connection.execute("INSERT INTO about VALUES ('format', ?)", (FORMAT,))
        self._words: Counter[str] = Counter()
        self._lower: Counter[str] = Counter()
        self._names: Counter[str] = Counter()
        self._places: Counter[str] = Counter()
        self._labels: dict[str, str] = {}
        self._last_collection = ""
        self._number = 0

    def add(self, record: Record) -> None:
        """Take up what a record says; of a withheld one only what it is called by."""
        self._number += 1
        self._add_identifiers(record)
        if not PUBLIC.may_see(record):
            return
        self._add_collection(record)
        self._add_words(record)
        for name in dict.fromkeys([*record.names, record.creator, *record.senders, *record.recipients]):
            self._count(self._names, " ".join(_name_words(name)), name)
        for place in dict.fromkeys(record.places):
            label = _PLACE_TAIL.sub("", place).strip(" .,")
            self._count(self._places, " ".join(split_words(label)), label)
        if len(self._words) + len(self._labels) > _BATCH:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        names = self._connection.execute("SELECT num, words FROM names")
        self._connection.executemany(
            "INSERT OR IGNORE INTO name_words VALUES (?, ?)",
            ((word, number) for number, words in names for word in words.split()),
        )
        self._connection.execute(
            "UPDATE words SET names = (SELECT count(*) FROM name_words n WHERE n.word = words.word)"
        )
        self._connection.commit()
        self._connection.executescript(CLOSING)
        self._connection.close()

    def _add_identifiers(self, record: Record) -> None:
        keys = [fold_exact(text) for text in (record.id, record.call_number, *record.identifiers)]
        self._connection.executemany(
            "INSERT OR IGNORE INTO identifiers VALUES (?, ?, ?)",
            [(key, record.collection_id, record.id) for key in dict.fromkeys(keys) if is_exact(key)],
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO containers VALUES (?, ?, ?, ?)",
            [
                (key, record.collection_id, self._number, record.id)
                for key in dict.fromkeys(read_containers(record.container))
            ],
        )

    def _add_collection(self, record: Record) -> None:
        if record.collection_id == self._last_collection:
            return
        self._last_collection = record.collection_id
        if record.collection == AUTHORITY_FILE:
            return  # nobody asks for that
        title = record.collection or (record.title if record.level == "collection" else "")
        words = fold_title(title)
        found = self._connection.execute(
            "INSERT OR IGNORE INTO collections (id, title, words) VALUES (?, ?, ?)",
            (record.collection_id, title, " ".join(words)),
        )
        if found.rowcount > 0:
            self._connection.executemany(
                "INSERT OR IGNORE INTO title_words VALUES (?, ?)", [(word, found.lastrowid) for word in words]
            )

    def _add_words(self, record: Record) -> None:
        text = " ".join(
            [record.title, record.text, record.creator, *record.names, *record.senders, *record.recipients]
            + [*record.subjects, *record.places]
        )
        self._words.update({word for word in split_words(text) if 1 < len(word) <= _LONGEST_WORD})
        self._lower.update({fold_letters(word) for word in _LOWER_WORD.findall(text)})

    def _count(self, counts: Counter[str], words: str, label: str) -> None:
        if words:
            counts[words] += 1
            self._labels.setdefault(words, label)

    def _flush(self) -> None:
        self._connection.executemany(
            _ADD_WORD,
            ((word, skeleton(word), count, self._lower[word]) for word, count in sorted(self._words.items())),
        )
        self._connection.executemany(_ADD_NAME, self._with_labels(self._names))
        self._connection.executemany(_ADD_PLACE, self._with_labels(self._places))
        for held in (self._words, self._lower, self._names, self._places, self._labels):
            held.clear()

    def _with_labels(self, counts: Counter[str]) -> Iterator[tuple[str, str, int]]:
        return ((words, self._labels[words], count) for words, count in sorted(counts.items()))


def _name_words(name: str) -> list[str]:
    """A name's words in direct order, without "Mrs.", which is no part of it."""
    return [word for word in split_words(fold_name(name)) if word not in TITLES]
