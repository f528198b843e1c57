"""What stands in front of the desk: headers on all it sends, and who may send to it.

Nothing on its pages is inline, nothing comes from elsewhere, and nothing of them is kept by a cache.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: a form would then be sent with the origin "null", which says nothing.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "X-Robots-Tag": "noindex",
}
FOREIGN = "This form was sent from another page. Please open the desk itself and send it from there."


class DeskGuard:
    """ASGI: refuses what another site had a browser send, and dresses every reply."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        app = self._app
        if scope["method"] not in ("GET", "HEAD") and not is_own(Headers(scope=scope)):
            app = PlainTextResponse(FOREIGN, status_code=403)
        await app(scope, receive, send_dressed)


def is_own(headers: Headers) -> bool:
    """Whether a browser says that the desk's own page sent this; one that says nothing is not believed.

    The scheme is not compared: behind a proxy that ends TLS the two differ for the same page.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is None:
        return site == "same-origin"
    try:
        return bool(host := urlsplit(origin).netloc) and host == headers.get("host", "")
    except ValueError:
        return False
