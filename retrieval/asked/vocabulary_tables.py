"""The tables of a vocabulary file, and the form in which a title is kept in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from retrieval.words import split_words

FORMAT = "vocabulary 1"
FILE = "vocabulary.sqlite"

SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE words (word TEXT PRIMARY KEY, skeleton TEXT NOT NULL, records INTEGER NOT NULL,
                    lower INTEGER NOT NULL, names INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE names (num INTEGER PRIMARY KEY, words TEXT UNIQUE NOT NULL, label TEXT NOT NULL,
                    records INTEGER NOT NULL);
CREATE TABLE name_words (word TEXT NOT NULL, name INTEGER NOT NULL, PRIMARY KEY (word, name)) WITHOUT ROWID;
CREATE TABLE places (words TEXT PRIMARY KEY, label TEXT NOT NULL, records INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE collections (num INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, title TEXT NOT NULL,
                          words TEXT NOT NULL);
CREATE TABLE title_words (word TEXT NOT NULL, collection INTEGER NOT NULL, PRIMARY KEY (word, collection))
                          WITHOUT ROWID;
CREATE TABLE identifiers (key TEXT NOT NULL, collection TEXT NOT NULL, record TEXT NOT NULL,
                          PRIMARY KEY (key, collection)) WITHOUT ROWID;
CREATE TABLE containers (key TEXT NOT NULL, collection TEXT NOT NULL, num INTEGER NOT NULL,
                         record TEXT NOT NULL, PRIMARY KEY (key, collection, num)) WITHOUT ROWID;
"""
CLOSING = "CREATE INDEX words_skeleton ON words (skeleton); CREATE INDEX titles ON collections (words);"


def fold_title(title: str) -> tuple[str, ...]:
    """The words by which a collection's title is recognised: no small ones, and no dates after it."""
    return fold_title_words(split_words(_DATES_AFTER.sub("", title)))


def fold_title_words(words: Iterable[str]) -> tuple[str, ...]:
    """Folded words without the small ones."""
    return tuple(word for word in words if word not in _SMALL)


_DATES_AFTER = re.compile(r"[,(;]\s*(?:bulk|circa|ca\.?|approximately)?\s*\[?\d{4}.*$", re.IGNORECASE)
_SMALL = frozenset("a an the of and in on for from to at de la le du des der die das und et y e".split())
