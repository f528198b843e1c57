"""Letters, manuscripts and other texts read from TEI, as records that have no collection yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lxml.etree import _Element

from retrieval.formats.identifiers import path_hash, slug
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.tei.dates import read_dates, read_filed_date
from retrieval.formats.tei.header import Header, Holding, children_named
from retrieval.formats.tei.letters import Entry, Letter
from retrieval.formats.tei.manuscript import Manuscript
from retrieval.formats.tei.people import Named, write_direct
from retrieval.records import Record


def make_letter(letter: Letter, header: Header, path: Path, number: int) -> Record:
    held = header.holding
    own_id = slug(letter.id) if number >= 0 else ""
    title = letter.title or header.title or title_from_name(path.stem)
    summary = f"Summary: {header.abstract}" if header.abstract and number < 1 else ""
    note = f"Note: {letter.note}" if letter.note else ""
    mentioned = [named.name for named in letter.mentions]
    dates = letter.dates if letter.dates.text or number >= 0 else read_filed_date(header.title, header.day)
    return Record(
        id=own_id or _own_id(header, path, (title, dates.text, str(number))),
        collection_id="",
        level="item",
        title=title,
        collection="",
        dates=dates.text,
        spans=dates.spans,
        call_number=held.call_number,
        identifiers=_identifiers(header, held),
        repository=held.repository,
        creator="; ".join(named.name for named in letter.senders),
        names=tuple(dict.fromkeys(named.name for named in letter.people)),
        senders=tuple(dict.fromkeys(named.name for named in letter.senders)),
        recipients=tuple(dict.fromkeys(named.name for named in letter.recipients)),
        authorities=_authorities((*letter.people, *letter.mentions)),
        places=tuple(dict.fromkeys(named.name for named in (*letter.sent_from, *letter.sent_to))),
        kinds=("letter",),
        subjects=tuple(dict.fromkeys((*header.subjects, *mentioned))),
        language=header.language,
        extent=held.extent,
        access=held.access or header.access,
        access_from=title if held.access or header.access else "",
        use=header.use,
        text="\n".join(filter(None, (summary, note, letter.text))),
        transcribed=bool(letter.text),
        link=letter.link or header.link,
    )


def make_manuscript(manuscript: Manuscript, header: Header, path: Path) -> Iterator[Record]:
    held = manuscript.holding
    title = manuscript.title or header.title or held.call_number or title_from_name(path.stem)
    own = Record(
        id=_own_id(header, path, (title,)),
        collection_id="",
        level="item",
        title=title,
        collection="",
        dates=manuscript.dates.text,
        spans=manuscript.dates.spans,
        call_number=held.call_number,
        identifiers=_identifiers(header, held),
        repository=held.repository,
        creator="; ".join(author.name for author in manuscript.authors[:3]),
        names=tuple(dict.fromkeys(named.name for named in (*manuscript.authors, *manuscript.people))),
        authorities=_authorities((*manuscript.authors, *manuscript.people)),
        places=tuple(dict.fromkeys(named.name for named in manuscript.places)),
        subjects=header.subjects,
        language=manuscript.language or header.language,
        extent=manuscript.extent,
        access=held.access or header.access,
        access_from=title if held.access or header.access else "",
        use=header.use,
        text=manuscript.text,
        link=header.link,
    )
    yield own
    for number, part in enumerate(manuscript.parts, start=1):
        part_title = part.title or f"{title}, item {number}"
        yield replace(
            own,
            id=slug(part.id) or f"{own.id}-{number}",
            title=part_title,
            parent_id=own.id,
            breadcrumb=(title,),
            dates=part.dates.text or own.dates,
            spans=part.dates.spans or own.spans,
            dates_inherited=bool(own.dates and not part.dates.text),
            identifiers=(),
            container=part.locus,
            container_origin="stated" if part.locus else "",
            creator="; ".join(author.name for author in part.authors),
            names=tuple(author.name for author in part.authors),
            authorities=_authorities(part.authors),
            subjects=(),
            extent="",
            access_from=own.access_from,
            text=part.text,
        )


def make_text(
    tei: _Element, words: str, entries: Sequence[Entry], header: Header, path: Path
) -> Iterator[Record]:
    """A transcription that is no single letter: a diary, a speech, a volume with its letters below it."""
    held = header.holding
    created = [node for part in children_named(tei, "creation") for node in children_named(part, "date")]
    created = created or list(children_named(tei, "origdate"))
    dates = read_dates(created[:1])
    if not dates.text and not entries:
        dates = read_filed_date(header.title, header.day)
    title = header.title or title_from_name(path.stem)
    summary = f"Summary: {header.abstract}" if header.abstract else ""
    own = Record(
        id=_own_id(header, path, (title,)),
        collection_id="",
        level="file" if entries else "item",
        title=title,
        collection="",
        dates=dates.text,
        spans=dates.spans,
        call_number=held.call_number,
        identifiers=_identifiers(header, held),
        repository=held.repository,
        creator=header.author,
        names=tuple(filter(None, (write_direct(header.author),))),
        subjects=header.subjects,
        language=header.language,
        extent=held.extent,
        access=held.access or header.access,
        access_from=title if held.access or header.access else "",
        use=header.use,
        text=summary if entries else "\n".join(filter(None, (summary, words))),
        transcribed=not entries,
        link=header.link,
    )
    yield own
    for number, entry in enumerate(entries, start=1):
        yield replace(
            own,
            id=f"{own.id}-{slug(entry.id) or number}",
            level="item",
            title=entry.title or entry.dates.text or f"{title}, {number}",
            parent_id=own.id,
            breadcrumb=(title,),
            dates=entry.dates.text or own.dates,
            spans=entry.dates.spans or own.spans,
            dates_inherited=bool(own.dates and not entry.dates.text),
            identifiers=(),
            kinds=("letter",) if entry.is_letter else ("diary",),
            subjects=(),
            extent="",
            text=entry.text,
            transcribed=True,
        )


def _identifiers(header: Header, held: Holding) -> tuple[str, ...]:
    """Identifiers that a header and a holder give, besides the call number."""
    given = (*header.identifiers, *held.other_numbers)
    return tuple(dict.fromkeys(value for value in given if value and value != held.call_number))


def _own_id(header: Header, path: Path, otherwise: tuple[str, ...]) -> str:
    """The file's own xml:id, else its name, else a digest of what it is."""
    return slug(header.xml_id) or slug(path.stem) or path_hash(otherwise)


def _authorities(people: tuple[Named, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((named.name, named.id) for named in people if named.id))
