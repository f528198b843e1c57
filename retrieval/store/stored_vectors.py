"""Vectors of text that was embedded before, found by a digest of exactly what was embedded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Vectors
from retrieval.store.vectors import VectorIndex

_KEY = np.dtype("S16")


def make_key(body: str, breadcrumb: str) -> bytes:
    """What stands for a text and its breadcrumb, 16 bytes."""
    return hashlib.sha256(f"{body}\0{breadcrumb}".encode()).digest()[: _KEY.itemsize]


def write_keys(folder: Path, keys: Sequence[bytes]) -> None:
    """Write the keys of a part's vectors, sorted, and beside them the row that each belongs to."""
    given = np.frombuffer(b"".join(keys), dtype=_KEY)
    order = np.argsort(given, kind="stable").astype(np.int32)
    (folder / "vectors.keys").write_bytes(given[order].tobytes())
    (folder / "vectors.rows").write_bytes(order.tobytes())


class HasVectors(Protocol):
    """Opens vectors when they are asked for."""

    @property
    def vectors(self) -> VectorIndex: ...


class StoredVectors:
    """The vectors of parts of a snapshot by key; safe to use while the parts are searched."""

    def __init__(self, parts: Sequence[tuple[Path, HasVectors]]) -> None:
        """Folders of parts, none of them empty, with what gives their vectors."""
        self._parts = [(*_map_keys(folder), part) for folder, part in parts]

    def find(self, keys: Sequence[bytes]) -> tuple[NDArray[np.int64], Vectors]:
        """Places in `keys` that are known, in no order, and their vectors, one row each."""
        wanted = np.frombuffer(b"".join(keys), dtype=_KEY)
        missing = np.arange(len(wanted))
        places, found = [missing[:0]], [np.empty((0, 0), dtype=np.float32)]
        for held, rows, part in self._parts:
            at = np.minimum(np.searchsorted(held, wanted[missing]), len(held) - 1)
            known = held[at] == wanted[missing]
            if known.any():
                places.append(missing[known])
                found.append(part.vectors.reconstruct(rows[at[known]]))
            missing = missing[~known]
        return np.concatenate(places), np.concatenate(found[1:]) if found[1:] else found[0]


def _map_keys(folder: Path) -> tuple[NDArray[np.bytes_], NDArray[np.int32]]:
    held: NDArray[np.bytes_] = np.memmap(folder / "vectors.keys", dtype=_KEY, mode="r")
    rows: NDArray[np.int32] = np.memmap(folder / "vectors.rows", dtype=np.int32, mode="r")
    return held, rows
