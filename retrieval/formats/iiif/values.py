"""Values in IIIF manifests: text in languages, links and service addresses, in versions 2 and 3 alike.

Anybody may write anything into JSON, so nothing is taken to be of the type that the specification says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

from retrieval.formats.prose import fold

Json = Mapping[str, Any]
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_WEB = ("http://", "https://")
_LANGUAGES = ("en", "eng", "en-GB", "en-US", "none", "@none", "")
"""Which of several languages is taken first; then as they come."""
_LONGEST = 100_000


def text_of(value: object, *, every: bool = False) -> str:
    """Text of a value: a string, a list of them, `{"@value"}` (v2) or `{"en": [...]}` (v3), HTML taken off.

    Of the same text in several languages English is taken, or all of them if `every`.
    """
    return "; ".join(dict.fromkeys(_clean(text) for text in _texts(value, every) if _clean(text)))


def values_of(value: object) -> list[str]:
    """The same, each value by itself."""
    return list(dict.fromkeys(_clean(text) for text in _texts(value, False) if _clean(text)))


def objects_in(value: object) -> Iterator[Json]:
    """Objects in a value that is one of them or a list."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            yield each


def address_of(value: object) -> str:
    """A web address: the value itself, or the id of an object or of the first in a list."""
    for each in value if isinstance(value, list) else [value]:
        found = each.get("id") or each.get("@id") if isinstance(each, dict) else each
        if isinstance(found, str) and found.strip().startswith(_WEB):
            return found.strip()
    return ""


def id_of(value: Json) -> str:
    """The id of an object, "" where it has none."""
    found = value.get("id") or value.get("@id")
    return found.strip() if isinstance(found, str) else ""


def type_of(value: Json) -> str:
    """Its type without a prefix: "Manifest" for "sc:Manifest"."""
    found = value.get("type") or value.get("@type")
    found = found[0] if isinstance(found, list) and found else found
    return found.rpartition(":")[2] if isinstance(found, str) else ""


def _texts(value: object, every: bool) -> Iterator[str]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, str | int | float):
        yield str(value)[:_LONGEST]
    elif isinstance(value, list):
        if not every and value and all(isinstance(each, dict) and "@language" in each for each in value):
            languages = [str(each["@language"]) for each in value]
            wanted = next((name for name in _LANGUAGES if name in languages), languages[0])
            value = [each for each in value if each["@language"] == wanted]
        for each in value[:1000]:
            if not isinstance(each, list):
                yield from _texts(each, every)
    elif isinstance(value, dict):
        if "@value" in value:
            yield from _texts(value["@value"] if not isinstance(value["@value"], dict) else None, every)
            return
        named = [key for key in value if isinstance(value[key], str | list)]
        if not named or not all(len(key) < 16 for key in named):
            return
        wanted = next((name for name in _LANGUAGES if name in named), named[0])
        for key in named if every else [wanted]:
            strings = value[key] if isinstance(value[key], list) else [value[key]]
            yield from (
                str(each)[:_LONGEST] for each in strings[:1000] if isinstance(each, str | int | float)
            )


def _clean(text: str) -> str:
    """Text without the HTML that IIIF allows in values; what only looks like a tag stays."""
    if "<" in text:
        text = re.sub(
            r"<(?:script|style)\b.*?</(?:script|style)\s*>", " ", text, flags=re.DOTALL | re.IGNORECASE
        )
        text = _TAG.sub(" ", text)
    return fold(unescape(text))
