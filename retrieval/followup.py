"""A follow-up made whole enough to search for.

"And from her sister?" says nothing to an index. Where a question leans on the one before it, the
earlier question's words go along. This is a rule of thumb, not understanding: it adds words, it
never takes any away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LEANING = re.compile(
    r"^(?:and|but|or|what about|how about|any (?:more|others?|later|earlier))\b"
    r"|\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|that|this|those|these|there|"
    r"the same|later|earlier|another|others?)\b",
    re.IGNORECASE,
)
_SHORT = 4


def complete_question(question: str, earlier: Sequence[str]) -> str:
    """The text to search for: `question`, led by the newest of the `earlier` questions if it leans on it."""
    if not earlier:
        return question
    leans = bool(_LEANING.search(question)) or len(question.split()) <= _SHORT
    return f"{earlier[-1]} {question}" if leans else question
