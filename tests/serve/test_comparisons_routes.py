"""Comparisons over HTTP: both versions asked on the real way, voted in blind, closed and told.

A stub in the engine's place says what each version writes; everything else is real.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from retrieval.embedding import load_embedder
from serve.comparisons.book import ComparisonBook
from serve.people.access import CONVERSATION_HEADER
from tests.serve.access_scene import STAFF, Scene, open_scene
from tests.serve.registry_parts import A, B, make

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKED = [
    "Are there photographs of a parade on Main Street?",
    "What did William Howard Taft write to Harry Goddard in 1905?",
]
NOTHING = "Which zeppelin landed on the quarterdeck?"
WORDS = {A: "Brief: ", B: "At some length: "}
VISIT = {CONVERSATION_HEADER: "an unguessable id of a visit"}
TELLING = (A, B, "letters--", "candidate", "champion", "adapter", "alias", "answer_id", "usage", "seconds")
"""What would tell one version from the other, or leads to it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with open_scene(tmp_path_factory.mktemp("d"), load_embedder()) as scene:
        service = scene.app.state.service
        scene.stub.effects = {A: 2.0, B: 3.0}
        scene.stub.words = WORDS
        for name in (A, B):
            service.offering.registry.register(make(name), who="ada")
            await service.offering.make_ready(name)
        yield scene


async def ask(scene: Scene, method: str, path: str, *, who: dict[str, str] = STAFF, **body: Any) -> Any:
    sent = body if method == "POST" else None
    return await scene.http.request(method, f"/v1/{path}", headers=who, json=sent)


async def begin(scene: Scene, **given: Any) -> Any:
    """A comparison with its answers."""
    body = {"candidate": B, "champion": A, "questions": ASKED, **given}
    begun = await ask(scene, "POST", "comparisons", **body)
    assert begun.status_code == 202, begun.text
    while True:
        found = (await ask(scene, "GET", f"comparisons/{begun.json()['id']}")).json()
        if found["state"] != "preparing" or found["problem"]:
            return found
        await asyncio.sleep(0.05)


def allow_patrons(scene: Scene, allowed: bool) -> None:
    service = scene.app.state.service
    settings = service.settings.model_copy(update={"patron_comparisons": allowed})
    scene.app.state.service = replace(service, settings=settings)


async def test_both_versions_answer_from_the_same_passages_without_sampling(scene: Scene) -> None:
    scene.stub.bodies.clear()
    found = await begin(scene, questions=[*ASKED, NOTHING], title="Short or long", why="asked for")
    assert (found["state"], found["questions"], found["answered"], found["votes"]) == ("open", 3, 3, 0)
    assert (found["candidate"], found["champion"], found["created_by"]) == (B, A, "staff")
    sent = scene.stub.bodies
    assert {str(body["model"]) for body in sent} == {A, B} and {body["temperature"] for body in sent} == {0.0}
    prompts = {
        version: [str(body["messages"]) for body in sent if body["model"] == version] for version in (A, B)
    }
    assert prompts[A] == prompts[B] and len(prompts[A]) == 3 - found["same"]
    task = (await ask(scene, "GET", f"comparisons/{found['id']}/task")).json()["task"]
    assert {side["text"].split(":")[0] for side in task["sides"]} == {"Brief", "At some length"}
    assert task["passages"] and {passage["number"] for passage in task["passages"]} >= {1}


