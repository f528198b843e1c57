"""Answers in the OpenAI chat API's own form, streamed and whole, with our `reading_room` object beside."""

from __future__ import annotations

import time
from collections.abc import Sequence

import orjson

from serve.schemas import AnswerDetails, JsonObject
from serve.turn import Finished

DONE = b"data: [DONE]\n\n"


def frame(payload: JsonObject) -> bytes:
    """One server-sent event."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def delta_chunk(answer_id: str, model: str, text: str, *, first: bool) -> bytes:
    """A piece of text."""
    delta = {"role": "assistant", "content": text} if first else {"content": text}
    return frame(_chunk(answer_id, model, [{"index": 0, "delta": delta, "finish_reason": None}]))


def final_chunk(finished: Finished) -> bytes:
    """The end of the text: the reason, the citations as annotations, and everything behind the answer."""
    details = finished.details
    delta = {"annotations": annotate(finished.spans, details)}
    choice = {"index": 0, "delta": delta, "finish_reason": finished.reason}
    chunk = _chunk(details.answer_id, details.adapter, [choice])
    return frame({**chunk, "reading_room": details.model_dump(mode="json")})


def usage_chunk(finished: Finished) -> bytes:
    """The token counts, where the client asked for them."""
    details = finished.details
    return frame({**_chunk(details.answer_id, details.adapter, []), "usage": finished.usage})


def completion(finished: Finished) -> JsonObject:
    """A whole answer."""
    details = finished.details
    message = {
        "role": "assistant",
        "content": finished.text,
        "refusal": None,
        "annotations": annotate(finished.spans, details),
    }
    choice = {"index": 0, "message": message, "finish_reason": finished.reason, "logprobs": None}
    return {
        "id": details.answer_id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": details.adapter,
        "choices": [choice],
        "usage": finished.usage,
        "reading_room": details.model_dump(mode="json"),
    }


def annotate(spans: Sequence[tuple[int, int, int]], details: AnswerDetails) -> list[JsonObject]:
    """Where each [n] stands (character offsets in the text) and the record it cites."""
    sources = {source.number: source for source in details.sources}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": start,
                "end_index": end,
                "title": sources[number].citation,
                "url": sources[number].record_url,
            },
        }
        for number, start, end in spans
        if number in sources
    ]


def _chunk(answer_id: str, model: str, choices: list[JsonObject]) -> JsonObject:
    return {
        "id": answer_id,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
        "choices": choices,
    }
