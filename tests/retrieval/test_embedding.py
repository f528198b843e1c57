"""The default embedder: the right weights, unit vectors, the same alone as in bulk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedding import DEFAULT_SHA256, Embedder, load_embedder
from retrieval.errors import EmbedderError

TEXTS = [f"Letter number {number} on the {word}" for number in range(20) for word in ("mill", "flood " * 30)]


def test_the_default_is_the_original(embedder: Embedder) -> None:
    assert (embedder.name, embedder.dimension) == ("all-MiniLM-L6-v2", 384)
    assert embedder.digest == DEFAULT_SHA256


def test_bulk_keeps_order_and_agrees_with_single(embedder: Embedder) -> None:
    bulk = embedder.encode(TEXTS)
    single = np.concatenate([embedder.encode([text]) for text in TEXTS])
    assert bulk.shape == (len(TEXTS), 384)
    assert bulk.dtype == np.float32
    assert np.linalg.norm(bulk, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert float((bulk * single).sum(axis=1).min()) > 0.999


def test_threads_get_what_one_thread_gets(embedder: Embedder) -> None:
    alone = [embedder.encode([text]) for text in TEXTS]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda text: embedder.encode([text]), TEXTS))
    assert np.allclose(np.concatenate(alone), np.concatenate(together), atol=1e-5)


def test_near_meaning_is_near(embedder: Embedder) -> None:
    flood, water, ledger = embedder.encode(["flood at the mill", "high water at the works", "account book"])
    assert float(flood @ water) > float(flood @ ledger) + 0.2


def test_no_texts(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, 384)


@pytest.mark.parametrize("name", ["no-such/model", "no-such-folder/"])
def test_a_model_that_is_not_there_is_one_line(name: str) -> None:
    with pytest.raises(EmbedderError, match="cannot load the embedding model") as told:
        load_embedder(name)
    assert "\n" not in str(told.value)


def test_a_folder_that_is_no_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EmbedderError, match="cannot load the embedding model"):
        load_embedder(str(tmp_path))
