"""Hits and records turned into what leaves the service: citations from fields, links that resolve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from retrieval.audience import Audience, begun_everywhere
from retrieval.citation import cite
from retrieval.explanation import Explanation
from retrieval.index import Index, SearchResult
from retrieval.records import Hit, Record
from retrieval.spans import WITHOUT_END
from serve.schemas import (
    Adjustment,
    Correction,
    Described,
    Ranking,
    Reading,
    RecordReply,
    RecordSummary,
    Searched,
    SearchHit,
    Source,
)


def record_url(base_url: str, record_id: str) -> str:
    """The address of a record's page in this service."""
    return f"{base_url}/records/{quote(record_id, safe='/')}"


def describe_source(hit: Hit, number: int, *, cited: bool, base_url: str) -> Source:
    """The citation of one hit."""
    return Source(
        **_describe(hit.record),
        number=number,
        cited=cited,
        record_id=hit.record.id,
        passage=hit.passage.text,
        record_url=record_url(base_url, hit.record.id),
    )


def _describe(record: Record) -> dict[str, Any]:
    """The fields of `Described`: those of the record that have the same name, and what is said from them."""
    named = {name: getattr(record, name) for name in Described.model_fields if hasattr(record, name)}
    return named | {
        "breadcrumb": list(record.breadcrumb),
        "container_inferred": record.container_origin == "carried",
        "closure": describe_closure(record),
        "citation": cite(record),
        "catalogue_url": record.link,
    }


def describe_closure(record: Record) -> str:
    """Until when the material is closed, in words; "" where no note closes it.

    A day that has passed opens nothing by itself: whether it was acted on, only staff know.
    """
    if not record.closed_until:
        return ""
    if record.closed_until == WITHOUT_END:
        return "Closed."
    last = date.fromisoformat(record.closed_until)
    written = f"{last.day} {last:%B %Y}"
    if last < begun_everywhere(datetime.now(UTC)):
        return f"The note closed this until {written}, which has passed: please ask the staff."
    return f"Closed until {written}."


def describe_search(result: SearchResult, index: Index, base_url: str) -> Searched:
    """What a search understood and how far it looked."""
    return Searched(
        passages=result.passages_searched,
        collections=list(result.collections_searched),
        years=result.years,
        readings=[
            Reading(id=chip.id, kind=chip.kind, label=chip.label, used=chip.id not in result.relaxed)
            for chip in result.chips
        ],
        corrections=[Correction(asked=asked, searched=searched) for asked, searched in result.corrections],
        matches=result.matches,
        listed=[summarise_record(record, base_url) for record in result.listed],
        index_version=index.version,
    )


def describe_hit(hit: Hit, number: int, base_url: str) -> SearchHit:
    """A hit as a search replies it, with the reasons for its rank."""
    return SearchHit(
        score=hit.score,
        source=describe_source(hit, number, cited=False, base_url=base_url),
        ranking=_describe_ranking(hit.why) if hit.why else None,
        also=[summarise_record(record, base_url) for record in hit.also],
    )


def _describe_ranking(why: Explanation) -> Ranking:
    return Ranking(
        words=why.lexical,
        words_rank=why.lexical_rank,
        meaning=why.dense,
        meaning_rank=why.dense_rank,
        fused=why.fused,
        adjustments=[Adjustment(what=each.name, amount=each.amount) for each in why.adjustments],
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


def describe_record(record: Record, index: Index, audience: Audience, base_url: str) -> RecordReply:
    """A record whole, with its parent and what lies directly below it, as far as `audience` may see."""
    parent = index.record(record.parent_id, audience) if record.parent_id else None
    return RecordReply(
        **_describe(record),
        id=record.id,
        text=record.text,
        parent=summarise_record(parent, base_url) if parent else None,
        children=[summarise_record(child, base_url) for child in index.children(record.id, audience)],
        creator=record.creator,
        senders=list(record.senders),
        recipients=list(record.recipients),
        names=list(record.names),
        places=list(record.places),
        subjects=list(record.subjects),
        language=record.language,
        extent=record.extent,
        index_version=index.version,
    )
