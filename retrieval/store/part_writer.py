"""Writes one part of a snapshot: records, vectors and vocabulary, and its passages into the lexical index."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from retrieval.asked.vocabulary import VocabularyWriter
from retrieval.embedding import Embedder, Vectors
from retrieval.passages import cut_record, render_body, render_breadcrumb
from retrieval.records import Record
from retrieval.store.catalog_writer import CatalogWriter, find_nothing
from retrieval.store.lexical import LexicalWriter
from retrieval.store.origins import Origin
from retrieval.store.snapshot import PartStamp
from retrieval.store.stored import LEVELS
from retrieval.store.stored_vectors import StoredVectors, make_key, write_keys
from retrieval.store.vectors import compose, embed_unique, write_vectors
from retrieval.store.vectors_family import VectorsNote


class Progress(Protocol):
    """Hears how a build goes: `step` is "read" (files) or "embed" (passages), `done` how many more."""

    def __call__(self, step: str, done: int, total: int | None = None) -> None: ...


GetEmbedder = Callable[[], Embedder]
"""Gives the embedder when something is to be embedded: loading it takes a second, removing needs none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where a part goes on from those before it."""

    record: int = 0
    passage: int = 0
    collections: Sequence[str] = ()
    find_number: Callable[[str], int | None] = find_nothing


class PartWriter:
    """`add` records in reading order, then `close`."""

    def __init__(self, folder: Path, words: LexicalWriter, beginning: Beginning) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._words = words
        self._vocabulary = VocabularyWriter(folder)
        self._first_passage = beginning.passage
        self.catalog = CatalogWriter(
            folder,
            first_record=beginning.record,
            first_passage=beginning.passage,
            collections=beginning.collections,
            find_number=beginning.find_number,
        )
        self._note: VectorsNote | None = None
        self._bodies: list[str] = []
        self._breadcrumbs: list[str] = []
        self.digest = hashlib.sha256()

    def add_origin(self, origin: Origin, *, gone: bool = False) -> None:
        """Note a file that records come from, or that it is gone."""
        self.digest.update(f"{origin.key}{origin.digest}{gone}".encode())
        self.catalog.add_origin(origin, gone=gone)

    def add(self, record: Record, origin: tuple[str, str], number: int | None = None) -> None:
        """Take up a record of a file noted before; `number` is the one it had in a part before."""
        passages = cut_record(record)
        collection = self.catalog.collection_number(record.collection_id)
        level = LEVELS.index(record.level)
        for place, passage in enumerate(passages, start=self.catalog.next_passage):
            self._words.add(place, record, passage, collection=collection, level=level)
        self.digest.update(self.catalog.add(record, passages, origin, number).encode())
        self._vocabulary.add(record)
        self._bodies += [render_body(record, passage) for passage in passages]
        self._breadcrumbs += [render_breadcrumb(record)] * len(passages)

    def close(self, get_embedder: GetEmbedder, stored: StoredVectors, progress: Progress) -> int:
        """Embed what is new, take over the rest, finish all files. Returns how many were taken over."""
        self.catalog.close()
        self._vocabulary.close()
        if not self._bodies:
            return 0
        keys = [make_key(body, crumb) for body, crumb in zip(self._bodies, self._breadcrumbs, strict=True)]
        places, known = stored.find(keys)
        is_new = np.ones(len(keys), dtype=np.bool_)
        is_new[places] = False
        new = np.flatnonzero(is_new).tolist()
        progress("embed", len(places), len(keys))
        embedded = self._embed(new, get_embedder(), progress) if new else known[:0]
        composed = np.zeros((len(keys), max(known.shape[1], embedded.shape[1])), dtype=np.float32)
        if len(places):
            composed[places] = known
        if new:
            composed[new] = embedded
        self._note = write_vectors(self._folder / "vectors.faiss", composed)
        write_keys(self._folder, keys)
        return len(places)

    def stamp(self) -> PartStamp:
        """What the manifest says of the part."""
        return PartStamp(
            name=self._folder.name,
            first_passage=self._first_passage,
            passages=self.catalog.next_passage - self._first_passage,
            next_record=self.catalog.next_record,
            vectors=self._note,
        )

    def _embed(self, places: list[int], embedder: Embedder, progress: Progress) -> Vectors:
        crumbs = [self._breadcrumbs[place] for place in places]
        distinct = sorted(set(crumbs) - {""})
        rows = {crumb: row for row, crumb in enumerate(distinct)}
        crumb_vectors = embed_unique(distinct, embedder.encode, embedder.dimension, lambda done: None)
        bodies = embed_unique(
            [self._bodies[place] for place in places], embedder.encode, embedder.dimension,
            lambda done: progress("embed", done),
        )  # fmt: skip
        above = np.zeros_like(bodies)
        for row, crumb in enumerate(crumbs):
            if crumb:
                above[row] = crumb_vectors[rows[crumb]]
        return compose(bodies, above)
