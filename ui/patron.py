"""The patron page: ask, watch the answer come, open its sources, say whether it helped."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from serve.schemas import AnswerDetails, Reading, ReadingRoomOptions
from ui.client import AnswerEnd, GatewayClient, GatewayError, TextDelta
from ui.conversation import Conversation, Turn
from ui.pacing import pace
from ui.patron_layout import LONGEST_QUESTION, Parts, lay_out
from ui.plain import clean, escape
from ui.render import announce, render_turn, render_turns
from ui.scope import read_options
from ui.visits import Answering, Visits
from ui.wording import (
    EMPTY_QUESTION,
    ENDED,
    NO_EXAMPLES,
    describe_collection,
    describe_shared,
    suggest_questions,
)

UPDATE_SECONDS = 0.08
"""At most 12 page updates a second while an answer is written."""

Update = dict[Any, Any]
Scope = tuple[list[str] | None, str | None, str | None]
"""What is chosen on the page: collections, and the first and the last year."""


def build_patron(client: GatewayClient) -> gr.Blocks:
    """The page as Gradio blocks with their queue set; mount it with `ui.mount.mount_patron`."""
    blocks: gr.Blocks = gr.Blocks(title="Reading Room", analytics_enabled=False)
    with blocks:
        _connect(blocks, PatronPage(client, lay_out(client)))
    blocks.queue(api_open=False, max_size=128, default_concurrency_limit=32)
    return blocks


def _connect(blocks: gr.Blocks, page: PatronPage) -> None:
    parts = page.parts
    outputs = [
        parts.conversation, parts.past, parts.present, parts.readings, parts.status, parts.question,
        parts.stop, parts.new, parts.examples, *parts.feedback.outputs, *parts.agreement.outputs,
    ]  # fmt: skip
    scope = [parts.collections, parts.year_from, parts.year_to, parts.conversation]
    answering: dict[str, Any] = {
        "fn": page.answer,
        "outputs": outputs,
        "show_progress": "hidden",
        "trigger_mode": "once",
        "concurrency_id": "answers",
        "api_visibility": "private",
    }
    again = {**answering, "fn": page.answer_again, "trigger_mode": "always_last"}
    parts.readings.input(inputs=[parts.readings, *scope], **again)
    gr.on([parts.question.submit, parts.ask.click], inputs=[parts.question, *scope], **answering)
    for button in parts.example_buttons:
        button.click(inputs=[button, *scope], **answering)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    parts.stop.click(page.stop, outputs=[parts.stop], **quiet)
    cleared = [*outputs, parts.collections, parts.year_from, parts.year_to]
    parts.new.click(page.start_again, inputs=[parts.conversation], outputs=cleared, **quiet)
    parts.end.click(page.end_session, inputs=[parts.conversation], outputs=cleared, **quiet)
    blocks.load(
        page.welcome,
        outputs=[
            parts.collections, parts.examples, *parts.example_buttons, parts.status, parts.shared,
            parts.shared_words, parts.feedback.words, parts.agreement.offer, parts.agreement.words,
        ],
        **quiet,
    )  # fmt: skip
    blocks.unload(page.leave)
    parts.feedback.connect(quiet)
    parts.agreement.connect(quiet)


@dataclass(frozen=True, slots=True)
class PatronPage:
    """What the page does. Each handler returns the components it changes, and only those."""

    client: GatewayClient
    parts: Parts
    visits: Visits = field(default_factory=Visits)

    async def leave(self, request: gr.Request) -> None:
        """The tab was closed: what is being written for it ends."""
        await self.visits.end(str(request.session_hash), unwanted=True)

    async def welcome(self) -> Update:
        """Fill in the collections, the example questions and what is kept here when the page opens."""
        parts = self.parts
        try:
            service = await self.client.service()
            collections = (await self.client.collections()).data
        except GatewayError:
            return {parts.status: _show(NO_EXAMPLES)}
        choices = [(clean(describe_collection(found)), found.id) for found in collections]
        suggested = [clean(question) for question in suggest_questions(collections)]
        shown = dict(zip(parts.example_buttons, suggested, strict=False))
        return {
            parts.collections: gr.update(choices=choices, value=[]),
            parts.examples: gr.update(visible=bool(shown)),
            parts.shared: gr.update(visible=service.shared_terminal),
            parts.shared_words: f"<p>{escape(describe_shared(service))}</p>",
            **parts.feedback.introduce(service),
            **parts.agreement.introduce(service),
            **{button: gr.update(value=text, visible=True) for button, text in shown.items()},
        }

    async def answer(
        self,
        question: str | None,
        collections: list[str] | None,
        year_from: str | None,
        year_to: str | None,
        conversation: Conversation,
        request: gr.Request,
    ) -> AsyncGenerator[Update, None]:
        """Ask, and show the answer as it is written."""
        asked = clean(question or "").strip()[:LONGEST_QUESTION]
        if not asked:
            yield {self.parts.status: _show(EMPTY_QUESTION)}
            return
        scope = (collections, year_from, year_to)
        async with aclosing(self._answer_in(scope, conversation.ask(asked), request)) as updates:
            async for update in updates:
                yield update

    async def answer_again(
        self,
        kept: list[str] | None,
        collections: list[str] | None,
        year_from: str | None,
        year_to: str | None,
        conversation: Conversation,
        request: gr.Request,
    ) -> AsyncGenerator[Update, None]:
        """Ask the newest question again, with those of its readings that the patron has kept."""
        current = conversation.current
        if current is None or current.state == "writing":
            return
        without = frozenset(reading.id for reading in current.readings) - frozenset(kept or ())
        scope = (collections, year_from, year_to)
        async with aclosing(self._answer_in(scope, conversation.ask_again(without), request)) as updates:
            async for update in updates:
                yield update

    async def _answer_in(
        self, scope: Scope, conversation: Conversation, request: gr.Request
    ) -> AsyncGenerator[Update, None]:
        """Answer the newest turn within the collections and years chosen."""
        try:
            options = read_options(*scope)
        except ValueError as problem:
            yield {self.parts.status: _show(str(problem))}
            return
        without = sorted(conversation.turns[-1].without)
        options = options.model_copy(update={"conversation": conversation.id, "without": without})
        with self.visits.answering(str(request.session_hash)) as answer:
            async with aclosing(self._answer(conversation, options, answer)) as updates:
                async for update in updates:
                    yield update

    async def _answer(
        self, conversation: Conversation, options: ReadingRoomOptions, answer: Answering
    ) -> AsyncGenerator[Update, None]:
        parts, turn = self.parts, conversation.turns[-1]
        yield {
            **self._show(conversation, turn),
            parts.past: render_turns(conversation.turns[:-1]),
            parts.status: _say("Looking through the collections."),
            parts.question: gr.update(value="", label="Ask a follow-up question"),
            parts.stop: gr.update(visible=True),
            parts.new: gr.update(visible=True),
            parts.examples: gr.update(visible=False),
            parts.readings: gr.update(visible=False),
            **parts.feedback.hide(),
        }
        async with aclosing(self._write(conversation, turn, options, answer)) as versions:
            async for version in versions:
                if version is None:
                    yield {parts.stop: gr.skip()}
                else:
                    turn = version
                    yield self._show(conversation, turn)
        if answer.unwanted:
            return
        if turn.state == "writing":
            turn = replace(turn, state="stopped")
        yield self._finish(conversation, turn)

    async def _write(
        self, conversation: Conversation, turn: Turn, options: ReadingRoomOptions, answer: Answering
    ) -> AsyncGenerator[Turn | None, None]:
        """The turn as it grows, None now and then while nothing comes; less of it when it is to end."""
        events = pace(self.client.chat(conversation.messages(), options), UPDATE_SECONDS)
        try:
            async with aclosing(events):
                async for batch in events:
                    if answer.ending.is_set():
                        return
                    turn = take(turn, batch)
                    yield turn if batch else None
        except GatewayError as problem:
            yield replace(turn, state="failed", problem=describe_problem(problem))

    def _show(self, conversation: Conversation, turn: Turn) -> Update:
        return {self.parts.conversation: conversation.put(turn), self.parts.present: render_turn(turn)}

    def _finish(self, conversation: Conversation, turn: Turn) -> Update:
        parts = self.parts
        return {
            **self._show(conversation, turn),
            parts.status: _say(announce(turn)),
            parts.stop: gr.update(visible=False),
            # A question that failed goes back into the box, to be sent again with one key.
            **({parts.question: turn.question} if turn.state == "failed" else {}),
            parts.readings: _offer_readings(turn),
            **({**parts.feedback.show(), **parts.agreement.show()} if turn.details else {}),
        }

    async def stop(self, request: gr.Request) -> Update:
        """Leave the answer as far as it has come; its own handler shows it as stopped."""
        await self.visits.end(str(request.session_hash), unwanted=False)
        return {self.parts.stop: gr.update(visible=False)}

    async def end_session(self, conversation: Conversation, request: gr.Request) -> Update:
        """Leave a shared computer; page.js opens the page anew when it reads that this is done."""
        return {**await self.start_again(conversation, request), self.parts.status: _show(ENDED)}

    async def start_again(self, conversation: Conversation, request: gr.Request) -> Update:
        """Forget everything: the conversation, the choices, what was typed, what the service remembers."""
        parts = self.parts
        await self.visits.end(str(request.session_hash), unwanted=True)
        if conversation.id:
            with suppress(GatewayError):  # it forgets by itself, only later
                await self.client.end_conversation(conversation.id)
        return {
            parts.conversation: Conversation(),
            parts.past: "",
            parts.present: "",
            parts.status: _say("New conversation. Everything before it is gone from this page."),
            parts.question: gr.update(value="", label="Your question"),
            parts.stop: gr.update(visible=False),
            parts.new: gr.update(visible=False),
            parts.examples: gr.update(visible=True),
            parts.readings: gr.update(visible=False, choices=[], value=[]),
            parts.collections: [],
            parts.year_from: "",
            parts.year_to: "",
            **parts.feedback.hide(),
            **parts.agreement.hide(),
        }


def take(turn: Turn, batch: list[TextDelta | AnswerEnd]) -> Turn:
    """The turn with a batch of events added."""
    for event in batch:
        if isinstance(event, TextDelta):
            turn = replace(turn, text=turn.text + event.text)
        else:
            turn = replace(
                turn,
                details=event.details,
                state="complete",
                readings=gather_readings(turn.readings, event.details),
            )
    return turn


def gather_readings(before: Sequence[Reading], details: AnswerDetails) -> tuple[Reading, ...]:
    """What was read from a question, earlier readings kept in their places so that they can be put back."""
    now = {reading.id: reading for reading in (details.searched.readings if details.searched else ())}
    kept = [now.pop(reading.id, reading) for reading in before]
    return (*kept, *now.values())


def _offer_readings(turn: Turn) -> Update:
    """The readings as boxes, ticked as far as they were used."""
    used = [reading.id for reading in turn.readings if reading.used and reading.id not in turn.without]
    choices = [(clean(reading.label), reading.id) for reading in turn.readings]
    offered = turn.state == "complete" and bool(choices)
    shown: Update = gr.update(visible=offered, choices=choices, value=used)
    return shown


def describe_problem(problem: GatewayError) -> str:
    """The gateway's sentence, and when to try again where it says so."""
    sentence = str(problem)
    if problem.retry_after:
        sentence += f" Your question is still in the box: try again in {problem.retry_after} seconds."
    return sentence


def _say(sentence: str) -> str:
    """The status line's text for a screen reader alone: page.js announces what stands there."""
    return f'<p class="unseen">{escape(sentence)}</p>' if sentence else ""


def _show(sentence: str) -> str:
    """The status line's text for everybody."""
    return f'<p class="hint">{escape(sentence)}</p>'
