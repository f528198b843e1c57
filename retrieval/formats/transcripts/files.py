"""Plain-text transcriptions: one letter or diary a file, or a whole book of letters cut at its headings.

A file may begin with a block of "Key: value" lines; what follows is the transcription. Without a
block, title and date are read off the first lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from retrieval.dates import date_in_title, read_dates
from retrieval.errors import SourceError
from retrieval.formats.containers import Container, render
from retrieval.formats.identifiers import make_unique, path_hash, slug
from retrieval.formats.plain_text import read_text, title_from_name
from retrieval.formats.prose import fold
from retrieval.formats.transcripts import book
from retrieval.formats.transcripts.header import RULE, split_header
from retrieval.records import Record

_PAGE_MARK = re.compile(r"\[(?:page|p\.|pg\.|folio|f\.)\s*\w+[^\]]*\]", re.IGNORECASE)
_PAGE_LINE = re.compile(rf"^[ \t]*({_PAGE_MARK.pattern})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_SALUTATION = re.compile(
    r"^(?:my\s+(?:own\s+)?)?(?:dear|dearest|beloved|darling|sir|madam|gentlemen|honou?red)\b", re.IGNORECASE
)
_DEAR = re.compile(
    r"^(?:my\s+)?dear(?:est)?\s+"
    r"((?:Mrs?|Miss|Dr|Rev|Prof)\.?\s+[A-Z][\w'’-]+|[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?)",
    re.IGNORECASE,
)
_NOBODY = frozenset(
    "friend friends sir sirs madam mother father brother sister son daughter wife husband cousin".split()
)
_ITALIC = re.compile(r"(?<!\w)_([^_\n]+)_(?!\w)")
_LONGEST_TITLE = 90
_DATE_WITHIN = 8


@dataclass(frozen=True, slots=True)
class TranscriptReading:
    """The collection-level record, then the transcription or the parts of the book."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]


def read_transcript(path: Path, source: str) -> TranscriptReading:
    """Records of one text file. Raises SourceError when it cannot be read or holds no words."""
    text, note = read_text(path)
    header, body = split_header(text)
    if not re.search(r"\w{2}", body) and not header:
        raise SourceError(path, "holds no words", remedy="export it again")
    parts = book.cut_book(body)
    records = (
        _read_book(path, source, header, body, parts) if parts else _read_single(path, source, header, body)
    )
    return TranscriptReading(tuple(records), (note,) if note else ())


def flow(text: str) -> str:
    """Lines joined to paragraphs, a line each; underscores that stand for italics dropped."""
    apart = _PAGE_LINE.sub(r"\n\n\1\n\n", _ITALIC.sub(r"\1", text))
    blocks = re.split(r"\n\s*\n", apart)
    return "\n".join(
        block
        for block in (fold(block) for block in blocks)
        if block and not RULE.match(block.replace(" ", ""))
    )


def _read_single(path: Path, source: str, header: dict[str, str], body: str) -> list[Record]:
    folder = path.resolve().parent.name
    collection = header.get("collection") or title_from_name(folder)
    collection_id = slug(header.get("call_number", "")) or slug(collection) or "transcripts"
    top = _top(collection_id, collection, header, source)
    first_lines = _first_lines(body)
    title = (
        header.get("title")
        or _title_of_letter(header)
        or _title_of_text(first_lines)
        or title_from_name(path.stem)
    )
    dates = header.get("date", "") or _date_of(first_lines)
    if not dates:
        dated = date_in_title(title)
        dates = dated[0] if dated else ""
    identifier = slug(header.get("identifier", "")) or slug(path.stem) or path_hash((title,))
    access = header.get("access", "")
    text = flow(body)
    note = header.get("note", "")
    item = Record(
        id=f"{collection_id}/{make_unique(identifier, {'collection'})}",
        collection_id=collection_id,
        level="item",
        title=title,
        collection=collection,
        breadcrumb=(collection, *([header["series"]] if header.get("series") else [])),
        parent_id=top.id,
        position=1,
        dates=dates,
        spans=read_dates(dates).spans,
        bulk=read_dates(dates).bulk,
        call_number=header.get("call_number", ""),
        repository=header.get("repository", ""),
        container=_container(header),
        container_origin="stated" if _container(header) else "",
        creator=header.get("sender", ""),
        names=_names(header, first_lines),
        subjects=tuple(part.strip() for part in header.get("subjects", "").split(";") if part.strip()),
        language=header.get("language", ""),
        extent=header.get("extent", ""),
        access=access,
        access_from=title if access else "",
        use=header.get("use", ""),
        preferred_citation=header.get("preferred_citation", ""),
        text=f"{note}\n{text}" if note else text,
        transcribed=bool(text),
        link=_web(header),
        source=source,
    )
    return [top, item]


