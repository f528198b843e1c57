"""From readings to a published snapshot of one part: records, vectors, lexical index, manifest.

Vectors of unchanged text are taken over from the snapshot in use, found by a digest of exactly what
was embedded; a snapshot of another embedder or another composition is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from retrieval.asked import vocabulary_tables
from retrieval.embedding import Embedder
from retrieval.errors import SnapshotError
from retrieval.implied.enrichment import enrich_all
from retrieval.implied.withholding import withhold_closed
from retrieval.records import Record
from retrieval.store import catalog, lexical, vectors
from retrieval.store.lexical import LexicalWriter
from retrieval.store.mirror import Mirror
from retrieval.store.origins import Origin
from retrieval.store.part_writer import Beginning, PartWriter, Progress
from retrieval.store.parts import open_parts, open_stored_vectors, write_deletions
from retrieval.store.reading import Reading
from retrieval.store.snapshot import (
    Manifest,
    building,
    check_files,
    choose_version,
    publish,
    read_current,
    read_manifest,
    stamp_files,
)
from retrieval.store.stored_vectors import StoredVectors

__all__ = ["FORMATS", "Built", "Progress", "build_index"]

FORMATS = {
    "catalog": catalog.FORMAT,
    "vectors": vectors.FORMAT,
    "lexical": lexical.FORMAT,
    "vocabulary": vocabulary_tables.FORMAT,
}
"""What must be equal in a manifest for this program to open the snapshot."""
FIRST_PART = "000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A published snapshot, and how many of its vectors came from the one before."""

    manifest: Manifest
    reused: int


def build_index(
    root: Path,
    readings: Iterable[Reading],
    embedder: Embedder,
    progress: Progress,
    mirror: Mirror | None = None,
) -> Built:
    """Build a snapshot from readings and switch to it.

    Record ids are unique over all readings. `progress` hears "read" once per reading, and "embed"
    with numbers of passages. Raises SnapshotError when there is nothing to index or another build is
    under way; the snapshot in use is then untouched.
    """
    with building(root) as folder:
        told = Told([], [], [])
        with LexicalWriter(folder / "lexical") as words:
            writer = PartWriter(folder / "parts" / FIRST_PART, words, Beginning())
            for reading in readings:
                told.note(reading)
                origin = origin_of(reading)
                writer.add_origin(origin)
                for record in enrich_reading(reading):
                    writer.add(record, origin.key)
                progress("read", 1)
            if not writer.catalog.records:
                raise SnapshotError(
                    f"nothing to index: {len(told.sources) + len(told.skipped)} files gave no record; "
                    "the index in use, if any, is unchanged"
                )
        reused = writer.close(lambda: embedder, find_stored(root, embedder), progress)
        write_deletions(folder, np.empty(0, np.int32), np.empty(0, np.int32))
        now = datetime.now(UTC)
        part = writer.stamp()
        manifest = Manifest(
            version=choose_version(root, writer.digest.hexdigest(), now),
            created=now.isoformat(timespec="seconds"),
            records=writer.catalog.records,
            passages=part.passages,
            collections=writer.catalog.collections,
            embedder=embedder.name,
            dimension=embedder.dimension,
            embedder_digest=embedder.digest,
            formats=FORMATS,
            parts=(part,),
            sources=tuple(told.sources),
            skipped=tuple(told.skipped),
            remarks=tuple(told.remarks),
            checksums=stamp_files(folder),
        )
        publish(root, folder, manifest, mirror)
        return Built(manifest=manifest, reused=reused)


@dataclass(frozen=True, slots=True)
class Told:
    """What the manifest says of the files that were read."""

    sources: list[str]
    skipped: list[str]
    remarks: list[str]

    def note(self, reading: Reading) -> None:
        """Take up one file."""
        lines = self.remarks if reading.records else self.skipped
        lines += [str(problem) for problem in reading.problems]
        if reading.records:
            self.sources.append(str(reading.path))


def enrich_reading(reading: Reading) -> Iterator[Record]:
    """The records of a reading as they are indexed."""
    records = enrich_all(reading.records)
    yield from withhold_closed(records) if reading.hides_closed else records


def origin_of(reading: Reading) -> Origin:
    """Where the records of a reading come from, with what was wrong with it."""
    origin = reading.origin or Origin(source="", name=str(reading.path))
    return replace(
        origin, problems=tuple(str(problem) for problem in reading.problems), format=reading.format
    )


def find_stored(root: Path, embedder: Embedder) -> StoredVectors:
    """Vectors of the snapshot in use by key; none when it cannot be used for that."""
    try:
        folder = root / read_current(root)
        manifest = read_manifest(folder)
        if manifest.embedder_digest != embedder.digest or manifest.formats.get("vectors") != vectors.FORMAT:
            return StoredVectors([])
        check_files(folder, manifest)
        return open_stored_vectors(open_parts(folder, manifest))
    except (SnapshotError, OSError):
        return StoredVectors([])
