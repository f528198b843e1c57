"""Questions made from the records of an index, with the truth found by scanning the records' own fields.

The scan shares no code with the search: it looks for words and compares years, so that a mistake of
the one is not repeated by the other. What is made for fitting is made with another seed than what is
made for reporting.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.records import Record

NAME = re.compile(r"\b([A-Z][a-z]{2,}) (?:[A-Z]\. )?([A-Z][a-z]{3,})\b(?! (?:Papers|Family|Collection))")
INVERTED = re.compile(r"^([A-Z][a-z]{3,}), ([A-Z][a-z]{2,})\b")
COMMON = frozenset(
    """
    after annual april august december february january july june march november october september
    association board building center church city club college committee company conference
    correspondence council county date department director east film folder foundation general great high
    house institute international items john's lake letter letters library miscellaneous music national
    new news north notes office other papers park personal photographs photos plan plans president press
    print program project publications record records report reports review river room saint school
    series society south special state states street subject the theatre theater town unidentified union
    united university various visit west with young
    """.split()
)
NAME_YEAR = (
    "Do you have letters from {name} in {year}?",
    "Is there anything by {name} from {year}?",
    "I am looking for {name}'s correspondence from {year}.",
    "{name} {year} letters",
)
TOPIC_YEAR = (
    "What do you have on {topic} in {year}?",
    "{topic}, {year}",
    "Any material about {topic} from {year}?",
)
TEXT = (
    "What do you have about {words}?",
    "I am interested in the {filler} of {words}",
    "Is there something on {words} and its {filler}?",
    "the {words} {filler}",
    "anything that describes {words}?",
)
FILLERS = (
    "movement",
    "history",
    "development",
    "experience",
    "background",
    "story",
    "problems",
    "organisation",
    "early days",
    "people",
    "beginnings",
    "everyday life",
    "impact",
)
KIND_WORDS = {
    "photograph": "photographs",
    "diary": "a diary",
    "sound": "audio recordings",
    "film": "film footage",
    "map": "maps",
    "letter": "letters",
    "speech": "speeches",
    "interview": "an interview",
}
KIND_ASKED = ("Do you have {kind} of {name}?", "Is there {kind} by {name}?", "{name}, {kind}")
PLACE = ("Which box holds {title} in the {collection}?", "Where is {title}, {collection}?")
WHOLE = ("How large is the {collection}?", "What is the {collection} about?", "How big are the {collection}?")


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeQuestion:
    """`right` are ids of the records that answer it; none where nothing does."""

    kind: str
    text: str
    right: frozenset[str]


class Scan:
    """The records as plain words, once."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self.own = [_words(" ".join([r.heading, *r.names, *r.senders, *r.recipients])) for r in records]
        self.above = [_words(" ".join([*r.breadcrumb, r.creator])) for r in records]
        self.texts = [_words(r.text) for r in records]
        self.holders: dict[str, set[int]] = {}
        for number, words in enumerate(self.own):
            for word in words | self.above[number] | self.texts[number]:
                self.holders.setdefault(word, set()).add(number)

    def holding(self, words: Sequence[str], *, text: bool = False) -> set[int]:
        """Numbers of records that have all the words in their own line or above it, or in their text."""
        found = set.intersection(*(self.holders.get(word, set()) for word in words))
        return (
            found
            if text
            else {n for n in found if all(word in self.own[n] or word in self.above[n] for word in words)}
        )

    def dated(self, numbers: set[int], year: int) -> set[int]:
        """Those of them whose own dates take in the year, the whole collections and series left out."""
        return {
            n
            for n in numbers
            if (r := self.records[n]).level in ("file", "item")
            and not r.dates_inherited
            and any(int(span.first[:4]) <= year <= int(span.last[:4]) for span in r.spans)
        }

    def ids(self, numbers: set[int]) -> frozenset[str]:
        return frozenset(self.records[n].id for n in numbers)


