"""Search, collections and records, as JSON and as the plain page that citations link to."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from retrieval.audience import PUBLIC, Audience
from serve.errors import NotFound
from serve.pages import render_page
from serve.people.access import require
from serve.people.authority import Action
from serve.schemas import (
    CollectionInfo,
    CollectionList,
    ReadingRoomOptions,
    RecordReply,
    SearchReply,
    SearchRequest,
)
from serve.service import BaseUrlDep, Service, ServiceDep
from serve.sources import describe_hit, describe_record, describe_search, record_url
from serve.staff import AudienceDep

router = APIRouter()
ASKED = [Depends(require(Action.ASK))]


@router.post("/v1/search", dependencies=ASKED)
async def search(
    body: SearchRequest, service: ServiceDep, audience: AudienceDep, base_url: BaseUrlDep
) -> SearchReply:
    """The passages that fit a question best, one per record, without any model.

    With the staff key what is kept from patrons is searched too.
    """
    options = ReadingRoomOptions(
        collections=body.collections, filters=body.filters, without=body.without, top_k=body.top_k
    )
    index, result = await service.answerer.search(body.query, options, audience)
    data = [describe_hit(hit, number, base_url) for number, hit in enumerate(result.hits, start=1)]
    return SearchReply(found=result.found, searched=describe_search(result, index, base_url), data=data)


@router.get("/v1/collections", dependencies=ASKED)
async def list_collections(
    service: ServiceDep, audience: AudienceDep, base_url: BaseUrlDep
) -> CollectionList:
    """Every collection in the index in use."""
    index = service.library.current()
    data = [
        CollectionInfo(**asdict(collection), url=record_url(base_url, collection.record_id))
        for collection in index.collections(audience)
    ]
    return CollectionList(index_version=index.version, data=data)


@router.get("/v1/records/{record_id:path}", response_model=RecordReply, dependencies=ASKED)
async def get_record(
    record_id: str, request: Request, service: ServiceDep, audience: AudienceDep, base_url: BaseUrlDep
) -> RecordReply | Response:
    """A record whole; a browser, which asks for HTML, gets the page."""
    record = _describe(service, record_id, audience, base_url)
    if request.headers.get("accept", "").startswith("text/html"):
        return _page(record, service)
    return record


@router.get(
    "/records/{record_id:path}",
    include_in_schema=False,
    dependencies=[Depends(require(Action.READ_PAGE))],
)
async def show_record(record_id: str, service: ServiceDep, base_url: BaseUrlDep) -> Response:
    """The page that citations link to."""
    try:
        return _page(_describe(service, record_id, PUBLIC, base_url), service)
    except NotFound as error:
        return render_page(
            "missing.html", status=404, message=str(error), library=service.settings.library_name
        )


def _describe(service: Service, record_id: str, audience: Audience, base_url: str) -> RecordReply:
    index = service.library.current()
    record = index.record(record_id, audience)
    if record is None:
        raise NotFound("There is no such record in the collections at present. It may have been withdrawn.")
    return describe_record(record, index, audience, base_url)


def _page(record: RecordReply, service: Service) -> HTMLResponse:
    return render_page(
        "record.html",
        record=record,
        library=service.settings.library_name,
        ask_staff=service.settings.ask_staff,
        paragraphs=[paragraph for paragraph in record.text.split("\n") if paragraph.strip()],
    )
