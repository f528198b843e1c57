"""`POST /v1/chat/completions` and `GET /v1/models`: the OpenAI chat API over the collections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import AbstractContextManager, AsyncExitStack, aclosing
from typing import Any, Literal

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from serve.accounting import Account
from serve.aliases import Route, name_conversation
from serve.answers import find_subject
from serve.chat_wire import DONE, completion, delta_chunk, final_chunk, frame, usage_chunk
from serve.error_replies import describe_error
from serve.errors import BadRequest, EngineError, ServeError
from serve.people.access import require
from serve.people.authority import Action
from serve.plain_chat import complete_plain, stream_plain
from serve.schemas import ChatRequest, ModelInfo, ModelList
from serve.service import BaseUrlDep, Service, ServiceDep
from serve.turn import Delta, Turn

router = APIRouter(prefix="/v1", dependencies=[Depends(require(Action.ASK))])
STARTED = int(time.time())


@router.get("/models")
async def list_models(service: ServiceDep) -> ModelList:
    """The base, every adapter version and every alias, with what each stands for."""
    aliases, offered = service.aliases, service.engines.offered
    names: list[tuple[str, Literal["base", "adapter", "alias"], str]] = [(aliases.base, "base", aliases.base)]
    names += [(version, "adapter", version) for version in aliases.versions]
    names += [(alias, "alias", aliases.stable(alias)) for alias in aliases.names]
    return ModelList(
        data=[
            ModelInfo(
                id=name,
                created=STARTED,
                owned_by="reading-room",
                kind=kind,
                resolves_to=target,
                ready=target in offered,
            )
            for name, kind, target in names
        ]
    )


@router.post("/chat/completions", response_model=None)
async def chat(body: ChatRequest, request: Request, service: ServiceDep, base_url: BaseUrlDep) -> Response:
    """Answer from the collections, or, with retrieval turned off, straight from the model."""
    if body.stream_options is not None and not body.stream:
        raise BadRequest("`stream_options` is only for streamed answers.", param="stream_options")
    if body.stream:
        return await _stream(body, service, base_url)
    return await _until_disconnect(request, _complete(body, service, base_url))


async def _stream(body: ChatRequest, service: Service, base_url: str) -> StreamingResponse:
    """Start the answer before the reply starts, so that an early failure still has its own status."""
    events = _admit(body, service, base_url)
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


async def _admit(body: ChatRequest, service: Service, base_url: str) -> AsyncGenerator[bytes, None]:
    """The stream inside the admission limit, the time limit and the counters."""
    started, sent = time.perf_counter(), False
    # A deadline and not asyncio.timeout: the server may finish this generator in another task.
    deadline = time.monotonic() + service.settings.answer_seconds
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(service.admission.enter())
        turn = await _begin(body, service, base_url)
        account = stack.enter_context(_open_account(body, service, turn, started))
        frames = _frames(body, service, turn, account)
        try:
            async with aclosing(frames):
                async for event in frames:
                    sent = True
                    yield event
                    if time.monotonic() > deadline:
                        raise TimeoutError
        except (ServeError, TimeoutError) as problem:
            error = _as_serve_error(problem, service)
            account.fail(error)
            if not sent:
                raise error from problem
            yield frame(describe_error(error))


async def _frames(
    body: ChatRequest, service: Service, turn: Turn | None, account: Account
) -> AsyncGenerator[bytes, None]:
    if turn is None:
        async with aclosing(stream_plain(body, service, account)) as payloads:
            async for payload in payloads:
                yield payload
        yield DONE
        return
    version, opened = account.route.version, False
    async with aclosing(service.answerer.answer(turn, body)) as events:
        async for event in events:
            if isinstance(event, Delta):
                account.clock.tick()
                yield delta_chunk(turn.answer_id, version, event.text, first=not opened)
                opened = True
            else:
                account.finish(event.details, event.usage, event.dropped)
                yield final_chunk(event)
                if body.stream_options and body.stream_options.include_usage:
                    yield usage_chunk(event)
    yield DONE


async def _complete(body: ChatRequest, service: Service, base_url: str) -> Response:
    started = time.perf_counter()
    async with service.admission.enter():
        turn = await _begin(body, service, base_url)
        with _open_account(body, service, turn, started) as account:
            try:
                async with asyncio.timeout(service.settings.answer_seconds):
                    if turn is None:
                        return _json(await complete_plain(body, service, account))
                    async with aclosing(service.answerer.answer(turn, body)) as events:
                        async for event in events:
                            if isinstance(event, Delta):
                                account.clock.tick()
                            else:
                                account.finish(event.details, event.usage, event.dropped)
                                return _json(completion(event))
                raise EngineError("The model wrote nothing. Ask again, or in other words.")
            except (ServeError, TimeoutError) as problem:
                error = _as_serve_error(problem, service)
                account.fail(error)
                raise error from problem


async def _begin(body: ChatRequest, service: Service, base_url: str) -> Turn | None:
    """What the search found and who is to answer; None for a chat without retrieval."""
    return await service.answerer.begin(body, base_url) if body.reading_room.retrieval else None


def _route(body: ChatRequest, service: Service, turn: Turn | None) -> Route:
    return turn.route if turn else service.aliases.resolve(body.model, name_conversation(body))


def _open_account(
    body: ChatRequest, service: Service, turn: Turn | None, started: float
) -> AbstractContextManager[Account]:
    subject = find_subject(body, turn.result) if turn else ""
    return service.books.open(_route(body, service, turn), started, subject)


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
