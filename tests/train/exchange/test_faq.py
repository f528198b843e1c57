"""FAQ pages as people write them: what is a question, where its answer ends, and what is left out."""

from __future__ import annotations

import pytest

from train.pairs.exchange.forms import read_pairs
from train.pairs.exchange.reading import Unreadable

Pairs = list[tuple[str, str]]


def read(page: str) -> Pairs:
    form, reading = read_pairs(page.encode())
    assert form.name == "faq"
    assert reading.problems == []
    return [(pair.question, pair.answer) for pair in reading.pairs]


@pytest.mark.parametrize(
    ("page", "pairs"),
    [
        ("Q: May I copy?\nA: Yes.\n\nAsk first.\n\nQ. Where?\nA. Here.\n", [("May I copy?", "Yes.\n\nAsk first."), ("Where?", "Here.")]),
        ("Frage: Darf ich kopieren?\nAntwort: Ja.\nFrage: Wo?\nAntwort: Hier.", [("Darf ich kopieren?", "Ja."), ("Wo?", "Hier.")]),
        ("Question : Puis-je copier ?\nRéponse : Oui.\n", [("Puis-je copier ?", "Oui.")]),
        ("Pregunta: ¿Dónde?\nRespuesta: Aquí.\n", [("¿Dónde?", "Aquí.")]),
        ("**Q1: May I copy?**\n**A1:** Yes.\n", [("May I copy?", "Yes.")]),
        ("Question 12: May I copy\nthe maps?\nAnswer 12: No.\n", [("May I copy\nthe maps?", "No.")]),
        ("Q: May I copy?\n\nOnly the maps.\n\n- one\n- two\n", [("May I copy?", "Only the maps.\n\n- one\n- two")]),
        ("# FAQ\n\nIntro.\n\n## May I copy?\n\nYes.\n\n### Only maps?\nNo.\n\n## Hours\n\nNine to five.\n", [("May I copy?", "Yes."), ("Only maps?", "No.")]),
        ("**May I copy?**\nYes.\n\n**Where?**\nHere.\n", [("May I copy?", "Yes."), ("Where?", "Here.")]),
        ("1. May I copy?\nYes.\nReally?\n\n2) Where?\nHere.\n", [("May I copy?", "Yes.\nReally?"), ("Where?", "Here.")]),
        ("Welcome to our library.\n\nMay I copy?\nYes.\n", [("May I copy?", "Yes.")]),
        ("问：可以复印吗？\n答：可以。\n", [("可以复印吗？", "可以。")]),
    ],
)  # fmt: skip
def test_pages_of_plain_text(page: str, pairs: Pairs) -> None:
    assert read(page) == pairs


def test_a_page_of_headings_with_a_menu_scripts_and_links() -> None:
    page = """<!DOCTYPE html><html><head><title>Any questions?</title><style>h2 { color: red }</style>
    <script>document.write("<h2>Forged?</h2>")</script></head><body>
    <nav><h2>Looking for something?</h2><a href="/">Home</a></nav>
    <h1>Frequently asked questions</h1>
    <h2>May I <em>copy</em>&nbsp;letters?</h2><p>Yes. See <a href="https://example.org/form">the
    form</a>,<br>or <a href="https://example.org">https://example.org</a>.</p><!-- <p>hidden</p> -->
    <ul><li>maps</li><li>prints</li></ul>
    <h2>Opening hours</h2><p>Nine to five.</p>
    <h3>Where are you?</h3><div>Here<img src=x onerror=alert(1)></div><footer><p>Imprint</p></footer></body></html>"""
    assert read(page) == [
        (
            "May I copy letters?",
            "Yes. See the form (https://example.org/form),\nor https://example.org.\n\n- maps\n- prints",
        ),
        ("Where are you?", "Here"),
    ]


def test_definition_lists_accordions_and_questions_stated_for_search_engines() -> None:
    assert read(
        "<dl><dt>Opening hours</dt><dd>Nine</dd><dt>Copies</dt><dd><p>Yes</p><p>No</p></dd></dl>"
    ) == [
        ("Opening hours", "Nine"),
        ("Copies", "Yes\n\nNo"),
    ]
    assert read(
        "<details><summary>Copies?</summary>Yes.</details><details><summary>Where?</summary><p>Here.</p></details>"
    ) == [
        ("Copies?", "Yes."),
        ("Where?", "Here."),
    ]
    assert read("<body><button>May I copy?</button><div>Yes.</div></body>") == [("May I copy?", "Yes.")]
    stated = """<html><script type="application/ld+json">{"@graph": [{"@type": "FAQPage", "mainEntity": [
      {"@type": "Question", "name": "May I copy?", "acceptedAnswer": {"@type": "Answer", "text": "<p>Yes &amp; no.</p><p>Q: ask</p>"}},
      {"@type": "Question", "name": "Where?", "acceptedAnswer": {"text": "Here."}}]}]}</script><h2>Else?</h2><p>x</p></html>"""
    assert read(stated) == [("May I copy?", "Yes & no.\n\nQ: ask"), ("Where?", "Here.")]


def test_where_each_question_stands_and_what_has_no_answer() -> None:
    _, reading = read_pairs(b"About us\n\nQ: May I copy?\nA: Yes.\nQ: Where?\nA:\n\nQ: When?\nA: Now.\n")
    assert [(entry.place.number, entry.pair.question) for entry in reading.entries] == [
        (3, "May I copy?"),
        (8, "When?"),
    ]
    assert [str(problem) for problem in reading.problems] == ["Line 5, answer: is empty. Write the answer."]


@pytest.mark.parametrize("page", ["Nothing is asked here.\n", "<html><body><p>Nothing.</p></body></html>"])
def test_a_page_without_questions_is_refused(page: str) -> None:
    with pytest.raises(Unreadable, match="No questions were found: expected lines that begin with Q: and A:"):
        read_pairs(page.encode(), form="faq")
