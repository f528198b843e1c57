"""The registry of sources: what the index is made from, and how each is read.

    <index root>/sources.json

It says where to look; what was found there, file by file, is kept in the index itself (`Origin`), so
that both are always of the same state.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from retrieval.errors import SourceError
from retrieval.formats.identifiers import make_unique, slug
from retrieval.sources.reading import SourceOptions
from retrieval.spans import WITHOUT_END

FILE = "sources.json"
Kind = Literal["files", "oai"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where records come from and how they are read.

    `location` is a file or folder, or the base URL of an OAI-PMH server, read with `prefix` (its
    metadataPrefix) and `set`. `place` orders the sources. `given` says that it was named to `index build`,
    which the next such build replaces.

    Only staff may see it where `staff_only`, or until `embargo` (the last such day, ISO 8601).
    `hide_closed` keeps also the descriptions of closed material to staff for as long as it is closed.

    `read` is when it was last read (ISO 8601, UTC), `problem` what hindered the last reading.
    """

    name: str
    kind: Kind
    location: str
    place: int = 0
    given: bool = False
    carry_containers: bool = False
    link_template: str = ""
    columns: str = ""
    prefix: str = "oai_dc"
    set: str = ""
    staff_only: bool = False
    embargo: str = ""
    hide_closed: bool = False
    read: str = ""
    problem: str = ""

    @property
    def options(self) -> SourceOptions:
        """How its files are read."""
        return SourceOptions(self.carry_containers, self.link_template, self.columns)

    @property
    def withheld_until(self) -> str:
        """The last day on which all of it is for staff only; "" for never."""
        return WITHOUT_END if self.staff_only else self.embargo

    @property
    def how(self) -> str:
        """All that decides what records its files give, in one line."""
        return f"{self.options} {self.withheld_until} {self.hide_closed}"


def load_sources(root: Path) -> list[Source]:
    """The registered sources in their order; none where there is no registry. Raises SourceError."""
    path = root / FILE
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    try:
        found = [Source(**values) for values in json.loads(text)["sources"]]
    except (ValueError, TypeError, KeyError) as problem:
        raise SourceError(
            path,
            f"is no registry of sources: {problem}",
            remedy="restore it, or remove it and add them again",
        ) from problem
    return sorted(found, key=lambda source: source.place)


def save_sources(root: Path, sources: Iterable[Source]) -> None:
    """Replace the registry in one step."""
    root.mkdir(parents=True, exist_ok=True)
    aside = root / f"{FILE}.tmp"
    with aside.open("w", encoding="utf-8") as stream:
        json.dump({"sources": [asdict(source) for source in sources]}, stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(root / FILE)


def find_source(sources: Iterable[Source], name: str) -> Source:
    """The source of this name. Raises SourceError that names those there are."""
    sources = list(sources)
    for source in sources:
        if source.name == name:
            return source
    known = ", ".join(source.name for source in sources) or "none"
    raise SourceError(name, "is no source", remedy=f"known sources: {known}")


def add_source(sources: list[Source], source: Source) -> list[Source]:
    """The registry with one more at its end. Raises SourceError when its name or place is taken."""
    for other in sources:
        if other.name == source.name:
            raise SourceError(
                source.name, "is a source already", remedy="choose another --name, or remove it"
            )
        if (other.location, other.prefix, other.set) == (source.location, source.prefix, source.set):
            raise SourceError(source.location, f"is the source {other.name} already")
    last = max((other.place for other in sources), default=0)
    return [*sources, replace(source, place=last + 1)]


def name_source(location: str, taken: Iterable[str]) -> str:
    """A short name for a source: the last word of its address, made unique."""
    words = [word for word in location.rstrip("/").split("/") if word]
    return make_unique(slug(words[-1] if words else "") or "source", set(taken))


def replace_given(sources: list[Source], paths: Iterable[Path], options: SourceOptions) -> list[Source]:
    """The registry with the paths of `index build` instead of those of the build before."""
    kept = [source for source in sources if not source.given]
    for path in paths:
        location = str(path.resolve())
        if any(source.location == location for source in kept):
            continue
        source = Source(
            name=name_source(location, {other.name for other in kept}),
            kind="files",
            location=location,
            given=True,
            carry_containers=options.carry_containers,
            link_template=options.link_template,
            columns=options.columns,
        )
        kept = add_source(kept, source)
    return kept
