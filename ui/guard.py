"""What stands in front of Gradio: a list of the addresses the page needs, and headers on all it sends.

Everything else Gradio offers (uploads, files by path or by URL, a proxy, run history, API pages,
monitoring, login) answers 404 before Gradio sees it.
"""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.shell import Shell

_NAME = r"[A-Za-z0-9_-]{1,64}"
ALLOWED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("GET", re.compile(r"/theme\.css")),
    ("GET", re.compile(r"/(?:assets|static)/[A-Za-z0-9_./-]{1,200}")),
    ("GET", re.compile(rf"/gradio_api/heartbeat/{_NAME}")),
    ("GET", re.compile(r"/gradio_api/queue/data")),
    ("POST", re.compile(r"/gradio_api/queue/join")),
)

MOST_BODY_BYTES = 200_000
"""The page's largest post is a corrected answer of 20,000 characters."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}


class PageGuard:
    """ASGI: serves the page's own files and document, lets the listed addresses through to Gradio."""

    def __init__(self, gradio: ASGIApp, shell: Shell) -> None:
        self._gradio = gradio
        self._shell = shell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Dressed(send, scope["path"])
        if (app := await self._choose(scope)) is None:
            app = JSONResponse(NOT_HERE, status_code=404)
        await app(scope, receive, answer)

    async def _choose(self, scope: Scope) -> ASGIApp | None:
        """Who answers; None for nobody."""
        method, path = scope["method"], scope["path"]
        if method in ("GET", "HEAD"):
            if path == "/":
                return self._document(scope)
            if own := self._shell.file(path):
                return own
            method = "GET"
        if ".." in path or not any(
            method == allowed and pattern.fullmatch(path) for allowed, pattern in ALLOWED
        ):
            return None
        if method == "POST" and _body_size(scope) > MOST_BODY_BYTES:
            return JSONResponse(TOO_LARGE, status_code=413)
        return self._gradio

    def _document(self, scope: Scope) -> ASGIApp:
        if scope["query_string"]:
            # Gradio reads ?view=api, ?deep_link= and others; none of them is for patrons.
            return RedirectResponse(scope.get("root_path", "") + "/", status_code=303)
        return self._shell.document(self._gradio)


NOT_HERE = {
    "error": {
        "message": "There is nothing at this address.",
        "type": "invalid_request_error",
        "param": None,
        "code": "not_found",
    }
}
TOO_LARGE = {
    "error": {
        "message": "That is too large. Please send less.",
        "type": "invalid_request_error",
        "param": None,
        "code": "request_too_large",
    }
}


def _body_size(scope: Scope) -> int:
    """The announced size; a body of unannounced size counts as too large."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else MOST_BODY_BYTES + 1
    return MOST_BODY_BYTES + 1


class _Dressed:
    """`send` with the security headers put on, and what may be cached said."""

    def __init__(self, send: Send, path: str) -> None:
        self._send = send
        self._path = path

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
            if message["status"] == 200 and self._path.startswith("/assets/"):
                headers["Cache-Control"] = "public, max-age=31536000, immutable"
            else:
                headers.setdefault("Cache-Control", "no-store")
            if message["status"] == 503:
                headers.setdefault("Retry-After", "5")
        await self._send(message)
