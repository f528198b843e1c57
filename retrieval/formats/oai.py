"""Saved OAI-PMH replies: the records in them, whatever format each is in; deleted ones are told, not kept.

Protocol: https://www.openarchives.org/OAI/openarchivesprotocol.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.catalogue.entry import CatalogueReading, Entry, report_repairs, shorten
from retrieval.formats.catalogue.records import Catalogue, make_records
from retrieval.formats.catalogue.text import is_placeholder
from retrieval.formats.catalogue.xml import Values, find
from retrieval.formats.dublin_core import is_dublin_core, read_dublin_core
from retrieval.formats.ead.finding_aid import read_ead
from retrieval.formats.identifiers import slug
from retrieval.formats.marc.files import read_marc_entry
from retrieval.formats.marc.marcxml import is_marc
from retrieval.formats.mods.entry import read_mods
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.prose import local
from retrieval.records import Record

_LISTS = frozenset({"listrecords", "getrecord", "record"})
_READABLE_SET = re.compile(
    r"^(?!oai:virtual)(?:[A-Za-z]+:)*(?=[A-Za-z_-]*[a-z]{4})[A-Za-z]+(?:[_-][A-Za-z]+)*$"
)
"""A set whose code is words, such as "harbour_views"; "p15834coll2" says nothing to a patron."""
_NO_RECORDS = frozenset({"identify", "listsets", "listmetadataformats", "listidentifiers"})


@dataclass(slots=True)
class _Reply:
    """What has been read so far of a reply."""

    path: Path
    entries: list[Entry] = field(default_factory=list)
    aids: list[Record] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    set_names: dict[str, str] = field(default_factory=dict)


def is_oai(root: _Element) -> bool:
    """Whether a document is a reply, or a list of records cut out of one."""
    if (
        local(root) == "oai-pmh"
        or "openarchives.org/OAI/2.0" in root.tag.partition("}")[0]
        and local(root) in _LISTS
    ):
        return True
    record = root if local(root) == "record" else next(find(root, "record"), None)
    return record is not None and any(local(child) in {"header", "metadata"} for child in record)


def read_oai(root: _Element, path: Path, source: str) -> CatalogueReading:
    """Records of a reply. Raises SourceError where the server reports an error, or sent no records.

    A record stands under the collection its own description names, else under the set it was sent in,
    else under what holds it or the server. Replies to Identify and ListSets in the same file give names.
    """
    _refuse_error(root, path)
    reply = _Reply(path, set_names=_name_sets(root))
    for number, element in enumerate(_records(root), start=1):
        _read_record(element, number, reply, source)
    if not (reply.entries or reply.aids or reply.deleted or reply.problems):
        verbs = [etree.QName(n).localname for n in root.iter(etree.Element) if local(n) in _NO_RECORDS]
        what = f"answers {verbs[0]}, which gives" if verbs else "has"
        raise SourceError(
            path, f"{what} no records", line=root.sourceline, remedy="save the reply to ListRecords"
        )
    catalogue = _name_catalogue(root, reply, path, source)
    problems = [*shorten(path, reply.problems), *report_repairs(path, reply.repaired)]
    if reply.deleted:
        count = len(reply.deleted)
        problems.append(
            SourceError(path, f"{count:,} record{'s' if count > 1 else ''} left out: marked as deleted")
        )
    records = (*reply.aids, *make_records(reply.entries, catalogue))
    return CatalogueReading(records, tuple(problems), tuple(reply.deleted))


def _refuse_error(root: _Element, path: Path) -> None:
    error = next((node for node in find(root, "error")), None)
    if error is not None:
        code = error.get("code") or "no code"
        said = Values().text(error)
        remedy = "nothing matched the request" if code == "noRecordsMatch" else "ask for the records again"
        raise SourceError(path, f"is an error reply: {code}{f', {said}' if said else ''}", remedy=remedy)


def _records(root: _Element) -> Iterator[_Element]:
    """Elements with a header or metadata, wherever the list of them stands."""
    for node in root.iter(etree.Element):
        if local(node) == "record" and any(local(child) in {"header", "metadata"} for child in node):
            yield node


def _read_record(element: _Element, number: int, reply: _Reply, source: str) -> None:
    values = Values()
    header = next(find(element, "header"), None)
    identifier = next(iter(values.texts(header, "identifier")), "") if header is not None else ""
    name = f"record {number}{f' ({identifier})' if identifier else ''}"
    if header is not None and header.get("status") == "deleted":
        reply.deleted.append(identifier)
        return
    metadata = next(find(element, "metadata"), None)
    described = (
        next((node for node in metadata.iter(etree.Element) if _is_known(node)), None)
        if metadata is not None
        else None
    )
    if described is None:
        said = local(metadata[0]) if metadata is not None and len(metadata) else ""
        problem = f"is in a format that is not read: <{said}>" if said else "has no description"
        reply.problems.append(
            SourceError(reply.path, f"{name} {problem}", remedy="ask for oai_dc, mods, marc21 or ead")
        )
        return
    if local(described) == "ead":
        _read_aid(described, name, reply, source)
        return
    entry, repaired = _read_entry(described)
    if entry is None:
        reply.problems.append(SourceError(reply.path, f"{name} describes nothing that is read"))
        return
    if repaired:
        reply.repaired.append(name)
    if not (entry.title or entry.texts or entry.call_number):
        reply.problems.append(SourceError(reply.path, f"{name} has no title and no description"))
        return
    if identifier:
        entry.id = _local_part(identifier)
        entry.identifiers.append(identifier)
    sets = values.texts(header, "setspec") if header is not None else []
    if not entry.host and entry.level != "collection":
        entry.host = _name_set(sets, reply.set_names)
    reply.entries.append(entry)


def _name_sets(root: _Element) -> dict[str, str]:
    """Names of sets by their codes, where the reply to ListSets is kept with that to ListRecords."""
    values = Values()
    named = [node for node in root.iter(etree.Element) if local(node) == "set"]
    pairs = [(values.texts(node, "setspec"), values.texts(node, "setname")) for node in named]
    return {codes[0]: names[0] for codes, names in pairs if codes and names}


def _name_set(sets: list[str], names: dict[str, str]) -> str:
    """The first set with a name, else the first whose code reads as words; "" for none."""
    known = [names[code] for code in sets if code in names and not code.startswith("oai:virtual")]
    words = [title_from_name(code.rpartition(":")[2]) for code in sets if _READABLE_SET.match(code)]
    return next(iter([*known, *words]), "")


def _is_known(node: _Element) -> bool:
    return local(node) in {"mods", "ead"} or is_marc(node) or is_dublin_core(node)


def _read_entry(node: _Element) -> tuple[Entry | None, bool]:
    if local(node) == "mods":
        return read_mods(node)
    if is_marc(node):
        return read_marc_entry(node)
    return read_dublin_core(node)


def _read_aid(node: _Element, name: str, reply: _Reply, source: str) -> None:
    """A finding aid sent as a record is read as one."""
    try:
        reading = read_ead(node, reply.path, source, taken=reply.taken)
    except SourceError as error:
        reply.problems.append(SourceError(reply.path, f"{name} {error.problem}", remedy=error.remedy))
        return
    reply.aids += reading.records
    reply.problems += reading.problems


def _local_part(identifier: str) -> str:
    """ "oai:harbour.org:photos/12" → "photos/12"."""
    parts = identifier.split(":", 2)
    return parts[2] if parts[0] == "oai" and len(parts) == 3 else identifier


def _name_catalogue(root: _Element, reply: _Reply, path: Path, source: str) -> Catalogue:
    """By the server's name for itself where it is kept with the reply, else by its address."""
    request = next((node for node in find(root, "request")), None)
    host = urlsplit((request.text or "").strip()).hostname or "" if request is not None else ""
    identifiers = [
        value for entry in reply.entries for value in entry.identifiers if value.startswith("oai:")
    ]
    spoken = re.match(r"oai:([^:]+):", identifiers[0]) if identifiers else None
    namespace = spoken[1] if spoken and not is_placeholder(spoken[1]) else host
    names = [node for node in root.iter(etree.Element) if local(node) == "repositoryname"]
    own_name = Values().text(names[0]) if names else ""
    title = own_name or host or namespace or title_from_name(path.stem)
    return Catalogue(
        title, slug(namespace) or slug(path.stem) or "harvest", source, namespace=slug(namespace)
    )
