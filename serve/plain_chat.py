"""Chat without retrieval: the engine's own stream passed on byte for byte, counted on its way.

This is the hot path of API clients that bring their own context, so a chunk is looked into only
where it must be: the first one (for the time to first token) and those that end the answer.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson

from retrieval.prompt import PROMPT_VERSION, neutralise
from serve.answer_memory import Answer
from serve.schemas import AnswerDetails, ChatRequest, JsonObject
from serve.service import Service

_UNFINISHED = b'"finish_reason":null'


async def stream_plain(body: ChatRequest, service: Service, version: str) -> AsyncGenerator[bytes, None]:
    """Server-sent events of one answer, without the closing [DONE]."""
    started = time.perf_counter()
    wants_usage = bool(body.stream_options and body.stream_options.include_usage)
    upstream = _upstream_body(body, service, version)
    client = service.engines.pick(version)
    first = True
    async with aclosing(client.stream(upstream)) as payloads:
        async for payload in payloads:
            if first and b'"content":""' not in payload:
                service.metrics.first_token.labels(version).observe(time.perf_counter() - started)
                first = False
            if _UNFINISHED in payload:
                yield b"data: " + payload + b"\n\n"
                continue
            chunk = orjson.loads(payload)
            if usage := chunk.get("usage"):
                service.metrics.count_answer(version, "plain", usage)
                if not wants_usage:
                    continue
            if chunk.get("choices"):
                chunk["reading_room"] = _details(service, version, chunk["id"]).model_dump(mode="json")
            yield b"data: " + orjson.dumps(chunk) + b"\n\n"


async def complete_plain(body: ChatRequest, service: Service, version: str) -> JsonObject:
    """One whole answer."""
    reply = await service.engines.pick(version).complete(_upstream_body(body, service, version))
    service.metrics.count_answer(version, "plain", reply.get("usage") or {})
    details = _details(service, version, reply["id"])
    text = reply["choices"][0]["message"].get("content") or ""
    service.memory.remember(Answer(body.messages[-1].text, text, details))
    return {**reply, "reading_room": details.model_dump(mode="json")}


def _upstream_body(body: ChatRequest, service: Service, version: str) -> JsonObject:
    messages: list[JsonObject] = [
        {
            "role": "system" if message.role == "developer" else message.role,
            "content": neutralise(message.text),
        }
        for message in body.messages
    ]
    return service.answerer.engine_body(body, version, messages, f"chatcmpl-{secrets.token_hex(12)}")


def _details(service: Service, version: str, answer_id: str) -> AnswerDetails:
    return AnswerDetails(
        answer_id=answer_id,
        status="plain",
        found=False,
        adapter=version,
        model=service.aliases.base,
        index_version="",
        prompt_version=PROMPT_VERSION,
    )
