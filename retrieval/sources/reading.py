"""From files on disk to records, whatever their format; trouble with one file never stops the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.catalogues import read_catalogue
from retrieval.formats.ead.finding_aid import find_aids, read_aids
from retrieval.formats.iiif.manifest import read_iiif
from retrieval.formats.inventory.files import read_inventory
from retrieval.formats.inventory.spreadsheet import read_spreadsheet
from retrieval.formats.marc.files import read_marc
from retrieval.formats.mets.alto import read_alto
from retrieval.formats.mets.digital_object import read_mets
from retrieval.formats.pdf.finding_aid import read_pdf
from retrieval.formats.prose import local
from retrieval.formats.tei.edition import read_tei
from retrieval.formats.transcripts.files import read_transcript
from retrieval.formats.xml import Document, parse_xml, peek_root
from retrieval.sources.holdings import Holdings
from retrieval.store.reading import Reading

_EAD3 = "http://ead3.archivists.org/schema/"
_LATER = {
    ".xls": "XLS",
    ".docx": "Word", ".doc": "Word", ".html": "HTML", ".htm": "HTML",
}  # fmt: skip
_MARC = frozenset({".mrc", ".marc"})
_REMEDY = "export it as EAD, MARC 21, MODS, Dublin Core, CSV or plain text"
_WEB_PAGE = "look whether it is the error page of a download; else export it as EAD, CSV or plain text"
_BOOKS = frozenset({".xlsx", ".xlsm"})
_BINARY = _BOOKS | {".pdf"}
_BESIDE = {".toml", ".md"}
"""Endings of what lies beside descriptions and is none: column mappings, notes on a folder."""
_ORDER = {".xml": 0, ".ead": 0, ".csv": 1, ".tsv": 1, ".txt": 2}
_XML_ORDER = {"ead": 0, "mets": 1}


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How a source is read.

    `carry_containers`: an item without a container takes the one of the item before (marked "carried").
    `link_template`: address of a record's page, with {eadid}, {id}, {url}, {uri}.
    `columns`: mapping of CSV columns, a TOML file; "" looks beside each CSV.
    """

    carry_containers: bool = False
    link_template: str = ""
    columns: str = ""


