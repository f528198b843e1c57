"""IIIF Presentation manifests and collections, versions 2 and 3, to records.

A manifest is one object; canvases and ranges that are called more than a page number become records
below it, with the picture of that page as their link. Nothing is fetched: no image, no annotation list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from retrieval.errors import SourceError
from retrieval.formats.identifiers import make_unique, path_hash, slug
from retrieval.formats.iiif.metadata import Facts, read_date, read_metadata
from retrieval.formats.iiif.parts import canvases_of, parts_of
from retrieval.formats.iiif.values import Json, address_of, id_of, objects_in, text_of, type_of, values_of
from retrieval.formats.languages import name_languages
from retrieval.formats.plain_text import read_text, title_from_name
from retrieval.formats.prose import drop_full_stop
from retrieval.formats.rights import name_rights, split_rights
from retrieval.records import Record

MAX_BYTES = 50_000_000
"""Largest manifest that is read; JSON takes about ten times its size in memory."""

_MANIFEST_NAME = re.compile(r"/manifest(?:\.json)?/?$")


@dataclass(frozen=True, slots=True)
class IiifReading:
    """The collection, the objects in it, and what of them has a name of its own."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]


def read_iiif(path: Path, source: str) -> IiifReading:
    """Records of a JSON file. Raises SourceError for what is no JSON, or no IIIF of a kind that is read."""
    text, note = read_text(path, max_bytes=MAX_BYTES)
    whole = _parse(path, text)
    read = _read_collection if type_of(whole) == "Collection" else _read_manifest
    return IiifReading(tuple(read(whole, path, source)), (note,) if note else ())


def _parse(path: Path, text: str) -> Json:
    try:
        whole: Any = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"is not valid JSON: {error.msg}"
        raise SourceError(path, problem, line=error.lineno, remedy="export it again") from None
    except RecursionError:
        raise SourceError(path, "nests JSON deeper than is read", remedy="export it again") from None
    if not isinstance(whole, dict) or type_of(whole) not in {"Manifest", "Collection"}:
        found = "a list" if isinstance(whole, list) else "an object" if isinstance(whole, dict) else "a value"
        raise SourceError(
            path,
            f"is JSON ({found}) but no IIIF manifest",
            remedy="of JSON, IIIF manifests and collections are read (Presentation 2 and 3)",
        )
    return whole


def _read_manifest(manifest: Json, path: Path, source: str) -> Iterator[Record]:
    facts = read_metadata(manifest)
    within = next(objects_in(manifest.get("partOf") or manifest.get("within")), {})
    host = facts.join("collection") or text_of(within.get("label"))
    top = _make_top(host or title_from_name(path.resolve().parent.name), source)
    yield top
    yield from _make_object(manifest, facts, top, path.stem, {"collection"})


def _read_collection(whole: Json, path: Path, source: str) -> Iterator[Record]:
    """What a IIIF collection says of itself, and a record for each manifest that it lists or holds."""
    top = _make_top(text_of(whole.get("label")) or title_from_name(path.stem), source)
    own = _describe(whole, read_metadata(whole), top)
    yield replace(own, id=top.id, parent_id="", breadcrumb=(), level="collection", position=0)
    taken = {"collection"}
    for key in ("items", "manifests", "members", "collections"):
        for member in objects_in(whole.get(key)):
            if text_of(member.get("label")):
                yield from _make_object(member, read_metadata(member), top, "", taken)


def _make_top(title: str, source: str) -> Record:
    collection_id = slug(title) or path_hash((title,))
    return Record(
        id=f"{collection_id}/collection", collection_id=collection_id, level="collection", title=title,
        collection=title, source=source,
    )  # fmt: skip


def _make_object(manifest: Json, facts: Facts, top: Record, stem: str, taken: set[str]) -> Iterator[Record]:
    own = _describe(manifest, facts, top)
    address = id_of(manifest)
    last = slug(_MANIFEST_NAME.sub("", address).rstrip("/").rpartition("/")[2])
    name = make_unique(slug(stem) or last or path_hash((own.title, address)), taken)
    own = replace(own, id=f"{top.collection_id}/{name}")
    yield own
    for number, part in enumerate(parts_of(manifest), start=2):
        written, spans = read_date(part.facts, {})
        below = make_unique(f"{name}-{slug(part.title)[:40] or number}", taken)
        yield replace(
            own,
            id=f"{top.collection_id}/{below}",
            title=part.title,
            breadcrumb=(*own.breadcrumb, own.title),
            parent_id=own.id,
            position=number,
            dates=written or own.dates,
            spans=spans or own.spans,
            dates_inherited=bool(own.dates and not written),
            identifiers=(),
            names=tuple(part.facts.get("creator", "names")),
            senders=tuple(part.facts.get("sender")),
            recipients=tuple(part.facts.get("recipient")),
            subjects=tuple(part.facts.get("subjects")),
            places=tuple(part.facts.get("places")),
            extent="",
            text=part.text,
            transcribed=part.transcribed,
            link=part.link or own.link,
        )


def _describe(manifest: Json, facts: Facts, top: Record) -> Record:
    """What a manifest says of its object."""
    title = drop_full_stop(text_of(manifest.get("label")).rstrip(" /")) or "Untitled"
    written, spans = read_date(facts, manifest)
    access, use = _rights(manifest, facts)
    numbers = facts.get("call_number")
    provider = [text_of(each.get("label")) for each in objects_in(manifest.get("provider"))]
    summary = text_of(manifest.get("summary") or manifest.get("description"))
    count = len(canvases_of(manifest))
    return Record(
        id="",
        collection_id=top.collection_id,
        level="item",
        title=title,
        collection=top.title,
        breadcrumb=(top.title,),
        parent_id=top.id,
        position=1,
        dates=written,
        spans=spans,
        call_number=numbers[0] if numbers else "",
        identifiers=tuple(dict.fromkeys(filter(None, (*numbers[1:], id_of(manifest))))),
        repository=facts.join("repository") or "; ".join(filter(None, provider)),
        creator="; ".join(facts.get("creator") or facts.get("sender")),
        names=tuple(facts.get("sender", "recipient", "creator", "names")),
        senders=tuple(facts.get("sender")),
        recipients=tuple(facts.get("recipient")),
        places=tuple(facts.get("places")),
        subjects=tuple(facts.get("subjects")),
        language=name_languages(facts.get("language")),
        extent=facts.join("extent") or (f"{count} images" if count > 1 else ""),
        access=access,
        access_from=title if access else "",
        use=use,
        text="\n".join(dict.fromkeys(filter(None, (summary, *facts.get("text"), *facts.others)))),
        link=_link(manifest),
        source=top.source,
    )


def _rights(manifest: Json, facts: Facts) -> tuple[str, str]:
    """Conditions of access and of use, out of required statements, rights and metadata."""
    stated = [text_of(each.get("value")) for each in objects_in(manifest.get("requiredStatement"))]
    stated += [*values_of(manifest.get("attribution")), *facts.get("use")]
    stated += [name_rights(text) for text in values_of(manifest.get("rights") or manifest.get("license"))]
    access, use = split_rights(dict.fromkeys(filter(None, stated)))
    return "; ".join(dict.fromkeys(filter(None, (*facts.get("access"), access)))), use


def _link(manifest: Json) -> str:
    """The page about the object for people, where the manifest names one; else the manifest itself."""
    for key in ("homepage", "related"):
        found = address_of(manifest.get(key))
        if found:
            return found
    for rendering in objects_in(manifest.get("rendering")):
        if "html" in str(rendering.get("format", "")):
            return address_of(rendering)
    return address_of(id_of(manifest))
