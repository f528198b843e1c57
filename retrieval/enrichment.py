"""What a record says between the lines, put into its fields: who wrote to whom, of what kind, until when closed.

Readers of formats give what their format states. What can be read from titles, notes and the
components above is the same work for every format, and done here, once, before indexing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from retrieval.records import Record


def enrich_all(records: Iterable[Record]) -> Iterator[Record]:
    """The records of one source, in its order (a parent before its children), each with what it implies."""
    yield from records
