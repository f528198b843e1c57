"""The words of a transcription out of TEI: what the writer wrote, as it reads, without the editor's notes.

Of several readings the one that reads best is taken (expanded, corrected, regularised), deletions are
left out and additions kept, a gap is "[...]". Inline elements never join or part words; `space` and line
breaks are white space, a break inside a word is nothing (TEI Guidelines, 3.4, 3.11 and 11.3).
"""

from __future__ import annotations

import re

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.prose import fold, local

_BLOCKS = frozenset(
    "ab address addrline argument body byline castlist castitem closer dateline div div1 div2 div3 div4 "
    "docdate docimprint doctitle epigraph front group head imprimatur item l label lg list opener p "
    "postscript quote row salute signed sp speaker stage table text titlepage trailer".split()
)
_INLINE_QUOTES = frozenset({"p", "seg", "l", "hi", "ab", "head", "q"})
_SILENT = frozenset(
    "teiheader back del surplus fw figure notegrp index standoff listperson listplace listorg listbibl "
    "listevent listobject listnym listwit listapp desc certainty precision respons interp interpgrp span "
    "spangrp link linkgrp metamark rdg rdggrp witdetail facsimile sourcedoc".split()
)
_EDITORIAL_DIVS = frozenset(
    "commentary comment kommentar editorial editor apparatus notes annotations bibliography index register "
    "imprint regest summary editorialnote".split()
)
_CHOICES = ("corr", "expan", "reg", "lem")
_PICKING = frozenset({"choice", "subst", "app"})
_LINES = frozenset({"opener", "closer", "dateline", "seg", "address"})
_BLOCK, _JOIN = "\x1e", "\x1d"
_JOINED = re.compile(rf"(?:(?<=\w)[-¬=\u00ad])?\s*{_JOIN}\s*")


def transcribe(element: _Element) -> str:
    """Text of an element, a paragraph a line; page breaks that are numbered stand as "[p. 2]"."""
    parts: list[str] = []
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, node in walker:
        name = local(node)
        if event == "start":
            if node is not element and _is_silent(node, name):
                walker.skip_subtree()
                continue
            parts += [_mark(node, name), _BLOCK if _is_block(node, name) else "", _own_text(node, name)]
        else:
            parts.append(_BLOCK if _is_block(node, name) else " " if name in {"cell", "seg"} else "")
            if name == "seg" and not _stands_in_line(node):
                parts[-1] = ""
            if node is not element:
                parts.append(_tail(node))
    joined = _JOINED.sub("", "".join(parts))
    return "\n".join(line for line in map(fold, joined.split(_BLOCK)) if re.search(r"\w", line))


def is_editorial(element: _Element) -> bool:
    """Whether a `div` is the editor's own: a commentary, an index, a register."""
    return (element.get("type") or "").lower() in _EDITORIAL_DIVS


def _is_silent(node: _Element, name: str) -> bool:
    if name in {"rdg", "rdggrp"}:
        return not _is_picked(node)
    if name in _SILENT:
        return True
    if name == "note":
        return not _is_authorial(node)
    if name.startswith("div") and is_editorial(node):
        return True
    if name == "am":
        return any(local(other) == "ex" for other in node.getparent())
    parent = node.getparent()
    return parent is not None and local(parent) in {"choice", "app"} and not _is_picked(node)


def _is_picked(node: _Element) -> bool:
    """Whether this is the one of several readings that is taken."""
    others = list(node.getparent())
    wanted = next((other for name in _CHOICES for other in others if local(other) == name), others[0])
    return wanted is node


def _is_authorial(note: _Element) -> bool:
    """Whether a note is the writer's own; unless it says so it is the editor's."""
    said = " ".join(filter(None, (note.get("type"), note.get("subtype"), note.get("resp")))).lower()
    return "author" in said or bool(note.get("hand"))


def _is_block(node: _Element, name: str) -> bool:
    if name == "quote":
        parent = node.getparent()
        return parent is None or local(parent) not in _INLINE_QUOTES
    return name in _BLOCKS


def _mark(node: _Element, name: str) -> str:
    """What stands for an empty element: white space, a page mark, a gap, or nothing inside a word."""
    if name in {"lb", "pb", "cb", "gb"}:
        if node.get("break") == "no":
            return _JOIN
        number = fold(node.get("n")) if name == "pb" else ""
        return f" [p. {number}] " if number and len(number) < 20 else " "
    if name == "space":
        return _BLOCK if node.get("dim") == "vertical" else " "
    if name == "gap":
        return "[...]"
    if name == "w":
        before = node.getprevious()
        apart = before is not None and local(before) == "w" and not before.tail
        return " " if apart and node.get("part") not in {"M", "F"} else ""
    return ""


def _own_text(node: _Element, name: str) -> str:
    text = node.text or ""
    return "" if name in {"gap", "space"} or (name in _PICKING and not text.strip()) else text


def _tail(node: _Element) -> str:
    tail = node.tail or ""
    return "" if local(node.getparent()) in _PICKING and not tail.strip() else tail


def _stands_in_line(node: _Element) -> bool:
    parent = node.getparent()
    return parent is not None and local(parent) in _LINES
