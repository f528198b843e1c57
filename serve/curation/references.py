"""Evidence that a file only names, by the id, call number or heading of a record, from the index in use."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from retrieval.audience import PUBLIC, STAFF
from retrieval.index import Index
from retrieval.prompt import neutralise, render_heading
from retrieval.records import Record
from retrieval.words import fold_exact
from serve.curation.evidence import choose_passage, take_evidence
from train.pairs.exchange.reading import Misfit
from train.pairs.pair import Evidence, Pair

MOST_SEARCHED = 1_000
"""Headings that are searched for in one file; a search takes some milliseconds."""
_LOOKED_AT = 5


@dataclass
class References:
    """Finds records by what a file calls them, each once. `index` is None where there is none in use."""

    index: Index | None
    _found: dict[str, Record] = field(default_factory=dict)
    _headed: dict[str, Record | None] = field(default_factory=dict)
    _withheld: dict[str, bool] = field(default_factory=dict)

    def resolve(self, pair: Pair) -> tuple[Evidence, ...]:
        """The evidence of a pair, with what the file leaves out taken from the index. Raises Misfit."""
        return tuple(self._complete(item, pair.answer) for item in pair.evidence)

    def _complete(self, item: Evidence, answer: str) -> Evidence:
        if not item.record_id and item.heading:
            return self._recognise(item)
        if not item.record_id:
            return item
        if item.heading and item.collection_id:
            return self._check_public(item)
        record = self._find(item.record_id)
        return take_evidence(record, item.text or choose_passage(record, answer))

    def _find(self, reference: str) -> Record:
        if reference not in self._found:
            self._found[reference] = self._look_up(reference)
        return self._found[reference]

    def _check_public(self, item: Evidence) -> Evidence:
        """Evidence that a file has whole; what is withheld here is not public, whatever the file says."""
        if item.public and item.record_id not in self._withheld:
            record = self.index.record(item.record_id, STAFF) if self.index else None
            self._withheld[item.record_id] = record is not None and not PUBLIC.may_see(record)
        return replace(item, public=item.public and not self._withheld[item.record_id])

    def _recognise(self, item: Evidence) -> Evidence:
        """A passage of the prompt, which names no record: that of the one record with just this heading."""
        if item.heading not in self._headed and len(self._headed) < MOST_SEARCHED and self.index:
            hits = self.index.search(item.heading, top_k=_LOOKED_AT, audience=STAFF).hits
            fitting = [hit.record for hit in hits if neutralise(render_heading(hit)) == item.heading]
            self._headed[item.heading] = fitting[0] if len(fitting) == 1 else None
        record = self._headed.get(item.heading)
        return take_evidence(record, item.text) if record else item

    def _look_up(self, reference: str) -> Record:
        """By id, then as a collection's call number, then as any other's. Raises Misfit."""
        if self.index is None:
            raise Misfit("evidence", "there is no index to look records up in", "Build one first")
        named = f"“{' '.join(reference.split())[:60]}”"
        if record := self.index.record(reference, STAFF):
            return record
        ids = self._call_numbers.get(fold_exact(reference)) or self._read(reference)
        if len(ids) > 1:
            shown = ", ".join(sorted(ids)[:3])
            problem = f"{named} names {len(ids)} records of the index ({shown})"
            raise Misfit("evidence", problem, "Give the id of the one that is meant")
        record = self.index.record(next(iter(ids)), STAFF) if ids else None
        if record is None:
            problem = f"there is no record or call number {named} in the index in use"
            raise Misfit("evidence", problem, "Take the id from a search, or leave the cell empty")
        return record

    @cached_property
    def _call_numbers(self) -> dict[str, set[str]]:
        """Records of whole collections by their call numbers."""
        found: dict[str, set[str]] = {}
        for summary in self.index.collections(STAFF) if self.index else ():
            if key := fold_exact(summary.call_number):
                found.setdefault(key, set()).add(summary.record_id)
        return found

    def _read(self, reference: str) -> set[str]:
        """Records that have it as call number, or among their identifiers."""
        assert self.index is not None
        key = fold_exact(reference)
        ids = set()
        for record_id in self.index.read(f"call number {reference[:200]}").record_ids:
            record = self.index.record(record_id, STAFF)
            if record and key in map(fold_exact, (record.call_number, *record.identifiers)):
                ids.add(record.id)
        return ids
