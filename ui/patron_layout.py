"""What stands where on the patron page."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.client import GatewayClient
from ui.conversation import Conversation
from ui.patron_agreement import AgreementDesk, build_agreement
from ui.patron_feedback import FeedbackDesk, build_feedback

LONGEST_QUESTION = 2_000
STATE_SECONDS = 2 * 3_600
"""A conversation that nobody touches is forgotten on the server after this."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that handlers write to."""

    conversation: gr.State
    past: gr.Markdown
    present: gr.Markdown
    readings: gr.CheckboxGroup
    status: gr.Markdown
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    new: gr.Button
    examples: gr.Column
    example_buttons: tuple[gr.Button, ...]
    collections: gr.CheckboxGroup
    year_from: gr.Textbox
    year_to: gr.Textbox
    feedback: FeedbackDesk
    agreement: AgreementDesk
    shared: gr.Column
    shared_words: gr.Markdown
    end: gr.Button


def lay_out(client: GatewayClient) -> Parts:
    """Make the components, inside an open `gr.Blocks`, from top to bottom."""
    conversation = gr.State(Conversation(), time_to_live=STATE_SECONDS)
    past = _html("past")
    present = _html("present")
    readings = gr.CheckboxGroup(
        label="How your question was read",
        info="Take away a tick, and the search is made again without it.",
        choices=[],
        visible=False,
        elem_id="readings",
    )
    feedback = build_feedback(client, conversation)
    agreement = build_agreement(client, conversation)
    with gr.Column(elem_id="ask-form"):
        question = gr.Textbox(
            label="Your question",
            placeholder="For example, who wrote to whom, and when?",
            lines=1,
            max_lines=6,
            max_length=LONGEST_QUESTION,
            elem_id="question",
            html_attributes=gr.InputHTMLAttributes(autocomplete="off", enterkeyhint="send"),
        )
        status = _html("status")
        with gr.Row(elem_id="ask-actions"):
            ask = gr.Button("Ask", variant="primary", elem_id="ask")
            stop = gr.Button("Stop", visible=False, elem_id="stop")
            new = gr.Button("New conversation", visible=False, elem_id="new")
        with gr.Accordion("Choose collections or years", open=False, elem_id="scope"):
            collections = gr.CheckboxGroup(
                label="Collections (none chosen: all are searched)", choices=[], elem_id="collections"
            )
            with gr.Row(elem_id="years"):
                year_from = _year("From year", "year-from")
                year_to = _year("To year", "year-to")
        with gr.Column(elem_id="examples", visible=False) as examples:
            gr.Markdown("<p>You might ask</p>", elem_id="examples-heading")
            buttons = tuple(gr.Button(visible=False, elem_classes="example") for _ in range(3))
    with gr.Column(elem_id="shared", visible=False) as shared:
        shared_words = gr.Markdown("", elem_id="shared-words", latex_delimiters=[])
        end = gr.Button("End session", elem_id="end")
    return Parts(
        conversation, past, present, readings, status, question, ask, stop, new, examples, buttons,
        collections, year_from, year_to, feedback, agreement, shared, shared_words, end,
    )  # fmt: skip


def _year(label: str, name: str) -> gr.Textbox:
    """A box for a year. Not gr.Number: it shows, and sends, an empty box as 0."""
    digits = gr.InputHTMLAttributes(autocomplete="off")
    return gr.Textbox(label=label, max_lines=1, max_length=8, elem_id=name, html_attributes=digits)


def _html(name: str) -> gr.Markdown:
    """A place for HTML from `ui.render`. Markdown and not HTML: it sanitises, and needs no eval."""
    return gr.Markdown("", elem_id=name, latex_delimiters=[], show_label=False, container=False)