def _read_book(path: Path, source: str, header: dict[str, str], body: str, parts: book.Parts) -> list[Record]:
    front = book.read_front(body, parts)
    title = header.get("title") or header.get("collection") or front.title or title_from_name(path.stem)
    creator = header.get("sender") or front.author
    dates = header.get("date", "")
    collection_id = (
        slug(header.get("identifier", "")) or slug(header.get("call_number", "")) or slug(path.stem) or "book"
    )
    top = replace(
        _top(collection_id, title, header, source),
        creator=creator,
        dates=dates,
        spans=read_dates(dates).spans,
        bulk=read_dates(dates).bulk,
        language=header.get("language", ""),
        extent=header.get("extent", ""),
        access=header.get("access", ""),
        access_from=title if header.get("access") else "",
        use=header.get("use", ""),
        preferred_citation=header.get("preferred_citation", ""),
        text=header.get("note", "") or flow(front.text),
        link=_web(header),
    )
    records = [top]
    taken = {"collection"}
    for position, part in enumerate(parts, start=1):
        first_lines = _first_lines(part.text)
        part_dates = _date_of(first_lines) or ""
        records.append(
            Record(
                id=f"{collection_id}/{make_unique(slug(part.number) or path_hash((part.title,)), taken)}",
                collection_id=collection_id,
                level="item",
                title=part.title,
                collection=title,
                breadcrumb=(title,),
                parent_id=top.id,
                position=position,
                dates=part_dates or dates,
                spans=read_dates(part_dates or dates).spans,
                bulk=read_dates(part_dates or dates).bulk,
                dates_inherited=bool(dates and not part_dates),
                call_number=top.call_number,
                repository=top.repository,
                container=_container(header),
                container_origin="inherited" if _container(header) else "",
                creator=creator,
                names=_names({"sender": creator}, first_lines),
                language=top.language,
                access=top.access,
                access_from=top.access_from,
                use=top.use,
                preferred_citation=top.preferred_citation,
                text=flow(part.text),
                transcribed=True,
                link=top.link,
                source=source,
            )
        )
    return records


def _top(collection_id: str, title: str, header: dict[str, str], source: str) -> Record:
    """The collection-level record of a folder of letters; a letter's own facts stay with the letter."""
    return Record(
        id=f"{collection_id}/collection",
        collection_id=collection_id,
        level="collection",
        title=title,
        collection=title,
        call_number=header.get("call_number", ""),
        repository=header.get("repository", ""),
        source=source,
    )


def _first_lines(body: str) -> list[str]:
    """The first lines with words, page marks and italics taken off."""
    found: list[str] = []
    for line in body.split("\n"):
        text = fold(_ITALIC.sub(r"\1", _PAGE_MARK.sub(" ", line)))
        if re.search(r"\w", text):
            found.append(text)
        if len(found) == _DATE_WITHIN:
            break
    return found


def _title_of_letter(header: dict[str, str]) -> str:
    sender, recipient = header.get("sender", ""), header.get("recipient", "")
    if not sender and not recipient:
        return ""
    return " ".join(
        part for part in ("Letter", sender and f"from {sender}", recipient and f"to {recipient}") if part
    )


def _title_of_text(first_lines: list[str]) -> str:
    """The first line where it reads like a heading: short, no salutation, not the start of a sentence."""
    line = first_lines[0] if first_lines else ""
    if not line or len(line) > _LONGEST_TITLE or _SALUTATION.match(line) or line.endswith((",", ";", "-")):
        return ""
    return line.rstrip(".")


def _date_of(first_lines: list[str]) -> str:
    for line in first_lines:
        if len(line) > _LONGEST_TITLE:
            break
        plain = line.rstrip(" .")
        dated = date_in_title(plain)
        if dated and (plain.startswith(dated[0]) or plain.endswith(dated[0])):
            return dated[0]
    return ""


def _names(header: dict[str, str], first_lines: list[str]) -> tuple[str, ...]:
    given = [header.get("sender", ""), header.get("recipient", ""), *header.get("names", "").split(";")]
    if not header.get("recipient"):
        dear = next((match for match in map(_DEAR.match, first_lines) if match), None)
        given.append(book.title_words(dear[1]) if dear and dear[1].lower() not in _NOBODY else "")
    return tuple(dict.fromkeys(name.strip() for name in given if name.strip()))


def _web(header: dict[str, str]) -> str:
    url = header.get("url", "")
    return url if url.startswith(("http://", "https://")) else ""


def _container(header: dict[str, str]) -> str:
    holders = [Container("", header["container"])] if header.get("container") else []
    holders += [Container(kind, header[kind]) for kind in ("box", "folder", "item") if header.get(kind)]
    return render(holders)
