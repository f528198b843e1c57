"""Both versions' answers to a question, on the way that patrons' questions go.

One search for both, the same instructions, no sampling: only the version differs. Nothing of it is counted as
a patron's question, remembered for feedback, or held for or against an adapter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol

from retrieval.errors import RetrievalError
from serve.adapters.alias import BASE, DEFAULT
from serve.admission import Admission
from serve.aliases import Route
from serve.answers import Answerer, make_answer_id
from serve.comparisons.comparison import Answers, Comparison
from serve.errors import EngineDown, EngineError, ServeError
from serve.schemas import AnswerDetails, ChatMessage, ChatRequest, ReadingRoomOptions
from serve.turn import Finished, Turn


class Ask(Protocol):
    """Has both versions of a comparison answer a question. Raises ServeError in words where one did not."""

    async def __call__(self, comparison: Comparison, question: str) -> Answers: ...


@dataclass(frozen=True, slots=True)
class PoolAsker:
    """Asks through the gateway's own engines. `seconds` is the most that one answer may take."""

    answerer: Answerer
    admission: Admission
    seconds: float
    base_url: str

    async def __call__(self, comparison: Comparison, question: str) -> Answers:
        request = ChatRequest(
            model=DEFAULT,
            messages=[ChatMessage(role="user", content=question)],
            temperature=0.0,
            reading_room=ReadingRoomOptions(conversation=f"{comparison.id}/{make_answer_id()}"),
        )
        try:
            turn = await self.answerer.begin(request, self.base_url)
        except RetrievalError as error:
            raise ServeError(str(error)) from error
        champion = await self._write(turn, request, comparison.champion)
        candidate = await self._write(turn, request, comparison.candidate)
        return Answers(candidate.text, champion.text, gather_passages(champion.details, candidate.details))

    async def _write(self, turn: Turn, request: ChatRequest, version: str) -> Finished:
        version = self.answerer.aliases().base if version == BASE else version
        asked = replace(turn, answer_id=make_answer_id(), route=Route(version))
        try:
            async with asyncio.timeout(self.seconds), self.admission.enter():
                async with aclosing(self.answerer.write(asked, request)) as events:
                    async for event in events:
                        if isinstance(event, Finished):
                            return _check(event)
        except TimeoutError as error:
            raise EngineError(
                f"{version}: the answer took longer than {self.seconds:.0f} seconds."
            ) from error
        raise EngineError(f"{version} wrote nothing.")


def gather_passages(*details: AnswerDetails) -> tuple[dict[str, Any], ...]:
    """What the versions were given, by number, with nothing in it that tells one answer's sources."""
    given = {source.number: source for one in details for source in _list_sources(one)}
    return tuple(
        given[number].model_copy(update={"cited": True}).model_dump(mode="json") for number in sorted(given)
    )


def _list_sources(details: AnswerDetails) -> Sequence[Any]:
    return [*details.sources, *details.also_searched]


def _check(finished: Finished) -> Finished:
    """An answer that no model wrote, since no engine could be had, is none."""
    if finished.details.status == "passages_only" and not finished.usage.get("completion_tokens"):
        raise EngineDown("The answering model is not available just now.")
    return finished
