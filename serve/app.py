"""The gateway: an ASGI app made from settings and the parts it is handed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware.trustedhost import TrustedHostMiddleware

from retrieval.errors import RetrievalError
from retrieval.library import Library
from serve.accounting import Books
from serve.adapters.administration import make_administration
from serve.adapters.registry import Registry
from serve.admission import Admission
from serve.answer_memory import AnswerMemory
from serve.answers import Answerer
from serve.body_limit import BodyLimit
from serve.cache_rule import CacheRule
from serve.comparisons.book import ComparisonBook
from serve.comparisons.filling import ComparisonDesk
from serve.conversations.keeping import make_keeper
from serve.conversations.retention import GATEWAY, purge
from serve.conversations.scrubbing import scrub_owed
from serve.curation.erasure import erase_expired
from serve.database import Database
from serve.datasets.administration import finish_builds, make_datasets
from serve.engine.client import EngineClient
from serve.engine.pool import Engines
from serve.error_replies import install_error_replies
from serve.instructions.book import Book
from serve.instructions.follower import Follower
from serve.instructions.trial_book import TrialBook
from serve.instructions.trying import InstructionDesk
from serve.metrics import Metrics
from serve.offering import Offering
from serve.rollout.controller import review
from serve.rollout.counts import Tally
from serve.rollout.slowness import Slowness
from serve.routes import (
    adapters,
    cards,
    chat,
    collections,
    comparisons,
    conversations,
    datasets,
    exams,
    feedback,
    health,
    inbox,
    instructions,
    jobs,
    pairs,
    pairs_exchange,
    people,
    session,
    sources,
    training,
    trial_search,
    usage,
)
from serve.routes import settings as settings_routes
from serve.service import Service
from serve.settings import Settings
from serve.tokens import load_token_counter
from train.pairs.exchange.reading import MOST_BYTES

log = logging.getLogger(__name__)

SEARCH_ENGINE_LOOK_SECONDS = 2.0
INDEX_LOOK_SECONDS = 0.25
"""One small read; a new index is in use within a second of its writing."""
REGISTRY_LOOK_SECONDS = 0.4
"""A change reaches every gateway within a second."""
ROLLOUT_SECONDS = 1.0
ADOPTED_BY = "start"
PURGE_SECONDS = 3600.0
COUNT_SECONDS = 5.0
FILE_BYTES = {"/v1/pairs/import": MOST_BYTES, "/desk/exchange/import": MOST_BYTES + 1_000_000}
"""What the addresses that files are sent to may be sent; a page's form has a little more around the file."""
SEARCH_THREADS = 2


def create_app(
    settings: Settings,
    *,
    library: Library,
    engines: Sequence[EngineClient],
    base: str,
    mount_pages: Callable[[FastAPI], None] | None = None,
) -> FastAPI:
    """The gateway over a library and engines, with the pages mounted last, at "/".

    `base` is the name of the base model; an empty one takes what the engines say they serve. The app
    owns the engine clients: it starts and closes them.
    """
    service = _assemble(settings, library, engines, base)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for client in engines:
                await client.start()
                stack.push_async_callback(client.close)
            stack.push_async_callback(service.engines.close)
            stack.callback(service.answerer.searchers.shutdown, wait=False)
            await asyncio.to_thread(service.database.migrate)
            stack.callback(service.database.close)
            stack.callback(_flush, service)
            await asyncio.to_thread(service.administration.adopt, who=ADOPTED_BY)
            await asyncio.to_thread(finish_builds, make_datasets(settings, service.database))
            await service.engines.look()
            await service.offering.refresh()
            await service.instructions.follower.refresh()
            stack.push_async_callback(service.instructions.close)
            stack.push_async_callback(service.comparisons.close)
            for work in (
                _watch_engines, _watch_registry, _review_rollouts, _watch_index, _watch_search_engine,
                _purge, _count_days, _watch_instructions,
            ):  # fmt: skip
                task = asyncio.create_task(work(service))
                stack.push_async_callback(_cancel, task)
            yield

    app = FastAPI(
        title="Reading Room", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None,
    )  # fmt: skip
    app.state.service = service
    install_error_replies(app)
    for routes in (
        chat, adapters, collections, trial_search, feedback, conversations, health, session, people,
        instructions, comparisons, inbox, pairs_exchange, pairs, datasets, usage, settings_routes, sources,
        jobs, training, exams, cards,
    ):  # fmt: skip
        app.include_router(routes.router)
    if mount_pages:
        mount_pages(app)
    app.add_middleware(BodyLimit, most_bytes=settings.request_bytes, larger=FILE_BYTES)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.allowed_hosts))
    app.add_middleware(CacheRule)
    return app


