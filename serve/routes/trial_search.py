"""A page to try a question on, without a model: what was read from it, why each hit ranks where it does."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from serve.pages import render_page
from serve.people.access import require
from serve.people.authority import Action
from serve.schemas import ReadingRoomOptions
from serve.service import BaseUrlDep, ServiceDep
from serve.sources import describe_hit, describe_search
from serve.staff import AudienceDep

router = APIRouter(dependencies=[Depends(require(Action.ASK))])


@router.get("/try", include_in_schema=False)
async def try_question(
    service: ServiceDep,
    audience: AudienceDep,
    base_url: BaseUrlDep,
    q: Annotated[str, Query(max_length=2000)] = "",
    without: Annotated[list[str] | None, Query(max_length=20)] = None,
) -> HTMLResponse:
    """The page; it shows no more than POST /v1/search replies to the same asker."""
    values: dict[str, Any] = {"question": q.strip(), "library": service.settings.library_name}
    if values["question"]:
        options = ReadingRoomOptions(without=without or [], top_k=20)
        index, result = await service.answerer.search(values["question"], options, audience)
        hits = [describe_hit(hit, number, base_url) for number, hit in enumerate(result.hits, start=1)]
        searched = describe_search(result, index, base_url)
        values |= {"found": result.found, "searched": searched, "hits": hits, "without": without or []}
    return render_page("try.html", cache="no-store", **values)
