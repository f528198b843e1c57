"""Harvesting from a server on this machine: what is asked, what is kept, and every way a server fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from retrieval.errors import SourceError
from retrieval.sources.changed import read_all
from retrieval.sources.harvest import harvest_source
from retrieval.sources.harvest_requests import MOST_BYTES, OaiServer
from retrieval.sources.harvest_store import HarvestStore
from retrieval.sources.refresh import refresh_sources
from retrieval.sources.registry import Source, load_sources, save_sources
from tests.retrieval.oai_server import Repository, serve
from tests.retrieval.test_refresh import flat, quiet, records_of

EARLY, LATER, LATEST = "2025-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"


@pytest.fixture
def repository() -> Repository:
    made = Repository()
    for number in range(1, 6):
        made.put(number, f"Map {number}", EARLY)
    return made


@pytest.fixture
def source(repository: Repository) -> Iterator[Source]:
    with serve(repository.answer) as url:
        yield Source(name="harbour", kind="oai", location=url)


def titles(root: Path, source: Source) -> list[str]:
    found = [record for reading in read_all(root, [source]) for record in reading.records]
    return sorted(record.title for record in found if record.level != "collection")


def harvest(root: Path, source: Source, *, full: bool = False) -> list[float]:
    """Harvest; the seconds that were waited."""
    waited: list[float] = []
    harvest_source(root, source, full, waited.append)
    return waited


def maps(*numbers: int) -> list[str]:
    return [f"Map {number}" for number in numbers]


def test_all_pages_are_fetched_one_after_the_other(
    tmp_path: Path, repository: Repository, source: Source
) -> None:
    assert harvest(tmp_path, source) == []
    assert titles(tmp_path, source) == maps(1, 2, 3, 4, 5)
    assert repository.asked == [
        "verb=Identify", "verb=ListRecords&metadataPrefix=oai_dc",
        "verb=ListRecords&resumptionToken=0+-+2", "verb=ListRecords&resumptionToken=0+-+4",
    ]  # fmt: skip
    assert not list((tmp_path / "harvest").rglob(".pages/*"))


@pytest.mark.parametrize(
    ("grain", "since"), [("YYYY-MM-DDThh:mm:ssZ", "2026-01-01T00%3A00%3A00Z"), ("YYYY-MM-DD", "2026-01-01")]
)
def test_the_next_time_only_what_changed_is_asked_for(
    tmp_path: Path, repository: Repository, source: Source, grain: str, since: str
) -> None:
    repository.grain = grain
    harvest(tmp_path, source)
    repository.asked.clear()
    harvest(tmp_path, source)
    assert (
        repository.asked[-1] == f"verb=ListRecords&metadataPrefix=oai_dc&from={since}"
    )  # noRecordsMatch: no error
    assert titles(tmp_path, source) == maps(1, 2, 3, 4, 5)
    repository.put(2, "Map 2, coloured", LATER)
    repository.put(3, None, LATER)
    repository.put(6, "Map 6", LATER)
    harvest(tmp_path, source)
    assert titles(tmp_path, source) == ["Map 1", "Map 2, coloured", "Map 4", "Map 5", "Map 6"]


def test_a_full_harvest_finds_what_vanished_without_a_word(
    tmp_path: Path, repository: Repository, source: Source
) -> None:
    harvest(tmp_path, source)
    del repository.records[1], repository.records[4]
    harvest(tmp_path, source)
    assert titles(tmp_path, source) == maps(1, 2, 3, 4, 5)
    harvest(tmp_path, source, full=True)
    assert titles(tmp_path, source) == maps(2, 3, 5)
    repository.records.clear()
    with pytest.raises(SourceError, match="lists no record at all"):
        harvest(tmp_path, source, full=True)
    assert titles(tmp_path, source) == maps(2, 3, 5)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("forgotten", [False, True])
def test_a_harvest_that_stopped_goes_on_where_it_was(
    tmp_path: Path, repository: Repository, source: Source, full: bool, forgotten: bool
) -> None:
    """At its last token, or from its beginning where the server has forgotten that."""
    if full:
        harvest(tmp_path, source)
        del repository.records[2]
        repository.put(6, "Map 6", LATER)
    repository.faults += [("-+2", (404, {}, b"gone"))]
    with pytest.raises(SourceError, match="answers 404"):
        harvest(tmp_path, source, full=full)
    kept = titles(tmp_path, source)
    assert kept == (maps(1, 2, 3, 4, 5) if full else maps(1, 2))
    repository.asked.clear()
    repository.lives += forgotten
    harvest(tmp_path, source)
    assert titles(tmp_path, source) == (maps(1, 3, 4, 5, 6) if full else maps(1, 2, 3, 4, 5))
    assert repository.asked[0] == "verb=ListRecords&resumptionToken=0+-+2"
    assert ("verb=ListRecords&metadataPrefix=oai_dc" in repository.asked) is forgotten


@pytest.mark.parametrize(
    ("status", "headers", "waited"),
    [(503, {"Retry-After": "7"}, 7.0), (429, {"Retry-After": "2"}, 2.0), (503, {}, 1.0), (500, {"Retry-After": "soon"}, 1.0)],
)  # fmt: skip
def test_a_busy_server_is_given_the_time_it_asks_for(
    tmp_path: Path,
    repository: Repository,
    source: Source,
    status: int,
    headers: dict[str, str],
    waited: float,
) -> None:
    repository.faults += [("ListRecords", (status, headers, b"later"))]
    assert harvest(tmp_path, source) == [waited]
    assert titles(tmp_path, source) == maps(1, 2, 3, 4, 5)


def test_a_server_that_asks_for_too_long_a_wait_is_left_alone(
    tmp_path: Path, repository: Repository, source: Source
) -> None:
    repository.faults += [("ListRecords", (503, {"Retry-After": "86400"}, b"tomorrow"))]
    with pytest.raises(SourceError, match=r"answers 503.*run the refresh again later"):
        harvest(tmp_path, source)


def test_a_reply_that_is_cut_off_is_asked_for_again(
    tmp_path: Path, repository: Repository, source: Source
) -> None:
    whole = repository.answer("verb=ListRecords&metadataPrefix=oai_dc")[2]
    repository.faults += [
        ("oai_dc", (200, {}, whole[:-40])),
        ("oai_dc", (200, {"Content-Length": str(len(whole))}, whole[:-40])),
    ]
    assert harvest(tmp_path, source) == [1.0, 5.0]
    assert titles(tmp_path, source) == maps(1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ((200, {}, b"<!DOCTYPE html><html><body><p>Sign in</body></html>"), "expected an OAI-PMH reply, found"),
        ((200, {}, b"<rss/>"), "expected an OAI-PMH reply, found '<rss>'"),
        ((404, {}, b"no"), "answers 404"),
        ((302, {"Location": "ftp://harbour.example/oai"}, b""), "which is no web address"),
        (
            (200, {}, b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="cannotDisseminateFormat">x</error></OAI-PMH>'),
            "cannotDisseminateFormat, x .choose another --prefix",
        ),
    ],
)  # fmt: skip
def test_what_is_no_reply_is_told_at_once(
    tmp_path: Path,
    repository: Repository,
    source: Source,
    fault: tuple[int, dict[str, str], bytes],
    problem: str,
) -> None:
    repository.faults += [("ListRecords", fault)] * 8
    with pytest.raises(SourceError, match=problem):
        harvest(tmp_path, source)
    assert titles(tmp_path, source) == []


def test_a_server_that_never_ends_is_stopped(tmp_path: Path, repository: Repository, source: Source) -> None:
    page = repository.answer("verb=ListRecords&metadataPrefix=oai_dc")
    repository.faults += [("resumptionToken", page)]
    with pytest.raises(SourceError, match="gives the same resumption token again"):
        harvest(tmp_path, source)
    assert titles(tmp_path, source) == maps(1, 2)
    repository.faults += [("ListRecords", (200, {}, b" " * (MOST_BYTES + 1)))]
    with pytest.raises(SourceError, match="sends more than 64 MB"):
        harvest(tmp_path, source)


def test_redirects_are_followed_but_never_from_a_public_server_into_a_private_net(source: Source) -> None:
    with (
        serve(lambda query: (301, {"Location": f"{source.location}?{query}"}, b"")) as url,
        OaiServer(url) as server,
    ):
        assert b"Identify" in server.ask(verb="Identify")[0]
    with OaiServer("https://archive.example/oai") as server:
        for target in (
            "http://127.0.0.1/",
            "http://10.0.0.1/oai",
            "http://[::1]/",
            "http://169.254.169.254/",
        ):
            with pytest.raises(SourceError, match="a private address"):
                server._follow(httpx.URL(target))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/", "http://", "oai"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SourceError, match="is no address of a server"):
        OaiServer(url)


def test_an_entity_of_a_reply_is_not_opened(tmp_path: Path, repository: Repository, source: Source) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the combination of the safe")
    status, headers, body = repository.answer("verb=ListRecords&metadataPrefix=oai_dc")
    hostile = body.replace(
        b'<?xml version="1.0"?>', b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY s SYSTEM "%s">]>' % secret.as_uri().encode()
    ).replace(b"Map 1", b"&s;")  # fmt: skip
    repository.faults += [("ListRecords", (status, headers, hostile))]
    harvest(tmp_path, source)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "harvest").rglob("*.xml"))
    assert b"combination" not in kept


def test_two_harvests_of_one_source_at_once_are_refused(tmp_path: Path, source: Source) -> None:
    with HarvestStore(tmp_path / "harvest" / "harbour").locked(), pytest.raises(SourceError, match="already"):
        harvest(tmp_path, source)


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    store = HarvestStore(tmp_path / "h")
    (tmp_path / "h" / ".state.json").write_text("[")
    with pytest.raises(SourceError, match="the next refresh reads all"):
        store.load_state()


def test_a_refresh_harvests_and_indexes_only_what_changed(
    tmp_path: Path, repository: Repository, source: Source
) -> None:
    root = tmp_path / "index"
    save_sources(root, [source])

    def refresh(*, full: bool = False) -> tuple[int, int, int]:
        updated, problems = refresh_sources(root, [], flat, quiet, full=full, harvest=harvest_source)
        assert updated is not None
        assert problems == []
        return updated.added, updated.replaced, updated.removed

    def held() -> list[str]:
        return sorted(record.title for record in records_of(root).values() if record.level == "item")

    assert refresh() == (6, 0, 0)
    assert held() == maps(1, 2, 3, 4, 5)
    repository.put(2, "Map 2, coloured", LATER)
    repository.put(4, None, LATER)
    repository.put(5, "Map 5", LATER)  # touched, and the same
    assert refresh() == (0, 1, 1)
    del repository.records[1]
    repository.now = LATEST
    assert refresh() == (0, 0, 0)
    assert refresh(full=True) == (0, 0, 1)
    assert held() == ["Map 2, coloured", "Map 3", "Map 5"]
    repository.faults += [("verb", (404, {}, b"moved"))]
    updated, [problem] = refresh_sources(root, [], flat, quiet, harvest=harvest_source)
    assert updated is None
    assert load_sources(root)[0].problem == str(problem)
    assert held() == ["Map 2, coloured", "Map 3", "Map 5"]
