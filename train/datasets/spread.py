"""How the pairs of a version spread over collections, people, places and decades: bias that can be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from retrieval.records import Record
from train.pairs.pair import Pair

UNKNOWN = "not known"
MOST_ROWS = 40
"""Rows a table shows; the rest is counted in `more`."""
DOMINANT = 0.5
"""The share of all pairs from which on one value is said to dominate."""
_MOST_DECADES = 3
"""A date that covers more is a date of a whole collection rather than of what was asked about."""

_ORIGINS = {
    "feedback": "patrons' questions",
    "staff": "written by staff",
    "import": "from files",
    "draft": "drafted by a model and reviewed (synthetic)",
}
_CONSENTS = {
    "patron": "the patron",
    "staff": "staff, by writing it",
    "file": "whoever imported the file",
    "none": "nobody",
}


@dataclass(frozen=True, slots=True)
class Table:
    """How `total` pairs spread over one property: (value, pairs), the largest first.

    A pair counts once for each of its values, so the rows may add up to more. `said` is how a sentence
    says it of the pairs, such as "are about".
    """

    key: str
    title: str
    said: str
    total: int
    rows: tuple[tuple[str, int], ...]
    more: int = 0

    def percent(self, pairs: int) -> int:
        return round(100 * pairs / self.total) if self.total else 0

    def describe_dominant(self) -> str:
        """A sentence where one value stands for half of the pairs or more; "" elsewhere."""
        known = [row for row in self.rows if row[0] != UNKNOWN]
        if not known or known[0][1] < DOMINANT * self.total:
            return ""
        value, pairs = known[0]
        if pairs == self.total:
            return f"All {pairs} pairs {self.said} {value}." if pairs > 1 else ""
        return f"{pairs} of {self.total} pairs ({self.percent(pairs)} %) {self.said} {value}."


def spread_pairs(pairs: Sequence[Pair], records: Mapping[str, Record]) -> tuple[Table, ...]:
    """Tables of what the pairs themselves say."""
    named = {record.collection_id: record.collection for record in records.values() if record.collection}

    def collections(pair: Pair) -> Iterable[str]:
        return [named.get(one, one) for one in pair.collections]

    wanted: tuple[tuple[str, str, str, Callable[[Pair], Iterable[str]]], ...] = (
        ("collection", "Collections", "are about", collections),
        ("kind", "Kinds", "are", lambda pair: ["answers" if pair.kind == "answer" else "refusals"]),
        ("origin", "Where they come from", "are", lambda pair: [_ORIGINS[pair.origin]]),
        ("source", "Source files", "rest on", lambda pair: [item.source for item in pair.evidence]),
        ("contributor", "Contributors", "were contributed by", lambda pair: [pair.contributor]),
        ("approver", "Approved by", "were approved by", lambda pair: [pair.approver]),
        ("language", "Languages of the pairs", "are in", lambda pair: [pair.language]),
        ("licence", "Licences", "have the licence", lambda pair: [pair.licence]),
        (
            "consent",
            "Who agreed to the use",
            "may be used by leave of",
            lambda pair: [_CONSENTS[pair.consent]],
        ),
    )
    return tuple(_count(key, title, said, pairs, values) for key, title, said, values in wanted)


def spread_records(pairs: Sequence[Pair], records: Mapping[str, Record]) -> tuple[Table, ...]:
    """Tables of what the records behind the pairs say: people, places, decades, languages, materials."""

    def of(values: Callable[[Record], Iterable[str]]) -> Callable[[Pair], Iterator[str]]:
        def find(pair: Pair) -> Iterator[str]:
            for item in pair.evidence:
                if item.record_id in records:
                    yield from values(records[item.record_id])

        return find

    grounded = [pair for pair in pairs if pair.evidence]
    wanted: tuple[tuple[str, str, str, Callable[[Record], Iterable[str]]], ...] = (
        ("person", "People and bodies named", "name", _people),
        ("place", "Places named", "name", lambda record: record.places),
        ("decade", "Decades", "are about the", _decades),
        ("material_language", "Languages of the material", "rest on material in", lambda one: [one.language]),
        ("material", "Kinds of material", "rest on material of the kind", lambda record: record.kinds),
        (
            "level",
            "Levels of description",
            "rest on a description of the level",
            lambda record: [record.level],
        ),
    )
    return tuple(_count(key, title, said, grounded, of(values)) for key, title, said, values in wanted)


def _people(record: Record) -> Iterable[str]:
    return [*record.names, *record.senders, *record.recipients]


def _decades(record: Record) -> Iterator[str]:
    if record.dates_inherited:
        return
    for span in record.spans:
        first, last = int(span.first[:4]) // 10, int(span.last[:4]) // 10
        if last - first < _MOST_DECADES:
            yield from (f"{decade}0s" for decade in range(first, last + 1))


def _count(
    key: str, title: str, said: str, pairs: Sequence[Pair], values: Callable[[Pair], Iterable[str]]
) -> Table:
    counted: Counter[str] = Counter()
    for pair in pairs:
        found = {" ".join(value.split()) for value in values(pair)} - {""}
        counted.update(found or {UNKNOWN})
    rows = sorted(counted.items(), key=lambda row: (-row[1], row[0]))
    return Table(key, title, said, len(pairs), tuple(rows[:MOST_ROWS]), max(0, len(rows) - MOST_ROWS))
