"""Which files must be read again because of those that changed, and what the others hold meanwhile.

Files share collections: two may have the same id, and the later one is renamed; a letter joins the
collection that another file describes. A file that changed can change what such a file gives, so that one
is read again too. The claims of files (`retrieval.sources.holdings`) tell which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache

from retrieval.records import Record
from retrieval.store.catalog import Catalog
from retrieval.store.origins import Origin

Key = tuple[str, str]
Order = tuple[int, int, list[str]]


class Claims:
    """The claims of all files, by what is claimed; and the order of these files."""

    def __init__(self, known: Mapping[Key, Origin], order: Mapping[Key, Order]) -> None:
        self._order = order
        self._files: dict[str, set[Key]] = defaultdict(set)
        self._records: dict[tuple[str, Key], str] = {}
        for key, origin in known.items():
            self.add(key, origin.claims)

    def add(self, key: Key, claims: Iterable[str]) -> None:
        """Note what a file claims."""
        for claim in claims:
            what, _, record_id = claim.partition("=")
            self._files[what].add(key)
            if record_id:
                self._records.setdefault((what, key), record_id)

    def find_affected(self, key: Key, claims: Iterable[str]) -> set[Key]:
        """Files that a file with these claims may have changed."""
        affected: set[Key] = set()
        for claim in claims:
            kind, _, rest = claim.partition("=")[0].partition(":")
            if kind == "c":
                affected |= self._files[claim]
            elif kind == "own" or self._comes_first(key, rest):
                affected |= self._files[f"own:{rest}"] | self._files[f"use:{rest}"]
        return affected - {key}

    def find_owner(self, key: str, without: Collection[Key]) -> tuple[Key, str] | None:
        """The first file that has the collection known by `key`, and that collection's record."""
        what = f"own:{key}"
        owners = [owner for owner in self._files[what] if owner not in without]
        if not owners:
            return None
        owner = min(owners, key=self._order.__getitem__)
        return owner, self._records[what, owner]

    def _comes_first(self, key: Key, wanted: str) -> bool:
        """Whether a file that looks for a collection is read before the one that has it."""
        owners = [owner for owner in self._files[f"own:{wanted}"] if owner != key]
        return bool(owners) and self._order[key] < min(self._order[owner] for owner in owners)


class Others:
    """What is indexed of files that are not read in this run (`retrieval.sources.holdings.Before`)."""

    def __init__(self, catalog: Catalog, claims: Claims, read: Collection[Key]) -> None:
        self._catalog = catalog
        self._claims = claims
        self._read = read
        self.find_collection = cache(self._find_collection)
        self.asked: set[str] = set()

    def is_taken(self, record_id: str) -> bool:
        """Whether one of them has this id."""
        found = self._catalog.find(record_id)
        taken = found is not None and self._catalog.origin_of(found[0]) not in self._read
        if taken:
            self.asked.add(record_id)
        return taken

    def _find_collection(self, key: str) -> Record | None:
        """The collection known by this key."""
        owner = self._claims.find_owner(key, self._read)
        return self._catalog.record(owner[1]) if owner else None

    def find_component(self, record_id: str, collection: Record) -> Record | None:
        """A component described in the same file as its collection."""
        found, top = self._catalog.find(record_id), self._catalog.find(collection.id)
        if found is None or top is None:
            return None
        origin = self._catalog.origin_of(found[0])
        if origin in self._read or origin != self._catalog.origin_of(top[0]):
            return None
        return self._catalog.record(record_id)
