"""One turn as it is written: a count comes from the query and before the model's words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import orjson
import pytest

from retrieval.embedding import Embedder, load_embedder
from retrieval.index import Index
from retrieval.prompt import REFUSAL
from retrieval.records import Hit
from retrieval.store.snapshot import read_current
from serve.aliases import Route
from serve.turn import Delta, Finished, Turn
from tests.retrieval.shelf import build_shelf

HOW_MANY = "How many letters did Ellen Marsh write in 1905?"
LEAD = "1 described record fits (from Ellen Marsh; 1905; letters); one record may stand for many items.\n\n"
PROSE = 'The letter is "Ellen Marsh ALS to Thomas Marsh, 1905 March 14" [1].'


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    root: Path = tmp_path_factory.mktemp("index")
    embedder: Embedder = load_embedder()
    build_shelf(root, embedder)
    return Index(root / read_current(root), embedder)


def make_turn(index: Index, question: str) -> Turn:
    result = index.search(question)
    return Turn(question, Route("base"), "base", index, result, "http://here", "Ask the desk.", "chatcmpl-1")


async def stream(text: str) -> AsyncIterator[bytes]:
    for word in text.split(" "):
        yield orjson.dumps({"choices": [{"delta": {"content": f"{word} "}, "finish_reason": None}]})


async def write(turn: Turn, text: str, hits: Sequence[Hit] | None = None) -> tuple[str, Finished]:
    shown, end = "", None
    async for event in turn.write(stream(text), turn.result.hits if hits is None else hits):
        if isinstance(event, Delta):
            shown += event.text
        else:
            end = event
    assert end is not None
    return shown, end


async def test_a_count_is_said_before_the_models_words_and_citations_stay_in_place(index: Index) -> None:
    turn = make_turn(index, HOW_MANY)
    shown, end = await write(turn, PROSE)
    assert end.text.startswith(LEAD + "The letter is")
    assert shown.strip() == end.text.strip()
    ((number, start, stop),) = end.spans
    assert (end.text[start:stop], number) == ("[1]", 1)
    assert end.details.searched is not None
    assert end.details.searched.matches == 1
    assert end.details.status == "answered"


async def test_where_the_model_refuses_what_was_counted_is_shown(index: Index) -> None:
    turn = make_turn(index, HOW_MANY)
    shown, end = await write(turn, REFUSAL)
    assert REFUSAL not in shown
    assert end.details.status == "answered"
    assert end.text.startswith(LEAD.strip()) and '"Ellen Marsh ALS to Thomas Marsh, 1905 March 14' in end.text


async def test_a_question_that_counts_nothing_has_no_lead(index: Index) -> None:
    shown, end = await write(make_turn(index, "What did Ellen Marsh write in 1905?"), PROSE)
    assert end.text.strip() == PROSE and shown.strip() == PROSE


async def test_where_the_model_refuses_records_that_fit_what_was_asked_are_named(index: Index) -> None:
    turn = make_turn(index, "What did Ellen Marsh write in 1905?")
    shown, end = await write(turn, REFUSAL)
    assert (end.details.status, end.details.found) == ("not_found", False)
    lead, record, ask = shown.split("\n")
    assert lead == "The passages do not say that in words, but these fit (from Ellen Marsh; 1905; letters):"
    assert record.startswith('"Ellen Marsh ALS to Thomas Marsh, 1905 March 14')
    assert ask == "Ask the desk."
    assert [source.title for source in end.details.sources] == ["Ellen Marsh ALS to Thomas Marsh"]
    assert all(not source.cited for source in end.details.also_searched)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("What did Ellen Marsh write in 1950?", id="a reading that had to be set aside"),
        pytest.param("Are there letters of 1905?", id="nothing named in particular"),
        pytest.param("What did Zebulon Quist write?", id="nobody known"),
    ],
)
async def test_no_record_is_named_where_none_fits_all_that_was_asked(index: Index, question: str) -> None:
    _, end = await write(make_turn(index, question), REFUSAL)
    assert end.text.startswith("I did not find that. I searched ")
    assert (end.details.status, end.details.sources) == ("not_found", [])


async def test_what_the_model_was_not_shown_is_listed_and_cannot_be_cited(index: Index) -> None:
    turn = make_turn(index, "What did Ellen Marsh write in 1905?")
    (letter,) = turn.result.quotable
    _, end = await write(turn, f"{PROSE} See also [2].", [letter])
    assert [source.title for source in end.details.sources] == ["Ellen Marsh ALS to Thomas Marsh"]
    assert end.dropped == 1
    others = [hit.record.id for hit in turn.result.hits if hit is not letter]
    assert [source.record_id for source in end.details.also_searched] == others and others
