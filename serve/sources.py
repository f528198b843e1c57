"""Hits and records turned into what leaves the service: citations from fields, links that resolve."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from retrieval.citation import cite
from retrieval.index import Index, SearchResult
from retrieval.records import Hit, Record
from serve.schemas import RecordReply, RecordSummary, Searched, Source


def record_url(base_url: str, record_id: str) -> str:
    """The address of a record's page in this service."""
    return f"{base_url}/records/{quote(record_id, safe='/')}"


def describe_source(hit: Hit, number: int, *, cited: bool, base_url: str) -> Source:
    """The citation of one hit."""
    record = hit.record
    return Source(
        number=number,
        cited=cited,
        record_id=record.id,
        title=record.title,
        dates=record.dates,
        level=record.level,
        breadcrumb=list(record.breadcrumb),
        collection_id=record.collection_id,
        collection=record.collection,
        call_number=record.call_number,
        repository=record.repository,
        container=record.container,
        container_inferred=record.container_origin == "carried",
        access=record.access,
        access_from=record.access_from,
        use=record.use,
        citation=cite(record),
        passage=hit.passage.text,
        record_url=record_url(base_url, record.id),
        catalogue_url=record.link,
    )


def describe_search(result: SearchResult, index: Index) -> Searched:
    """How far a search looked."""
    return Searched(
        passages=result.passages_searched,
        collections=list(result.collections_searched),
        years=result.years,
        index_version=index.version,
    )


def gather_evidence(hits: Sequence[Hit]) -> list[str]:
    """All text of the sources that an identifier in the prose may rightly come from."""
    evidence: list[str] = []
    for hit in hits:
        record = hit.record
        evidence += [
            record.heading, *record.breadcrumb, record.container, record.call_number, record.collection,
            record.extent, record.access, record.link, hit.passage.text, cite(record),
        ]  # fmt: skip
    return evidence


def summarise_record(record: Record, base_url: str) -> RecordSummary:
    """One line of a list of records."""
    return RecordSummary(
        id=record.id,
        title=record.title,
        dates="" if record.dates_inherited else record.dates,
        container=record.container,
        url=record_url(base_url, record.id),
    )


def describe_record(record: Record, index: Index, base_url: str) -> RecordReply:
    """A record whole, with its parent and what lies directly below it."""
    parent = index.record(record.parent_id) if record.parent_id else None
    return RecordReply(
        id=record.id,
        title=record.title,
        dates=record.dates,
        level=record.level,
        text=record.text,
        breadcrumb=list(record.breadcrumb),
        parent=summarise_record(parent, base_url) if parent else None,
        children=[summarise_record(child, base_url) for child in index.children(record.id)],
        collection_id=record.collection_id,
        collection=record.collection,
        call_number=record.call_number,
        repository=record.repository,
        container=record.container,
        container_inferred=record.container_origin == "carried",
        creator=record.creator,
        names=list(record.names),
        subjects=list(record.subjects),
        language=record.language,
        extent=record.extent,
        access=record.access,
        access_from=record.access_from,
        use=record.use,
        citation=cite(record),
        catalogue_url=record.link,
        index_version=index.version,
    )
