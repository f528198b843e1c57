"""The rule by which answers are judged, each way to be wrong, and what the figures count."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.errors import SourceError
from retrieval.prompt import REFUSAL
from train.evaluation.scoring import find_quotes, judge, score
from train.evaluation.task import Task, is_task_file, read_tasks

TASK = Task(
    id="1",
    kind="letters",
    question="Do you have letters from Ellen Marsh in 1905?",
    messages=[{"role": "user", "content": "Do you have letters from Ellen Marsh in 1905?"}],
    passages=[
        "[1] Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)\nWrites of the  frost.",
        "[2] Ellen Marsh to Ruth Hale, 1906 (Box 3)",
        '[3] "The Frost", poem by Ellen Marsh, 1905 (Box 4)',
    ],
    fitting=frozenset({1, 3}),
    answerable=True,
    needed=("Box 3, Folder 12",),
    telling=frozenset({"thomas", "june", "3"}),
)
GOOD = 'Yes: "Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)" [1].'
NOTHING = replace(
    TASK, id="2", kind="none", fitting=frozenset(), answerable=False, needed=(), telling=frozenset()
)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (GOOD, ""),
        (GOOD.lower(), ""),
        (f'{GOOD} Also ""The Frost", poem by Ellen Marsh, 1905 (Box 4)" [3].', ""),
        (REFUSAL, "refuses though a passage answers"),
        (f"{REFUSAL} Perhaps [1].", "refuses though a passage answers"),
        ("Yes, in Box 3, Folder 12, of June 3.", "cites nothing"),
        ('"Ellen Marsh to Ruth Hale, 1906 (Box 3)" [2].', "cites no passage that answers"),
        (f"{GOOD[:-1]} and [2].", "cites [2], which does not answer"),
        (GOOD.replace("June 3", "June 4"), "quotes what [1] does not say"),
        ('To Thomas, June 3: "Writes of the frost." [1]', "does not say 'Box 3, Folder 12'"),
        ("In Box 3, Folder 12 [1].", ""),
        ("A letter [1834] is in Box 3, Folder 12 [1].", ""),
    ],
)
def test_an_answer_is_right_or_has_a_fault_that_is_named(answer: str, fault: str) -> None:
    assert judge(TASK, answer).fault == fault


def test_what_was_asked_must_be_said() -> None:
    task = replace(TASK, needed=(), telling=frozenset({"thomas", "hale", "june", "harbor"}))
    assert judge(task, "To Thomas in June [1].").is_right
    assert judge(task, "To Thomas [1].").fault == "does not say what was asked"


def test_what_nothing_answers_is_right_refused_and_wrong_otherwise() -> None:
    assert judge(NOTHING, REFUSAL).is_right
    assert judge(replace(NOTHING, refused=True), "").is_right
    assert judge(NOTHING, '"The Frost" [3].').fault == "answers though nothing does"


def test_a_greeting_needs_no_citation_and_may_have_none() -> None:
    greeting = replace(TASK, fitting=frozenset(), needed=("Hello.",), telling=frozenset())
    assert judge(greeting, "Hello.").is_right
    assert judge(greeting, "Hello. [1]").fault == "cites [1], which does not answer"


def test_quotation_marks_within_a_heading_end_no_quotation() -> None:
    assert find_quotes('Yes: ""The Frost", a poem" [3] and "B" [12].') == [
        ('"The Frost", a poem', 3),
        ("B", 12),
    ]


def test_the_figures_are_shares_of_what_they_say() -> None:
    judged = [
        judge(TASK, GOOD),
        judge(TASK, GOOD.replace("[1]", "[2]")),
        judge(TASK, REFUSAL),
        judge(NOTHING, REFUSAL),
        judge(NOTHING, '"The Frost" [3].'),
        judge(replace(NOTHING, refused=True), ""),
    ]
    scores = score(judged)
    assert scores.questions == 6
    assert scores.grounded_correctness.value == pytest.approx(1 / 3)
    # [1] is right; [2] and the [3] that was given where nothing answers are not.
    assert scores.citation_precision.value == pytest.approx(1 / 3) and scores.citation_precision.count == 3
    assert scores.citation_recall.value == pytest.approx(1 / 3) and scores.citation_recall.count == 3
    assert scores.refusal_precision.value == pytest.approx(2 / 3) and scores.refusal_precision.count == 3
    assert scores.refusal_recall.value == pytest.approx(2 / 3) and scores.refusal_recall.count == 3
    assert scores.over_refusal.value == pytest.approx(1 / 3) and scores.over_refusal.count == 3
    assert {kind: share.value for kind, share in scores.kinds.items()} == {
        "letters": pytest.approx(1 / 3),
        "none": pytest.approx(2 / 3),
    }


def test_tasks_come_back_from_a_file_and_a_bad_line_is_named(tmp_path: Path) -> None:
    item = {
        "messages": list(TASK.messages), "passages": list(TASK.passages), "kind": "letters", "question": "?",
        "cited": [1], "needed": ["Box 3"], "answerable": True, "right": GOOD,
    }  # fmt: skip
    file = tmp_path / "tasks.jsonl"
    file.write_text(
        json.dumps(item) + "\n" + json.dumps(item | {"id": "x", "telling": ["june"], "refused": True}) + "\n",
        encoding="utf-8",
    )
    first, second = read_tasks(file)
    assert is_task_file(file) and (first.id, second.id) == ("1", "x")
    assert (first.fitting, first.needed, first.right) == (frozenset({1}), ("Box 3",), GOOD)
    assert not first.refused and second.refused and second.telling == {"june"}
    file.write_text(json.dumps(item) + '\n{"question": "?"}\n', encoding="utf-8")
    with pytest.raises(SourceError) as told:
        read_tasks(file)
    assert told.value.line == 2 and "kind" in str(told.value)
    file.write_text('{"question": "?"}\n', encoding="utf-8")
    assert not is_task_file(file)
