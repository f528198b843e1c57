"""The parts of a snapshot, opened; a part that two snapshots share is opened once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np

from retrieval.store.catalog import Catalog, Numbers
from retrieval.store.catalog_part import CatalogPart
from retrieval.store.snapshot import Manifest, PartStamp
from retrieval.store.stored_vectors import StoredVectors
from retrieval.store.vectors import VectorIndex

DELETED, WITHDRAWN = "deleted.npy", "withdrawn.npy"
"""Numbers of passages and of records that are in no answer any more, sorted."""


class Part:
    """One part: its records at once, its vectors when they are asked for."""

    def __init__(self, folder: Path, stamp: PartStamp, dimension: int) -> None:
        self.folder = folder
        self.stamp = stamp
        self.catalog = CatalogPart(folder)
        self._dimension = dimension
        self._vectors: VectorIndex | None = None
        self._opening = threading.Lock()

    @property
    def vectors(self) -> VectorIndex:
        """Its vectors, numbered from 0. Raises IndexDamaged; a part without passages has none."""
        with self._opening:
            if self._vectors is None:
                self._vectors = VectorIndex(
                    self.folder / "vectors.faiss", passages=self.stamp.passages, dimension=self._dimension
                )
            return self._vectors


def open_parts(folder: Path, manifest: Manifest) -> list[Part]:
    """The parts of a snapshot whose files were checked. Raises IndexDamaged."""
    return [_open_part(folder / "parts" / stamp.name, stamp, manifest) for stamp in manifest.parts]


def open_catalog(folder: Path, parts: Sequence[Part]) -> Catalog:
    """Their records as one, without what was deleted since they were written."""
    return Catalog([part.catalog for part in parts], *read_deletions(folder))


def open_stored_vectors(parts: Sequence[Part]) -> StoredVectors:
    """Their vectors, by what was embedded; read only where something is found."""
    return StoredVectors([(part.folder, part) for part in parts if part.stamp.passages])


def read_deletions(folder: Path) -> tuple[Numbers, Numbers]:
    """Deleted passages and withdrawn records of a snapshot."""
    deleted, withdrawn = (np.load(folder / name, allow_pickle=False) for name in (DELETED, WITHDRAWN))
    return deleted, withdrawn


def write_deletions(folder: Path, deleted: Numbers, withdrawn: Numbers) -> None:
    """Write both lists."""
    np.save(folder / DELETED, deleted)
    np.save(folder / WITHDRAWN, withdrawn)


_open: WeakValueDictionary[tuple[int, int, str], Part] = WeakValueDictionary()
_sharing = threading.Lock()


def _open_part(folder: Path, stamp: PartStamp, manifest: Manifest) -> Part:
    """The part as it is open already, known by its file and that file's checksum, or opened now."""
    status = (folder / "records.sqlite").stat()
    checksum = manifest.checksums[f"parts/{stamp.name}/records.sqlite"].sha256
    key = (status.st_dev, status.st_ino, checksum)
    with _sharing:
        part = _open.get(key)
        if part is None or part.stamp != stamp:
            part = Part(folder, stamp, manifest.dimension)
            _open[key] = part
        part.folder = folder  # that of an older snapshot may be removed any time
        return part
