"""The patrons' page for comparing answers: a question, two answers, one choice.

Its cookie holds an id that says nothing and ends with the browser, so that nobody is asked twice. The page
works without scripts; where the library does not ask patrons, it says that there is nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from serve.schemas import ServiceInfo
from serve.wire.comparisons import OpenList, TaskReply
from ui.client import GatewayError
from ui.desk.client import DeskClient, Gateway
from ui.desk.cookies import is_form_token, make_form_token, make_secret, set_cookie
from ui.desk.guard import DeskGuard
from ui.desk.keys import read_keys
from ui.desk.pages import render, send_file
from ui.desk.rooms.comparisons import look_at_task, vote
from ui.desk.words import SAID

COOKIE = "reading-room-compare"
MOST_BYTES = 10_000
_AGAIN = "This page was open for too long. Please choose once more."
_NOT_HERE = "There is nothing at this address."


def build_comparing(client: DeskClient, key: str = "") -> ASGIApp:
    """The page, to be mounted at a path of its own. `key` is what the gateway's own pages send."""
    page = _Page(client, key)
    routes = [
        Route("/", page.show, methods=["GET"]),
        Route("/", page.act, methods=["POST"]),
        Route("/files/{name}", _answer_file),
    ]
    return DeskGuard(Starlette(routes=routes, exception_handlers={HTTPException: _answer_nothing}))


@dataclass(frozen=True, slots=True)
class _Page:
    client: DeskClient
    key: str

    async def show(self, request: Request) -> Response:
        judge = request.cookies.get(COOKIE, "") or make_secret()
        response = await self._render(request, judge, said=request.query_params.get("said", ""))
        if COOKIE not in request.cookies:
            set_cookie(request, response, COOKIE, judge, None)
        return response

    async def act(self, request: Request) -> Response:
        judge = request.cookies.get(COOKIE, "")
        if not _fits(request):
            return PlainTextResponse("That is larger than this form takes.", 413)
        form = await request.form(max_part_size=MOST_BYTES)
        step, question, choice, name = (
            str(form.get(field, "")) for field in ("do", "question", "choice", "comparison")
        )
        if not is_form_token(form.get("form_token"), judge):
            return await self._begin_again(request)
        try:
            said = await vote(self._open(judge), name, step, question, choice)
        except GatewayError as problem:
            return await self._render(request, judge, problem=str(problem), status=problem.status or 503)
        return RedirectResponse(f"{_base(request)}/?said={quote(said)}", status_code=303)

    async def _begin_again(self, request: Request) -> Response:
        judge = make_secret()
        response = await self._render(request, judge, problem=_AGAIN, status=403)
        set_cookie(request, response, COOKIE, judge, None)
        return response

    def _open(self, judge: str) -> Gateway:
        return Gateway(self.client, self.key, judge)

    async def _render(
        self, request: Request, judge: str, *, said: str = "", problem: str = "", status: int = 200
    ) -> Response:
        gateway, reply, library = self._open(judge), None, "Reading Room"
        try:
            library = (await gateway.get("/v1/service", ServiceInfo)).library_name
            reply = await self._find_task(gateway)
        except GatewayError as error:
            problem, status = problem or str(error), error.status or 503
        return render(
            "patron-compare.html",
            status=status,
            base=_base(request),
            library=library,
            reply=reply,
            form_token=make_form_token(judge),
            keys=read_keys(""),
            said=SAID.get(said, ""),
            problem=problem,
        )

    async def _find_task(self, gateway: Gateway) -> TaskReply | None:
        """The newest comparison in which something is left, else one in which all is done."""
        found = (await gateway.get("/v1/open-comparisons", OpenList)).data
        for one in [one for one in found if one.left] or found:
            return await look_at_task(gateway, one.id)
        return None


def _base(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def _fits(request: Request) -> bool:
    size = request.headers.get("content-length", "")
    return size.isdecimal() and int(size) <= MOST_BYTES


async def _answer_file(request: Request) -> Response:
    return send_file(request.path_params["name"]) or PlainTextResponse(_NOT_HERE, 404)


async def _answer_nothing(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(_NOT_HERE if error.status_code == 404 else error.detail, error.status_code)
