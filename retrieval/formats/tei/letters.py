"""Letters in TEI: who wrote to whom, when and from where (correspDesc), and the words (body).

A file may hold one letter, several that its divisions name by `decls`, several acts of correspondence on
one sheet, or no text at all but a list of letters (CMIF, the interchange format of correspSearch).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.iso_dates import span_of, write_date
from retrieval.formats.prose import inline, local
from retrieval.formats.tei.dates import TeiDate, read_dates
from retrieval.formats.tei.header import children_named
from retrieval.formats.tei.people import (
    Named,
    Register,
    join_names,
    read_mentions,
    read_parties,
    read_places,
    write_direct,
)
from retrieval.formats.tei.text import transcribe

_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_SENT = frozenset({"sent", "written", "composed", "dictated", "posted", "from"})
_RECEIVED = frozenset({"received", "addressed", "to"})
_SENT_PARTS = frozenset({"sender", "placesender", "datesender"})
_RECEIVED_PARTS = frozenset({"addressee", "recipient", "placeaddressee", "placerecipient", "dateaddressee"})
"""What stood in a correspDesc before it had correspActions (the draft of the TEI correspondence group, to
2014), which older editions still have."""
_LETTERS = frozenset({"letter", "brief", "lettre", "lettera", "correspondence"})
_ENTRIES = _LETTERS | {
    "entry",
    "diaryentry",
    "diary-entry",
    "diary_entry",
    "journalentry",
    "journal-entry",
    "day",
}
_MOST_IN_TITLE = 3


@dataclass(frozen=True, slots=True)
class Letter:
    """One act of correspondence; `text` are the letter's own words, `note` the editor's about it."""

    id: str
    senders: tuple[Named, ...]
    recipients: tuple[Named, ...]
    sent_from: tuple[Named, ...]
    sent_to: tuple[Named, ...]
    dates: TeiDate
    note: str = ""
    text: str = ""
    link: str = ""
    mentions: tuple[Named, ...] = ()
    several: bool = False

    @property
    def title(self) -> str:
        """ "Theodor Herzl to Arthur Schnitzler, Paris"; "" where neither is known."""
        writers, readers = _write(self.senders), _write(self.recipients)
        if not writers and not readers:
            return ""
        pair = f"{writers or '[unknown]'} to {readers or '[unknown]'}"
        place = self.sent_from[0].name if self.sent_from else ""
        return f"{pair}, {place}" if place else pair

    @property
    def people(self) -> tuple[Named, ...]:
        """Senders, then recipients."""
        return tuple(dict.fromkeys(self.senders + self.recipients))


def read_letters(tei: _Element, register: Register) -> list[Letter]:
    """The letters of a `TEI`; none where it has no `correspDesc`."""
    described = list(children_named(tei, "correspdesc"))
    if not described:
        return []
    bodies = _bodies(tei)
    words = [transcribe(body) for body in bodies]
    divisions = _divisions(bodies)
    assigned = [divisions.get(node.get(_XML_ID, "")) for node in described]
    if len(described) == 1:
        return [_read([described[0]], register, "\n".join(filter(None, words)), bodies)]
    if any(part is not None for part in assigned):
        return [
            _read([node], register, "", [])
            if part is None
            else _read([node], register, transcribe(part), [part])
            for node, part in zip(described, assigned, strict=True)
        ]
    if not any(words):
        return [_read([node], register, "", []) for node in described]
    parts = [part for body in bodies for part in body if part.get("type") == "letter"]
    if len(parts) == len(described):
        return [
            _read([node], register, transcribe(part), [part])
            for node, part in zip(described, parts, strict=True)
        ]
    return [_read(described, register, "\n".join(filter(None, words)), bodies)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A letter or a day of a diary that is a division of a longer text, told by its type alone."""

    id: str
    title: str
    dates: TeiDate
    text: str
    is_letter: bool


def read_entries(tei: _Element) -> list[Entry]:
    """Letters or days, where a text that has no `correspDesc` is divided into at least two of them."""
    found = [
        node
        for body in _bodies(tei)
        for node in body.iter(etree.Element)
        if local(node).startswith("div") and (node.get("type") or "").lower() in _ENTRIES
    ]
    return [_read_entry(node) for node in found] if len(found) > 1 else []


