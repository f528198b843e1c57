"""The gateway's HTTP API as the pages use it: typed replies, a streamed chat, errors fit to be read."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, ValidationError

from serve.schemas import (
    AnswerDetails,
    ChatMessage,
    ChatRequest,
    CollectionList,
    ErrorReply,
    FeedbackReply,
    FeedbackRequest,
    ReadingRoomOptions,
    SearchReply,
    SearchRequest,
    ServiceInfo,
)
from serve.wire.conversations import AgreementReply, AgreementRequest, EndReply, ErasureInfo

Reply = TypeVar("Reply", bound=BaseModel)

MOST_EVENT_BYTES = 8_000_000
"""No event of an answer is larger; a stream that sends one is not ours."""

UNREACHABLE = "The service cannot be reached at the moment. Please try again in a minute."
_BROKEN_OFF = "The answer broke off before it was complete. Please ask again."
UNREADABLE = "The service sent something that cannot be read. Please tell the library staff."


class GatewayError(Exception):
    """A request that failed; `str(error)` is one plain sentence for the reader.

    `code` is the gateway's error code ("" where it sent none), `status` that of HTTP (0 where nothing
    came back); `retry_after` is in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        param: str = "",
        retry_after: int | None = None,
        status: int = 0,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerEnd:
    """What is behind an answer, sent after its last piece of text."""

    details: AnswerDetails


class GatewayClient:
    """Speaks to one gateway over one pooled session, opened on first use in the running event loop.

    `key` shows that it is the gateway's own page that asks, where programs need a key.
    """

    def __init__(self, base_url: str, key: str = "") -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the session; a later call opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def service(self) -> ServiceInfo:
        """What service this is. Raises GatewayError, as every call here does."""
        return await self._fetch("GET", "/v1/service", ServiceInfo)

    async def collections(self) -> CollectionList:
        """The collections in the index in use."""
        return await self._fetch("GET", "/v1/collections", CollectionList)

    async def search(self, request: SearchRequest) -> SearchReply:
        """Passages that fit a question, without an answer."""
        return await self._fetch("POST", "/v1/search", SearchReply, request)

    async def send_feedback(self, request: FeedbackRequest) -> FeedbackReply:
        """Hand in feedback; sending the same `idempotency_key` again is safe."""
        return await self._fetch("POST", "/v1/feedback", FeedbackReply, request)

    async def agree(self, conversation: str, agreed: bool) -> AgreementReply:
        """Have a conversation kept from its beginning, or no longer."""
        body = AgreementRequest(agreed=agreed)
        return await self._fetch("POST", _name(conversation, "/agreement"), AgreementReply, body)

    async def end_conversation(self, conversation: str) -> EndReply:
        """Have the service forget a conversation's answers now."""
        return await self._fetch("POST", _name(conversation, "/end"), EndReply)

    async def delete_conversation(self, conversation: str) -> ErasureInfo:
        """Have all that is kept of a conversation removed."""
        return await self._fetch("DELETE", _name(conversation), ErasureInfo)

    async def chat(
        self, messages: Sequence[ChatMessage], options: ReadingRoomOptions
    ) -> AsyncGenerator[TextDelta | AnswerEnd, None]:
        """Ask, and yield the answer as it is written: any number of deltas, then one end.

        Closing the generator drops the connection, and with it the generation. Raises GatewayError,
        also after deltas.
        """
        request = ChatRequest(messages=list(messages), stream=True, reading_room=options)
        try:
            async with self._open().post(
                f"{self._base_url}/v1/chat/completions", json=request.model_dump(exclude_none=True)
            ) as response:
                if response.status != 200:
                    raise await read_error(response)
                async with aclosing(_read_answer(response)) as events:
                    async for event in events:
                        yield event
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise GatewayError(UNREACHABLE) from problem

    async def _fetch(self, method: str, path: str, kind: type[Reply], body: BaseModel | None = None) -> Reply:
        payload = None if body is None else body.model_dump(exclude_none=True)
        timeout = aiohttp.ClientTimeout(total=30)
        try:
            async with self._open().request(
                method, self._base_url + path, json=payload, timeout=timeout
            ) as response:
                if response.status >= 300:
                    raise await read_error(response)
                return kind.model_validate_json(await response.read())
        except ValidationError as problem:
            raise GatewayError(UNREADABLE) from problem
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise GatewayError(UNREACHABLE) from problem

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The gateway itself limits how many answers are written at once; the pool does not.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=180),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
            )
        return self._session


def _name(conversation: str, what: str = "") -> str:
    return f"/v1/conversations/{quote(conversation, safe='')}{what}"


async def read_error(response: aiohttp.ClientResponse) -> GatewayError:
    """The gateway's own sentence, or a plain one where what answered is not the gateway."""
    wait = response.headers.get("Retry-After", "")
    retry_after = int(wait) if wait.isdecimal() else None
    try:
        error = ErrorReply.model_validate_json(await response.read()).error
    except ValidationError:
        return GatewayError(UNREACHABLE, retry_after=retry_after, status=response.status)
    return GatewayError(
        error.message,
        code=error.code or "",
        param=error.param or "",
        retry_after=retry_after,
        status=response.status,
    )


async def _read_answer(response: aiohttp.ClientResponse) -> AsyncGenerator[TextDelta | AnswerEnd, None]:
    ended = False
    async with aclosing(_split_events(response)) as events:
        async for payload in events:
            if payload == b"[DONE]":
                break
            for event in _read_chunk(payload):
                ended = ended or isinstance(event, AnswerEnd)
                yield event
    if not ended:
        raise GatewayError(_BROKEN_OFF)


async def _split_events(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """The payload of each `data:` line. Own splitting: the reader's line limit is below a source list."""
    held = bytearray()
    chunks: AsyncIterator[bytes] = response.content.iter_any()
    async for chunk in chunks:
        held += chunk
        while (end := held.find(b"\n")) >= 0:
            line = bytes(held[:end]).rstrip(b"\r")
            del held[: end + 1]
            if line.startswith(b"data:"):
                yield line[5:].strip()
        if len(held) > MOST_EVENT_BYTES:
            raise GatewayError(UNREADABLE)


def _read_chunk(payload: bytes) -> list[TextDelta | AnswerEnd]:
    """The events in one chunk. Raises GatewayError for an error that arrives inside the stream."""
    try:
        chunk = json.loads(payload)
        if "error" in chunk:
            error = ErrorReply.model_validate(chunk).error
            raise GatewayError(error.message, code=error.code or "", param=error.param or "")
        events: list[TextDelta | AnswerEnd] = []
        for choice in chunk.get("choices") or ():
            if text := (choice.get("delta") or {}).get("content"):
                events.append(TextDelta(str(text)))
        if details := chunk.get("reading_room"):
            events.append(AnswerEnd(AnswerDetails.model_validate(details)))
    except (ValueError, TypeError, AttributeError) as problem:
        raise GatewayError(UNREADABLE) from problem
    return events
