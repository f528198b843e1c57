"""From files that changed to a new snapshot, without touching what did not change.

The parts of the snapshot in use are linked into the new one. What is new or replaced makes a small part
of its own; what was there before is noted as deleted. Small parts at the end are written together with
the new one, so that there are never many of them. When they, or the deletions, have grown beyond a
share of the whole, `retrieval.store.compaction` makes one part of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from retrieval.embedding import Embedder
from retrieval.errors import SnapshotError
from retrieval.store.builder import FORMATS
from retrieval.store.catalog import Catalog, Numbers
from retrieval.store.change import Change, FindFiles, work_out
from retrieval.store.lexical import LexicalWriter
from retrieval.store.mirror import Mirror
from retrieval.store.origins import Origin
from retrieval.store.part_writer import Beginning, GetEmbedder, PartWriter, Progress
from retrieval.store.parts import (
    Part,
    open_catalog,
    open_parts,
    open_stored_vectors,
    read_deletions,
    write_deletions,
)
from retrieval.store.snapshot import (
    Manifest,
    building,
    check_files,
    choose_version,
    link_files,
    publish,
    read_current,
    read_manifest,
    stamp_files,
)

SMALL = 1000
"""Passages that are written again with the next update rather than make a part of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """The snapshot in use after an update, and how many records the update added, replaced, removed."""

    manifest: Manifest
    added: int
    replaced: int
    removed: int
    reused: int


def update_index(
    root: Path,
    find_files: FindFiles,
    get_embedder: GetEmbedder,
    progress: Progress,
    mirror: Mirror | None = None,
) -> Updated:
    """Take files read anew, and files that are gone, into a new snapshot and switch to it.

    `find_files` is asked for them when nobody else can update the index. Where nothing changed the snapshot
    in use stays. Raises IndexMissing or IndexDamaged when there is none to go on from, SnapshotError when
    another build is under way or the embedder is another one; the snapshot in use is then untouched.
    """
    with building(root) as folder:
        before = root / read_current(root)
        manifest = read_manifest(before)
        if manifest.formats != FORMATS:
            raise SnapshotError(f"{before}: was written by another release; build the index again")
        check_files(before, manifest)
        parts = open_parts(before, manifest)
        catalog = open_catalog(before, parts)
        change = work_out(catalog, find_files(catalog), progress)
        if change.is_empty:
            return Updated(manifest=manifest, added=0, replaced=0, removed=0, reused=0)
        step = _Step(before, manifest, parts, catalog, change)
        reused = step.write(folder, lambda: _fit(manifest, get_embedder), progress)
        new = step.describe(root, folder)
        publish(root, folder, new, mirror)
    replaced = len(change.replaced)
    return Updated(
        manifest=new,
        added=len(change.written) - replaced,
        replaced=replaced,
        removed=len(change.withdrawn),
        reused=reused,
    )


