"""Coming in and going out: by name and password, or through the library's own sign-in (OIDC)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from serve.wire.people import OidcFinishRequest, OidcStarted, SignedInReply, SignInRequest, SignInWays
from ui.client import GatewayError
from ui.desk.client import DeskClient, Gateway
from ui.desk.cookies import (
    DOOR,
    FLOW,
    SESSION,
    drop_cookie,
    get_token,
    is_form_token,
    make_form_token,
    make_secret,
    set_cookie,
)
from ui.desk.failures import check_form, get_base
from ui.desk.pages import render
from ui.desk.words import SAID

MOST_BYTES = 20_000
FLOW_SECONDS = 600
_INSIDE = re.compile(r"/[A-Za-z0-9_~./-]{0,200}(?:\?[A-Za-z0-9_=&.%+-]{0,200})?")
_AGAIN = "This page was open for too long. Please try once more."
_TOO_LONG = "Name or password are too long."


def make_entrance(client: DeskClient) -> list[Route]:
    """The ways in and out."""
    entrance = _Entrance(client)
    return [
        Route("/sign-in", entrance.show, methods=["GET"]),
        Route("/sign-in", entrance.sign_in, methods=["POST"]),
        Route("/sign-in/oidc", entrance.begin_elsewhere, methods=["POST"]),
        Route("/oidc", entrance.come_back, methods=["GET"]),
        Route("/sign-out", entrance.sign_out, methods=["POST"]),
    ]


def send_to_door(request: Request) -> Response:
    """To the sign-in page, which leads back to where somebody wanted to go."""
    base = get_base(request)
    wanted = request.url.path.removeprefix(base)
    if request.url.query:
        wanted += f"?{request.url.query}"
    return RedirectResponse(f"{base}/sign-in?to={quote(wanted, safe='')}", status_code=303)


@dataclass(frozen=True, slots=True)
class _Entrance:
    client: DeskClient

    async def show(self, request: Request) -> Response:
        return await self._render(request, to=request.query_params.get("to", ""))

    async def sign_in(self, request: Request) -> Response:
        if not _fits(request):
            return await self._render(request, problem=_TOO_LONG, status=413)
        form = await request.form(max_part_size=MOST_BYTES)
        name, password, to = (str(form.get(field, "")) for field in ("name", "password", "to"))
        if not is_form_token(form.get("form_token"), request.cookies.get(DOOR, "")):
            return await self._render(request, problem=_AGAIN, name=name, to=to, status=403)
        try:
            asked = check_form(SignInRequest, name=name.strip(), password=password)
            reply = await Gateway(self.client, "").post("/v1/session", SignedInReply, asked)
        except GatewayError as problem:
            return await self._render(
                request, problem=str(problem), name=name, to=to, status=problem.status or 503
            )
        inside = "/inbox?said=failures" if reply.failures else _inside(to)
        return _let_in(request, reply, RedirectResponse(f"{get_base(request)}{inside}", 303))

    async def begin_elsewhere(self, request: Request) -> Response:
        form = await request.form(max_part_size=MOST_BYTES)
        if not is_form_token(form.get("form_token"), request.cookies.get(DOOR, "")):
            return await self._render(request, problem=_AGAIN, status=403)
        try:
            started = await Gateway(self.client, "").post("/v1/session/oidc", OidcStarted)
        except GatewayError as problem:
            return await self._render(request, problem=str(problem), status=problem.status or 503)
        # The page's policy lets no form lead out of the desk, not by a redirect either; a link may.
        response = render("leave.html", base=get_base(request), url=started.url)
        # Lax: the provider's redirect back comes from its own site, and must bring this one along.
        set_cookie(request, response, FLOW, started.flow, FLOW_SECONDS, samesite="lax")
        return response

    async def come_back(self, request: Request) -> Response:
        try:
            asked = check_form(
                OidcFinishRequest,
                flow=request.cookies.get(FLOW, ""),
                code=request.query_params.get("code", ""),
                state=request.query_params.get("state", ""),
            )
            reply = await Gateway(self.client, "").post("/v1/session/oidc/finish", SignedInReply, asked)
        except GatewayError as problem:
            return await self._render(request, problem=str(problem), status=problem.status or 503)
        # A redirect would still count as the provider's, and leave the strict cookie behind; a page that
        # goes on by itself is our own.
        response = _let_in(request, reply, render("come-in.html", base=get_base(request)))
        drop_cookie(request, response, FLOW)
        return response

    async def sign_out(self, request: Request) -> Response:
        token = get_token(request)
        form = await request.form(max_part_size=MOST_BYTES)
        response = RedirectResponse(f"{get_base(request)}/sign-in?said=signed-out", 303)
        if not is_form_token(form.get("form_token"), token):
            return RedirectResponse(f"{get_base(request)}/", 303)
        try:
            await Gateway(self.client, token).delete("/v1/session")
        except GatewayError as problem:
            if problem.status not in (401, 403):
                return await self._render(request, problem=f"You are still signed in. {problem}", status=503)
        drop_cookie(request, response, SESSION)
        return response

    async def _render(
        self, request: Request, *, problem: str = "", name: str = "", to: str = "", status: int = 200
    ) -> Response:
        secret = request.cookies.get(DOOR, "") or make_secret()
        try:
            ways = await Gateway(self.client, "").get("/v1/session/ways", SignInWays)
        except GatewayError as unknown:
            ways, problem = SignInWays(password=True, provider=""), problem or str(unknown)
        response = render(
            "sign-in.html",
            status=status,
            base=get_base(request),
            form_token=make_form_token(secret),
            said=SAID.get(request.query_params.get("said", ""), ""),
            problem=problem,
            name=name,
            to=to,
            ways=ways,
        )
        set_cookie(request, response, DOOR, secret, None)
        return response


def _let_in(request: Request, reply: SignedInReply, response: Response) -> Response:
    """Give the browser its session, under a new secret for forms, whatever it had before."""
    set_cookie(request, response, SESSION, reply.token, None)
    drop_cookie(request, response, DOOR)
    return response


def _inside(to: str) -> str:
    """Where to go on to, if it is an address of the desk; else its first room."""
    plain = _INSIDE.fullmatch(to) and not urlsplit(to).netloc and "//" not in to and ".." not in to
    return to if plain and not to.startswith("/sign-") else "/inbox"


def _fits(request: Request) -> bool:
    size = request.headers.get("content-length", "")
    return size.isdecimal() and int(size) <= MOST_BYTES
