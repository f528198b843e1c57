"""Who stands on one side of a letter: the names in "[Barzillai] Hudson & [George] Goodwin"."""

from __future__ import annotations

import re
from functools import lru_cache

from retrieval.implied.kinds import kinds_in_title
from retrieval.implied.name_words import FIRST_NAMES, PARTICLES, SHORT_FORMS, SUFFIXES, TITLES
from retrieval.implied.names import fold_letters, is_body

_OTHER_FORM = re.compile(r"^(\S.*\S) \[([A-Z][^\]]* [^\]]+)\]$")
_BRACKETS = re.compile(r"[\[\]?<>\"“”]")
_POSSESSIVE = re.compile(r"['’]s?$")
_FULL_STOP = re.compile(r"(?<=[a-z]{4})\.$")
_SUFFIX = re.compile(r", (Jr|Sr)$")
_ACRONYM = re.compile(r"^[A-Z]{3,}$")
_PARENTHESES = re.compile(r"\s*\([^()]*\)")
_REMARK = re.compile(r"\s+\[(?:[a-z]|\d)[^\]]*\]|:\s*\[?(?:ca?\.|circa|n\.\s?d|undated|\d{4}).*$")
""" "Marsh, Anne [drafts]: 1905, 1907, n.d." """
_LABEL = re.compile(r"^\[[^\]]*\]\.\s*")
_AND = re.compile(r"\s+(?:and/or|and|&|und|et)\s+")
_RELATION = re.compile(
    r"^(?:(?:his|her|their|my|the|a|an|dear|dearest)\s+)*"
    r"(?:(?:own|eldest|younger|older|step|half|grand|future|late|beloved)[ -]?)*"
    r"(?:mothers?|fathers?|parents?|sisters?|brothers?|wife|wives|husband|sons?|daughters?|children|child|uncle"
    r"|aunts?|cousins?|niece|nephew|friends?|grandma|grandpa|grandmother|grandfather|mama|papa|mom|dad|family"
    r"|folks|home|in-law)\b[,:]?\s*",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"^[A-ZÀ-ÞŠŽ][^\W\d_]*(?:['’.\-]+[^\W\d_]*)*,?$")
_DATES = re.compile(
    r"(?:,?\s*\(?(?:b\.|ca?\.|circa)?\s*\d{4}.*|,?\s*undated.*|,?\s*\([^()]*\))$", re.IGNORECASE
)
_NOBODY = frozenset(
    """
    various unknown unidentified anonymous others persons person people several sundry miscellaneous family
    associates colleagues readers fans admirers students pupils clients customers constituents employees
    alumni soldiers members friends relatives correspondents individuals all none no everyone
    someone self same undated
    """.split()
)
_NO_NAME = frozenset(
    """
    a an the circular report reports copy copies draft memo memorandum invitation agreement application
    submission notice notices response reply replies answer request requests introduction reference guide
    key index list lists contribution contributions preface foreword appendix supplement addendum road route
    map trip visit visits travel north south east west upper lower welcome thanks gift gifts support tribute
    opposition objection claim claims petition petitions proposal proposals bill bills act order orders
    instructions directions return returns plan plans notes material materials papers letters letter series
    january february march april june july august september october november december monday sunday
    address remarks toast ode lines verses poem speech message testimonial memorial dedication
    group box folder volume part chapter page item miscellany
    """.split()
)
"""Words that a title may have where a name would stand: "Reply to Scott", "Supplement to the act"."""
_STATES = frozenset(
    """
    alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho
    illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota
    mississippi
    missouri montana nebraska nevada ohio oklahoma ontario oregon pennsylvania quebec tennessee texas utah
    vermont wisconsin wyoming england scotland ireland wales france germany italy spain canada mexico
    australia tasmania queensland london paris philadelphia boston colombia brazil china japan india russia
    """.split()
)
_ROLES = frozenset(
    """
    manager secretary solicitor president chairman director minister treasurer editor attorney engineer
    organiser organizer agent clerk inspector commissioner superintendent consul ambassador
    lawyer publisher printer merchant physician librarian architect teacher principal dean trustee member
    delegate officer
    """.split()
)
_LONGEST_NAME = 6


@lru_cache(maxsize=65536)
def read_parties(side: str) -> tuple[str, ...]:
    """Names on one side of a letter, in order, brackets taken out; none where no name can be told.

    Two forms of one name ("Humphrey Marshall [Humphry Marshall]") come out as two. A surname that
    stands once for two ("George and John Johnstone") is given to both.
    """
    side = _REMARK.sub("", _LABEL.sub("", side.strip()))
    both = _OTHER_FORM.match(side)
    if both and len(both[1].split()) > 1:
        return tuple(dict.fromkeys(read_parties(both[1]) + read_parties(both[2])))
    text = " ".join(_BRACKETS.sub("", side).split()).strip(" ,;:-")
    text = _RELATION.sub("", text) if _RELATION.match(text) else text
    if not text:
        return ()
    before, comma, behind = text.partition(",")
    if comma and is_body(behind) and not is_body(before):
        text = before  # "R. Andrews, Port Phillip and Southern Stevedoring Co."
    if is_body(text) and "&" in text:
        return (text,) if _is_firm(text) else _share_surname(_AND.split(text))
    return _share_surname(_AND.split(text))


