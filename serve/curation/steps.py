"""What staff do to a pair: write, change, submit, approve, send back, withdraw.

    draft → submitted → approved        submitted or approved → draft (sent back, or changed)
    any → withdrawn, for good

Each is one transaction with its event. Changes take turns, so of two approvals from the same revision exactly
one wins; the other is told who was quicker. The same idempotency key again changes nothing more.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.curation.checking import Checker, list_stops
from serve.curation.likeness import fold_question
from serve.curation.pairs import add_pair, dump_content, load_pair, take_turn, tell
from serve.curation.tables import PairEvent, StoredPairRow
from serve.errors import BadRequest, Conflict, Forbidden, NotFound
from serve.people.authority import Action, Actor, may
from serve.people.moments import as_utc, now_utc
from serve.plain import make_plain
from train.pairs.checks import Finding
from train.pairs.pair import Evidence, Kind, Pair

SHORTEST_REASON = 10
"""Characters of a waiver: a reason, not a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be changed of a pair; None leaves it as it is."""

    question: str | None = None
    answer: str | None = None
    kind: Kind | None = None
    evidence: tuple[Evidence, ...] | None = None
    language: str | None = None
    licence: str | None = None
    own_words: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """Whether somebody may approve a pair: `refusal` says why not, `needs_waiver` whether one would do."""

    refusal: str
    needs_waiver: bool


class PairSteps:
    """The steps of one transaction; the caller begins and commits it."""

    def __init__(self, session: Session, actor: Actor, checker: Checker) -> None:
        take_turn(session)
        self._session = session
        self._actor = actor
        self._checker = checker

    def write(self, pair: Pair, key: str) -> StoredPairRow:
        """A new pair of staff's own, as a draft; `pair.id` is chosen here."""
        if event := self._find_event(key):
            return self._replay(event, "written", event.pair)
        return add_pair(
            self._session, self._actor, replace(pair, id=new_id()), what="written", key=self._name_key(key)
        )

    def edit(self, name: str, edit: Edit, revision: int, key: str = "") -> StoredPairRow:
        """Change a pair; whoever does is no second person to it. An approved one becomes a draft again."""
        if event := self._find_event(key):
            return self._replay(event, "edited", name)
        row = self._find(name, revision)
        self._refuse_withdrawn(row)
        before = load_pair(row).pair
        after = _apply(before, edit)
        if after == before and row.state != "approved":
            return row
        for column, value in dump_content(after).items():
            setattr(row, column, value)
        row.kind, row.language, row.consent = after.kind, after.language, after.consent
        row.licence = make_plain(after.licence)
        self._join_editors(row)
        if row.state == "approved":
            self._move(row, "draft")
        self._settle(row, "edited", key=key)
        return row

    def submit(self, name: str, revision: int, key: str = "") -> StoredPairRow:
        """Say that a draft is ready for approval. Who submits vouches for it, and is no second person."""
        if event := self._find_event(key):
            return self._replay(event, "submitted", name)
        row = self._find(name, revision)
        if row.state != "draft":
            raise Conflict(f"The pair is {self._describe(row)}; only a draft can be submitted.")
        if not row.answer.strip():
            raise BadRequest("The pair has no answer yet. Write one, then submit it.", param="answer")
        self._join_editors(row)
        self._move(row, "submitted")
        self._settle(row, "submitted", key=key)
        return row

    def approve(
        self, name: str, revision: int, *, note: str = "", waiver: str = "", key: str = ""
    ) -> StoredPairRow:
        """Let a submitted pair be trained on. Raises Conflict where somebody was quicker or a check stops it.

        A `waiver`, the reason why, lets it through all the same, and stands in the pair for good.
        """
        if event := self._find_event(key):
            return self._replay(event, "approved", name)
        row = self._find(name, revision)
        if row.state != "submitted":
            raise Conflict(f"The pair is {self._describe(row)}; only a submitted pair can be approved.")
        findings = self._checker.find(self._session, load_pair(row).pair)
        verdict = weigh_approval(self._actor, row, findings)
        reason = make_plain(waiver).strip()
        if verdict.refusal and not (verdict.needs_waiver and reason):
            raise Conflict(verdict.refusal, param="waiver" if verdict.needs_waiver else None)
        if verdict.refusal and len(reason) < SHORTEST_REASON:
            raise BadRequest(
                f"waiver: expected a reason of at least {SHORTEST_REASON} characters, found {len(reason)}.",
                param="waiver",
            )
        self._move(row, "approved")
        row.approver = self._actor.name[:200]
        row.waiver = reason if verdict.refusal else ""
        row.waived = sorted({finding.code for finding in list_stops(findings)})
        details = {"waived": row.waived, "alone": self._actor.id in row.editors}
        self._settle(row, "approved", row.waiver or note, key=key, details=details)
        return row

    def send_back(self, name: str, revision: int, note: str, key: str = "") -> StoredPairRow:
        """Make a submitted or approved pair a draft again, with what is to be mended in it."""
        if event := self._find_event(key):
            return self._replay(event, "returned", name)
        row = self._find(name, revision)
        if row.state not in ("submitted", "approved"):
            raise Conflict(f"The pair is {self._describe(row)}; it cannot be sent back.")
        if not note.strip():
            raise BadRequest("note: say what is to be mended.", param="note")
        self._move(row, "draft")
        row.returned = make_plain(note)
        self._settle(row, "returned", note, key=key)
        return row

    def withdraw(self, name: str, revision: int, note: str, key: str = "") -> StoredPairRow:
        """Take a pair out for good; an approved one only an approver may."""
        if event := self._find_event(key):
            return self._replay(event, "withdrawn", name)
        row = self._find(name, revision)
        self._refuse_withdrawn(row)
        if row.state == "approved" and not may(self._actor, Action.APPROVE_PAIRS):
            raise Forbidden("The pair is approved: only an approver may withdraw it.")
        if not note.strip():
            raise BadRequest("note: say why it is withdrawn.", param="note")
        self._move(row, "withdrawn")
        self._settle(row, "withdrawn", note, key=key)
        return row

    def _find(self, name: str, revision: int) -> StoredPairRow:
        row = find_pair(self._session, name)
        if row.revision != revision:
            raise Conflict(
                f"The pair was changed meanwhile: it is {self._describe(row)}, at revision {row.revision}; "
                f"you had revision {revision}. Look again, and repeat it with that revision.",
                param="revision",
            )
        return row

    def _describe(self, row: StoredPairRow) -> str:
        who = "you" if row.updated_by == self._actor.name else row.updated_by
        at = as_utc(row.updated).isoformat(timespec="seconds")
        return f"{row.state} now, last changed by {who} at {at}"

    def _refuse_withdrawn(self, row: StoredPairRow) -> None:
        if row.state == "withdrawn":
            raise Conflict(f"The pair is {self._describe(row)}: that is for good. Write a new one.")

    def _join_editors(self, row: StoredPairRow) -> None:
        row.editors = [*row.editors, *({self._actor.id} - set(row.editors))]
        row.contributor = row.contributor or self._actor.name[:200]

    def _move(self, row: StoredPairRow, state: str) -> None:
        row.state, row.returned = state, ""
        row.approver, row.waiver, row.waived = "", "", []

    def _settle(
        self,
        row: StoredPairRow,
        what: str,
        why: str = "",
        *,
        key: str,
        details: dict[str, object] | None = None,
    ) -> None:
        """One revision on, with its event."""
        row.revision += 1
        row.updated, row.updated_by = now_utc(), self._actor.name[:200]
        self._session.flush()
        tell(self._session, self._actor, row, what, why, key=self._name_key(key), details=details)
        self._session.flush()

    def _name_key(self, key: str) -> str | None:
        """A key counts for who sent it alone: nobody can take another's."""
        return f"{self._actor.id[:90]}\n{make_plain(key)}" if key else None

    def _find_event(self, key: str) -> PairEvent | None:
        named = self._name_key(key)
        if named is None:
            return None
        return self._session.scalar(select(PairEvent).where(PairEvent.idempotency_key == named))

    def _replay(self, event: PairEvent, what: str, name: str) -> StoredPairRow:
        if (event.what, event.pair) != (what, name):
            raise Conflict(
                f"This idempotency_key was used before: a pair was {event.what} with it. Use a new key.",
                param="idempotency_key",
            )
        return find_pair(self._session, name)


