"""The checks of pairs, with what they need of this library: its names, its tokenizer, its approved pairs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from retrieval.library import Library
from serve.curation.evidence import find_index, is_closed
from serve.curation.pairs import read_approved
from serve.curation.tables import PairEvent
from train.pairs.checks import Approved, Context, Finding, check_pair
from train.pairs.pair import Pair

_MOVING = ("approved", "edited", "returned", "withdrawn", "erased")
"""Events that may change which pairs are approved, or what they say."""


class Checker:
    """Finds what is wrong with a pair. Keeps the approved pairs at hand until one of them changes."""

    def __init__(self, library: Library, count_tokens: Callable[[str], int]) -> None:
        self._library = library
        self._count_tokens = count_tokens
        self._kept: tuple[int, Approved] | None = None
        self._lock = threading.Lock()

    def find(self, session: Session, pair: Pair) -> tuple[Finding, ...]:
        """What the checks say of a pair beside those approved, gravest first."""
        context = Context(
            approved=self._read_approved(session),
            is_catalogue_name=self._knows_name,
            count_tokens=self._count_tokens,
        )
        return check_pair(self._close(pair), context)

    def _close(self, pair: Pair) -> Pair:
        """The pair with evidence marked that has been closed to the public since it was chosen."""
        index = find_index(self._library)
        closed = tuple(
            replace(item, public=item.public and not is_closed(index, item.record_id))
            for item in pair.evidence
        )
        return replace(pair, evidence=closed)

    def _read_approved(self, session: Session) -> Approved:
        newest = session.scalar(select(func.max(PairEvent.id)).where(PairEvent.what.in_(_MOVING))) or 0
        with self._lock:
            if self._kept is None or self._kept[0] != newest:
                self._kept = newest, Approved(stored.pair for stored in read_approved(session))
            return self._kept[1]

    def _knows_name(self, name: str) -> bool:
        index = find_index(self._library)
        return bool(index and index.knows_name(name))


def list_stops(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that keep a pair from approval."""
    return [finding for finding in findings if finding.severity == "stop"]
