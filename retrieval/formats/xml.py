"""XML, read as if it came from a stranger: nothing is fetched, nothing is expanded, everything is bounded.

A DOCTYPE is tolerated and never loaded. Entities are never expanded by the parser; afterwards the
harmless ones (a character's HTML name, a short plain text declared in the file itself) are put in
as text. Depth and single-text size are bounded by libxml2, which is not told `huge_tree`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.entities import name2codepoint
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.xml_partial import read_before_fault

MAX_BYTES = 200_000_000
"""Largest file that is read; the tree of one takes about ten times its size in memory."""

MAX_DEPTH = 256
"""Deepest nesting of elements that is read. Real finding aids stay under 40."""

_MALFORMED = "is not well-formed XML"
_MISCODED = "has bytes that do not fit the encoding it declares"
_HEAD = 4096
_PROLOGUE = re.compile(rb"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z][\w-]*)[\s/>]")
_PLAINER = {
    "Start tag expected, '<' not found": "it does not begin with a tag",
    "Document is empty": "it does not begin with a tag",
}
_LONGEST_ENTITY = 1000
_MOST_ENTITIES = 100_000
_MOST_DROPPED = 5


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its root element, and what was left out of it."""

    root: _Element
    problems: tuple[SourceError, ...]


def parse_xml(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """Parse a file. Raises SourceError with line and remedy for all that cannot be read."""
    check_size(path, max_bytes=max_bytes)
    parser = _make_parser()
    mended: tuple[SourceError, ...] = ()
    try:
        tree = _parse(path, parser)
    except etree.XMLSyntaxError as error:
        if _lacks_declarations_only(parser):
            tree = _parse(path, _make_parser(recover=True))
            mended = _drop_prefixes(path, tree)
        else:
            tree, mended = _keep_whole(path, _explain(path, error))
    except (OSError, ValueError, LookupError) as error:
        if "Invalid bytes" in str(error):
            raise _wrong_encoding(path, _first_bad_line(path)) from None
        raise SourceError(path, f"cannot be read: {_one_line(error)}") from None
    root = tree.getroot()
    if root is None:
        raise SourceError(path, "is empty", remedy="export it again")
    _refuse_depth(path, root)
    return Document(root, mended + _settle_entities(path, tree, root))


_SAFELY: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,  # one xml:id given twice must not cost the whole file
}


def _make_parser(*, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(recover=recover, **_SAFELY)


def _keep_whole(path: Path, error: SourceError) -> tuple[etree._ElementTree, tuple[SourceError, ...]]:
    """The records before a fault, where the file is a list of them; else the error is raised."""
    whole = None
    if error.problem.startswith((_MALFORMED, _MISCODED)):
        whole = read_before_fault(path, etree.XMLPullParser(events=("start", "end"), **_SAFELY))
    if whole is None:
        raise error from None
    root, count = whole
    kept = f"the {count:,} records before that were" if count > 1 else "the one record before that was"
    problem = f"{error.problem}; {kept} read"
    return root.getroottree(), (SourceError(path, problem, line=error.line, remedy=error.remedy),)


def _parse(path: Path, parser: etree.XMLParser) -> etree._ElementTree:
    with path.open("rb") as stream:
        return etree.parse(stream, parser)


def _lacks_declarations_only(parser: etree.XMLParser) -> bool:
    """Whether all that is wrong are prefixes without a declaration: a record cut out of a longer reply."""
    return {entry.domain_name for entry in parser.error_log} == {"NAMESPACE"}


def _drop_prefixes(path: Path, tree: etree._ElementTree) -> tuple[SourceError, ...]:
    """Take undeclared prefixes off names, since readers go by local names; and say which they were."""
    dropped: dict[str, None] = {}
    for element in tree.iter(etree.Element):
        prefix, colon, name = element.tag.rpartition(":")
        if colon and "}" not in element.tag:
            element.tag = name
            dropped[prefix] = None
        for key in [key for key in element.attrib if ":" in key and "}" not in key]:
            value = element.attrib.pop(key)
            if key.rpartition(":")[2] not in element.attrib:
                element.set(key.rpartition(":")[2], value)
            dropped[key.rpartition(":")[0]] = None
    named = ", ".join(list(dropped)[:_MOST_DROPPED]) or "one of a malformed address"
    problem = f"uses namespaces that it does not declare ({named}) and was read all the same"
    return (SourceError(path, problem, remedy="declare them with xmlns, or export it again"),)


def check_size(path: Path, *, max_bytes: int = MAX_BYTES) -> None:
    """Raise SourceError when the file is missing, empty or larger than is read; nothing is loaded."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SourceError(path, f"cannot be opened: {error.strerror}") from None
    if size == 0:
        raise SourceError(path, "is empty (0 bytes)", remedy="export it again")
    if size > max_bytes:
        raise SourceError(
            path,
            f"is {size / 1e6:,.0f} MB, more than the {max_bytes / 1e6:,.0f} MB that are read",
            remedy="split it by collection or series",
        )


def peek_root(path: Path) -> str:
    """Local name of a file's root element in lower case, by its first lines; "" where they do not show it.

    Says in which order files are to be read, before they are.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD).replace(b"\0", b"")
    except OSError:
        return ""
    match = _ROOT.search(_PROLOGUE.sub(b"", head))
    return match[1].decode().lower() if match else ""


