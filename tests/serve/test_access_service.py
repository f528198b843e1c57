"""No way through the service leads a patron to what is withheld, or tells that it is there."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from retrieval.embedding import load_embedder
from retrieval.spans import WITHOUT_END
from tests.retrieval.shelf import shelf_records
from tests.serve.access_scene import ASKED, KEY, SECRET, STAFF, TELLING, Scene, open_scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with open_scene(tmp_path_factory.mktemp("d"), load_embedder()) as scene:
        yield scene


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Every line that any logger writes."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    keep, root = Keep(level=0), logging.getLogger()
    level = root.level
    root.addHandler(keep)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(keep)
    root.setLevel(level)


def tells(text: str, asked: str = "") -> set[str]:
    """Telling words in a text, those of the question left out."""
    said = text.lower()
    return {word for word in TELLING if word in said and word not in asked.lower()}


async def test_staff_search_finds_it_and_so_the_words_are_there(scene: Scene) -> None:
    reply = await scene.http.post("/v1/search", json={"query": ASKED}, headers=STAFF)
    assert SECRET in reply.text


@pytest.mark.parametrize("headers", [{}, STAFF])
@pytest.mark.parametrize("question", ["Who set the dairy on fire?", "letters of 1931", "donor files", "MS 1"])
async def test_no_prompt_answer_or_log_has_it_whoever_asks(
    scene: Scene, logged: list[str], question: str, headers: dict[str, str]
) -> None:
    scene.stub.bodies.clear()
    reply = await scene.ask(question, headers)
    assert reply.status_code == 200
    assert tells(reply.text) == set()
    assert tells(json.dumps(scene.stub.bodies)) == set()
    assert tells("\n".join(logged)) == set()


async def test_a_follow_up_is_not_made_whole_with_it(scene: Scene) -> None:
    scene.stub.bodies.clear()
    messages = [
        {"role": "user", "content": "Do you have letters of Zebulin Quarls?"},
        {"role": "assistant", "content": "I did not find that."},
        {"role": "user", "content": "And from 1931?"},
    ]
    reply = await scene.http.post("/v1/chat/completions", json={"messages": messages})
    assert tells(reply.text) == set()
    assert tells(json.dumps(scene.stub.bodies)) == set()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/collections",
        "/v1/service",
        "/v1/models",
        "/metrics",
        "/readyz",
        "/openapi.json",
        "/v1/records/ms1",
    ],
)
async def test_what_lists_or_counts_leaves_it_out(scene: Scene, path: str) -> None:
    assert tells((await scene.http.get(path)).text) == set()


async def test_the_figures_count_what_the_collections_do(scene: Scene) -> None:
    listed = (await scene.http.get("/v1/collections")).json()["data"]
    figures = (await scene.http.get("/metrics")).text
    (line,) = [line for line in figures.splitlines() if line.startswith("reading_room_index_records{")]
    assert float(line.rpartition(" ")[2]) == sum(one["records"] for one in listed) == len(shelf_records())
    assert (await scene.http.get("/v1/service")).json()["collections"] == len(listed)


@pytest.mark.parametrize("path", ["/v1/records/{}", "/records/{}"])
async def test_a_withheld_record_is_missing_as_one_that_never_was(scene: Scene, path: str) -> None:
    withheld = await scene.http.get(path.format("ms1/sealed"))
    never = await scene.http.get(path.format("ms1/sealex"))
    assert (withheld.status_code, withheld.text) == (never.status_code, never.text) == (404, never.text)
    assert dict(withheld.headers) == dict(never.headers)


async def test_a_withheld_collection_is_unknown_as_one_that_never_was(scene: Scene) -> None:
    replies = [
        await scene.http.post("/v1/search", json={"query": "letters", "collections": [name]})
        for name in ("dn9", "dn8")
    ]
    assert [reply.status_code for reply in replies] == [400, 400]
    assert replies[0].text.replace("dn9", "dn8") == replies[1].text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/collections"), ("GET", "/v1/records/ms1/sealed"), ("GET", "/try?q=Quarles"),
        ("POST", "/v1/search"), ("GET", "/v1/records/none"), ("GET", "/v1/adapters"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
async def test_no_cache_keeps_what_staff_were_shown(
    scene: Scene, method: str, path: str, accept: str
) -> None:
    body = {"query": "Quarles"} if method == "POST" else None
    for headers in (STAFF, {"Authorization": "Bearer wrong"}):
        reply = await scene.http.request(method, path, json=body, headers={**headers, "Accept": accept})
        assert (reply.headers["cache-control"], reply.headers["vary"]) == ("no-store", "Authorization")
    reply = await scene.http.request(method, path, json=body, headers={"Accept": accept})
    assert reply.headers["cache-control"] in ("no-cache", "no-store")
    assert reply.headers["vary"] == "Authorization"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": KEY}, {"Authorization": f"Basic {KEY}"}, {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {KEY[:-1]}"}, {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Bearer {KEY.upper()}"}, {"X-Reading-Room-Staff": "ada"}, {"X-Api-Key": KEY},
        {"Cookie": f"key={KEY}"}, {"X-Forwarded-For": "127.0.0.1"}, {"Authorization": "Bearer \xff\xfe"},
    ],
)  # fmt: skip
async def test_nothing_but_the_whole_key_makes_staff(scene: Scene, headers: dict[str, str]) -> None:
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    for path in ("/v1/records/ms1/sealed", "/v1/records/dn9"):
        assert (await scene.http.get(path, headers=raw)).status_code == 404
    assert (await scene.http.get("/v1/adapters", headers=raw)).status_code == 403
    reply = await scene.http.get(f"/try?q={ASKED}&key={KEY}", headers=raw)
    assert tells(reply.text, ASKED) == set()


async def test_feedback_on_disk_has_no_more_than_the_patron_saw(scene: Scene) -> None:
    answer = (await scene.ask(ASKED)).json()
    sent = {"answer_id": answer["id"], "idempotency_key": "k", "thumb": "down", "comment": "no"}
    assert (await scene.http.post("/v1/feedback", json=sent)).status_code == 201
    kept = b"".join(path.read_bytes() for path in scene.data.glob("reading-room.sqlite*"))
    assert ASKED.encode() in kept
    assert tells(kept.decode("latin-1"), ASKED) == set()


async def test_a_citation_opened_after_its_record_was_withheld_is_gone(scene: Scene) -> None:
    """The embargo is lengthened by an update while a conversation goes on."""
    asked = "What did Ellen Marsh write in 1894?"
    answer = (await scene.ask(asked)).json()
    details = answer["reading_room"]
    sources = {source["record_id"]: source for source in [*details["sources"], *details["also_searched"]]}
    url = sources["ms1/4"]["record_url"]
    assert (await scene.http.get(url)).status_code == 200

    longer = [
        replace(record, withheld_until=WITHOUT_END) if record.id == "ms1/4" else record
        for record in shelf_records()
    ]
    await asyncio.to_thread(scene.update, [one for one in longer if one.collection_id == "ms1"])
    assert (await scene.http.get(url)).status_code == 404
    assert (await scene.http.get(f"/v1/records/{'ms1/4'}")).status_code == 404
    scene.stub.bodies.clear()
    again: Any = (await scene.ask(asked)).json()["reading_room"]
    assert "ms1/4" not in {one["record_id"] for one in [*again["sources"], *again["also_searched"]]}
    assert "Trains have stopped" not in json.dumps(scene.stub.bodies) + json.dumps(again)
    below = (await scene.http.get("/v1/records/ms1/letters")).json()["children"]
    assert "ms1/4" not in {child["id"] for child in below}


async def test_what_patrons_wrote_is_on_disk_for_the_owner_alone(scene: Scene) -> None:
    kept = list(scene.data.glob("reading-room.sqlite*"))
    assert scene.data / "reading-room.sqlite" in kept
    assert {path.stat().st_mode & 0o077 for path in kept} == {0}
