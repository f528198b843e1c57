"""The pair that a judgement makes of an answer, and whose words are in it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.library import Library
from retrieval.prompt import REFUSAL
from serve.curation.answers import Fixed, fix_answer, take_answer
from serve.curation.entries import Entry, list_turns, read_earlier
from serve.curation.evidence import find_index
from serve.curation.likeness import fold_question
from serve.curation.steps import new_id
from serve.curation.tables import InboxEntry, InboxGroup
from serve.plain import make_plain
from serve.tables import Feedback
from serve.wire.inbox import JudgementRequest
from train.pairs.checks.languages import detect_language
from train.pairs.pair import Consent, Pair

LICENCE = "library's own text"
"""Of pairs that come from the reading room: descriptions of the library's own, quoted."""


def compose_pair(
    session: Session, entry: Entry, request: JudgementRequest, library: Library, *, contributor: str
) -> Pair:
    """The pair, under a new id. Raises BadRequest where the judgement does not give one.

    A follow-up brings the turns that it leans on, unless the curator has put it into words of their own.
    """
    fixed = _find_answer(entry, request, library)
    question = make_plain(request.question).strip() if request.verdict != "good" else ""
    own_words = bool(question) and fold_question(question) != fold_question(entry.question)
    consent: Consent = "staff" if own_words else "patron" if entry.agreed else "none"
    needs_earlier = bool(entry.context) and consent == "patron"
    return Pair(
        id=new_id(),
        question=question or entry.question,
        answer=fixed.answer,
        evidence=fixed.evidence,
        history=list_turns(read_earlier(session, entry)) if needs_earlier else (),
        kind="refusal" if fixed.answer == REFUSAL else "answer",
        origin="feedback",
        contributor=contributor,
        consent=consent,
        licence=LICENCE,
        language=detect_language(question or entry.question) or detect_language(fixed.answer) or "en",
    )


def find_sources(
    session: Session, group: InboxGroup, entry: Entry, *, with_earlier: bool, with_corrections: bool
) -> dict[str, str]:
    """Ids of the feedback and kept turns whose words are in a pair, each with its conversation.

    The entry's own; those of the turns before; and those of all corrections that a fix may be taken from.
    """
    sources = {entry.id: entry.conversation}
    if with_earlier:
        sources |= {turn.id: turn.conversation for turn in read_earlier(session, entry)}
    if with_corrections:
        others = session.execute(
            select(Feedback.id, Feedback.conversation)
            .join(InboxEntry, InboxEntry.feedback == Feedback.id)
            .where(InboxEntry.group == group.id, Feedback.corrected_answer != "")
        )
        sources |= {other: conversation or "" for other, conversation in others}
    return sources


def _find_answer(entry: Entry, request: JudgementRequest, library: Library) -> Fixed:
    if request.verdict == "not_held":
        return Fixed(REFUSAL, ())
    index = find_index(library)
    if request.verdict == "good":
        return take_answer(entry, index)
    return fix_answer(entry, index, make_plain(request.answer).strip(), request.evidence)
