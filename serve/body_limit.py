"""Refuse a request body that is too large before it is held in memory."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.error_replies import reply_error
from serve.errors import TooLarge


class BodyLimit:
    """Pure ASGI middleware: counts bytes as they come, whatever Content-Length says."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app = app
        self.most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        error = TooLarge(
            f"The request is larger than {self.most_bytes:,} bytes. Send a shorter conversation."
        )
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.most_bytes:
            await reply_error(error)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # What reads the body would make an error of its own of anything raised here.
            return {"type": "http.disconnect"} if seen > self.most_bytes else message

        async def send_unless_cut(message: Message) -> None:
            if seen <= self.most_bytes:
                await send(message)

        try:
            await self.app(scope, counted, send_unless_cut)
        except Exception:
            if seen <= self.most_bytes:
                raise
        if seen > self.most_bytes:
            await reply_error(error)(scope, receive, send)