def make_questions(scan: Scan, seed: int, count: int) -> list[MadeQuestion]:
    """About `count` questions of each kind, those that nothing answers among them."""
    chance = random.Random(seed)
    low = [n for n, record in enumerate(scan.records) if _is_narrow(record)]
    chance.shuffle(low)
    made: list[MadeQuestion] = []
    people = _find_people(scan, low)
    made += _ask_people(scan, people, chance, count)
    made += _ask_kinds(scan, people, chance, count)
    made += _ask_topics(scan, low, chance, count)
    made += _ask_places(scan, low, chance, count)
    made += _ask_wholes(scan, chance, count)
    made += _ask_texts(scan, chance, count)
    return made


def _ask_people(
    scan: Scan, people: Sequence[tuple[str, str, int]], chance: random.Random, count: int
) -> list[MadeQuestion]:
    made = []
    some = list(people)
    chance.shuffle(some)
    surnames = [surname for _, surname, _ in some]
    for (forename, surname, year), other in zip(some[: count * 2], surnames[count:] + surnames, strict=False):
        words = (forename.lower(), surname.lower())
        named = scan.holding(words)
        right = scan.dated(named, year)
        template = chance.choice(NAME_YEAR)
        if 0 < len(right) <= 20:
            text = template.format(name=f"{forename} {surname}", year=year)
            made.append(MadeQuestion(kind="name and year", text=text, right=scan.ids(right)))
        away = year + chance.choice((-1, 1)) * chance.randint(8, 70)
        if not _may_be(scan, scan.holding(words, text=True), away):
            text = template.format(name=f"{forename} {surname}", year=away)
            made.append(MadeQuestion(kind="no such year", text=text, right=frozenset()))
        if not scan.holding((forename.lower(), other.lower()), text=True):
            text = template.format(name=f"{forename} {other}", year=year)
            made.append(MadeQuestion(kind="no such name", text=text, right=frozenset()))
            made.append(
                MadeQuestion(
                    kind="no such name", text=f"Do you have letters by {forename} {other}?", right=frozenset()
                )
            )
        made.append(
            MadeQuestion(
                kind="name", text=f"Do you have letters by {forename} {surname}?", right=scan.ids(named)
            )
        )
    return _take(made, chance, count)


def _ask_kinds(
    scan: Scan, people: Sequence[tuple[str, str, int]], chance: random.Random, count: int
) -> list[MadeQuestion]:
    """A kind of material that somebody's records are of, and one that none of them is nor speaks of."""
    made = []
    for forename, surname, _ in chance.sample(list(people), min(len(people), count * 3)):
        words = (forename.lower(), surname.lower())
        right = scan.holding(words)
        there = {kind for n in right for kind in scan.records[n].kinds}
        said = set().union(*(scan.own[n] | scan.texts[n] for n in scan.holding(words, text=True)))
        for kind, word in KIND_WORDS.items():
            text = chance.choice(KIND_ASKED).format(kind=word, name=f"{forename} {surname}")
            if kind in there:
                some = {n for n in right if kind in scan.records[n].kinds}
                made.append(MadeQuestion(kind="kind", text=text, right=scan.ids(some)))
            elif not any(
                known.startswith(word.split()[-1].lower()[:5])
                or known.startswith(word.removeprefix("a ").removeprefix("an ")[:5])
                for known in said
            ):
                made.append(MadeQuestion(kind="no such kind", text=text, right=frozenset()))
    return _take(made, chance, count)


def _may_be(scan: Scan, numbers: set[int], year: int) -> bool:
    """Whether any of the records is undated or of a span that takes in the year."""
    return any(not (years := scan.records[n].years) or years[0] - 1 <= year <= years[1] + 1 for n in numbers)