def are_people(side: str) -> bool:
    """Whether one side of "X to Y" is people by their full names, and not a place."""
    names = read_parties(side)
    return bool(names) and all(is_person(name) for name in names)


@lru_cache(maxsize=65536)
def is_person(title: str) -> bool:
    """Whether a whole title is the name of a person, with no more than dates or a remark behind it.

    In direct order a first name has to be a known one, or there has to be an initial or a form of
    address: "Publication Activities" is nobody.
    """
    plain = _DATES.sub("", " ".join(_BRACKETS.sub("", _REMARK.sub("", title)).split())).strip(" ,;:.")
    name = read_person(plain)
    if not name or name.rstrip(".") != plain.rstrip("."):
        return False
    if is_body(name) and not _is_inverted(name.split(",")):
        return False
    if "," in name:
        inverted = name.split(",")
        return len(inverted[0].split()) <= 3 and 1 <= len(inverted[1].split()) <= 4
    words = [fold_letters(word).strip(".,") for word in name.replace(".", ". ").split()]
    known = words[0] in FIRST_NAMES or words[0] in TITLES or words[0] in SHORT_FORMS
    return len(words) > 1 and (known or any(len(word) == 1 for word in words[:-1]))


@lru_cache(maxsize=65536)
def read_person(text: str) -> str:
    """One name as it is written, less what describes it ("C. Young, Secretary, WWF"); "" for no name."""
    outside = _PARENTHESES.sub("", text) if "(" in text else text
    outside = _REMARK.sub("", outside) if "[" in outside or ":" in outside else outside
    name = _POSSESSIVE.sub("", " ".join(_BRACKETS.sub("", outside).split()).strip(" ,;:"))
    parts = [part.strip() for part in name.split(",") if part.strip()]
    if not parts:
        return ""
    kept = _undescribed(parts)
    words = " ".join(kept).replace(".", ". ").split()
    if len(words) > _LONGEST_NAME or not _are_name_words(words):
        return ""
    plain = [fold_letters(word).strip(",'’") for word in words]
    if _is_inverted(kept):
        return _tidy(kept)
    known = plain[0] in FIRST_NAMES and len(plain) > 1
    if _is_no_name(plain[0]) or (not known and len(plain[-1]) > 1 and _is_no_name(plain[-1])):
        return ""
    if kinds_in_title(name) or (len(parts) > 1 and plain[-1] in _STATES):
        return ""
    return _tidy(kept)


def _tidy(parts: list[str]) -> str:
    return _SUFFIX.sub(r", \1.", _FULL_STOP.sub("", ", ".join(parts)))


def _is_inverted(parts: list[str]) -> bool:
    """Whether a known first name, or an initial, follows the comma: then "Church, Norval L." is a person."""
    given = fold_letters(parts[1]).replace(".", ". ").split() if len(parts) > 1 else []
    return bool(given) and (given[0] in FIRST_NAMES or any(len(word.strip(".")) == 1 for word in given))


def _is_no_name(word: str) -> bool:
    known = word in FIRST_NAMES or word in SHORT_FORMS
    return word in _NOBODY or word in _STATES or (word in _NO_NAME and not known)


def _undescribed(parts: list[str]) -> list[str]:
    """The parts of a name between commas that are name: surname and given in inverted order, and suffixes."""
    first = parts[0].split()
    kept = [parts[0]]
    rest = parts[1:]
    if rest and any(fold_letters(word).strip(".") in _ROLES - FIRST_NAMES for word in rest[0].split()):
        return kept
    alone = len(first) == 1 or (fold_letters(first[0]).strip(".") in PARTICLES and len(first) < 4)
    if (
        alone
        and rest
        and _are_name_words(rest[0].split())
        and not _ACRONYM.match(rest[0])
        and len(rest[0].split()) < 5
    ):
        kept.append(rest.pop(0))
    suffix = next((part for part in rest[:1] if fold_letters(part).strip(".") in SUFFIXES), "")
    return [*kept, suffix] if suffix else kept


def _are_name_words(words: list[str]) -> bool:
    return bool(words) and all(
        _CAPITAL.match(word) or fold_letters(word).strip(".") in PARTICLES for word in words
    )


def _share_surname(parts: list[str]) -> tuple[str, ...]:
    """Names of several: a lone first name takes the surname of the next ("Charles and Catherine Dickens")."""
    if len(parts) == 2 and len(parts[0].split()) == 1 and "," not in parts[1]:
        last = parts[1].split()
        suffixless = [word for word in last if fold_letters(word).strip(".") not in SUFFIXES]
        if fold_letters(parts[0]).strip(".") in TITLES and len(suffixless) > 1:
            parts = [" ".join([parts[0], *suffixless[1:]]), parts[1]]  # "Mr. and Mrs. John Carver"
        elif len(suffixless) > 1:
            parts = [f"{parts[0]} {suffixless[-1]}", parts[1]]
    names = (read_person(_RELATION.sub("", part) if _RELATION.match(part) else part) for part in parts)
    return tuple(dict.fromkeys(name for name in names if name))


def _is_firm(text: str) -> bool:
    """ "George McDowell & Son", "Brown & Co." are one party; "Hudson & Goodwin" are two."""
    last = fold_letters(_AND.split(text)[-1]).strip(". ")
    return last in {"son", "sons", "co", "company", "bro", "bros", "brother", "brothers", "cie", "sohn"}
