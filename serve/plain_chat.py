"""Chat without retrieval: the engine's own stream passed on byte for byte, counted on its way.

This is the hot path of API clients that bring their own context, so a chunk is looked into only
where it must be: the first one (for the time to first token) and those that end the answer.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson

from retrieval.prompt import PROMPT_VERSION, neutralise
from serve.accounting import Account
from serve.aliases import Route, name_conversation
from serve.answer_memory import Answer
from serve.schemas import AnswerDetails, ChatRequest, JsonObject
from serve.service import Service

_UNFINISHED = b'"finish_reason":null'
_OPENING = b'"content":""'


async def stream_plain(body: ChatRequest, service: Service, account: Account) -> AsyncGenerator[bytes, None]:
    """Server-sent events of one answer, without the closing [DONE]."""
    wants_usage = bool(body.stream_options and body.stream_options.include_usage)
    route = account.route
    upstream = _upstream_body(body, service, route)
    stream = service.engines.stream(route.version, upstream, affinity=name_conversation(body))
    async with aclosing(stream) as payloads:
        async for payload in payloads:
            if _OPENING not in payload:
                account.clock.tick()
            if _UNFINISHED in payload:
                yield b"data: " + payload + b"\n\n"
                continue
            chunk = orjson.loads(payload)
            if usage := chunk.get("usage"):
                account.finish(_details(service, route, chunk["id"]), usage)
                if not wants_usage:
                    continue
            if chunk.get("choices"):
                chunk["reading_room"] = _details(service, route, chunk["id"]).model_dump(mode="json")
            yield b"data: " + orjson.dumps(chunk) + b"\n\n"


async def complete_plain(body: ChatRequest, service: Service, account: Account) -> JsonObject:
    """One whole answer."""
    route = account.route
    upstream = _upstream_body(body, service, route)
    reply = await service.engines.complete(route.version, upstream, affinity=name_conversation(body))
    details = _details(service, route, reply["id"])
    account.finish(details, reply.get("usage") or {})
    text = reply["choices"][0]["message"].get("content") or ""
    service.memory.remember(Answer(body.messages[-1].text, text, details, route))
    return {**reply, "reading_room": details.model_dump(mode="json")}


def _upstream_body(body: ChatRequest, service: Service, route: Route) -> JsonObject:
    messages: list[JsonObject] = [
        {
            "role": "system" if message.role == "developer" else message.role,
            "content": neutralise(message.text),
        }
        for message in body.messages
    ]
    return service.answerer.engine_body(body, route, messages, f"chatcmpl-{secrets.token_hex(12)}")


def _details(service: Service, route: Route, answer_id: str) -> AnswerDetails:
    return AnswerDetails(
        answer_id=answer_id,
        status="plain",
        found=False,
        adapter=route.version,
        alias=route.alias,
        model=service.aliases.base,
        index_version="",
        prompt_version=PROMPT_VERSION,
    )
