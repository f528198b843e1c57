"""What the reader is taught: answers stand in their passages, refusals are right, nothing of the exam is seen."""

from __future__ import annotations

import re
from random import Random

import pytest

from demo.training import questions as q
from demo.training.cards import read_card, words_of
from demo.training.corpus import Corpus
from demo.training.exam import write_exam, write_item
from demo.training.lessons import FULL, Lesson, make_lesson, read_row, show_record
from demo.training.needs import Need, find_fitting
from demo.training.people import make_people_lesson
from demo.training.phrasings import PREAMBLES, TAILS, TEMPLATES, choose_templates, expand
from demo.training.word_lists import HEADS, SURNAMES, UNSEEN_HEADS, UNSEEN_TAILS
from retrieval.prompt import REFUSAL
from retrieval.records import Hit, Passage, Record
from train.evaluation.scoring import judge
from train.evaluation.task import read_task


def _hit(title: str, dates: str, container: str = "", text: str = "") -> Hit:
    record = Record(
        id="r", collection_id="c", level="item", title=title, collection="Papers", breadcrumb=("Papers",),
        dates=dates, container=container, text=text,
    )  # fmt: skip
    return Hit(record=record, passage=Passage(id="p", record_id="r", text=text or record.heading), score=1.0)


HITS = [
    _hit("Ellen Marsh to Thomas Marsh", "1905 June 3", "Box 3, Folder 12", "Writes about the orchard sale."),
    _hit("Thomas Marsh to Ellen Marsh", "1905 July 1", "Box 3, Folder 13"),
    _hit("Ellen Marsh to Ruth Hale", "1906 May 9", "Box 4, Folder 1", "Tells of the school fire in 1888."),
    _hit("Hale, Lydia, to Ruth Calloway", "1899-1903", text="Extent: 2 leaves. Access: Closed until 2030"),
]  # fmt: skip


def _desk(seed: int = 0) -> q.Desk:
    return q.Desk([read_card(hit) for hit in HITS], [() for _ in HITS], Random(seed))


def _lessons(corpus: Corpus, count: int, *, exam: bool = False) -> list[Lesson]:
    made = []
    for number in range(count):
        rng = Random(f"{exam}{number}")
        people = number % 5 == 0
        made.append(
            make_people_lesson(rng, corpus, exam=exam)
            if people
            else make_lesson(rng, corpus, FULL, exam=exam)
        )
    return [lesson for lesson in made if lesson is not None]


def test_a_passage_is_read_into_its_facts() -> None:
    card = read_card(HITS[0])
    assert card.people() == ("Ellen Marsh", "Thomas Marsh")
    assert (set(card.years), set(card.months), card.container) == ({1905}, {"June"}, "Box 3, Folder 12")
    assert read_card(HITS[3]).fields == {"extent": "2 leaves", "access": "Closed until 2030"}
    assert read_card(HITS[3]).people() == ("Lydia Hale", "Ruth Calloway")
    assert read_card(HITS[3]).years == {1899, 1900, 1901, 1902, 1903}


@pytest.mark.parametrize(
    ("maker", "target", "answers"),
    [
        (q.ask_place, 0, {'Box 3, Folder 12: "Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)" [1].'}),
        (q.ask_place, 3, {REFUSAL}),
        (q.ask_correspondent, 2, {'Ruth Hale: "Ellen Marsh to Ruth Hale, 1906 May 9 (Box 4, Folder 1)" [3].', 'Ellen Marsh: "Ellen Marsh to Ruth Hale, 1906 May 9 (Box 4, Folder 1)" [3].'}),
        (q.ask_date, 1, {'1905 July 1: "Thomas Marsh to Ellen Marsh, 1905 July 1 (Box 3, Folder 13)" [2].'}),
        (q.ask_box, 1, {'"Thomas Marsh to Ellen Marsh, 1905 July 1 (Box 3, Folder 13)" [2].'}),
        (q.ask_topic, 2, {'"Tells of the school fire in 1888." [3].'}),
        (q.ask_field, 3, {'"2 leaves" [4].', '"Closed until 2030" [4].', 'No: "Closed until 2030" [4].', REFUSAL}),
    ],
)  # fmt: skip
def test_each_kind_of_question_has_the_answer_that_a_reader_would_give(
    maker: q.Maker, target: int, answers: set[str]
) -> None:
    given = {made.answer for seed in range(60) if (made := maker(_desk(seed), target)) is not None}
    assert given and given <= answers
    assert maker is q.ask_field or given == answers or maker is q.ask_correspondent


def test_what_fits_is_worked_out_and_what_could_be_argued_is_not_asked() -> None:
    cards = _desk().cards
    assert find_fitting(Need(sender="Ellen Marsh"), cards) == [1, 3]
    assert find_fitting(Need(sender="Ellen Marsh", year=1907), cards) == []
    assert find_fitting(Need(recipient="Ellen Marsh", year=1905), cards) == [2]
    assert find_fitting(Need(sender="Ellen Marsh", year=1888), cards) is None
    refused = q.answer_need(_desk(), Need(sender="Ellen Marsh", year=1907))
    assert refused is not None and refused.answer == REFUSAL and refused.cited == ()


