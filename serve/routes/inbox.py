"""The inbox: what patrons asked and what went wrong, and what staff make of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from serve.curation.cases import read_cases, write_cases
from serve.curation.claims import claim, claim_worst, release
from serve.curation.collecting import collect
from serve.curation.entries import count_waiting
from serve.curation.inbox_views import (
    describe_case,
    describe_claim,
    describe_group,
    list_groups,
    summarise_group,
)
from serve.curation.judging import Judging
from serve.curation.pair_views import describe_findings
from serve.curation.ranking import count_groups
from serve.errors import NotFound
from serve.people.access import require
from serve.people.authority import Action, Actor
from serve.routes.pairs import CheckerDep
from serve.service import Service, ServiceDep
from serve.wire.inbox import (
    CaseList,
    ClaimInfo,
    GroupInfo,
    GroupList,
    GroupState,
    GroupSummary,
    JudgementReply,
    JudgementRequest,
    NextReply,
    NextRequest,
    ReopenRequest,
)

router = APIRouter(prefix="/v1")
ReaderDep = Annotated[Actor, Depends(require(Action.READ_INBOX))]
JudgeDep = Annotated[Actor, Depends(require(Action.JUDGE_ANSWERS))]


@router.get("/inbox")
def list_inbox(
    service: ServiceDep,
    actor: ReaderDep,
    state: GroupState = "open",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> GroupList:
    """Questions of a state, worst first; what came in since the last look is grouped before."""
    collect(service.database, service.library)
    with service.database.readings() as session:
        return GroupList(
            data=list_groups(session, actor, state, limit=limit, offset=offset),
            total=count_groups(session, state),
            waiting=count_waiting(session),
        )


@router.post("/inbox/next")
def take_next(service: ServiceDep, actor: JudgeDep, body: NextRequest | None = None) -> NextReply:
    """Claim the worst open question that nobody else is at."""
    collect(service.database, service.library)
    return _claim_next(service, actor, body.skip if body else [])


@router.get("/inbox/{group}")
def get_group(group: str, service: ServiceDep, actor: ReaderDep) -> GroupInfo:
    """One question with the answers given, their sources and versions, and what patrons said."""
    with service.database.readings() as session:
        return describe_group(session, actor, group)


@router.put("/inbox/{group}/claim")
def claim_group(group: str, service: ServiceDep, actor: JudgeDep) -> ClaimInfo:
    """Say that one is at it, for five minutes from now; 409 where somebody else is."""
    with service.database.sessions.begin() as session:
        claimed = describe_claim(claim(session, actor, group), actor)
    if claimed is None:
        raise NotFound("The claim has ended already. Claim it again.")
    return claimed


@router.delete("/inbox/{group}/claim")
def release_group(group: str, service: ServiceDep, actor: JudgeDep) -> GroupSummary:
    """Leave it to others."""
    with service.database.sessions.begin() as session:
        return summarise_group(session, actor, release(session, actor, group))


@router.post("/inbox/{group}/judgement")
def judge_group(
    group: str, body: JudgementRequest, service: ServiceDep, actor: JudgeDep, checker: CheckerDep
) -> JudgementReply:
    """Judge a question as it was seen; on disk, whole, before this returns. Of two at once one wins."""
    with service.database.sessions.begin() as session:
        judged = Judging(session, actor, service.library, checker).judge(group, body)
        reply = JudgementReply(
            group=summarise_group(session, actor, judged.group),
            pair=judged.pair.id if judged.pair else "",
            pair_state=judged.pair.state if judged.pair else "",
            findings=describe_findings(judged.findings),
            retrieval_case=judged.case,
        )
    if body.take_next:
        reply.next = _claim_next(service, actor, body.skip)
    return reply


@router.post("/inbox/{group}/reopen")
def reopen_group(
    group: str, body: ReopenRequest, service: ServiceDep, actor: JudgeDep, checker: CheckerDep
) -> GroupSummary:
    """Take a judgement back."""
    with service.database.sessions.begin() as session:
        judging = Judging(session, actor, service.library, checker)
        return summarise_group(session, actor, judging.reopen(group, body.revision, body.why))


@router.get("/retrieval-cases")
def list_cases(service: ServiceDep, _actor: ReaderDep) -> CaseList:
    """Questions that the search went wrong on, oldest first."""
    with service.database.readings() as session:
        cases = [describe_case(case) for case in read_cases(session)]
    return CaseList(data=cases, total=len(cases))


@router.get("/retrieval-cases/export")
def export_cases(service: ServiceDep, _actor: ReaderDep) -> Response:
    """Those with a right record, as JSON Lines for `reading-room evaluate retrieval --questions`."""
    with service.database.readings() as session:
        lines = write_cases(read_cases(session))
    disposition = {"Content-Disposition": 'attachment; filename="retrieval-cases.jsonl"'}
    return Response(lines, media_type="application/x-ndjson", headers=disposition)


def _claim_next(service: Service, actor: Actor, skip: list[str]) -> NextReply:
    with service.database.sessions.begin() as session:
        group = claim_worst(session, actor, skip)
        shown = describe_group(session, actor, group.id) if group else None
        return NextReply(group=shown, left=count_groups(session, "open"))
