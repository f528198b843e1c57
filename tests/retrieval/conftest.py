"""The real embedder, loaded once, and an index of the shelf built with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.embedding import Embedder, load_embedder
from retrieval.index import Index
from tests.retrieval.shelf import build_shelf


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return load_embedder()


@pytest.fixture(scope="session")
def shelf_root(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A folder with one snapshot of the shelf; tests that change anything copy it."""
    root = tmp_path_factory.mktemp("index")
    build_shelf(root, embedder)
    return root


@pytest.fixture(scope="session")
def shelf_index(shelf_root: Path, embedder: Embedder) -> Index:
    folder = shelf_root / (shelf_root / "CURRENT").read_text().strip()
    return Index(folder, embedder)
