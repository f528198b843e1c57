"""Harvesting: fetches from an OAI-PMH server what changed since the last time, or everything.

A harvest that was interrupted goes on at its last resumption token; where the server no longer knows
that, at the date it began from. Feeds cannot be trusted to report deletions: a full harvest finds them by
what is listed no more.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.sources.files import locate
from retrieval.sources.harvest_requests import OaiServer, Refusal
from retrieval.sources.harvest_store import OAI, HarvestStore, State, is_deleted, read_records
from retrieval.sources.registry import Source

_SPACE = f"{{{OAI}}}"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOST_PAGES = 1_000_000


def harvest_source(
    root: Path, source: Source, full: bool, pause: Callable[[float], None] = time.sleep
) -> None:
    """Bring a source's folder below the index root up to date with its server.

    What came in before a failure is kept and used. Raises SourceError when the harvest is not complete.
    """
    store = HarvestStore(locate(root, source))
    with store.locked(), OaiServer(source.location, pause) as server:
        harvest = _Harvest(store, server, source)
        try:
            harvest.run(full)
        except Refusal as refusal:
            raise SourceError(
                source.location,
                f"refuses the request: {refusal.code or 'no code'}, {refusal.said[:200]}",
                remedy=_REMEDIES.get(refusal.code, "look at the server's Identify reply"),
            ) from refusal
        finally:
            store.sort_in(source.location)


_REMEDIES = {
    "cannotDisseminateFormat": "choose another --prefix; the server's ListMetadataFormats names them",
    "noSetHierarchy": "leave --set out: the server has no sets",
    "badArgument": "check --set and --prefix",
}


class _Harvest:
    """One harvest under way."""

    def __init__(self, store: HarvestStore, server: OaiServer, source: Source) -> None:
        self._store = store
        self._server = server
        self._source = source

    def run(self, full: bool) -> None:
        """Go on where the last one stopped, or begin one, and follow it to its end."""
        state = self._store.load_state()
        if state.begun and (state.full or not full):
            try:
                self._follow(state)
                return
            except Refusal as refusal:
                if refusal.code != "badResumptionToken":
                    raise
            self._follow(self._begin(state, full=state.full, since=state.since))
            return
        self._follow(self._begin(state, full=full or not state.until, since="" if full else state.until))

    def _begin(self, state: State, *, full: bool, since: str) -> State:
        """Ask the server for its clock and its grain of dates, and note that a harvest is under way."""
        _, reply = self._server.ask(verb="Identify")
        grain = reply.findtext(f"{_SPACE}Identify/{_SPACE}granularity") or "YYYY-MM-DD"
        if since and "hh" not in grain:
            since = since[:10]
        if full:
            self._store.forget_seen()
            since = ""
        begun = replace(state, token="", begun=_read_time(reply), since=since, full=full)
        self._store.save_state(begun)
        return begun

    def _follow(self, state: State) -> None:
        """Fetch page after page, keeping each before the place of the next is noted."""
        met: set[str] = {state.token}
        for _ in range(MOST_PAGES):
            content, reply = self._ask(state)
            if reply is None:
                break
            records = list(read_records(reply))
            present = [identifier for identifier, record in records if not is_deleted(record)]
            self._store.add_page(content, present if state.full else None)
            token = (reply.findtext(f"{_SPACE}ListRecords/{_SPACE}resumptionToken") or "").strip()
            if not token:
                break
            if token in met:
                raise SourceError(
                    self._source.location,
                    f"gives the same resumption token again ({token[:60]!r})",
                    remedy="tell those who run the server; what came before is kept",
                )
            met.add(token)
            state = replace(state, token=token)
            self._store.save_state(state)
        self._store.sort_in(self._source.location, drop_unseen=state.full)
        self._store.save_state(State(until=state.begun))

    def _ask(self, state: State) -> tuple[bytes, _Element | None]:
        """The next page; None where nothing matches, which is no error."""
        if state.token:
            return self._server.ask(verb="ListRecords", resumptionToken=state.token)
        wanted = {"metadataPrefix": self._source.prefix}
        if self._source.set:
            wanted["set"] = self._source.set
        if state.since:
            wanted["from"] = state.since
        try:
            return self._server.ask(verb="ListRecords", **wanted)
        except Refusal as refusal:
            if refusal.code != "noRecordsMatch":
                raise
            return b"", None


def _read_time(reply: _Element) -> str:
    """The server's time, to go on from the next time: its clock counts, not ours."""
    text = (reply.findtext(f"{_SPACE}responseDate") or "").strip()
    return text if _DAY.match(text) else "1970-01-01T00:00:00Z"
