"""Canvases and ranges of a IIIF manifest: which of them are more than a page number, and their pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.formats.iiif.metadata import Facts, read_metadata
from retrieval.formats.iiif.values import Json, address_of, id_of, objects_in, text_of, type_of

_MOST = 20_000
_WRAPPERS = frozenset(
    {"table of contents", "contents", "inhaltsverzeichnis", "table des matières", "articles"}
)
_PAGE_LABEL = re.compile(
    r"^\W*(?:(?:p|pp|pg|page|seite|s|f|ff|fol|folio|folios|leaf|bl|blatt|image|img|bild|canvas|scan|vue|view"
    r"|plate|no|nr|recto|verso|front|back|cover|upper|lower|inside|outside|outer|inner|binding|board|spine"
    r"|flyleaf|endpaper|pastedown|blank|unnumbered|unpaginated|r|v|right|left|side|of|and|the|edge|head|tail"
    r"|fore|einband|deckel|vorderseite|rückseite|vorne|hinten|spiegel|vorsatz|titel|title|color|colour|target"
    r"|chart|ruler|scale|[ivxlcdm]+|[a-z]?\d+[a-z]{0,2})(?:[\W_]+|$))*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A named part of an object, with the address of its first picture."""

    title: str
    text: str
    link: str
    facts: Facts
    transcribed: bool = False


def canvases_of(manifest: Json) -> list[Json]:
    """Its canvases: those of all sequences (version 2), or its items (version 3)."""
    if isinstance(manifest.get("sequences"), list):
        sequences = objects_in(manifest["sequences"])
        return [each for sequence in sequences for each in objects_in(sequence.get("canvases"))]
    return [each for each in objects_in(manifest.get("items")) if type_of(each) == "Canvas"]


def parts_of(manifest: Json) -> Iterator[Part]:
    """Ranges with names of their own, then canvases with names, descriptions or words."""
    canvases = canvases_of(manifest)
    pictures = {id_of(canvas): _picture(canvas) for canvas in canvases}
    whole = text_of(manifest.get("label"))
    said = {whole}
    for part in _ranges(manifest):
        title = text_of(part.get("label"))
        if title and title not in said and not is_page_label(title) and title.lower() not in _WRAPPERS:
            said.add(title)
            link = next((pictures[key] for key in _targets(part) if pictures.get(key)), "")
            yield Part(title, "", link, read_metadata(part))
    for canvas in canvases:
        title, facts = text_of(canvas.get("label")), read_metadata(canvas)
        written = "\n".join(_transcriptions(canvas))
        told = [
            text_of(canvas.get("summary") or canvas.get("description")),
            *facts.get("text"),
            *facts.others,
        ]
        text = "\n".join(dict.fromkeys(filter(None, (*told, written))))
        bare = is_page_label(title)
        if text or (title not in said and not bare):
            said.add(title)
            shown = f"{whole}, {_call_page(title)}" if bare and whole else title or whole
            yield Part(shown, text, pictures[id_of(canvas)], facts, bool(written))


def is_page_label(label: str) -> bool:
    """Whether a label only says which page or image it is: "f. 12r", "Image 3", "inside front cover"."""
    return len(label) < 80 and bool(_PAGE_LABEL.match(label))


def _call_page(label: str) -> str:
    return f"page {label}" if re.match(r"^\[?[\divxlc]+[rv]?\]?$", label, re.IGNORECASE) else label or "page"


def _ranges(manifest: Json) -> Iterator[Json]:
    """Ranges at any depth, by a stack."""
    waiting = list(objects_in(manifest.get("structures")))[::-1]
    seen = 0
    while waiting and seen < _MOST:
        part = waiting.pop()
        seen += 1
        yield part
        waiting += [each for each in objects_in(part.get("items")) if type_of(each) == "Range"][::-1]


def _targets(part: Json) -> Iterator[str]:
    for key in ("items", "canvases", "members"):
        value = part.get(key)
        for each in value if isinstance(value, list) else []:
            name = id_of(each) if isinstance(each, dict) else each
            if isinstance(name, str):
                yield name.partition("#")[0]


def _picture(canvas: Json) -> str:
    """Address of the picture that is painted on a canvas."""
    for page in objects_in(canvas.get("items")):
        for annotation in objects_in(page.get("items")):
            found = address_of(annotation.get("body"))
            if found:
                return found
    for image in objects_in(canvas.get("images")):
        found = address_of(image.get("resource"))
        if found:
            return found
    return address_of(canvas.get("thumbnail"))


def _transcriptions(canvas: Json) -> Iterator[str]:
    """Words that lie in the manifest itself, as annotations on a page."""
    for page in objects_in(canvas.get("annotations")):
        for annotation in objects_in(page.get("items")):
            for body in objects_in(annotation.get("body")):
                if type_of(body) == "TextualBody" and body.get("purpose") != "tagging":
                    yield text_of(body.get("value"))
