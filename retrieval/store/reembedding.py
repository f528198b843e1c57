"""The records of an index with the vectors of another model: no source is read again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from retrieval.embedding import Embedder
from retrieval.store.builder import FORMATS, Built, find_stored
from retrieval.store.compaction import write_as_one
from retrieval.store.mirror import Mirror
from retrieval.store.part_writer import Progress
from retrieval.store.parts import open_catalog, open_parts, write_deletions
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


def reembed_index(
    root: Path,
    embedder: Embedder,
    progress: Progress,
    *,
    into: Path | None = None,
    known: Path | None = None,
    mirror: Mirror | None = None,
) -> Built:
    """Write the snapshot in use anew with `embedder`, and switch to it.

    `into` is another folder of snapshots to write it to, for a trial: the index in `root` stays as it is.
    `known` is a folder whose snapshot has vectors of the same embedder, which are taken over. `progress`
    hears "embed". Raises IndexMissing, IndexDamaged, and SnapshotError while another build is under way.
    """
    target = into or root
    with building(target) as folder:
        before = root / read_current(root)
        old = read_manifest(before)
        check_files(before, old)
        writer = write_as_one(folder, open_catalog(before, open_parts(before, old)))
        reused = writer.close(lambda: embedder, find_stored(known or target, embedder), progress)
        write_deletions(folder, np.empty(0, np.int32), np.empty(0, np.int32))
        now, part = datetime.now(UTC), writer.stamp()
        manifest = Manifest(
            version=choose_version(target, writer.digest.hexdigest(), now),
            created=now.isoformat(timespec="seconds"),
            records=writer.catalog.records,
            passages=part.passages,
            collections=len(writer.catalog.used_collections),
            embedder=embedder.name,
            dimension=embedder.dimension,
            embedder_digest=embedder.digest,
            formats=FORMATS,
            parts=(part,),
            sources=old.sources,
            skipped=old.skipped,
            remarks=old.remarks,
            checksums=stamp_files(folder),
        )
        publish(target, folder, manifest, mirror)
        return Built(manifest=manifest, reused=reused)
