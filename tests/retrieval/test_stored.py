"""A record as it is stored: what comes back is what was put in, however little that was."""

from __future__ import annotations

import pytest

from retrieval.records import Record
from retrieval.spans import Span
from retrieval.store.stored import dump_record, load_record
from tests.retrieval.shelf import make_record

BARE = Record(id="x", collection_id="", level="item", title="", collection="")
FULL = make_record(
    spans=(Span("1905-01-01", "1905-12-31", "approximate"),), bulk=Span("1905-02-01", "1905-02-28"),
    authorities=(("Marsh, Ellen", "n1"),), senders=("Ellen Marsh",), kinds=("letter",), withheld_until="2030-12-31",
)  # fmt: skip


@pytest.mark.parametrize("record", [BARE, FULL])
def test_what_was_stored_comes_back(record: Record) -> None:
    assert load_record(dump_record(record)) == record
