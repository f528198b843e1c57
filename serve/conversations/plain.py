"""Text as it is stored: all that can be seen of it, and nothing else."""

from __future__ import annotations

from retrieval.prompt import UNSEEN


def storable(text: str) -> str:
    """Text without NUL (which PostgreSQL cannot hold), controls, and characters that turn around the text
    after them. Markup stays, as the plain letters it is: pages escape it."""
    return UNSEEN.sub("", text)
