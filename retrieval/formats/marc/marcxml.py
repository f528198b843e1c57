"""MARCXML to MARC records, by local names: half of what is called MARCXML declares no namespace."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element
from pymarc import Field, Indicators, Leader, Subfield
from pymarc import Record as MarcRecord

from retrieval.formats.prose import local


def is_marc(element: _Element) -> bool:
    """Whether a `record` is a MARC one: it holds a leader or fields, or is in MARC's namespace."""
    return local(element) == "record" and (
        "MARC21" in element.tag
        or any(
            local(child) in {"leader", "controlfield", "datafield"} for child in element.iterchildren("{*}*")
        )
    )


def find_marc(root: _Element) -> Iterator[_Element]:
    """MARC records in a document, in order."""
    return (node for node in root.iter(etree.Element) if is_marc(node))


def convert(element: _Element) -> tuple[MarcRecord, int]:
    """One record, and how many of its fields had no tag and were left out."""
    record = MarcRecord()
    fields: list[Field] = []
    untagged = 0
    for child in element.iterchildren("{*}*"):
        name, tag = local(child), (child.get("tag") or "").strip()
        if name == "leader":
            record.leader = Leader((child.text or "").ljust(24)[:24])
        elif name not in {"controlfield", "datafield"}:
            continue
        elif len(tag) != 3:
            untagged += 1
        elif name == "controlfield" or (tag < "010" and tag.isdigit()):
            fields.append(Field(tag=tag, data="".join(child.itertext())))
        else:
            fields.append(
                Field(
                    tag=tag,
                    indicators=Indicators(_mark(child.get("ind1")), _mark(child.get("ind2"))),
                    subfields=[
                        Subfield((sub.get("code") or "a")[:1], "".join(sub.itertext()))
                        for sub in child.iterchildren("{*}subfield")
                    ],
                )
            )
    record.fields = fields
    return record, untagged


def _mark(indicator: str | None) -> str:
    return (indicator or " ")[:1]
