"""An index with the vectors of another model: switched to, followed by what runs, and gone back from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from retrieval.embedding import Embedder
from retrieval.embedding.onnx_cache import INSTALLED, open_exported
from retrieval.embedding.onnx_embedder import CARD, MODEL, OnnxEmbedder
from retrieval.errors import EmbedderError, IndexDamaged, IndexMissing
from retrieval.index import Index
from retrieval.library import Library
from retrieval.store.index_embedder import load_index_embedder
from retrieval.store.reembedding import reembed_index
from retrieval.store.snapshot import list_versions, read_current, read_manifest, switch_to
from tests.retrieval.shelf import build_shelf

OTHER = "ab" * 32
ASKED = "letters by William Howard Taft from 1905"


def say_nothing(step: str, done: int, total: int | None = None) -> None:
    """A build's progress, which nobody hears here."""


@pytest.fixture
def root(tmp_path: Path, shelf_root: Path) -> Path:
    return Path(shutil.copytree(shelf_root, tmp_path / "data" / "index"))


@pytest.fixture
def other(root: Path, embedder: Embedder) -> OnnxEmbedder:
    """The default model under another digest, where a library's own models lie."""
    assert isinstance(embedder, OnnxEmbedder)
    folder = root.parent / "models" / f"{OTHER[:16]}-1"
    shutil.copytree(INSTALLED / f"{embedder.card.weights[:16]}-1", folder)
    card = json.loads((folder / CARD).read_text("utf-8")) | {"weights": OTHER, "name": "tuned-abababab"}
    (folder / CARD).write_text(json.dumps(card), "utf-8")
    return open_exported(f"int8v1-{OTHER}", [root.parent / "models"])


def test_the_records_stay_and_the_model_changes(root: Path, embedder: Embedder, other: OnnxEmbedder) -> None:
    before = read_manifest(root / read_current(root))
    built = reembed_index(root, other, say_nothing)
    assert built.reused == 0
    manifest = read_manifest(root / read_current(root))
    assert (manifest.embedder, manifest.embedder_digest) == ("tuned-abababab", f"int8v1-{OTHER}")
    assert (manifest.records, manifest.passages, manifest.collections, manifest.sources) == (
        before.records, before.passages, before.collections, before.sources,
    )  # fmt: skip
    with pytest.raises(IndexDamaged, match="built with the embedder tuned-abababab"):
        Index(root / manifest.version, embedder)
    found = Index(root / manifest.version, other).search(ASKED)
    assert [hit.record.id for hit in found.hits[:1]] == ["ms1/1"]


def test_what_runs_follows_the_switch_and_the_way_back(
    root: Path, embedder: Embedder, other: OnnxEmbedder
) -> None:
    library = Library(root, embedder)
    first = library.current().version
    second = reembed_index(root, other, say_nothing).manifest.version
    assert library.refresh() is True
    assert (library.current().version, library.embedder.digest) == (second, f"int8v1-{OTHER}")
    assert library.current().search(ASKED).hits[0].record.id == "ms1/1"
    assert load_index_embedder(root).digest == f"int8v1-{OTHER}"
    assert switch_to(root, first).version == first
    assert library.refresh() is True
    assert (library.current().version, library.embedder.digest) == (first, embedder.digest)
    assert load_index_embedder(root).digest == embedder.digest


def test_a_trial_leaves_the_index_alone_and_its_vectors_are_taken_over(
    root: Path, other: OnnxEmbedder, tmp_path: Path
) -> None:
    version = read_current(root)
    trial = reembed_index(root, other, say_nothing, into=tmp_path / "trial")
    assert (read_current(root), list_versions(root)) == (version, [version])
    assert read_current(tmp_path / "trial") == trial.manifest.version
    built = reembed_index(root, other, say_nothing, known=tmp_path / "trial")
    assert built.reused == built.manifest.passages == trial.manifest.passages


def test_a_model_that_is_gone_leaves_the_index_in_use(
    root: Path, embedder: Embedder, other: OnnxEmbedder
) -> None:
    library = Library(root, embedder)
    old = library.current()
    reembed_index(root, other, say_nothing)
    (root.parent / "models" / f"{OTHER[:16]}-1" / MODEL).write_bytes(b"another file")
    with pytest.raises(IndexDamaged, match="built with the embedder tuned-abababab"):
        library.refresh()
    assert library.current() is old
    with pytest.raises(EmbedderError, match="is not in .*models; put it back, or build the index again"):
        open_exported(f"int8v1-{OTHER}", [root.parent / "models"])


def test_only_what_is_there_and_whole_is_gone_back_to(root: Path, embedder: Embedder) -> None:
    first = read_current(root)
    build_shelf(root, embedder)
    second = read_current(root)
    with pytest.raises(IndexMissing, match=f"no version '20200101T000000-00000000'; on disk are: {first}"):
        switch_to(root, "20200101T000000-00000000")
    path = root / first / "parts" / "000001" / "vectors.faiss"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(IndexDamaged, match="vectors.faiss"):
        switch_to(root, first)
    assert read_current(root) == second
