"""Made-up exams: a candidate and the version in use over the same questions, changed as a test wants."""

from __future__ import annotations

from dataclasses import replace

from retrieval.prompt import REFUSAL
from train.evaluation.scoring import Judgement, judge
from train.evaluation.task import Task

ANSWERABLE = Task(
    id="a",
    kind="answer",
    question="Do you have letters from Ellen Marsh in 1905?",
    messages=[{"role": "user", "content": "Do you have letters from Ellen Marsh in 1905?"}],
    passages=["[1] Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)"],
    fitting=frozenset({1}),
    answerable=True,
    right='Yes: "Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)" [1].',
    language="en",
)
HOPELESS = replace(
    ANSWERABLE, id="h", kind="refusal", question="Do you have letters from Marie Curie?",
    fitting=frozenset(), answerable=False, right=REFUSAL,
)  # fmt: skip
RIGHT = ANSWERABLE.right
WRONG = RIGHT.replace("June 3", "June 4")


def make_exam(
    answerable: int = 120, hopeless: int = 40, *, wrong_before: int = 40, fixed: int = 0, broken: int = 0
) -> tuple[list[Judgement], list[Judgement]]:
    """Judgements of the version in use and of the candidate. Questions rest on records two by two.

    Of the answerable, the version in use gets the first `wrong_before` wrong; the candidate gets the first
    `fixed` of these right and the last `broken` of the others wrong.
    """
    before, after = [], []
    for number in range(answerable):
        task = replace(
            ANSWERABLE, id=f"a{number}", cluster=f"record {number // 2}", collections=(f"c{number % 2}",)
        )
        was = number >= wrong_before
        now = number < fixed or (was and number < answerable - broken)
        before.append(judge(task, RIGHT if was else WRONG))
        after.append(judge(task, RIGHT if now else WRONG))
    for number in range(hopeless):
        task = replace(HOPELESS, id=f"h{number}")
        before.append(judge(task, REFUSAL))
        after.append(judge(task, REFUSAL))
    return before, after