def _assemble(settings: Settings, library: Library, engines: Sequence[EngineClient], base: str) -> Service:
    memory, metrics = AnswerMemory(settings.answer_memory_hours), Metrics()
    database = Database(settings.database)
    registry = Registry(database)
    pool = Engines(clients=tuple(engines), stall_seconds=settings.engine_stall_seconds)
    offering = Offering(registry, pool, metrics, default=settings.default_adapter, base=base)
    pool.on_probe = offering.note_probe
    book = Book(database)
    follower = Follower(book)
    admission = Admission(settings.concurrent_answers, settings.queued_answers)
    answerer = Answerer(
        settings=settings,
        library=library,
        engines=pool,
        aliases=lambda: offering.aliases,
        memory=memory,
        metrics=metrics,
        searchers=ThreadPoolExecutor(SEARCH_THREADS, "search"),
        count_tokens=load_token_counter(settings.model),
        in_force=lambda: follower.now,
        keep=make_keeper(database, settings.conversation_days),
    )
    return Service(
        settings=settings,
        library=library,
        database=database,
        engines=pool,
        offering=offering,
        administration=make_administration(settings, registry),
        books=Books(metrics, Tally(), Slowness()),
        answerer=answerer,
        memory=memory,
        admission=admission,
        instructions=InstructionDesk(
            book, TrialBook(database), answerer, admission, follower, settings.answer_seconds
        ),
        comparisons=ComparisonDesk(ComparisonBook(database), answerer, admission, settings.answer_seconds),
    )


async def _watch_engines(service: Service) -> None:
    """See which engines are well, and bring the versions on offer to them, one at a time."""
    while True:
        await service.engines.look()
        await service.engines.prepare()
        service.offering.show_engines()
        await asyncio.sleep(service.engines.look_seconds)


async def _watch_registry(service: Service) -> None:
    """Take over every change of an alias within a second, whoever made it; a database that is away is
    reported once, and what is in memory goes on being served."""
    problem = ""
    while True:
        try:
            await service.offering.refresh()
            problem = ""
        except SQLAlchemyError as error:
            if str(error) != problem:
                log.warning("aliases stay as they are, the database does not answer: %s", error)
            problem = str(error)
        await asyncio.sleep(REGISTRY_LOOK_SECONDS)


async def _watch_instructions(service: Service) -> None:
    """Take over every activation within a second, whichever gateway it came to; see `_watch_registry`."""
    problem = ""
    while True:
        try:
            await service.instructions.follower.refresh()
            problem = ""
        except SQLAlchemyError as error:
            if str(error) != problem:
                log.warning("standing instructions stay as they are, the database does not answer: %s", error)
            problem = str(error)
        await asyncio.sleep(REGISTRY_LOOK_SECONDS)


async def _review_rollouts(service: Service) -> None:
    """Put what was counted into the database, and step candidates on or take them back by it."""
    while True:
        await asyncio.sleep(ROLLOUT_SECONDS)
        try:
            await asyncio.to_thread(service.books.tally.flush, service.database)
            await asyncio.to_thread(review, service.offering.registry, service.database)
        except SQLAlchemyError as error:
            log.warning("rollouts are not reviewed, the database does not answer: %s", error)


async def _watch_index(service: Service) -> None:
    """Pick up a new index within a second; a damaged one is reported once and left alone."""
    problem, shown = "", ""
    while True:
        try:
            await asyncio.to_thread(service.library.refresh)
            index = service.library.current()
            if index.version != shown:
                log.info("index %s in use: %d records", index.version, index.manifest.records)
                service.books.metrics.show_index(index)
            problem, shown = "", index.version
        except RetrievalError as error:
            if str(error) != problem:
                log.warning("%s", error)
            problem = str(error)
        await asyncio.sleep(INDEX_LOOK_SECONDS)


async def _watch_search_engine(service: Service) -> None:
    """See whether the search engine, where one is set, has the index in use; a problem is reported once."""
    problem = ""
    while True:
        await asyncio.to_thread(service.library.look)
        if service.library.problem != problem:
            problem = service.library.problem
            log.warning("%s", problem or "the search engine can be used again")
        await asyncio.sleep(SEARCH_ENGINE_LOOK_SECONDS)


async def _purge(service: Service) -> None:
    """Every hour, remove what has had its time; a database that is away is asked again the next time."""
    while True:
        try:
            proof = await asyncio.to_thread(purge, service.database, GATEWAY, erase_expired)
            if proof and proof.rows:
                log.info("what had had its time was removed, see purge %d: %s", proof.id, proof.removed)
        except SQLAlchemyError as error:
            log.warning("nothing was purged, the database does not answer: %s", type(error).__name__)
        await asyncio.sleep(PURGE_SECONDS)


async def _count_days(service: Service) -> None:
    """Put the day's counts into the database now and then, and finish what deletions have put off."""
    while True:
        await asyncio.sleep(COUNT_SECONDS)
        try:
            await asyncio.to_thread(service.books.daily.flush, service.database)
            await asyncio.to_thread(scrub_owed, service.database)
        except SQLAlchemyError as error:
            log.warning("counts wait, the database does not answer: %s", type(error).__name__)


def _flush(service: Service) -> None:
    """Keep what was counted since the last review; a database that is away must not hinder the stop."""
    with suppress(SQLAlchemyError):
        service.books.tally.flush(service.database)
        service.books.daily.flush(service.database)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
