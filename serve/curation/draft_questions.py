"""What may be asked about a record, from its fields: for a model that writes no questions of its own."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from retrieval.records import Kind, Record

_PLURALS: dict[Kind, str] = {
    "letter": "letters", "diary": "diaries", "photograph": "photographs", "map": "maps",
    "drawing": "drawings", "print": "prints", "film": "films", "interview": "interviews",
    "minutes": "minutes",
    "account": "account books", "newspaper": "newspapers", "clipping": "clippings", "scrapbook": "scrapbooks",
    "poster": "posters", "report": "reports", "speech": "speeches",
}  # fmt: skip
_LONGEST = 90
_TELLING = 4
"""Words of a title that says by itself what is meant; "Correspondence" and "1904" do not."""
_TITLE_END = " .,;:"


def make_questions(record: Record, rng: random.Random) -> list[str]:
    """Questions that the record answers, the more particular ones first, their wording drawn by `rng`."""
    made = [*_ask_for_letters(record, rng), *_ask_for_kind(record, rng), *_ask_for_title(record, rng)]
    return list(dict.fromkeys(question for question in made if len(question) <= 2 * _LONGEST))


def _ask_for_letters(record: Record, rng: random.Random) -> Iterator[str]:
    year = _year(record)
    if record.senders and record.recipients:
        sender, recipient = _say(record.senders[0]), _say(record.recipients[0])
        when = f" in {year}" if year else ""
        yield rng.choice(
            (
                f"Do you have letters from {sender} to {recipient}{when}?",
                f"Did {sender} write to {recipient}{when}?",
                f"Which letters did {sender} send to {recipient}{when}?",
            )
        )
    elif record.senders:
        sender = _say(record.senders[0])
        yield rng.choice((f"Do you have letters from {sender}?", f"What did {sender} write?"))


def _ask_for_kind(record: Record, rng: random.Random) -> Iterator[str]:
    about = next((_say(name) for name in record.names), "") or next(iter(record.places), "")
    plural = next((_PLURALS[kind] for kind in record.kinds if kind in _PLURALS), "")
    year = _year(record)
    when = f" from {year}" if year else ""
    if about and plural:
        asked = rng.choice(("Do you have", "Are there"))
        yield f"{asked} {plural}{when} that name {about}?"
    if about:
        yield rng.choice(
            (f"What do you have about {about}{when}?", f"Do you have anything about {about}{when}?")
        )


def _ask_for_title(record: Record, rng: random.Random) -> Iterator[str]:
    title = record.title.strip(_TITLE_END)
    if not title or len(title) > _LONGEST:
        return
    if not record.names and len(title.split()) < _TELLING and record.collection not in ("", record.title):
        yield f"What is there under “{title}” in the {record.collection}?"
        return
    yield rng.choice((f"Where can I find {title}?", f"Do you have {title}?"))
    if record.container:
        yield f"Which box holds {title}?"


def _say(name: str) -> str:
    """`Marsh, Ellen, 1871-1938` the way people say it."""
    last, comma, rest = name.partition(", ")
    if not comma:
        return name
    first = re.sub(r",?\s*(?:\(?(?:b\.|d\.|ca\.|\d{3,4})).*$", "", rest).strip(" ,")
    return f"{first} {last}" if first else last


def _year(record: Record) -> str:
    years = None if record.dates_inherited else record.years
    return str(years[0]) if years and years[0] == years[1] else ""
