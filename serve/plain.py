"""Text as it is stored: hostile or not, it stays text, without what nobody sees."""

from __future__ import annotations

from retrieval.prompt import UNSEEN


def make_plain(text: str) -> str:
    """Without NUL, control characters, those that turn text around, and halves of characters."""
    return UNSEEN.sub("", text).encode("utf-8", "ignore").decode()
