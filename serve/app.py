"""The gateway: an ASGI app made from settings and the parts it is handed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from retrieval.errors import RetrievalError
from retrieval.library import Library
from serve.admission import Admission
from serve.aliases import Aliases
from serve.answer_memory import AnswerMemory
from serve.answers import Answerer
from serve.body_limit import BodyLimit
from serve.database import Database
from serve.engine.client import EngineClient
from serve.engine.pool import Engines
from serve.error_replies import install_error_replies
from serve.feedback import purge_feedback
from serve.metrics import Metrics
from serve.routes import chat, collections, feedback, health
from serve.service import Service
from serve.settings import Settings
from serve.tokens import load_token_counter

log = logging.getLogger(__name__)

INDEX_LOOK_SECONDS = 1.0
PURGE_SECONDS = 3600.0
SEARCH_THREADS = 2


def create_app(
    settings: Settings,
    *,
    library: Library,
    engines: Sequence[EngineClient],
    base: str,
    versions: Sequence[str] = (),
    mount_pages: Callable[[FastAPI], None] | None = None,
) -> FastAPI:
    """The gateway over a library and engines, with the pages mounted last, at "/".

    `base` and `versions` are the names that may be asked for; an empty `base` takes what the
    engines say they serve. The app owns the engine clients: it starts and closes them.
    """
    service = _assemble(settings, library, engines, base, versions)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for client in engines:
                await client.start()
                stack.push_async_callback(client.close)
            stack.callback(service.answerer.searchers.shutdown, wait=False)
            await asyncio.to_thread(service.database.migrate)
            stack.callback(service.database.close)
            await _look(service)
            for work in (_watch_engines, _watch_index, _purge_feedback):
                task = asyncio.create_task(work(service))
                stack.push_async_callback(_cancel, task)
            yield

    app = FastAPI(
        title="Reading Room", version="1", lifespan=lifespan, docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.state.service = service
    install_error_replies(app)
    for routes in (chat, collections, feedback, health):
        app.include_router(routes.router)
    if mount_pages:
        mount_pages(app)
    app.add_middleware(BodyLimit, most_bytes=settings.request_bytes)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.allowed_hosts))
    return app


def _assemble(
    settings: Settings, library: Library, engines: Sequence[EngineClient], base: str, versions: Sequence[str]
) -> Service:
    memory, metrics = AnswerMemory(settings.answer_memory_hours), Metrics()
    pool = Engines(clients=tuple(engines))
    aliases = Aliases.from_versions(base, versions, settings.default_adapter)
    service = Service(
        settings=settings,
        library=library,
        database=Database(settings.database),
        engines=pool,
        aliases=aliases,
        answerer=Answerer(
            settings=settings,
            library=library,
            engines=pool,
            aliases=lambda: service.aliases,
            memory=memory,
            metrics=metrics,
            searchers=ThreadPoolExecutor(SEARCH_THREADS, "search"),
            count_tokens=load_token_counter(settings.model),
        ),
        memory=memory,
        metrics=metrics,
        admission=Admission(settings.concurrent_answers, settings.queued_answers),
    )
    return service


async def _look(service: Service) -> None:
    """See what the engines serve; where no base was named, theirs is the base."""
    await service.engines.look()
    if service.settings.engine_urls and service.engines.base:
        service.aliases = Aliases.from_versions(
            service.engines.base, service.engines.names, service.settings.default_adapter
        )


async def _watch_engines(service: Service) -> None:
    while True:
        await asyncio.sleep(service.engines.look_seconds)
        await _look(service)


async def _watch_index(service: Service) -> None:
    """Pick up a new index within a second; a damaged one is reported once and left alone."""
    problem = ""
    while True:
        try:
            if await asyncio.to_thread(service.library.refresh):
                index = service.library.current()
                log.info("index %s in use: %d records", index.version, index.manifest.records)
                service.metrics.index.clear()
                service.metrics.index.labels(index.version).set(index.manifest.records)
            problem = ""
        except RetrievalError as error:
            if str(error) != problem:
                log.warning("%s", error)
            problem = str(error)
        await asyncio.sleep(INDEX_LOOK_SECONDS)


async def _purge_feedback(service: Service) -> None:
    while True:
        gone = await asyncio.to_thread(purge_feedback, service.database)
        if gone:
            log.info("feedback whose time was over: %d removed", gone)
        await asyncio.sleep(PURGE_SECONDS)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
