"""Questions for timing, in the mix that a reading room hears: names, topics, years, kinds, collections.

Four in ten name a person, four in ten a subject, each of them half with a year and half without; one in ten
asks for a kind of material on a subject, and one in ten for a collection as a whole. Names and subjects are
those of real records (`retrieval_generated`), so that they are in the index and answers are found: a question
without any is quicker. Those without a year pass no filter by date and so leave the most to be ranked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, zip_longest

from retrieval.records import Record
from tests.bench.retrieval_generated import make_questions

EACH = 40
"""Questions of a tenth of the mix."""
_YEAR = re.compile(r" (?:in|from|of) \d{4}(?=[.?])")
_TOPIC = re.compile(r"(?:about|Anything on) (.+?) (?:in|from) \d{4}")
_KINDS = ("photographs", "letters", "minutes", "diaries", "reports")


def ask_as_patrons(records: Sequence[Record]) -> list[str]:
    """The questions, kinds of question taking turns."""
    made = make_questions(records)
    named, topical = ([one.text for one in made[kind]][: 4 * EACH] for kind in ("name_year", "topic_year"))
    topics = [found[1] for text in topical if (found := _TOPIC.search(text))]
    wholes = [record.title for record in records if record.level == "collection" and record.title]
    kinds = [
        [_leave_out_year(text) if place % 2 else text for place, text in enumerate(named)],
        [_leave_out_year(text) if place % 2 else text for place, text in enumerate(topical)],
        [f"Do you have any {_KINDS[place % 5]} of {topic}?" for place, topic in enumerate(topics[:EACH])],
        [f"What is in the {title}?" for title in wholes[:EACH]],
    ]
    return [text for text in chain.from_iterable(zip_longest(*kinds)) if text]


def _leave_out_year(text: str) -> str:
    return _YEAR.sub("", text)
