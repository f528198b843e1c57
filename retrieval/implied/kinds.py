"""Kinds of material: which ones a record is of, and which one a patron's word means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from retrieval.implied.kind_words import ASKED, NAMED
from retrieval.implied.names import fold_letters
from retrieval.records import Kind, Record

_SHORTHAND = re.compile(
    r"(?<![\w.-])(?:(?:[ATPD](?:L|LS|LsS|NS|N|CyS|Cy)|LS|LsS)\b"
    r"(?=\s*(?:[(,;:\[]|to\b|from\b|[Cc]opy\b|signed|$))"
    r"|ALS\b|TLS\b|[LN](?=\s+(?:to|from)\s)|[AT]\. ?L\. ?[Ss]\.)"
)
"""The trade's letters: autograph, typed, letter, note, signed. DS and AD are documents, MsS a manuscript."""
_SUBJECT = re.compile(
    r"\b(?:re|about|concerning|regarding|relating to|pertaining to|related to|for|on)\b:?\s", re.IGNORECASE
)
_QUOTED = re.compile(r"[\"“][^\"”]{2,}[\"”]|‘[^’]{2,}’")
_MIXED = re.compile(r"\b(?:and|other|papers|etc)\b|[&,;/]", re.IGNORECASE)
_REMARK = re.compile(r"[\[(][^\])]*\bavailable\b[^\])]*[\])]", re.IGNORECASE)
_BARE = re.compile(
    r"^(?:(?i:folders?\b.*|general|miscellaneous|undated.*|[^a-z]*"
    r"|[\W\d]*(?:(?:ca?\.?|circa|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"|winter|spring|summer|fall|autumn|undated|and|to)\b[\W\d]*)+)"
    r"|[A-Z]-?[A-Z]?"
    r"|[A-Z][\w'’-]+, [A-Z][\w'’.-]*(?:[ .][A-Z][\w'’.-]*)*(?:, (?:Jr|Sr)\.?)?(?:\W*[\d\W]+)?)$"
)
"""A title that says when, who or which number, but not what."""
_CAPTIONED: dict[Kind, frozenset[Kind]] = {
    "photograph": frozenset({"photograph"}),
    "film": frozenset({"film", "interview", "speech"}),
    "sound": frozenset({"sound", "interview", "speech"}),
}
"""Kinds whose titles tell what is to be seen or heard, and which other kinds they still may be."""
_SHORT_CAPTION = 3
_LONGEST_HEAD = 12
"""Words of a title within which it says what it is; more are a summary."""
_OTHERWISE = re.compile(
    r"\b(?:manuscripts?|printed|biographical|biography|writings?|notes?|publications?|articles?|forms?|lists?"
    r"|miscellaneous|miscellany|publicity|press|schedules?|applications?|programs?|proposals?|drafts?|proofs?"
    r"|reviews?|resumes?|catalogu?e?s?|research|background|history|histories|indexe?s?|inventory|statistics"
    r"|financial|legal|rosters?|newsletters?|bulletins?|journals?|documents?|cards?|envelopes?|ephemera|blank"
    r"|transcripts?|statements?)\b",
    re.IGNORECASE,
)
_NOT_HERE = re.compile(
    r"\b(?:letters? of (?:recommendation|credit)s? forms?|letter (?:size|head|press)|letterhead"
    r"|photo ?cop(?:y|ies|ied)|annual giving|report cards?|address(?:es|ed)? (?:book|list|of|to|label)s?"
    r"|book ?(?:reviews?|sales?|orders?|jackets?|stores?|shops?|plates?|keeping)|on account|accounts? of"
    r"|film (?:series|festivals?|studies|school|making|makers?)|map ?makers?|photo ?credits?"
    r"|scrap ?books? (?:clubs?|making)|music (?:camps?|schools?|departments?|festivals?|companies)"
    r"|minutes? (?:long|walk|of film)|coins? of|press releases?|news ?letters?)\b",
    re.IGNORECASE,
)
_SUBDIVISION = re.compile(r"\s*--\s*|\s+--\s+")
_QUALIFIER = re.compile(r"\s*\([^)]*\)\s*")
_TOPICS = frozenset({"music", "speech", "speeches", "account", "address", "audio", "film", "bond", "pin"})


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh")) and not word.endswith("ss"):
        return word if word.endswith("s") else f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("ss") else f"{word}s"


