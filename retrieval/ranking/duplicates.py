"""The same item described twice, in two formats or two files: found by what both descriptions say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from retrieval.asked.questions import fold_identifier, split_words
from retrieval.records import Record

_PLAIN = frozenset(
    """
    a an and collection files finding aid fonds for from guide in inventory manuscripts of on papers
    records the to
    """.split()
)
_TELLING = 4
"""Words of a title, dates left out, from which on it is taken to be one item's own."""


def find_duplicates(records: Sequence[Record]) -> list[int]:
    """For each record the place of the first one that is the same item, which may be its own."""
    firsts: dict[tuple[object, ...], list[int]] = {}
    found: list[int] = []
    for place, record in enumerate(records):
        same = place
        for key in _keys(record):
            known = firsts.setdefault(key, [])
            same = min([same, *(other for other in known if are_same(records[other], record))])
            known.append(place)
        found.append(found[same] if same < place else place)
    return found


def are_same(one: Record, other: Record) -> bool:
    """Whether two records of different sources describe the same item.

    They share an exact identifier; or title and years agree, and so does what says which item of that
    title it is: the collection, the call number, the box and the day, or the title itself when it has
    words enough.
    Folders with the same title in one finding aid are two folders.
    """
    if one.source == other.source or one.level != other.level and "collection" in (one.level, other.level):
        return False
    if _identifiers(one) & _identifiers(other):
        return True
    if _title(one) != _title(other) or not _agree_days(one, other):
        return False
    if not _agree(_fold(one.container), _fold(other.container)):
        return False
    if one.level == "collection":
        return len(_title(one)) > 1
    return (
        _words(one.collection) == _words(other.collection)
        or (bool(one.call_number) and fold_identifier(one.call_number) == fold_identifier(other.call_number))
        or (len(_title(one)) >= _TELLING and one.years is not None)
        or (bool(one.container) and _is_one_day(one) and one.spans == other.spans)
    )


def _keys(record: Record) -> list[tuple[object, ...]]:
    return [("title", _title(record)), *(("identifier", one) for one in sorted(_identifiers(record)))]


def _identifiers(record: Record) -> frozenset[str]:
    """Those that name one thing in the world; a unit id of one's own is unique in its collection only."""
    return frozenset(one for one in record.identifiers if "/" in one or ":" in one)


def _title(record: Record) -> frozenset[str]:
    return _words(record.title)


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    """A title is held against many others, and the collection's against all of them."""
    words = [word for word in split_words(text) if word not in _PLAIN]
    return frozenset(word for word in words if not word.isdigit()) or frozenset(words)


def _fold(text: str) -> tuple[str, ...]:
    return tuple(split_words(text))


def _is_one_day(record: Record) -> bool:
    return len(record.spans) == 1 and record.spans[0].first == record.spans[0].last


def _agree_days(one: Record, other: Record) -> bool:
    """Whether the dates say the same: equal, or days of a year that is all the other gives."""
    days = [(min(s.first for s in r.spans), max(s.last for s in r.spans)) for r in (one, other) if r.spans]
    if len(days) < 2 or days[0] == days[1]:
        return True
    return any(
        wide == (f"{wide[0][:4]}-01-01", f"{wide[0][:4]}-12-31")
        and wide[0] <= narrow[0]
        and narrow[1] <= wide[1]
        for wide, narrow in (days, days[::-1])
    )


def _agree(one: object, other: object) -> bool:
    return not one or not other or one == other
