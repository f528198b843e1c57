"""What a curator makes of a group: a pair, a refusal, a case for the search, or nothing.

One transaction: the group, its judgement, the pair and its events, or none of them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.library import Library
from serve.curation.cases import make_case
from serve.curation.checking import Checker, list_stops
from serve.curation.claims import clear, find_group, refuse_claimed
from serve.curation.composing import compose_pair, find_sources
from serve.curation.entries import Entry, read_entries, select_worst
from serve.curation.evidence import find_index
from serve.curation.pairs import add_pair, load_pair, take_turn, tell
from serve.curation.tables import (
    InboxEntry,
    InboxGroup,
    InboxJudgement,
    PairSource,
    RetrievalCase,
    StoredPairRow,
)
from serve.errors import BadRequest, Conflict
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.people.moments import as_utc, now_utc
from serve.plain import make_plain
from serve.wire.inbox import JudgementRequest
from train.pairs.checks import Finding


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a judgement; `pair` and `case` are "" where none was made."""

    group: InboxGroup
    pair: StoredPairRow | None
    findings: tuple[Finding, ...]
    case: str


class Judging:
    """The judgements of one transaction; the caller begins and commits it."""

    def __init__(self, session: Session, actor: Actor, library: Library, checker: Checker) -> None:
        take_turn(session)
        self._session = session
        self._actor = actor
        self._library = library
        self._checker = checker

    def judge(self, name: str, request: JudgementRequest) -> Judged:
        """Judge a group as it was seen.

        The same key with the same judgement again gives what came of it. Raises NotFound, BadRequest for a
        judgement that the answer does not allow, Conflict where the group was judged or changed meanwhile or
        somebody else is at it.
        """
        if earlier := self._find_earlier(request.idempotency_key):
            return self._replay(earlier, name, request)
        group = find_group(self._session, name)
        if group.state != "open" or group.revision != request.revision:
            raise Conflict(_describe_lost(group, request.revision), param="revision")
        refuse_claimed(group, self._actor)
        entry = self._choose_entry(group, request.entry)
        pair, findings = self._make_pair(group, entry, request)
        case = ""
        if request.verdict == "wrong_source":
            kept = make_case(entry, request, find_index(self._library), who=self._actor.name)
            self._session.add(kept)
            case = kept.id
        self._settle(group, request)
        self._write_down(group, request, pair, case)
        self._session.flush()
        return Judged(group, pair, findings, case)

    def reopen(self, name: str, revision: int, why: str = "") -> InboxGroup:
        """Take the last judgement back: a pair of it that nobody approved is withdrawn, its case removed."""
        group = find_group(self._session, name)
        if group.state != "judged" or group.revision != revision:
            raise Conflict(_describe_lost(group, revision), param="revision")
        last = self._session.scalar(
            select(InboxJudgement)
            .where(InboxJudgement.group == name)
            .order_by(InboxJudgement.id.desc())
            .limit(1)
        )
        if last is not None:
            self._undo(last)
        group.state, group.known = "open", []
        group.revision += 1
        audit(self._session, self._actor, "reopened", f"inbox {group.id}", make_plain(why))
        return group

    def _choose_entry(self, group: InboxGroup, name: str) -> Entry:
        """The entry that is judged: the one named, else the one shown first."""
        query = select_worst().where(InboxEntry.group == group.id)
        if name:
            query = query.where(InboxEntry.id == make_plain(name))
        row = self._session.scalar(query.limit(1))
        entry = read_entries(self._session, [row.id]).get(row.id) if row else None
        if entry is None:
            raise BadRequest(f"entry: {make_plain(name)!r} is not in this group.", param="entry")
        return entry

    def _make_pair(
        self, group: InboxGroup, entry: Entry, request: JudgementRequest
    ) -> tuple[StoredPairRow | None, tuple[Finding, ...]]:
        if request.verdict not in ("good", "fix", "not_held"):
            return None, ()
        pair = compose_pair(self._session, entry, request, self._library, contributor=self._actor.name)
        row = add_pair(
            self._session,
            self._actor,
            pair,
            what="judged",
            conversation=entry.conversation or None,
            group=group.id,
        )
        self._session.flush()
        sources = find_sources(
            self._session,
            group,
            entry,
            with_earlier=bool(pair.history),
            with_corrections=request.verdict == "fix",
        )
        self._session.add_all(
            PairSource(pair=row.id, source=source, conversation=conversation or None)
            for source, conversation in sources.items()
        )
        findings = self._checker.find(self._session, load_pair(row).pair)
        if not list_stops(findings):
            row.state, row.revision = "submitted", 2
            tell(self._session, self._actor, row, "submitted")
        self._session.flush()
        return row, findings

    def _settle(self, group: InboxGroup, request: JudgementRequest) -> None:
        signatures = select(InboxEntry.signature).where(InboxEntry.group == group.id).distinct()
        group.known = sorted(self._session.scalars(signatures))
        group.state, group.verdict = "judged", request.verdict
        group.judged_by, group.judged_at = self._actor.name[:200], now_utc()
        group.revision += 1
        clear(group)

    def _write_down(
        self, group: InboxGroup, request: JudgementRequest, pair: StoredPairRow | None, case: str
    ) -> None:
        self._session.add(
            InboxJudgement(
                at=now_utc(),
                who_id=self._actor.id[:200],
                who=self._actor.name[:200],
                group=group.id,
                verdict=request.verdict,
                note=make_plain(request.note),
                pair=pair.id if pair else "",
                case=case,
                idempotency_key=self._name_key(request.idempotency_key),
                request=_digest(group.id, request),
            )
        )
        came = {"verdict": request.verdict, "pair": pair.id if pair else "", "retrieval_case": case}
        audit(self._session, self._actor, "judged", f"inbox {group.id}", details=came)

    def _undo(self, last: InboxJudgement) -> None:
        pair = self._session.get(StoredPairRow, last.pair) if last.pair else None
        if pair is not None and pair.state in ("draft", "submitted"):
            pair.state = "withdrawn"
            pair.revision += 1
            pair.updated, pair.updated_by = now_utc(), self._actor.name[:200]
            tell(self._session, self._actor, pair, "withdrawn", "The judgement it came from was taken back.")
        case = self._session.get(RetrievalCase, last.case) if last.case else None
        if case is not None:
            self._session.delete(case)

    def _name_key(self, key: str) -> str:
        """A key counts for who sent it alone: nobody can take another's."""
        return f"{self._actor.id[:90]}\n{make_plain(key)}"

    def _find_earlier(self, key: str) -> InboxJudgement | None:
        query = select(InboxJudgement).where(InboxJudgement.idempotency_key == self._name_key(key))
        return self._session.scalar(query)

    def _replay(self, earlier: InboxJudgement, name: str, request: JudgementRequest) -> Judged:
        if earlier.request != _digest(name, request):
            raise Conflict(
                "This idempotency_key was used for another judgement. Use a new key.", param="idempotency_key"
            )
        pair = self._session.get(StoredPairRow, earlier.pair) if earlier.pair else None
        findings = self._checker.find(self._session, load_pair(pair).pair) if pair else ()
        return Judged(find_group(self._session, name), pair, findings, earlier.case)


def _describe_lost(group: InboxGroup, revision: int) -> str:
    """Why a group is not as the curator saw it."""
    if group.state == "judged" and group.judged_at:
        at = as_utc(group.judged_at).isoformat(timespec="seconds")
        return (
            f"{group.judged_by} judged this question meanwhile ({group.verdict}), at {at}. Take the next one."
        )
    return (
        f"This question has changed: it is {group.state}, at revision {group.revision}, you had {revision}. "
        "Another answer to it may have come in. Look again."
    )


def _digest(group: str, request: JudgementRequest) -> str:
    """Of what was decided; whether the next group was asked for is no part of it."""
    decided = request.model_dump(mode="json", exclude={"take_next", "skip", "idempotency_key"})
    return hashlib.sha256(json.dumps([group, decided], sort_keys=True).encode()).hexdigest()
