"""Whether the newest answer helped: two buttons, a short form for what was wrong, a word of thanks."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import gradio as gr

from serve.schemas import FeedbackReply, FeedbackRequest, ServiceInfo
from serve.wire.conversations import CONSENTS, FEEDBACK
from ui.client import GatewayClient, GatewayError
from ui.conversation import Conversation, Turn
from ui.plain import escape
from ui.wording import REASONS

Update = dict[Any, Any]

_NAMESPACE = uuid.UUID("6f0f7c1e-5f0b-4c0e-9a5e-2f6d1b7c8a90")


@dataclass(frozen=True, slots=True)
class FeedbackDesk:
    """The feedback part of the page and its handlers."""

    client: GatewayClient
    conversation: gr.State
    panel: gr.Column
    choice: gr.Row
    helpful: gr.Button
    unhelpful: gr.Button
    form: gr.Column
    reasons: gr.CheckboxGroup
    comment: gr.Textbox
    corrected: gr.Textbox
    send: gr.Button
    leave: gr.Button
    note: gr.Markdown
    words: gr.Markdown

    @property
    def outputs(self) -> list[Any]:
        """Every component these handlers may change."""
        return [
            self.panel, self.choice, self.form, self.reasons, self.comment, self.corrected, self.note
        ]  # fmt: skip

    def connect(self, event: dict[str, Any]) -> None:
        """Tie the buttons to the handlers."""
        said = [self.reasons, self.comment, self.corrected]
        self.helpful.click(self.say_helpful, inputs=[self.conversation], outputs=self.outputs, **event)
        self.unhelpful.click(self.open_form, outputs=self.outputs, **event)
        self.leave.click(self.show, outputs=self.outputs, **event)
        self.send.click(self.say_unhelpful, inputs=[self.conversation, *said], outputs=self.outputs, **event)

    def introduce(self, service: ServiceInfo) -> Update:
        """What becomes of feedback, before any is given."""
        words = CONSENTS[FEEDBACK].format(days=service.feedback_days)
        return {self.words: f"<p>{escape(words)}</p>"}

    def hide(self) -> Update:
        """Nothing to judge yet."""
        return {**self._empty(), self.panel: gr.update(visible=False)}

    def show(self) -> Update:
        """Ask about the answer that has just come."""
        return {**self._empty(), self.panel: gr.update(visible=True)}

    def open_form(self) -> Update:
        """Ask what was wrong."""
        return {self.choice: gr.update(visible=False), self.form: gr.update(visible=True), self.note: ""}

    async def say_helpful(self, conversation: Conversation) -> Update:
        """One press says it all."""
        turn = conversation.current
        if turn is None or turn.details is None:
            return self.hide()
        return await self._hand_in(turn, FeedbackRequest(
            answer_id=turn.details.answer_id, idempotency_key="-", thumb="up", reasons=["helpful"],
            conversation=conversation.id or None, consent=FEEDBACK,
        ))  # fmt: skip

    async def say_unhelpful(
        self, conversation: Conversation, reasons: list[str], comment: str, corrected: str
    ) -> Update:
        """What was wrong, in the patron's words."""
        turn = conversation.current
        if turn is None or turn.details is None:
            return self.hide()
        return await self._hand_in(turn, FeedbackRequest(
            answer_id=turn.details.answer_id,
            idempotency_key="-",
            thumb="down",
            reasons=[reason for reason in REASONS if reason in reasons],
            comment=(comment or "").strip()[:5_000],
            corrected_answer=(corrected or "").strip()[:20_000],
            conversation=conversation.id or None,
            consent=FEEDBACK,
        ))  # fmt: skip

    async def _hand_in(self, turn: Turn, request: FeedbackRequest) -> Update:
        """Send it, once more with the words themselves where the service has forgotten the answer."""
        request = request.model_copy(update={"idempotency_key": make_key(request)})
        try:
            try:
                reply = await self.client.send_feedback(request)
            except GatewayError as problem:
                if problem.code != "not_found":
                    raise
                words = {"question": turn.question, "answer": turn.text}
                reply = await self.client.send_feedback(request.model_copy(update=words))
        except GatewayError as problem:
            return {self.note: f'<p class="problem">{escape(str(problem))} Nothing you wrote is lost.</p>'}
        return {
            self.choice: gr.update(visible=False),
            self.form: gr.update(visible=False),
            self.note: f'<p class="thanks">{escape(thank(reply))}</p>',
        }

    def _empty(self) -> Update:
        return {
            self.choice: gr.update(visible=True),
            self.form: gr.update(visible=False),
            self.reasons: [],
            self.comment: "",
            self.corrected: "",
            self.note: "",
        }


def make_key(request: FeedbackRequest) -> str:
    """A key that is the same for the same words about the same answer, so that sending twice is safe."""
    said = request.model_dump(exclude={"idempotency_key", "question", "answer"})
    return str(uuid.uuid5(_NAMESPACE, json.dumps(said, sort_keys=True, ensure_ascii=False)))


def thank(reply: FeedbackReply) -> str:
    """The word of thanks, with the day until which it is kept and what deletes it before."""
    try:
        until = datetime.fromisoformat(reply.kept_until)
    except ValueError:
        return "Thank you."
    return (
        f"Thank you, kept until {until.day} {until:%B %Y}. To have it deleted before, give the staff this "
        f"number: {reply.id}"
    )


def build_feedback(client: GatewayClient, conversation: gr.State) -> FeedbackDesk:
    """Lay the part out, hidden; call `connect` when the page is whole."""
    with gr.Column(elem_id="feedback", visible=False) as panel:
        with gr.Row(elem_id="feedback-choice") as choice:
            gr.Markdown("<p>Was this answer helpful?</p>", elem_id="feedback-question")
            helpful = gr.Button("Yes", elem_id="helpful", size="sm")
            unhelpful = gr.Button("No", elem_id="unhelpful", size="sm")
        words = gr.Markdown("", elem_id="feedback-privacy", latex_delimiters=[])
        with gr.Column(elem_id="feedback-form", visible=False) as form:
            reasons = gr.CheckboxGroup(
                choices=[(words, reason) for reason, words in REASONS.items()],
                label="What was wrong?",
                elem_id="reasons",
            )
            comment = gr.Textbox(
                label="Anything else the staff should know (optional)", lines=2, max_length=5_000,
                elem_id="comment",
            )  # fmt: skip
            corrected = gr.Textbox(
                label="What the answer should have been (optional)", lines=3, max_length=20_000,
                elem_id="corrected",
            )  # fmt: skip
            with gr.Row(elem_id="feedback-actions"):
                send = gr.Button("Send to the staff", variant="primary", elem_id="send-feedback")
                leave = gr.Button("Cancel", elem_id="cancel-feedback")
        note = gr.Markdown("", elem_id="feedback-note", latex_delimiters=[])
    return FeedbackDesk(
        client, conversation, panel, choice, helpful, unhelpful, form, reasons, comment, corrected, send,
        leave, note, words,
    )  # fmt: skip
