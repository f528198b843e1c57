"""From readings to a published snapshot: catalog, vectors, lexical index, manifest.

Vectors of unchanged text are taken over from the snapshot in use, found by a digest of exactly what
was embedded; a snapshot of another embedder or another composition is not looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from retrieval import catalog, lexical, vectors
from retrieval.catalog import LEVELS, CatalogWriter, dump_record
from retrieval.embedding import Embedder, Vectors
from retrieval.enrichment import enrich_all
from retrieval.errors import SnapshotError
from retrieval.lexical import LexicalWriter
from retrieval.passages import cut_record, render_body, render_breadcrumb
from retrieval.records import Record
from retrieval.snapshot import (
    Manifest,
    building,
    check_files,
    choose_version,
    publish,
    read_current,
    read_manifest,
    stamp_files,
)
from retrieval.sources import Reading
from retrieval.vectors import VectorIndex, compose, embed_unique, write_vectors


class Progress(Protocol):
    """Hears how a build goes: `step` is "read" (files) or "embed" (passages), `done` how many more."""

    def __call__(self, step: str, done: int, total: int | None = None) -> None: ...


FORMATS = {"catalog": catalog.FORMAT, "vectors": vectors.FORMAT, "lexical": lexical.FORMAT}
"""What must be equal in a manifest for this program to open the snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A published snapshot, and how many of its vectors came from the one before."""

    manifest: Manifest
    reused: int


@dataclass(slots=True)
class _Texts:
    """What is to be embedded, one entry per passage."""

    bodies: list[str]
    breadcrumbs: list[str]
    digest: hashlib._Hash
    sources: list[str]
    skipped: list[str]
    remarks: list[str]


def build_index(root: Path, readings: Iterable[Reading], embedder: Embedder, progress: Progress) -> Built:
    """Build a snapshot from readings and switch to it.

    Record ids are unique over all readings. `progress` hears "read" once per reading, and "embed"
    with numbers of passages. Raises SnapshotError when there is nothing to index or another build is
    under way; the snapshot in use is then untouched.
    """
    with building(root) as folder:
        writer = CatalogWriter(folder)
        texts = _write_texts(folder, writer, readings, progress)
        if not writer.records:
            raise SnapshotError(
                f"nothing to index: {len(texts.sources) + len(texts.skipped)} files gave no record; "
                "the index in use, if any, is unchanged"
            )
        writer.close()
        reused = _write_vectors(root, folder, texts, embedder, progress)
        now = datetime.now(UTC)
        manifest = Manifest(
            version=choose_version(root, texts.digest.hexdigest(), now),
            created=now.isoformat(timespec="seconds"),
            records=writer.records,
            passages=writer.passages,
            collections=writer.collections,
            embedder=embedder.name,
            dimension=embedder.dimension,
            embedder_digest=embedder.digest,
            formats=FORMATS,
            sources=tuple(texts.sources),
            skipped=tuple(texts.skipped),
            remarks=tuple(texts.remarks),
            checksums=stamp_files(folder),
        )
        publish(root, folder, manifest)
        return Built(manifest=manifest, reused=reused)


def _write_texts(
    folder: Path, writer: CatalogWriter, readings: Iterable[Reading], progress: Progress
) -> _Texts:
    """Write catalog and lexical index, and gather what is to be embedded."""
    texts = _Texts([], [], hashlib.sha256(), [], [], [])
    with LexicalWriter(folder / "lexical") as words:
        for reading in readings:
            told = texts.remarks if reading.records else texts.skipped
            told += [str(problem) for problem in reading.problems]
            if reading.records:
                texts.sources.append(str(reading.path))
            for record in enrich_all(reading.records):
                _write_record(record, writer, words, texts)
            progress("read", 1)
    return texts


def _write_record(record: Record, writer: CatalogWriter, words: LexicalWriter, texts: _Texts) -> None:
    passages = cut_record(record)
    texts.digest.update(dump_record(record).encode())
    collection, level = writer.collection_number(record.collection_id), LEVELS.index(record.level)
    for number, passage in enumerate(passages, start=writer.passages):
        words.add(number, record, passage, collection=collection, level=level)
    writer.add(record, passages)
    texts.bodies += [render_body(record, passage) for passage in passages]
    texts.breadcrumbs += [render_breadcrumb(record)] * len(passages)


def _write_vectors(root: Path, folder: Path, texts: _Texts, embedder: Embedder, progress: Progress) -> int:
    """Embed what is new, take over the rest, write both files. Returns how many were taken over."""
    keys = [_key(body, crumb) for body, crumb in zip(texts.bodies, texts.breadcrumbs, strict=True)]
    known = _load_known(root, embedder)
    new = [place for place, key in enumerate(keys) if key not in known]
    progress("embed", len(keys) - len(new), len(keys))
    composed = np.zeros((len(keys), embedder.dimension), dtype=np.float32)
    for place, key in enumerate(keys):
        composed[place] = known.get(key, 0)
    if new:
        composed[new] = _embed(texts, new, embedder, progress)
    write_vectors(folder / "vectors.faiss", composed)
    (folder / "vectors.keys").write_bytes(b"".join(keys))
    return len(keys) - len(new)


def _embed(texts: _Texts, places: list[int], embedder: Embedder, progress: Progress) -> Vectors:
    crumbs = [texts.breadcrumbs[place] for place in places]
    distinct = sorted(set(crumbs) - {""})
    rows = {crumb: row for row, crumb in enumerate(distinct)}
    crumb_vectors = embed_unique(distinct, embedder.encode, embedder.dimension, lambda done: None)
    bodies = embed_unique(
        [texts.bodies[place] for place in places], embedder.encode, embedder.dimension,
        lambda done: progress("embed", done),
    )  # fmt: skip
    above = np.zeros_like(bodies)
    for row, crumb in enumerate(crumbs):
        if crumb:
            above[row] = crumb_vectors[rows[crumb]]
    return compose(bodies, above)


def _load_known(root: Path, embedder: Embedder) -> dict[bytes, Vectors]:
    """Vectors of the snapshot in use by key; empty when it cannot be used for that."""
    try:
        folder = root / read_current(root)
        manifest = read_manifest(folder)
        if manifest.embedder_digest != embedder.digest or manifest.formats.get("vectors") != vectors.FORMAT:
            return {}
        check_files(folder, manifest)
        index = VectorIndex(
            folder / "vectors.faiss", passages=manifest.passages, dimension=manifest.dimension
        )
        keys = (folder / "vectors.keys").read_bytes()
    except (SnapshotError, OSError):
        return {}
    rows = index.reconstruct_all()
    return {keys[place * _KEY : (place + 1) * _KEY]: row for place, row in enumerate(rows)}


_KEY = 16


def _key(body: str, breadcrumb: str) -> bytes:
    return hashlib.sha256(f"{body}\0{breadcrumb}".encode()).digest()[:_KEY]
