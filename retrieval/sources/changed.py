"""Reads the files of sources: all of them, or those that changed and what these touch.

Both give the same ids and the same places: what is read in part is placed among what the index holds of
the other files, in the one order of all files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.sources.files import (
    Key,
    SourceFile,
    find_changed,
    list_files,
    locate,
    order_of,
    read_source_file,
)
from retrieval.sources.holdings import Holdings, expect_claims
from retrieval.sources.reading import rank
from retrieval.sources.registry import Source
from retrieval.store.catalog import Catalog
from retrieval.store.origins import Origin
from retrieval.store.reading import Reading
from retrieval.store.shared_files import Claims, Order, Others


def read_all(root: Path, sources: Sequence[Source]) -> Iterator[Reading]:
    """Read every file of every source in turn. Raises SourceError when a source's place is not there."""
    files = [(rank(file.path), file) for source in sources for file in list_files(root, source)]
    files.sort(key=lambda item: order_of(item[1].source, item[0], item[1].name))
    holdings = Holdings()
    pages: set[Path] = set()
    for _, file in files:
        if file.path in pages:
            continue
        reading = read_source_file(file)
        pages.update(reading.parts)
        yield _place(reading, holdings)


class ChangedFiles:
    """What changed in some sources since the index was last updated: `readings` and `gone`.

    `problems` are, by source, why nothing of it was looked at: what is indexed of it stays.
    """

    def __init__(
        self,
        root: Path,
        catalog: Catalog,
        sources: Sequence[Source],
        wanted: Sequence[Source],
        *,
        full: bool = False,
        removed: str = "",
    ) -> None:
        """`wanted` of all `sources` are looked at; of the source `removed` all files count as gone."""
        self._root = root
        self._catalog = catalog
        self._sources = {source.name: source for source in sources}
        self._known: Mapping[Key, Origin] = catalog.origins()
        self._order: dict[Key, Order] = {
            key: self._order_of(key, origin.rank) for key, origin in self._known.items()
        }
        self._claims = Claims(self._known, self._order)
        self._raw: dict[Key, Reading] = {}
        self.gone: set[Key] = {key for key in self._known if key[0] == removed}
        self.problems: dict[str, SourceError] = {}
        changed: list[SourceFile] = []
        for source in wanted:
            try:
                changed += self._look_at(source, full)
            except SourceError as problem:
                self.problems[source.name] = problem
        self._read(changed)
        self._drop_pages()
        self.readings = self._place_all()

    def _look_at(self, source: Source, full: bool) -> list[SourceFile]:
        """Files of a source that changed; those gone are noted. Raises SourceError where all are gone."""
        files = list_files(self._root, source)
        present = {file.key for file in files}
        known = {key for key in self._known if key[0] == source.name}
        if known and not files and source.kind == "files":
            raise SourceError(
                source.location,
                "has no file any more; what is indexed of it stays",
                remedy=f"bring them back, or: reading-room sources remove {source.name}",
            )
        self.gone |= known - present
        return find_changed(files, self._known, full=full)

    def _read(self, files: list[SourceFile]) -> None:
        """Read files, and others as long as one that was read may have changed what they give."""
        waiting = {file.key: file for file in files}
        affected: set[Key] = set()
        for key in self.gone:
            affected |= self._claims.find_affected(key, self._known[key].claims)
        waiting |= self._open(affected, waiting)
        while waiting:
            key, file = waiting.popitem()
            reading = self._raw[key] = read_source_file(file)
            assert reading.origin is not None
            self._order[key] = self._order_of(key, reading.origin.rank)
            claims = expect_claims(reading.records, joins=reading.joins)
            self._claims.add(key, claims)
            old = self._known[key].claims if key in self._known else ()
            waiting |= self._open(self._claims.find_affected(key, {*claims, *old}), waiting)

    def _open(self, keys: set[Key], waiting: Mapping[Key, SourceFile]) -> dict[Key, SourceFile]:
        """Files by key, but for those read or gone already, and those that are not there at present."""
        found = {}
        for key in keys - self._raw.keys() - waiting.keys() - self.gone:
            source = self._sources.get(key[0])
            if source is None:
                continue
            base = locate(self._root, source)
            path = base / key[1] if base.is_dir() else base
            if path.is_file():
                found[key] = SourceFile(source, key[1], path)
        return found

    def _drop_pages(self) -> None:
        """A file that was read by itself, and is now read as a page of another, is not one of its own."""
        for key, reading in list(self._raw.items()):
            for part in reading.origin.parts if reading.origin else ():
                page = (key[0], part)
                self._raw.pop(page, None)
                if page in self._known:
                    self.gone.add(page)

    def _place_all(self) -> list[Reading]:
        """Place what was read; where an id turns out to be another file's, that one is read too."""
        while True:
            read = {*self._raw, *self.gone}
            others = Others(self._catalog, self._claims, read)
            holdings = Holdings(others)
            placed = [
                _place(self._raw[key], holdings) for key in sorted(self._raw, key=self._order.__getitem__)
            ]
            more = self._open(self._find_renamed(placed, others), {})
            if not more:
                return placed
            self._read(list(more.values()))

    def _find_renamed(self, placed: Sequence[Reading], others: Others) -> set[Key]:
        """Files not read so far whose ids depend on what was read."""
        found: set[Key] = set()
        for reading in placed:
            assert reading.origin is not None
            key = reading.origin.key
            found |= self._claims.find_affected(key, [c for c in reading.origin.claims if c.startswith("c:")])
        ids = {record.id for reading in placed for record in reading.records}
        old = {
            record_id for key in (*self._raw, *self.gone) for _, record_id in self._catalog.records_of(key)
        }
        for record_id in [*(f"{lost}~2" for lost in old - ids), *others.asked]:
            holder = self._catalog.find(record_id)
            if holder:
                found.add(self._catalog.origin_of(holder[0]))
        return found - self._raw.keys() - self.gone

    def _order_of(self, key: Key, origin_rank: int) -> Order:
        source = self._sources.get(key[0])
        return order_of(source, origin_rank, key[1]) if source else (origin_rank, -1, key[1].split("/"))


def _place(reading: Reading, holdings: Holdings) -> Reading:
    assert reading.origin is not None
    records, claims = holdings.place(reading.records, joins=reading.joins)
    return replace(reading, records=records, origin=replace(reading.origin, claims=claims))
