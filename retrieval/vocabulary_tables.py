"""The tables of a vocabulary file, and the form in which a title is kept in them."""

from __future__ import annotations

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
CLOSING = "CREATE INDEX words_skeleton ON words (skeleton);"


def fold_title(title: str) -> tuple[str, ...]:
    """The words by which a collection's title is recognised: those that are no years or small words."""
    return tuple(word for word in split_words(title) if not word.isdigit() and word not in _SMALL)


_SMALL = frozenset("a an the of and in on for from to at de la le du des der die das und et y e".split())
