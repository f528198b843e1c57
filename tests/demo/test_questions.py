"""Questions made over records: the answers are right, and can be checked against the passages."""

from __future__ import annotations

import random
import re

from demo.invention import invent_collection
from demo.questions import Need, answer, ask, fits, only_numbers, read_card, reword
from demo.wording import word_formally, word_tersely
from retrieval.prompt import REFUSAL, render_passage
from retrieval.records import Hit, Passage, Record


def _hit(title: str, dates: str, container: str = "", text: str = "") -> Hit:
    record = Record(
        id="r", collection_id="c", level="item", title=title, collection="Papers", breadcrumb=("Papers",),
        dates=dates, container=container, text=text,
    )  # fmt: skip
    return Hit(
        record=record, passage=Passage(id="r#0", record_id="r", text=text or record.heading), score=1.0
    )


HITS = [
    _hit("Ellen Marsh to Thomas Marsh", "1905 June 3", "Box 3, Folder 12", "Writes about the orchard sale."),
    _hit("Thomas Marsh to Ellen Marsh", "1905 July 1", "Box 3, Folder 13"),
    _hit(
        "Ellen Marsh to Thomas Marsh", "1906 May 9", "Box 3, Folder 14", "Tells of the school fire in 1888."
    ),
    _hit("Hale, Lydia, to Ruth Calloway", "1899-1903", "Box 4"),
]
CARDS = [read_card(hit) for hit in HITS]


def test_a_passage_is_read_into_writer_reader_and_years() -> None:
    assert CARDS[0].people == ("Ellen Marsh", "Thomas Marsh")
    assert CARDS[3].people == ("Lydia Hale", "Ruth Calloway")
    assert CARDS[3].years == {1899, 1900, 1901, 1902, 1903}


def test_the_answer_quotes_what_fits_and_refuses_where_nothing_does() -> None:
    need = Need(sender="Ellen Marsh", year=1905)
    found = answer(need, CARDS, "Do you have letters from Ellen Marsh in 1905?", "sy")
    assert found is not None
    assert found.answer == 'Yes: "Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)" [1].'
    both = answer(Need(sender="Ellen Marsh"), CARDS, "What did Ellen Marsh write?", "s")
    assert both is not None and both.cited == (1, 3)
    assert both.answer.startswith(
        'See: "Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)" [1] and "'
    )
    nothing = answer(Need(sender="Ellen Marsh", year=1907), CARDS, "letters from Ellen Marsh 1907", "sy")
    assert nothing is not None and nothing.answer == REFUSAL and nothing.cited == ()


def test_a_year_in_the_text_alone_is_a_matter_of_taste_and_is_not_asked() -> None:
    assert fits(Need(sender="Ellen Marsh", year=1888), CARDS[2]) is None
    assert answer(Need(sender="Ellen Marsh", year=1888), CARDS, "Ellen Marsh 1888?", "sy") is None


def test_wordings_differ_and_keep_quotes_and_numbers() -> None:
    plain = answer(Need(sender="Lydia Hale"), CARDS, "Any letters by Lydia Hale?", "s")
    assert plain is not None
    quote = '"Hale, Lydia, to Ruth Calloway, 1899-1903 (Box 4)" [4]'
    assert plain.answer == f"Yes: {quote}."
    assert reword(plain, word_tersely).answer == quote
    assert reword(plain, word_formally).answer == (
        f"The collection holds the following: {quote}. Please give the box and folder when you request it."
    )
    assert only_numbers(plain).answer == "[4]."


def test_every_made_up_answer_is_in_its_passages() -> None:
    rng = random.Random(3)
    answered = refused = 0
    for _ in range(40):
        records = invent_collection(rng, 12)
        hits = [
            Hit(record=r, passage=Passage(id=r.id, record_id=r.id, text=r.text or r.heading), score=1.0)
            for r in records
        ]
        cards = [read_card(hit) for hit in hits]
        for refuse in (False, False, True):
            made = ask(cards[:6], rng.choice(cards[:6]), rng, refuse=refuse)
            if made is None:
                continue
            if not made.cited:
                refused += 1
                assert refuse and made.answer == REFUSAL
                continue
            answered += 1
            quoted = re.findall(r'"(.*?)" \[(\d)\]', made.answer)
            assert tuple(int(number) for _, number in quoted) == made.cited
            for quote, number in quoted:
                first_line = render_passage(int(number), hits[int(number) - 1]).split("\n")[0]
                assert first_line == f"[{number}] {quote}"
    assert answered > 50 and refused > 10
