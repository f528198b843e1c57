"""The bundled reader's tokenizer: byte-level BPE, trained on open archival text, with its chat template.

Two choices serve a very small model. A year (1500 to 2029) and a number below 100 are one token each, so
that the year of a question and the year of a heading match in one step; longer numbers are split digit by
digit. And the space after "[n]" stands alone, so that a heading has the same tokens after its number
as inside quotation marks, and an answer copies it token by token.
"""

from __future__ import annotations

import json
import lzma
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from retrieval.prompt import REFUSAL, SYSTEM

SPECIAL = ("<|pad|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
PAD, ASSISTANT, END = 0, 3, 4
CONTEXT = 4096
VOCABULARY = 6144

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

_PIECES = (
    r"(?<=\]) "
    r"|(?<!\d)(?:1[5-9]\d\d|20[0-2]\d)(?!\d)"
    r"|(?<!\d)\d\d(?!\d)"
    r"|\d"
    r"|'(?:s|t|re|ve|m|ll|d)(?![\p{L}])"
    r"| ?\p{L}+"
    r"|\n+"
    r"| ?[^\s\p{L}\d]"
    r"|\s"
)


def train_tokenizer(texts: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """A byte-level BPE over `texts`, with every year and every two-digit number as one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[AddedToken(name, special=True, normalized=False) for name in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_with_numbers(texts), trainer)
    return tokenizer


def corpus_texts(folder: Path, characters: int = 40_000_000, seed: int = 7) -> Iterator[str]:
    """A shuffled sample of the archival records and reading passages in a corpus folder."""
    rng = random.Random(seed)
    for name, share in (("archival", 0.75), ("reading", 0.25)):
        path = folder / f"{name}.jsonl.xz"
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            kept = [line for line in lines if rng.random() < 0.5]
        rng.shuffle(kept)
        yield from _limited(kept, int(characters * share))


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json, with the chat template inside."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": CONTEXT,
        "pad_token": SPECIAL[PAD],
        "eos_token": SPECIAL[END],
        "additional_special_tokens": list(SPECIAL[1:END]),
        "clean_up_tokenization_spaces": False,
        "padding_side": "left",
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _limited(lines: list[str], characters: int) -> Iterator[str]:
    seen = 0
    for line in lines:
        row = json.loads(line)
        text = _as_passage(row) if "title" in row else f"{row['context'][:1200]}\n{row['question']}"
        seen += len(text)
        yield text
        if seen > characters:
            return


def _as_passage(row: dict[str, str]) -> str:
    dates = f", {row['date']}" if row["date"] else ""
    container = f" ({row['container']})" if row["container"] else ""
    return f"[1] {row['title']}{dates}{container}\n{row['breadcrumb']}\n{row['text'][:600]}"


def _with_numbers(texts: Iterable[str]) -> Iterator[str]:
    yield from texts
    for _ in range(3000):
        yield f'{SYSTEM}\n\nPassages:\n\n[1] \n\nQuestion: Do you have any?\n{REFUSAL}\nYes: "Box" [2].'
    for number in [*range(1500, 2030), *(f"{n:02d}" for n in range(100))]:
        yield " ".join([str(number)] * 4000)
