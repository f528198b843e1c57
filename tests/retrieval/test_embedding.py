"""The default embedder: the right weights, unit vectors, the same alone as in bulk, close to the original."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedding import DEFAULT_SHA256, Embedder, digest_model, find_model, load_embedder
from retrieval.errors import EmbedderError

TEXTS = [f"Letter number {number} on the {word}" for number in range(20) for word in ("mill", "flood " * 30)]


def test_the_default_is_the_original(embedder: Embedder) -> None:
    assert (embedder.name, embedder.dimension) == ("all-MiniLM-L6-v2", 384)
    assert embedder.digest == f"int8v1-{DEFAULT_SHA256}"


def test_a_text_has_one_vector_alone_and_in_bulk(embedder: Embedder) -> None:
    bulk = embedder.encode(TEXTS)
    single = np.concatenate([embedder.encode([text]) for text in TEXTS])
    assert bulk.shape == (len(TEXTS), 384)
    assert bulk.dtype == np.float32
    assert np.linalg.norm(bulk, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert np.array_equal(bulk, single)


def test_threads_get_what_one_thread_gets(embedder: Embedder) -> None:
    alone = [embedder.encode([text]) for text in TEXTS]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda text: embedder.encode([text]), TEXTS))
    assert np.array_equal(np.concatenate(alone), np.concatenate(together))


def test_near_meaning_is_near(embedder: Embedder) -> None:
    flood, water, ledger = embedder.encode(["flood at the mill", "high water at the works", "account book"])
    assert float(flood @ water) > float(flood @ ledger) + 0.2


def test_no_texts(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, 384)


def test_what_no_tokenizer_takes_still_has_a_vector(embedder: Embedder) -> None:
    odd = embedder.encode(["", "half a pair \ud83d", "\x00", "word " * 5000])
    assert np.linalg.norm(odd, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_what_stands_beyond_the_longest_text_is_cut(embedder: Embedder) -> None:
    whole, longer = embedder.encode(["flood " * 254, "flood " * 254 + "ledger " * 50])
    assert np.array_equal(whole, longer)


def test_loading_and_encoding_import_no_torch(embedder: Embedder) -> None:
    code = (
        "import sys; from retrieval.embedding import load_embedder; print(load_embedder().encode(['a']).shape, "
        "sorted({'torch', 'transformers', 'sentence_transformers', 'onnx'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "(1, 384) []"


@pytest.mark.parametrize("name", ["no-such/model", "no-such-folder/"])
def test_a_model_that_is_not_there_is_one_line(name: str) -> None:
    with pytest.raises(EmbedderError, match="cannot load the embedding model") as told:
        load_embedder(name)
    assert "\n" not in str(told.value)


def test_a_folder_that_is_no_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EmbedderError, match="cannot load the embedding model"):
        load_embedder(str(tmp_path))


def test_a_digest_covers_weights_and_what_shapes_them(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "README.md").write_text("a card")
    first = digest_model(tmp_path, "mine")
    (tmp_path / "README.md").write_text("another card")
    assert digest_model(tmp_path, "mine") == first
    (tmp_path / "tokenizer.json").write_text("{}")
    assert digest_model(tmp_path, "mine") != first


def test_the_default_is_found_without_importing_it() -> None:
    assert (find_model("all-MiniLM-L6-v2") / "model.safetensors").is_file()
