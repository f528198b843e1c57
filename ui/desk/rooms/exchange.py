"""Pairs into files and out of them, and drafts by the model."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.responses import Response

from serve.schemas import CollectionList
from serve.wire.exchange import MOST_DRAFTS, DraftReply, DraftRequest, FormList, ImportReply
from ui.client import GatewayError
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

MOST_FILE_BYTES = 41_000_000
_NO_FILE = "Choose a file first."


async def show_import(visit: Visit) -> Response:
    """Choose a file."""
    return await _render_import(visit)


async def bring_in(visit: Visit) -> Response:
    """Try a file, or take its good rows in; either way every row with a problem is listed."""
    file = visit.form.get("file")
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise GatewayError(_NO_FILE, status=400)
        reply = await visit.gateway.upload(
            "/v1/pairs/import",
            ImportReply,
            await file.read(),
            "application/octet-stream",
            name=file.filename[:200],
            form=visit.text("form"),
            licence=visit.text("licence"),
            consent=int(bool(visit.text("consent"))),
            **{"try": int(visit.text("do") == "try")},
        )
    except GatewayError as problem:
        return await _render_import(visit, problem=str(problem), status=problem.status or 503)
    return await _render_import(visit, reply=reply, file_name=file.filename)


async def show_export(visit: Visit) -> Response:
    """Choose a form of file."""
    forms = await visit.gateway.get("/v1/pairs/forms", FormList)
    return visit.page("export.html", forms=forms.data)


async def send_export(visit: Visit) -> Response:
    """The pairs of a state as a file."""
    state = visit.asked("state", "approved")
    return visit.send(
        await visit.gateway.download("/v1/pairs/export", form=visit.asked("form", "csv"), state=state)
    )


async def show_drafts(visit: Visit) -> Response:
    """Choose a collection to draft from."""
    return await _render_drafts(visit)


async def draft(visit: Visit) -> Response:
    """Have the model write drafts, which nobody has seen yet and which are marked so."""
    request = check_form(DraftRequest, collection=visit.text("collection"), count=visit.number("count"))
    try:
        reply = await visit.gateway.post("/v1/pairs/drafts", DraftReply, request)
    except GatewayError as problem:
        return await _render_drafts(visit, problem=str(problem), status=problem.status or 503)
    return await _render_drafts(visit, reply=reply)


async def _render_import(
    visit: Visit,
    *,
    reply: ImportReply | None = None,
    file_name: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    forms = await visit.gateway.get("/v1/pairs/forms", FormList)
    return visit.page(
        "import.html",
        status=status,
        problem=problem,
        form_choices=[("", "Told from the file"), *((one.name, one.title) for one in forms.data)],
        reply=reply,
        file_name=file_name,
        form=visit.text("form"),
        licence=visit.text("licence"),
        consent=bool(visit.text("consent")),
    )


async def _render_drafts(
    visit: Visit, *, reply: DraftReply | None = None, problem: str = "", status: int = 200
) -> Response:
    collections = await visit.gateway.get("/v1/collections", CollectionList)
    return visit.page(
        "drafts.html",
        status=status,
        problem=problem,
        collections=[(one.id, one.title or one.id) for one in collections.data],
        chosen=visit.text("collection"),
        number=visit.number("count", 10),
        most=MOST_DRAFTS,
        reply=reply,
    )


DOORS = (
    Door("/exchange/import", show=show_import, act=bring_in, most_bytes=MOST_FILE_BYTES),
    Door("/exchange/export", show=show_export),
    Door("/exchange/file", show=send_export),
    Door("/exchange/drafts", show=show_drafts, act=draft),
)
