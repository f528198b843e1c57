"""XML files of catalogue records, told apart by what is in them, since their root often says little."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.catalogue.entry import CatalogueReading, Entry, report_repairs, shorten
from retrieval.formats.catalogue.records import Catalogue, make_records
from retrieval.formats.catalogue.xml import children
from retrieval.formats.dublin_core import find_dublin_core, is_dublin_core, read_dublin_core
from retrieval.formats.eac import read_eac
from retrieval.formats.identifiers import slug
from retrieval.formats.marc.files import read_marcxml
from retrieval.formats.marc.marcxml import find_marc
from retrieval.formats.mods.entry import find_mods, read_mods
from retrieval.formats.oai import is_oai, read_oai
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.prose import local

_EAC = frozenset({"eac-cpf", "eac"})
_MARC = frozenset({"collection", "record", "records", "marc"})
_MODS = frozenset({"mods", "modscollection"})


def read_catalogue(root: _Element, path: Path, source: str) -> tuple[str, CatalogueReading] | None:
    """The format of a parsed file and what it gave; None when it holds no catalogue records.

    Raises SourceError when it is of a known format and gives nothing.
    """
    name = local(root)
    if name in _EAC:
        return "eac-cpf", read_eac(root, path, source)
    if is_oai(root):
        return "oai-pmh", read_oai(root, path, source)
    if name in _MODS:
        return "mods", _read_all((read_mods(node) for node in find_mods(root)), path, source)
    if (
        name in _MARC
        and (name != "record" or not is_dublin_core(root))
        and any(True for _ in find_marc(root))
    ):
        return "marcxml", read_marcxml(root, path, source)
    if is_dublin_core(root) or any(is_dublin_core(child) for child in children(root)):
        found = (read_dublin_core(node) for node in find_dublin_core(root))
        return "dublin core", _read_all(found, path, source)
    return None


def _read_all(found: Iterable[tuple[Entry, bool]], path: Path, source: str) -> CatalogueReading:
    """Records of all descriptions in a file; those that say nothing at all are reported by number."""
    entries: list[Entry] = []
    problems: list[SourceError] = []
    repaired: list[str] = []
    number = 0
    for number, (entry, was_repaired) in enumerate(found, start=1):
        if not (entry.title or entry.texts or entry.call_number):
            remedy = "describe it, or take it out"
            problems.append(
                SourceError(path, f"record {number} has no title and no description", remedy=remedy)
            )
            continue
        entries.append(entry)
        if was_repaired:
            repaired.append(f"record {number}")
    if not entries:
        raise SourceError(path, "describes nothing", remedy="export it again")
    catalogue = _name_catalogue(path, source, number)
    told = (*shorten(path, problems), *report_repairs(path, repaired))
    return CatalogueReading(make_records(entries, catalogue), told)


def _name_catalogue(path: Path, source: str, count: int) -> Catalogue:
    """By the file where it holds several records; by its folder where each record has a file of its own."""
    folder = PurePosixPath(source).parent.name or path.parent.name
    name = path.stem if count > 1 or not slug(folder) else folder
    return Catalogue(title_from_name(name), slug(name) or "catalogue", source)
