"""A passage as questions see it: who wrote to whom, when, where it lies, and what it says of itself.

Everything is read off what `retrieval.prompt` shows the model, so that a right answer can be found there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from demo.training.word_lists import MONTHS
from retrieval.prompt import neutralise, render_heading
from retrieval.records import Hit

FIELDS: dict[str, tuple[str, ...]] = {
    "extent": ("Extent", "Physical description"),
    "access": ("Access", "Conditions governing access", "Restrictions"),
    "creator": ("Creator", "Artist", "Author", "Photographer"),
    "medium": ("Medium", "Material"),
    "subjects": ("Subjects",),
    "dimensions": ("Dimensions",),
    "provenance": ("Provenance", "Custodial history"),
    "credit": ("Credit",),
    "language": ("Language",),
    "nationality": ("Nationality",),
    "accession": ("Accession number",),
    "inscription": ("Inscription",),
}
"""Facts that archives write as "Label: value.", by the labels in use."""

_LABELS = {label: name for name, labels in FIELDS.items() for label in labels}
_LABEL = re.compile(r"(?:^|\n|(?<=[.;] )|(?<=[a-z0-9)] ))([A-Z][a-z]+(?: [a-z]+){0,2}): ")
_WORD = re.compile(r"[^\W_]+")
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20[0-2]\d)(?!\d)")
_SPAN = re.compile(r"(?<!\d)(1[5-9]\d\d|20[0-2]\d)\s*(?:-|–|to)+\s*(1[5-9]\d\d|20[0-2]\d)(?!\d)")
_NAME = r"(?:[A-Z][\w.'’-]*(?:,? |$)){1,4}"
_LETTER = re.compile(
    rf"^(?:Letters?(?: from|,)? |ALS |\d{{4}}[\w ]*[.,] )?({_NAME}?)(?:ALS |TLS )?to ({_NAME}?)"
    r"(?=$|[,;(\[]|\s[;(\[])"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"“A-Z])|\n+")
_MONTH_NAME = "|".join([*(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS), "Sept"])
_MONTH = re.compile(rf"\b({_MONTH_NAME})\b")
_MONTHS_SPANNED = re.compile(
    rf"\b({_MONTH_NAME})\.?(?: \d{{1,2}}\b,?)?\s*(?:-|–|to)\s*(?:\d{{1,2}} )?({_MONTH_NAME})\b"
)
_FULL = {month[:3]: month for month in MONTHS}


@dataclass(frozen=True, slots=True)
class Card:
    """One passage. `years` are those of its heading (a span counts as each of its years), `words` those of
    heading and text, `crumbs` are the titles above it and `elsewhere` their words that it lacks itself,
    `fields` facts by the names of FIELDS. `title` and all words are without an editor's brackets."""

    heading: str
    title: str
    dates: str
    container: str
    sender: str
    recipient: str
    years: frozenset[int]
    months: frozenset[str]
    words: frozenset[str]
    crumbs: tuple[str, ...]
    elsewhere: frozenset[str]
    text: str
    sentences: tuple[str, ...]
    fields: dict[str, str]

    def people(self) -> tuple[str, str]:
        """Writer and reader, empty where the title does not tell."""
        return self.sender, self.recipient


def read_card(hit: Hit) -> Card:
    """Work out a passage's facts from its heading line and text."""
    record = hit.record
    title, heading = drop_brackets(neutralise(record.title)), neutralise(render_heading(hit))
    dated = neutralise(record.heading)
    text = "" if hit.passage.text == record.heading else neutralise(hit.passage.text)
    sender, recipient = _read_people(title)
    words = words_of(drop_brackets(heading)) | words_of(drop_brackets(text))
    crumbs = tuple(drop_brackets(neutralise(crumb)) for crumb in record.breadcrumb)
    return Card(
        heading=heading,
        title=title,
        dates=neutralise(record.dates) if neutralise(record.dates) in heading else "",
        container=neutralise(record.container),
        sender=sender,
        recipient=recipient,
        years=read_years(dated),
        months=read_months(record.dates or title),
        words=words,
        crumbs=crumbs,
        elsewhere=words_of(" ".join(crumbs)) - words,
        text=text,
        sentences=tuple(part for part in _SENTENCE.split(text) if part.strip()),
        fields=_read_fields(text),
    )


def words_of(text: str) -> frozenset[str]:
    """The words of a text, lower case."""
    return frozenset(_WORD.findall(text.lower()))


def count_words(text: str) -> int:
    """How many words a text has."""
    return len(_WORD.findall(text))


def read_years(dated: str) -> frozenset[int]:
    """Every year that a date expression names or spans."""
    years = {int(year) for year in _YEAR.findall(dated)}
    for first, last in _SPAN.findall(dated):
        years.update(range(int(first), int(last) + 1))
    return frozenset(years)


def read_months(dated: str) -> frozenset[str]:
    """Every month that a date expression of one year names or spans: "October-December 1905" has three."""
    months = {_FULL[found[:3]] for found in _MONTH.findall(dated)}
    for first, last in _MONTHS_SPANNED.findall(dated) if len(read_years(dated)) == 1 else ():
        start, stop = (MONTHS.index(_FULL[month[:3]]) for month in (first, last))
        months.update(MONTHS[start : stop + 1])
    return frozenset(months)


def drop_brackets(text: str) -> str:
    """`W[illia]m Taft` as `William Taft`."""
    return text.replace("[", "").replace("]", "")


def _read_people(title: str) -> tuple[str, str]:
    if " to " not in title:
        return "", ""
    found = _LETTER.match(title)
    if not found:
        return "", ""
    sender, recipient = (_turn_upright(name.strip(" ,")) for name in found.groups())
    return (sender, recipient) if sender and recipient else ("", "")


def _turn_upright(name: str) -> str:
    """`Marsh, Ellen` the way people say it."""
    if name.count(", ") == 1:
        last, first = name.split(", ")
        return f"{first} {last}"
    return name


def _read_fields(text: str) -> dict[str, str]:
    marks = list(_LABEL.finditer(text))
    fields: dict[str, str] = {}
    for mark, following in zip(marks, [*marks, None][1:], strict=True):
        name = _LABELS.get(mark[1])
        if name is None or name in fields:
            continue
        end = following.start() if following else len(text)
        value = text[mark.end() : end].strip().split("\n")[0].rstrip(" .;")
        if 0 < len(value) <= 160:
            fields[name] = value
    return fields