class _Step:
    """One update, from the snapshot before it to a folder that can be published."""

    def __init__(
        self, before: Path, manifest: Manifest, parts: Sequence[Part], catalog: Catalog, change: Change
    ) -> None:
        self._before = before
        self._manifest = manifest
        self._catalog = catalog
        self._change = change
        self._parts = parts
        self._kept = parts[: _count_kept(parts, len(change.written))]
        self._first = sum(part.stamp.passages for part in self._kept)
        deleted, withdrawn = read_deletions(before)
        self._newly_deleted = self._find_deleted()
        self._deleted = _merge(deleted[deleted < self._first], self._newly_deleted)
        self._withdrawn = _merge(withdrawn, change.withdrawn)

    def write(self, folder: Path, get_embedder: GetEmbedder, progress: Progress) -> int:
        """Write everything but the manifest. Returns how many vectors were taken over."""
        link_files(self._before, folder, self._shared())
        name = f"{int(self._parts[-1].stamp.name) + 1:06}"
        with LexicalWriter(folder / "lexical") as words:
            if len(self._kept) < len(self._parts):
                words.remove_from(self._first)
            words.remove(self._newly_deleted)
            self._writer = PartWriter(folder / "parts" / name, words, self._begin())
            self._write_records()
        write_deletions(folder, self._deleted, self._withdrawn)
        return self._writer.close(get_embedder, open_stored_vectors(self._parts), progress)

    def describe(self, root: Path, folder: Path) -> Manifest:
        """The manifest of what was written."""
        now = datetime.now(UTC)
        old, change, part = self._manifest, self._change, self._writer.stamp()
        self._writer.digest.update(f"{old.version}{sorted(change.withdrawn)}".encode())
        return Manifest(
            version=choose_version(root, self._writer.digest.hexdigest(), now),
            created=now.isoformat(timespec="seconds"),
            records=old.records + len(change.written) - len(change.replaced) - len(change.withdrawn),
            passages=self._first + part.passages - len(self._deleted),
            collections=self._count_collections(),
            embedder=old.embedder,
            dimension=old.dimension,
            embedder_digest=old.embedder_digest,
            formats=FORMATS,
            parts=(*(kept.stamp for kept in self._kept), part),
            sources=tuple(change.told.sources),
            skipped=tuple(change.told.skipped),
            remarks=tuple(change.told.remarks),
            checksums=stamp_files(folder, old.checksums),
        )

    def _shared(self) -> list[str]:
        """Files of the snapshot before that are files of this one too."""
        kept = {part.stamp.name for part in self._kept}
        return [
            name
            for name in self._manifest.checksums
            if name.startswith("lexical/") or (name.startswith("parts/") and name.split("/")[1] in kept)
        ]

    def _begin(self) -> Beginning:
        def find_number(record_id: str) -> int | None:
            found = self._catalog.number_of(record_id)
            return None if found in self._change.withdrawn else found

        return Beginning(
            record=self._parts[-1].stamp.next_record,
            passage=self._first,
            collections=[name for part in self._kept for name in part.catalog.collection_ids],
            find_number=find_number,
        )

    def _write_records(self) -> None:
        """What the parts not kept still hold, then what changed."""
        change, writer = self._change, self._writer
        for origin, gone in self._list_origins():
            writer.add_origin(origin, gone=gone)
        over = change.replaced | change.withdrawn
        for number, key, record in self._catalog.stream(first_part=len(self._kept)):
            if number not in over:
                writer.add(record, key, number)
        for record, key, given in change.written.values():
            writer.add(record, key, given)

    def _list_origins(self) -> Iterable[tuple[Origin, bool]]:
        """Files to note, each with whether it is gone: those of the parts not kept, then the change's."""
        found = {
            origin.key: (origin, gone)
            for part in self._parts[len(self._kept) :]
            for origin, gone in part.catalog.origins()
        }
        found |= {key: (origin, True) for key, origin in self._change.gone.items()}
        found |= {key: (origin, False) for key, origin in self._change.origins.items()}
        return found.values()

    def _find_deleted(self) -> list[int]:
        """Passages in the parts kept that the change makes void."""
        over = self._change.replaced | self._change.withdrawn
        return [
            passage
            for number in sorted(over)
            for passage in self._catalog.passages_of(number)
            if passage < self._first
        ]

    def _count_collections(self) -> int:
        kept = self._catalog.columns["collection"][: self._first]
        live = np.ones(self._first, dtype=np.bool_)
        live[self._deleted] = False
        return len(
            set(np.flatnonzero(np.bincount(kept[live])).tolist()) | self._writer.catalog.used_collections
        )


def _count_kept(parts: Sequence[Part], written: int) -> int:
    """How many parts stay as they are: the first, and those too large to be written again now.

    A part is written again when it is small, or not much larger than what is written anyway, so that the
    parts grow like powers of two and a record is rewritten a few times at most.
    """
    kept = len(parts)
    while kept > 1:
        size = parts[kept - 1].stamp.passages
        if size + written > SMALL and size > 2 * written:
            break
        written += size
        kept -= 1
    return kept


def _merge(some: Numbers, more: Iterable[int]) -> Numbers:
    return np.union1d(some, np.fromiter(more, dtype=np.int32)).astype(np.int32)


def _fit(manifest: Manifest, get_embedder: GetEmbedder) -> Embedder:
    embedder = get_embedder()
    if embedder.digest != manifest.embedder_digest:
        raise SnapshotError(
            f"the index was built with the embedder {manifest.embedder} ({manifest.embedder_digest[:12]}), "
            f"found {embedder.name} ({embedder.digest[:12]}); use that one or build the index again"
        )
    return embedder
