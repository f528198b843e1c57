"""The inbox as the wire has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import cast, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serve.curation.claims import claimed_until, find_group
from serve.curation.entries import WORST_FIRST, Entry, list_turns, read_earlier, read_entries, select_worst
from serve.curation.ranking import Standing, rank, stand
from serve.curation.tables import InboxEntry, InboxGroup, InboxJudgement, RetrievalCase
from serve.errors import NotFound
from serve.people.authority import Actor
from serve.people.moments import as_utc
from serve.wire.inbox import (
    AskedInfo,
    CaseInfo,
    ClaimInfo,
    EntryInfo,
    GroupInfo,
    GroupState,
    GroupSummary,
    JudgementInfo,
    Verdict,
)
from serve.wire.pairs import TurnInfo

MOST_ENTRIES = 20
"""Entries of a group that are shown whole."""
_MOST_WORDINGS = 50
_MOST_READ = 500
"""Entries of a group that wordings are counted in."""
_VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def list_groups(
    session: Session, actor: Actor, state: GroupState, *, limit: int, offset: int
) -> list[GroupSummary]:
    """One line for each group, worst first."""
    standings = rank(session, state, limit=limit, offset=offset)
    rows = {
        row.id: row
        for row in session.scalars(
            select(InboxGroup).where(InboxGroup.id.in_([standing.group for standing in standings]))
        )
    }
    shown = _choose_shown(session, list(rows))
    entries = read_entries(session, list(shown.values()))
    return [
        _summarise(rows[standing.group], standing, actor, entries[shown[standing.group]].question)
        for standing in standings
        if shown.get(standing.group) in entries
    ]


def describe_group(session: Session, actor: Actor, name: str) -> GroupInfo:
    """A group whole. Raises NotFound where it, or all that was in it, is gone."""
    group, standing = find_group(session, name), stand(session, name)
    rows = session.scalars(select_worst().where(InboxEntry.group == name).limit(_MOST_READ)).all()
    entries = read_entries(session, [row.id for row in rows])
    rows = [row for row in rows if row.id in entries]
    if standing is None or not rows:
        raise NotFound("Nothing is left of this question: the time of its feedback is over.")
    asked = Counter(entries[row.id].question for row in rows).most_common(_MOST_WORDINGS)
    summary = _summarise(group, standing, actor, entries[rows[0].id].question)
    return GroupInfo(
        **dict(summary),
        questions=[AskedInfo(question=question, asked=count) for question, count in asked],
        entries=[
            _describe_entry(session, entries[row.id], judged=row.signature in group.known)
            for row in rows[:MOST_ENTRIES]
        ],
        judgements=_list_judgements(session, name),
    )


def summarise_group(session: Session, actor: Actor, group: InboxGroup) -> GroupSummary:
    """One line for a group."""
    standing, shown = stand(session, group.id), _choose_shown(session, [group.id])
    entries = read_entries(session, list(shown.values()))
    if standing is None or not entries:
        raise NotFound("Nothing is left of this question: the time of its feedback is over.")
    return _summarise(group, standing, actor, entries[shown[group.id]].question)


def describe_claim(group: InboxGroup, actor: Actor) -> ClaimInfo | None:
    """Who is at a group; None where nobody is."""
    until = claimed_until(group)
    if until is None:
        return None
    return ClaimInfo(who=group.claimed_name, until=_iso(until), mine=group.claimed_by == actor.id)


def describe_case(case: RetrievalCase) -> CaseInfo:
    return CaseInfo(
        id=case.id,
        created=_iso(case.created),
        who=case.who,
        question=case.question,
        wrong=list(case.wrong),
        right=case.right,
        index_version=case.index_version,
    )


def _choose_shown(session: Session, groups: Sequence[str]) -> dict[str, str]:
    """The entry of each group whose question stands for it: the worst."""
    place = func.row_number().over(partition_by=InboxEntry.group, order_by=WORST_FIRST).label("place")
    ranked = (
        select(InboxEntry.group.label("name"), InboxEntry.id, place)
        .where(InboxEntry.group.in_(groups))
        .subquery()
    )
    found = session.execute(select(ranked.c.name, ranked.c.id).where(ranked.c.place == 1))
    return {group: entry for group, entry in found}


def _summarise(group: InboxGroup, standing: Standing, actor: Actor, question: str) -> GroupSummary:
    return GroupSummary(
        id=group.id,
        revision=group.revision,
        state=cast(GroupState, group.state),
        question=question,
        score=round(standing.score, 3),
        asked=standing.asked,
        thumbs_down=standing.thumbs_down,
        thumbs_up=standing.thumbs_up,
        unanswered=standing.unanswered,
        first=_iso(standing.first),
        last=_iso(standing.last),
        verdict=next((verdict for verdict in _VERDICTS if verdict == group.verdict), None),
        judged_by=group.judged_by,
        judged_at=_iso(group.judged_at) if group.judged_at else "",
        reopened=group.state == "open" and bool(group.verdict),
        claim=describe_claim(group, actor),
    )


def _describe_entry(session: Session, entry: Entry, *, judged: bool) -> EntryInfo:
    details = entry.details
    return EntryInfo(
        id=entry.id,
        origin="feedback" if entry.is_feedback else "conversation",
        created=_iso(entry.created),
        question=entry.question,
        answer=entry.answer,
        thumb="up" if entry.thumb == "up" else "down" if entry.thumb == "down" else "",
        reasons=list(entry.reasons),
        comment=entry.comment,
        suggested=entry.suggested,
        status=details.status if details else "",
        sources=details.sources if details else [],
        also_searched=details.also_searched if details else [],
        unverified=details.unverified if details else [],
        adapter=details.adapter if details else "",
        alias=details.alias if details else "",
        model=details.model if details else "",
        index_version=details.index_version if details else "",
        prompt_version=details.prompt_version if details else "",
        instructions=details.instructions if details else "",
        remembered=entry.remembered,
        agreed=entry.agreed,
        judged=judged,
        readings=list(entry.readings),
        earlier=[
            TurnInfo(role=turn.role, content=turn.content)
            for turn in list_turns(read_earlier(session, entry))
        ],
    )


def _list_judgements(session: Session, name: str) -> list[JudgementInfo]:
    rows = session.scalars(
        select(InboxJudgement).where(InboxJudgement.group == name).order_by(InboxJudgement.id)
    )
    return [
        JudgementInfo(
            verdict=cast(Verdict, row.verdict),
            who=row.who,
            at=_iso(row.at),
            note=row.note,
            pair=row.pair,
            retrieval_case=row.case,
        )
        for row in rows
    ]


def _iso(moment: datetime) -> str:
    return as_utc(moment).isoformat(timespec="seconds")
