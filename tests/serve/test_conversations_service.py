"""The whole service leaves no word of a chat on disk unless its patron agreed, and none after it is deleted."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from retrieval.embedding import load_embedder
from serve.conversations.counts import read_counts
from tests.serve.access_scene import Scene, open_scene

PATRON = "0123456789abcdef0123456789abcdef"
CANARY = "Xyloquentine"
FOUND = f"Which letters did Ellen Marsh write? {CANARY}"
NOWHERE = f"Do you have the telemetry of the {CANARY} submarine robot?"


def find_canary(folder: Path) -> list[str]:
    """Files under the data folder that have the word in them."""
    word = CANARY.lower().encode()
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and word in path.read_bytes().lower()
    )


async def chat(scene: Scene, question: str, *, stream: bool = False) -> httpx.Response:
    body = {
        "messages": [{"role": "user", "content": question}], "stream": stream,
        "reading_room": {"conversation": PATRON},
    }  # fmt: skip
    reply = await scene.http.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    return reply


async def test_nothing_but_counts_is_kept_unless_agreed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_scene(tmp_path, load_embedder()) as scene:
        service = scene.app.state.service
        await chat(scene, FOUND)
        await chat(scene, FOUND, stream=True)
        await chat(scene, NOWHERE)
        await scene.http.post("/v1/search", json={"query": CANARY})
        service.books.daily.flush(service.database)
        assert find_canary(tmp_path) == []
        with service.database.readings() as session:
            counts = read_counts(session, datetime.now(UTC).date())
        kinds = {(count.status, count.found): count.answers for count in counts}
        assert kinds == {("answered", True): 2, ("not_found", False): 1}
        assert {count.collection for count in counts if count.found} == {"ms1"}

        agreed = await scene.http.post(f"/v1/conversations/{PATRON}/agreement", json={"agreed": True})
        assert agreed.json()["turns"] == 3
        await chat(scene, FOUND, stream=True)
        assert find_canary(tmp_path) != []
        given = {
            "answer_id": "gone",
            "idempotency_key": "k",
            "thumb": "down",
            "question": CANARY,
            "answer": "A",
        }
        assert (
            await scene.http.post("/v1/feedback", json={**given, "conversation": PATRON})
        ).status_code == 201

        gone = (await scene.http.delete(f"/v1/conversations/{PATRON}")).json()
        assert (len(gone["turns"]), len(gone["feedback"])) == (4, 1)
        assert find_canary(tmp_path) == []
        await chat(scene, FOUND)
        assert find_canary(tmp_path) == []
    assert find_canary(tmp_path) == []
    assert CANARY.lower() not in caplog.text.lower()
