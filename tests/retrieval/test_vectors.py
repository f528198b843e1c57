"""FAISS against brute force, on values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.embedding import Vectors
from retrieval.errors import IndexDamaged
from retrieval.store.vectors import VectorIndex, compose, embed_unique, write_vectors

DIMENSION = 48


def unit_rows(count: int, seed: int) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def vectors() -> Vectors:
    return unit_rows(5000, 1)


@pytest.fixture
def index(tmp_path: Path, vectors: Vectors) -> VectorIndex:
    write_vectors(tmp_path / "v", vectors)
    return VectorIndex(tmp_path / "v", passages=len(vectors), dimension=DIMENSION)


@pytest.mark.parametrize("share", [1.0, 0.9, 0.5, 0.1, 0.01, 0.001])
def test_filtered_search_equals_brute_force(index: VectorIndex, vectors: Vectors, share: float) -> None:
    allowed = np.random.default_rng(2).random(len(vectors)) < share
    allowed[17] = True
    stored = vectors.astype(np.float16).astype(np.float32)
    for query in unit_rows(20, 3):
        scores = np.where(allowed, stored @ query, -np.inf)
        best = np.argsort(-scores, kind="stable")[: min(10, int(allowed.sum()))]
        found = index.search(query, 10, None if share == 1.0 else allowed)
        assert [score for _, score in found] == pytest.approx(scores[best].tolist(), abs=1e-5)
        assert {number for number, _ in found} == set(best.tolist())


def test_half_precision_stays_close_to_full(index: VectorIndex, vectors: Vectors) -> None:
    found = index.search(vectors[5], 1)
    assert found[0][0] == 5
    assert found[0][1] == pytest.approx(1.0, abs=2e-3)


def test_nothing_allowed_finds_nothing(index: VectorIndex, vectors: Vectors) -> None:
    assert index.search(vectors[0], 5, np.zeros(len(vectors), dtype=np.bool_)) == []


def test_asking_for_more_than_there_are(index: VectorIndex, vectors: Vectors) -> None:
    allowed = np.zeros(len(vectors), dtype=np.bool_)
    allowed[[3, 4999]] = True
    assert {number for number, _ in index.search(vectors[0], 100, allowed)} == {3, 4999}
    assert len(index.search(vectors[0], 9000)) == 5000


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    write_vectors(tmp_path / "v", unit_rows(3, 4))
    with pytest.raises(IndexDamaged, match="expected 4 vectors of 48, found 3 of 48"):
        VectorIndex(tmp_path / "v", passages=4, dimension=DIMENSION)


def test_composition_is_the_weighted_sum_made_unit() -> None:
    body, crumb = unit_rows(2, 5), unit_rows(2, 6)
    crumb[1] = 0
    composed = compose(body, crumb)
    expected = body[0] + 0.3 * crumb[0]
    assert composed[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    assert composed[1] == pytest.approx(body[1], abs=1e-6)


def test_each_distinct_text_is_encoded_once_and_lands_in_every_place() -> None:
    seen: list[str] = []

    def encode(texts: object) -> Vectors:
        assert isinstance(texts, list)
        seen.extend(texts)
        return np.array([[len(text), 0.0] for text in texts], dtype=np.float32)

    done: list[int] = []
    rows = embed_unique(["aa", "b", "aa", "cccc"], encode, 2, done.append)
    assert sorted(seen) == ["aa", "b", "cccc"]
    assert rows[:, 0].tolist() == [2, 1, 2, 4]
    assert sum(done) == 4
