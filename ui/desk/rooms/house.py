"""Rooms that are looked at: what patrons ask, the sources, the audit log, the settings in force."""

from __future__ import annotations

from starlette.responses import Response

from serve.wire.conversations import ErasureInfo, ErasureList, ErasureRequest, PurgeList
from serve.wire.people import AuditList
from serve.wire.settings import SettingsReply
from serve.wire.sources import SourceList
from serve.wire.usage import UsageReply
from ui.client import GatewayError
from ui.desk.charts import draw_bars, draw_days
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

SPANS = (7, 30, 90, 365)
"""Days to choose from."""
MOST_BARS = 12


async def show_usage(visit: Visit) -> Response:
    """What patrons ask: by day, by collection, found or not, and in which words."""
    asked = visit.asked("days", "30")
    days = int(asked) if asked.isdecimal() and int(asked) in SPANS else 30
    usage = await visit.gateway.get("/v1/usage", UsageReply, days=days)
    return visit.page(
        "usage.html",
        usage=usage,
        days=days,
        spans=SPANS,
        by_day=draw_days([(day.day, day.found, day.not_found) for day in usage.by_day]),
        by_collection=draw_bars(
            [
                (share.label or share.name, share.found, share.not_found)
                for share in usage.by_collection[:MOST_BARS]
            ]
        ),
    )


async def show_sources(visit: Visit) -> Response:
    """What the index is made from."""
    return visit.page("sources-room.html", sources=await visit.gateway.get("/v1/sources", SourceList))


async def show_audit(visit: Visit) -> Response:
    """Who did what, the newest first; what was purged and erased."""
    before, subject = visit.asked("before"), visit.asked("subject")[:300]
    query: dict[str, str | int] = {"limit": 100}
    if before.isdecimal():
        query["before"] = int(before)
    if subject:
        query["subject"] = subject
    log = await visit.gateway.get("/v1/audit", AuditList, **query)
    return visit.page("audit.html", log=log, subject=subject)


async def show_erasures(visit: Visit) -> Response:
    """Requests for deletion and how far each had come, and the proofs of purges."""
    return await _render_erasures(visit)


async def erase(visit: Visit) -> Response:
    """Follow a patron's request through everything that came of a conversation."""
    kind, named = visit.text("kind"), visit.text("named")
    try:
        if not visit.text("sure"):
            raise GatewayError("Tick the box: what is erased cannot be brought back.", status=400)
        field = {"conversation": named} if kind == "conversation" else {"feedback": named}
        done = await visit.gateway.post("/v1/erasures", ErasureInfo, check_form(ErasureRequest, **field))
    except GatewayError as problem:
        return await _render_erasures(visit, problem=str(problem), status=problem.status or 503)
    return await _render_erasures(visit, done=done)


async def show_settings(visit: Visit) -> Response:
    """The settings as they are in force."""
    return visit.page("settings.html", settings=await visit.gateway.get("/v1/settings", SettingsReply))


async def _render_erasures(
    visit: Visit, *, done: ErasureInfo | None = None, problem: str = "", status: int = 200
) -> Response:
    erasures = await visit.gateway.get("/v1/erasures", ErasureList, limit=50)
    purges = await visit.gateway.get("/v1/purges", PurgeList, limit=20)
    return visit.page(
        "erasures.html",
        status=status,
        problem=problem,
        erasures=erasures,
        purges=purges,
        done=done,
        named=visit.text("named"),
        kind=visit.text("kind"),
    )


DOORS = (
    Door("/usage", show=show_usage),
    Door("/sources", show=show_sources),
    Door("/audit", show=show_audit),
    Door("/audit/erasures", show=show_erasures, act=erase),
    Door("/settings", show=show_settings),
)
