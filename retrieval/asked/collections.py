"""Collections a question names by their titles, or by enough of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval.asked.correction import Corrector
from retrieval.asked.tokens import Token
from retrieval.asked.vocabulary import KnownCollection, Vocabulary
from retrieval.asked.words import STOP_WORDS

_HEADS = frozenset(
    """
    papers collection collections records record archive archives fonds manuscripts family families
    photographs letters album albums nachlass papiere sammlung papiers archivo arquivo colecao coleccion
    """.split()
)
_FIRM = frozenset(
    "papers collection collections records archive archives fonds nachlass papiere papiers".split()
)
"""Heads after which hardly anything but a collection's title is meant."""
_FAMILY = frozenset({"family", "families"})
_INSIDE = frozenset("and of for the".split())
_DEFINITE = frozenset("the your a this that".split())
_PLAIN = frozenset(
    """
    family families papers paper collection collections records record archive archives fonds manuscripts
    manuscript letters letter photographs photograph album albums documents other files file research
    correspondence collected miscellaneous personal business special history library university materials
    diaries diary scrapbooks interviews court church birth death school military service census town city
    county state local land tax legal financial official public private old new early war woman women
    """.split()
)
"""Words that tell no collection from another by themselves."""
_LONGEST = 9
MOST = 3
"""Collections beyond which a title is too vague to be a reading."""


@dataclass(frozen=True, slots=True)
class AskedCollection:
    """Collections that the tokens from `start` to `end` (not included) may name."""

    found: tuple[KnownCollection, ...]
    start: int
    end: int


def read_collections(
    tokens: Sequence[Token], vocabulary: Vocabulary, corrector: Corrector
) -> tuple[AskedCollection, ...]:
    """Collections named in full, by their head noun ("the Marsh papers"), or as "the papers of ..."."""
    found: list[AskedCollection] = []
    for one in (
        *_read_titles(tokens, vocabulary), *_read_heads(tokens, vocabulary, corrector),
        *_read_of(tokens, vocabulary, corrector),
    ):  # fmt: skip
        if not any(one.start < other.end and other.start < one.end for other in found):
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.start))


def _read_titles(tokens: Sequence[Token], vocabulary: Vocabulary) -> Iterator[AskedCollection]:
    """Whole titles of two words or more, with or without their head noun."""
    for start, first in enumerate(tokens):
        if first.word in STOP_WORDS:
            continue
        for end in range(min(len(tokens), start + _LONGEST), start + 1, -1):
            run = tokens[start:end]
            told = any(one.capital for one in run) or sum(one.word not in _PLAIN for one in run) > 2
            if run[-1].word in STOP_WORDS or not told:
                continue
            titled = vocabulary.find_titled([one.word for one in run])
            if titled and not all(word in _PLAIN for word in titled[0].words):
                yield AskedCollection(tuple(titled[:MOST]), start, end)
                break


def _read_heads(
    tokens: Sequence[Token], vocabulary: Vocabulary, corrector: Corrector
) -> Iterator[AskedCollection]:
    """ "the Marsh family papers": the words before a head noun, as many of them as some title has."""
    for place in range(len(tokens) - 1, 0, -1):  # from the end: "family papers" before "family"
        if tokens[place].word not in _HEADS:
            continue
        for start in range(_go_left(tokens, place), place):
            if tokens[start].word in STOP_WORDS | _INSIDE:
                continue
            run = tokens[start:place]
            definite = (start > 0 and tokens[start - 1].word in _DEFINITE) or tokens[place].word in _FAMILY
            if not (definite or any(one.capital for one in run)):
                continue
            words = corrector.correct_all(run)
            proper = any(corrector.look_up(word).is_proper and word not in _PLAIN for word in words)
            told = proper or any(one.capital for one in run)
            if not told and not _may_tell_one(words, tokens[place].word):
                continue
            best = _choose(words, tokens[place].word, vocabulary)
            names = [word for word, token in zip(words, run, strict=True) if token.capital]
            if not best and 1 < len(names) < len(words):
                best = _choose(names, tokens[place].word, vocabulary)  # "the Ann Marsh sewing collection"
            if not told and (len(best) != 1 or not _says_most(words, best[0])):
                continue
            if best:
                corrector.note_all(run, words)
                yield AskedCollection(best, start, place + 1)
                break


def _may_tell_one(words: Sequence[str], head: str) -> bool:
    """Whether plain words before a firm head may be a title: two or more that tell something."""
    return head in _FIRM and sum(word not in _PLAIN | STOP_WORDS for word in words) > 1


def _says_most(words: Sequence[str], known: KnownCollection) -> bool:
    """Whether plain words say at least half of what a title says."""
    own = [word for word in known.words if word not in _PLAIN | STOP_WORDS and not word.isdigit()]
    return 2 * sum(word in words or f"{word}s" in words or word.rstrip("s") in words for word in own) >= len(
        own
    )


def _read_of(
    tokens: Sequence[Token], vocabulary: Vocabulary, corrector: Corrector
) -> Iterator[AskedCollection]:
    """ "the papers of Anne Marsh": the capitalised words after a head noun and "of"."""
    for place, head in enumerate(tokens):
        if (
            head.word not in _FIRM
            or place + 2 >= len(tokens)
            or tokens[place + 1].word not in ("of", "de", "von")
        ):
            continue
        start = place + 2
        while start < len(tokens) and tokens[start].word in ("the", "la", "der"):
            start += 1
        end = start
        while (
            end < len(tokens)
            and end - start < _LONGEST
            and (tokens[end].capital or tokens[end].word in _INSIDE)
        ):
            end += 1
        for last in range(end, start, -1):
            words = corrector.correct_all(tokens[start:last])
            best = _choose(words, head.word, vocabulary)
            if best:
                corrector.note_all(tokens[start:last], words)
                yield AskedCollection(best, place, last)
                break


def _go_left(tokens: Sequence[Token], head: int) -> int:
    """The farthest place to which a title before the head noun may reach."""
    start = head
    while (
        start > 0
        and head - start < _LONGEST
        and (tokens[start].is_joined or tokens[start].gap.strip() in ("&", ","))
    ):
        before = tokens[start - 1]
        if before.word in STOP_WORDS and before.word not in _INSIDE and not before.capital:
            break
        start -= 1
    return start


def _other_number(word: str, vocabulary: Vocabulary) -> str:
    """The plural of a singular, or the reverse, where titles have that and not the word: "lock of hair"."""
    if vocabulary.find_collections([word]):
        return word
    other = word.removesuffix("s") if word.endswith("s") else f"{word}s"
    return other if vocabulary.find_collections([other]) else word


def _choose(words: Sequence[str], head: str, vocabulary: Vocabulary) -> tuple[KnownCollection, ...]:
    """The collections that have all the words, those that say no more first; none when too many do."""
    wanted = [word for word in words if word not in STOP_WORDS and word not in _INSIDE]
    if not wanted or all(word in _PLAIN or word.isdigit() for word in wanted):
        return ()
    found = vocabulary.find_collections(wanted) or vocabulary.find_collections(
        [_other_number(word, vocabulary) for word in wanted]
    )
    if not found:
        return ()
    heads = _FAMILY if head in _FAMILY else {head, head.rstrip("s"), f"{head}s"}
    with_head = [one for one in found if heads & set(one.words)]
    if head not in _FIRM and not with_head:
        return ()
    if "collection" not in head and with_head:
        found = with_head
    exact = [
        one for one in found if set(one.words) <= {*wanted, head, "family", "papers", "collection", "records"}
    ]
    chosen = exact or found
    return tuple(chosen) if len(chosen) <= MOST else ()
