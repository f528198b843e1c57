"""Adapters on the live service: added, tried, promoted and rolled back while patrons chat."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.settings import BUNDLED_READER
from tests.serve.adapter_scene import BASE, GOOD, READY_SECONDS, Scene, is_refused, set_scene, wait_until
from tests.serve.made_adapters import write_peft_folder
from tests.service import STAFF_KEY, RunningService, run_service

SEEN_SECONDS = 10.0
"""Ample for what takes a second: the machine may be busy."""
PHOTOGRAPHS = "Frayne Studio Photographs"
QUESTION = "Which letters did William Marsh send from France in 1918?"
STRENGTH = 0.05
"""Of random weights: enough to differ from the base, little enough to answer as well as it does."""
NONSENSE, NONSENSE_SEED = 0.2, 100
"""Strong enough to write one word over and over, and still as peft computes it."""


@pytest.fixture(scope="module")
def scene(service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with set_scene(service, tmp_path_factory.mktemp("adapters")) as scene:
        yield scene


@pytest.fixture(scope="module")
def versions(scene: Scene) -> Iterator[tuple[str, str]]:
    """Two versions of `ledgers`, which the engine has ready; taken away in the end."""
    both = add(scene, "ledgers"), add(scene, "ledgers")
    yield both
    forget_alias(scene, "ledgers")
    for version in both:
        scene.withdraw(version)


@pytest.fixture
def alias(scene: Scene, versions: tuple[str, str]) -> Iterator[str]:
    """`ledgers`, pointing to the first version, having pointed to nothing but the base before."""
    forget_alias(scene, "ledgers")
    point(scene, "ledgers", versions[0])
    yield "ledgers"
    forget_alias(scene, "ledgers")


def add(scene: Scene, name: str, source: Path | None = None) -> str:
    """Add a version, of random weights if none are given, and wait until it can be asked for."""
    reply = scene.add(source or make_peft(scene, name), name)
    assert reply.status_code == 201, reply.text
    version: str = reply.json()["adapter"]["name"]
    assert reply.json()["remark"] == ""
    wait_until(lambda: scene.describe(version)["state"] != "validated", READY_SECONDS)
    assert scene.describe(version)["problem"] == ""
    wait_until(lambda: scene.is_ready(version), READY_SECONDS)
    return version


def make_peft(scene: Scene, name: str) -> Path:
    number = len(list(scene.scratch.iterdir()))
    return write_peft_folder(scene.scratch / f"{name}-{number}", BUNDLED_READER, 100 + number, STRENGTH)


def look_up(scene: Scene, alias: str) -> dict[str, Any]:
    reply = scene.gateway.get(f"/v1/aliases/{alias}")
    assert reply.status_code in (200, 404), reply.text
    found: dict[str, Any] = reply.json()
    return found if reply.status_code == 200 else {"revision": 0, "stable": "base", "rollout": None}


def promote(scene: Scene, alias: str, version: str, **more: object) -> httpx.Response:
    body = {"version": version, "revision": look_up(scene, alias)["revision"], **more}
    return scene.gateway.put(f"/v1/aliases/{alias}", json=body)


def point(scene: Scene, alias: str, version: str, **more: object) -> dict[str, Any]:
    """Promote, and wait until chats follow."""
    reply = promote(scene, alias, version, **more)
    assert reply.status_code == 200, reply.text
    pointed: dict[str, Any] = reply.json()
    wait_until(lambda: revision_in_use(scene.gateway, alias) == pointed["revision"], SEEN_SECONDS)
    return pointed


def forget_alias(scene: Scene, alias: str) -> None:
    """Roll an alias back to the base, so that it needs no version any more."""
    while scene.gateway.post(f"/v1/aliases/{alias}/rollback").status_code == 200:
        pass
    revision = look_up(scene, alias)["revision"]
    wait_until(lambda: revision_in_use(scene.gateway, alias) == revision, SEEN_SECONDS)


def revision_in_use(gateway: httpx.Client, alias: str) -> int:
    """What the gateway answers by, as its metrics tell; 0 for an alias it does not have."""
    return int(read_metric(gateway, f'reading_room_alias_revision{{alias="{alias}"}}'))


def read_metric(gateway: httpx.Client, series: str) -> float:
    lines = gateway.get("/metrics").text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(series)), 0.0)


def stands_for(gateway: httpx.Client, alias: str) -> str:
    listed = gateway.get("/v1/models").json()["data"]
    return next((str(model["resolves_to"]) for model in listed if model["id"] == alias), "")


def ask(
    scene: Scene,
    model: str,
    conversation: str = "",
    question: str = QUESTION,
    max_tokens: int = 200,
    **options: Any,
) -> Any:
    """The reply to one question, with retrieval; `options` as in `reading_room`."""
    messages = [{"role": "user", "content": question}]
    body = {"model": model, "messages": messages, "max_tokens": max_tokens}
    more = {"conversation": conversation} if conversation else {}
    reply = scene.gateway.post("/v1/chat/completions", json=body | {"reading_room": more | options})
    assert reply.status_code == 200, reply.text
    return reply.json()


def ask_shortly(scene: Scene, model: str, conversation: str = "somebody") -> str:
    """Who answers in that conversation."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "?"}],
        "max_tokens": 1,
        "reading_room": {"retrieval": False, "conversation": conversation},
    }
    reply = scene.gateway.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["model"])


