"""Questions for all of something: how many letters somebody wrote in a year, which ones somebody got.

The truth comes from a scan of the titles alone ("Ellen Marsh ALS to Thomas Marsh", "Hains an Scott")
by a pattern of this file, so it does not depend on what enrichment made of the same records. Writers
are taken together when they share the surname and no part of their given names contradicts. Copies of one
letter in two files are one: letters are compared by title and day, and where there is no day by the
start of their text. What a title cannot settle counts neither way: a folder of the person's letters that
covers the year, and a longer name that begins with the one asked for (a married name).
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.embedding import Embedder
from retrieval.evaluation.gold_match import fold_words
from retrieval.evaluation.measures import Estimate, estimate_mean, estimate_share
from retrieval.records import Record
from tests.bench.retrieval_asking import build_ours
from tests.bench.retrieval_corpus import Corpus
from tests.bench.retrieval_generated import covers

QUESTIONS = 60
_SEED = 1812
_HAND = r"(?=\w\w)[AT]?(?:Cy|Df|D|N|Pc|P|L)s?S?\b|letters?|telegrams?"
"""Trade shorthand for what was sent: ALS, TLS, ADfS."""
_PLAIN = re.compile(r"[AT]?Ls?S?|letters?|")
"""What everybody calls a letter. Of notes, copies and drafts one may doubt it."""
_INVERTED = r"(?P<last>[A-Z][\w'’-]+), (?P<first>[A-Z][\w.'’ -]{1,30}?)\.?"
_NAME = r"[A-Z](?:[^\W\d]|[.'’ -]){3,40}?"
_LETTER = re.compile(
    rf"^(?:\d[^.;]*\.\s*)?(?:{_INVERTED}|(?P<sender>{_NAME}),?)\s+(?:(?P<hand>{_HAND})\s+)?(?:to|an)\s+"
    rf"(?P<recipient>{_NAME})(?=[;,(\d]|$)"
)
_CORRECTED = re.compile(r"[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*)* \[([A-Z][\w.'’-]+(?: [A-Z][\w.'’-]+)+)\]")
"""A name as signed and, in brackets, as it should be: the latter counts."""
_YEAR = re.compile(r"\b1[5-9]\d\d\b|\b20[0-2]\d\b")
_NO_NAME = frozenset(
    """
    and the of to from letters letter co company mrs mr miss his her united states department office
    committee board society bank council union association university college
    """.split()
)
_ASKED = {
    "sender": ("How many letters did {0} write in {1}?", "List all letters from {0} in {1}."),
    "recipient": ("How many letters were sent to {0} in {1}?", "Which letters to {0} from {1} do you have?"),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as its title tells it; names as words, `key` the same for copies of it.

    `plain` says that nobody would doubt that it is a letter.
    """

    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    shown: dict[str, str]
    year: int
    key: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question, and the keys of every letter that it asks for."""

    text: str
    role: str
    name: tuple[str, ...]
    year: int
    keys: frozenset[str]


def find_letters(records: Iterable[Record]) -> list[Letter]:
    """Every record whose title says who wrote to whom and that is dated within one year."""
    letters = []
    for record in records:
        title = _CORRECTED.sub(r"\1", record.title).replace("[", "").replace("]", "")
        found = _LETTER.match(title)
        years = {int(year) for year in _YEAR.findall(f"{record.dates} {record.title}")}
        if not found or len(years) != 1 or record.dates_inherited or record.level == "collection":
            continue
        shown = {
            "sender": found["sender"] or f"{found['first']} {found['last']}",
            "recipient": found["recipient"],
        }
        shown = {role: name.strip(" .,") for role, name in shown.items()}
        sender, recipient = (tuple(fold_words(name).split()) for name in shown.values())
        if _is_person(sender):
            letters.append(
                Letter(
                    sender,
                    recipient,
                    shown,
                    years.pop(),
                    key_of(record),
                    bool(_PLAIN.fullmatch(found["hand"] or "")),
                )
            )
    return letters


def key_of(record: Record) -> str:
    """The same for copies of one letter, by its words."""
    is_dated = len(record.spans) == 1 and record.spans[0].first == record.spans[0].last
    begins = record.spans[0].first if is_dated else f"{record.dates} {record.text[:80]}"
    return fold_words(f"{record.title} {begins}")


def make_wanted(letters: Sequence[Letter], count: int) -> list[Wanted]:
    """Questions for everything that one person wrote, or got, in a year: two letters or more."""
    groups: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for role in _ASKED:
        for letter in letters:
            name = getattr(letter, role)
            if _is_person(name):
                same = [
                    other
                    for other in letters
                    if other.year == letter.year and is_same(name, getattr(other, role))
                ]
                doubtful = not all(other.plain for other in same)
                keys = set() if doubtful else {other.key for other in same}
                groups[role, letter.shown[role], letter.year] = keys
    several = sorted(group for group, keys in groups.items() if len(keys) >= 2)
    draw = random.Random(_SEED)
    chosen = draw.sample(several, min(count, len(several)))
    return [
        Wanted(
            draw.choice(_ASKED[role]).format(name, year), role, tuple(fold_words(name).split()), year,
            frozenset(groups[role, name, year]),
        )
        for role, name, year in chosen
    ]  # fmt: skip


def is_same(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two names may be one person's: one surname, and given names that agree or are initials of one."""
    if not one or not other or one[-1] != other[-1]:
        return False
    pairs = list(zip(one[:-1], other[:-1], strict=False))
    return bool(pairs) and all(a.startswith(b) or b.startswith(a) for a, b in pairs)


