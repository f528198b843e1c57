"""Pairs: drafts, those that wait for a second person, those that are approved; written, mended, approved."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import quote

from starlette.responses import Response

from serve.wire.pairs import (
    EditRequest,
    PairInfo,
    PairList,
    PairReply,
    PairRequest,
    PairState,
    StepRequest,
)
from ui.client import GatewayError
from ui.desk.cookies import make_secret
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

PAGE = 50
_STEPS = {"submit": "submitted", "approve": "approved", "return": "returned", "withdraw": "withdrawn"}
"""What can be done with a pair as it is, and what is said when it is done."""


async def show_pairs(visit: Visit) -> Response:
    """One state's pairs, or those that hold some words."""
    state = visit.asked("state", "submitted")
    if state not in get_args(PairState):
        state = "submitted"
    words = visit.asked("q")[:200]
    page = visit.page_number()
    query: dict[str, str | int] = {"state": state, "limit": PAGE, "offset": page * PAGE}
    if words:
        query["q"] = words
    pairs = await visit.gateway.get("/v1/pairs", PairList, **query)
    return visit.page("pairs.html", pairs=pairs, state=state, q=words, number=page, page_size=PAGE)


async def show_new(visit: Visit) -> Response:
    """An empty form."""
    return _render_new(visit)


async def add_pair(visit: Visit) -> Response:
    """Keep a new pair as a draft, or submit it at once."""
    try:
        request = check_form(
            PairRequest,
            idempotency_key=visit.text("idempotency_key"),
            question=visit.text("question"),
            answer=visit.text("answer"),
            kind=visit.text("kind"),
            evidence=_lines(visit, "records"),
            language=visit.text("language"),
            licence=visit.text("licence"),
            submit=visit.text("do") == "submit",
        )
        reply = await visit.gateway.post("/v1/pairs", PairReply, request)
    except GatewayError as problem:
        if problem.status in (0, 401, 403):
            raise
        return _render_new(visit, str(problem), problem.status)
    return visit.go(f"/pairs/{quote(reply.pair.id, safe='')}", _said_of(reply.pair.state))


async def show_pair(visit: Visit) -> Response:
    """One pair whole."""
    return await _render(visit, await _look(visit))


async def change_pair(visit: Visit) -> Response:
    """Save what was edited, or take a step; what is refused comes back with all that was typed."""
    step = visit.text("do")
    try:
        if step in _STEPS:
            return await _take_step(visit, step)
        request = _read_edit(visit)
        reply = await visit.gateway.patch(_path(visit), PairReply, request)
    except GatewayError as problem:
        if problem.status not in (400, 409):
            raise
        pair = await _look(visit)
        return await _render(visit, pair, problem=str(problem), typed=True, status=problem.status)
    return visit.go(f"/pairs/{quote(reply.pair.id, safe='')}", _said_of(reply.pair.state))


async def _take_step(visit: Visit, step: str) -> Response:
    request = check_form(
        StepRequest,
        revision=visit.number("revision"),
        idempotency_key=visit.text("idempotency_key"),
        note=visit.text("note"),
        waiver=visit.text("waiver"),
        take_next=step in ("approve", "return"),
    )
    reply = await visit.gateway.post(f"{_path(visit)}/{step}", PairReply, request)
    if step in ("approve", "return"):
        where = f"/pairs/{quote(reply.next.id, safe='')}" if reply.next else "/pairs"
        return visit.go(where, _STEPS[step], was=reply.pair.id)
    return visit.go(f"/pairs/{quote(reply.pair.id, safe='')}", _STEPS[step])


def _path(visit: Visit) -> str:
    return f"/v1/pairs/{quote(visit.part('pair'), safe='')}"


async def _look(visit: Visit) -> PairInfo:
    return await visit.gateway.get(_path(visit), PairInfo)


def _said_of(state: str) -> str:
    return "submitted" if state == "submitted" else "saved"


def _lines(visit: Visit, name: str) -> list[str]:
    return [line.strip() for line in visit.text(name).split("\n") if line.strip()]


def _read_edit(visit: Visit) -> EditRequest:
    evidence: list[int | str] = [int(value) for value in visit.texts("evidence") if value.isdecimal()]
    fields: dict[str, Any] = {
        "revision": visit.number("revision"),
        "idempotency_key": visit.text("idempotency_key"),
        "question": visit.text("question"),
        "answer": visit.text("answer"),
        "kind": visit.text("kind"),
        "evidence": [*evidence, *_lines(visit, "records")],
        "language": visit.text("language"),
        "licence": visit.text("licence"),
        "own_words": bool(visit.text("own_words")),
        "submit": visit.text("do") == "save-submit",
    }
    return check_form(EditRequest, **fields)


async def _render(
    visit: Visit, pair: PairInfo, *, problem: str = "", typed: bool = False, status: int = 200
) -> Response:
    edited = typed and visit.text("do") not in _STEPS
    present = [item.number for item in pair.evidence]
    chosen = {int(value) for value in visit.texts("evidence") if value.isdecimal()}
    return visit.page(
        "pair.html",
        status=status,
        problem=problem,
        pair=pair,
        editing=edited or pair.state == "draft",
        sheet=visit.text("do") if typed else "",
        question=visit.text("question") if edited else pair.question,
        answer=visit.text("answer") if edited else pair.answer,
        kind=visit.text("kind") if edited else pair.kind,
        language=visit.text("language") if edited else pair.language,
        licence=visit.text("licence") if edited else pair.licence,
        records=visit.text("records") if edited else "",
        own_words=bool(visit.text("own_words")) if edited else False,
        chosen=chosen if edited else set(present),
        note=visit.text("note") if typed else "",
        waiver=visit.text("waiver") if typed else "",
        idempotency_key=make_secret(),
        was=visit.asked("was"),
    )


def _render_new(visit: Visit, problem: str = "", status: int = 200) -> Response:
    return visit.page(
        "pair-new.html",
        status=status,
        problem=problem,
        question=visit.text("question"),
        answer=visit.text("answer"),
        kind=visit.text("kind") or "answer",
        language=visit.text("language") or "en",
        licence=visit.text("licence"),
        records=visit.text("records"),
        idempotency_key=visit.text("idempotency_key") or make_secret(),
    )


DOORS = (
    Door("/pairs", show=show_pairs),
    Door("/pairs/new", show=show_new, act=add_pair),
    Door("/pairs/{pair}", show=show_pair, act=change_pair),
)