def find_files(paths: Sequence[Path]) -> list[Path]:
    """All files under the given files and folders, sorted; hidden ones, mappings and notes left out."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = [path] if not path.is_dir() else sorted(path.rglob("*"))
        for file in inside:
            hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if file == path or (file.is_file() and not hidden and file.suffix not in _BESIDE):
                found[file] = None
    return list(found)


def read_sources(paths: Sequence[Path], options: SourceOptions | None = None) -> Iterator[Reading]:
    """Read every file under `paths` in turn; record ids are unique over all of them.

    Finding aids come first, so that inventories and transcriptions can be told to belong to them.
    """
    options = options or SourceOptions()
    files = sorted(find_files(paths), key=rank)
    holdings = Holdings()
    read: set[Path] = set()
    for path in files:
        if path in read:
            continue
        root = next((root for root in paths if root.is_dir() and path.is_relative_to(root)), path.parent)
        reading = read_file(path, options, root=root)
        read.update(reading.parts)
        records, _ = holdings.place(reading.records, joins=reading.joins)
        yield replace(reading, records=records)


def rank(path: Path) -> int:
    """Place in the order of reading: finding aids first, and a METS before the pages that it names."""
    suffix = path.suffix.lower()
    kind = _XML_ORDER.get(peek_root(path), 2) if suffix == ".xml" else 0
    return 10 * _ORDER.get(suffix, 1) + kind


def read_file(path: Path, options: SourceOptions, *, root: Path | None = None) -> Reading:
    """Records and problems of one file. Never raises on bad input: that is what `problems` is for."""
    source = path.relative_to(root).as_posix() if root and path.is_relative_to(root) else path.name
    try:
        return _read(path, options, source)
    except SourceError as error:
        return Reading(path, "", (), (error,))
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        problem = f"could not be read: {type(error).__name__}: {' '.join(str(error).split())}"
        return Reading(
            path, "", (), (SourceError(path, problem, remedy="check the file and its permissions"),)
        )


def _read(path: Path, options: SourceOptions, source: str) -> Reading:
    suffix = path.suffix.lower()
    if suffix in _LATER:
        raise SourceError(path, f"is {_LATER[suffix]}, which is not read yet", remedy=_REMEDY)
    if suffix not in _BINARY and peek_root(path) == "html":
        raise SourceError(path, "is HTML, which is not read yet", remedy=_WEB_PAGE)
    if suffix in _MARC and not _is_xml(path):
        marc = read_marc(path, source)
        return Reading(path, "marc21", marc.records, marc.problems, joins=True)
    if suffix in {".xml", ".ead", ".mrx", *_MARC}:
        return _read_xml(path, options, source)
    if suffix in {".csv", ".tsv", *_BOOKS}:
        read_rows = read_spreadsheet if suffix in _BOOKS else read_inventory
        rows = read_rows(
            path,
            source,
            carry_containers=options.carry_containers,
            mapping=options.columns,
            link_template=options.link_template,
        )
        return Reading(path, "xlsx" if suffix in _BOOKS else "csv", rows.records, rows.problems)
    if suffix == ".pdf":
        pdf = read_pdf(path, source, link_template=options.link_template)
        return Reading(path, "pdf", pdf.records, pdf.problems, joins=pdf.joins)
    if suffix == ".json":
        iiif = read_iiif(path, source)
        return Reading(path, "iiif", iiif.records, iiif.problems, joins=True)
    if suffix == ".txt":
        text = read_transcript(path, source)
        return Reading(path, "transcript", text.records, text.problems, joins=len(text.records) == 2)
    raise SourceError(path, f"is of no format that is read ({suffix or 'no ending'})", remedy=_REMEDY)


def _read_xml(path: Path, options: SourceOptions, source: str) -> Reading:
    document = parse_xml(path)
    root = document.root
    name = local(root)
    if name == "ead":
        return _read_aids([root], document, path, options, source)
    if name in {"tei", "teicorpus"}:
        tei = read_tei(root, path, source)
        return Reading(path, "tei", tei.records, document.problems + tei.problems, joins=True)
    if name == "alto":
        alto = read_alto(root, path, source)
        return Reading(path, "alto", alto.records, document.problems + alto.problems, joins=True)
    if name == "mets" and not _wraps_aid(root):
        mets = read_mets(root, path, source)
        problems = document.problems + mets.problems
        return Reading(path, "mets", mets.records, problems, joins=True, parts=mets.parts)
    catalogue = None if name == "mets" else read_catalogue(root, path, source)
    if catalogue:
        format_, found = catalogue
        return Reading(path, format_, found.records, document.problems + found.problems, joins=True)
    aids = find_aids(root)
    if aids:
        return _read_aids(aids, document, path, options, source)
    raise SourceError(
        path, f"is XML with the root <{name}>, which is not read yet", line=root.sourceline, remedy=_REMEDY
    )


def _wraps_aid(mets: _Element) -> bool:
    """Whether a METS is the wrapper of a finding aid, and has no files of a digital object."""
    return not any(local(node) == "file" for node in mets.iter(etree.Element)) and bool(find_aids(mets))


def _read_aids(
    aids: Sequence[_Element], document: Document, path: Path, options: SourceOptions, source: str
) -> Reading:
    is_3 = _EAD3 in aids[0].tag or any(local(child) == "control" for child in aids[0])
    reading = read_aids(
        aids, path, source, carry_containers=options.carry_containers, link_template=options.link_template
    )
    return Reading(path, "ead3" if is_3 else "ead2002", reading.records, document.problems + reading.problems)


def _is_xml(path: Path) -> bool:
    """Whether a file named as binary MARC is MARCXML after all."""
    with path.open("rb") as stream:
        return stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
