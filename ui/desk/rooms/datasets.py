"""Dataset versions: what they hold, what came of one in another, and the next one. Exam items are nowhere."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.responses import Response

from serve.wire.datasets import (
    BuildRequest,
    BuiltReply,
    DatasetDetail,
    DatasetList,
    DatasetVerifyReply,
    DiffReply,
    PreviewReply,
)
from ui.client import GatewayError
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


async def show_datasets(visit: Visit) -> Response:
    """Every version, and what a build would make now."""
    return await _render(visit, visit.asked("name"))


async def build(visit: Visit) -> Response:
    """Make the next version of a name."""
    name = visit.text("name")
    try:
        request = check_form(BuildRequest, name=name, why=visit.text("why"))
        reply = await visit.gateway.post("/v1/datasets", BuiltReply, request)
    except GatewayError as problem:
        return await _render(visit, name, problem=str(problem), status=problem.status or 503)
    return visit.go(f"/datasets/{quote(reply.version.version, safe='')}", "built")


async def show_dataset(visit: Visit) -> Response:
    """One version's datasheet."""
    name = visit.part("version")
    detail = await visit.gateway.get(_path(name), DatasetDetail)
    versions = await visit.gateway.get("/v1/datasets", DatasetList, limit=200)
    before = visit.asked("before") or detail.version.parent
    diff = None
    if before:
        diff = await visit.gateway.get(f"{_path(before)}/diff/{quote(name, safe='')}", DiffReply)
    others = [one.version for one in versions.data if one.version != name]
    return visit.page("dataset.html", detail=detail, diff=diff, before=before, others=others)


async def verify(visit: Visit) -> Response:
    """Take every digest anew."""
    name = visit.part("version")
    checked = await visit.gateway.post(f"{_path(name)}/verify", DatasetVerifyReply)
    if checked.whole:
        return visit.go(f"/datasets/{quote(name, safe='')}", "whole")
    # What a damaged version holds is told by nobody.
    told = "; ".join(checked.problems)
    return await _render(visit, "", problem=f"{name} is not whole and must not be trained from: {told}")


def _path(version: str) -> str:
    return f"/v1/datasets/{quote(version, safe='')}"


async def _render(visit: Visit, name: str, *, problem: str = "", status: int = 200) -> Response:
    versions = await visit.gateway.get("/v1/datasets", DatasetList, limit=200)
    name = name or (versions.names[0] if versions.names else "pairs")
    preview = None
    if visit.member.may("build datasets") and _NAME.fullmatch(name):
        try:
            preview = await visit.gateway.get("/v1/dataset-preview", PreviewReply, name=name)
        except GatewayError as found:  # the version before is damaged
            problem = problem or str(found)
    return visit.page(
        "datasets.html",
        status=status,
        problem=problem,
        versions=versions,
        name=name,
        why=visit.text("why"),
        preview=preview,
    )


DOORS = (
    Door("/datasets", show=show_datasets, act=build),
    Door("/datasets/{version}", show=show_dataset, act=verify),
)
