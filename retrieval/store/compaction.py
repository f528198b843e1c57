"""Makes one part of all the parts of an index, from its own records: no source is read again.

It works aside while updates go on. An update that was faster makes its work void; it is then done after
one of the next updates.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from retrieval.store.builder import FIRST_PART, FORMATS
from retrieval.store.catalog import Catalog
from retrieval.store.lexical import LexicalWriter
from retrieval.store.mirror import Mirror
from retrieval.store.part_writer import Beginning, GetEmbedder, PartWriter, Progress
from retrieval.store.parts import open_catalog, open_parts, open_stored_vectors, write_deletions
from retrieval.store.snapshot import (
    Manifest,
    check_files,
    choose_version,
    compacting,
    locking,
    publish,
    read_current,
    read_manifest,
    stamp_files,
)

MOST_ADDED, MOST_DELETED = 0.05, 0.10
"""Share of the passages that may lie beside the first part, and share that may be deleted."""
FEW = 2000
"""Passages beside the first part, or deleted, that never call for it."""


def needs_compaction(manifest: Manifest) -> bool:
    """Whether there is so much beside the first part, or deleted in it, that one part is better."""
    added = sum(part.passages for part in manifest.parts[1:])
    total = sum(part.passages for part in manifest.parts)
    deleted = total - manifest.passages
    return added > max(FEW, MOST_ADDED * total) or deleted > max(FEW, MOST_DELETED * total)


def compact_index(
    root: Path, get_embedder: GetEmbedder, progress: Progress, mirror: Mirror | None = None
) -> Manifest | None:
    """Write the snapshot in use as one part and switch to it; None when an update came in between.

    Vectors are taken over. Raises IndexMissing, IndexDamaged, and SnapshotError when it is under way.
    """
    with compacting(root) as folder:
        version = read_current(root)
        before = root / version
        old = read_manifest(before)
        check_files(before, old)
        parts = open_parts(before, old)
        catalog = open_catalog(before, parts)
        writer = write_as_one(folder, catalog)
        writer.close(get_embedder, open_stored_vectors(parts), progress)
        write_deletions(folder, np.empty(0, np.int32), np.empty(0, np.int32))
        checksums, part = stamp_files(folder), writer.stamp()
        now = datetime.now(UTC)
        manifest = Manifest(
            version=choose_version(root, writer.digest.hexdigest(), now),
            created=now.isoformat(timespec="seconds"),
            records=writer.catalog.records,
            passages=part.passages,
            collections=len(writer.catalog.used_collections),
            embedder=old.embedder,
            dimension=old.dimension,
            embedder_digest=old.embedder_digest,
            formats=FORMATS,
            parts=(part,),
            sources=(),
            skipped=(),
            remarks=(),
            checksums=checksums,
        )
        if mirror:
            mirror.take_in(root, folder, manifest)  # the long part of it, while updates may go on
        with locking(root):
            if read_current(root) != version:
                return None
            manifest = replace(manifest, version=choose_version(root, writer.digest.hexdigest(), now))
            publish(root, folder, manifest, mirror)
            return manifest


def write_as_one(folder: Path, catalog: Catalog) -> PartWriter:
    """Write all records of a catalogue as one part into a build; what is left is to close it."""
    with LexicalWriter(folder / "lexical") as words:
        writer = PartWriter(folder / "parts" / FIRST_PART, words, Beginning())
        for origin in catalog.origins().values():
            writer.add_origin(origin)
        for _, key, record in catalog.stream():
            writer.add(record, key)
    return writer
