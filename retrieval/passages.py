"""Records to passages: what is indexed, what is shown to a model, and the copy of it that is searched.

A passage belongs to one record. Short records are one passage; longer text is cut at page and
paragraph marks into children of about 150 words that share one sentence with the one before, because
the default embedder reads 256 word pieces and drops the rest without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.records import Passage, Record
from retrieval.words import drop_signs

WORDS = 150
"""Words aimed at in one child passage."""
PIECES = 210
"""Word pieces, estimated, that a child may hold: 256 less room for the heading."""
OVERLAP_WORDS = 40
"""A last sentence longer than this is not repeated in the next child."""

_PAGE = re.compile(r"\f|\n\s*\n|\n|\[(?:p\.|page)\s*\d+\]", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9À-Þ])")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-Z]|[A-Z][a-z]{0,2}|ca|vol|no|pp|approx|ft|lin|cu)\.$")

_SHORTHAND = {
    "ALS": "autograph letter signed",
    "ALsS": "autograph letters signed",
    "AL": "autograph letter",
    "ACyS": "autograph copy signed letter",
    "ANS": "autograph note signed",
    "AN": "autograph note",
    "APcS": "autograph postcard signed",
    "APS": "autograph postcard signed",
    "TLS": "typed letter signed",
    "TLsS": "typed letters signed",
    "TL": "typed letter",
    "TNS": "typed note signed",
    "LS": "letter signed",
    "LsS": "letters signed",
    "DS": "document signed",
    "ADS": "autograph document signed",
}
_TRADE = re.compile(rf"\b({'|'.join(sorted(_SHORTHAND, key=len, reverse=True))})\b")


def cut_record(record: Record) -> list[Passage]:
    """The passages of one record, in order; a record with no text of its own is its heading."""
    pieces = cut_text(describe(record), room=max(60, PIECES - _count_pieces(record.heading)))
    return [
        Passage(id=f"{record.id}#{number}", record_id=record.id, text=piece)
        for number, piece in enumerate(pieces or [record.heading])
    ]


def describe(record: Record) -> str:
    """The record's own text, followed by the facts about it that patrons ask for and the text leaves out.

    Inherited access conditions stay out: they would put one sentence into every passage of a collection.
    """
    text = record.text
    facts = [("Extent", record.extent)]
    if record.level == "collection":
        facts += [("Creator", record.creator), ("Subjects", "; ".join(record.subjects))]
    if record.access_from in ("", record.title):
        facts.append(("Access", record.access))
    added = [f"{label}: {value}" for label, value in facts if value and value not in text]
    return "\n\n".join([text, *added]) if text else "\n\n".join(added)


def cut_text(text: str, room: int = PIECES) -> list[str]:
    """Cut `text` into children of about WORDS words and at most `room` estimated word pieces."""
    children: list[str] = []
    open_child: list[str] = []
    words = pieces = 0
    for sentence in _split_sentences(text, room):
        more, cost = len(sentence.split()), _count_pieces(sentence)
        if open_child and (words + more > WORDS or pieces + cost > room):
            children.append(" ".join(open_child))
            open_child = _repeat_last(open_child, room - cost)
            words = sum(len(kept.split()) for kept in open_child)
            pieces = sum(_count_pieces(kept) for kept in open_child)
        open_child.append(sentence)
        words, pieces = words + more, pieces + cost
    if open_child:
        children.append(" ".join(open_child))
    return children


def render_searchable(text: str) -> str:
    """A copy of `text` as a patron would type it: editorial brackets gone, trade shorthand spelled out.

    `W[illia]m H[oward] Taft TLS` becomes `William Howard Taft TLS typed letter signed`.
    """
    without_brackets = drop_signs(text).replace("[", "").replace("]", "")
    return _TRADE.sub(lambda found: f"{found[0]} {_SHORTHAND[found[0]]}", without_brackets)


def render_body(record: Record, passage: Passage) -> str:
    """What is embedded for a passage: heading first, then the text. The breadcrumb has its own vector."""
    if passage.text == record.heading:
        return render_searchable(record.heading)
    return render_searchable(f"{record.heading}. {passage.text}")


def render_breadcrumb(record: Record) -> str:
    """The breadcrumb as one line, for embedding and for the lexical field."""
    return render_searchable(" > ".join(record.breadcrumb))


def _split_sentences(text: str, room: int) -> Iterator[str]:
    for block in _PAGE.split(text):
        pending = ""
        for part in _SENTENCE_END.split(block):
            pending = f"{pending} {part}".strip() if pending else part.strip()
            if pending and not _ABBREVIATION.search(pending):
                yield from _split_long(pending, room)
                pending = ""
        if pending:
            yield from _split_long(pending, room)


def _split_long(sentence: str, room: int) -> Iterator[str]:
    kept: list[str] = []
    cost = 0
    for word in sentence.split():
        more = _count_pieces(word)
        if kept and (len(kept) >= WORDS or cost + more > room):
            yield " ".join(kept)
            kept, cost = [], 0
        kept.append(word)
        cost += more
    if kept:
        yield " ".join(kept)


def _repeat_last(sentences: list[str], room: int) -> list[str]:
    last = sentences[-1]
    short = len(sentences) > 1 and len(last.split()) <= OVERLAP_WORDS and _count_pieces(last) <= room
    return [last] if short else []


def _count_pieces(text: str) -> int:
    """Word pieces a BERT tokenizer would make of `text`, estimated from the lengths of its words."""
    return sum(1 + max(0, len(word) - 4) // 3 for word in text.split())
