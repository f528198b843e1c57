"""What a library would use instead, each as its own documentation starts it: the systems beside ours.

All get the same passages and the same vectors; the question is embedded by the same model, in the
time that is measured. bm25s ranks with its defaults and numba; FAISS scans exactly; RRF is that of
Cormack, Clarke and Büttcher 2009 with k = 60 over the first hundred of both; txtai is a hybrid index
by its defaults (beyond 5,000 rows that is an inverted file) and with an exact scan; LanceDB is a
hybrid query with its default reranker over a full text index and an exact scan.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Embedder, Vectors

DEPTH = 100
_RRF = 60


class System(Protocol):
    """Something that ranks the passages of a corpus for a question."""

    def search(self, question: str, k: int) -> list[int]:
        """Numbers of up to `k` passages, best first."""
        ...


class Words:
    """bm25s with its defaults (Lucene's BM25, English stop words, no stemming)."""

    def __init__(self, texts: Sequence[str]) -> None:
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.ERROR)
        self._tokenize = bm25s.tokenize
        self._index = bm25s.BM25(backend="numba")
        self._index.index(
            self._tokenize(list(texts), stopwords="en", show_progress=False), show_progress=False
        )
        self._count = len(texts)

    def search(self, question: str, k: int) -> list[int]:
        tokens = self._tokenize([question], stopwords="en", show_progress=False, return_ids=False)
        found, scores = self._index.retrieve(tokens, k=min(k, self._count), show_progress=False, n_threads=1)
        return [int(number) for number, score in zip(found[0], scores[0], strict=True) if score > 0]


class Meaning:
    """FAISS IndexFlatIP over the vectors."""

    def __init__(self, vectors: Vectors, embedder: Embedder) -> None:
        import faiss

        self._faiss = faiss
        self._index: Any = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)
        self._embedder = embedder

    def search(self, question: str, k: int) -> list[int]:
        self._faiss.omp_set_num_threads(1)
        _, found = self._index.search(self._embedder.encode([question]), min(k, self._index.ntotal))
        return [int(number) for number in found[0]]


class Fused:
    """Reciprocal rank fusion of the two."""

    def __init__(self, words: Words, meaning: Meaning) -> None:
        self._sides: tuple[System, ...] = (words, meaning)

    def search(self, question: str, k: int) -> list[int]:
        scores: dict[int, float] = {}
        for side in self._sides:
            for rank, number in enumerate(side.search(question, DEPTH), start=1):
                scores[number] = scores.get(number, 0.0) + 1 / (_RRF + rank)
        return sorted(scores, key=lambda number: -scores[number])[:k]


class Txtai:
    """txtai's hybrid index, given the vectors; `exact` asks FAISS for a flat index instead of its default."""

    def __init__(self, texts: Sequence[str], vectors: Vectors, embedder: Embedder, *, exact: bool) -> None:
        from txtai import Embeddings

        known = dict(zip(texts, vectors, strict=True))

        def transform(asked: Sequence[str]) -> NDArray[np.float32]:
            missing = [text for text in asked if text not in known]
            new = dict(zip(missing, embedder.encode(missing), strict=True)) if missing else {}
            return np.stack([known[text] if text in known else new[text] for text in asked])

        flat = {"faiss": {"components": "IDMap,Flat"}} if exact else {}
        self._index = Embeddings(method="external", transform=transform, hybrid=True, **flat)
        self._index.index([(number, text, None) for number, text in enumerate(texts)])
        known.clear()

    def search(self, question: str, k: int) -> list[int]:
        return [int(number) for number, _ in self._index.search(question, k)]


class Lance:
    """A LanceDB table with a full text index, asked by a hybrid query."""

    def __init__(self, texts: Sequence[str], vectors: Vectors, embedder: Embedder) -> None:
        os.environ.setdefault("LANCE_LOG", "error")
        os.environ.setdefault("RUST_LOG", "error")
        import lancedb
        import pyarrow
        from lancedb.index import FTS

        folder = tempfile.mkdtemp()
        weakref.finalize(self, shutil.rmtree, folder, True)
        rows = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
        table = pyarrow.table(
            {"number": np.arange(len(texts)), "text": pyarrow.array(list(texts)), "vector": rows}
        )
        self._table = lancedb.connect(folder).create_table("passages", table)
        self._table.create_index("text", config=FTS())
        self._embedder = embedder

    def search(self, question: str, k: int) -> list[int]:
        query = self._table.search(query_type="hybrid").vector(self._embedder.encode([question])[0])
        return [int(number) for number in query.text(question).limit(k).to_arrow()["number"].to_pylist()]


def make_rivals(texts: Sequence[str], vectors: Vectors, embedder: Embedder) -> dict[str, System]:
    """All of them over the same passages, by name."""
    words, meaning = Words(texts), Meaning(vectors, embedder)
    return {
        "bm25s": words,
        "dense": meaning,
        "rrf": Fused(words, meaning),
        "txtai": Txtai(texts, vectors, embedder, exact=False),
        "txtai_exact": Txtai(texts, vectors, embedder, exact=True),
        "lancedb": Lance(texts, vectors, embedder),
    }


def make_cache(folder: Path) -> Path:
    """Where vectors and indexes are kept between runs."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
