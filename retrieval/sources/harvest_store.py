"""What was harvested from a server, kept as files that are read like any saved OAI-PMH reply.

    <index root>/harvest/<source>/
        records/0a3.xml     the records as the server sent them, each in the file that its identifier picks
        .pages/00001.xml    replies that are not sorted in yet, as sent
        .seen               identifiers met since the reading of everything began
        .state.json         how far the harvest has come

A file holds few records, so that a change has few to read again, and the files are bounded in number.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError

OAI = "http://www.openarchives.org/OAI/2.0/"
_SPACE = f"{{{OAI}}}"
_BYTES_AT_ONCE = 64_000_000
"""Of pages that are sorted in together; each file they touch is then written once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far a harvest has come.

    `until`: the server's time (`responseDate`) at the start of the last one that was completed, "" for
    none. While one is under way, `token` is where it goes on, `begun` the server's time at its start,
    `since` the date it asked from, and `full` whether it asks for everything.
    """

    until: str = ""
    token: str = ""
    begun: str = ""
    since: str = ""
    full: bool = False


class HarvestStore:
    """The folder of one source."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pages = folder / ".pages"
        self._seen = folder / ".seen"
        self._records = folder / "records"
        for path in (self._pages, self._records):
            path.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to harvest into it. Raises SourceError when another process has it."""
        with (self._folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as busy:
                raise SourceError(
                    self._folder.name, "is being harvested already", remedy="wait for that to end"
                ) from busy
            yield

    def load_state(self) -> State:
        """How far it has come. Raises SourceError for a file that is damaged."""
        path = self._folder / ".state.json"
        try:
            return State(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return State()
        except (ValueError, TypeError) as problem:
            raise SourceError(path, "is damaged", remedy="remove it: the next refresh reads all") from problem

    def save_state(self, state: State) -> None:
        """Write it in one step."""
        _write(self._folder / ".state.json", json.dumps(asdict(state)).encode())

    def add_page(self, content: bytes, identifiers: list[str] | None) -> None:
        """Keep a reply until it is sorted in; `identifiers` are to be known as still there."""
        last = max((int(page.stem) for page in self._pages.glob("*.xml")), default=0)
        _write(self._pages / f"{last + 1:06}.xml", content)
        if identifiers is not None:
            with self._seen.open("a", encoding="utf-8") as stream:
                stream.writelines(f"{json.dumps(identifier)}\n" for identifier in identifiers)

    def forget_seen(self) -> None:
        """Begin a reading of everything."""
        self._seen.unlink(missing_ok=True)

    def sort_in(self, url: str, *, drop_unseen: bool = False) -> None:
        """Put the records of all pages into their files; a deleted record is taken out of its file.

        `drop_unseen`: take out every record that was not met since `forget_seen`. Raises SourceError,
        and changes nothing, when none was met at all although some are held.
        """
        if drop_unseen:
            self._drop_unseen(url)
        for some in _batch(sorted(self._pages.glob("*.xml"))):
            changes: dict[Path, dict[str, _Element | None]] = defaultdict(dict)
            for page in some:
                for identifier, record in read_records(parse_reply(page.read_bytes())):
                    changes[self._file_of(identifier)][identifier] = None if is_deleted(record) else record
            for path, records in changes.items():
                self._merge(path, records, url)
            for page in some:
                page.unlink()

    def _drop_unseen(self, url: str) -> None:
        lines = self._seen.read_text("utf-8").splitlines() if self._seen.exists() else []
        seen = {json.loads(line) for line in lines}
        held = sorted(self._records.glob("*.xml"))
        if held and not seen:
            raise SourceError(
                url,
                "lists no record at all; what was harvested before stays",
                remedy="if it is meant, remove the source",
            )
        for path in held:
            gone = [identifier for identifier in _load(path) if identifier not in seen]
            if gone:
                self._merge(path, dict.fromkeys(gone), url)

    def _file_of(self, identifier: str) -> Path:
        return self._records / f"{hashlib.sha256(identifier.encode()).hexdigest()[:3]}.xml"

    def _merge(self, path: Path, changes: dict[str, _Element | None], url: str) -> None:
        held = {**(_load(path) if path.exists() else {}), **changes}
        records = [record for _, record in sorted(held.items()) if record is not None]
        if not records:
            path.unlink(missing_ok=True)
            return
        root = etree.Element(f"{_SPACE}OAI-PMH", nsmap={None: OAI})
        etree.SubElement(root, f"{_SPACE}request", verb="ListRecords").text = url
        listed = etree.SubElement(root, f"{_SPACE}ListRecords")
        listed.extend(records)
        content = etree.tostring(root, xml_declaration=True, encoding="utf-8")
        if not path.exists() or path.read_bytes() != content:
            _write(path, content)


def parse_reply(content: bytes) -> _Element:
    """A reply as XML: no entity is opened, nothing else is fetched. Raises lxml's XMLSyntaxError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True)
    return etree.fromstring(content, parser)


def read_records(root: _Element) -> Iterator[tuple[str, _Element]]:
    """(identifier, record) of a ListRecords reply; a record without identifier has none to be kept by."""
    for record in root.iterfind(f"{_SPACE}ListRecords/{_SPACE}record"):
        identifier = (record.findtext(f"{_SPACE}header/{_SPACE}identifier") or "").strip()
        if identifier:
            yield identifier, record


def is_deleted(record: _Element) -> bool:
    """Whether the server says that the record is deleted."""
    header = record.find(f"{_SPACE}header")
    return header is not None and header.get("status") == "deleted"


def _batch(pages: list[Path]) -> Iterator[list[Path]]:
    """Pages in order, few enough at a time to be held in memory."""
    batch: list[Path] = []
    size = 0
    for page in pages:
        batch.append(page)
        size += page.stat().st_size
        if size > _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _load(path: Path) -> dict[str, _Element]:
    return dict(read_records(parse_reply(path.read_bytes())))


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one step, and see it on the disk."""
    aside = path.with_name(f".{path.name}.tmp")
    with aside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(path)