@contextmanager
def patrons(scene: Scene, models: tuple[str, ...]) -> Iterator[dict[str, list[str]]]:
    """One patron for each model, who asks the same again and again until the block ends; what they read."""
    read: dict[str, list[str]] = {model: [] for model in models}
    closing = threading.Event()

    def chat(model: str) -> None:
        body = {
            "model": model,
            "messages": [{"role": "user", "content": "Tell me of the letters."}],
            "temperature": 0,
            "max_tokens": 40,
            "stream": True,
            "reading_room": {"retrieval": False},
        }
        while not closing.is_set():
            with scene.gateway.stream("POST", "/v1/chat/completions", json=body) as reply:
                lines = [line[6:] for line in reply.iter_lines() if line.startswith("data: ")]
            assert lines[-1] == "[DONE]", lines[-1]
            events = [json.loads(line) for line in lines[:-1]]
            choices = [choice for event in events for choice in event["choices"]]
            read[model].append("".join(choice["delta"].get("content") or "" for choice in choices))

    with ThreadPoolExecutor(len(models)) as many:
        chatting = [many.submit(chat, model) for model in models]
        try:
            wait_until(lambda: all(read.values()), 60)
            yield read
        finally:
            closing.set()
    for patron in chatting:
        patron.result()


def test_a_version_is_added_by_the_command_while_chats_stream(scene: Scene) -> None:
    source = make_peft(scene, "diaries")
    with patrons(scene, (BASE, GOOD, BASE, GOOD)) as read:
        done = scene.run_command("add", str(source), "--name", "diaries", "--why", "the diaries are in")
        assert done.returncode == 0, done.stderr
        (version,) = {path.name for path in scene.adapters.glob("diaries--*")}
        assert f"{version} is validated" in done.stdout
        wait_until(lambda: scene.is_ready(version), READY_SECONDS)
        wait_until(lambda: scene.describe(version)["state"] == "loaded", SEEN_SECONDS)
        during = {model: len(said) for model, said in read.items()}
        wait_until(lambda: all(len(said) > during[model] for model, said in read.items()), 60)
    assert scene.describe(version)["has_reference"]
    assert {model: len(set(said)) for model, said in read.items()} == {BASE: 1, GOOD: 1}
    assert read[BASE][0] != read[GOOD][0]
    reply = scene.chat(version)
    assert (reply.status_code, reply.json()["model"]) == (200, version)
    scene.withdraw(version)


def test_a_promotion_names_its_revision_and_the_reply_its_version(
    scene: Scene, alias: str, versions: tuple[str, str]
) -> None:
    first, second = versions
    answer = ask(scene, alias)
    assert answer["model"] == answer["reading_room"]["adapter"] == first
    assert answer["reading_room"]["alias"] == alias
    stale = look_up(scene, alias)["revision"] - 1
    refused = scene.gateway.put(f"/v1/aliases/{alias}", json={"version": second, "revision": stale})
    assert is_refused(refused, 409, "conflict")
    assert first in refused.json()["error"]["message"]
    assert ask_shortly(scene, alias) == first
    point(scene, alias, second)
    assert ask_shortly(scene, alias) == second


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(
    scene: Scene, alias: str, versions: tuple[str, str]
) -> None:
    revision = look_up(scene, alias)["revision"]
    wanted = (versions[1], "base")

    def promote_from_here(version: str) -> httpx.Response:
        body = {"version": version, "revision": revision}
        return scene.gateway.put(f"/v1/aliases/{alias}", json=body)

    with ThreadPoolExecutor(2) as two:
        replies = dict(zip(wanted, two.map(promote_from_here, wanted), strict=True))
    assert sorted(reply.status_code for reply in replies.values()) == [200, 409]
    (winner,) = [version for version, reply in replies.items() if reply.status_code == 200]
    (lost,) = [reply for reply in replies.values() if reply.status_code == 409]
    assert winner in lost.json()["error"]["message"]
    assert (look_up(scene, alias)["stable"], look_up(scene, alias)["revision"]) == (winner, revision + 1)


