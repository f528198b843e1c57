"""README.md, as the hub's own reader takes it; and what nobody can make of it by a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from tests.train.card.made import HOSTILE, VERSION, WEIGHTS, make_subject
from train.card.card import Decision, Subject
from train.card.lineage import read_lineage
from train.card.making import SECTIONS, make_card
from train.card.markdown import render_card

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return make_subject(tmp_path_factory.mktemp("version"))


def parse(text: str) -> list[str]:
    """Kinds of everything in the Markdown after the front matter."""
    body = text.split("\n---\n", 1)[1]
    tokens = MARKDOWN.parse(body)
    return [one.type for token in tokens for one in (token, *(token.children or []))]


def test_the_hub_reads_the_front_matter(subject: Subject) -> None:
    card = ModelCard(render_card(make_card(subject, licence="cc-by-4.0")))
    told = card.data.to_dict()  # type: ignore[no-untyped-call]
    assert told["library_name"] == "peft" and told["base_model_relation"] == "adapter"
    assert told["base_model"] == "reader" and told["license"] == "cc-by-4.0" and told["language"] == ["en"]
    assert told["reading_room"]["version"] == VERSION and told["reading_room"]["sha256"] == WEIGHTS
    assert told["reading_room"]["scores"]["grounded_correctness"]["count"] == 8
    assert card.text.startswith(f"\n# Model card of {VERSION}\n")


def test_no_licence_is_stated_where_none_was_given(subject: Subject) -> None:
    assert "license" not in make_card(subject).front


def test_the_same_facts_give_the_same_card(subject: Subject) -> None:
    assert render_card(make_card(subject)) == render_card(make_card(subject))


def test_a_plain_card_is_headings_sentences_and_tables(subject: Subject) -> None:
    kinds = parse(render_card(make_card(subject)))
    assert kinds.count("heading_open") == 1 + len(SECTIONS) + kinds.count("table_open")
    assert kinds.count("code_block") == 1
    assert not {"html_block", "html_inline", "link_open", "strong_open", "hr"} & set(kinds)


def test_no_text_that_is_told_steers_the_card(subject: Subject, tmp_path: Path) -> None:
    plain = parse(render_card(make_card(subject)))
    lineage = replace(
        subject.lineage,
        run=HOSTILE,
        base={"name": HOSTILE, "licence": HOSTILE},
        dataset=HOSTILE,
        stopped=HOSTILE,
        passages=HOSTILE,
        recipe={**subject.lineage.recipe, "country": HOSTILE},
        versions={**subject.lineage.versions, "torch": HOSTILE},
        hardware={**subject.lineage.hardware, "cpu": HOSTILE},
        energy={**subject.lineage.energy, "how": HOSTILE},
    )
    decision = Decision(at="2026", who=HOSTILE, what="keep", why=HOSTILE)
    subject = replace(subject, lineage=lineage, decisions=(decision,), library=HOSTILE, version=HOSTILE)
    text = render_card(make_card(subject, licence=HOSTILE))
    assert "\u202e" not in text and "\x00" not in text and text.encode("utf-8")
    told = ModelCard(text).data.to_dict()  # type: ignore[no-untyped-call]
    assert told["license"].startswith('"] --- license: mit # <script>alert(1)</script> | x | [a](http')
    assert set(told) == set(make_card(subject, licence="x").front)
    kinds = parse(text)
    assert not {"html_block", "html_inline", "link_open", "strong_open", "hr", "fence"} & set(kinds)
    for kind in ("heading_open", "table_open", "tr_open", "td_open", "code_block", "code_inline"):
        assert kinds.count(kind) == plain.count(kind), kind


def test_a_made_up_lineage_cannot_add_a_row(subject: Subject) -> None:
    told = {"run": "r", "dataset_sha256": "d", "recipe": {"a | b\n| c": "x | y\n\n# z"}}
    kinds = parse(render_card(make_card(replace(subject, lineage=read_lineage(told)))))
    plain = parse(
        render_card(make_card(replace(subject, lineage=read_lineage({**told, "recipe": {"a": "x"}}))))
    )
    assert kinds.count("td_open") == plain.count("td_open")
    assert kinds.count("heading_open") == plain.count("heading_open")
