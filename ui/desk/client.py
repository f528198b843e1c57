"""The HTTP API as one signed-in member of staff uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from ui.client import UNREACHABLE, UNREADABLE, GatewayError, read_error

Reply = TypeVar("Reply", bound=BaseModel)
Query = Mapping[str, str | int]

SECONDS = 310
"""A try of instructions writes several answers, a large import is checked pair by pair, and the estimate of a
run may take five minutes."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file as the gateway sent it."""

    body: bytes
    media_type: str
    disposition: str


class DeskClient:
    """Speaks to one gateway over one pooled session, opened on first use in the running event loop."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the session; a later call opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        conversation: str = "",
        query: Query | None = None,
        body: BaseModel | bytes | None = None,
        media_type: str = "application/json",
    ) -> Download:
        """One request; raises GatewayError for every reply that is not a success."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if conversation:
            headers["X-Reading-Room-Conversation"] = conversation
        content = body.model_dump_json().encode() if isinstance(body, BaseModel) else body
        if content is not None:
            headers["Content-Type"] = media_type
        try:
            async with self._open().request(
                method, self._base_url + path, params=query, data=content, headers=headers
            ) as response:
                if response.status >= 300:
                    raise await read_error(response)
                return Download(
                    await response.read(),
                    response.headers.get("Content-Type", "application/octet-stream"),
                    response.headers.get("Content-Disposition", ""),
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise GatewayError(UNREACHABLE) from problem

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=SECONDS, sock_connect=5),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


@dataclass(frozen=True, slots=True)
class Gateway:
    """The client with one person's token: what the rooms speak through. Every call raises GatewayError.

    `conversation` is a patron's own id, "" for staff.
    """

    client: DeskClient
    token: str
    conversation: str = ""

    async def get(self, path: str, kind: type[Reply], /, **query: str | int) -> Reply:
        """Read one thing."""
        return read(await self._request("GET", path, query=query), kind)

    async def post(self, path: str, kind: type[Reply], body: BaseModel | None = None) -> Reply:
        """Do one thing."""
        return read(await self._request("POST", path, body=body), kind)

    async def put(self, path: str, kind: type[Reply], body: BaseModel | None = None) -> Reply:
        """Put one thing in its place."""
        return read(await self._request("PUT", path, body=body), kind)

    async def patch(self, path: str, kind: type[Reply], body: BaseModel) -> Reply:
        """Change one thing."""
        return read(await self._request("PATCH", path, body=body), kind)

    async def delete(self, path: str) -> None:
        """Take one thing away."""
        await self._request("DELETE", path)

    async def upload(
        self, path: str, kind: type[Reply], content: bytes, media_type: str, /, **query: str | int
    ) -> Reply:
        """Send a file as it is."""
        reply = await self._request("POST", path, query=query, body=content, media_type=media_type)
        return read(reply, kind)

    async def download(self, path: str, /, **query: str | int) -> Download:
        """Fetch a file as it is."""
        return await self._request("GET", path, query=query)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: BaseModel | bytes | None = None,
        media_type: str = "application/json",
    ) -> Download:
        return await self.client.request(
            method,
            path,
            token=self.token,
            conversation=self.conversation,
            query=query,
            body=body,
            media_type=media_type,
        )


def read(reply: Download, kind: type[Reply]) -> Reply:
    """A reply by its wire type. Raises GatewayError where it is none."""
    try:
        return kind.model_validate_json(reply.body)
    except ValidationError as problem:
        raise GatewayError(UNREADABLE) from problem
