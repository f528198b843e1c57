"""What a finding aid and its components are called by: identifiers, addresses, links by a template."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.identifiers import slug
from retrieval.formats.prose import inline, local

_WEB = ("http://", "https://")
_ARK = re.compile(r"\bark:/?\d{5,9}/[\w./=*+@$~-]*\w")
_NUMBERED = re.compile(
    r"^(?:sub-?)?(?:series|box|folder|item|group|part|volume|vol|no|nos|number|reel|section|file|unit)s?\b"
    r"|^[ivxlc]+\.?$",
    re.IGNORECASE,
)
"""A place in an order ("Series 3", "IV") and no name."""


def read_identifier(root: _Element) -> tuple[str, str]:
    """The identifier of the finding aid itself and the address it names, from either kind of header."""
    for node in root.iter(etree.Element):
        name = local(node)
        if name in {"eadid", "recordid"}:
            text = inline(node) or node.get("identifier") or ""
            return text, (node.get("url") or node.get("instanceurl") or "").strip()
        if name == "archdesc":
            break
    return "", ""


def address_of(eadid: str, url: str) -> str:
    """Where the finding aid stands on the web, by its own header; "" where that does not say."""
    return next(("".join(text.split()) for text in (url, eadid) if text.lower().startswith(_WEB)), "")


def name_aid(eadid: str, url: str) -> list[str]:
    """Identifiers of a finding aid: its own, and the ARK or the handle in its address."""
    found = [eadid] if re.search(r"\d", eadid) else []
    return [*found, *(ark for text in (eadid, url) for ark in _ARK.findall(text))]


def name_component(unit_ids: Iterable[str], call_number: str, link: str, uri: str) -> tuple[str, ...]:
    """Identifiers of a component besides the call number.

    A unit id that only counts ("Series 3", "12") names nothing by itself; nor does a path below some
    collection ("A/1/2"), which others may have too, unless it begins with the collection's own number.
    """
    own = [text for text in unit_ids if _is_name(text, call_number)]
    arks = [ark for text in (uri, link) for ark in _ARK.findall(text)]
    return tuple(dict.fromkeys(text for text in (*own, *arks) if text != call_number))


def fill_template(template: str, values: dict[str, str]) -> str:
    """Address by the template of the source; "" when it wants something that this record lacks."""
    link = template
    for name, value in values.items():
        if "{" + name + "}" in link:
            if not value:
                return ""
            link = link.replace("{" + name + "}", value)
    return link


def slug_of(eadid: str) -> str:
    """The identifier of a finding aid as a part of record ids and addresses."""
    return slug(eadid.removesuffix(".xml"))


def _is_name(text: str, call_number: str) -> bool:
    if _NUMBERED.match(text) or not re.search(r"\d", text) or len(text) < 4:
        return False
    if call_number and text.startswith(call_number):
        return True
    if "/" in text or ":" in text:
        return bool(_ARK.search(text)) or text.lower().startswith(_WEB)
    return bool(re.search(r"[^\W\d_]", text))