def test_one_call_rolls_back(scene: Scene, alias: str, versions: tuple[str, str]) -> None:
    point(scene, alias, versions[1])
    assert ask_shortly(scene, alias) == versions[1]
    back = scene.gateway.post(f"/v1/aliases/{alias}/rollback", json={"why": "too wordy"})
    assert (back.status_code, back.json()["stable"]) == (200, versions[0])
    wait_until(lambda: ask_shortly(scene, alias) == versions[0], SEEN_SECONDS)
    last = scene.gateway.get("/v1/adapter-events", params={"subject": alias, "limit": 1000}).json()["data"][
        -1
    ]
    assert (last["what"], last["why"], last["who"]) == ("rolled back", "too wordy", "staff")


def test_a_change_by_the_command_reaches_every_gateway(
    scene: Scene, alias: str, versions: tuple[str, str], tmp_path: Path
) -> None:
    """Two gateways on one database and one engine, and a command that knows of neither."""
    first, second = versions
    data = scene.service.data
    with (
        forward(data / "run" / "engine.sock") as engine,
        run_service(
            tmp_path / "data",
            engine_urls=engine,
            database_url=f"sqlite:///{data / 'reading-room.sqlite'}",
            adapters=str(data / "adapters"),
            staff_key=STAFF_KEY,
        ) as other,
        httpx.Client(base_url=other.url, timeout=60) as gateway,
    ):
        wait_until(lambda: stands_for(gateway, alias) == first, SEEN_SECONDS)
        done = scene.run_command("promote", second, "--alias", alias)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: stands_for(scene.gateway, alias) == second, SEEN_SECONDS)
        wait_until(lambda: stands_for(gateway, alias) == second, SEEN_SECONDS)
        listed = {model["id"]: model["ready"] for model in gateway.get("/v1/models").json()["data"]}
        assert listed[second]
        body = {"model": alias, "messages": [{"role": "user", "content": QUESTION}]}
        assert gateway.post("/v1/chat/completions", json=body).json()["model"] == second
        done = scene.run_command("rollback", alias)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: stands_for(scene.gateway, alias) == first, SEEN_SECONDS)
        wait_until(lambda: stands_for(gateway, alias) == first, SEEN_SECONDS)
        assert gateway.post("/v1/chat/completions", json=body).json()["model"] == first