def is_internal(element: _Element) -> bool:
    """Whether the element is marked as not for the public."""
    return bool(element.get("audience") == "internal")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _explain(path: Path, error: etree.XMLSyntaxError) -> SourceError:
    """Say in plain words what libxml2 found, with the line and what to do."""
    message = _one_line(error.msg or error)
    message = message.split(", line ")[0]
    message = _PLAINER.get(message, message)
    line = error.lineno or None
    lowered = message.lower()
    if "proper utf-8" in lowered or "invalid byte" in lowered or "bytes: 0x" in lowered:
        return _wrong_encoding(path, line)
    if "encoding" in lowered:
        return SourceError(
            path, f"declares an encoding that cannot be read: {message}", line=line, remedy="save it as UTF-8"
        )
    if "depth" in lowered:
        return _too_deep(path, line)
    if any(sign in lowered for sign in ("amplification", "entity loop", "recursive", "nested")):
        return _bomb(path, line)
    if "too long" in lowered or "huge" in lowered or "too big" in lowered:
        return SourceError(
            path,
            f"has one text or name beyond what is read: {message}",
            line=line,
            remedy="split that element",
        )
    return SourceError(
        path, f"{_MALFORMED}: {message}", line=line, remedy="correct that line, or export it again"
    )


def _wrong_encoding(path: Path, line: int | None) -> SourceError:
    return SourceError(
        path,
        f"{_MISCODED} (UTF-8 where none is declared)",
        line=line,
        remedy='save it as UTF-8, or declare the real one, e.g. encoding="windows-1252"',
    )


def _first_bad_line(path: Path) -> int | None:
    """The first line that is not UTF-8; libxml2 does not say when it finds it while filling its buffer."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


def _too_deep(path: Path, line: int | None) -> SourceError:
    return SourceError(
        path,
        f"nests elements deeper than the {MAX_DEPTH} levels that are read",
        line=line,
        remedy="export it again; a finding aid has at most a few dozen levels",
    )


def _bomb(path: Path, line: int | None) -> SourceError:
    return SourceError(
        path,
        "declares entities that grow beyond any memory",
        line=line,
        remedy="remove the <!ENTITY> declarations from its DOCTYPE",
    )


def _refuse_depth(path: Path, root: _Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise _too_deep(path, element.sourceline)


def _settle_entities(path: Path, tree: etree._ElementTree, root: _Element) -> tuple[SourceError, ...]:
    """Replace the references left in the tree by text where that is harmless; drop and report the others."""
    dtd = tree.docinfo.internalDTD
    if dtd is None:
        return ()
    declared: dict[str, str] = {}
    for entity in dtd.iterentities():
        content = entity.content or ""
        if "&" in content.replace("&amp;", "").replace("&lt;", "") and not content.startswith("&#"):
            raise _bomb(path, None)
        if content and "<" not in content and len(content) <= _LONGEST_ENTITY:
            declared[entity.name] = content
    references = list(root.iter(etree.Entity))
    if len(references) > _MOST_ENTITIES:
        raise _bomb(path, references[_MOST_ENTITIES].getparent().sourceline)
    dropped: dict[str, int | None] = {}
    for reference in references:
        name = reference.name
        text = declared.get(name) or (chr(name2codepoint[name]) if name in name2codepoint else "")
        if not text:
            dropped.setdefault(name, reference.getparent().sourceline)
        _replace(reference, text + (reference.tail or ""))
    return tuple(
        SourceError(
            path,
            f"refers to &{name};, which is not in this file and was left out",
            line=line,
            remedy="put its text in place of it",
        )
        for name, line in list(dropped.items())[:_MOST_DROPPED]
    )


def _replace(node: _Element, text: str) -> None:
    parent, before = node.getparent(), node.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    node.tail = None
    parent.remove(node)
