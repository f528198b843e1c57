"""Plain text out of marked-up description: inline text as it reads, notes as paragraphs.

Elements marked audience="internal" are passed over wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.xml import is_internal

_PARAGRAPHS = frozenset(
    "p head list chronlist table blockquote legend index address bibliography row chronitem "
    "scopecontent bioghist arrangement odd note descgrp accessrestrict userestrict".split()
)
_ITEMS = frozenset("item defitem event addressline bibref entry physfacet dimensions indexentry".split())
_SPACES = frozenset("lb label extent subarea language chronitemset datesingle daterange part".split())
_NAMED = frozenset("title persname corpname famname geogname name subject genreform".split())
_EDGE = "\x1f"
_RUN_TOGETHER = re.compile(rf"(?<=[^\W\d_A-Z][,.;:]){_EDGE}(?=[^\W\d_])|(?<=[^\W\d_A-Z]){_EDGE}(?=[A-Z])")
"""The edge of a name without a space ("Steamer<title>Ella</title>"): exports strip white space there."""
_HEADS = frozenset({"head", "listhead", "head01", "head02", "thead"})
_SILENT = frozenset({"num", "ptr", "extptr", "ptrloc", "extptrloc"})

_SPACE_BEFORE_POINT = re.compile(r" +([,.;:])(?=\s|$)")
_ABBREVIATED = re.compile(
    r"(?:\b\w|\b(?:Jr|Sr|Inc|Co|Corp|Ltd|Bros|Mr|Mrs|Dr|St|etc|vol|no|ed|pp|ft|Dept|Assn|Univ|Vic|ca))\.$"
)
_LONGEST, _LONG, _SHORT = 400, 240, 60
"""Characters: the longest title that is kept whole, what is kept of a longer one at most, and at least."""
_MISSING = "data_value_missing_"
_MISSING_VALUE = re.compile(rf"\b{_MISSING}\w*")
"""What ArchivesSpace exports in place of a value that nobody has given."""
_local_names: dict[str, str] = {}


def local(element: _Element) -> str:
    """Name of an element without its namespace."""
    tag: str = element.tag
    name = _local_names.get(tag)
    if name is None:
        name = _local_names[tag] = tag.rpartition("}")[2].lower()
    return name


def fold(text: str | None) -> str:
    """Text on one line: runs of white space made one space, none before a comma or full stop.

    Character references escaped twice over ("&amp;uuml;") are put right.
    """
    if not text:
        return ""
    folded = " ".join(text.split())
    if "&" in folded and ";" in folded:
        folded = unescape(folded)
    if _MISSING in folded:
        folded = _MISSING_VALUE.sub("", folded).strip()
    if "\u200b" in folded or "\ufeff" in folded or "\u00ad" in folded or "\ufffe" in folded:
        folded = re.sub("[\u200b\ufeff\ufffe\u00ad]", "", folded)
    if " ," in folded or " ." in folded or " ;" in folded or " :" in folded:
        return _SPACE_BEFORE_POINT.sub(r"\1", folded)
    return folded


def inline(element: _Element) -> str:
    """All text of an element on one line, as it reads."""
    if not len(element):
        return fold(element.text)
    return " ".join(_pieces(element, heads=True))


def drop_full_stop(text: str) -> str:
    """Text without its closing full stop, unless that belongs to an abbreviation or an ellipsis."""
    if text.endswith(".") and not text.endswith("..") and not _ABBREVIATED.search(text):
        return text[:-1].rstrip()
    return text


def shorten_title(title: str) -> str:
    """A title that a citation can hold: a longer one is cut where a part of it ends, and marked so."""
    if len(title) <= _LONGEST:
        return title
    head = title[:_LONG]
    ends = [head.rfind(sign) for sign in ("; ", ". ", ": ", ", ")]
    end = next((end for end in ends if end > _SHORT), head.rfind(" "))
    return f"{head[:end].rstrip(' ,;:.-')} …"


def paragraphs(element: _Element) -> list[str]:
    """Paragraphs of a note, its heading left out; lists on one line each, with semicolons."""
    return list(_pieces(element, heads=False))


def join_paragraphs(parts: Iterable[str]) -> str:
    """Paragraphs as one text, a line each, without repeats; what ends in a colon stays with what follows."""
    text = "\n".join(dict.fromkeys(part for part in parts if part))
    return text.replace(":\n", ": ")


def _pieces(element: _Element, *, heads: bool) -> list[str]:
    """Walk the element once and cut its text where a paragraph or list item begins or ends."""
    lines: list[list[list[str]]] = [[[element.text or ""]]]
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, node in walker:
        if node is element:
            continue
        name = local(node)
        if event == "start":
            if is_internal(node) or name in _SILENT or (not heads and name in _HEADS):
                walker.skip_subtree()
                node_text = ""
            else:
                node_text = node.text or ""
            _cut(lines, name)
            lines[-1][-1].append(f": {node_text}" if _tells_of_label(node, name) else node_text)
        else:
            _cut(lines, name)
            lines[-1][-1].append(node.tail or "")
    folded = ([_join(item) for item in line] for line in lines)
    joined = (join_items([item for item in line if item]) for line in folded)
    return [line for line in joined if line]


def _join(pieces: list[str]) -> str:
    text = "".join(pieces)
    return fold(_RUN_TOGETHER.sub(" ", text).replace(_EDGE, "") if _EDGE in text else text)


def _tells_of_label(node: _Element, name: str) -> bool:
    """Whether an element says what the date or label before it is about."""
    if name == "event":
        return node.getprevious() is None or local(node.getprevious()) != "event"
    if name in {"ref", "ptrgrp"}:
        return local(node.getparent()) == "indexentry" and node.getprevious() is not None
    return name == "item" and local(node.getparent()) == "defitem"


def _cut(lines: list[list[list[str]]], name: str) -> None:
    if name in _PARAGRAPHS:
        lines.append([[]])
    elif name in _ITEMS:
        lines[-1].append([])
    elif name in _SPACES:
        lines[-1][-1].append(" ")
    elif name in _NAMED:
        lines[-1][-1].append(_EDGE)


def join_items(items: Iterable[str]) -> str:
    """Parts of one statement on one line, with semicolons where they bring no punctuation of their own."""
    text = ""
    for item in items:
        if not text:
            text = item
        elif item.startswith(("(", ",", ";", ".", ":")):
            text += ("" if item[0] in ",;.:" else " ") + item
        elif text.endswith((";", ",", ":", ".")):
            text += " " + item
        else:
            text += "; " + item
    return text