def test_every_right_answer_passes_the_exams_own_rule(corpus: Corpus) -> None:
    checked: dict[str, int] = {}
    for lesson in _lessons(corpus, 250):
        for asked in lesson.asked:
            task = read_task(write_item(lesson, asked), "1")
            assert judge(task, asked.answer).is_right, (judge(task, asked.answer).fault, asked, task.passages)
            assert asked.answer == REFUSAL or not judge(task, REFUSAL).is_right
            checked[asked.kind] = checked.get(asked.kind, 0) + 1
    kinds = {
        "holdings",
        "correspondent",
        "date",
        "place",
        "in box",
        "extent",
        "says",
        "on topic",
        "biography",
        "count",
        "comparison",
        "check",
        "follow-up",
        "talk",
        "outside",
        "people",
    }
    assert kinds <= checked.keys()


def test_about_a_fifth_cannot_be_answered_and_no_passage_has_what_they_name(corpus: Corpus) -> None:
    everyday = words_of(
        " ".join([*PREAMBLES, *TAILS, *(text for texts in TEMPLATES.values() for text in texts)])
    )
    questions = refused = compared = 0
    for lesson in _lessons(corpus, 250):
        cards = [read_card(hit) for hit in lesson.hits]
        for asked in lesson.asked:
            questions += 1
            refused += asked.answer == REFUSAL
            named = words_of(asked.question) - everyday
            of_letters = re.search(
                "letter|wr[io]t|correspond|sen[dt]|receiv|note|hand|mention|sa(?:y|id)| to ",
                asked.question.lower(),
            )
            if asked.answer != REFUSAL or asked.kind != "holdings" or len(named) < 2 or of_letters:
                continue  # of letters, it may be that someone is named in another part
            for card in (card for card in cards if " to " not in card.heading):
                compared += 1
                assert not named <= card.words, (asked.question, card.heading)
    assert 0.15 < refused / questions < 0.32
    assert compared > 100


def test_the_exam_has_names_phrasings_and_sources_that_training_never_sees(corpus: Corpus) -> None:
    kept = re.compile(rf"\b(?:{'|'.join(UNSEEN_HEADS)})(?:{'|'.join(UNSEEN_TAILS)})\b")
    known = re.compile(rf"\b(?:{'|'.join([*SURNAMES, *HEADS])})")
    taught = " ".join(hit.record.title for lesson in _lessons(corpus, 80) for hit in lesson.hits)
    examined = " ".join(hit.record.title for lesson in _lessons(corpus, 40, exam=True) for hit in lesson.hits)
    assert kept.search(examined) and known.search(taught) and not kept.search(taught)
    for kind, templates in TEMPLATES.items():
        mine, theirs = set(choose_templates(kind, exam=False)), set(choose_templates(kind, exam=True))
        assert mine | theirs == set(templates)
        assert not mine & theirs or theirs == set(templates) or mine == set(templates)
    spans = sorted([*map(tuple, corpus.runs), *map(tuple, corpus.exam_runs)])
    assert spans[0][0] == 0 and spans[-1][1] == len(corpus.archival) and len(corpus.exam_runs)
    assert all(before[1] == after[0] for before, after in zip(spans, spans[1:], strict=False))
    assert len(corpus.exam_asked) and not {a for a, _ in corpus.asked} & {a for a, _ in corpus.exam_asked}


def test_templates_open_into_plain_questions() -> None:
    rng = Random(2)
    for kind, templates in TEMPLATES.items():
        for template in templates:
            assert template.count("[") == template.count("]")
            opened = {expand(template, rng) for _ in range(20)}
            assert not any(set("[]|") & set(text) for text in opened), (kind, template)
    assert sum(len(templates) for templates in TEMPLATES.values()) > 280


def test_a_real_row_is_shown_as_the_index_shows_it() -> None:
    row = {
        "breadcrumb": "Library > Fine Collection > Programs",
        "title": "Concert",
        "date": "1987",
        "container": "Box-folder 11/6",
        "text": "Extent: 2 copies.",
    }
    hit = show_record(read_row(row))
    assert hit.record.breadcrumb == ("Fine Collection", "Programs")
    assert read_card(hit).heading == "Concert, 1987 (Box-folder 11/6)"
    assert read_card(hit).fields == {"extent": "2 copies"}


def test_the_exam_is_the_same_each_time_and_of_many_questions(corpus: Corpus) -> None:
    exam = list(write_exam(corpus, 30))
    assert exam == list(write_exam(corpus, 30)) and len({item["question"] for item in exam}) > 25
