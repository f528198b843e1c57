"""Is it alive, is it ready, what does it count, and what should a page say about it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from retrieval.errors import RetrievalError
from serve.adapters.alias import DEFAULT
from serve.people.access import require
from serve.people.authority import Action
from serve.schemas import ServiceInfo
from serve.service import Service, ServiceDep
from serve.settings import Settings

router = APIRouter(dependencies=[Depends(require(Action.READ_STATUS))])


@router.get("/healthz")
async def is_alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def is_ready(service: ServiceDep) -> Response:
    """Index open, engine serving: a question would be answered. 503 says what is missing."""
    missing = find_missing(service)
    return JSONResponse(
        {"status": "not ready" if missing else "ready", "missing": missing},
        status_code=503 if missing else 200,
    )


@router.get("/metrics")
async def show_metrics(service: ServiceDep) -> Response:
    """Prometheus text."""
    return Response(service.books.metrics.render(), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", include_in_schema=False)
async def describe_api(request: Request) -> JSONResponse:
    """The HTTP API as OpenAPI describes it."""
    app: FastAPI = request.app
    return JSONResponse(app.openapi())


@router.get("/v1/service")
async def describe_service(service: ServiceDep) -> ServiceInfo:
    """The service in a page's words."""
    settings = service.settings
    try:
        index = service.library.current()
        version, collections = index.version, len(index.collections())
    except RetrievalError:
        version, collections = "", 0
    return ServiceInfo(
        library_name=settings.library_name,
        ask_staff=settings.ask_staff,
        model=service.aliases.base,
        bundled_reader=settings.uses_bundled_reader,
        privacy_notice=write_privacy_notice(settings),
        ready=not find_missing(service),
        aliases=list(service.aliases.names),
        index_version=version,
        collections=collections,
        feedback_days=settings.feedback_days,
        conversation_days=settings.conversation_days,
        shared_terminal=settings.shared_terminal,
        idle_minutes=settings.idle_minutes,
        comparing=settings.patron_comparisons and await run_in_threadpool(_is_comparing, service),
    )


def _is_comparing(service: Service) -> bool:
    """Whether a comparison is open to patrons; a database that is away must not take the page with it."""
    try:
        return service.comparisons.book.is_open_to_patrons()
    except SQLAlchemyError:
        return False


def write_privacy_notice(settings: Settings) -> str:
    """What is kept of a patron, in the words at the foot of the page."""
    agreed = (
        "This computer is shared: conversations are never kept here, and End session clears the page."
        if settings.shared_terminal
        else f"Whole conversations are kept only where you agree, for {settings.conversation_days} days."
    )
    return (
        "Your questions are not stored and you are not identified: answers are counted, and no more. An "
        f"answer stays in memory for up to {settings.answer_memory_hours:g} hours so that you can comment on "
        "it. Only if you send feedback are the question, the answer and your words kept, for "
        f"{settings.feedback_days} days, for the library's staff to read. {agreed}"
    )


def find_missing(service: Service) -> list[str]:
    """What keeps the service from answering, in words; empty when it is ready."""
    missing = []
    try:
        service.library.current()
    except RetrievalError as error:
        missing.append(str(error))
    else:
        if service.library.problem:
            missing.append(service.library.problem)
    if service.aliases.base not in service.engines.names:
        missing.append("the engine is not serving the model yet")
    elif (adapter := service.aliases.stable(DEFAULT)) not in service.engines.offered:
        missing.append(f"no engine has loaded the adapter {adapter} yet")
    return missing