def is_unsettled(record: Record, wanted: Wanted) -> bool:
    """Whether its title does not settle if a record is one of the letters asked for."""
    told = find_letters([record])
    if told:
        [letter] = told
        begins = getattr(letter, wanted.role)[: len(wanted.name)] == wanted.name
        return letter.year == wanted.year and (begins or not letter.plain)
    held = fold_words(" ".join([record.title, *record.breadcrumb, record.text])).split()
    return set(held).issuperset(wanted.name) and covers(record, wanted.year)


def run_matches(corpus: Corpus, embedder: Embedder, cache: Path) -> dict[str, object]:
    """Set precision and recall of what search lists, and how often its count is right."""
    index = build_ours(corpus, cache / "dev", embedder)
    letters = find_letters(corpus.records)
    wanted = make_wanted(letters, QUESTIONS)
    precision, recall, counted = [], [], []
    for one in wanted:
        result = index.search(one.text)
        unsettled = {key_of(record) for record in result.listed if is_unsettled(record, one)} - one.keys
        listed = {key_of(record) for record in result.listed} - unsettled
        both = len(listed & one.keys)
        precision.append(both / len(listed) if listed else 0.0)
        recall.append(both / len(one.keys))
        counted.append((result.matches or 0) - len(unsettled) == len(one.keys))
        if listed != one.keys:
            print(
                f"{one.text}  wanted {len(one.keys)}, listed {len(listed)}, right {both}, counted {result.matches}"
            )
    print(f"{len(wanted)} questions over {len(letters)} letters whose titles say who wrote to whom")
    told = {
        "matches_precision": estimate_mean(precision),
        "matches_recall": estimate_mean(recall),
        "matches_counted": estimate_share(counted),
    }
    for name, estimate in told.items():
        print(f"{name:<22} {estimate.value:.3f}   {estimate.low:.3f} to {estimate.high:.3f}")
    return {name: _round(estimate) for name, estimate in told.items()}


def _is_person(name: Sequence[str]) -> bool:
    return 2 <= len(name) <= 5 and len(name[-1]) > 2 and not _NO_NAME & set(name)


def _round(estimate: Estimate) -> float | None:
    return round(estimate.value, 4) if estimate.count else None
