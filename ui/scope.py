"""What a patron wants searched, read from the page's boxes."""

from __future__ import annotations

import re

from serve.schemas import ReadingRoomOptions, SearchFilters
from ui.plain import clean


def read_options(
    collections: list[str] | None, year_from: str | None, year_to: str | None
) -> ReadingRoomOptions:
    """The choices as the gateway takes them; years the wrong way round are turned.

    Raises ValueError, with a sentence to show, for what is no year.
    """
    first, last = read_year(year_from), read_year(year_to)
    if first is not None and last is not None and first > last:
        first, last = last, first
    return ReadingRoomOptions(
        collections=list(collections or [])[:100], filters=SearchFilters(year_from=first, year_to=last)
    )


def read_year(text: str | None) -> int | None:
    """A year from its box; None for an empty one. Raises ValueError with a sentence to show."""
    written = clean(text or "").strip()
    if not written:
        return None
    if not re.fullmatch(r"-?[0-9]{1,4}", written) or not -3000 <= int(written) <= 3000:
        raise ValueError(f"“{written}” is not a year. Please write it like 1905, or leave the box empty.")
    return int(written)
