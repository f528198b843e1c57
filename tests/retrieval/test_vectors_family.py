"""Families of vectors over real embeddings of archival titles: chosen by size and memory, and near to exact."""

from __future__ import annotations

from dataclasses import asdict
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedding import Embedder, Vectors
from retrieval.store.snapshot import read_manifest
from retrieval.store.vectors import VectorIndex, write_vectors
from retrieval.store.vectors_family import Family, Scan, Scores, choose_family, count_codes, read_memory

_KINDS = ("Letters to", "Diary of", "Photograph of", "Estate papers of", "Minutes kept by", "Map drawn by")
_PEOPLE = (
    "Ellen Marsh",
    "Josiah Bell",
    "the Ladies' Aid Society",
    "Captain Ruiz",
    "Dr. Ada Finch",
    "W. Thorne",
)
_SUBJECTS = (
    "the flood",
    "a voyage to Lisbon",
    "the cotton mill",
    "school reform",
    "an orchard",
    "the new bridge",
)
_YEARS = range(1850, 1930, 16)
QUESTIONS = (
    "Do you have letters about the flood?",
    "who kept a diary while sailing to Portugal",
    "maps of the bridge from the 1880s",
    "papers on growing apples",
    "what did Dr. Finch say about schools",
)
CODED = [("codes", "fp16"), ("codes", "int8"), ("partitions", "int8")]


