"""Held-out pairs as exam questions: posed as lessons are, with what a right answer must hold."""

from __future__ import annotations

from dataclasses import dataclass, replace

from retrieval.prompt import REFUSAL, Message, build_messages, render_passage
from retrieval.records import Hit
from train.datasets.candidate import Member
from train.evaluation.exam_tasks import ExamTasks, find_clusters, make_exam_tasks
from train.evaluation.scoring import judge
from train.lora.passages import make_hit
from train.pairs.pair import Evidence, Pair


@dataclass(frozen=True)
class Posed:
    """The pair's own passages behind another one."""

    messages: list[Message]
    hits: list[Hit]
    gold: frozenset[int]
    answer: str


class NotPosed(Exception):
    pass


def _evidence(record: str, heading: str) -> Evidence:
    return Evidence(record_id=record, collection_id="ms1", heading=heading, text=f"Of {record}.")


OTHER = _evidence("r9", "Ruth Hale to Clara Wadley, 1904 (Box 1)")
LETTER = Pair(
    id="p1", question="In which box is the letter to Thomas Marsh?",
    answer='"Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)" [1].',
    evidence=(_evidence("r1", "Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)"),),
)  # fmt: skip
FROST = replace(
    LETTER, id="p2", question="What of the frost?", evidence=(LETTER.evidence[0], _evidence("r2", "Frost"))
)
SECOND = replace(LETTER, id="p3", question="Who wrote of it?", evidence=(_evidence("r2", "Frost"),))
ALONE = replace(LETTER, id="p4", evidence=(_evidence("r4", "Diary"),), language="fr")
NOTHING = Pair(id="p5", question="Letters by Marie Curie?", answer=REFUSAL, kind="refusal")


def _pose(pair: Pair) -> Posed:
    if pair.id == "p4":
        raise NotPosed("it is too long")
    hits = [make_hit(item) for item in (OTHER, *pair.evidence)]
    messages, _ = build_messages(pair.question, hits, token_budget=10_000, count_tokens=len)
    gold = frozenset(range(2, len(hits) + 1))
    return Posed(messages, hits, gold, pair.answer.replace("[1]", "[2]"))


def _make() -> ExamTasks:
    members = [Member(pair, 1) for pair in (LETTER, FROST, SECOND, ALONE, NOTHING)]
    return make_exam_tasks(members, _pose, (NotPosed,))


def test_a_held_out_pair_is_asked_as_a_lesson_is_and_its_answer_is_right() -> None:
    task = _make().tasks[0]
    assert list(task.messages) == _pose(LETTER).messages
    assert task.passages == [render_passage(n, hit) for n, hit in enumerate(_pose(LETTER).hits, 1)]
    assert (task.fitting, task.collections, task.language) == (frozenset({2}), ("ms1",), "en")
    assert "letter" not in task.telling and {"ellen", "june", "1905"} <= task.telling
    assert judge(task, task.right).is_right
    assert (
        judge(task, '"Ruth Hale to Clara Wadley, 1904 (Box 1)" [1].').fault == "cites no passage that answers"
    )
    assert judge(task, "It is somewhere [2].").fault == "does not say what was asked"
    assert judge(task, REFUSAL).error == "over-refusal"


def test_a_refusal_is_right_refused_and_nothing_else() -> None:
    task = _make().tasks[-1]
    assert not task.answerable and task.fitting == frozenset() and task.needed == ()
    assert judge(task, REFUSAL).is_right
    assert judge(task, "Yes [1].").error == "missed refusal"


def test_a_pair_that_cannot_be_posed_is_named() -> None:
    made = _make()
    assert [task.id for task in made.tasks] == ["p1", "p2", "p3", "p5"]
    assert made.left == (("p4", "it is too long"),)


def test_pairs_that_share_a_record_hang_together_over_others() -> None:
    """p1 and p3 share none, but each shares one with p2."""
    clusters = find_clusters([LETTER, FROST, SECOND, ALONE, NOTHING])
    assert clusters == {"p1": "p1", "p2": "p1", "p3": "p1", "p4": "p4", "p5": "p5"}
    assert [task.cluster for task in _make().tasks] == ["p1", "p1", "p1", "p5"]
