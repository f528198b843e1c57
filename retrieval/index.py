"""An open snapshot: its records, its collections, and the search over them.

An Index never changes and may be searched from several threads; to see a newer snapshot, ask the
Library again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from retrieval.asked.followup import complete_question
from retrieval.asked.questions import Question, read_question
from retrieval.asked.vocabulary import Vocabulary
from retrieval.audience import PUBLIC, Audience
from retrieval.backends.candidates import EngineCandidates
from retrieval.backends.engine import SearchEngine
from retrieval.embedding import Embedder
from retrieval.errors import IndexDamaged
from retrieval.ranking.reranking import Reranker
from retrieval.ranking.search import EVERYTHING, Filters, Searcher, SearchResult
from retrieval.records import Record
from retrieval.store.builder import FORMATS
from retrieval.store.catalog import CollectionSummary, SourceSummary
from retrieval.store.lexical import LexicalIndex
from retrieval.store.parts import open_catalog, open_parts
from retrieval.store.snapshot import Manifest, check_files, read_manifest
from retrieval.store.vector_parts import VectorParts
from retrieval.words import split_words

__all__ = ["Filters", "Index", "SearchResult"]


class Index:
    """One snapshot, opened. Raises IndexDamaged or IndexMissing when it cannot be trusted.

    With an `engine` candidates come from there, and the vectors here are not even mapped; nothing is asked of
    it before the first search. With a `reranker` the records near the top are scored once more.
    """

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        *,
        engine: SearchEngine | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        manifest = read_manifest(folder)
        _check_fit(folder, manifest, embedder)
        check_files(folder, manifest)
        self.version = manifest.version
        self.manifest: Manifest = manifest
        self._parts = open_parts(folder, manifest)
        self._catalog = open_catalog(folder, self._parts)
        self._vectors = VectorParts(
            [
                (part.stamp.first_passage, part.stamp.passages, part.vectors)
                for part in self._parts
                if part.stamp.passages and engine is None
            ],
            self._catalog.live,
        )
        self._engine = EngineCandidates(engine, manifest, self._catalog.live) if engine else None
        has_deleted = manifest.passages < len(self._catalog.columns)
        self._words = LexicalIndex(folder / "lexical", passages=manifest.passages, has_deleted=has_deleted)
        self._vocabulary = self._open_vocabulary(has_deleted)
        self._searcher = Searcher(
            self._catalog,
            self._words,
            self._vectors,
            embedder,
            self._vocabulary,
            engine=self._engine,
            reranker=reranker,
        )

    def _open_vocabulary(self, has_deleted: bool) -> Vocabulary:
        """What may be named to everybody; staff, too, find what is withheld by searching for it."""
        catalog, words = self._catalog, self._words

        def may_name(record_id: str) -> bool:
            record = catalog.record(record_id)
            return record is not None and PUBLIC.may_see(record)

        return Vocabulary(
            [part.folder for part in self._parts],
            {summary.id for summary in catalog.collections()},
            may_name=may_name,
            stand=(lambda asked: words.holds(asked, PUBLIC.day)) if has_deleted else None,
        )

    def search(
        self,
        question: str,
        *,
        top_k: int = 6,
        filters: Filters = EVERYTHING,
        audience: Audience = PUBLIC,
        without: Collection[str] = (),
    ) -> SearchResult:
        """The best `top_k` records for a question, each with its best passage. Raises QueryError, and where
        they are set SearchEngineError and RerankerError.

        `without` are ids of chips: what the question is not to be read as.
        """
        return self._searcher.search(
            question, top_k=top_k, filters=filters, audience=audience, without=without
        )

    def check_engine(self) -> None:
        """Ask the engine, where there is one, whether it has this index. Raises SearchEngineError."""
        if self._engine:
            self._engine.check()

    def complete(self, question: str, earlier: Sequence[str], cited: Sequence[str] = ()) -> str:
        """The text to search for: a follow-up led by what the `earlier` questions, oldest first, asked for.

        `cited` are titles that the last answer quoted, best first.
        """
        return complete_question(question, earlier, self._vocabulary, cited)

    def read(self, question: str) -> Question:
        """What a question says, as a search of this index would read it."""
        return read_question(question, self._vocabulary)

    def knows_name(self, name: str) -> bool:
        """Whether the public catalogue names somebody so, in any order of the words."""
        words = split_words(name)
        return bool(words) and bool(self._vocabulary.find_names(words))

    def record(self, record_id: str, audience: Audience = PUBLIC) -> Record | None:
        """The record with this id; None when there is none that `audience` may see."""
        record = self._catalog.record(record_id)
        return record if record and audience.may_see(record) else None

    def children(self, record_id: str, audience: Audience = PUBLIC) -> list[Record]:
        """Direct children of a record that `audience` may see, in the order of their source."""
        return [record for record in self._catalog.children(record_id) if audience.may_see(record)]

    def collections(self, audience: Audience = PUBLIC) -> list[CollectionSummary]:
        """Every collection of which `audience` may see anything, in the order they were read."""
        return self._catalog.collections(audience)

    def sources(self) -> Mapping[str, SourceSummary]:
        """What each source of records has given, by its name, for staff: what is withheld counts too."""
        return self._catalog.sources


def _check_fit(folder: Path, manifest: Manifest, embedder: Embedder) -> None:
    if manifest.formats != FORMATS:
        part = next(name for name in FORMATS if manifest.formats.get(name) != FORMATS[name])
        raise IndexDamaged(
            f"{folder}: {part} was written by {manifest.formats.get(part)!r}, this is {FORMATS[part]!r}; "
            "build the index again"
        )
    if manifest.embedder_digest != embedder.digest:
        raise IndexDamaged(
            f"{folder}: built with the embedder {manifest.embedder} ({manifest.embedder_digest[:12]}), "
            f"found {embedder.name} ({embedder.digest[:12]}); use that one or build the index again"
        )