async def test_a_vote_is_kept_and_nothing_on_the_way_tells_who_wrote_what(scene: Scene) -> None:
    found = await begin(scene)
    path = f"comparisons/{found['id']}"
    replies = [await ask(scene, "GET", "open-comparisons"), await ask(scene, "GET", f"{path}/task")]
    while task := replies[-1].json()["task"]:
        brief = next(side["name"] for side in task["sides"] if side["text"].startswith("Brief"))
        body = {"question": task["question"], "choice": brief}
        replies.append(await ask(scene, "POST", f"{path}/votes", **body))
        assert replies[-1].status_code == 200, replies[-1].text
    replies.append(await ask(scene, "DELETE", f"{path}/votes/{body['question']}"))
    replies.append(await ask(scene, "POST", f"{path}/votes", question=body["question"], choice="tie"))
    for reply in replies:
        assert reply.status_code == 200
        assert [word for word in TELLING if word in reply.text] == [], reply.text
        assert [word for word in TELLING if word in str(dict(reply.headers))] == []
    refused = await ask(scene, "POST", f"{path}/votes", question=body["question"], choice="neither")
    assert refused.status_code == 409 and not any(word in refused.text for word in TELLING)
    wrong = await ask(scene, "POST", f"{path}/votes", question=body["question"], choice="candidate")
    assert wrong.status_code == 400
    early = await ask(scene, "GET", f"{path}/result")
    assert early.status_code == 409 and "shown when it is closed" in early.text
    shown = (await ask(scene, "GET", path)).json()
    assert shown["votes"] == 2 and "for_candidate" not in shown
    assert shown["judges"] == [
        {"name": "staff", "body": "staff", "judges": 1, "votes": 2, "contributed": False}
    ]  # fmt: skip
    assert "tie" not in str((await ask(scene, "GET", "audit")).json())

    closed = await ask(scene, "POST", f"{path}/close", revision=shown["revision"], why="enough")
    assert closed.status_code == 200 and closed.json()["state"] == "closed"
    result = (await ask(scene, "GET", f"{path}/result")).json()
    assert (result["verdict"], result["for_champion"], result["ties"]) == ("not_enough", 1, 1)
    assert (result["rate"]["share"], result["more"]) == (0.25, 18)
    assert result["contributors_known"] is False and len(result["cautions"]) == 2
    assert {one["champion"].split(":")[0] for one in result["data"]} == {"Brief"}
    assert [one["version"] for one in result["ratings"]] == [A, B]
    ratings = (await ask(scene, "GET", "comparison-ratings")).json()["data"]
    assert [one["version"] for one in ratings] == [A, B]
    again = await ask(scene, "POST", f"{path}/close", revision=shown["revision"])
    assert again.status_code == 409


async def test_what_cannot_be_begun(scene: Scene) -> None:
    for given, status in (
        ({"candidate": "nobody"}, 404), ({"champion": B}, 400), ({"questions": []}, 400),
        ({"questions": ["x" * 2001]}, 400), ({"dataset": "nothing--v1-00000000"}, 404), ({"mode": "fast"}, 400),
    ):  # fmt: skip
        body: dict[str, Any] = {"candidate": B, "champion": A, "questions": ASKED, **given}
        reply = await ask(scene, "POST", "comparisons", **body)
        assert reply.status_code == status, (given, reply.text)
    named = await begin(scene, candidate=B, champion="base")
    assert named["champion"] == "base" and named["dataset"] == ""


async def test_an_engine_that_is_away_leaves_nothing_half_done(scene: Scene) -> None:
    scene.stub.fault = "500"
    try:
        left = await begin(scene)
        assert (
            left["state"] == "preparing"
            and left["answered"] == 0
            and "2 of 2 got no answers" in left["problem"]
        )
    finally:
        scene.stub.fault = ""
    await ask(scene, "POST", f"comparisons/{left['id']}/fill")
    for _ in range(200):
        if (found := (await ask(scene, "GET", f"comparisons/{left['id']}")).json())["state"] == "open":
            break
        await asyncio.sleep(0.05)
    assert (found["state"], found["answered"], found["problem"]) == ("open", 2, "")


async def test_patrons_vote_by_setting_alone(scene: Scene) -> None:
    found = await begin(scene, patrons=True)
    staff_only = await begin(scene)
    task = f"comparisons/{found['id']}/task"
    assert (await ask(scene, "GET", task, who=VISIT)).status_code == 404
    assert (await ask(scene, "GET", "open-comparisons", who=VISIT)).json()["data"] == []
    assert (await scene.http.get("/v1/service")).json()["comparing"] is False
    allow_patrons(scene, True)
    try:
        assert (await scene.http.get("/v1/service")).json()["comparing"] is True
        listed = (await ask(scene, "GET", "open-comparisons", who=VISIT)).json()["data"]
        assert [one["id"] for one in listed] == [found["id"]]
        assert (await ask(scene, "GET", f"comparisons/{staff_only['id']}/task", who=VISIT)).status_code == 404
        assert (await ask(scene, "GET", task, who={})).status_code == 400
        shown = (await ask(scene, "GET", task, who=VISIT)).json()["task"]
        voted = await ask(
            scene, "POST", f"comparisons/{found['id']}/votes", who=VISIT, question=shown["question"], choice="neither"
        )  # fmt: skip
        assert voted.status_code == 200 and voted.json()["done"] == 1
        for step in ("", "/result"):
            assert (await ask(scene, "GET", f"comparisons/{found['id']}{step}", who=VISIT)).status_code == 403
    finally:
        allow_patrons(scene, False)
    book: ComparisonBook = scene.app.state.service.comparisons.book
    (vote,) = book.votes(book.find(found["id"]))
    assert (vote.body, vote.choice, vote.name) == ("patrons", "neither", "")
