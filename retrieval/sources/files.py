"""The files of a source, and which of them changed since they were last read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.formats.inventory.columns import find_mapping
from retrieval.sources.reading import find_files, rank, read_file
from retrieval.sources.registry import Source
from retrieval.store.origins import Origin
from retrieval.store.reading import Reading

Key = tuple[str, str]
HARVESTS = "harvest"
"""Folder beside the snapshots with the records that were harvested, a folder for each source."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source; `name` is its path inside, with "/"."""

    source: Source
    name: str
    path: Path

    @property
    def key(self) -> Key:
        """Source and name."""
        return self.source.name, self.name


def locate(root: Path, source: Source) -> Path:
    """The folder, or the one file, that a source's files are in."""
    return root / HARVESTS / source.name if source.kind == "oai" else Path(source.location)


def list_files(root: Path, source: Source) -> list[SourceFile]:
    """Its files, sorted. Raises SourceError when the place itself is not there."""
    location = locate(root, source)
    if not location.exists():
        if source.kind == "oai":
            return []
        raise SourceError(
            location,
            "is not there; what is indexed of it stays",
            remedy=f"bring it back, or: reading-room sources remove {source.name}",
        )
    base = location if location.is_dir() else location.parent
    return [SourceFile(source, path.relative_to(base).as_posix(), path) for path in find_files([location])]


def order_of(source: Source, origin_rank: int, name: str) -> tuple[int, int, list[str]]:
    """Place in the order of reading, over all sources."""
    return origin_rank, source.place, name.split("/")


def find_changed(files: Iterable[SourceFile], known: Mapping[Key, Origin], *, full: bool) -> list[SourceFile]:
    """Files that are new or other than when they were last read, or all; pages of another file left out."""
    files = list(files)
    present = {file.key for file in files}
    pages = {(key[0], part) for key, origin in known.items() if key in present for part in origin.parts}
    return [
        file
        for file in files
        if file.key not in pages and (full or not _is_unchanged(file, known.get(file.key)))
    ]


def read_source_file(file: SourceFile) -> Reading:
    """Its records as they stand, withheld where all of its source is, with its origin (claims left out)."""
    base = file.path.parents[file.name.count("/")]
    before = _measure(file, Origin(source="", name=""))
    reading = read_file(file.path, file.source.options, root=base)
    until = file.source.withheld_until
    records = reading.records
    if until:
        records = tuple(
            replace(record, withheld_until=max(until, record.withheld_until)) for record in records
        )
    parts = tuple(part.relative_to(base).as_posix() for part in reading.parts if part.is_relative_to(base))
    origin = Origin(
        source=file.source.name, name=file.name, rank=rank(file.path), parts=parts, how=file.source.how
    )
    if _measure(file, Origin(source="", name="")) == before:  # else it is read again the next time
        size, modified = _measure(file, origin)
        origin = replace(origin, size=size, modified=modified, digest=_digest(file, origin))
    return replace(reading, records=records, origin=origin, hides_closed=file.source.hide_closed)


def _is_unchanged(file: SourceFile, origin: Origin | None) -> bool:
    if origin is None or origin.how != file.source.how:
        return False
    now = _measure(file, origin)
    return now == (origin.size, origin.modified) or (
        now[0] == origin.size and _digest(file, origin) == origin.digest
    )


def _measure(file: SourceFile, origin: Origin) -> tuple[int, int]:
    """Bytes of a file and those read with it, and when the last of them was changed; -1 for what is gone."""
    try:
        found = [path.stat() for path in _together(file, origin)]
    except OSError:
        return -1, -1
    return sum(status.st_size for status in found), max(status.st_mtime_ns for status in found)


def _digest(file: SourceFile, origin: Origin) -> str:
    digest = hashlib.sha256()
    try:
        for path in _together(file, origin):
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError:
        return ""
    return digest.hexdigest()


def _together(file: SourceFile, origin: Origin) -> list[Path]:
    """The file, those read together with it, and the mapping of its columns."""
    base = file.path.parents[file.name.count("/")]
    mapping = find_mapping(file.path, file.source.columns) if file.path.suffix.lower() in _TABLES else None
    return [file.path, *(base / part for part in origin.parts), *([mapping] if mapping else [])]


_TABLES = {".csv", ".tsv", ".xlsx"}
