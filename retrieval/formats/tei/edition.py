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
from retrieval.formats.identifiers import make_unique, slug
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.prose import local
from retrieval.formats.tei.dates import TeiDate
from retrieval.formats.tei.header import Header, children_named, read_header
from retrieval.formats.tei.letters import bodies_of, read_entries, read_letters
from retrieval.formats.tei.manuscript import read_manuscript
from retrieval.formats.tei.people import read_register
from retrieval.formats.tei.records import make_letter, make_manuscript, make_text
from retrieval.formats.tei.text import transcribe
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
            yield make_letter(letter, header, path, number if len(letters) > 1 else -1)
        return
    described = [node for node in children_named(tei, "msdesc") if not _is_empty(node)]
    words = "\n".join(filter(None, map(transcribe, bodies_of(tei))))
    if described and not words:
        for node in described:
            manuscript = read_manuscript(node, register)
            _warn(manuscript.dates, path, problems)
            yield from make_manuscript(manuscript, header, path)
    elif words:
        yield from make_text(tei, words, read_entries(tei), header, path)


def _is_empty(described: _Element) -> bool:
    """Whether an msDesc only says where the original lies."""
    return not any(local(child) not in {"msidentifier", "additional"} for child in described)


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
