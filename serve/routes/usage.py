"""`GET /v1/usage`: what patrons ask, for staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from retrieval.audience import STAFF
from retrieval.errors import RetrievalError
from serve.conversations.counts import read_counts
from serve.people.access import require
from serve.people.authority import Action
from serve.service import Service, ServiceDep
from serve.usage import Asked, Count, count_by, count_days, read_asked
from serve.wire.usage import AskedText, DayUsage, UsageReply, UsageShare

router = APIRouter(prefix="/v1", dependencies=[Depends(require(Action.READ_USAGE))])

NOTE = (
    "Only questions on which patrons left feedback or whose conversation they agreed to have kept. "
    "Of all others nothing but the counts above is known."
)
_STATUS = {
    "answered": "Answered",
    "not_found": "Not found",
    "passages_only": "Passages shown, no model",
    "plain": "Without the collections",
    "failed": "Failed",
}


@router.get("/usage")
def show_usage(service: ServiceDep, days: Annotated[int, Query(ge=1, le=400)] = 30) -> UsageReply:
    """Answers of the last `days` days, today included."""
    until = datetime.now(UTC).date()
    since = until - timedelta(days=days - 1)
    with service.database.readings() as session:
        counts = read_counts(session, since, until)
        asked = read_asked(session, since)
    total = Count()
    for count in counts:
        total.add(count)
    adapters = {"": "None", service.aliases.base: "Base model"}
    return UsageReply(
        since=since.isoformat(),
        until=until.isoformat(),
        answers=total.answers,
        found=total.found,
        not_found=total.not_found,
        by_day=[
            DayUsage(day=day.isoformat(), answers=count.answers, found=count.found, not_found=count.not_found)
            for day, count in count_days(counts, since, until).items()
        ],
        by_collection=_share(count_by(counts, lambda one: one.collection), _name_collections(service)),
        by_status=_share(count_by(counts, lambda one: one.status), _STATUS),
        by_adapter=_share(count_by(counts, lambda one: one.adapter), adapters),
        questions=[_describe(one) for one in asked],
        note=NOTE,
    )


def _name_collections(service: Service) -> dict[str, str]:
    several = {"": "Several, or none"}
    try:
        collections = service.library.current().collections(STAFF)
    except RetrievalError:
        return several
    return several | {one.id: one.title for one in collections}


def _share(counted: list[tuple[str, Count]], labels: Mapping[str, str]) -> list[UsageShare]:
    return [
        UsageShare(
            name=name,
            label=labels.get(name, name),
            answers=count.answers,
            found=count.found,
            not_found=count.not_found,
        )
        for name, count in counted
    ]


def _describe(asked: Asked) -> AskedText:
    return AskedText(
        question=asked.question,
        times=len(asked.answers),
        found=len(asked.found),
        thumbs_up=asked.thumbs["up"],
        thumbs_down=asked.thumbs["down"],
        last=asked.last.isoformat(timespec="seconds"),
        source=asked.source,
    )
