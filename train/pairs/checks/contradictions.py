"""Whether an approved pair answers the same question otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from train.pairs.checks.approved import Neighbour
from train.pairs.checks.claim import blank
from train.pairs.checks.claims import read_claims
from train.pairs.checks.containers import read_containers
from train.pairs.checks.context import Context
from train.pairs.checks.dates_named import read_named_dates
from train.pairs.checks.finding import Finding, Severity, join_words, shorten
from train.pairs.checks.languages import primary_tag
from train.pairs.checks.numbers_named import read_numbers
from train.pairs.pair import Pair

_YES = re.compile(r"^\W*(?:yes|ja|oui|sí|si|sim|sì|da|tak|да|はい)\b", re.IGNORECASE)
_NO = re.compile(r"^\W*(?:no|nein|non|não|nao|nee|nej|nei|nie|нет|いいえ)\b", re.IGNORECASE)
_CITED = re.compile(r"[\[【][\d\s,;–-]+[\]】]")
_OUTER = frozenset({"box", "reel", "volume", "carton", "drawer"})
_NOUN = re.compile(r"\s+([^\W\d_]{3,})")


def check_contradiction(pair: Pair, context: Context) -> Iterator[Finding]:
    """Pairs that ask the same and answer otherwise: other dates, numbers, containers, names, yes and no.

    From other passages other dates and names may well be right too: then it is a hint.
    """
    for neighbour in context.approved.find_neighbours(pair):
        plain = find_opposite(pair, neighbour.pair)
        difference = plain or find_difference(pair, neighbour.pair)
        if difference:
            common = _have_common_evidence(pair, neighbour.pair)
            sure = neighbour.nearness != "meaning" and (common or bool(plain))
            yield _describe(
                context.approved.called, neighbour, difference, common, "warn" if sure else "hint"
            )


def find_opposite(one: Pair, other: Pair) -> str:
    """That one answers and the other does not, or one says yes and the other no; "" else."""
    if one.kind != other.kind:
        if one.kind == "answer":
            return "this pair answers and that one says “not found”"
        return "this pair says “not found” and that one answers"
    if (_YES.match(one.answer) and _NO.match(other.answer)) or (
        _NO.match(one.answer) and _YES.match(other.answer)
    ):
        here, there = (answer.split()[0].strip(",.:;!") for answer in (one.answer, other.answer))
        return f"this one begins with “{here}”, that one with “{there}”"
    return ""


def find_difference(one: Pair, other: Pair) -> str:
    """What two answers say of the same thing that cannot both be so, in words; "" where there is nothing."""
    if "refusal" in (one.kind, other.kind):
        return ""
    here, there = _CITED.sub(" ", one.answer), _CITED.sub(" ", other.answer)
    return (
        _compare(_containers_of(here), _containers_of(there))
        or _compare(_dates_of(here), _dates_of(there))
        or _compare(_counts_of(here), _counts_of(there))
        or _compare(_names_of(here, one), _names_of(there, other))
    )


_Stated = dict[str, dict[object, str]]
"""What an answer states, by what it is said of ("box", "letter"), each value with its words."""


def _compare(here: _Stated, there: _Stated) -> str:
    for subject in here:
        ours, theirs = here[subject], there.get(subject, {})
        if ours and theirs and not set(ours) & set(theirs):
            said, said_there = (join_words(list(dict.fromkeys(v.values()))[:3]) for v in (ours, theirs))
            return f"this one says {said}, that one {said_there}"
    return ""


def _containers_of(text: str) -> _Stated:
    stated: _Stated = {}
    for container in read_containers(text):
        words = text[container.start : container.end]
        stated.setdefault(container.kind, {}).update((number, words) for number in container.numbers)
    outer = {kind: values for kind, values in stated.items() if kind in _OUTER}
    return outer or stated


def _dates_of(text: str) -> _Stated:
    """Years, and days within one year: "3 May 1905" and "1905" agree, "3 May" and "4 May" do not."""
    years: dict[object, str] = {}
    days: dict[object, str] = {}
    for date in read_named_dates(text):
        words = text[date.start : date.end]
        for year, month, day in date.readings:
            if year:
                years[year] = words
            if month and day:
                days[(month, day)] = words
        if date.years:
            years.update((year, words) for year in range(date.years[0], date.years[1] + 1))
    return {"year": years, "day": days}


def _counts_of(text: str) -> _Stated:
    """Numbers by the word behind them, so that "23 letters" is not held against "3 boxes"."""
    areas = [(one.start, one.end) for one in read_containers(text)]
    areas += [(one.start, one.end) for one in read_named_dates(text)]
    rest = blank(text, areas)
    stated: _Stated = {}
    for value, start, end in read_numbers(rest):
        if noun := _NOUN.match(rest, end):
            key = noun[1].lower().rstrip("s")
            stated.setdefault(key, {})[value] = f"{rest[start:end]} {noun[1]}"
    return stated


def _names_of(text: str, pair: Pair) -> _Stated:
    """Names that the question does not have: those are the answer."""
    asked = pair.question.casefold()
    names = {
        claim.words.casefold(): claim.words
        for claim in read_claims(text, primary_tag(pair.language))
        if claim.kind == "name" and claim.words.casefold() not in asked
    }
    parts: dict[object, str] = {}
    for name, words in names.items():
        parts.update((word, words) for word in name.split() if len(word) > 2)
    return {"name": parts}


def _have_common_evidence(one: Pair, other: Pair) -> bool:
    return bool({item.record_id for item in one.evidence} & {item.record_id for item in other.evidence})


def _describe(
    called: str, neighbour: Neighbour, difference: str, common: bool, severity: Severity
) -> Finding:
    same = "the same question" if neighbour.nearness == "same" else "nearly the same question"
    where = " from the same passage" if common else ""
    return Finding(
        code="contradiction",
        severity=severity,
        sentence=f"{called} answers {same}{where} otherwise: {difference} "
        f"(“{shorten(neighbour.pair.question)}”). Find out which is right, and correct "
        "or withdraw the other.",
        field="answer",
        others=(neighbour.pair.id,),
    )
