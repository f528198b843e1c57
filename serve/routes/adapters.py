"""Adapters, aliases and their events: staff may see them, administrators may change them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from starlette.concurrency import run_in_threadpool

from retrieval.errors import RetrievalError
from serve.adapters.registry import BASE, Alias, Event, Snapshot, Version
from serve.errors import NotFound
from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.rollout.controller import describe
from serve.service import Service, ServiceDep
from serve.wire.adapters import (
    AdapterInfo,
    AdapterList,
    AddedReply,
    AddRequest,
    AliasInfo,
    AliasList,
    ArmInfo,
    AssignRequest,
    CollectionAliasInfo,
    EventInfo,
    EventList,
    PromoteRequest,
    RollbackRequest,
    RolloutInfo,
    RolloutReply,
    VerifyReply,
    WhyRequest,
)

router = APIRouter(prefix="/v1")
ReaderDep = Annotated[Actor, Depends(require(Action.READ_ADAPTERS))]
ManagerDep = Annotated[Actor, Depends(require(Action.MANAGE_ADAPTERS))]


@router.get("/adapters")
def list_adapters(service: ServiceDep, _reader: ReaderDep) -> AdapterList:
    """Every version that was ever registered, with its state and its share of each alias."""
    snapshot = service.administration.registry.snapshot()
    return AdapterList(
        change=snapshot.change, data=[_describe_version(version, snapshot) for version in snapshot.versions]
    )


@router.post("/adapters", status_code=201)
def add_adapter(body: AddRequest, service: ServiceDep, actor: ManagerDep) -> AddedReply:
    """Check a version that lies in the incoming folder, copy it in and register it."""
    administration = service.administration
    added = administration.add_incoming(body.folder, name=body.name, who=actor.name, why=body.why)
    return AddedReply(
        adapter=_describe_version(added.version, administration.registry.snapshot()), remark=added.remark
    )


@router.get("/adapters/{name}")
def get_adapter(name: str, service: ServiceDep, _reader: ReaderDep) -> AdapterInfo:
    """One version."""
    snapshot = service.administration.registry.snapshot()
    for version in snapshot.versions:
        if version.name == name:
            return _describe_version(version, snapshot)
    raise NotFound(f"There is no adapter version {name[:80]!r}. List them: GET /v1/adapters")


@router.post("/adapters/{name}/verify")
def verify_adapter(name: str, service: ServiceDep, _reader: ReaderDep) -> VerifyReply:
    """Hold a version's files against its manifest, the base and the registry. Changes nothing."""
    (finding,) = service.administration.verify(name)
    return VerifyReply(name=finding.name, whole=not finding.problems, problems=list(finding.problems))


@router.post("/adapters/{name}/retire")
def retire_adapter(
    name: str, service: ServiceDep, actor: ManagerDep, body: WhyRequest | None = None
) -> AdapterInfo:
    """Take a version out of use; its files stay."""
    registry = service.administration.registry
    version = registry.retire(name, who=actor.name, why=body.why if body else "")
    return _describe_version(version, registry.snapshot())


@router.post("/adapters/{name}/purge")
def purge_adapter(
    name: str, service: ServiceDep, actor: ManagerDep, body: WhyRequest | None = None
) -> AdapterInfo:
    """Delete a retired or failed version's files."""
    administration = service.administration
    version = administration.purge(name, who=actor.name, why=body.why if body else "")
    return _describe_version(version, administration.registry.snapshot())


@router.get("/aliases")
def list_aliases(service: ServiceDep, _reader: ReaderDep) -> AliasList:
    """Every alias, and the collections that have one of their own."""
    snapshot = service.administration.registry.snapshot()
    return AliasList(
        change=snapshot.change,
        data=[_describe_alias(alias) for alias in snapshot.aliases],
        collections=snapshot.collections,
    )


@router.get("/aliases/{alias}")
def get_alias(alias: str, service: ServiceDep, _reader: ReaderDep, response: Response) -> AliasInfo:
    """One alias; the ETag is its revision."""
    for found in service.administration.registry.snapshot().aliases:
        if found.name == alias:
            return _reply_alias(found, response)
    raise NotFound(f"There is no alias {alias[:80]!r}. List them: GET /v1/aliases")


