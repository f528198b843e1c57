"""How many tokens a text has for the served model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

CHARACTERS_A_TOKEN = 2.5
"""For a model whose tokenizer is not at hand: fewer than real text has, so a prompt never overflows."""


def load_token_counter(model: str) -> Callable[[str], int]:
    """A counter for the model in that folder, or a careful estimate for one that is elsewhere."""
    path = Path(model) / "tokenizer.json"
    if not path.is_file():
        return lambda text: int(len(text) / CHARACTERS_A_TOKEN) + 1
    tokenizer = Tokenizer.from_file(str(path))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
