"""Blind comparisons of two versions: begun and closed by staff, voted in by who cannot tell them apart."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool

from serve.adapters.alias import BASE
from serve.comparisons.comparison import Comparison
from serve.comparisons.contributors import find_contributors, find_datasets
from serve.comparisons.outcome import rate_all, read_outcome
from serve.comparisons.replies import (
    describe_comparison,
    describe_open,
    describe_outcome,
    describe_rating,
    describe_turn,
)
from serve.comparisons.voting import Polls
from serve.datasets.administration import make_datasets
from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.service import BaseUrlDep, Service, ServiceDep
from serve.wire.comparisons import (
    BeginRequest,
    ComparisonInfo,
    ComparisonList,
    OpenList,
    OutcomeReply,
    RatingList,
    StepRequest,
    TaskReply,
    VoteRequest,
)

router = APIRouter(prefix="/v1")

ReaderDep = Annotated[Actor, Depends(require(Action.READ_COMPARISONS))]
RunnerDep = Annotated[Actor, Depends(require(Action.RUN_COMPARISONS))]
JudgeDep = Annotated[Actor, Depends(require(Action.COMPARE_ANSWERS))]


@router.get("/comparisons")
def list_comparisons(service: ServiceDep, _actor: ReaderDep) -> ComparisonList:
    """Every comparison, newest first; of one that is not closed nothing says how it stands."""
    data = [_describe(service, one) for one in service.comparisons.book.list()]
    return ComparisonList(
        total=len(data),
        data=data,
        versions=[*service.aliases.versions, BASE],
        patrons_may=service.settings.patron_comparisons,
    )


@router.post("/comparisons", status_code=202)
async def begin_comparison(
    body: BeginRequest, service: ServiceDep, actor: RunnerDep, base_url: BaseUrlDep
) -> ComparisonInfo:
    """Have both versions answer the questions; people may vote when all answers are there."""
    desk = service.comparisons
    desk.check_room()
    comparison = await run_in_threadpool(_begin, body, service, actor)
    desk.start(comparison.id, base_url)
    return await run_in_threadpool(_describe, service, comparison)


@router.get("/comparisons/{comparison}")
def get_comparison(comparison: str, service: ServiceDep, _actor: ReaderDep) -> ComparisonInfo:
    """How far a comparison is."""
    return _describe(service, service.comparisons.book.find(comparison))


@router.post("/comparisons/{comparison}/fill", status_code=202)
async def fill_comparison(
    comparison: str, service: ServiceDep, _actor: RunnerDep, base_url: BaseUrlDep
) -> ComparisonInfo:
    """Go on with the questions that have no answers yet."""
    desk = service.comparisons
    found = await run_in_threadpool(desk.book.find, comparison)
    if found.state == "preparing" and not desk.is_preparing(found.id):
        desk.check_room()
        desk.start(found.id, base_url)
    return await run_in_threadpool(_describe, service, found)


@router.post("/comparisons/{comparison}/open")
def open_comparison(
    comparison: str, body: StepRequest, service: ServiceDep, actor: RunnerDep
) -> ComparisonInfo:
    """Let people vote without the questions that got no answers."""
    opened = service.comparisons.book.open_without(comparison, actor, revision=body.revision)
    return _describe(service, opened)


@router.post("/comparisons/{comparison}/close")
def close_comparison(
    comparison: str, body: StepRequest, service: ServiceDep, actor: RunnerDep
) -> ComparisonInfo:
    """End the voting for good; from then on it can be seen who is who and how it ended."""
    closed = service.comparisons.book.close(comparison, actor, revision=body.revision, why=body.why)
    return _describe(service, closed)


@router.get("/comparisons/{comparison}/result")
def get_result(comparison: str, service: ServiceDep, _actor: ReaderDep) -> OutcomeReply:
    """How a closed comparison ended."""
    return describe_outcome(read_outcome(service.comparisons.book, comparison))


@router.get("/comparison-ratings")
def list_ratings(service: ServiceDep, _actor: ReaderDep) -> RatingList:
    """How all versions stand that met in closed comparisons."""
    return RatingList(data=[describe_rating(rating) for rating in rate_all(service.comparisons.book)])


@router.get("/open-comparisons")
def list_open(service: ServiceDep, actor: JudgeDep) -> OpenList:
    """What the asker may vote in now."""
    turns = Polls(service.database).list_open(actor, patrons=service.settings.patron_comparisons)
    return OpenList(data=[describe_open(turn) for turn in turns])


@router.get("/comparisons/{comparison}/task")
def get_task(comparison: str, service: ServiceDep, actor: JudgeDep) -> TaskReply:
    """The asker's next question; the same one until they have voted."""
    polls = Polls(service.database)
    return describe_turn(polls.next(comparison, actor, patrons=service.settings.patron_comparisons))


@router.post("/comparisons/{comparison}/votes")
def vote(comparison: str, body: VoteRequest, service: ServiceDep, actor: JudgeDep) -> TaskReply:
    """Keep a vote and give the next question. Sent twice it is kept once."""
    polls, patrons = Polls(service.database), service.settings.patron_comparisons
    return describe_turn(polls.vote(comparison, actor, body.question, body.choice, patrons=patrons))


@router.delete("/comparisons/{comparison}/votes/{question}")
def take_back(comparison: str, question: str, service: ServiceDep, actor: JudgeDep) -> TaskReply:
    """Take one's own vote back while the comparison is open."""
    polls, patrons = Polls(service.database), service.settings.patron_comparisons
    return describe_turn(polls.take_back(comparison, actor, question, patrons=patrons))


def _begin(body: BeginRequest, service: Service, actor: Actor) -> Comparison:
    candidate, champion = _find_version(body.candidate, service), _find_version(body.champion, service)
    with service.database.readings() as session:
        trained_on = [body.dataset] if body.dataset else find_datasets(session, candidate)
    datasets = make_datasets(service.settings, service.database)
    if body.dataset:
        datasets.find(body.dataset)  # a typing error would let contributors pass for others
    return service.comparisons.book.begin(
        actor,
        candidate=candidate,
        champion=champion,
        questions=body.questions,
        title=body.title,
        patrons=body.patrons,
        dataset=", ".join(trained_on),
        contributors=find_contributors(datasets, candidate, trained_on),
        why=body.why,
    )


def _find_version(name: str, service: Service) -> str:
    """The version a name stands for now, an alias' stable one. Raises UnknownModel."""
    version = service.aliases.stable(name)
    return BASE if version == service.aliases.base else version


def _describe(service: Service, comparison: Comparison) -> ComparisonInfo:
    desk = service.comparisons
    return describe_comparison(
        comparison,
        desk.book.progress(comparison),
        desk.book.votes(comparison),
        filling=desk.is_preparing(comparison.id),
    )