@router.get("/aliases/{alias}/rollout")
def get_rollout(alias: str, service: ServiceDep, _reader: ReaderDep) -> RolloutReply:
    """How the trial on an alias stands; 404 where nothing is being tried."""
    registry = service.administration.registry
    report = describe(registry, registry.database, alias)
    return RolloutReply(
        alias=report.alias,
        revision=report.revision,
        stable=report.stable,
        rollout=RolloutInfo.model_validate(report.rollout, from_attributes=True),
        counts=[ArmInfo.model_validate(arm, from_attributes=True) for arm in report.counts],
        breached=list(report.verdict.breached),
        verdict=report.verdict.sentence,
        next=report.next,
    )


@router.put("/aliases/{alias}")
async def promote(
    alias: str, body: PromoteRequest, service: ServiceDep, actor: ManagerDep, response: Response
) -> AliasInfo:
    """Point an alias to a version that the engines have ready, wholly or by a share; made if need be.

    Of two changes from the same revision one wins; the other gets 409, which says what holds now.
    """
    service.administration.check_alias(alias)
    if body.version != BASE:
        await service.offering.make_ready(body.version)
    pointed = await run_in_threadpool(
        service.administration.registry.promote,
        alias,
        body.version,
        share=body.share,
        automatic=body.automatic,
        answers_needed=body.answers_needed,
        revision=body.revision,
        who=actor.name,
        why=body.why,
    )
    service.offering.take_over(pointed)
    return _reply_alias(pointed, response)


@router.post("/aliases/{alias}/rollback")
async def roll_back(
    alias: str,
    service: ServiceDep,
    actor: ManagerDep,
    response: Response,
    body: RollbackRequest | None = None,
) -> AliasInfo:
    """End the trial on an alias, or go back to what it pointed to before. Touches no engine."""
    body = body or RollbackRequest()
    pointed = await run_in_threadpool(
        service.administration.registry.rollback, alias, revision=body.revision, who=actor.name, why=body.why
    )
    service.offering.take_over(pointed)
    return _reply_alias(pointed, response)


@router.put("/collections/{collection:path}/alias")
def assign(
    collection: str, body: AssignRequest, service: ServiceDep, actor: ManagerDep
) -> CollectionAliasInfo:
    """Give a collection the alias that answers questions about it where the client names none."""
    if body.alias is not None:
        _check_collection(collection, service)
    service.administration.registry.assign(collection, body.alias, who=actor.name, why=body.why)
    return CollectionAliasInfo(collection=collection, alias=body.alias)


@router.get("/adapter-events")
def list_events(
    service: ServiceDep,
    _reader: ReaderDep,
    subject: Annotated[str, Query(max_length=300)] = "",
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> EventList:
    """What happened to one subject or to all, oldest first."""
    events = service.administration.registry.events(subject, after=after, limit=limit)
    return EventList(
        data=[_describe_event(event) for event in events], next=events[-1].id if events else after
    )


def _check_collection(collection: str, service: Service) -> None:
    """A typing error would otherwise do nothing in silence. Without an index every id is taken."""
    try:
        known = {summary.id for summary in service.library.current().collections()}
    except RetrievalError:
        return
    if collection not in known:
        raise NotFound(
            f"There is no collection {collection[:80]!r} in the index. List them: GET /v1/collections",
            param="collection",
        )


def _reply_alias(alias: Alias, response: Response) -> AliasInfo:
    response.headers["ETag"] = f'"{alias.revision}"'
    return _describe_alias(alias)


def _describe_alias(alias: Alias) -> AliasInfo:
    return AliasInfo.model_validate(alias, from_attributes=True)


def _describe_version(version: Version, snapshot: Snapshot) -> AdapterInfo:
    shares = {
        alias.name: alias.weights[version.name] for alias in snapshot.aliases if version.name in alias.weights
    }
    derived = {
        "aliases": shares,
        "has_reference": version.reference is not None,
        "created": version.created.isoformat(timespec="seconds"),
    }
    return AdapterInfo(**{**asdict(version), **derived})


def _describe_event(event: Event) -> EventInfo:
    return EventInfo(**{**asdict(event), "at": event.at.isoformat(timespec="milliseconds")})