def weigh_approval(actor: Actor, row: StoredPairRow, findings: Sequence[Finding]) -> Approval:
    """Whether `actor` may approve a pair as it is, and if not, whether a recorded reason would do."""
    if not may(actor, Action.APPROVE_PAIRS):
        return Approval("Only an approver may approve pairs.", needs_waiver=False)
    if row.state != "submitted":
        return Approval(f"The pair is {row.state}: only a submitted one can be approved.", needs_waiver=False)
    reasons = [finding.sentence for finding in list_stops(findings)]
    if actor.id in row.editors:
        reasons.insert(0, "You wrote, changed or submitted this pair yourself: let somebody else approve it.")
    if not reasons:
        return Approval("", needs_waiver=False)
    return Approval(
        f"{' '.join(reasons)} Or give the reason for an exception in `waiver`.", needs_waiver=True
    )


def find_pair(session: Session, name: str) -> StoredPairRow:
    """A pair as it is now. Raises NotFound."""
    row = session.get(StoredPairRow, make_plain(name)[:80], populate_existing=True)
    if row is None:
        raise NotFound(f"There is no pair {make_plain(name)[:80]!r}. List them: GET /v1/pairs")
    return row


def new_id() -> str:
    return f"pair-{secrets.token_hex(8)}"


def _apply(before: Pair, edit: Edit) -> Pair:
    after = replace(
        before,
        question=before.question if edit.question is None else edit.question,
        answer=before.answer if edit.answer is None else edit.answer,
        kind=edit.kind or before.kind,
        evidence=before.evidence if edit.evidence is None else edit.evidence,
        language=edit.language or before.language,
        licence=before.licence if edit.licence is None else edit.licence,
    )
    if not edit.own_words:
        return after
    if fold_question(after.question) == fold_question(before.question) and before.consent != "staff":
        raise BadRequest(
            "own_words: the question is still as it was. Write it in your own words first.", param="question"
        )
    # What a patron said before the question is the patron's as well.
    return replace(after, consent="staff", history=())
