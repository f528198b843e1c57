"""Keeps an engine in step with the snapshots on disk: what is new goes there before the switch.

A part of a snapshot never changes, so it has a name made of its files' checksums, and its passages are there
under that name. A snapshot is searched by its parts' names; passages of parts that it has not, newer or older
or left over by a killed update, are never asked for. So the numbers of one snapshot cannot meet the
passages of another, a gateway may stay with an older snapshot as long as that is on disk, and going back
needs nothing. A folder beside the snapshots names the parts that were ever given to the engine, so that only
our own are removed again: two libraries may share an engine.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.backends.engine import LIMITS, EnginePassage, SearchEngine
from retrieval.errors import SearchEngineError, SnapshotError
from retrieval.records import Record
from retrieval.store.lexical import read_words
from retrieval.store.parts import Part, open_parts, read_deletions
from retrieval.store.snapshot import Manifest, list_versions, read_manifest
from retrieval.store.stored import load_record

FORMAT = "engine 1"
"""Changes whenever passages are given to engines in another form: parts then have other names."""
GIVEN = "engine-parts"
"""Folder beside the snapshots, one empty file for each part that an engine was given."""
_BATCH = 1000

_log = logging.getLogger(__name__)


def name_part(manifest: Manifest, part: str) -> str:
    """What a part is called in engines, 16 hexadecimal digits: the same in every snapshot that shares it."""
    digest = hashlib.sha256(FORMAT.encode())
    prefix = f"parts/{part}/"
    for path in sorted(manifest.checksums):
        if path.startswith(prefix):
            digest.update(f"{path.removeprefix(prefix)} {manifest.checksums[path].sha256}\n".encode())
    return digest.hexdigest()[:16]


class EngineMirror:
    """Follows the snapshots of one root. `pushed` counts the passages given to the engine so far."""

    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine
        self.pushed = 0

    def take_in(self, root: Path, folder: Path, manifest: Manifest) -> None:
        """Give the engine the parts that it lacks. Raises SearchEngineError."""
        self._engine.prepare(manifest.dimension)
        sealed, void = self._engine.sealed(), find_void(root, (folder, manifest))
        for part in open_parts(folder, manifest):
            if not part.stamp.passages:
                continue
            name = name_part(manifest, part.stamp.name)
            rows = np.setdiff1d(np.arange(part.stamp.passages), void[name])
            if name in sealed and self._engine.count(name) >= len(rows):
                continue
            _note(root, name)
            for passages in _read(part, name, rows):
                self._engine.upsert(passages)
                self.pushed += len(passages)
            self._engine.seal(name)

    def clear(self, root: Path) -> None:
        """Remove parts that no snapshot on disk has, and passages that are deleted in each of them."""
        try:
            void = find_void(root)
            for name in _given(root) - void.keys():
                self._engine.drop(name)
                (root / GIVEN / name).unlink(missing_ok=True)
            for name, rows in void.items():
                if len(rows):
                    self._engine.delete(name, rows.tolist())
        except (SearchEngineError, OSError) as problem:
            _log.warning("the engine keeps what no index needs until the next update: %s", problem)


Rows = NDArray[np.int64]


def find_void(root: Path, *more: tuple[Path, Manifest]) -> dict[str, Rows]:
    """Parts of the snapshots on disk, and of `more`, with the rows deleted wherever a snapshot has them."""
    void: dict[str, Rows] = {}
    for folder, manifest in [*_list_snapshots(root), *more]:
        try:
            deleted, _ = read_deletions(folder)
        except (OSError, ValueError):
            continue  # removed meanwhile, or damaged: it is not searched
        for stamp in manifest.parts:
            name, first = name_part(manifest, stamp.name), stamp.first_passage
            inside = (deleted >= first) & (deleted < first + stamp.passages)
            rows = deleted[inside].astype(np.int64) - first
            void[name] = np.intersect1d(void[name], rows) if name in void else rows
    return void


def _list_snapshots(root: Path) -> Iterator[tuple[Path, Manifest]]:
    for version in list_versions(root):
        try:
            yield root / version, read_manifest(root / version)
        except SnapshotError:
            continue  # of another release, or damaged: it is not searched


def _given(root: Path) -> set[str]:
    folder = root / GIVEN
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _note(root: Path, name: str) -> None:
    (root / GIVEN).mkdir(exist_ok=True)
    (root / GIVEN / name).touch()


def _read(part: Part, name: str, rows: Rows) -> Iterator[list[EnginePassage]]:
    """The passages in these rows of a part, in batches, whatever later parts made of them."""
    first, columns = part.stamp.first_passage, part.catalog.columns
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        vectors = part.vectors.reconstruct(some)
        found = {
            number: (record, text)
            for number, _, record, text in part.catalog.passages((some + first).tolist())
        }
        numbers = sorted({int(number) for number in columns["record"][some]})
        records = {record.id: record for record in map(_load, part.catalog.records(numbers))}
        batch = []
        for place, row in enumerate(some.tolist()):
            record_id, text = found[row + first]
            limits = {limit: max(0, int(columns[limit][row])) for limit in LIMITS}
            words = read_words(records[record_id], text)
            batch.append(EnginePassage(part=name, row=row, words=words, limits=limits, vector=vectors[place]))
        yield batch


def _load(found: Sequence[object]) -> Record:
    return load_record(str(found[1]))
