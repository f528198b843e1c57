"""An engine that answers by what it is sent: as a model that can write questions, or as a small one."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from aiohttp import web

from serve.curation.draft_writer import INSTRUCTION
from tests.serve.stub_engine import DONE, LAST, USAGE, StubEngine

Skill = Literal["able", "small", "careless", "refusing", "inventing"]


class DraftingStub(StubEngine):
    """`able` writes questions; `small` only quotes headings; the others go wrong in the way they are named."""

    def __init__(self) -> None:
        super().__init__()
        self.skill: Skill = "able"
        self.fails_after = 10**6

    @property
    def asked(self) -> list[list[dict[str, str]]]:
        """The messages of every request."""
        return [_messages(body) for body in self.bodies]

    async def write(self, model: str, response: web.StreamResponse, request: web.Request) -> None:
        """One answer, whole."""
        if len(self.bodies) > self.fails_after:
            assert request.transport is not None
            request.transport.abort()
            return
        self.tokens += 2
        delta = {"index": 0, "delta": {"content": self._reply(self.asked[-1])}, "finish_reason": None}
        await response.write(f"data: {json.dumps({'choices': [delta]})}\n\n{LAST}{USAGE}{DONE}".encode())

    def _reply(self, messages: list[dict[str, str]]) -> str:
        prompt = messages[-1]["content"]
        heading = re.findall(r"^\[1\] (.*)$", prompt, re.MULTILINE)[0]
        wants_question = messages[0]["content"] == INSTRUCTION
        match self.skill:
            case "able" if wants_question:
                return f'**Question:** What is known of {heading[:20]}?\n\nAnswer: It is "{heading}" [1].'
            case "careless" if wants_question:
                return f"Question: What is in {heading[:20]}?\nAnswer: A letter about the flood."
            case "inventing" if wants_question:
                return f'Question: What is in {heading[:20]}?\nAnswer: "{heading}" [1] in Box 77, of 1799.'
            case "refusing":
                return "The passages I was given do not answer that."
        return f'Yes: "{heading}" [1].'


def _messages(body: dict[str, Any]) -> list[dict[str, str]]:
    messages: list[dict[str, str]] = body["messages"]
    return messages