def _spread(words: dict[Kind, str]) -> Iterator[tuple[str, Kind]]:
    for kind, listed in words.items():
        for written in listed.split(";"):
            word = fold_letters(" ".join(written.split()))
            yield word, kind
            yield _plural(word), kind


KIND_WORDS: dict[str, Kind] = {**dict(_spread(ASKED)), **dict(_spread(NAMED))}
"""Kind by what it is called, one or two words, lower case without accents, singular and plural."""

_NAMED_WORDS: dict[str, Kind] = dict(_spread(NAMED))
_NAMED = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(re.escape(word) for word in sorted(_NAMED_WORDS, key=len, reverse=True))
    + r")(?!\w)"
)


def find_kinds(record: Record) -> tuple[Kind, ...]:
    """The kinds a record is of, by its own title, genre terms and extent, else by the titles above it.

    A title above counts when it names one kind and nothing else ("Photographs"); one that names more
    ("Letters and personal papers") only for letters, and for a folder that says no more than when or
    who. Nothing rather than a guess.
    """
    own = kinds_in_title(record.title)
    terms = tuple(kind for heading in record.subjects for kind in _kind_of_heading(heading))
    if record.level == "collection":
        return tuple(dict.fromkeys(own + terms))
    above = _inherit(record.breadcrumb, is_bare=is_bare_title(record.title))
    if len(above) == 1 and above[0] in _CAPTIONED:
        if len(record.title.split()) > _SHORT_CAPTION:
            own = tuple(kind for kind in own if kind in _CAPTIONED[above[0]])
        return tuple(dict.fromkeys(above + own + terms))
    own += terms or (_kinds_in(record.extent) if record.extent and not own else ())
    if not own and _is_programme(record):
        own = ("programme",)
    if not own and not _OTHERWISE.search(record.title):
        own = above
    return tuple(dict.fromkeys(own))


def _is_programme(record: Record) -> bool:
    """Whether "Programs" above are of performances, not of work: each has its day."""
    heading = fold_letters(record.breadcrumb[-1]) if record.breadcrumb else ""
    has_day = not record.dates_inherited and any(span.first == span.last for span in record.spans)
    return heading in {"programs", "program"} and has_day


def is_bare_title(title: str) -> bool:
    """Whether a title says only when, who or which number: "1905, July", "Folder 2", "Joy, Henry B."."""
    return bool(_BARE.match(title))


@lru_cache(maxsize=65536)
def kinds_in_title(title: str) -> tuple[Kind, ...]:
    """Kinds that a title names, in order: "ALS to ..." is a letter, "Clippings re photographs" clippings."""
    plain = _REMARK.sub(" ", _QUOTED.sub(" ", title))
    subject = _SUBJECT.search(plain, 3)
    about = " ".join((plain[: subject.start()] if subject else plain).split()[:_LONGEST_HEAD])
    found = _kinds_in(about)
    if _SHORTHAND.search(about) and "letter" not in found:
        found = ("letter", *found)
    return found


def _kinds_in(text: str) -> tuple[Kind, ...]:
    folded = _NOT_HERE.sub(" ", fold_letters(text))
    return tuple(dict.fromkeys(_NAMED_WORDS[match[0]] for match in _NAMED.finditer(folded)))


@lru_cache(maxsize=4096)
def _inherit(titles: tuple[str, ...], *, is_bare: bool) -> tuple[Kind, ...]:
    """Kinds by the nearest title above that names any."""
    for place, title in enumerate(reversed(titles), start=1):
        found = kinds_in_title(title)
        if found:
            is_mixed = len(found) > 1 or bool(_MIXED.search(title))
            if not is_mixed:
                return found
            return ("letter",) if "letter" in found and is_bare and place < len(titles) else ()
        if _OTHERWISE.search(title):
            return ()
    return ()


@lru_cache(maxsize=65536)
def _kind_of_heading(heading: str) -> tuple[Kind, ...]:
    """A genre term is a kind word and no more: "Letters (correspondence)"; "Music camps" is none."""
    parts = _SUBDIVISION.split(_QUALIFIER.sub(" ", heading).strip().rstrip("."))
    for part in (parts[0], parts[-1]):
        word = fold_letters(part.strip())
        if word not in _TOPICS and word in _NAMED_WORDS:
            return (_NAMED_WORDS[word],)
    return ()
