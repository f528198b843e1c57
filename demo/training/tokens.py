"""The reader's tokenizer: byte-level BPE, trained on the open corpus, with its chat template.

A year (1500 to 2029) and a number of two digits are one token each, so that the year of a question and the
year of a heading match in one step; longer numbers are split digit by digit. The space after "[n]" stands
alone, so that a heading has the same tokens after its number as inside quotation marks.

    python -m demo.training.tokens --data DIR --out DIR
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from demo.training.corpus import Corpus, load_corpus
from retrieval.prompt import REFUSAL, SYSTEM, Message

SPECIAL = ("<|pad|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
PAD, END = 0, 4
CONTEXT = 4096
VOCABULARY = 16_384

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


def render_chat(messages: Sequence[Message]) -> str:
    """What the chat template of the model makes of messages, ready for the answer."""
    said = "".join(f"<|{message['role']}|>{message['content']}{SPECIAL[END]}" for message in messages)
    return f"{said}<|assistant|>"


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


def sample_texts(corpus: Corpus, pieces: int = 6000, seed: int = 7) -> Iterator[str]:
    """Runs of records, passages with questions, and prose, about 1,500 characters a piece, shuffled."""
    rng = Random(seed)
    for _ in range(pieces):
        kind = rng.random()
        if kind < 0.5:
            rows = corpus.neighbours(rng, 6)
            yield "\n\n".join(
                f"[1] {row['title']}, {row['date']} ({row['container']})\n"
                f"{row['breadcrumb']}\n{row['text'][:300]}"
                for row in rows
            )
        elif kind < 0.75:
            rows_asked = corpus.questions(rng)
            questions = "\n".join(str(row["question"]) for row in rows_asked)
            yield f"{str(rows_asked[0]['context'])[:1500]}\n{questions}"
        else:
            yield corpus.prose_piece(rng, 1500)


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


def _with_numbers(texts: Iterable[str]) -> Iterator[str]:
    count = 0
    for text in texts:
        count += 1
        yield text
    for _ in range(1000):
        yield f'{SYSTEM}\n\nPassages:\n\n[1] \n\nQuestion: Do you have any?\n{REFUSAL}\nYes: "Box" [2].'
    for number in [*range(1500, 2030), *(f"{n:02d}" for n in range(100))]:
        yield " ".join([str(number)] * max(400, count // 4))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    save_tokenizer(train_tokenizer(sample_texts(load_corpus(args.data))), args.out)


if __name__ == "__main__":
    main()
