"""What clients see when something breaks, and that it mends itself: the real service, real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from serve.settings import SAMPLE_LIBRARY
from tests.service import RunningService

QUESTION = "Which letters did William Marsh send from France in 1918?"
BABBLE = {
    "messages": [{"role": "user", "content": "Tell me everything."}],
    "temperature": 2,
    "seed": 7,
    "max_tokens": 512,
    "stream": True,
    "reading_room": {"retrieval": False},
}
"""As warm as it goes, so that the model writes on until its last token."""


@pytest.fixture
def http(service: RunningService) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=120) as http:
        yield http


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)


def ask(http: httpx.Client) -> dict[str, object]:
    reply = http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": QUESTION}]})
    assert reply.status_code == 200, reply.text
    details: dict[str, object] = reply.json()["reading_room"]
    return details


def is_ready(http: httpx.Client, name: str) -> bool:
    return any(model["id"] == name and model["ready"] for model in http.get("/v1/models").json()["data"])


def find_engine(service: RunningService) -> int:
    """The process that listens on the engine's socket."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if (
            b"--uds" in command
            and str(service.data).encode() in command[command.index(b"--uds") + 1]
            and b"-m" in command[:4]
        ):
            return int(entry.name)
    raise AssertionError("no engine is running")


def engine_metric(service: RunningService, name: str) -> float:
    transport = httpx.HTTPTransport(uds=str(service.data / "run" / "engine.sock"))
    with httpx.Client(transport=transport, base_url="http://engine") as engine:
        lines = engine.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"{name}{{"))


def test_a_client_that_goes_away_frees_the_engine(service: RunningService, http: httpx.Client) -> None:
    before = engine_metric(service, "vllm:generation_tokens_total")
    with http.stream("POST", "/v1/chat/completions", json=BABBLE) as reply:
        lines = reply.iter_lines()  # kept: httpx closes the reply with the last reference to its lines
        for _ in range(3):
            next(lines)
        wait_until(lambda: engine_metric(service, "vllm:num_requests_running") == 1, 10)
    wait_until(lambda: engine_metric(service, "vllm:num_requests_running") == 0, 10)
    assert engine_metric(service, "vllm:generation_tokens_total") - before < 500
    in_flight = [
        line
        for line in http.get("/metrics").text.splitlines()
        if line.startswith("reading_room_answers_in_flight{")
    ]
    assert in_flight
    assert all(line.endswith(" 0.0") for line in in_flight)


def test_an_engine_killed_in_the_middle_of_an_answer(service: RunningService, http: httpx.Client) -> None:
    events: list[str] = []
    with http.stream("POST", "/v1/chat/completions", json=BABBLE) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: "):
                events.append(line[6:])
                if len(events) == 3:
                    os.kill(find_engine(service), signal.SIGKILL)
    assert "[DONE]" not in events, "an answer that broke off must not look whole"
    error = json.loads(events[-1])["error"]
    assert error["code"] in ("engine_error", "engine_unavailable")
    assert "again" in error["message"]
    details = ask(http)
    assert details["status"] == "passages_only"
    assert details["found"] is True
    sources: list[dict[str, str]] = details["sources"]  # type: ignore[assignment]
    assert any("William Marsh to" in source["title"] for source in sources)
    plain = http.post("/v1/chat/completions", json={**BABBLE, "stream": False})
    assert plain.status_code == 503
    assert int(plain.headers["Retry-After"]) > 0
    wait_until(lambda: http.get("/readyz").status_code == 503, 20)
    wait_until(lambda: http.get("/readyz").status_code == 200, 240)
    assert ask(http)["status"] == "answered"
    # The base answers first; the adapters are loaded again right after it.
    wait_until(lambda: is_ready(http, "terse"), 30)


def test_a_new_index_is_used_without_a_restart(
    service: RunningService, http: httpx.Client, tmp_path: Path
) -> None:
    before = http.get("/v1/collections").json()
    extra = tmp_path / "almanacs.csv"
    extra.write_text("identifier,title,date,box\nA1,Tide almanac of the Quillfeather Sound,1877,2\n")
    command = [
        str(Path(sys.executable).parent / "reading-room"),
        "index",
        "build",
        str(SAMPLE_LIBRARY),
        str(extra),
    ]
    environment = {**os.environ, "READING_ROOM_DATA": str(service.data)}
    built = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    wait_until(lambda: http.get("/v1/collections").json()["index_version"] != before["index_version"], 30)
    after = http.get("/v1/collections").json()["data"]
    assert len(after) == len(before["data"]) + 1
    best = http.post("/v1/search", json={"query": "Quillfeather almanac"}).json()["data"][0]["source"]
    assert (best["title"], best["container"]) == ("Tide almanac of the Quillfeather Sound", "Box 2")


def test_a_build_that_finds_nothing_leaves_the_index_alone(
    service: RunningService, http: httpx.Client, tmp_path: Path
) -> None:
    before = http.get("/v1/collections").json()["index_version"]
    (tmp_path / "broken.xml").write_text("<ead><archdesc>\n<did></ead>")
    command = [str(Path(sys.executable).parent / "reading-room"), "index", "build", str(tmp_path)]
    built = subprocess.run(
        command, env={**os.environ, "READING_ROOM_DATA": str(service.data)}, capture_output=True, text=True
    )
    assert built.returncode == 2
    assert "Traceback" not in built.stderr
    assert "nothing to index" in built.stderr
    assert f"{tmp_path / 'broken.xml'}:2:" in built.stdout + built.stderr
    time.sleep(1.5)
    assert http.get("/v1/collections").json()["index_version"] == before
