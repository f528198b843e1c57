"""The service as API clients see it: a real engine, a real index, the real `openai` client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from retrieval.prompt import REFUSAL
from tests.service import RunningService

QUESTION = "Did William Marsh write to Ellen Marsh Denholm in 1918?"
NOWHERE = "Do you have the telemetry of the Zanzibar submarine cable robot?"


@pytest.fixture
def client(service: RunningService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def http(service: RunningService) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=60) as http:
        yield http


@pytest.fixture(autouse=True)
def ready(http: httpx.Client) -> None:
    """Another test may have killed the engine and gone on."""
    deadline = time.monotonic() + 240
    while http.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, "the service did not come back"
        time.sleep(0.5)


def ask(client: openai.OpenAI, question: str = QUESTION, **more: Any) -> Any:
    return client.chat.completions.create(
        model=more.pop("model", "default"), messages=[{"role": "user", "content": question}], **more
    )


def test_models_name_the_base_the_adapters_and_what_each_alias_stands_for(client: openai.OpenAI) -> None:
    models = {model.id: model.model_dump() for model in client.models.list()}
    assert models["default"]["resolves_to"] == "bundled-reader"
    assert models["bundled-reader"]["kind"] == "base"
    for alias in ("terse", "formal"):
        version = models[alias]["resolves_to"]
        assert version.startswith(f"{alias}--v")
        assert models[version]["kind"] == "adapter"
        assert models[version]["ready"]


def test_an_answer_cites_records_by_their_own_fields(client: openai.OpenAI, http: httpx.Client) -> None:
    answer = ask(client)
    details = answer.model_extra["reading_room"]
    assert details["status"] == "answered"
    assert details["found"] is True
    assert details["adapter"] == answer.model == "bundled-reader"
    source = details["sources"][0]
    assert source["title"] == "William Marsh to Ellen Marsh Denholm"
    assert source["dates"].endswith("1918")
    assert (source["container"], source["call_number"]) == ("Box 6, Folder 5", "MS 101")
    assert source["collection"] == "Marsh Family Papers"
    text = answer.choices[0].message.content
    annotations = answer.choices[0].message.annotations
    assert annotations
    for annotation in annotations:
        cited = annotation.url_citation
        assert text[cited.start_index : cited.end_index] == f"[{source_number(details, cited.url)}]"
        page = http.get(cited.url)
        assert page.status_code == 200
    record = http.get(f"/v1/records/{source['record_id']}").json()
    for name in ("title", "dates", "container", "call_number", "repository", "citation"):
        assert record[name] == source[name]


def source_number(details: dict[str, Any], url: str) -> int:
    return int(next(source["number"] for source in details["sources"] if source["record_url"] == url))


def test_a_streamed_answer_is_the_same_answer(client: openai.OpenAI) -> None:
    whole = ask(client, temperature=0)
    chunks = list(ask(client, temperature=0, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    last = next(chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason)
    assert last.choices[0].finish_reason == "stop"
    annotations = last.choices[0].delta.model_extra["annotations"]
    assert annotations == [a.model_dump() for a in whole.choices[0].message.annotations]
    details = last.model_extra["reading_room"]
    ours = {"answer_id"}
    expected = whole.model_extra["reading_room"]
    assert {k: v for k, v in details.items() if k not in ours} == {
        k: v for k, v in expected.items() if k not in ours
    }
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens > 0


def test_base_and_two_adapters_answer_in_their_own_ways(client: openai.OpenAI) -> None:
    answers = {name: ask(client, model=name, temperature=0) for name in ("bundled-reader", "terse", "formal")}
    texts = {name: answer.choices[0].message.content for name, answer in answers.items()}
    assert len(set(texts.values())) == 3
    for name, answer in answers.items():
        assert answer.model.startswith(name)
        assert answer.model_extra["reading_room"]["adapter"] == answer.model
        again = ask(client, model=name, temperature=0)
        assert again.choices[0].message.content == texts[name]


def test_nothing_found_is_said_and_no_source_is_shown(client: openai.OpenAI) -> None:
    answer = ask(client, NOWHERE)
    details = answer.model_extra["reading_room"]
    assert (details["status"], details["found"], details["sources"]) == ("not_found", False, [])
    assert details["searched"]["passages"] > 400
    assert "Marsh Family Papers" in details["searched"]["collections"]
    assert details["ask_staff"] in answer.choices[0].message.content
    assert REFUSAL not in answer.choices[0].message.content
    assert answer.choices[0].message.annotations == []


def test_retrieval_can_be_limited_and_turned_off(client: openai.OpenAI, http: httpx.Client) -> None:
    collections = {c["title"]: c["id"] for c in http.get("/v1/collections").json()["data"]}
    others = [i for title, i in collections.items() if title != "Marsh Family Papers"]
    body = {"reading_room": {"collections": others[:1], "top_k": 2}}
    limited = ask(client, extra_body=body).model_extra["reading_room"]
    shown = limited["sources"] + limited["also_searched"]
    assert {source["collection_id"] for source in shown} <= set(others[:1])
    assert len(shown) <= 2
    plain = ask(client, extra_body={"reading_room": {"retrieval": False}}, max_tokens=8)
    details = plain.model_extra["reading_room"]
    assert (details["status"], details["sources"], details["searched"]) == ("plain", [], None)
    assert 0 < plain.usage.completion_tokens <= 8


def test_a_plain_stream_ends_with_what_is_behind_it(client: openai.OpenAI) -> None:
    chunks = list(ask(client, stream=True, max_tokens=8, extra_body={"reading_room": {"retrieval": False}}))
    last = next(chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason)
    assert last.model_extra["reading_room"]["status"] == "plain"
    assert last.model_extra["reading_room"]["answer_id"] == chunks[0].id
    assert all(chunk.usage is None for chunk in chunks)


def test_a_follow_up_is_searched_for_with_the_question_before_it(client: openai.OpenAI) -> None:
    first = ask(client)
    follow_up = client.chat.completions.create(
        model="default",
        messages=[
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": first.choices[0].message.content},
            {"role": "user", "content": "And what did he write about there?"},
        ],
    )
    details = (follow_up.model_extra or {})["reading_room"]
    titles = [source["title"] for source in details["sources"] + details["also_searched"]]
    assert any("William Marsh to" in title for title in titles)


GOOD = {"messages": [{"role": "user", "content": "Any letters?"}]}
BAD_CHATS: list[tuple[str, Any, int, str]] = [
    ("no body", b"", 400, "messages|body"),
    ("not JSON", b"{", 400, "not valid JSON"),
    ("not UTF-8", b'{"messages": [{"role": "user", "content": "\xff\xfe"}]}', 400, "body|JSON|UTF-8"),
    ("a list", [], 400, "body"),
    ("no messages", {}, 400, "messages"),
    ("empty messages", {"messages": []}, 400, "messages"),
    ("empty question", {"messages": [{"role": "user", "content": "   "}]}, 400, "empty"),
    ("last is not the user", {"messages": [{"role": "assistant", "content": "x"}]}, 400, "last message"),
    ("wrong role", {"messages": [{"role": "robot", "content": "x"}]}, 400, "role"),
    ("content is a number", {"messages": [{"role": "user", "content": 3}]}, 400, "content"),
    ("an image", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "content"),
    ("lone surrogate", b'{"messages": [{"role": "user", "content": "\\ud800"}]}', 400, "content"),
    ("unknown field", GOOD | {"temprature": 1}, 400, "Unknown field 'temprature'"),
    ("unknown option", GOOD | {"reading_room": {"topk": 3}}, 400, "Unknown field 'reading_room.topk'"),
    ("too warm", GOOD | {"temperature": 9}, 400, "temperature"),
    ("not a number", b'{"messages": [{"role": "user", "content": "x"}], "temperature": NaN}', 400, "JSON|temperature"),
    ("two answers", GOOD | {"n": 2}, 400, "n:"),
    ("no tokens", GOOD | {"max_tokens": 0}, 400, "max_tokens"),
    ("unknown model", GOOD | {"model": "gpt-4o"}, 404, "There is no model 'gpt-4o' here. Use one of: "),
    ("traversal", GOOD | {"model": "../../etc/passwd"}, 404, "no model"),
    ("unknown collection", GOOD | {"reading_room": {"collections": ["no-such"]}}, 400, "no collection 'no-such'"),
    ("top_k of 0", GOOD | {"reading_room": {"top_k": 0}}, 400, "top_k"),
    ("a huge question", {"messages": [{"role": "user", "content": "x " * 30_000}]}, 400, "characters"),
    ("a huge body", b'{"messages": "' + b"x" * 1_100_000 + b'"}', 413, "larger than 1,000,000 bytes"),
    ("deep nesting", b"[" * 50_000, 400, "body|JSON"),
    ("usage without stream", GOOD | {"stream_options": {"include_usage": True}}, 400, "stream_options"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "says"), [b[1:] for b in BAD_CHATS], ids=[b[0] for b in BAD_CHATS]
)
def test_bad_chats_are_refused_with_what_to_do(http: httpx.Client, body: Any, status: int, says: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = http.post("/v1/chat/completions", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert any(part in error["message"] for part in says.split("|")), error["message"]
    assert "Traceback" not in reply.text


def test_an_endless_body_is_cut_off(service: RunningService) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    try:
        reply = httpx.post(f"{service.url}/v1/search", content=endless(), timeout=30)
    except httpx.WriteError:
        return  # the connection was closed before all of it was sent, which is the point
    assert reply.status_code == 413


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/records/none/such", "/records/none/such", "/records/../../etc/passwd"]
)
def test_what_is_not_there_is_404(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_search_finds_the_letter_and_says_how_far_it_looked(http: httpx.Client) -> None:
    reply = http.post("/v1/search", json={"query": QUESTION, "top_k": 5}).json()
    found = [hit["source"] for hit in reply["data"]]
    assert "William Marsh to Ellen Marsh Denholm" in {source["title"] for source in found}
    assert "1918" in found[0]["dates"]
    assert reply["searched"]["years"] == [1918, 1918]
    scores = [hit["score"] for hit in reply["data"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 5


def test_a_record_page_is_plain_html_with_its_place_and_contents(http: httpx.Client) -> None:
    collection = next(
        c for c in http.get("/v1/collections").json()["data"] if c["title"] == "Marsh Family Papers"
    )
    page = http.get(collection["url"], headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>Marsh Family Papers</h1>" in page.text
    assert "<script" not in page.text
    assert "Conditions governing access" in page.text
    record_id = collection["url"].split("/records/")[1]
    record = http.get(f"/v1/records/{record_id}").json()
    assert record["children"]
    assert all(http.get(child["url"]).status_code == 200 for child in record["children"])


def test_feedback_is_kept_once_and_tied_to_its_answer(client: openai.OpenAI, http: httpx.Client) -> None:
    details = ask(client).model_extra["reading_room"]
    body = {
        "answer_id": details["answer_id"],
        "idempotency_key": "key-1",
        "thumb": "down",
        "reasons": ["wrong_fact"],
    }
    first = http.post("/v1/feedback", json=body)
    again = http.post("/v1/feedback", json=body)
    assert (first.status_code, first.json()["kept"]) == (201, True)
    assert again.json() == first.json()
    unknown = http.post("/v1/feedback", json=body | {"answer_id": "never", "idempotency_key": "key-2"})
    assert unknown.status_code == 404
    assert "with `question` and `answer`" in unknown.json()["error"]["message"]
    assert http.post("/v1/feedback", json=body | {"thumb": "sideways"}).status_code == 400


def test_metrics_count_by_adapter_version(client: openai.OpenAI, http: httpx.Client) -> None:
    version = ask(client, model="terse").model
    metrics = http.get("/metrics").text
    for name in (
        f'reading_room_answers_total{{status="answered",version="{version}"}}',
        f'reading_room_first_token_seconds_count{{version="{version}"}}',
        f'reading_room_tokens_total{{kind="completion",version="{version}"}}',
    ):
        line = next(line for line in metrics.splitlines() if line.startswith(name))
        assert float(line.split()[-1]) >= 1
    assert "William" not in metrics


def test_health_and_readiness(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ready", "missing": []}
    about = http.get("/v1/service").json()
    assert about["bundled_reader"] is True
    assert {"default", "formal", "terse"} <= set(about["aliases"])  # other tests make more of them
