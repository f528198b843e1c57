"""What the index knows by name: its words, people, places, collections and identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from retrieval.records import Record

FORMAT = "vocabulary 1"
FILE = "vocabulary.sqlite"


class VocabularyWriter:
    """Writes the vocabulary of one part of a snapshot; `add` in reading order, then `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, record: Record) -> None:
        """Take up what a record says."""

    def close(self) -> None:
        """Finish the file."""


class Vocabulary:
    """The vocabularies of all parts of a snapshot, read as one; safe to use from several threads."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
