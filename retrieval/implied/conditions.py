"""Until when material is closed, out of the wording of its conditions governing access.

Most notes close nothing ("open for research", "by appointment", "stored off-site"), and many close
only a part ("Box 27 is restricted until 2040"), which then holds for the records that it names and no
others: the note itself is shown with every record it comes down to. Where a note can be read in two
ways, the stricter is taken. No day of today comes into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from retrieval.dates import read_dates
from retrieval.dates.calendar import move_year
from retrieval.implied.closure_scope import Scope, is_named, read_scope
from retrieval.records import Record
from retrieval.spans import WITHOUT_END, Span

_SENTENCE = re.compile(r"(?<=[.;!?\])])\s+(?=[A-ZÀ-Þ\[(\"“])|\n+")
_LABEL = re.compile(r"^(?P<label>[^:]{2,120}): (?=\S)")
_OPENING = re.compile(
    r"\b(?:no|without(?: any)?|not|never|free (?:of|from)|no longer|not been)\s+"
    r"(?:access\s+|known\s+|any\s+)*"
    r"(?:restrict\w*|closed|sealed)\b|\bun-?restricted\b"
    r"|\brestrictions? (?:has|have|was|were) (?:been )?(?:lifted|removed|expired)\b"
    r"|\b(?:formerly|previously|was|were) (?:closed|restricted|sealed)\b[^.;]*",
    re.IGNORECASE,
)
_CLOSED_TO = r"to|until|for|through|indefinitely|permanently|during|by|in|from|and|at"
_CLOSING = re.compile(
    r"\b(?:"
    + "|".join(
        (
            rf"closed?(?= (?:{_CLOSED_TO})\b|[\W\d]*$)",
            r"closed|restricted|sealed|embargoed?|withheld|unavailable|inaccessible|off[ -]limits",
            r"access restrictions? (?:until|for)|restriction (?:until|for|expires)",
            r"not\s+(?:\w+\s+){0,2}?(?:open|available|accessible)|no (?:public )?access",
            r"cannot be (?:accessed|consulted|viewed|seen|used)",
            r"may not be (?:accessed|consulted|viewed|seen|opened|examined)",
            r"will\s+(?:not\s+)?(?:be\s+|become\s+)?(?:open(?:ed)?|available|accessible|released|unsealed)",
            r"(?:to be |be )opened|opens?\s+(?:on|in|after)|becomes?\s+(?:open|available)",
            r"open(?:ed)? (?:\d+ years )?after",
            r"gesperrt|fermée?s?|non communicables?|cerrad[oa]s?|restringid[oa]s?|vedad[oa]s?|restrit[oa]s?",
        )
    )
    + r")(?!\w)",
    re.IGNORECASE,
)
_PREDICATE = re.compile(
    r"\b(?:is|are|be|been|remains?|was|were|will|has|have|currently|presently)\W+(?:\w+\W+)?$", re.IGNORECASE
)
_NOT_CLOSING = re.compile(
    r"\b(?:"
    + "|".join(
        (
            r"restricted to (?!(?:\w+ )?(?:until|all)\b)",
            r"see (?:the )?(?:item|folder|box|container|series|file)",
            r"preservation|appointment|reading room|in-house|(?:photo)?copying|reproduc\w+",
            r"publication|publish",
            r"duplicat\w+|handling|circulat\w+|user? cop(?:y|ies)|surrogates?|interlibrary|advance",
            r"copyright|available (?:only )?(?:through|via|on|in|at|for use in)",
            r"not available (?:online|digitally|on ?line|remotely|for loan|through)",
            r"(?:may|might|could) (?:be|contain|include)(?=[^.;]*\brestrict)",
            r"restrictions? (?:may |might )?apply",
            r"may only be (?:used|consulted|viewed)|closed stacks?|library is closed|not restricted",
            r"closed (?:on|for the) (?:holidays?|weekends?|sundays?|summer)",
            r"with(?:out)? (?:the )?(?:written |prior )?permission",
        )
    )
    + r")\b",
    re.IGNORECASE,
)
_CLOSED_FOR_SURE = re.compile(
    r"\b(?:until|for \d+ years|closed (?:to|for)|sealed|embargo\w*)\b", re.IGNORECASE
)
_UNTIL = re.compile(
    r"\b(?P<word>until|till|til|up to|to|through|thru|before|prior to|bis|jusqu['’](?:en|au)|hasta|até)\s+"
    r"(?P<after>after\s+)?(?P<date>[^;:()]*\d{4})",
    re.IGNORECASE,
)
_OPENS = re.compile(
    r"\b(?:open(?:s|ed)?|available|accessible|released|unsealed|expires?|ends?|lifted)\b[^.;]{0,40}?"
    r"\b(?P<word>in|on|after|from|as of|beginning|starting|by|at the end of)\s+(?P<date>[^;:()]*\d{4})",
    re.IGNORECASE,
)
_YEARS = re.compile(r"\b(?P<number>\d{1,3}|[a-z]+(?:[ -][a-z]+)?)[ -]years?\b(?P<rest>[^.;]*)", re.IGNORECASE)
_NUMBERS = {
    "five": 5, "ten": 10, "fifteen": 15, "twenty": 20, "twenty-five": 25, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "seventy-five": 75, "eighty": 80, "ninety": 90,
    "one hundred": 100, "hundred": 100,
}  # fmt: skip
_CREATION = re.compile(
    r"\b(?:creation|created|of origin|of (?:the )?(?:records?|documents?|files?|items?|materials?)|old|latest"
    r"|dates? of (?:the )?(?:most recent|last)|last date|recorded)\b",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"\b(?:death|birth|lifetime|life ?time|demise|die[sd]?|living|graduat\w+)\b", re.IGNORECASE
)
_IN_BRACKETS = re.compile(r"\(([^()]*\d{4}[^()]*)\)")
_REFERS_BACK = re.compile(
    r"^\W*(?:it|they|these|this|those|which|both|all of (?:it|them))\b"
    r"(?! \w+ (?:collection|papers|records)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Closure:
    """What one sentence closes. `until` is the last day closed, or WITHOUT_END; `years_from_creation`
    counts from the last day of the record itself instead, with `until` for what is undated."""

    scope: Scope
    until: str
    years_from_creation: int = 0

    def end(self, spans: Sequence[Span]) -> str:
        """The last day on which material of these dates is closed."""
        if not self.years_from_creation:
            return self.until
        if not spans:
            return self.until
        created = date.fromisoformat(max(span.last for span in spans))
        return move_year(created, self.years_from_creation).isoformat()


def find_closure(record: Record) -> str:
    """The last day on which a record's material is closed by its notes, as ISO 8601.

    WITHOUT_END where no day is told ("lifetime of the donor", "[RESTRICTED]"), "" where nothing closes it.
    Of several closures that hold, the longest counts.
    """
    ends = [
        closure.end(record.spans)
        for closure in read_closures(record.access)
        if is_named(closure.scope, record)
    ]
    return max(ends, default="")


@lru_cache(maxsize=16384)
def read_closures(text: str) -> tuple[Closure, ...]:
    """All that a text of conditions closes, in the order of its sentences; none where it is open."""
    found: list[Closure] = []
    for sentence in _sentences(text):
        closure = _read_sentence(sentence)
        if closure is None:
            continue
        if found and _REFERS_BACK.match(sentence) and closure.scope.is_whole:
            before = found[-1]
            until = closure.until if closure.until != WITHOUT_END else before.until
            years = closure.years_from_creation or before.years_from_creation
            found[-1] = replace(before, until=until, years_from_creation=years)
        else:
            found.append(closure)
    return tuple(found)


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text):
        rest = sentence.strip()
        label = _LABEL.match(rest)
        while label and not _CLOSING.search(_OPENING.sub("", label["label"])):
            rest = rest[label.end() :]
            label = _LABEL.match(rest)
        if rest:
            yield rest


def _read_sentence(sentence: str) -> Closure | None:
    plain = _OPENING.sub(" ", sentence)
    match = _find_closing(plain)
    if not match:
        return None
    if _NOT_CLOSING.search(plain) and not (_CLOSED_FOR_SURE.search(plain) and _has_term(plain)):
        return None
    until, years = _read_term(plain)
    return Closure(read_scope(plain, match.start()), until, years)


def _find_closing(text: str) -> re.Match[str] | None:
    """What closes: the verb rather than an adjective, "Restricted images are closed for 60 years"."""
    matches = list(_CLOSING.finditer(text))
    verbs = (match for match in matches if _PREDICATE.search(text[: match.start()]))
    return next(verbs, matches[0] if matches else None)


def _has_term(text: str) -> bool:
    """Whether a term is told: then "restricted ... until 2040" closes, whatever else the sentence says."""
    return bool(_UNTIL.search(text) or _OPENS.search(text) or _YEARS.search(text))


def _read_term(text: str) -> tuple[str, int]:
    """The last day closed, and the years from creation where those decide."""
    if _PERSONAL.search(text):
        return WITHOUT_END, 0
    years = _read_years(text)
    until = _read_until(text)
    if not years:
        return until or WITHOUT_END, 0
    number, rest = years
    bracketed = _IN_BRACKETS.search(text)
    told = _last_day(bracketed[1]) if bracketed else ""
    if _CREATION.search(rest) or _CREATION.search(text):
        return told or WITHOUT_END, number
    since = _last_day(rest)
    if since:
        return move_year(date.fromisoformat(since), number).isoformat(), 0
    return told or until or WITHOUT_END, 0


def _read_years(text: str) -> tuple[int, str] | None:
    for match in _YEARS.finditer(text):
        word = match["number"].lower()
        number = (
            int(word) if word.isdigit() else _NUMBERS.get(word) or _NUMBERS.get(word.rpartition(" ")[2], 0)
        )
        if 0 < number <= 150:
            return number, match["rest"]
    return None


def _read_until(text: str) -> str:
    """ "until July 01, 2022" ends on the day before; "through 2030" and "open in 2030" with the year.

    "until December 31, 2022" ends with that day: who names the last of a month means it.
    """
    match = _UNTIL.search(text)
    if match:
        first, last = _days(match["date"])
        if not first:
            return ""
        ends_month = first == last and (date.fromisoformat(last) + timedelta(days=1)).day == 1
        inclusive = match["word"].lower() in {"through", "thru"} or match["after"] or ends_month
        return last if inclusive else (date.fromisoformat(first) - timedelta(days=1)).isoformat()
    match = _OPENS.search(text)
    if match:
        first, last = _days(match["date"])
        if not first:
            return ""
        on_a_day = first == last and match["word"].lower() not in {"after", "at the end of"}
        return (date.fromisoformat(first) - timedelta(days=1)).isoformat() if on_a_day else last
    return ""


def _days(text: str) -> tuple[str, str]:
    spans = read_dates(text[-60:]).spans
    return (spans[-1].first, spans[-1].last) if spans else ("", "")


def _last_day(text: str) -> str:
    spans = read_dates(text).spans
    return max((span.last for span in spans), default="")