@pytest.fixture(scope="module")
def vectors(embedder: Embedder) -> Vectors:
    """1,080 distinct titles, one vector each, and small variations of them up to 3,240."""
    titles = [f"{k} {p} concerning {s}, {y}" for k, p, s, y in product(_KINDS, _PEOPLE, _SUBJECTS, _YEARS)]
    real = embedder.encode(titles)
    noise = np.random.default_rng(4).standard_normal((2 * len(real), real.shape[1])).astype(np.float32)
    varied = np.concatenate([real, np.tile(real, (2, 1)) + 0.01 * noise])
    return np.asarray(varied / np.linalg.norm(varied, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def asked(embedder: Embedder) -> Vectors:
    return embedder.encode(QUESTIONS)


def open_as(path: Path, vectors: Vectors, scan: Scan, scores: Scores) -> VectorIndex:
    note = write_vectors(path, vectors, family=Family(scan=scan, scores=scores, reason="for a test"))
    assert (note.scan, note.scores) == (scan, scores)
    assert note.recall_at_10 >= 0.98
    return VectorIndex(path, passages=len(vectors), dimension=vectors.shape[1])


@pytest.mark.parametrize(("scan", "scores"), CODED)
def test_codes_find_what_a_full_scan_finds(
    tmp_path: Path, vectors: Vectors, asked: Vectors, scan: Scan, scores: Scores
) -> None:
    index = open_as(tmp_path / "v", vectors, scan, scores)
    for share in (1.0, 0.9, 0.4, 0.1, 0.01, 0.001):
        allowed = np.random.default_rng(7).random(len(vectors)) < share
        right = []
        for question in asked:
            exact = np.where(allowed, vectors @ question, -np.inf)
            wanted = min(10, int(allowed.sum()))
            found = index.search(question, 10, None if share == 1.0 else allowed)
            assert len(found) == wanted
            assert all(allowed[number] for number, _ in found)
            assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
            assert all(score == pytest.approx(float(exact[number]), abs=0.005) for number, score in found)
            least = np.sort(exact)[-wanted] - 1e-3
            right += [bool(exact[number] >= least) for number, _ in found]
        assert np.mean(right) >= 0.98


def test_a_filter_against_the_question_is_still_exact(
    tmp_path: Path, vectors: Vectors, asked: Vectors
) -> None:
    """What is allowed are the passages farthest from the question: none is among the best of all."""
    index = open_as(tmp_path / "v", vectors, "codes", "fp16")
    exact = vectors @ asked[0]
    allowed = exact < np.median(exact)
    found = index.search(asked[0], 10, allowed)
    best = np.sort(exact[allowed])[-10:]
    assert [score for _, score in found] == pytest.approx(best[::-1].tolist(), abs=1e-3)


@pytest.mark.parametrize("scan", ["exact", "codes"])
def test_one_search_under_several_masks_equals_several_searches(
    tmp_path: Path, vectors: Vectors, asked: Vectors, scan: Scan
) -> None:
    """All, most of them picked from what the codes bring up, a few that are fetched, and none."""
    index = open_as(tmp_path / "v", vectors, scan, "fp16")
    most = np.arange(len(vectors)) % 4 != 0
    few = np.arange(len(vectors)) < 7
    masks = [None, most, few, np.zeros(len(vectors), dtype=np.bool_)]
    for question in asked:
        exact = vectors @ question
        found = index.search_each(question, 10, masks)
        assert [len(hits) for hits in found] == [10, 10, 7, 0]
        assert all(number % 4 for number, _ in found[1])
        assert [number for number, _ in found[2]] == np.argsort(-exact[:7], kind="stable").tolist()
        for hits, mask in zip(found[:2], masks[:2], strict=True):
            best = np.sort(exact if mask is None else exact[mask])[-10:][::-1]
            assert np.mean([score for _, score in hits] >= best - 1e-3) >= 0.9
            assert hits == index.search(question, 10, mask)


@pytest.mark.parametrize(("scores", "size"), [("fp16", 768 + 48), ("int8", 384 + 48)])
def test_the_note_says_how_vectors_are_kept(
    tmp_path: Path, vectors: Vectors, scores: Scores, size: int
) -> None:
    family = Family(scan="codes", scores=scores, reason="for a test")
    note = write_vectors(tmp_path / "v", vectors, family=family)
    assert note.factory == f"PQ96x4fs,Refine({'SQfp16' if scores == 'fp16' else 'SQ8'})"
    assert note.rescored in (4, 8, 16, 32)
    assert note.probed == 0
    assert size <= note.bytes_per_passage <= size + 80  # and the table of what the codes stand for
    assert asdict(note)["reason"] == "for a test"


def test_few_vectors_are_all_scanned(tmp_path: Path, vectors: Vectors) -> None:
    note = write_vectors(tmp_path / "v", vectors)
    assert (note.scan, note.factory, note.rescored, note.recall_at_10) == ("exact", "SQfp16", 1, 1.0)
    assert note.bytes_per_passage == 768


def test_codes_that_lead_astray_are_not_kept(tmp_path: Path) -> None:
    """Components of a prime number share one code of 16 values, which tells almost nothing apart."""
    rows = np.random.default_rng(1).standard_normal((20_000, 47)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    note = write_vectors(tmp_path / "v", rows, family=Family(scan="codes", scores="fp16", reason="many"))
    assert (note.scan, note.recall_at_10) == ("exact", 1.0)
    assert note.reason.startswith("many; but codes reach only 0.")
    assert VectorIndex(tmp_path / "v", passages=20_000, dimension=47).search(rows[9], 1)[0][0] == 9


@pytest.mark.parametrize("scan", ["exact", "codes"])
def test_the_same_vectors_make_the_same_file(tmp_path: Path, vectors: Vectors, scan: Scan) -> None:
    family = Family(scan=scan, scores="fp16", reason="")
    for name in ("a", "b"):
        write_vectors(tmp_path / name, vectors, family=family)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(("scan", "near"), [("exact", 5e-4), ("codes", 5e-4)])
def test_vectors_come_back_by_number(tmp_path: Path, vectors: Vectors, scan: Scan, near: float) -> None:
    index = open_as(tmp_path / "v", vectors, scan, "fp16")
    numbers = np.array([3000, 3, 3])
    assert index.reconstruct(numbers) == pytest.approx(vectors[numbers], abs=near)
    assert index.reconstruct(np.arange(len(vectors))).shape == vectors.shape


@pytest.mark.parametrize(
    ("passages", "memory", "scan", "scores"),
    [
        (0, 16e9, "exact", "fp16"),
        (50_000, 1e6, "exact", "fp16"),
        (50_001, 16e9, "codes", "fp16"),
        (1_000_000, 16e9, "codes", "fp16"),
        (1_000_000, 1.5e9, "codes", "int8"),
        (3_000_001, 64e9, "partitions", "fp16"),
        (20_000_000, 24e9, "partitions", "int8"),
    ],
)
def test_the_family_follows_from_size_and_memory(
    passages: int, memory: float, scan: str, scores: str
) -> None:
    family = choose_family(passages, 384, int(memory))
    assert (family.scan, family.scores) == (scan, scores)
    assert family.reason.startswith(f"{passages:,} passages: ")


@pytest.mark.parametrize(
    ("dimension", "codes"), [(384, 96), (768, 192), (1024, 256), (48, 12), (47, 1), (3, 1)]
)
def test_codes_divide_the_components(dimension: int, codes: int) -> None:
    assert count_codes(dimension) == codes


def test_partitions_are_named_with_their_number() -> None:
    family = Family(scan="partitions", scores="int8", reason="")
    assert family.describe(4_000_000, 384) == "IVF8000,PQ96x4fs,Refine(SQ8)"


def test_there_is_memory() -> None:
    assert 1e8 < read_memory() < 1e15


def test_the_manifest_says_how_a_part_keeps_its_vectors(shelf_root: Path) -> None:
    folder = shelf_root / (shelf_root / "CURRENT").read_text().strip()
    (part,) = read_manifest(folder).parts
    assert part.vectors is not None
    assert (part.vectors.scan, part.vectors.factory, part.vectors.recall_at_10) == ("exact", "SQfp16", 1.0)
    assert part.vectors.reason == f"{part.passages} passages: scanning them all takes no longer"
