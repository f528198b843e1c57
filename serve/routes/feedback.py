"""`POST /v1/feedback`."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool

from serve.feedback import keep_feedback
from serve.people.access import require
from serve.people.authority import Action
from serve.schemas import FeedbackReply, FeedbackRequest
from serve.service import ServiceDep

router = APIRouter(prefix="/v1", dependencies=[Depends(require(Action.GIVE_FEEDBACK))])


@router.post("/feedback", status_code=201)
async def give_feedback(body: FeedbackRequest, service: ServiceDep) -> FeedbackReply:
    """Keep what a patron says of an answer; it is on disk before this returns."""
    reply, row = await run_in_threadpool(
        keep_feedback, service.database, service.memory, body, days=service.settings.feedback_days
    )
    service.books.metrics.count_feedback(row.details.get("adapter", ""), row.thumb)
    if row.thumb == "down" and (route := service.memory.dislike(row.answer_id)):
        service.books.count(route, answer=False, thumbs_down=True)
    return reply
