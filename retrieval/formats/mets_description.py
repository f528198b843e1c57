"""What a METS file says of its object as a whole: MODS or Dublin Core inside it, and its own labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.languages import name_languages
from retrieval.formats.prose import drop_full_stop, inline, local
from retrieval.formats.rights import name_rights, split_rights

_DATES = ("datecreated", "dateissued", "copyrightdate", "dateother")
_AUTHORS = frozenset(
    {"author", "aut", "creator", "cre", "artist", "art", "photographer", "pht", "composer", "cmp"}
)
_DATE_IN_LABEL = re.compile(r"[\s,;(\[]+(\d{4}-\d\d(?:-\d\d)?)[)\]]?$")
_NO_CONDITION = re.compile(r"^\W*\w{0,3}\W*$")
_INTERNAL_NOTES = re.compile(
    r"leader|agencyresponsible|aboutreproduction|internal|admin|version", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Description:
    """The object's own description; "" and () where nothing is said."""

    title: str = ""
    host: str = ""
    dates: str = ""
    machine_date: str = ""
    numbers: str = ""
    creator: str = ""
    names: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    language: str = ""
    extent: str = ""
    repository: str = ""
    call_number: str = ""
    identifiers: tuple[str, ...] = ()
    access: str = ""
    use: str = ""
    text: str = ""
    link: str = ""


def read_description(
    sections: Sequence[_Element], label: str, rights: Sequence[_Element] = ()
) -> Description:
    """Read the sections that describe the object; a label such as "The Star, 1866-04-30" gives the rest.

    `rights` are the rights sections, which also name the owner.
    """
    dated = _DATE_IN_LABEL.search(label)
    bare = label[: dated.start()].strip(" ,;(") if dated else label
    date = dated[1] if dated else ""
    mods = next((node for section in sections for node in _find(section, "mods")), None)
    said = (
        _read_dublin_core(sections, bare, date) if mods is None else _read_mods(mods, bare, date, bool(dated))
    )
    return _add_rights(said, rights)


def page_number(section: _Element) -> str:
    """The printed number that a page's own section gives ("" for none)."""
    return next((inline(node) for node in _find(section, "start") if inline(node)), "")


def _read_mods(mods: _Element, label: str, date: str, is_dated: bool) -> Description:
    hosts = [node for node in mods if local(node) == "relateditem" and node.get("type") in {"host", "series"}]
    title = next((text for node in mods if local(node) == "titleinfo" and (text := _title(node))), "")
    host = next((text for node in hosts for part in _find(node, "titleinfo") if (text := _title(part))), "")
    dates = [
        (name, inline(node), node)
        for name in _DATES
        for origin in mods if local(origin) == "origininfo"
        for node in origin if local(node) == name and inline(node)
    ]  # fmt: skip
    names = [(node, name) for node in mods if local(node) == "name" and (name := _name(node))]
    makers = [name for node, name in names if _AUTHORS & set(_roles(node))]
    makers = makers or [name for node, name in names if not _roles(node)][:1]
    conditions = [(node.get("type") or "", inline(node)) for node in mods if local(node) == "accesscondition"]
    access, use = _conditions(conditions)
    web = [url for node in _find(mods, "url") if (url := inline(node)).startswith(("http://", "https://"))]
    subjects = _texts(mods, "subject", {"topic", "geographic", "name", "titleinfo"})
    locations = [node for node in mods.iter(etree.Element) if local(node) == "physicallocation"]
    return Description(
        title=title or label,
        host=host or (label if is_dated and not title else ""),
        dates=next((text for _, text, _ in dates), date),
        machine_date=date,
        numbers=_numbers(hosts),
        creator="; ".join(dict.fromkeys(makers)),
        names=tuple(dict.fromkeys(name for _, name in names)),
        subjects=subjects + _plain(mods, "genre"),
        places=tuple(dict.fromkeys(_place_names(mods))),
        language=name_languages(_texts(mods, "language", {"languageterm"})),
        extent=next(iter(_texts(mods, "physicaldescription", {"extent"})), ""),
        repository=next(filter(None, (node.get("displayLabel") or inline(node) for node in locations)), ""),
        call_number=next(iter(_texts(mods, "location", {"shelflocator"})), ""),
        identifiers=tuple(
            dict.fromkeys(
                inline(node)
                for part in (mods, *hosts)
                for node in part.iter(etree.Element)
                if local(node) in {"identifier", "recordidentifier"} and inline(node)
            )
        ),
        access=access,
        use=use,
        text="\n".join(_notes(mods)),
        link=next(iter(web), ""),
    )  # fmt: skip


