"""What a closing sentence speaks of: all that its note is on or a part, and which records are of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from retrieval.implied.names import fold_letters
from retrieval.records import Record

_MARK = r"[A-Z]{0,3}-?\d+[a-z]?"
_BOX = re.compile(
    r"\b(?P<kind>box(?:es)?|folders?|reels?|cartons?|volumes?|vols?\.?|drawers?|items?|tapes?)\s+"
    rf"(?:nos?\.?\s*|numbers?\s*)?(?P<numbers>(?:{_MARK}(?:\s*(?:[-–,&]|and|to|through|or)\s*(?={_MARK}))?)+)",
    re.IGNORECASE,
)
_SHELF_MARK = re.compile(r"\b[A-Z]{1,4}\d+[a-z]?\b")
_SERIES = re.compile(
    r"\b(?P<kind>(?i:(?:sub-?)?series|groups?))\s+(?P<number>\d+[A-Z]?|[IVXL]+(?:\.[A-Z\d]+)?|[A-Z])\b"
)
_SUBSET = re.compile(
    r"^\W*(?:access to )?(?:some|certain|selected|a few|several|portions?|parts?|sections?|restricted"
    r"|sensitive|confidential|a (?:small )?(?:number|portion|selection)|an?|one|two|three|four|five|\d+)\b"
    r"|\b(?:portions?|parts?|sections?|some) of\b|\bin part\b|\bpartial(?:ly)?\b|\bexcept\b",
    re.IGNORECASE,
)
_PARTLY = re.compile(r"\bin part\b|\bpartial(?:ly)?\b", re.IGNORECASE)
_MARKED = re.compile(r"\[[^\]]*\b(?:closed|restricted|sealed)\b[^\]]*\]", re.IGNORECASE)
"""A closure put beside a container or a title: "27 [closed]"."""
_EXCEPT = re.compile(
    r"\b(?:except(?:ing)?(?: for)?|with the exception of|apart from|other than|but)\s+", re.IGNORECASE
)
_END_OF_EXCEPTION = re.compile(r",|\b(?:which|that|are|is|will|until|has|have)\b", re.IGNORECASE)
_SAYS_RESTRICTED = re.compile(r"\b(?:restricted|closed|confidential|sealed|embargo)", re.IGNORECASE)
_AFTER_COLON = re.compile(r":\s*(?P<list>\S.*)$")
_FOLLOWING = re.compile(r"\bfollowing\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_GENERIC = frozenset(
    """
    a an the this that these those all any entire whole of in on to from for by with and or is are was were be
    been being has have had will which it its they them their access materials material collection collections
    papers records record series subseries file files folder folders item items box boxes group fonds document
    documents content contents container containers following currently presently research researchers use
    public patrons users library archives archive department staff open available remains remain also
    however until at present time within held here listed including include contains containing
    rest remainder note
    unprocessed processed uncatalogued not some certain selected few several portion portions part parts
    section sections restricted sensitive confidential small number selection one two three four five there
    reel reels carton cartons volume volumes interview tape
    """.split()
)
_SAME = {"correspondence": "letter", "photo": "photograph", "journal": "diary", "diarie": "diary"}


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of a description. `boxes` are ("box", "27") and the like, `series` labels such as "series 2".

    `words` must all be said by a record, or by what it stands under; `is_subset` means some only, which
    a record has to say itself.
    """

    boxes: frozenset[tuple[str, str]] = frozenset()
    series: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    is_subset: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it is all that the note is on."""
        return not (self.boxes or self.series or self.words or self.is_subset)


def read_scope(sentence: str, closing: int) -> Scope:
    """What a sentence that closes something speaks of; `closing` is where its closing word begins."""
    if _MARKED.search(sentence):
        return Scope()
    subject = sentence[:closing]
    behind = sentence[closing:]
    listed = _AFTER_COLON.search(sentence) if _FOLLOWING.search(sentence) else None
    if listed:
        return Scope(words=_words(listed["list"]))
    exception = _EXCEPT.search(sentence)
    if exception:
        subject = _END_OF_EXCEPTION.split(sentence[exception.end() :])[0]
    named = subject
    if not _words(subject) and not _boxes(subject):
        inside = re.match(r"\W*\w+\s+(?=(?:box|folder|series|reel)\b)", behind, re.IGNORECASE)
        named = behind if inside else subject
    return Scope(
        boxes=_boxes(named),
        series=_series(named),
        words=_words(_SERIES.sub(" ", _BOX.sub(" ", named))),
        is_subset=bool(_SUBSET.search(subject) or _PARTLY.search(behind[:40])) and not _boxes(named),
    )


def is_named(scope: Scope, record: Record) -> bool:
    """Whether a record is of the part that a closure speaks of; all are of the whole."""
    if scope.is_whole:
        return True
    if scope.is_subset and not _SAYS_RESTRICTED.search(f"{record.title} {record.container}"):
        return False
    if scope.boxes and not _is_in(scope.boxes, record.container):
        return False
    above = " | ".join(fold_letters(title) for title in (*record.breadcrumb, record.title))
    if scope.series and not any(re.search(rf"\b{re.escape(label)}\b", above) for label in scope.series):
        return False
    if not scope.words:
        return True
    return scope.words <= _said(record)


def _said(record: Record) -> frozenset[str]:
    texts = (
        record.title,
        record.dates,
        record.container,
        record.extent,
        *record.breadcrumb[1:],
        *record.subjects,
    )
    return frozenset(word for text in texts for word in _words(text, keep_generic=True))


@lru_cache(maxsize=16384)
def _words(text: str, *, keep_generic: bool = False) -> frozenset[str]:
    words = (word for word in _WORD.findall(fold_letters(text)))
    return frozenset(
        _stem(word) for word in words if keep_generic or (word not in _GENERIC and len(word) > 1)
    )


def _stem(word: str) -> str:
    stem = word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith("ss") else word
    return _SAME.get(stem, stem)


@lru_cache(maxsize=16384)
def _boxes(text: str) -> frozenset[tuple[str, str]]:
    """ "Boxes 27 and 43", "box 5, folders 1-3" as pairs; a bare shelf mark ("OP2a") as a box."""
    found: set[tuple[str, str]] = set()
    for match in _BOX.finditer(text):
        kind = (
            _stem(match["kind"].lower().rstrip(".")).removesuffix("e")
            if "ox" in match["kind"].lower()
            else ""
        )
        kind = kind or _stem(match["kind"].lower().rstrip("."))
        found |= {(kind, number) for number in _numbers(match["numbers"])}
    for mark in _SHELF_MARK.findall(_BOX.sub(" ", text)):
        found.add(("box", mark.lower()))
    return frozenset(found)


def _numbers(text: str) -> list[str]:
    found: list[str] = []
    for part in re.split(r"\s*(?:,|&|\band\b|\bor\b)\s*", text.lower()):
        ends = re.split(r"\s*(?:[-–]|\bto\b|\bthrough\b)\s*", part.strip())
        if (
            len(ends) == 2
            and ends[0].isdigit()
            and ends[1].isdigit()
            and 0 <= int(ends[1]) - int(ends[0]) < 500
        ):
            found += [str(number) for number in range(int(ends[0]), int(ends[1]) + 1)]
        else:
            found += [end for end in ends if end]
    return found


def _series(text: str) -> frozenset[str]:
    return frozenset(f"{match['kind'].lower()} {match['number'].lower()}" for match in _SERIES.finditer(text))


def _is_in(boxes: frozenset[tuple[str, str]], container: str) -> bool:
    """Whether a container is in one of the boxes, and in one of the folders where those are told too."""
    held = _boxes(re.sub(r"\[[^\]]*\]", " ", container))
    kinds = {kind for kind, _ in boxes}
    return all(any((kind, number) in held for k, number in boxes if k == kind) for kind in kinds)
