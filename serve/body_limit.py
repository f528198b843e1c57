"""Refuse a request body that is too large before it is held in memory."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.error_replies import reply_error
from serve.errors import TooLarge


class BodyLimit:
    """Pure ASGI middleware: counts bytes as they come, whatever Content-Length says.

    `larger` are paths that take more than `most_bytes`: those that files are sent to.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.most_bytes = most_bytes
        self.larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most_bytes = max(self.most_bytes, self.larger.get(scope["path"], 0))
        what = "Split the file" if scope["path"] in self.larger else "Send a shorter conversation"
        error = TooLarge(f"The request is larger than {most_bytes:,} bytes. {what}.")
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > most_bytes:
            await reply_error(error)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # What reads the body would make an error of its own of anything raised here.
            return {"type": "http.disconnect"} if seen > most_bytes else message

        async def send_unless_cut(message: Message) -> None:
            if seen <= most_bytes:
                await send(message)

        try:
            await self.app(scope, counted, send_unless_cut)
        except Exception:
            if seen <= most_bytes:
                raise
        if seen > most_bytes:
            await reply_error(error)(scope, receive, send)
