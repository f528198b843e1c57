"""Pairs as the wire has them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast, get_args

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from serve.curation.checking import Checker
from serve.curation.pairs import load_pair
from serve.curation.steps import find_pair, weigh_approval
from serve.curation.tables import PairEvent, StoredPairRow
from serve.people.authority import Actor
from serve.people.moments import as_utc
from serve.plain import make_plain
from serve.wire.pairs import (
    EvidenceInfo,
    FindingInfo,
    PairEventInfo,
    PairInfo,
    PairState,
    PairSummary,
    TurnInfo,
)
from train.pairs.checks import Finding
from train.pairs.pair import Consent, Kind, Origin

_STATES: tuple[PairState, ...] = get_args(PairState)


def list_pairs(
    session: Session, *, state: PairState | None, words: str, limit: int, offset: int
) -> tuple[list[PairSummary], int]:
    """Pairs whose question or answer has the words, longest unchanged first; and how many there are."""
    query = _find(state, words)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.order_by(StoredPairRow.updated, StoredPairRow.id).limit(limit).offset(offset)
    )
    return [summarise_pair(row) for row in rows], total


def count_states(session: Session) -> dict[PairState, int]:
    """How many pairs there are in each state."""
    counted = session.execute(select(StoredPairRow.state, func.count()).group_by(StoredPairRow.state))
    found = {state: count for state, count in counted}
    return {state: found.get(state, 0) for state in _STATES}


def describe_pair(session: Session, actor: Actor, checker: Checker, name: str) -> PairInfo:
    """A pair whole, with what the checks say now. Raises NotFound."""
    row = find_pair(session, name)
    stored = load_pair(row)
    findings = checker.find(session, stored.pair) if row.state != "withdrawn" else ()
    approval = weigh_approval(actor, row, findings)
    return PairInfo(
        **dict(summarise_pair(row)),
        answer=row.answer,
        evidence=[
            EvidenceInfo(
                number=number,
                record_id=item.record_id,
                collection_id=item.collection_id,
                heading=item.heading,
                breadcrumb=list(item.breadcrumb),
                text=item.text,
                public=item.public,
            )
            for number, item in enumerate(stored.pair.evidence, start=1)
        ],
        history=[TurnInfo(role=turn.role, content=turn.content) for turn in stored.pair.history],
        consent=cast(Consent, row.consent),
        licence=row.licence,
        waiver=row.waiver,
        waived=list(row.waived),
        group=row.group,
        findings=describe_findings(findings),
        events=list_events(session, row.id),
        may_approve=approval.refusal,
        needs_waiver=approval.needs_waiver,
    )


def find_next(session: Session, actor: Actor, skip: Collection[str]) -> str:
    """The submitted pair that has waited longest and that `actor` did not write; "" where there is none."""
    query = (
        select(StoredPairRow.id, StoredPairRow.editors)
        .where(StoredPairRow.state == "submitted", StoredPairRow.id.not_in(list(skip)))
        .order_by(StoredPairRow.updated, StoredPairRow.id)
    )
    return next((name for name, editors in session.execute(query) if actor.id not in editors), "")


def describe_findings(findings: Sequence[Finding]) -> list[FindingInfo]:
    return [
        FindingInfo(
            code=finding.code,
            severity=finding.severity,
            sentence=finding.sentence,
            field=finding.field,
            words=finding.words,
            start=finding.start,
            end=finding.end,
            item=finding.item,
            others=list(finding.others),
        )
        for finding in findings
    ]


def list_events(session: Session, name: str) -> list[PairEventInfo]:
    """What happened to a pair, oldest first."""
    rows = session.scalars(select(PairEvent).where(PairEvent.pair == name).order_by(PairEvent.id))
    return [
        PairEventInfo(at=_iso(row.at), who=row.who, what=row.what, why=row.why, revision=row.revision)
        for row in rows
    ]


def summarise_pair(row: StoredPairRow) -> PairSummary:
    return PairSummary(
        id=row.id,
        revision=row.revision,
        state=cast(PairState, row.state),
        kind=cast(Kind, row.kind),
        origin=cast(Origin, row.origin),
        question=row.question,
        contributor=row.contributor,
        approver=row.approver,
        synthetic=row.origin == "draft",
        returned=row.returned,
        language=row.language,
        created=_iso(row.created),
        updated=_iso(row.updated),
        updated_by=row.updated_by,
    )


def _find(state: PairState | None, words: str) -> Select[StoredPairRow]:
    query = select(StoredPairRow)
    if state:
        query = query.where(StoredPairRow.state == state)
    for word in make_plain(words).split()[:10]:
        query = query.where(
            or_(
                StoredPairRow.question.icontains(word, autoescape=True),
                StoredPairRow.answer.icontains(word, autoescape=True),
            )
        )
    return query


def _iso(moment: datetime) -> str:
    return as_utc(moment).isoformat(timespec="seconds")