def _end(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    loop.call_soon_threadsafe(ended.set)


@contextmanager
def forward(socket: Path) -> Iterator[str]:
    """The engine's socket at an address of its own, for a gateway that only knows addresses."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(socket))
        await asyncio.gather(pump(reader, back), pump(there, writer))

    async def serve(started: Callable[[int, Callable[[], None]], None]) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        started(server.sockets[0].getsockname()[1], lambda: _end(loop, ended))
        await ended.wait()
        server.close()

    known: list[tuple[int, Callable[[], None]]] = []
    ready = threading.Event()

    def note(port: int, end: Callable[[], None]) -> None:
        known.append((port, end))
        ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(serve(note)))
    thread.start()
    try:
        assert ready.wait(10)
        yield f"http://127.0.0.1:{known[0][0]}"
    finally:
        known[0][1]()
        thread.join()


def test_half_of_the_conversations_try_a_candidate_and_each_stays_with_its_version(
    scene: Scene, alias: str, versions: tuple[str, str]
) -> None:
    point(scene, alias, versions[1], share=50)
    conversations = [f"conversation {number}" for number in range(40)]
    first = {name: ask_shortly(scene, alias, name) for name in conversations}
    assert set(first.values()) == set(versions)
    assert {name: ask_shortly(scene, alias, name) for name in reversed(conversations)} == first
    shares = {
        arm: read_metric(scene.gateway, f'reading_room_arm_share{{alias="{alias}",arm="{arm}"')
        for arm in ("stable", "candidate")
    }
    assert shares == {"stable": 0.5, "candidate": 0.5}
    # Who is in at 25 % is in at 50 %, so that a step never takes a conversation away from the candidate.
    point(scene, alias, versions[1], share=25)
    fewer = {name for name in conversations if ask_shortly(scene, alias, name) == versions[1]}
    assert fewer < {name for name in conversations if first[name] == versions[1]}


def test_a_collection_has_an_alias_of_its_own(scene: Scene, alias: str, versions: tuple[str, str]) -> None:
    held = scene.gateway.get("/v1/collections").json()["data"]
    photographs = next(found["id"] for found in held if found["title"] == PHOTOGRAPHS)
    path = f"/v1/collections/{photographs}/alias"
    try:
        assert scene.gateway.put(path, json={"alias": alias}).status_code == 200
        # A question of which the search finds out what it is about, and one that says so itself.
        about = "Which photographs did the Frayne Studio take?"
        wait_until(lambda: ask(scene, "default", question=about)["model"] == versions[0], SEEN_SECONDS)
        chosen = ask(scene, "default", question="Which portraits are there?", collections=[photographs])
        assert (chosen["model"], chosen["reading_room"]["alias"]) == (versions[0], alias)
        assert ask(scene, "default")["model"] == BASE
        assert ask(scene, BASE, question=about)["model"] == BASE
    finally:
        assert scene.gateway.put(path, json={"alias": None}).status_code == 200
    wait_until(lambda: ask(scene, "default", question=about)["model"] == BASE, SEEN_SECONDS)


def test_thumbs_down_counts_for_the_arm_that_answered(
    scene: Scene, alias: str, versions: tuple[str, str]
) -> None:
    point(scene, alias, versions[1], share=50)
    replies = [ask(scene, alias, f"patron {number}") for number in range(8)]
    disliked = next(reply for reply in replies if reply["model"] == versions[1])
    give_thumb(scene, disliked, "down")
    give_thumb(scene, next(reply for reply in replies if reply["model"] == versions[0]), "up")

    def count() -> dict[str, tuple[int, int]]:
        told = scene.gateway.get(f"/v1/aliases/{alias}/rollout").json()["counts"]
        return {arm["arm"]: (arm["answers"], arm["thumbs_down"]) for arm in told}

    given = Counter(reply["model"] for reply in replies)
    expected = {"stable": (given[versions[0]], 0), "candidate": (given[versions[1]], 1)}
    wait_until(lambda: count() == expected, SEEN_SECONDS)
    series = f'reading_room_feedback_total{{thumb="down",version="{versions[1]}"}}'
    assert read_metric(scene.gateway, series) == 1


def give_thumb(scene: Scene, reply: Any, thumb: str) -> None:
    answer = reply["reading_room"]["answer_id"]
    body = {"answer_id": answer, "idempotency_key": f"{thumb}-{answer}", "thumb": thumb}
    assert scene.gateway.post("/v1/feedback", json=body).status_code == 201


def test_a_bad_candidate_goes_back_to_nothing_by_itself(
    scene: Scene, alias: str, versions: tuple[str, str]
) -> None:
    """It writes nonsense, which cites nothing; nobody of the staff does anything."""
    source = write_peft_folder(scene.scratch / "nonsense", BUNDLED_READER, NONSENSE_SEED, NONSENSE)
    bad = add(scene, "nonsense", source)
    point(scene, alias, bad, share=50, automatic=True, answers_needed=1000)
    for number in range(60):
        ask(scene, alias, f"reader {number}", max_tokens=80)
        if look_up(scene, alias)["rollout"] is None:
            break
    wait_until(lambda: look_up(scene, alias)["rollout"] is None, SEEN_SECONDS)
    assert look_up(scene, alias)["stable"] == versions[0]
    last = scene.gateway.get("/v1/adapter-events", params={"subject": alias, "limit": 1000}).json()["data"][
        -1
    ]
    assert (last["who"], last["what"]) == ("rollout guard", "rollout ended")
    assert last["why"].startswith("invalid citations: ")
    assert "of the candidate against 0 in" in last["why"]
    wait_until(
        lambda: {ask_shortly(scene, alias, f"reader {number}") for number in range(20)} == {versions[0]},
        SEEN_SECONDS,
    )
    assert scene.describe(bad)["state"] == "loaded"
    scene.withdraw(bad)


def test_a_retired_version_says_so_and_its_figures_go(scene: Scene) -> None:
    version = add(scene, "maps")
    assert ask_shortly(scene, version) == version
    ask(scene, version)
    shown = scene.gateway.get("/metrics").text
    for series in ("requests_total", "answers_total", "tokens_total", "first_token_seconds", "answer_seconds",
                   "adapter_load_seconds", "engines_able"):  # fmt: skip
        assert any(
            line.startswith(f"reading_room_{series}") and f'version="{version}"' in line
            for line in shown.splitlines()
        ), series
    assert read_metric(scene.gateway, f'reading_room_requests_total{{version="{version}"}}') == 2
    assert scene.gateway.post(f"/v1/adapters/{version}/retire").status_code == 200
    wait_until(lambda: scene.chat(version).status_code == 404, SEEN_SECONDS)
    refused = scene.chat(version)
    assert is_refused(refused, 404, "model_not_found")
    assert f"The version {version} is retired" in refused.json()["error"]["message"]
    wait_until(lambda: version not in scene.gateway.get("/metrics").text, SEEN_SECONDS)
    assert (scene.adapters / version).is_dir()
    scene.withdraw(version)
    assert not (scene.adapters / version).exists()
    wait_until(lambda: "is purged" in scene.chat(version).json()["error"]["message"], SEEN_SECONDS)
