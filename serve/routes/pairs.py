"""Pairs: written, changed, checked, submitted and approved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session

from serve.curation.checking import Checker
from serve.curation.composing import LICENCE
from serve.curation.evidence import find_index, take_record
from serve.curation.pair_views import (
    count_states,
    describe_findings,
    describe_pair,
    find_next,
    list_events,
    list_pairs,
)
from serve.curation.pairs import load_pair
from serve.curation.steps import Edit, PairSteps, find_pair
from serve.errors import BadRequest
from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.plain import make_plain
from serve.service import Service, ServiceDep
from serve.wire.pairs import (
    ChecksReply,
    EditRequest,
    PairEventList,
    PairInfo,
    PairList,
    PairReply,
    PairRequest,
    PairState,
    StepRequest,
)
from train.pairs.pair import Evidence, Pair


def get_checker(request: Request, service: ServiceDep) -> Checker:
    """The gateway's one checker, which keeps the approved pairs at hand."""
    state = request.app.state
    if not hasattr(state, "checker"):
        state.checker = Checker(service.library, service.answerer.count_tokens)
    checker: Checker = state.checker
    return checker


router = APIRouter(prefix="/v1")
CheckerDep = Annotated[Checker, Depends(get_checker)]
ReaderDep = Annotated[Actor, Depends(require(Action.READ_INBOX))]
EditorDep = Annotated[Actor, Depends(require(Action.EDIT_PAIRS))]
ApproverDep = Annotated[Actor, Depends(require(Action.APPROVE_PAIRS))]


