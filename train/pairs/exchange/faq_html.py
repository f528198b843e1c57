"""The HTML of a FAQ page as lines of text: what asks is marked, menus and scripts are gone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from train.pairs.exchange.reading import Unreadable

_LOOKS = re.compile(r"<(?:!doctype html|html|head|body|h[1-6]|p|div|dl|details|ul|section)\b", re.IGNORECASE)
_SILENT = frozenset(
    "script style noscript template nav footer iframe object svg math head select textarea".split()
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "button", "legend", "th"})
_ASKING = frozenset({"dt", "summary"})
_BLOCKS = _HEADINGS | _ASKING | frozenset(
    "p div dd li ul ol dl tr td table section article details blockquote pre main body html aside form "
    "header fieldset".split()
)  # fmt: skip
_MOST_QUESTIONS = 20_000

Line = tuple[int, str]


def looks_like_html(text: str) -> bool:
    """Whether a text is a page, or a piece of one."""
    return bool(_LOOKS.search(text[:20_000]))


def flatten_html(text: str) -> list[Line]:
    """A page as lines with the numbers they had: questions behind "Q:", headings behind "## ".

    Raises Unreadable for what no parser can make anything of.
    """
    try:
        tree = html.document_fromstring(
            text.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8")
        )
    except (etree.LxmlError, ValueError, AssertionError):
        raise Unreadable("the page's HTML cannot be read", "Copy its text into a plain text file") from None
    stated = [line for script in tree.iter("script") for line in _read_stated(script)]
    return stated or list(_walk(tree))


def _walk(tree: etree._Element) -> Iterator[Line]:
    """Blocks in the order of the page, each followed by an empty line."""
    open_text: list[str] = []
    kind, line, silent = "", 0, 0
    for event, node in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if event in ("comment", "pi"):
            if not silent:
                open_text.append(node.tail or "")
            continue
        if event == "start":
            if tag in _BLOCKS and not silent:
                yield from _close(open_text, kind, line)
                open_text, kind, line = [], tag, node.sourceline or 0
            silent += tag in _SILENT
            if not silent:
                open_text.append("\n" if tag == "br" else node.text or "")
                line = line or node.sourceline or 0
            continue
        silent -= tag in _SILENT
        if silent:
            continue
        if tag == "a" and (address := _address(node)):
            open_text.append(f" ({address})")
        if tag in _BLOCKS:
            yield from _close(open_text, kind, line)
            open_text, kind, line = [], "", node.sourceline or 0
        open_text.append(node.tail or "")
    yield from _close(open_text, kind, line)


def _close(parts: list[str], kind: str, line: int) -> Iterator[Line]:
    lines = [" ".join(part.split()) for part in "".join(parts).split("\n")] if kind == "pre" else _fold(parts)
    lines = [each for each in lines if each]
    if not lines:
        return
    if kind in _ASKING:
        yield line, f"Q: {' '.join(lines)}"
        yield line, ""
        return
    if kind in _HEADINGS:
        yield line, f"## {' '.join(lines)}"
        yield line, ""
        return
    mark = "- " if kind == "li" else ""
    for number, each in enumerate(lines):
        yield line, f"{mark if number == 0 else ''}{each}"
    if kind != "li":
        yield line, ""


def _fold(parts: list[str]) -> list[str]:
    """Lines that <br> makes; all other white space is one space."""
    pieces = ["" if part != "\n" else "\x00" for part in parts]
    text = "".join(mark or re.sub(r"\s+", " ", part) for mark, part in zip(pieces, parts, strict=True))
    return [" ".join(each.split()) for each in text.split("\x00")]


def _address(node: etree._Element) -> str:
    """The address of a link to the web, where its words do not say it already."""
    address = node.get("href", "").strip()
    words = "".join(node.itertext()).strip()
    return address if re.match(r"https?://", address) and address != words else ""


def _read_stated(script: etree._Element) -> Iterator[Line]:
    """Questions that the page states for search engines (schema.org FAQPage in JSON-LD)."""
    if script.get("type", "").strip().lower() != "application/ld+json":
        return
    try:
        stated = json.loads(script.text or "")
    except (ValueError, RecursionError):
        return
    line = script.sourceline or 0
    for asked, answered in _find_questions(stated):
        yield line, f"Q: {_strip_tags(asked)}"
        answer = _strip_tags(answered).split("\n")
        yield line, f"A: {answer[0]}"
        yield from ((line, f"   {each}" if each else "") for each in answer[1:])
        yield line, ""


def _find_questions(stated: object) -> Iterator[tuple[str, str]]:
    waiting: list[Any] = [stated]
    found = 0
    while waiting and found < _MOST_QUESTIONS:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting = value + waiting
        elif isinstance(value, dict):
            answer = value.get("acceptedAnswer") or value.get("suggestedAnswer")
            answer = answer[0] if isinstance(answer, list) and answer else answer
            if isinstance(answer, dict) and isinstance(value.get("name"), str):
                found += 1
                yield value["name"], str(answer.get("text") or "")
            waiting = [value[key] for key in ("@graph", "mainEntity") if key in value] + waiting


def _strip_tags(text: str) -> str:
    if "<" not in text and "&" not in text:
        return text.strip()
    return "\n".join(
        line for _, line in _walk(html.fragment_fromstring(f"{text}", create_parent="div"))
    ).strip()
