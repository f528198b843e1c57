"""MARC 21 files, binary and XML: every good record read, every bad one counted and named by its number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lxml.etree import _Element
from pymarc import Record as MarcRecord

from retrieval.errors import SourceError
from retrieval.formats.catalogue.entry import CatalogueReading, Entry, report_repairs, shorten
from retrieval.formats.catalogue.records import Catalogue, make_records
from retrieval.formats.identifiers import slug
from retrieval.formats.marc import marcxml as marc_xml
from retrieval.formats.marc.authority import read_authority
from retrieval.formats.marc.binary import read_binary
from retrieval.formats.marc.entry import first_control, read_entry
from retrieval.formats.marc.fields import mend_field
from retrieval.formats.plain_text import title_from_name

_HOLDINGS = "uvxy"
_OTHER_KINDS = {"w": "a classification record", "q": "community information"}
_WITHDRAWN = "dsx"


@dataclass(slots=True)
class MarcFile:
    """What has been read so far of a file: entries, and what is to be told about it."""

    path: Path
    entries: list[Entry] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    holdings: list[MarcRecord] = field(default_factory=list)
    kept: dict[str, MarcRecord] = field(default_factory=dict)

    def add(self, number: int, record: MarcRecord) -> None:
        """Keep one record; what it is decides leader/06."""
        name = f"record {number}"
        mended = [mend_field(part) for part in record.fields]
        record.fields = [part for part, _ in mended]
        if any(repaired for _, repaired in mended):
            self.repaired.append(name)
        control = first_control(record, "001") or str(number)
        kind = str(record.leader)[6]
        if str(record.leader)[5] in _WITHDRAWN and (kind == "z" or str(record.leader)[5] == "d"):
            self.deleted.append(control)
        elif kind in _HOLDINGS:
            self.holdings.append(record)
        elif kind in _OTHER_KINDS:
            self._leave_out(_OTHER_KINDS[kind])
        elif kind == "z":
            entry = read_authority(record)
            if entry:
                self.entries.append(entry)
            else:
                self._leave_out("an authority record of a subject, genre or title")
        elif record.get_fields("200") and not record.get_fields("245"):
            self._report(number, "is UNIMARC, not MARC 21", "convert it to MARC 21")
        elif not any(part.tag.isdigit() and part.tag > "099" for part in record.fields):
            self._report(number, "has no descriptive field (100 or above)", "catalogue it, or take it out")
        else:
            self.kept[f"{control}\x1e{number}"] = record

    def report(self, number: int, problem: str, remedy: str) -> None:
        """Note trouble with one record."""
        self._report(number, problem, remedy)

    def read(self, source: str) -> CatalogueReading:
        """Records of everything kept, holdings put with what they hold."""
        by_control = {key.partition("\x1e")[0]: record for key, record in reversed(self.kept.items())}
        for held in self.holdings:
            record = by_control.get(first_control(held, "004"))
            if record is None:
                self._leave_out("a holdings record without the record it belongs to")
            else:
                record.fields += held.get_fields("852", "856")
        entries = [read_entry(record) for record in self.kept.values()] + self.entries
        stem = self.path.stem
        catalogue = Catalogue(title_from_name(stem), slug(stem) or "catalogue", source)
        self.problems += report_repairs(self.path, self.repaired)
        if self.deleted:
            self._leave_out("marked as deleted", len(self.deleted))
        remarks = [
            SourceError(self.path, f"{count:,} record{'s' if count > 1 else ''} left out: {what}")
            for what, count in self.left_out.items()
        ]
        problems = (*shorten(self.path, self.problems), *remarks)
        return CatalogueReading(make_records(entries, catalogue), problems, tuple(self.deleted))

    def _leave_out(self, what: str, count: int = 1) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + count

    def _report(self, number: int, problem: str, remedy: str) -> None:
        self.problems.append(SourceError(self.path, f"record {number} {problem}", remedy=remedy))


def read_marc(path: Path, source: str) -> CatalogueReading:
    """Records of a binary MARC 21 file. Raises SourceError when it is no MARC, or holds no good record."""
    file = MarcFile(path)
    for chunk in read_binary(path):
        if chunk.record is None:
            file.report(chunk.number, chunk.problem, "export that record again")
            continue
        if chunk.remark:
            file.report(chunk.number, chunk.remark, "check its accents, and its leader where it was exported")
        file.add(chunk.number, chunk.record)
    return file.read(source)


def read_marcxml(elements: Iterable[_Element] | _Element, path: Path, source: str) -> CatalogueReading:
    """Records of MARCXML elements, or of all those inside a root."""
    found: Sequence[_Element] = list(
        marc_xml.find_marc(elements) if isinstance(elements, _Element) else elements
    )
    file = MarcFile(path)
    for number, element in enumerate(found, start=1):
        record, untagged = marc_xml.convert(element)
        if untagged:
            file.report(number, f"has {untagged} field(s) without a tag, left out", "give each its tag")
        file.add(number, record)
    if not found:
        raise SourceError(path, "holds no MARC record", line=None, remedy="export it again as MARCXML")
    return file.read(source)


def read_marc_entry(element: _Element) -> tuple[Entry | None, bool]:
    """The entry of one MARCXML record on its own, and whether some of its text had been encoded twice."""
    file = MarcFile(Path())
    file.add(1, marc_xml.convert(element)[0])
    entries = [read_entry(record) for record in file.kept.values()] + file.entries
    return (entries[0] if entries else None), bool(file.repaired)