def _read_entry(division: _Element) -> Entry:
    heads = [transcribe(node).replace("\n", " ") for node in division if local(node) == "head"]
    openers = [node for node in division if local(node) in {"opener", "head", "dateline"}]
    dated = [node for part in openers for node in children_named(part, "date")]
    dates = read_dates(dated[:1]) if dated else _date_of(division)
    lines = [
        transcribe(node).replace("\n", " ") for part in openers for node in children_named(part, "dateline")
    ]
    return Entry(
        id=division.get(_XML_ID) or division.get("n") or "",
        title=next(filter(None, (*heads, *lines)), ""),
        dates=dates,
        text=transcribe(division),
        is_letter=(division.get("type") or "").lower() in _LETTERS,
    )


def _date_of(division: _Element) -> TeiDate:
    """The date that a division itself carries as an attribute."""
    when = division.get("when") or ""
    span = span_of(when)
    return TeiDate(write_date(when), (span,)) if span else TeiDate()


def bodies_of(tei: _Element) -> list[_Element]:
    """The `body` elements of a text, those of a group of texts in order."""
    return _bodies(tei)


def _bodies(tei: _Element) -> list[_Element]:
    texts = [child for child in tei if local(child) == "text"]
    return [node for text in texts for node in children_named(text, "body")]


def _divisions(bodies: Sequence[_Element]) -> dict[str, _Element]:
    """Parts of the text by the id of the correspDesc that each says it belongs to."""
    found: dict[str, _Element] = {}
    for body in bodies:
        for node in body.iter(etree.Element):
            for target in (node.get("decls") or "").split():
                found.setdefault(target.removeprefix("#"), node)
    return found


def _read(described: Sequence[_Element], register: Register, text: str, bodies: Sequence[_Element]) -> Letter:
    sent = [action for node in described for action in _actions(node, _SENT, _SENT_PARTS)]
    received = [action for node in described for action in _actions(node, _RECEIVED, _RECEIVED_PARTS)]
    dated = [node for action in sent for node in children_named(action, "date")]
    senders = _parties(sent, register)
    recipients = _parties(received, register)
    mentions = [named for body in bodies for named in read_mentions(body, register)]
    known = {named.id for named in senders + recipients if named.id}
    return Letter(
        id=described[0].get(_XML_ID) or described[0].get("key") or "",
        senders=senders,
        recipients=recipients,
        sent_from=_places(sent, register),
        sent_to=_places(received, register),
        dates=read_dates(dated),
        note=" ".join(filter(None, (inline(n) for node in described for n in _notes(node)))),
        text=text,
        link=_link(described[0]),
        mentions=tuple(dict.fromkeys(named for named in mentions if named.id not in known)),
        several=len(described) > 1,
    )


def _actions(described: _Element, kinds: frozenset[str], parts: frozenset[str]) -> list[_Element]:
    return [
        node
        for node in described.iter(etree.Element)
        if local(node) in parts
        or local(node) == "correspaction"
        and (node.get("type") or "").lower() in kinds
    ]


def _notes(described: _Element) -> Iterator[_Element]:
    """What the editor says of the letter as a whole: that it was never sent, that it is a draft."""
    return (node for node in described if local(node) in {"note", "p"})


def _parties(actions: Sequence[_Element], register: Register) -> tuple[Named, ...]:
    return tuple(dict.fromkeys(named for action in actions for named in read_parties(action, register)))


def _places(actions: Sequence[_Element], register: Register) -> tuple[Named, ...]:
    return tuple(dict.fromkeys(named for action in actions for named in read_places(action, register)))


def _link(described: _Element) -> str:
    reference = (described.get("ref") or "").strip()
    return reference if reference.startswith(("http://", "https://")) else ""


def _write(names: Sequence[Named]) -> str:
    """Names in direct order; of many the first, and how many more."""
    direct = [write_direct(named.name) for named in names]
    if len(direct) > _MOST_IN_TITLE + 1:
        return f"{', '.join(direct[:_MOST_IN_TITLE])} and {len(direct) - _MOST_IN_TITLE} others"
    return join_names(direct)
