"""The desk as an ASGI app: every door, and who may come in by it."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ui.client import GatewayError
from ui.desk.client import DeskClient, Gateway
from ui.desk.cookies import KEYS, get_token, is_form_token
from ui.desk.entrance import make_entrance, send_to_door
from ui.desk.failures import ask_again, refuse
from ui.desk.guard import DeskGuard
from ui.desk.keys import Keys, read_keys
from ui.desk.member import know_member
from ui.desk.pages import send_file
from ui.desk.rooms import DOORS
from ui.desk.visit import Door, Visit

TOO_LARGE = "That is larger than this form takes. Go back, and send less at once."
STALE = "This form is from before you signed in. Look it over and send it again."
SIGNED_OUT = (
    "You are signed out by now, and nothing was changed. Sign in again in another tab, then come back to "
    "this one and send the form again."
)
NOT_HERE = "There is nothing at this address."


def build_desk(client: DeskClient) -> ASGIApp:
    """The desk, to be mounted at a path of its own; it speaks to the gateway through `client`."""
    routes = [
        Route("/", _go_in),
        Route("/files/{name}", _answer_file),
        *make_entrance(client),
        *(_make_route(client, door) for door in DOORS),
    ]
    return DeskGuard(Starlette(routes=routes, exception_handlers={HTTPException: _answer_refusal}))


def _make_route(client: DeskClient, door: Door) -> Route:
    async def answer(request: Request) -> Response:
        gateway = Gateway(client, get_token(request))
        if request.method != "POST":
            return await _show(door, request, gateway)
        if _announced_bytes(request) > door.most_bytes:
            return refuse(request, TOO_LARGE, 413)
        async with request.form(max_part_size=door.most_bytes) as form:
            return await _act(door, request, gateway, form)

    methods = [name for name, handler in (("GET", door.show), ("POST", door.act)) if handler]
    return Route(door.path, answer, methods=methods)


async def _show(door: Door, request: Request, gateway: Gateway) -> Response:
    assert door.show is not None, "the route takes no GET else"
    try:
        member = await know_member(gateway)
        if member is None:
            return send_to_door(request)
        return await door.show(Visit(request, gateway, member, _read_keys(request), FormData()))
    except GatewayError as problem:
        return refuse(request, str(problem), problem.status or 503)


async def _act(door: Door, request: Request, gateway: Gateway, form: FormData) -> Response:
    assert door.act is not None, "the route takes no POST else"
    try:
        member = await know_member(gateway)
        if member is None:
            return ask_again(request, form, SIGNED_OUT)
        if not is_form_token(form.get("form_token"), gateway.token):
            return ask_again(request, form, STALE)
        return await door.act(Visit(request, gateway, member, _read_keys(request), form))
    except GatewayError as problem:
        return ask_again(request, form, str(problem), problem.status or 503)


def _read_keys(request: Request) -> Keys:
    return read_keys(request.cookies.get(KEYS, ""))


def _announced_bytes(request: Request) -> int:
    """The size that a form says it has; one that says nothing counts as endless."""
    size = request.headers.get("content-length", "")
    return int(size) if size.isdecimal() else 2**63


async def _go_in(request: Request) -> Response:
    return RedirectResponse(request.scope.get("root_path", "") + "/inbox", status_code=303)


async def _answer_file(request: Request) -> Response:
    return send_file(request.path_params["name"]) or refuse(request, NOT_HERE, 404)


async def _answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = NOT_HERE if error.status_code == 404 else f"{error.detail}."
    return refuse(request, sentence, error.status_code)
