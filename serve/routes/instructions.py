"""Standing instructions: versions, trials and what is in force, for those who may manage them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool

from retrieval.audience import STAFF
from retrieval.errors import RetrievalError
from retrieval.prompt import PROMPT_VERSION, SYSTEM
from serve.errors import BadRequest, NotFound
from serve.instructions.change import clean
from serve.instructions.replies import (
    describe_answers,
    describe_event,
    describe_scope,
    describe_shelf,
    describe_trial,
    describe_version,
)
from serve.instructions.version import NONE, Scope
from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.service import BaseUrlDep, Service, ServiceDep
from serve.wire.instructions import (
    ActivateRequest,
    InstructionEventList,
    InstructionList,
    ScopeChoice,
    ScopeKind,
    ScopeReply,
    ScopeRequest,
    TrialList,
    TrialReply,
    TryRequest,
    VersionInfo,
    WriteRequest,
)

router = APIRouter(prefix="/v1/instructions")

_NAME = r"^[^\x00]*$"
"""PostgreSQL cannot even be asked for a NUL."""
ManagerDep = Annotated[Actor, Depends(require(Action.MANAGE_INSTRUCTIONS))]
KindQuery = Annotated[ScopeKind, Query()]
NameQuery = Annotated[str, Query(min_length=1, max_length=300, pattern=_NAME)]
_MOST_SHARE = 8
"""Instructions may take one part in so many of the tokens that prompt and answer have."""
_GRACE_SECONDS = 60.0


@router.get("")
def list_instructions(service: ServiceDep, _actor: ManagerDep) -> InstructionList:
    """Every collection and alias that has instructions, and those that could have."""
    choices = _list_choices(service)
    titles = {Scope(choice.kind, choice.name): choice.title for choice in choices}
    data = [describe_scope(shelf, titles) for shelf in service.instructions.book.shelves()]
    return InstructionList(
        total=len(data), data=data, choices=choices, rules=SYSTEM, prompt_version=PROMPT_VERSION
    )


@router.get("/versions")
def list_versions(kind: KindQuery, name: NameQuery, service: ServiceDep, _actor: ManagerDep) -> ScopeReply:
    """One scope whole; where nothing was written for it yet, with no versions and revision 0."""
    return _reply_scope(service, Scope(kind, name))


@router.post("/versions", status_code=201)
def write_version(body: WriteRequest, service: ServiceDep, actor: ManagerDep) -> VersionInfo:
    """Keep a text as the next version. Nothing takes effect by it."""
    scope = _find_scope(body, service)
    tokens, most = service.answerer.count_tokens(clean(body.text)), service.answerer.context // _MOST_SHARE
    if tokens > most:
        raise BadRequest(
            f"The instructions take {tokens} tokens of this model; at most {most} leave enough for passages "
            "and answer. Shorten them.",
            param="text",
        )
    version = service.instructions.book.write(scope, body.text, actor, body.why)
    return describe_version(version, NONE)


@router.post("/trials", status_code=202)
async def try_out(
    body: TryRequest, service: ServiceDep, actor: ManagerDep, base_url: BaseUrlDep
) -> TrialReply:
    """Begin to ask the questions with the version and with what is in force; the answers come one by one."""
    desk = service.instructions
    scope = await run_in_threadpool(_find_scope, body, service)
    desk.check_room()
    trial = await run_in_threadpool(desk.trials.begin, scope, body.number, body.questions, actor)
    desk.start(trial, base_url)
    return describe_answers(trial, trial.beside, _find_patience(service))


@router.get("/trials")
def list_trials(kind: KindQuery, name: NameQuery, service: ServiceDep, _actor: ManagerDep) -> TrialList:
    """The trials of one scope, newest first."""
    return _reply_trials(service, Scope(kind, name))


@router.get("/trials/{trial_id}")
def get_trial(trial_id: str, service: ServiceDep, _actor: ManagerDep) -> TrialReply:
    """A trial with the answers it has so far, side by side."""
    trial = service.instructions.trials.find(trial_id)
    return describe_answers(
        trial, service.instructions.book.pointer(trial.scope).active, _find_patience(service)
    )


@router.delete("/trials/{trial_id}")
def remove_trial(trial_id: str, service: ServiceDep, actor: ManagerDep) -> TrialList:
    """Take a trial away with its questions and answers, which may have a patron's words."""
    return _reply_trials(service, service.instructions.trials.remove(trial_id, actor))


@router.put("/active")
async def activate(body: ActivateRequest, service: ServiceDep, actor: ManagerDep) -> ScopeReply:
    """Put a version in force, here at once and in every gateway within a second; an older one: rolling back.

    Of two changes from the same revision one wins; the other gets 409, which says who was quicker.
    """
    desk, scope = service.instructions, Scope(body.kind, body.name)
    await run_in_threadpool(
        desk.book.activate,
        scope,
        body.number,
        actor,
        revision=body.revision,
        trial=body.trial,
        why=body.why,
    )
    await desk.follower.refresh()
    return await run_in_threadpool(_reply_scope, service, scope)


@router.get("/events")
def list_events(
    service: ServiceDep,
    _actor: ManagerDep,
    kind: Annotated[ScopeKind | None, Query()] = None,
    name: Annotated[str, Query(max_length=300, pattern=_NAME)] = "",
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> InstructionEventList:
    """What happened to one scope or to all, oldest first."""
    if bool(kind) != bool(name):
        raise BadRequest("Give kind and name, or neither for all events.", param="name" if kind else "kind")
    scope = Scope(kind, name) if kind else None
    events = service.instructions.book.events(scope, after=after, limit=limit)
    return InstructionEventList(
        data=[describe_event(event) for event in events], next=events[-1].id if events else after
    )


def _find_scope(body: ScopeRequest, service: Service) -> Scope:
    """The scope that a request names. Raises NotFound: a typing error would do nothing in silence."""
    scope = Scope(body.kind, body.name)
    choices = _list_choices(service)
    if scope not in {Scope(choice.kind, choice.name) for choice in choices}:
        known = any(choice.kind == "collection" for choice in choices)
        if body.kind == "alias" or known:
            raise NotFound(
                f"There is no {body.kind} {body.name[:80]!r} here. Choose one of the list.", param="name"
            )
    return scope


def _list_choices(service: Service) -> list[ScopeChoice]:
    """All collections, withheld ones too, and all aliases; only these while there is no index."""
    aliases = [ScopeChoice(kind="alias", name=alias, title=alias) for alias in service.aliases.names]
    try:
        collections = service.library.current().collections(STAFF)
    except RetrievalError:
        return aliases
    return [ScopeChoice(kind="collection", name=one.id, title=one.title) for one in collections] + aliases


def _reply_scope(service: Service, scope: Scope) -> ScopeReply:
    shelf = service.instructions.book.shelf(scope)
    titles = {Scope(choice.kind, choice.name): choice.title for choice in _list_choices(service)}
    if scope not in titles and not shelf.versions:
        raise NotFound(f"There is no {scope.kind} {scope.name[:80]!r} here.", param="name")
    return describe_shelf(shelf, titles)


def _reply_trials(service: Service, scope: Scope) -> TrialList:
    desk = service.instructions
    active = desk.book.pointer(scope).active
    data = [describe_trial(trial, active, _find_patience(service)) for trial in desk.trials.list(scope)]
    return TrialList(total=len(data), data=data)


def _find_patience(service: Service) -> float:
    """Seconds that a trial may go without a further answer before it counts as interrupted."""
    return service.settings.answer_seconds + _GRACE_SECONDS
