"""TEI to records: letters, manuscript descriptions and other transcriptions, singly or as a corpus.

What is edited together is one collection: its title is that of the series, else that of the holder's
collection, else that of the folder the files lie in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.identifiers import make_unique, path_hash, slug
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.prose import local
from retrieval.formats.tei_dates import TeiDate, read_dates
from retrieval.formats.tei_header import Header, Holding, children_named, read_header
from retrieval.formats.tei_letters import Letter, bodies_of, read_letters
from retrieval.formats.tei_manuscript import Manuscript, read_manuscript
from retrieval.formats.tei_people import Named, read_register, write_direct
from retrieval.formats.tei_text import transcribe
from retrieval.records import Record


@dataclass(frozen=True, slots=True)
class TeiReading:
    """The collection first, then what is edited in it; problems are for staff to look at."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]


def read_tei(root: _Element, path: Path, source: str) -> TeiReading:
    """Records of a parsed `TEI` or `teiCorpus`. Raises SourceError when there is nothing in it."""
    problems: list[SourceError] = []
    items: list[Record] = []
    taken = {"collection"}
    top: Record | None = None
    for tei, corpus in _texts(root):
        header = read_header(tei)
        if top is None:
            top = _make_collection(header, corpus, path, source)
        for record in _read(tei, header, top, path, problems):
            items.append(_place(record, top, len(items) + 1, taken))
    if top is None or not items:
        problem = "is TEI without a text, a letter or a manuscript in it"
        raise SourceError(path, problem, line=root.sourceline, remedy="export it again")
    return TeiReading((top, *items), tuple(problems))


def _texts(root: _Element) -> Iterator[tuple[_Element, Header]]:
    """Each `TEI` with the header of the corpus around it."""
    if local(root) == "teicorpus":
        corpus = read_header(root)
        for node in children_named(root, "tei"):
            yield node, corpus
    else:
        yield root, Header()


def _make_collection(header: Header, corpus: Header, path: Path, source: str) -> Record:
    folder = title_from_name(path.resolve().parent.name)
    title = header.collection or corpus.collection or corpus.title or header.holding.collection or folder
    collection_id = slug(title) or "tei"
    return Record(
        id=f"{collection_id}/collection",
        collection_id=collection_id,
        level="collection",
        title=title,
        collection=title,
        use=corpus.use,
        text=corpus.about or header.about,
        source=source,
    )


def _place(record: Record, top: Record, position: int, taken: set[str]) -> Record:
    """A record in its collection, under an id that no other has; one inside a manuscript stays there."""
    own = make_unique(record.id, taken)
    return replace(
        record,
        id=f"{top.collection_id}/{own}",
        parent_id=f"{top.collection_id}/{record.parent_id}" if record.parent_id else top.id,
        collection_id=top.collection_id,
        collection=top.title,
        breadcrumb=(top.title, *record.breadcrumb),
        position=position,
        use=record.use or top.use,
        source=top.source,
    )


def _read(
    tei: _Element, header: Header, top: Record, path: Path, problems: list[SourceError]
) -> Iterator[Record]:
    register = read_register(tei)
    letters = read_letters(tei, register)
    if letters:
        for number, letter in enumerate(letters):
            _warn(letter.dates, path, problems)
            yield _make_letter(letter, header, path, number if len(letters) > 1 else -1)
        return
    described = [node for node in children_named(tei, "msdesc") if not _is_empty(node)]
    words = "\n".join(filter(None, map(transcribe, bodies_of(tei))))
    if described and not words:
        for node in described:
            manuscript = read_manuscript(node, register)
            _warn(manuscript.dates, path, problems)
            yield from _make_manuscript(manuscript, header, path)
    elif words:
        yield _make_text(tei, words, header, path)


def _is_empty(described: _Element) -> bool:
    """Whether an msDesc only says where the original lies."""
    return not any(local(child) not in {"msidentifier", "additional"} for child in described)


