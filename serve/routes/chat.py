"""`POST /v1/chat/completions` and `GET /v1/models`: the OpenAI chat API over the collections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import AsyncExitStack, aclosing
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from serve.chat_wire import DONE, completion, delta_chunk, final_chunk, frame, usage_chunk
from serve.error_replies import describe_error
from serve.errors import BadRequest, EngineError, ServeError
from serve.plain_chat import complete_plain, stream_plain
from serve.schemas import ChatRequest, ModelInfo, ModelList
from serve.service import BaseUrlDep, Service, ServiceDep
from serve.turn import Delta, Finished

router = APIRouter(prefix="/v1")
STARTED = int(time.time())


@router.get("/models")
async def list_models(service: ServiceDep) -> ModelList:
    """The base, every adapter version and every alias, with what each stands for."""
    aliases, served = service.aliases, service.engines.names
    names = [(aliases.base, "base", aliases.base)]
    names += [(version, "adapter", version) for version in aliases.versions]
    names += [(alias, "alias", target) for alias, target in sorted(aliases.pointers.items())]
    return ModelList(
        data=[
            ModelInfo(
                id=name,
                created=STARTED,
                owned_by="reading-room",
                kind=kind,
                resolves_to=target,
                ready=target in served,
            )
            for name, kind, target in names
        ]
    )


@router.post("/chat/completions", response_model=None)
async def chat(body: ChatRequest, request: Request, service: ServiceDep, base_url: BaseUrlDep) -> Response:
    """Answer from the collections, or, with retrieval turned off, straight from the model."""
    if body.stream_options is not None and not body.stream:
        raise BadRequest("`stream_options` is only for streamed answers.", param="stream_options")
    version = service.aliases.resolve(body.model)
    if body.stream:
        return await _stream(body, service, base_url, version)
    return await _until_disconnect(request, _complete(body, service, base_url, version))


async def _stream(body: ChatRequest, service: Service, base_url: str, version: str) -> StreamingResponse:
    """Start the answer before the reply starts, so that an early failure still has its own status."""
    events = _admit(body, service, base_url, version)
    try:
        first = await anext(events)
    except BaseException:
        await events.aclose()
        raise

    async def send() -> AsyncIterator[bytes]:
        async with aclosing(events):
            yield first
            async for event in events:
                yield event

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(send(), media_type="text/event-stream", headers=headers)


async def _admit(
    body: ChatRequest, service: Service, base_url: str, version: str
) -> AsyncGenerator[bytes, None]:
    """The stream inside the admission limit, the time limit and the counters."""
    sent = False
    # A deadline and not asyncio.timeout: the server may finish this generator in another task.
    deadline = time.monotonic() + service.settings.answer_seconds
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(service.admission.enter())
        stack.enter_context(service.metrics.in_flight.labels(version).track_inprogress())
        stack.enter_context(service.metrics.duration.labels(version).time())
        frames = _frames(body, service, base_url, version)
        try:
            async with aclosing(frames):
                async for event in frames:
                    sent = True
                    yield event
                    if time.monotonic() > deadline:
                        raise TimeoutError
        except (ServeError, TimeoutError) as problem:
            error = _as_serve_error(problem, service)
            service.metrics.errors.labels(version, error.code).inc()
            if not sent:
                raise error from problem
            yield frame(describe_error(error))


async def _frames(
    body: ChatRequest, service: Service, base_url: str, version: str
) -> AsyncGenerator[bytes, None]:
    if not body.reading_room.retrieval:
        async with aclosing(stream_plain(body, service, version)) as payloads:
            async for payload in payloads:
                yield payload
        yield DONE
        return
    answer_id, opened = "", False
    async with aclosing(service.answerer.answer(body, base_url)) as events:
        async for event in events:
            if isinstance(event, Delta):
                answer_id = event.answer_id
                yield delta_chunk(answer_id, version, event.text, first=not opened)
                opened = True
            else:
                service.metrics.count_answer(version, event.details.status, event.usage)
                yield final_chunk(event)
                if body.stream_options and body.stream_options.include_usage:
                    yield usage_chunk(event)
    yield DONE


async def _complete(body: ChatRequest, service: Service, base_url: str, version: str) -> Response:
    metrics = service.metrics
    try:
        async with service.admission.enter(), asyncio.timeout(service.settings.answer_seconds):
            with (
                metrics.in_flight.labels(version).track_inprogress(),
                metrics.duration.labels(version).time(),
            ):
                if not body.reading_room.retrieval:
                    return _json(await complete_plain(body, service, version))
                async with aclosing(service.answerer.answer(body, base_url)) as events:
                    async for event in events:
                        if isinstance(event, Finished):
                            service.metrics.count_answer(version, event.details.status, event.usage)
                            return _json(completion(event))
    except (ServeError, TimeoutError) as problem:
        error = _as_serve_error(problem, service)
        metrics.errors.labels(version, error.code).inc()
        raise error from problem
    raise EngineError("The model wrote nothing. Ask again, or in other words.")


async def _until_disconnect(request: Request, answering: Coroutine[Any, Any, Response]) -> Response:
    """Wait for an answer, and give it up (which aborts the engine's work) if the client goes away."""
    task = asyncio.ensure_future(answering)
    watcher = asyncio.ensure_future(_wait_for_disconnect(request))
    try:
        await asyncio.wait({task, watcher}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            return Response(status_code=499)
        response: Response = task.result()
        return response
    finally:
        for pending in (task, watcher):
            pending.cancel()
        await asyncio.gather(task, watcher, return_exceptions=True)


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _as_serve_error(problem: ServeError | TimeoutError, service: Service) -> ServeError:
    if isinstance(problem, ServeError):
        return problem
    return EngineError(
        f"The answer took longer than {service.settings.answer_seconds:.0f} seconds. Ask for less."
    )


def _json(payload: dict[str, Any]) -> JSONResponse:
    return Response(orjson.dumps(payload), media_type="application/json")  # type: ignore[return-value]
