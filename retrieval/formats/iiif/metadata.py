"""The label and value pairs of a IIIF manifest, by what they are about.

Labels are whatever a library calls its fields: the usual ones in English, German, French and Italian are
known, the others kept as text under their own label.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from retrieval.dates import date_in_title, read_dates
from retrieval.formats.iiif.values import Json, objects_in, text_of, values_of
from retrieval.formats.iso_dates import span_of
from retrieval.spans import Span

_LABELS = {
    "dates": "date, dates, created, date created, creation date, date issued, date of origin, origin date, "
    "date of creation, period, datum, datierung, entstehungsdatum, entstehungszeit, data, date de creation",
    "creator": "creator, creators, author, authors, artist, photographer, maker, scribe, verfasser, autor, "
    "autorin, urheber, auteur, createur, autore, photographe, fotograf",
    "names": "contributor, contributors, person, persons, people, publisher, personen, sitter",
    "sender": "sender, from, absender, expediteur, writer, letter writer, mittente",
    "recipient": "recipient, addressee, to, empfanger, adressat, destinataire, destinatario",
    "places": "place, places, place of origin, place of publication, place of creation, location depicted, "
    "ort, entstehungsort, lieu, luogo",
    "subjects": "subject, subjects, topic, topics, keyword, keywords, genre, type, form, schlagwort, "
    "schlagworter",
    "language": "language, languages, sprache, langue, lingua",
    "extent": "extent, physical description, format, dimensions, size, umfang, masse, etendue",
    "call_number": "shelfmark, shelf mark, call number, callnumber, signatur, cote, segnatura, reference, "
    "reference number, reference code, local identifier, identifier, identifiers, id, inventory number",
    "repository": "repository, holding institution, institution, library, archive, owner, current location, "
    "besitzer, bibliothek, standort, provider, holder",
    "collection": "collection, collections, collection title, part of, is part of, fonds, sammlung, bestand",
    "access": "access, access restrictions, access conditions, conditions governing access, "
    "restrictions on access, zugang",
    "use": "rights, copyright, license, licence, rights statement, terms of use, "
    "attribution, conditions governing use, lizenz, nutzungsrechte, droits",
    "text": "description, summary, abstract, scope and content, note, notes, beschreibung, transcript, "
    "transcription",
}  # fmt: skip
_SAID_ELSEWHERE = frozenset(
    {"title", "titles", "label", "titel", "titre", "homepage", "link", "url", "permalink"}
)
_ROLE = re.compile(r"\s*\[[a-z][^\]]*\]$")
_FIELD_OF = {label: name for name, labels in _LABELS.items() for label in labels.split(", ")}


@dataclass(slots=True)
class Facts:
    """Values by field; what fits no field is in `others`, under its own label."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def get(self, *names: str) -> list[str]:
        """Values of these fields, each once."""
        return list(dict.fromkeys(value for name in names for value in self.fields.get(name, [])))

    def join(self, name: str) -> str:
        """Values of a field on one line."""
        return "; ".join(self.get(name))


def read_metadata(thing: Json) -> Facts:
    """The `metadata` of a manifest, range or canvas."""
    facts = Facts()
    for pair in objects_in(thing.get("metadata")):
        values = values_of(pair.get("value"))
        labels = [text_of(pair.get("label")), *values_of(pair.get("label"))]
        known = next((_FIELD_OF[key] for label in labels if (key := _normalise(label)) in _FIELD_OF), "")
        if known:
            people = known in {"creator", "names", "sender", "recipient"}
            facts.fields.setdefault(known, []).extend(_ROLE.sub("", v) if people else v for v in values)
        elif values and labels[0] and _normalise(labels[0]) not in _SAID_ELSEWHERE:
            facts.others.append(f"{labels[0].rstrip(':')}: {'; '.join(values)}")
    return facts


def read_date(facts: Facts, thing: Json) -> tuple[str, tuple[Span, ...]]:
    """Dates as written, else the day it is filed under (navDate) or that its label names; what they cover."""
    written = facts.join("dates")
    if written:
        machine = span_of(written) if len(written) <= 10 else None
        return written, (machine,) if machine else read_dates(written).spans
    day = text_of(thing.get("navDate"))[:10].removesuffix("-01-01")
    machine = span_of(day)
    if machine:
        return day, (machine,)
    dated = date_in_title(text_of(thing.get("label")))
    return (dated[0], read_dates(dated[0]).spans) if dated else ("", ())


def _normalise(label: str) -> str:
    plain = unicodedata.normalize("NFD", label.lower())
    return " ".join(re.findall(r"[a-z]+", "".join(c for c in plain if not unicodedata.combining(c))))
