"""Questions made over finding aids: a person and a year, or words of a title and a year.

What answers them is read off the records by a scan that knows nothing of any index. For a person:
both names, and a word for letters, stand in the title, the titles above or the text of a component, and
the component's dates cover the year. For a topic: both words stand there, and the year is covered.
Relevance comes from words, which favours lexical search; nobody judged it. (The reference figures that
these are compared with were made in the same way, over components.)

A component without dates of its own has those of the collection above it, thirty or eighty years in
which any year lies. The figures count dates that a component states; those that count the others as
answers too are printed beside them, and in the JSON end in `_inherited`.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.embedding import Embedder
from retrieval.evaluation.gold_match import fold_words
from retrieval.evaluation.measures import discounted_gain, estimate_mean
from retrieval.records import Record
from tests.bench.retrieval_asking import OURS, Asked, ask_all, build_ours, gather_systems
from tests.bench.retrieval_corpus import Corpus

NAMES, TOPICS = 200, 150
_SEED = 1905
_K = 10
_WIDEST = 30
"""Years that the record a question is made from may cover."""
_RARE = 200
"""Records that a topic's word may stand in at most."""
_INVERTED = re.compile(r"^([A-Z][a-z]{2,}), ([A-Z][a-z]{2,})\b(?! [a-z])")
"""A person's name as a title begins with it; in running text it may be a list: "Atlanta, Olympics"."""
_EMPTY = frozenset(
    """
    about after another before between concerning concerns during files folder folders following items
    letter letters month months other others regarding there these those undated various where which
    without written years
    """.split()
)
"""Words that are no topic."""
_LETTERS = {"letter", "letters", "correspondence", "als", "tls", "ls", "postcard", "postcards", "telegram"}
_BY_NAME = (
    "Do you have letters from {0} {1} in {2}?",
    "Is there any correspondence of {0} {1} from {2}?",
    "I am looking for {0} {1}'s letters of {2}.",
)
_BY_TOPIC = ("What do you have about {0} {1} from {2}?", "Anything on {0} and {1} in {2}?")


@dataclass(frozen=True, slots=True)
class Made:
    """A question and the places of the records that answer it.

    `loosely` adds those whose dates are only those of what they belong to.
    """

    text: str
    relevant: frozenset[int]
    loosely: frozenset[int]


class Scan:
    """The words of every record, looked up one word at a time."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._places: dict[str, set[int]] = defaultdict(set)
        for place, record in enumerate(records):
            for word in set(fold_words(" ".join([*record.breadcrumb, record.title, record.text])).split()):
                self._places[word].add(place)

    def count(self, word: str) -> int:
        """How many records hold a word."""
        return len(self._places.get(word, ()))

    def find(
        self, words: Sequence[str], year: int, *, letters: bool, inherited: bool = False
    ) -> frozenset[int]:
        """Places of components that hold all words, and a word for letters if wanted, and cover the year."""
        found = set.intersection(*(self._places.get(word, set()) for word in words))
        if letters:
            found &= set[int]().union(*(self._places.get(word, set()) for word in _LETTERS))
        return frozenset(place for place in found if self._is_of(place, year, inherited))

    def _is_of(self, place: int, year: int, inherited: bool) -> bool:
        record = self._records[place]
        is_component = record.level != "collection" and (inherited or not record.dates_inherited)
        return is_component and covers(record, year)

    def make(self, text: str, words: Sequence[str], year: int, *, letters: bool) -> Made:
        """A question with what answers it."""
        strictly, loosely = (
            self.find(words, year, letters=letters, inherited=any_) for any_ in (False, True)
        )
        return Made(text, strictly, loosely)


def covers(record: Record, year: int) -> bool:
    """Whether a span of the record holds some day of the year."""
    return any(int(span.first[:4]) <= year <= int(span.last[:4]) for span in record.spans)


def gather_people(records: Sequence[Record]) -> frozenset[tuple[str, str]]:
    """Surname and given name of all that the names of records are: "Music, Vocal" is no title's person."""
    found = (_INVERTED.match(name) for record in records for name in record.names)
    return frozenset((one[1], one[2]) for one in found if one)


