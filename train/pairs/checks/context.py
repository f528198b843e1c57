"""What a pair is checked against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from train.pairs.checks.approved import Approved

TOKEN_LIMIT = 2048
"""Tokens of question, passages and answer together that a training sample may have."""


def count_roughly(text: str) -> int:
    """Tokens of a text, estimated on the high side, for where no tokenizer is at hand."""
    return len(text.encode()) // 3 + 1


def knows_nobody(name: str) -> bool:
    """The catalogue of a library without any names."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that the checks need besides the pair. The defaults check what can be checked without a library.

    `is_catalogue_name` says whether a name as written stands in the catalogue: those are content, and no
    personal data. `count_tokens` is the base model's tokenizer. `languages` are the primary tags ("en")
    that may be trained; empty: all. `use_presidio` adds Presidio's hints where the extra `personal-data`
    is installed.
    """

    approved: Approved = field(default_factory=Approved)
    is_catalogue_name: Callable[[str], bool] = knows_nobody
    count_tokens: Callable[[str], int] = count_roughly
    token_limit: int = TOKEN_LIMIT
    languages: frozenset[str] = frozenset()
    today: date = field(default_factory=date.today)
    use_presidio: bool = False