def _ask_topics(scan: Scan, low: Sequence[int], chance: random.Random, count: int) -> list[MadeQuestion]:
    made = []
    for number in low[: count * 6]:
        record = scan.records[number]
        words = [w for w in re.findall(r"[A-Za-z]{4,}", record.title) if w.lower() not in COMMON]
        if not 2 <= len(words) <= 6 or NAME.search(record.title) or INVERTED.search(record.title):
            continue
        year = int(record.spans[0].first[:4])
        keys = [word.lower() for word in words]
        right = scan.dated(scan.holding(keys), year)
        if 0 < len(right) <= 10:
            text = chance.choice(TOPIC_YEAR).format(topic=" ".join(words), year=year)
            made.append(MadeQuestion(kind="topic and year", text=text, right=scan.ids(right)))
        away = year + chance.choice((-1, 1)) * chance.randint(60, 150)
        if not _may_be(scan, scan.holding(keys[:2], text=True), away):
            text = chance.choice(TOPIC_YEAR).format(topic=" ".join(words), year=away)
            made.append(MadeQuestion(kind="no topic of that year", text=text, right=frozenset()))
    return _take(made, chance, count)


def _ask_places(scan: Scan, low: Sequence[int], chance: random.Random, count: int) -> list[MadeQuestion]:
    made = []
    for number in reversed(low):
        record = scan.records[number]
        if record.container and len(record.title.split()) >= 2 and record.collection:
            same = {
                n
                for n in scan.holding(sorted(_words(record.title) | _words(record.collection)) or ["?"])
                if scan.records[n].container == record.container
                and scan.records[n].collection == record.collection
                and scan.records[n].title == record.title
            }
            text = chance.choice(PLACE).format(title=record.heading, collection=record.collection)
            made.append(MadeQuestion(kind="place", text=text, right=scan.ids(same | {number})))
        if len(made) >= count:
            break
    return made


def _ask_texts(scan: Scan, chance: random.Random, count: int) -> list[MadeQuestion]:
    """Two rarer words of a description, and words around them that need not be there."""
    made = []
    told = [n for n, record in enumerate(scan.records) if len(record.text) > 200]
    for number in chance.sample(told, min(count, len(told))):
        rare = [
            word
            for word in sorted(scan.texts[number])
            if len(word) > 4 and word.isalpha() and 2 <= len(scan.holders[word]) <= 40
        ]
        if len(rare) >= 2:
            words = chance.sample(rare, 2)
            text = chance.choice(TEXT).format(words=" ".join(words), filler=chance.choice(FILLERS))
            right = scan.ids(scan.holding(words, text=True))
            made.append(MadeQuestion(kind="words of a text", text=text, right=right))
    return made


def _ask_wholes(scan: Scan, chance: random.Random, count: int) -> list[MadeQuestion]:
    wholes = [record for record in scan.records if record.level == "collection"]
    chance.shuffle(wholes)
    return [
        MadeQuestion(
            kind="whole collection",
            text=chance.choice(WHOLE).format(collection=record.title),
            right=frozenset(other.id for other in wholes if other.title == record.title),
        )
        for record in wholes[:count]
    ]


def _find_people(scan: Scan, low: Sequence[int]) -> list[tuple[str, str, int]]:
    found: dict[tuple[str, str], int] = {}
    for number in low:
        record = scan.records[number]
        for text in (record.title, *record.names):
            for match in (NAME.search(text), INVERTED.search(text)):
                if match:
                    pair = (match[2], match[1]) if "," in match[0] else (match[1], match[2])
                    if not {pair[0].lower(), pair[1].lower()} & COMMON:
                        found.setdefault(pair, int(record.spans[0].first[:4]))
    return [(forename, surname, year) for (forename, surname), year in found.items()]


def _is_narrow(record: Record) -> bool:
    years = record.years
    own = record.level in ("file", "item") and not record.dates_inherited
    return own and years is not None and years[1] - years[0] <= 3


def _take(made: Sequence[MadeQuestion], chance: random.Random, count: int) -> list[MadeQuestion]:
    """As many of each kind, without the same text twice."""
    kinds: dict[str, dict[str, MadeQuestion]] = {}
    for question in made:
        kinds.setdefault(question.kind, {}).setdefault(question.text, question)
    return [
        one for some in kinds.values() for one in chance.sample(list(some.values()), min(count, len(some)))
    ]


def _words(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", text.replace("[", "").replace("]", ""))
    folded = "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()
    return set(re.findall(r"[a-z0-9]+", folded))
