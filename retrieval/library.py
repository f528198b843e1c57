"""The index in use, and the switch to a newer one while searches run."""

from __future__ import annotations

import threading
from pathlib import Path

from retrieval.backends.engine import SearchEngine
from retrieval.embedding import Embedder
from retrieval.errors import IndexDamaged, IndexMissing, RetrievalError, SnapshotError
from retrieval.index import Index
from retrieval.ranking.reranking import Reranker
from retrieval.store.index_embedder import fit_embedder
from retrieval.store.snapshot import read_current, read_manifest


class Library:
    """Holds the current Index of a folder of snapshots; safe to use from several threads.

    Nothing is opened before the first `refresh`. An Index handed out stays usable after a switch. A snapshot
    whose vectors are of another model is opened with that model where it lies beside the index, so that a
    switch to a tuned model, and back, is a switch of the snapshot alone.
    """

    def __init__(
        self,
        root: Path,
        embedder: Embedder,
        *,
        engine: SearchEngine | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        """`engine` and `reranker` are given to every Index."""
        self._root = root
        self._embedder = embedder
        self._engine = engine
        self._reranker = reranker
        self.problem = ""
        self._index: Index | None = None
        self._refused: tuple[str, SnapshotError] | None = None
        self._switching = threading.Lock()

    def current(self) -> Index:
        """The index in use, opened at the first call. Raises IndexMissing, IndexDamaged."""
        if self._index is None:
            self.refresh()
        if self._index is None:
            raise IndexMissing(f"no index in {self._root}; run: reading-room index build PATH")
        return self._index

    @property
    def embedder(self) -> Embedder:
        """What turns questions and passages into vectors in the index in use."""
        return self._embedder

    def look(self) -> None:
        """Ask the search engine, where there is one, whether the index in use can be searched there.

        `problem` says afterwards what is wrong, in words; empty when nothing is.
        """
        if self._engine is None:
            return
        try:
            self.current().check_engine()
            self.problem = ""
        except RetrievalError as problem:
            self.problem = str(problem)

    def refresh(self) -> bool:
        """Switch to the snapshot that CURRENT names, if it is another one; True when it switched.

        Costs one small read when nothing changed. Raises IndexMissing when there is none and none was
        in use, and IndexDamaged when the new one cannot be used: the one in use then stays.
        """
        with self._switching:
            version = self._read_version()
            if version is None or (self._index is not None and self._index.version == version):
                return False
            if self._refused is not None and self._refused[0] == version:
                raise self._refused[1]
            self._index = self._open(version)
            self._refused = None
            return True

    def _open(self, version: str) -> Index:
        """The snapshot, or a newer one where it was removed meanwhile. Raises SnapshotError."""
        while True:
            try:
                folder = self._root / version
                embedder = fit_embedder(self._root, read_manifest(folder), self._embedder)
                index = Index(folder, embedder, engine=self._engine, reranker=self._reranker)
                self._embedder = embedder
                return index
            except (SnapshotError, OSError) as problem:
                now = self._read_version()
                if now is None or now == version:
                    self._refused = (version, _describe(self._root / version, problem))
                    raise self._refused[1] from problem
                version = now

    def _read_version(self) -> str | None:
        try:
            return read_current(self._root)
        except IndexMissing:
            if self._index is None:
                raise
            return None


def _describe(folder: Path, problem: SnapshotError | OSError) -> SnapshotError:
    if isinstance(problem, SnapshotError):
        return type(problem)(str(problem))
    return IndexDamaged(f"{folder}: cannot be read ({problem.strerror}); build the index again")
