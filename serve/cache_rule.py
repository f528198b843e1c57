"""What caches between the service and its readers may keep: nothing of staff replies, else no old copy."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CacheRule:
    """Pure ASGI middleware: the same address shows staff more than patrons, and tomorrow less than today.

    A reply to a request with a key is stored nowhere. Any other may be stored, but is asked for again
    before it is shown (a record may be withdrawn or withheld by then), unless the reply says otherwise.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_key = "authorization" in Headers(scope=scope)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Authorization")
                if has_key:
                    headers["Cache-Control"] = "no-store"
                else:
                    headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        await self.app(scope, receive, send_marked)