@router.get("/pairs")
def list_all(
    service: ServiceDep,
    _actor: ReaderDep,
    state: PairState | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> PairList:
    """Pairs, those first that have waited longest."""
    with service.database.readings() as session:
        data, total = list_pairs(session, state=state, words=q, limit=limit, offset=offset)
        return PairList(data=data, total=total, counts=count_states(session))


@router.post("/pairs", status_code=201)
def write_pair(body: PairRequest, service: ServiceDep, actor: EditorDep, checker: CheckerDep) -> PairInfo:
    """A pair of one's own, with the records that show it."""
    index = find_index(service.library)
    evidence = tuple(take_record(index, make_plain(record), body.answer) for record in body.evidence)
    pair = Pair(
        id="",
        question=make_plain(body.question),
        answer=make_plain(body.answer).strip(),
        evidence=evidence,
        kind=body.kind,
        origin="staff",
        contributor=actor.name,
        consent="staff",
        licence=body.licence or LICENCE,
        language=body.language,
    )
    with service.database.sessions.begin() as session:
        steps = PairSteps(session, actor, checker)
        row = steps.write(pair, body.idempotency_key)
        session.flush()
        if body.submit and row.state == "draft":
            steps.submit(row.id, row.revision)
        return describe_pair(session, actor, checker, row.id)


@router.get("/pairs/{pair}")
def get_pair(pair: str, service: ServiceDep, actor: ReaderDep, checker: CheckerDep) -> PairInfo:
    """One pair, with what the checks say of it now and what happened to it."""
    with service.database.readings() as session:
        return describe_pair(session, actor, checker, pair)


@router.patch("/pairs/{pair}")
def edit_pair(
    pair: str, body: EditRequest, service: ServiceDep, actor: EditorDep, checker: CheckerDep
) -> PairReply:
    """Change a pair; an approved one becomes a draft again."""
    with service.database.sessions.begin() as session:
        steps = PairSteps(session, actor, checker)
        row = steps.edit(pair, _read_edit(session, service, pair, body), body.revision, body.idempotency_key)
        if body.submit and row.state == "draft":
            steps.submit(row.id, row.revision)
        return PairReply(pair=describe_pair(session, actor, checker, row.id))


@router.get("/pairs/{pair}/checks")
def check(pair: str, service: ServiceDep, _actor: ReaderDep, checker: CheckerDep) -> ChecksReply:
    """What the checks say of a pair as it is now."""
    with service.database.readings() as session:
        row = find_pair(session, pair)
        findings = checker.find(session, load_pair(row).pair)
        return ChecksReply(revision=row.revision, findings=describe_findings(findings))


@router.get("/pairs/{pair}/events")
def list_pair_events(pair: str, service: ServiceDep, _actor: ReaderDep) -> PairEventList:
    """What happened to a pair, oldest first; also to one whose words are gone."""
    with service.database.readings() as session:
        return PairEventList(data=list_events(session, find_pair(session, pair).id))


@router.post("/pairs/{pair}/submit")
def submit_pair(
    pair: str, body: StepRequest, service: ServiceDep, actor: EditorDep, checker: CheckerDep
) -> PairReply:
    """Hand a draft over for approval."""
    with service.database.sessions.begin() as session:
        row = PairSteps(session, actor, checker).submit(pair, body.revision, body.idempotency_key)
        return PairReply(pair=describe_pair(session, actor, checker, row.id))


@router.post("/pairs/{pair}/approve")
def approve_pair(
    pair: str, body: StepRequest, service: ServiceDep, actor: ApproverDep, checker: CheckerDep
) -> PairReply:
    """Let a pair be trained on. Of two at once one wins; the other gets 409, which says who was quicker."""
    with service.database.sessions.begin() as session:
        steps = PairSteps(session, actor, checker)
        row = steps.approve(pair, body.revision, note=body.note, waiver=body.waiver, key=body.idempotency_key)
        return _reply(session, actor, checker, row.id, body)


@router.post("/pairs/{pair}/return")
def return_pair(
    pair: str, body: StepRequest, service: ServiceDep, actor: ApproverDep, checker: CheckerDep
) -> PairReply:
    """Send a pair back, with what is to be mended."""
    with service.database.sessions.begin() as session:
        steps = PairSteps(session, actor, checker)
        row = steps.send_back(pair, body.revision, body.note, body.idempotency_key)
        return _reply(session, actor, checker, row.id, body)


@router.post("/pairs/{pair}/withdraw")
def withdraw_pair(
    pair: str, body: StepRequest, service: ServiceDep, actor: EditorDep, checker: CheckerDep
) -> PairReply:
    """Take a pair out for good; an approved one only an approver may."""
    with service.database.sessions.begin() as session:
        steps = PairSteps(session, actor, checker)
        row = steps.withdraw(pair, body.revision, body.note, body.idempotency_key)
        return _reply(session, actor, checker, row.id, body)


def _reply(session: Session, actor: Actor, checker: Checker, name: str, body: StepRequest) -> PairReply:
    following = find_next(session, actor, body.skip) if body.take_next else ""
    return PairReply(
        pair=describe_pair(session, actor, checker, name),
        next=describe_pair(session, actor, checker, following) if following else None,
    )


def _read_edit(session: Session, service: Service, name: str, body: EditRequest) -> Edit:
    return Edit(
        question=None if body.question is None else make_plain(body.question),
        answer=None if body.answer is None else make_plain(body.answer),
        kind=body.kind,
        evidence=None if body.evidence is None else _choose_evidence(session, service, name, body),
        language=body.language,
        licence=body.licence,
        own_words=body.own_words,
    )


def _choose_evidence(
    session: Session, service: Service, name: str, body: EditRequest
) -> tuple[Evidence, ...]:
    """Evidence by its present number, or from the index by record id."""
    pair = load_pair(find_pair(session, name)).pair
    index = find_index(service.library)
    chosen = []
    for one in body.evidence or ():
        if isinstance(one, str):
            chosen.append(take_record(index, make_plain(one), body.answer or pair.answer))
        elif 1 <= one <= len(pair.evidence):
            chosen.append(pair.evidence[one - 1])
        else:
            raise BadRequest(
                f"evidence: the pair has {len(pair.evidence)} passages, there is no [{one}].",
                param="evidence",
            )
    return tuple(chosen)
