"""A real, tiny cross-encoder with weights drawn from a seed: its order, its folder's faults, and its absence."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from retrieval.embedding import Embedder
from retrieval.errors import RerankerError
from retrieval.index import Index
from retrieval.passages import render_body, render_breadcrumb
from retrieval.ranking.board import WEIGHTS
from retrieval.ranking.reranking import NAME, CrossEncoder
from retrieval.ranking.search import Searcher
from retrieval.records import Hit
from retrieval.store.snapshot import read_current

WORDS = (
    "flood mill orchard bridge trains river school parade band letters photographs papers the of a".split()
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer that has learnt nothing: what it prefers it prefers for no reason, but always."""
    import torch
    from transformers import AutoModelForSequenceClassification, BertConfig
    from transformers.models.bert import BertTokenizerFast  # type: ignore[attr-defined]

    folder = tmp_path_factory.mktemp("cross-encoder")
    vocabulary = folder / "vocab.txt"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    vocabulary.write_text("\n".join(pieces))
    tokenizer = BertTokenizerFast(
        vocab={piece: place for place, piece in enumerate(pieces)}, model_max_length=256
    )
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=256, initializer_range=0.5,
    )  # fmt: skip
    config.num_labels = 1
    model = AutoModelForSequenceClassification.from_config(config)  # type: ignore[no-untyped-call]
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def open_with(root: Path, embedder: Embedder, folder: Path | None) -> Index:
    return Index(root / read_current(root), embedder, reranker=CrossEncoder(folder) if folder else None)


def test_its_scores_are_those_of_the_model(folder: Path) -> None:
    from sentence_transformers import CrossEncoder as Original
    from torch.nn import Identity

    texts = ["the bridge of the mill", "a school", "letters of the band", "bridge"]
    found = CrossEncoder(folder).score("the river", texts)
    original = Original(str(folder), device="cpu", local_files_only=True)
    expected = original.predict([("the river", text) for text in texts], activation_fn=Identity())
    assert found.tolist() == pytest.approx(expected.tolist(), abs=1e-4)
    assert len(set(found.round(3).tolist())) == 4


def said(hits: Sequence[Hit]) -> dict[str, float]:
    """What the cross-encoder added to each record that it judged."""
    reasons = [(hit.record.id, hit.why.adjustments if hit.why else ()) for hit in hits]
    return {record_id: sum(one.amount for one in some if one.name == NAME) for record_id, some in reasons}


def score_hits(reranker: CrossEncoder, asked: str, hits: Sequence[Hit]) -> list[float]:
    """What it says of each hit, asked by itself, from 0 for the worst to 1 for the best."""
    texts = [
        " > ".join([*filter(None, [render_breadcrumb(hit.record)]), render_body(hit.record, hit.passage)])
        for hit in hits
    ]
    scores = reranker.score(asked, texts)
    return list((scores - scores.min()) / (scores.max() - scores.min()))


def test_its_word_is_mixed_in_under_its_own_name(shelf_root: Path, embedder: Embedder, folder: Path) -> None:
    asked = "the flood at the mill"
    plain = open_with(shelf_root, embedder, None).search(asked, top_k=50).hits
    ranked = open_with(shelf_root, embedder, folder).search(asked, top_k=50).hits
    assert {hit.record.id for hit in ranked} == {hit.record.id for hit in plain}
    scores = score_hits(CrossEncoder(folder), asked, ranked)
    expected = [WEIGHTS.cross_encoder * score for score in scores]
    assert list(said(ranked).values()) == pytest.approx(expected, abs=1e-3)
    assert (max(said(ranked).values()), min(said(ranked).values())) == (WEIGHTS.cross_encoder, 0.0)
    assert all(0 <= hit.score <= 1 for hit in ranked)


def test_the_order_follows_its_scores_where_they_weigh_most(
    shelf_root: Path, embedder: Embedder, folder: Path
) -> None:
    reranker, asked = CrossEncoder(folder), "the flood at the mill"
    index = open_with(shelf_root, embedder, None)
    searcher = Searcher(
        index._catalog, index._words, index._vectors, embedder, index._vocabulary,
        weights=replace(WEIGHTS, cross_encoder=50.0), reranker=reranker,
    )  # fmt: skip
    hits = searcher.search(asked, top_k=50).hits
    scores = score_hits(reranker, asked, hits)
    assert scores[0] == 1.0
    assert hits[0].score == max(hit.score for hit in hits)
    by_score = sorted(hits, key=lambda hit: -hit.score)
    places = {hit.record.id: score for hit, score in zip(hits, scores, strict=True)}
    ordered = [places[hit.record.id] for hit in by_score]
    assert all(one >= other - 0.05 for one, other in pairwise(ordered))  # what else counts makes 2.5 of 50


def test_without_one_nothing_changes(shelf_root: Path, embedder: Embedder) -> None:
    hits = open_with(shelf_root, embedder, None).search("the flood at the mill", top_k=50).hits
    assert len(hits) > 5
    assert NAME not in {one.name for hit in hits if hit.why for one in hit.why.adjustments}


def test_it_is_loaded_at_the_first_search_and_torch_with_it(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from retrieval.ranking.reranking import CrossEncoder; import "
        "retrieval.library; one = CrossEncoder(Path(sys.argv[1])); before = 'torch' in sys.modules; "
        "one.score('a', ['bridge']); print(before, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["False", "True"], done.stderr[-2000:]


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def configure(**values: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | values))

    return write


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (shutil.rmtree, "there is no such folder"),
        (remove("config.json"), "expected a config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "expected a config.json"),
        (remove("model.safetensors"), "expected model.safetensors"),
        (configure(architectures=["BertModel"]), "expected a model for sequence classification, found BertModel"),
        (configure(architectures=None), "found none named"),
    ],
)  # fmt: skip
def test_a_folder_that_holds_none_is_told_at_once(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    spoil(copy)
    with pytest.raises(RerankerError, match=f"{told}.*; give the folder of a sentence-transformers"):
        CrossEncoder(copy)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"no weights"), "cannot be loaded"),
        (configure(num_labels=3, id2label={"0": "a", "1": "b", "2": "c"}, label2id={"a": 0, "b": 1, "c": 2}), "cannot be loaded|found 3 labels"),
        (configure(auto_map={"AutoModelForSequenceClassification": "evil.Evil"}, model_type="evil"), "cannot be loaded"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_used_is_told_at_the_first_search(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    spoil(copy)
    (copy / "evil.py").write_text("raise SystemExit('this was run')")
    with pytest.raises(RerankerError, match=told):
        CrossEncoder(copy).score("a bridge", ["bridge"])
