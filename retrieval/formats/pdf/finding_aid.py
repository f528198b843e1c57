"""PDF: a finding aid as a collection and its boxes and folders, any other document page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from retrieval.dates import date_in_title, read_dates
from retrieval.errors import SourceError
from retrieval.formats.identifiers import slug
from retrieval.formats.inventory.files import describe_table
from retrieval.formats.inventory.rows import Table
from retrieval.formats.pdf.containers import read_containers
from retrieval.formats.pdf.pages import Line, Pages, read_pages
from retrieval.formats.pdf.sections import read_sections
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.prose import fold
from retrieval.records import Record

_FEWEST_HEADINGS = 3


@dataclass(frozen=True, slots=True)
class PdfReading:
    """Records of one PDF; `joins` where it is a document among others of its folder, not a finding aid."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]
    joins: bool


def read_pdf(path: Path, source: str, *, link_template: str = "") -> PdfReading:
    """Records of a PDF with text. Raises SourceError for a scan, a locked or a broken file."""
    pages = read_pages(path)
    listed = read_containers(pages.pages)
    sections = read_sections(listed.others, pages.title)
    if not listed.rows and sections.known < _FEWEST_HEADINGS:
        return PdfReading(tuple(_read_document(pages, path, source)), pages.problems, True)
    fields = {name: text for name, text in sections.fields.items() if text}
    fields.setdefault("collection", title_from_name(path.stem))
    fields.setdefault("identifier", fields.get("call_number", "") or path.stem)
    table = Table(rows=listed.rows, problems=list(pages.problems))
    reading = describe_table(path, table, fields, source, link_template=link_template)
    return PdfReading(reading.records, reading.problems, False)


def _read_document(pages: Pages, path: Path, source: str) -> Iterator[Record]:
    """The collection named after the folder, the document, and its pages where there are several."""
    collection = title_from_name(path.resolve().parent.name)
    collection_id = slug(collection) or "documents"
    title = pages.title or title_from_name(path.stem)
    dated = date_in_title(title)
    texts = [_flow(page) for page in pages.pages]
    top = Record(
        id=f"{collection_id}/collection", collection_id=collection_id, level="collection", title=collection,
        collection=collection, source=source,
    )  # fmt: skip
    own = Record(
        id=f"{collection_id}/{slug(path.stem) or 'document'}",
        collection_id=collection_id,
        level="item",
        title=title,
        collection=collection,
        breadcrumb=(collection,),
        parent_id=top.id,
        position=1,
        dates=dated[0] if dated else "",
        spans=read_dates(dated[0]).spans if dated else (),
        extent=f"{len(texts)} pages" if len(texts) > 1 else "",
        text=texts[0] if len(texts) == 1 else "",
        transcribed=len(texts) == 1,
        source=source,
    )
    yield top
    yield own
    for number, text in enumerate(texts, start=1):
        if len(texts) > 1 and text:
            yield Record(
                id=f"{own.id}-page-{number}",
                collection_id=collection_id,
                level="item",
                title=f"{title}, page {number}",
                collection=collection,
                breadcrumb=(collection, title),
                parent_id=own.id,
                position=number + 1,
                dates=own.dates,
                spans=own.spans,
                dates_inherited=bool(own.dates),
                text=text,
                transcribed=True,
                source=source,
            )


def _flow(page: tuple[Line, ...]) -> str:
    """Lines of a page as paragraphs: a new one where a line is set in from the one before, or after a gap."""
    paragraphs: list[str] = []
    before: Line | None = None
    for line in page:
        if before is not None and 0 <= before.top - line.top < 30 and abs(line.left - before.left) < 8:
            paragraphs[-1] += line.text if paragraphs[-1].endswith("-") else f" {line.text}"
        else:
            paragraphs.append(line.text)
        before = line
    return "\n".join(fold(text) for text in paragraphs)