def make_by_name(records: Sequence[Record], scan: Scan, count: int) -> Iterator[Made]:
    """Questions about a person named in the title of a dated component or right above it."""
    draw, people = random.Random(_SEED), gather_people(records)
    for record, year in _draw_dated(records, draw):
        named = _INVERTED.search(record.title) or _INVERTED.search(" ".join(record.breadcrumb[-1:]))
        if named and (named[1], named[2]) in people and count > 0:
            surname, given = named.groups()
            text = draw.choice(_BY_NAME).format(given, surname, year)
            made = scan.make(text, [surname.lower(), given.lower()], year, letters=True)
            if made.relevant:
                count -= 1
                yield made


def make_by_topic(records: Sequence[Record], scan: Scan, count: int) -> Iterator[Made]:
    """Questions by two words of a title that stand in few records."""
    draw = random.Random(_SEED + 1)
    for record, year in _draw_dated(records, draw):
        words = [
            word
            for word in dict.fromkeys(fold_words(record.title).split())
            if len(word) > 4 and word.isalpha() and word not in _EMPTY and scan.count(word) <= _RARE
        ]
        if len(words) >= 2 and count > 0 and not _INVERTED.search(record.title):
            made = scan.make(draw.choice(_BY_TOPIC).format(*words[:2], year), words[:2], year, letters=False)
            if made.relevant:
                count -= 1
                yield made


def _draw_dated(records: Sequence[Record], draw: random.Random) -> Iterator[tuple[Record, int]]:
    """Records in random order that state a date of their own, with a year of it."""
    for place in draw.sample(range(len(records)), len(records)):
        record = records[place]
        years = None if record.dates_inherited else record.years
        if years and years[1] - years[0] <= _WIDEST and record.level in ("file", "item"):
            yield record, draw.randint(*years)


def make_questions(records: Sequence[Record]) -> dict[str, list[Made]]:
    """Both kinds of question, by the name of their figures."""
    scan = Scan(records)
    return {
        "name_year": list(make_by_name(records, scan, NAMES)),
        "topic_year": list(make_by_topic(records, scan, TOPICS)),
    }


def run_generated(
    corpus: Corpus, embedder: Embedder, cache: Path, rivals: Embedder | None
) -> dict[str, object]:
    """nDCG@10 of both kinds of question, ours and the best rival."""
    root, real = cache / "library", cache / "dev"
    if real.is_dir() and not root.exists():  # its vectors are taken over
        shutil.copytree(real, root)
    index = build_ours(corpus, root, embedder)
    systems = gather_systems(corpus, index, rivals, cache)
    told = dict[str, object]()
    for kind, made in make_questions(corpus.records).items():
        asked = ask_all(systems, [question.text for question in made])
        print(f"\n{kind}: {len(made)} questions over {len(corpus.records):,} records, nDCG@{_K}")
        found = {name: _measure(system, [one.relevant for one in made]) for name, system in asked.items()}
        loosely = {name: _measure(system, [one.loosely for one in made]) for name, system in asked.items()}
        for name, value in found.items():
            latency = asked[name].latency(0.5)
            print(f"{name:<22} {value:6.3f}   inherited {loosely[name]:6.3f}   p50 {latency:6.1f} ms")
        told[f"{kind}_ndcg_{_K}"] = round(found.pop(OURS), 4)
        told[f"{kind}_ndcg_{_K}_inherited"] = round(loosely[OURS], 4)
        if found:
            told[f"best_rival_{kind}_ndcg_{_K}"] = round(max(found.values()), 4)
    return told


def _measure(asked: Asked, answers: Sequence[frozenset[int]]) -> float:
    gains = [
        discounted_gain([float(place in right) for place in found], [1.0] * len(right), _K)
        for right, found in zip(answers, asked.found, strict=True)
    ]
    return estimate_mean(gains).value
