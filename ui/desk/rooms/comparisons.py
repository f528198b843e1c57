"""Blind comparisons: begun, voted in without knowing who is who, closed, and how they ended."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from serve.wire.comparisons import (
    BeginRequest,
    ComparisonInfo,
    ComparisonList,
    OpenList,
    OutcomeReply,
    RatingList,
    StepRequest,
    TaskReply,
    VoteRequest,
)
from ui.client import GatewayError
from ui.desk.client import Gateway
from ui.desk.failures import check_form
from ui.desk.visit import Door, Visit

_ROOT = "/v1/comparisons"
LOOK_SECONDS = 4
_DONE = {"fill": "comparing", "open": "comparison-open", "close": "comparison-closed"}


async def show_comparisons(visit: Visit) -> Response:
    """What can be voted in, all comparisons, and how versions stand."""
    return await _render_list(visit)


async def begin_comparison(visit: Visit) -> Response:
    """Have two versions answer the questions; a refused form comes back with all that was typed."""
    try:
        asked = check_form(
            BeginRequest,
            candidate=visit.text("candidate"),
            champion=visit.text("champion"),
            questions=[line.strip() for line in visit.text("questions").split("\n") if line.strip()],
            title=visit.text("title"),
            patrons=bool(visit.text("patrons")),
            dataset=visit.text("dataset"),
            why=visit.text("why"),
        )
        begun = await visit.gateway.post(_ROOT, ComparisonInfo, asked)
    except GatewayError as problem:
        if problem.status not in (400, 404, 409):
            raise
        return await _render_list(visit, str(problem), problem.status)
    return visit.go(_at(begun.id), "comparing")


async def show_comparison(visit: Visit) -> Response:
    """How far a comparison is; when it is closed, how it ended."""
    return await _render_one(visit)


async def change_comparison(visit: Visit) -> Response:
    """Go on preparing it, open it, or close it."""
    step, name = visit.text("do"), visit.part("comparison")
    try:
        if step == "fill":
            await visit.gateway.post(_path(name, "/fill"), ComparisonInfo)
        elif step in ("open", "close"):
            asked = check_form(StepRequest, revision=visit.number("revision"), why=visit.text("why"))
            await visit.gateway.post(_path(name, f"/{step}"), ComparisonInfo, asked)
        else:
            raise GatewayError("Choose one of the buttons.", status=400)
    except GatewayError as problem:
        if problem.status not in (400, 409):
            raise
        return await _render_one(visit, str(problem), problem.status)
    return visit.go(_at(name), _DONE[step])


async def show_task(visit: Visit) -> Response:
    """The next question with both answers."""
    return _render_task(visit, await look_at_task(visit.gateway, visit.part("comparison")))


async def cast_vote(visit: Visit) -> Response:
    """Take a vote, or the last one back, and show the next question."""
    name = visit.part("comparison")
    try:
        said = await vote(visit.gateway, name, visit.text("do"), visit.text("question"), visit.text("choice"))
    except GatewayError as problem:
        if problem.status not in (400, 404):
            raise
        task = await look_at_task(visit.gateway, name)
        return _render_task(visit, task, str(problem), problem.status)
    return visit.go(f"{_at(name)}/judge", said)


async def look_at_task(gateway: Gateway, name: str) -> TaskReply:
    """What this judge sees next."""
    return await gateway.get(_path(name, "/task"), TaskReply)


async def vote(gateway: Gateway, name: str, step: str, question: str, choice: str) -> str:
    """Do what a ballot asks for; gives the name of what is said then (`ui.desk.words.SAID`)."""
    if step == "back":
        await gateway.delete(_path(name, f"/votes/{quote(question, safe='')}"))
        return "vote-back"
    if not choice:
        raise GatewayError("Choose one of the four first.", status=400)
    given = check_form(VoteRequest, question=question, choice=choice)
    await gateway.post(_path(name, "/votes"), TaskReply, given)
    return "voted"


def _at(name: str) -> str:
    return f"/comparisons/{quote(name, safe='')}"


def _path(name: str, rest: str = "") -> str:
    return f"{_ROOT}/{quote(name, safe='')}{rest}"


async def _render_list(visit: Visit, problem: str = "", status: int = 200) -> Response:
    comparisons = await visit.gateway.get(_ROOT, ComparisonList)
    mine = await visit.gateway.get("/v1/open-comparisons", OpenList)
    ratings = await visit.gateway.get("/v1/comparison-ratings", RatingList)
    fields = ("candidate", "champion", "questions", "title", "patrons", "dataset", "why")
    return visit.page(
        "comparisons.html",
        status=status,
        problem=problem,
        comparisons=comparisons,
        left={one.id: one for one in mine.data},
        ratings=ratings.data,
        typed={field: visit.text(field) or visit.asked(field)[:200] for field in fields},
    )


async def _render_one(visit: Visit, problem: str = "", status: int = 200) -> Response:
    name = visit.part("comparison")
    comparison = await visit.gateway.get(_path(name), ComparisonInfo)
    outcome = None
    if comparison.state == "closed":
        outcome = await visit.gateway.get(_path(name, "/result"), OutcomeReply)
    mine = await visit.gateway.get("/v1/open-comparisons", OpenList)
    return visit.page(
        "comparison.html",
        status=status,
        problem=problem,
        comparison=comparison,
        outcome=outcome,
        left=next((one for one in mine.data if one.id == comparison.id), None),
        why=visit.text("why"),
        seconds=LOOK_SECONDS,
    )


def _render_task(visit: Visit, task: TaskReply, problem: str = "", status: int = 200) -> Response:
    return visit.page(
        "judge.html", status=status, problem=problem, reply=task, here=f"{visit.base}{_at(task.id)}"
    )


DOORS = (
    Door("/comparisons", show=show_comparisons, act=begin_comparison),
    Door("/comparisons/{comparison}", show=show_comparison, act=change_comparison),
    Door("/comparisons/{comparison}/judge", show=show_task, act=cast_vote),
)
