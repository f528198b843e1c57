"""One turn as it is written: a count comes from the query and before the model's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from retrieval.embedding import Embedder, load_embedder
from retrieval.index import Index
from retrieval.prompt import REFUSAL
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


async def write(turn: Turn, text: str) -> tuple[str, Finished]:
    shown, end = "", None
    async for event in turn.write(stream(text), turn.result.hits):
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
    refused = await write(make_turn(index, "What did Ellen Marsh write in 1905?"), REFUSAL)
    assert refused[1].details.status == "not_found"
