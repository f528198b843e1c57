"""What a curator makes of a group: a pair, a refusal, a case for the search, or nothing.

One transaction: the group, its judgement, the pair and its events, or none of them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.library import Library
from retrieval.prompt import REFUSAL
from serve.curation.answers import Fixed, fix_answer, take_answer
from serve.curation.checking import Checker, list_stops
from serve.curation.claims import clear, find_group, refuse_claimed
from serve.curation.entries import Entry, list_turns, read_earlier, read_entries, select_worst
from serve.curation.evidence import find_index
from serve.curation.likeness import fold_question
from serve.curation.pairs import add_pair, load_pair, take_turn, tell
from serve.curation.plain import make_plain
from serve.curation.steps import new_id
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
from serve.tables import Feedback
from serve.wire.inbox import Chosen, JudgementRequest
from train.pairs.checks import Finding
from train.pairs.checks.languages import detect_language
from train.pairs.pair import Consent, Pair

LICENCE = "library's own text"
"""Of pairs that come from the reading room: descriptions of the library's own, quoted."""


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
        case = self._keep_case(entry, request)
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
        pair = self._compose(entry, request)
        row = add_pair(
            self._session,
            self._actor,
            pair,
            what="judged",
            conversation=entry.conversation or None,
            group=group.id,
        )
        self._session.flush()
        self._name_sources(row, group, entry, request, with_earlier=bool(pair.history))
        findings = self._checker.find(self._session, load_pair(row).pair)
        if not list_stops(findings):
            row.state, row.revision = "submitted", 2
            tell(self._session, self._actor, row, "submitted")
        self._session.flush()
        return row, findings

    def _compose(self, entry: Entry, request: JudgementRequest) -> Pair:
        fixed = self._answer(entry, request)
        question = make_plain(request.question).strip() if request.verdict != "good" else ""
        own_words = bool(question) and fold_question(question) != fold_question(entry.question)
        consent: Consent = "staff" if own_words else "patron" if entry.agreed else "none"
        needs_earlier = bool(entry.context) and consent == "patron"
        return Pair(
            id=new_id(),
            question=question or entry.question,
            answer=fixed.answer,
            evidence=fixed.evidence,
            history=list_turns(read_earlier(self._session, entry)) if needs_earlier else (),
            kind="refusal" if fixed.answer == REFUSAL else "answer",
            origin="feedback",
            contributor=self._actor.name,
            consent=consent,
            licence=LICENCE,
            language=detect_language(question or entry.question) or detect_language(fixed.answer) or "en",
        )

    def _answer(self, entry: Entry, request: JudgementRequest) -> Fixed:
        if request.verdict == "not_held":
            return Fixed(REFUSAL, ())
        index = find_index(self._library)
        if request.verdict == "good":
            return take_answer(entry, index)
        return fix_answer(entry, index, make_plain(request.answer).strip(), request.evidence)

    def _name_sources(
        self,
        row: StoredPairRow,
        group: InboxGroup,
        entry: Entry,
        request: JudgementRequest,
        *,
        with_earlier: bool,
    ) -> None:
        """Whose words are in the pair: the entry's, and those of corrections that a fix may be taken from."""
        sources = {entry.id: entry.conversation}
        if with_earlier:
            sources |= {turn.id: turn.conversation for turn in read_earlier(self._session, entry)}
        if request.verdict == "fix":
            others = self._session.execute(
                select(Feedback.id, Feedback.conversation)
                .join(InboxEntry, InboxEntry.feedback == Feedback.id)
                .where(InboxEntry.group == group.id, Feedback.corrected_answer != "")
            )
            sources |= {other: conversation or "" for other, conversation in others}
        for source, conversation in sources.items():
            self._session.add(PairSource(pair=row.id, source=source, conversation=conversation or None))

    def _keep_case(self, entry: Entry, request: JudgementRequest) -> str:
        if request.verdict != "wrong_source":
            return ""
        index = find_index(self._library)
        right = make_plain(request.right).strip()
        if right and index and index.record(right) is None:
            raise BadRequest(
                f"There is no record {right[:80]!r} that patrons may see. Take its id from a search.",
                param="right",
            )
        case = RetrievalCase(
            id=f"case-{secrets.token_hex(8)}",
            created=now_utc(),
            who=self._actor.name[:200],
            source=entry.id,
            feedback=entry.id if entry.is_feedback and not entry.agreed else None,
            conversation=entry.conversation or None,
            question=make_plain(entry.question),
            wrong=_name_wrong(entry, request.wrong),
            right=right,
            index_version=entry.details.index_version if entry.details else "",
        )
        self._session.add(case)
        return case.id

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


def _name_wrong(entry: Entry, wrong: Sequence[Chosen] | None) -> list[str]:
    """Ids of the records that were wrong: those named, else all that the answer cites."""
    shown = [*entry.details.sources, *entry.details.also_searched] if entry.details else []
    numbered = {source.number: source.record_id for source in shown}
    if wrong is None:
        return [source.record_id for source in shown if source.cited]
    if unknown := [one for one in wrong if isinstance(one, int) and one not in numbered]:
        raise BadRequest(f"wrong: the answer has no source [{unknown[0]}].", param="wrong")
    return [numbered[one] if isinstance(one, int) else make_plain(one) for one in wrong]


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
