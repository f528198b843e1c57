"""A small library whose letters are asked about: its index, pairs, and an embedding model of two layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from retrieval.embedding import Embedder
from retrieval.records import Record
from retrieval.store.builder import Built, build_index
from retrieval.store.reading import Reading
from tests.train.datasets.made_pairs import WORDS, make_evidence, make_pair, make_record
from train.embedding.example import Example, Shown
from train.pairs.pair import Pair

LETTERS = 38
NOTHING = "Nothing is said of it."


def say_nothing(step: str, done: int, total: int | None = None) -> None:
    """A build's progress, which nobody hears here."""


def make_letters() -> list[Record]:
    """A collection, a box of it, and a letter in the box for each of the words."""
    top = make_record("ms1", level="collection", title="Marsh Family Papers", dates="", spans=())
    box = make_record("box", level="series", title="Letters", dates="", spans=(), parent_id="ms1")
    letters = [
        make_record(
            f"r-{word}", title=f"Letter about the {word}", text=f"Of the {word} we saw much.",
            parent_id="box", breadcrumb=("Marsh Family Papers", "Letters"), position=place,
        )
        for place, word in enumerate(WORDS[:LETTERS])
    ]  # fmt: skip
    return [top, box, *letters]


def build_letters(root: Path, embedder: Embedder, records: list[Record] | None = None) -> Built:
    """An index of the letters."""
    reading = Reading(Path("marsh.xml"), "ead2002", tuple(records or make_letters()))
    return build_index(root, [reading], embedder, say_nothing)


def make_letter_pair(number: int) -> Pair:
    """A pair about the letter of its word."""
    word = WORDS[number]
    evidence = make_evidence(
        f"r-{word}", heading=f"Letter about the {word}", text=f"Of the {word} we saw much."
    )
    return replace(make_pair(number), evidence=(evidence,))


def make_example(word: str, **changed: object) -> Example:
    """A question about the letter of a word."""
    made = Example(
        id=f"about {word}", question=f"Who wrote of the {word}?", positives=(Shown(record=f"r-{word}"),)
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def make_tiny_model(folder: Path) -> Path:
    """A sentence-transformers model of two layers with random weights that knows the words of the letters."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import BertProcessing
    from transformers import AutoModel, BertConfig, PreTrainedTokenizerFast

    specials = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    words = ["who", "wrote", "of", "the", "letter", "about", "we", "saw", "much", *WORDS, ".", "?", ","]
    tokenizer = Tokenizer(
        WordPiece({word: place for place, word in enumerate([*specials.values(), *words])}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.normalizer = Lowercase()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=40, **specials)  # type: ignore[no-untyped-call]
    fast.save_pretrained(folder / "bert")
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(words) + 4, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=40,
    )  # fmt: skip
    AutoModel.from_config(config).save_pretrained(folder / "bert")  # type: ignore[no-untyped-call]
    body = Transformer(str(folder / "bert"), max_seq_length=24)
    SentenceTransformer(modules=[body, Pooling(32)], device="cpu").save(str(folder / "tiny"))
    return folder / "tiny"