def _make_letter(letter: Letter, header: Header, path: Path, number: int) -> Record:
    held = header.holding
    own_id = slug(letter.id) if number >= 0 else ""
    title = letter.title or header.title or title_from_name(path.stem)
    summary = f"Summary: {header.abstract}" if header.abstract and number < 1 else ""
    note = f"Note: {letter.note}" if letter.note else ""
    mentioned = [named.name for named in letter.mentions]
    facts = _Facts.of(header, held)
    return Record(
        id=own_id or _own_id(header, path, (title, letter.dates.text, str(number))),
        collection_id="",
        level="item",
        title=title,
        collection="",
        dates=letter.dates.text,
        spans=letter.dates.spans,
        call_number=held.call_number,
        identifiers=facts.identifiers,
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
        access=held.access,
        access_from=title if held.access else "",
        use=header.use,
        text="\n".join(filter(None, (summary, note, letter.text))),
        transcribed=bool(letter.text),
        link=letter.link or header.link,
    )


def _make_manuscript(manuscript: Manuscript, header: Header, path: Path) -> Iterator[Record]:
    held = manuscript.holding
    title = manuscript.title or header.title or held.call_number or title_from_name(path.stem)
    facts = _Facts.of(header, held)
    own = Record(
        id=_own_id(header, path, (title,)),
        collection_id="",
        level="item",
        title=title,
        collection="",
        dates=manuscript.dates.text,
        spans=manuscript.dates.spans,
        call_number=held.call_number,
        identifiers=facts.identifiers,
        repository=held.repository,
        creator="; ".join(author.name for author in manuscript.authors[:3]),
        names=tuple(dict.fromkeys(named.name for named in (*manuscript.authors, *manuscript.people))),
        authorities=_authorities((*manuscript.authors, *manuscript.people)),
        places=tuple(dict.fromkeys(named.name for named in manuscript.places)),
        subjects=header.subjects,
        language=manuscript.language or header.language,
        extent=manuscript.extent,
        access=held.access,
        access_from=title if held.access else "",
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


def _make_text(tei: _Element, words: str, header: Header, path: Path) -> Record:
    """A transcription that is no letter: a diary, a notebook, a speech."""
    held = header.holding
    created = [node for part in children_named(tei, "creation") for node in children_named(part, "date")]
    created = created or list(children_named(tei, "origdate"))
    dates = read_dates(created[:1])
    title = header.title or title_from_name(path.stem)
    facts = _Facts.of(header, held)
    return Record(
        id=_own_id(header, path, (title,)),
        collection_id="",
        level="item",
        title=title,
        collection="",
        dates=dates.text,
        spans=dates.spans,
        call_number=held.call_number,
        identifiers=facts.identifiers,
        repository=held.repository,
        creator=header.author,
        names=tuple(filter(None, (write_direct(header.author),))),
        subjects=header.subjects,
        language=header.language,
        extent=held.extent,
        access=held.access,
        access_from=title if held.access else "",
        use=header.use,
        text="\n".join(filter(None, (f"Summary: {header.abstract}" if header.abstract else "", words))),
        transcribed=True,
        link=header.link,
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    """Identifiers that a header and a holder give."""

    identifiers: tuple[str, ...]

    @staticmethod
    def of(header: Header, held: Holding) -> _Facts:
        given = (*header.identifiers, *held.other_numbers)
        return _Facts(tuple(dict.fromkeys(value for value in given if value and value != held.call_number)))


def _own_id(header: Header, path: Path, otherwise: tuple[str, ...]) -> str:
    """The file's own xml:id, else its name, else a digest of what it is."""
    return slug(header.xml_id) or slug(path.stem) or path_hash(otherwise)


def _authorities(people: tuple[Named, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((named.name, named.id) for named in people if named.id))


def _warn(dates: TeiDate, path: Path, problems: list[SourceError]) -> None:
    if dates.contradicts:
        problems.append(
            SourceError(
                path,
                f"has a date whose words and attributes differ: {dates.contradicts}; both are searched",
                line=dates.line,
                remedy="correct the one that is wrong",
            )
        )
