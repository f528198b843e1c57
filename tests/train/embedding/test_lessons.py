"""Lessons: the texts that the index embeds, negatives that the search finds, batches without contradictions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.embedding import Embedder, load_embedder
from retrieval.index import Index
from retrieval.spans import of_years
from tests.train.embedding.scene import build_letters, make_example, make_letters
from train.embedding.batches import make_batches
from train.embedding.example import Shown
from train.embedding.lesson import Lesson, read_lessons, write_lessons
from train.embedding.mining import Miner
from train.embedding.recipe import LEAST, Recipe, check_asked, choose_recipe
from train.embedding.shelf import Shelf, is_like
from train.lora.errors import TrainingRefused


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Index:
    """The letters, one of them closed to the public, one of them described a second time in another file."""
    root = tmp_path_factory.mktemp("letters")
    records = [
        replace(one, withheld_until="9999-12-31") if one.id == "r-loom" else one for one in make_letters()
    ]
    orchard = next(one for one in records if one.id == "r-orchard")
    again = replace(orchard, id="copy-orchard", source="again.csv", parent_id="ms1")
    years = {"spans": of_years((1905, 1905)), "dates": "1905"}
    records = [replace(one, source="marsh.xml", **years) for one in [*records]] + [replace(again, **years)]  # type: ignore[arg-type]
    built = build_letters(root, embedder, records)
    return Index(root / built.manifest.version, embedder)


def make_miner(index: Index, embedder: Embedder, count: int = 3) -> Miner:
    return Miner(index=index, embedder=embedder, count=count, seed=7)


def test_a_passage_is_what_the_index_embeds(index: Index) -> None:
    text = Shelf(index).find_text(Shown(record="r-orchard"), "Who wrote of the orchard?")
    assert text == "Letter about the orchard, 1905. Of the orchard we saw much."
    assert Shelf(index).find_text(Shown(text="W[illia]m TLS"), "") == "William TLS typed letter signed"


def test_what_the_public_may_not_see_makes_no_lesson(index: Index, embedder: Embedder) -> None:
    assert Shelf(index).find_text(Shown(record="r-loom", text="Of the loom we saw much."), "") == ""
    made = make_miner(index, embedder).make_lessons([make_example("loom"), make_example("quilt")])
    assert [lesson.example for lesson in made] == ["about quilt"]
    assert not any("loom" in text for text in made[0].negatives)


def test_negatives_are_found_by_the_search_and_are_no_answers(index: Index, embedder: Embedder) -> None:
    examples = [make_example(word) for word in ("orchard", "flood", "clock")]
    made = make_miner(index, embedder).make_lessons(examples)
    assert [len(lesson.negatives) for lesson in made] == [3, 3, 3]
    assert [lesson.mined for lesson in made] == [3, 3, 3]
    for lesson, word in zip(made, ("orchard", "flood", "clock"), strict=True):
        assert lesson.positive == f"Letter about the {word}, 1905. Of the {word} we saw much."
        assert not any(word in text for text in lesson.negatives)  # nor the copy in the other file
        assert not any(text.startswith(("Letters", "Marsh")) for text in lesson.negatives)  # what holds it
        assert len(set(lesson.negatives)) == 3
    assert made == make_miner(index, embedder).make_lessons(examples)


def test_what_staff_called_wrong_comes_first(index: Index, embedder: Embedder) -> None:
    told = make_example("orchard", negatives=(Shown(record="r-mill"), Shown(record="r-orchard")))
    (lesson,) = make_miner(index, embedder, 2).make_lessons([told])
    assert lesson.negatives[0] == "Letter about the mill, 1905. Of the mill we saw much."
    assert (lesson.told, lesson.mined, len(lesson.negatives)) == (1, 1, 2)


def test_where_nothing_is_found_passages_of_other_lessons_are_drawn(index: Index, embedder: Embedder) -> None:
    examples = [replace(make_example(word), question="zzz") for word in ("orchard", "flood", "clock")]
    made = make_miner(index, embedder, 2).make_lessons(examples)
    assert [lesson.mined + lesson.told for lesson in made] == [lesson.mined for lesson in made]
    assert all(len(lesson.negatives) == 2 for lesson in made)
    assert all(lesson.positive not in lesson.negatives for lesson in made)


def test_lessons_come_back_from_their_file(tmp_path: Path) -> None:
    lessons = (make_lesson(1), make_lesson(2))
    write_lessons(tmp_path / "lessons.jsonl", lessons)
    assert read_lessons(tmp_path / "lessons.jsonl") == lessons


def make_lesson(number: int, *keys: str) -> Lesson:
    return Lesson(
        example=f"e{number}",
        group=f"g{number}",
        question=f"Question {number}?",
        positive=f"Answer {number}.",
        negatives=(f"Wrong {number}.",),
        keys=keys or (f"g{number}",),
    )


def test_a_batch_never_holds_two_lessons_that_share_what_is_right() -> None:
    lessons = [make_lesson(number, f"record {number % 9}") for number in range(60)]
    batches = make_batches(lessons, 8, seed=7, epoch=0)
    assert sorted(place for batch in batches for place in batch) == list(range(60))
    assert max(map(len, batches)) == 8
    for batch in batches:
        keys = [key for place in batch for key in lessons[place].keys]
        assert len(set(keys)) == len(keys)
    assert batches == make_batches(lessons, 8, seed=7, epoch=0)
    assert batches != make_batches(lessons, 8, seed=7, epoch=1)


def test_like_texts_are_told_from_others() -> None:
    text = (
        "Ellen Marsh to Thomas Marsh, 14 March 1905: my dear brother, the flood at the mill stood four feet."
    )
    assert is_like(f"{text} deep", [text])
    assert not is_like(text.replace("1905", "1906"), [text])
    assert not is_like("Letter about the clock. Of the clock we saw much.", [text])


def test_the_recipe_follows_how_much_there_is() -> None:
    few, automatic = choose_recipe(LEAST, {})
    assert (few.batch, few.epochs, few.method, few.learning_rate) == (30, 2, "lora", 2e-4)
    assert "batch" in automatic
    many, _ = choose_recipe(5000, {})
    assert (many.batch, many.epochs) == (32, 1)
    own, automatic = choose_recipe(5000, {"batch": 8, "method": "full"})
    assert (own.batch, own.learning_rate) == (8, 2e-5)
    assert not {"batch", "method"} & set(automatic)
    assert choose_recipe(5000, {"method": "full", "learning_rate": 1e-3})[0].learning_rate == 1e-3


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"speed": 3}, "no setting 'speed'. There are: alpha, batch"),
        ({"batch": 1}, "batch: expected a whole number from 2 to 512, found 1"),
        ({"batch": True}, "batch: expected a whole number"),
        ({"epochs": 1.5}, "epochs: expected a whole number from 1 to 20, found 1.5"),
        ({"learning_rate": "fast"}, "learning_rate: expected a number from 1e-08 to 0.1, found 'fast'"),
        ({"learning_rate": float("nan")}, "learning_rate: expected a number"),
        ({"method": "dora"}, "method: expected lora or full, found 'dora'"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(asked: dict[str, object], told: str) -> None:
    with pytest.raises(TrainingRefused, match=told):
        check_asked(asked)


def test_all_settings_have_limits() -> None:
    check_asked({name: getattr(Recipe(), name) for name in Recipe.__dataclass_fields__})
