"""The client of the gateway's API, over real connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
import pytest_asyncio

from serve.schemas import (
    ChatMessage,
    FeedbackRequest,
    ReadingRoomOptions,
    SearchFilters,
    SearchRequest,
)
from tests.ui.stub_gateway import Stub, make_details, make_text
from ui.client import AnswerEnd, GatewayClient, GatewayError, TextDelta
from ui.pacing import pace
from ui.visits import Visits


@pytest_asyncio.fixture
async def client(url: str, stub: Stub) -> AsyncIterator[GatewayClient]:
    client = GatewayClient(url)
    yield client
    await client.close()


def says(question: str) -> list[ChatMessage]:
    return [ChatMessage(role="user", content=question)]


async def collect(client: GatewayClient, question: str) -> list[TextDelta | AnswerEnd]:
    return [event async for event in client.chat(says(question), ReadingRoomOptions(top_k=None))]


async def test_the_service_and_its_collections_are_read(client: GatewayClient) -> None:
    service = await client.service()
    assert (service.library_name, service.bundled_reader) == (
        "Harrow Point Library, Special Collections",
        True,
    )
    assert [found.id for found in (await client.collections()).data] == ["marsh", "mill"]


async def test_a_search_comes_back_typed(client: GatewayClient) -> None:
    reply = await client.search(SearchRequest(query="Ellen Marsh"))
    assert reply.found and [hit.source.number for hit in reply.data] == [1, 2]


async def test_an_answer_comes_in_pieces_and_ends_with_what_is_behind_it(
    client: GatewayClient, stub: Stub
) -> None:
    options = ReadingRoomOptions(
        collections=["marsh"], filters=SearchFilters(year_from=1905, year_to=None), top_k=None
    )
    events = [event async for event in client.chat(says("When?"), options)]
    texts = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(texts) > 10 and "".join(texts) == make_text("When?")
    assert events[-1] == AnswerEnd(make_details("When?"))
    sent = stub.chats[-1]
    assert sent.stream and sent.model == "default" and sent.reading_room == options


async def test_a_list_of_sources_larger_than_any_line_limit_arrives(client: GatewayClient) -> None:
    end = (await collect(client, "large"))[-1]
    assert isinstance(end, AnswerEnd) and len(end.details.sources[0].passage) == 100_000
    with pytest.raises(GatewayError, match="cannot be read"):
        await collect(client, "endless")


async def test_a_refusal_carries_the_gateways_words_and_when_to_come_back(client: GatewayClient) -> None:
    with pytest.raises(GatewayError, match="Too many answers are being written at once.") as caught:
        await collect(client, "busy")
    assert (caught.value.code, caught.value.retry_after) == ("overloaded", 5)


@pytest.mark.parametrize(
    ("question", "sentence", "code"),
    [
        ("break", "The engine stopped. Ask again.", "engine_error"),
        ("cut", "The answer broke off before it was complete. Please ask again.", ""),
        ("garbage", "The service sent something that cannot be read. Please tell the library staff.", ""),
    ],
)
async def test_a_failure_in_mid_stream_comes_after_the_text_before_it(
    client: GatewayClient, question: str, sentence: str, code: str
) -> None:
    heard: list[TextDelta | AnswerEnd] = []
    with pytest.raises(GatewayError) as caught:
        async for event in client.chat(says(question), ReadingRoomOptions(top_k=None)):
            heard.append(event)
    assert (str(caught.value), caught.value.code, len(heard)) == (sentence, code, 5)


async def test_what_does_not_answer_is_said_plainly() -> None:
    client = GatewayClient("http://127.0.0.1:9")
    for call in (client.service(), collect(client, "When?")):
        with pytest.raises(
            GatewayError, match="^The service cannot be reached at the moment. Please try again"
        ):
            await call
    await client.close()


async def test_what_answers_but_is_no_gateway_is_said_plainly(url: str) -> None:
    client = GatewayClient(f"{url}/records")
    with pytest.raises(GatewayError, match="^The service sent something that cannot be read"):
        await client.service()
    await client.close()


async def test_closing_the_answer_drops_the_connection(client: GatewayClient, stub: Stub) -> None:
    answer = client.chat(says("slow"), ReadingRoomOptions(top_k=None))
    assert isinstance(await anext(answer), TextDelta)
    await answer.aclose()
    until = time.monotonic() + 3
    while not stub.dropped:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


async def test_feedback_sent_twice_is_kept_once(client: GatewayClient, stub: Stub) -> None:
    request = FeedbackRequest(answer_id="a", idempotency_key="k", thumb="up", reasons=["helpful"])
    replies = [await client.send_feedback(request) for _ in range(2)]
    assert replies[0] == replies[1] and stub.feedback == [request]


async def counting(pauses: list[float]) -> AsyncGenerator[int, None]:
    for number, pause in enumerate(pauses):
        await asyncio.sleep(pause)
        yield number


async def test_pacing_keeps_order_and_limits_the_rate() -> None:
    started = time.monotonic()
    batches = [batch async for batch in pace(counting([0.002] * 100), 0.1)]
    took = time.monotonic() - started
    assert [number for batch in batches for number in batch] == list(range(100))
    assert len(batches) <= took / 0.1 + 2 and all(batches)


async def test_pacing_lets_its_caller_go_while_nothing_comes() -> None:
    batches = [batch async for batch in pace(counting([0.0, 0.35]), 0.01, idle_seconds=0.1)]
    assert batches[0] == [0] and batches[-1] == [1] and [] in batches


async def test_pacing_passes_a_failure_on_after_what_came_before_it() -> None:
    async def failing() -> AsyncGenerator[int, None]:
        yield 1
        raise GatewayError("The engine stopped.")

    heard: list[int] = []
    with pytest.raises(GatewayError, match="The engine stopped."):
        async for batch in pace(failing(), 0.01):
            heard += batch
    assert heard == [1]


async def test_ending_an_answer_waits_until_it_has_written_its_last() -> None:
    visits, written = Visits(), []

    async def write(visit: str) -> None:
        with visits.answering(visit) as answer:
            await answer.ending.wait()
            await asyncio.sleep(0.2)
            written.append((visit, answer.unwanted))

    writing = [asyncio.create_task(write(visit)) for visit in ("one", "one", "other")]
    await asyncio.sleep(0)
    await visits.end("nobody", unwanted=True)
    await visits.end("one", unwanted=True)
    assert written == [("one", True)] * 2 and not writing[2].done()
    await visits.end("other", unwanted=False)
    assert written[2] == ("other", False)
    await asyncio.gather(*writing)
