"""Whether a conversation is kept: a box that is off until the patron ticks it, and a way to have it gone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import gradio as gr

from serve.schemas import ServiceInfo
from serve.wire.conversations import CONSENTS, KEEPING, AgreementReply, ErasureInfo
from ui.client import GatewayClient, GatewayError
from ui.conversation import Conversation
from ui.plain import escape
from ui.wording import DELETED, KEEP_LABEL, NO_LONGER_KEPT, NOTHING_KEPT

Update = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class AgreementDesk:
    """The part of the page about keeping a conversation, and its handlers.

    `offer` is there where the service keeps conversations at all, `panel` once there is one.
    """

    client: GatewayClient
    conversation: gr.State
    offer: gr.Column
    panel: gr.Column
    agreed: gr.Checkbox
    words: gr.Markdown
    delete: gr.Button
    note: gr.Markdown

    @property
    def outputs(self) -> list[Any]:
        """Every component these handlers may change."""
        return [self.offer, self.panel, self.agreed, self.words, self.note]

    def connect(self, event: dict[str, Any]) -> None:
        """Tie box and button to the handlers."""
        said = [self.agreed, self.conversation]
        self.agreed.input(self.change, inputs=said, outputs=[self.agreed, self.note], **event)
        self.delete.click(
            self.delete_all,
            inputs=[self.conversation],
            outputs=[self.conversation, self.agreed, self.note],
            **event,
        )

    def introduce(self, service: ServiceInfo) -> Update:
        """What is offered here; nothing on a computer that patrons share."""
        words = escape(CONSENTS[KEEPING].format(days=service.conversation_days))
        return {
            self.offer: gr.update(visible=not service.shared_terminal),
            self.words: f"<p>{words}</p>",
        }

    def show(self) -> Update:
        """There is something that could be kept. The box stays as it is."""
        return {self.panel: gr.update(visible=True)}

    def hide(self) -> Update:
        """A new conversation: nothing is agreed."""
        return {self.panel: gr.update(visible=False), self.agreed: False, self.note: ""}

    async def change(self, agreed: bool, conversation: Conversation) -> Update:
        """Agree, or take it back."""
        try:
            reply = await self.client.agree(conversation.id, agreed)
        except GatewayError as problem:
            return {self.agreed: not agreed, self.note: _problem(problem)}
        return {self.note: _say(describe_agreement(reply, conversation.id))}

    async def delete_all(self, conversation: Conversation) -> Update:
        """Have all that is kept of the conversation removed. What follows belongs to another one."""
        try:
            gone = await self.client.delete_conversation(conversation.id)
        except GatewayError as problem:
            return {self.note: _problem(problem)}
        return {
            self.conversation: replace(conversation, id=secrets.token_hex(16)),
            self.agreed: False,
            self.note: _say(describe_deletion(gone)),
        }


def describe_agreement(reply: AgreementReply, conversation: str) -> str:
    """How it stands, with the number that deletes it."""
    if not reply.agreed:
        return NO_LONGER_KEPT
    return f"Kept until {name_day(reply.kept_until)}. The number that deletes it, also later: {conversation}"


def describe_deletion(gone: ErasureInfo) -> str:
    """What a deletion came to."""
    if not gone.id:
        return NOTHING_KEPT
    reached = [*gone.datasets, *gone.adapters]
    return DELETED + (f" The staff are told where it was used: {', '.join(reached)}." if reached else "")


def name_day(moment: str) -> str:
    """A day as people write it, out of an ISO 8601 moment."""
    try:
        day = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{day.day} {day:%B %Y}"


def build_agreement(client: GatewayClient, conversation: gr.State) -> AgreementDesk:
    """Lay the part out, hidden; call `connect` when the page is whole."""
    with (
        gr.Column(elem_id="agreement-offer", visible=False) as offer,
        gr.Column(elem_id="agreement", visible=False) as panel,
    ):
        agreed = gr.Checkbox(label=KEEP_LABEL, value=False, elem_id="agree", container=False)
        words = gr.Markdown("", elem_id="agreement-words", latex_delimiters=[])
        with gr.Row(elem_id="agreement-actions"):
            delete = gr.Button("Delete all that is kept of this conversation", elem_id="delete", size="sm")
        note = gr.Markdown("", elem_id="agreement-note", latex_delimiters=[])
    return AgreementDesk(client, conversation, offer, panel, agreed, words, delete, note)


def _say(sentence: str) -> str:
    return f'<p class="thanks">{escape(sentence)}</p>'


def _problem(problem: GatewayError) -> str:
    return f'<p class="problem">{escape(str(problem))}</p>'