def _read_dublin_core(sections: Sequence[_Element], label: str, date: str) -> Description:
    found: dict[str, list[str]] = {}
    for section in sections:
        for node in section.iter(etree.Element):
            if not len(node) and inline(node):
                found.setdefault(local(node), []).append(inline(node))

    def get(*names: str) -> list[str]:
        return list(dict.fromkeys(value for name in names for value in found.get(name, [])))

    access, use = split_rights(name_rights(value) for value in get("rights", "accessrights", "license"))
    web = [value for value in get("identifier") if value.startswith(("http://", "https://"))]
    return Description(
        title=next(iter(get("title")), label),
        host=next(iter(get("ispartof")), label if date and not found.get("title") else ""),
        dates=next(iter(get("created", "issued", "date")), date),
        machine_date=date,
        creator="; ".join(get("creator")),
        names=tuple(get("creator", "contributor")),
        subjects=tuple(get("subject")),
        places=tuple(get("spatial", "coverage")),
        language=name_languages(get("language")),
        extent=next(iter(get("extent")), ""),
        identifiers=tuple(value for value in get("identifier") if value not in web),
        access=access,
        use=use,
        text="\n".join(get("abstract", "description")),
        link=next(iter(web), ""),
    )


def _add_rights(said: Description, rights: Sequence[_Element]) -> Description:
    """What rights sections (METSRights, DFG Viewer) add to a description that is silent on it."""
    stated = [
        text
        for section in rights
        for node in section.iter(etree.Element)
        if local(node) in {"rightsdeclaration", "constraintdescription", "license", "accesscondition"}
        and (text := inline(node))
    ]
    owner = next((inline(node) for section in rights for node in _find(section, "owner") if inline(node)), "")
    access, use = split_rights(map(name_rights, stated))
    return replace(
        said,
        repository=said.repository or owner,
        access="; ".join(dict.fromkeys(filter(None, (said.access, access)))),
        use=said.use or use,
    )


def _find(element: _Element, name: str) -> Iterator[_Element]:
    return (node for node in element.iter(etree.Element) if local(node) == name)


def _title(info: _Element) -> str:
    parts = {local(node): inline(node) for node in reversed(info) if inline(node)}
    title = " ".join(filter(None, (parts.get("nonsort"), parts.get("title"))))
    for key, sign in (("subtitle", ": "), ("partnumber", ". "), ("partname", ", ")):
        title += f"{sign}{parts[key]}" if parts.get(key) and title else ""
    return drop_full_stop(title.rstrip(" /:;,"))


def _name(node: _Element) -> str:
    """A name with its dates, its parts as a catalogue prints them; parts inside parts count once."""
    parts = [part for part in _find(node, "namepart") if inline(part)]
    parts = [part for part in parts if part.get("type") not in {"termsOfAddress"}]
    joined = ". " if node.get("type") == "corporate" else ", "
    own = [" ".join((part.text or "").split()) or inline(part) for part in parts]
    return drop_full_stop(joined.join(part.rstrip(" .,") for part in own))


def _roles(node: _Element) -> list[str]:
    return [inline(role).lower().rstrip(".") for role in _find(node, "roleterm")]


def _texts(mods: _Element, outer: str, inner: set[str]) -> tuple[str, ...]:
    found = (
        _title(node) if local(node) == "titleinfo" else _name(node) if local(node) == "name" else inline(node)
        for part in mods if local(part) == outer
        for node in part.iter(etree.Element) if local(node) in inner
    )  # fmt: skip
    return tuple(dict.fromkeys(text for text in found if text))


def _plain(mods: _Element, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(inline(node) for node in mods if local(node) == name and inline(node)))


def _place_names(mods: _Element) -> Iterator[str]:
    """Places of origin in words, codes left out; where it was digitised is none of them."""
    for origin in mods:
        digitised = any(local(node) == "datecaptured" for node in origin)
        if local(origin) == "origininfo" and not digitised:
            for node in _find(origin, "placeterm"):
                if node.get("type") != "code" and inline(node):
                    yield inline(node)


def _conditions(stated: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Conditions of access and of use; codes of a viewer ("63") say nothing to anybody."""
    access: list[str] = []
    other: list[str] = []
    for kind, text in stated:
        if not _NO_CONDITION.match(text):
            (access if re.search(r"restriction|access$|^status", kind.lower()) else other).append(text)
    more_access, use = split_rights(map(name_rights, other))
    return "; ".join(filter(None, dict.fromkeys((*access, more_access)))), use


def _notes(mods: _Element) -> list[str]:
    found = [inline(node) for node in mods if local(node) in {"abstract", "tableofcontents"}]
    notes = [node for node in mods if local(node) == "note"]
    found += [inline(node) for node in notes if not _INTERNAL_NOTES.search(node.get("type") or "")]
    return [text for text in dict.fromkeys(found) if len(text) > 2]


def _numbers(hosts: Sequence[_Element]) -> str:
    """Volume and number of a part: "vol. 27, no. 4,103"."""
    short = {"volume": "vol.", "issue": "no.", "number": "no.", "part": "part"}
    for host in hosts:
        details = [node for node in _find(host, "detail") if (node.get("type") or "").lower() in short]
        numbers = [
            (short[(node.get("type") or "").lower()], inline(part))
            for node in details
            for part in node
            if local(part) == "number" and inline(part)
        ]
        if numbers:
            return ", ".join(f"{kind} {number}" for kind, number in numbers)
    return ""
