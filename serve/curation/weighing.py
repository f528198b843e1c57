"""How badly one answer went, what counts as one complaint, and when two answers need a judgement each."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from retrieval.prompt import REFUSAL
from serve.curation.likeness import fold_question
from serve.schemas import AnswerDetails

DOWN = 1.0
SILENT = 0.5
"""No thumb at all, but no answer either: a conversation that was kept."""
GRAVE = 1.5
"""Times as bad where the patron says that it is wrong, hurts, or that the library does hold it."""
LIGHT = 0.5
"""Times as bad where only its form was disliked."""
UNKNOWN = "unknown"
"""The voice and the signature of answers that nothing vouches for."""
UNVOUCHED = 0.2
_GRAVE = frozenset({"wrong_source", "wrong_fact", "wrong_name_or_date", "we_hold_it", "offensive"})
_LIGHT = frozenset({"too_long"})


def weigh(thumb: str, reasons: Collection[str], *, unanswered: bool, remembered: bool = True) -> float:
    """Badness of one answer: 0 where it was liked, 1 for a thumb down, 1.5 and 0.5 by its reasons.

    A fifth of it where only a client says that there was such an answer.
    """
    if not remembered:
        return UNVOUCHED * weigh(thumb, reasons, unanswered=unanswered)
    if thumb == "up":
        return 0.0
    if thumb != "down":
        return SILENT if unanswered else 0.0
    if _GRAVE.intersection(reasons):
        return DOWN * GRAVE
    return DOWN * LIGHT if reasons and _LIGHT.issuperset(reasons) else DOWN


def is_unanswered(details: AnswerDetails | None, answer: str) -> bool:
    """Whether the patron got no answer: nothing found, a refusal, or the passages alone."""
    if details is None:
        return False
    return details.status in ("not_found", "passages_only") or answer.strip().startswith(REFUSAL)


def name_voice(answer_id: str, conversation: str, *, remembered: bool) -> str:
    """What counts once however often it is sent: a conversation, else an answer.

    What only clients say, of answers that nothing remembers, counts once in each group all together: else
    anybody could bring a question to the top.
    """
    if not remembered:
        return UNKNOWN
    return _digest(f"conversation {conversation}" if conversation else f"answer {answer_id}")


def sign(details: AnswerDetails | None, answer: str, *, unanswered: bool) -> str:
    """The same for answers that one judgement covers: all without an answer, else those that cite the same
    records, and of those that cite none the same words."""
    if unanswered:
        return "unanswered"
    if details is None:
        return UNKNOWN
    cited = sorted(source.record_id for source in details.sources)
    return _digest("\n".join(cited) if cited else fold_question(answer))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
