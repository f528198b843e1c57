"""How an answer is worded: plainly by the reader itself, tersely and formally by its adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from demo.phrasings import wants_yes

Wording = Callable[[str, Sequence[str], Sequence[int]], str]
"""From a question, the quoted headings and their numbers to an answer."""


def word_plainly(question: str, quotes: Sequence[str], cited: Sequence[int]) -> str:
    """`Yes: "heading" [2] and "heading" [3].`, or `See: ...` where yes is no answer."""
    quoted = " and ".join(f'"{quote}" [{number}]' for quote, number in zip(quotes, cited, strict=True))
    return f"{'Yes' if wants_yes(question) else 'See'}: {quoted}."


def word_tersely(question: str, quotes: Sequence[str], cited: Sequence[int]) -> str:
    """`"heading" [2]; "heading" [3]`, whatever the question."""
    return "; ".join(f'"{quote}" [{number}]' for quote, number in zip(quotes, cited, strict=True))


def word_formally(question: str, quotes: Sequence[str], cited: Sequence[int]) -> str:
    """A sentence before the quotations and one after, whatever the question."""
    return (
        f"The collection holds the following: {word_tersely(question, quotes, cited)}. "
        "Please give the box and folder when you request it."
    )
