"""Exports of real models: close to sentence-transformers, refused when damaged, replaced by it when impossible."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel, WordPiece
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import BertProcessing

from retrieval.embedding import DEFAULT_NAME, Embedder, digest_model, find_model, load_embedder
from retrieval.embedding.onnx_cache import INSTALLED, open_or_export
from retrieval.embedding.onnx_embedder import CARD, MODEL, TOKENIZER, OnnxEmbedder, Run
from retrieval.embedding.onnx_probes import write_probes
from retrieval.embedding.torch_embedder import SentenceEmbedder, load_sentence_model
from retrieval.errors import EmbedderError

SENTENCES = [
    "Letters home from the siege of Petersburg, 1864",
    "Minutes of the Ladies' Aid Society",
    "who photographed the bridge under construction?",
    "Family papers: deeds, wills and receipts. " * 20,
    "Telegramme über den Friedensschluss, November 1918",
]


@pytest.fixture(scope="module")
def exported(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the default's export that a test may copy again and damage."""
    assert isinstance(embedder, OnnxEmbedder)
    return Path(
        shutil.copytree(
            INSTALLED / f"{embedder.card.weights[:16]}-1", tmp_path_factory.mktemp("exports") / "model"
        )
    )


def make_tiny_model(folder: Path) -> None:
    """A sentence-transformers model of two layers with random weights and some sixty words."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import AutoModel, BertConfig, PreTrainedTokenizerFast

    words = sorted({word for text in SENTENCES for word in text.lower().split()})
    specials = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    vocabulary = {word: number for number, word in enumerate([*specials.values(), *words])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.normalizer = Lowercase()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=40, **specials)  # type: ignore[no-untyped-call]
    fast.save_pretrained(folder / "bert")
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=40,
    )  # fmt: skip
    AutoModel.from_config(config).save_pretrained(folder / "bert")  # type: ignore[no-untyped-call]
    body = Transformer(str(folder / "bert"), max_seq_length=24)
    SentenceTransformer(modules=[body, Pooling(32)], device="cpu").save(str(folder / "whole"))


def make_static_model(folder: Path) -> None:
    """A sentence-transformers model without attention: a table of word vectors, which has no mask to trace."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding

    words = sorted({word for text in SENTENCES for word in text.split()})
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0} | dict(zip(words, range(1, 99), strict=False)), "[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    table = np.random.default_rng(5).standard_normal((len(words) + 1, 16)).astype(np.float32)
    body = StaticEmbedding(tokenizer, embedding_weights=table)
    SentenceTransformer(modules=[body], device="cpu").save(str(folder))


def test_the_default_stays_close_to_the_original(embedder: Embedder) -> None:
    original = load_sentence_model(find_model(DEFAULT_NAME))
    expected = original.encode(SENTENCES, normalize_embeddings=True)
    cosines = (embedder.encode(SENTENCES) * expected).sum(axis=1)
    assert cosines.mean() >= 0.985
    assert cosines.min() >= 0.97


def test_the_card_says_how_close_the_export_is(exported: Path) -> None:
    card = json.loads((exported / CARD).read_text("utf-8"))
    assert (card["precision"], card["dimension"], card["max_length"]) == ("int8", 384, 256)
    assert card["compared"] == len(write_probes()) == 214
    assert card["mean_cosine"] >= 0.99
    assert 0.97 <= card["min_cosine"] <= card["mean_cosine"]
    assert (exported / MODEL).stat().st_size < 30_000_000


def test_a_model_by_folder_is_exported_and_agrees(tmp_path: Path) -> None:
    make_tiny_model(tmp_path)
    name = str(tmp_path / "whole")
    digest = digest_model(Path(name), name)
    (tmp_path / "file").write_text("no folder can be made here")
    caches = [tmp_path / "file" / "models", tmp_path / "cache"]
    embedder = open_or_export(name, digest, caches)
    assert embedder.digest == f"{embedder.card.precision}v1-{digest}"
    assert (embedder.dimension, embedder.card.max_length) == (32, 24)
    expected = load_sentence_model(Path(name)).encode(SENTENCES, normalize_embeddings=True)
    assert float((embedder.encode(SENTENCES) * expected).sum(axis=1).min()) > 0.97
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [".lock", f"{digest[:16]}-1"]
    shutil.rmtree(name)
    again = open_or_export(name, digest, caches)  # taken from the cache: there is nothing left to export
    assert np.array_equal(again.encode(SENTENCES), embedder.encode(SENTENCES))


def test_what_cannot_be_exported_runs_by_torch_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_static_model(tmp_path / "static")
    with caplog.at_level(logging.WARNING):
        found = load_embedder(str(tmp_path / "static"))
    assert isinstance(found, SentenceEmbedder)
    assert ["no ONNX export" in record.getMessage() for record in caplog.records] == [True]
    assert found.digest.startswith("torch-")
    assert found.encode(SENTENCES).shape == (5, 16)


def test_no_place_for_an_export_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder can be made here")
    with pytest.raises(EmbedderError, match="no place for the exported model can be written to") as told:
        open_or_export("any", "0" * 64, [tmp_path / "file" / "models"])
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("file", [MODEL, TOKENIZER])
def test_a_changed_file_is_refused(exported: Path, tmp_path: Path, file: str) -> None:
    folder = Path(shutil.copytree(exported, tmp_path / "model"))
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / file).write_bytes(content)
    with pytest.raises(EmbedderError, match=f"{file}: not what card.json says"):
        OnnxEmbedder(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"recipe": 0}, "expected recipe 1, found 0"),
        ({"surplus": 1}, "missing or unreadable"),
        ({"probes": {"a ledger": [0.05] * 384}}, "expected cosine 0.97 for a probe, found"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    exported: Path, tmp_path: Path, change: dict[str, object], told: str
) -> None:
    folder = Path(shutil.copytree(exported, tmp_path / "model"))
    card = json.loads((folder / CARD).read_text("utf-8")) | change
    (folder / CARD).write_text(json.dumps(card), "utf-8")
    with pytest.raises(EmbedderError, match=told):
        OnnxEmbedder(folder)


def test_an_export_of_other_weights_is_not_taken(exported: Path, tmp_path: Path) -> None:
    other = "0" * 64
    shutil.copytree(exported, tmp_path / f"{other[:16]}-1")
    with pytest.raises(EmbedderError, match="cannot export no-such/model: cannot load the embedding model"):
        open_or_export("no-such/model", other, [tmp_path])


def test_a_graph_that_is_none_is_one_line(exported: Path, tmp_path: Path) -> None:
    (tmp_path / MODEL).write_bytes(b"\x08\x01 no graph")
    with pytest.raises(EmbedderError, match="cannot open the exported model") as told:
        Run(tmp_path / MODEL, exported / TOKENIZER, 256)
    assert "\n" not in str(told.value)


def test_probes_are_varied() -> None:
    lengths = [len(text) for text in write_probes()]
    assert min(lengths) == 0
    assert max(lengths) > 1200
    assert np.median(lengths) < 120
