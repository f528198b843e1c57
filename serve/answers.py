"""One turn: question → search → prompt → engine stream → checked citations → answer with sources.

Nothing is generated where nothing was found, and where the engine is down the passages themselves
are the answer, said to be so.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass

from retrieval.audience import PUBLIC, Audience
from retrieval.index import Filters, Index, SearchResult
from retrieval.library import Library
from retrieval.prompt import Message, build_messages
from serve.adapters.alias import DEFAULT
from serve.aliases import Aliases, Route, name_conversation
from serve.answer_memory import Answer, AnswerMemory
from serve.conversations.keeping import Keeper, keep_nothing
from serve.conversations.key import name_key
from serve.engine.pool import Engines
from serve.errors import BadRequest, EngineDown
from serve.instructions.in_force import InForce
from serve.instructions.version import Standing
from serve.metrics import Metrics
from serve.schemas import ChatRequest, JsonObject, ReadingRoomOptions
from serve.settings import Settings
from serve.turn import Events, Finished, Turn

MOST_QUESTION = 8_000
"""Characters of a question."""
_QUOTED = re.compile(r"[\"“]([^\"”]{3,300})[\"”]")
"""What an answer quotes: titles of its sources, above all."""
PASSED_ON = ("temperature", "top_p", "seed", "stop", "presence_penalty", "frequency_penalty")


@dataclass(frozen=True, slots=True)
class Answerer:
    """Everything an answer needs, handed in once at start."""

    settings: Settings
    library: Library
    engines: Engines
    aliases: Callable[[], Aliases]
    memory: AnswerMemory
    metrics: Metrics
    searchers: ThreadPoolExecutor
    count_tokens: Callable[[str], int]
    in_force: Callable[[], InForce] = InForce
    """The standing instructions as they are now; none unless told otherwise."""
    keep: Keeper = keep_nothing
    """Stores an answer whose patron agreed to it."""

    async def search(
        self, question: str, options: ReadingRoomOptions, audience: Audience = PUBLIC
    ) -> tuple[Index, SearchResult]:
        """Search the index in use, off the event loop. Raises IndexMissing, BadRequest."""
        index = self.library.current()
        known = {collection.id for collection in index.collections(audience)}
        if unknown := [name for name in options.collections if name not in known]:
            raise BadRequest(
                f"There is no collection {unknown[0]!r}. GET /v1/collections lists them.",
                param="reading_room.collections",
            )
        filters = Filters(
            collections=tuple(options.collections),
            year_from=options.filters.year_from,
            year_to=options.filters.year_to,
            levels=tuple(options.filters.levels),
        )
        started = time.perf_counter()
        top_k = options.top_k or self.settings.top_k
        result = await asyncio.get_running_loop().run_in_executor(
            self.searchers,
            lambda: index.search(
                question, top_k=top_k, filters=filters, audience=audience, without=options.without
            ),
        )
        self.metrics.search.observe(time.perf_counter() - started)
        return index, result

    async def begin(self, request: ChatRequest, base_url: str) -> Turn:
        """Search for the last user message, and decide which version answers it.

        Raises UnknownModel, BadRequest, IndexMissing.
        """
        aliases = self.aliases()
        route = aliases.resolve(request.model, name_conversation(request))
        question, history = split_turns(request)
        index, result = await self.search(await self._complete(question, history), request.reading_room)
        if request.model == DEFAULT and (collection := find_subject(request, result)):
            route = aliases.resolve_for(collection, name_conversation(request))
        return Turn(
            question=question,
            route=route,
            model=aliases.base,
            index=index,
            result=result,
            base_url=base_url,
            ask_staff=self.settings.ask_staff,
            answer_id=make_answer_id(),
            standing=choose_instructions(self.in_force(), request, route, result),
        )

    async def _complete(self, question: str, history: Sequence[Message]) -> str:
        """The question made whole from the turns before it."""
        asked = [message["content"] for message in history if message["role"] == "user"]
        if not asked:
            return question
        answered = [message["content"] for message in history if message["role"] == "assistant"]
        quoted = _QUOTED.findall(answered[-1]) if answered else []
        index = self.library.current()
        return await asyncio.get_running_loop().run_in_executor(
            self.searchers, index.complete, question, asked, quoted
        )

    async def answer(self, turn: Turn, request: ChatRequest) -> Events:
        """Write the answer and remember it: deltas, then one Finished. Raises EngineError at any time."""
        async with aclosing(self.write(turn, request)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    key = name_key(request.reading_room.conversation)
                    answer = Answer(turn.question, event.text, event.details, turn.route, key)
                    self.memory.remember(answer)
                    await self.keep(answer)
                yield event

    async def write(self, turn: Turn, request: ChatRequest) -> Events:
        """Ask the engine, unless nothing was found; show the passages where no engine can be had."""
        _, history = split_turns(request)
        if not turn.result.found or not turn.result.hits:
            async for event in turn.not_found(turn.result.hits):
                yield event
            return
        budget = max(256, self.context - self.answer_tokens(request) - 16)
        messages, shown = build_messages(
            turn.question,
            turn.result.quotable,
            history,
            token_budget=budget,
            count_tokens=self.count_tokens,
            instructions=turn.standing.text,
        )
        hits = turn.result.quotable[:shown]
        body = self.engine_body(request, turn.route, messages, turn.answer_id)
        body["stream_options"]["continuous_usage_stats"] = True  # an answer may be ended before the last
        written = False
        try:
            affinity = name_conversation(request)
            stream = self.engines.stream(turn.route.version, body, affinity=affinity)
            async with aclosing(stream) as payloads:
                async for event in turn.write(payloads, hits):
                    written = True
                    yield event
        except EngineDown:
            if written:
                raise
            async for event in turn.show_passages("The answering model is not available just now.", hits):
                yield event

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self.engines.context or 4096

    def answer_tokens(self, request: ChatRequest) -> int:
        """The most tokens this answer may have."""
        asked = request.max_completion_tokens or request.max_tokens or self.settings.answer_tokens
        return max(1, min(asked, self.settings.answer_tokens, self.context // 2))

    def engine_body(
        self, request: ChatRequest, route: Route, messages: Sequence[Message | JsonObject], answer_id: str
    ) -> JsonObject:
        """What the engine is sent: a closed list of fields, never the client's body passed on."""
        given = {name: getattr(request, name) for name in PASSED_ON if getattr(request, name) is not None}
        return {
            "temperature": 0.0,
            **given,
            "model": route.version,
            "messages": list(messages),
            "max_tokens": self.answer_tokens(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            "request_id": answer_id.removeprefix("chatcmpl-"),
        }


def find_subject(request: ChatRequest, result: SearchResult) -> str:
    """The collection a question is about: the only one asked for, else that of the best passage found."""
    if len(request.reading_room.collections) == 1:
        return request.reading_room.collections[0]
    return result.hits[0].record.collection_id if result.found and result.hits else ""


def find_only_collection(request: ChatRequest, result: SearchResult) -> str:
    """The one collection a question is limited to, or that all passages found are from; "" for several."""
    found = (hit.record.collection_id for hit in result.hits)
    for named in (set(request.reading_room.collections), set(found)):
        if len(named) == 1:
            return named.pop()
    return ""


def choose_instructions(
    in_force: InForce, request: ChatRequest, route: Route, result: SearchResult
) -> Standing:
    """The instructions for an answer: of the one collection it is about, else of the alias it was sent to."""
    return in_force.choose(find_only_collection(request, result), [route.alias, request.model])


def make_answer_id() -> str:
    """An id that nobody can guess."""
    return f"chatcmpl-{secrets.token_hex(12)}"


def split_turns(request: ChatRequest) -> tuple[str, list[Message]]:
    """The question (the last message) and the turns before it. Raises BadRequest where there is none.

    The service's own instructions are the only ones in force here, so system messages are left out.
    """
    last = request.messages[-1]
    if last.role != "user":
        raise BadRequest(
            f"The last message must be the user's question; it has the role {last.role!r}.", param="messages"
        )
    question = last.text.strip()
    if not question:
        raise BadRequest("The question is empty. Write what you are looking for.", param="messages")
    if len(question) > MOST_QUESTION:
        raise BadRequest(
            f"The question has {len(question):,} characters; at most {MOST_QUESTION:,} can be searched for.",
            param="messages",
        )
    history: list[Message] = [
        {"role": message.role, "content": message.text}
        for message in request.messages[:-1]
        if message.role == "user" or message.role == "assistant"
    ]
    return question, history
