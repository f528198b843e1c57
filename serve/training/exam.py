"""The exam of a run: the questions its dataset version holds back, posed as its lessons were."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.index import Index
from retrieval.library import Library
from retrieval.store.index_embedder import load_index_embedder
from train.datasets.folder import DatasetFolder
from train.evaluation.exam_tasks import make_exam_tasks
from train.evaluation.probes.counterfactuals import SwappedPair, make_swaps
from train.evaluation.probes.general import list_questions
from train.evaluation.probes.regurgitation import MemoryProbe, make_memory_probes
from train.evaluation.task import Task
from train.lora.base import open_reader
from train.lora.errors import TrainingRefused
from train.lora.files import RESULT, read_json
from train.lora.lessons import LessonMaker, Unteachable
from train.lora.passages import BorrowedPassages, SearchedPassages
from train.lora.plan import Plan, read_plan
from train.lora.recipe import Recipe

MEMORY_PAIRS = 100
"""Training answers asked for without their passages: none of 100 means fewer than 3 %."""
SWAPS = 60
"""Swapped questions at most: each is asked once more."""
_SHORT_TOKENS = 64
"""What an answer to a general question may take: its first 40 words count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """All that is asked: `tasks` of every version, `swaps` and `memory` of the candidate, `general` of base
    and candidate.

    `left` are (id, why) of held-out pairs that could not be posed, `most_tokens` the longest answer;
    `replay_loss` is by how much the run has raised the loss of what the base itself says (0.02 is 2 %);
    `is_catalogue_name` tells names that are content from those that are nobody's business.
    """

    tasks: tuple[Task, ...]
    left: tuple[tuple[str, str], ...]
    swaps: tuple[SwappedPair, ...]
    memory: tuple[MemoryProbe, ...]
    general: tuple[Task, ...]
    most_tokens: int
    replay_loss: float | None
    is_catalogue_name: Callable[[str], bool]


def pose_exam(folder: Path, dataset: DatasetFolder, withdrawn: Collection[str]) -> Exam:
    """The exam of the run in `folder`, without the pairs withdrawn since.

    Raises TrainingRefused where the run's files cannot be read, or nothing is left to ask.
    """
    recipe = read_recipe(folder)
    plan = read_plan(folder)
    learnt = [member.pair for member in dataset.train()]
    held = [member for member in dataset.exam() if member.pair.id not in withdrawn]
    index = _open_index(plan)
    passages = SearchedPassages(index) if index else BorrowedPassages(learnt, recipe.seed)
    maker = LessonMaker(open_reader(plan.base), passages, recipe, plan.instructions)
    posed = make_exam_tasks(held, maker.pose, (Unteachable,))
    if not posed.tasks:
        raise TrainingRefused(
            f"Expected questions in the exam of {dataset.manifest.version}, found none that can be asked. "
            "Approve more pairs, and build the next version."
        )
    return Exam(
        tasks=posed.tasks,
        left=posed.left,
        swaps=_draw_swaps(posed.tasks),
        memory=tuple(make_memory_probes(learnt, many=MEMORY_PAIRS, seed=recipe.seed)),
        general=tuple(_pose_general()),
        most_tokens=recipe.answer_tokens,
        replay_loss=read_replay_loss(folder),
        is_catalogue_name=index.knows_name if index else lambda _: True,
    )


def _open_index(plan: Plan) -> Index | None:
    if plan.index is None:
        return None
    return Library(plan.index, load_index_embedder(plan.index, plan.embedder)).current()


def read_recipe(folder: Path) -> Recipe:
    """The settings that a run was done with. Raises TrainingRefused."""
    try:
        told: dict[str, Any] = read_json(folder / RESULT)["recipe"]
        return Recipe(**told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingRefused(
            f"Expected the settings of the run in {RESULT}, found none to read ({error}). Ask for another."
        ) from error


def read_replay_loss(folder: Path) -> float | None:
    """How the loss of what the base itself says has changed in a run; None where it was not taken."""
    try:
        told = read_json(folder / RESULT)["replay_loss"]
        return float(told["after"]) / float(told["before"]) - 1
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None


def pose_memory(probe: MemoryProbe) -> Task:
    """A probe as something that can be asked."""
    return _pose(f"memory {probe.pair_id} {probe.how}", "memory", probe.messages)


def count_short(exam: Exam) -> int:
    """The longest answer to a general question, in tokens."""
    return min(_SHORT_TOKENS, exam.most_tokens)


def find_pairs(exam: Exam) -> set[str]:
    """Ids of the pairs whose words are asked for."""
    return {task.id for task in exam.tasks} | {probe.pair_id for probe in exam.memory}


def _draw_swaps(tasks: Sequence[Task]) -> tuple[SwappedPair, ...]:
    """The first of each group in turn, until there are enough."""
    groups: dict[str, list[SwappedPair]] = {}
    for swap in make_swaps(tasks):
        groups.setdefault(swap.group, []).append(swap)
    most = SWAPS // max(1, len(groups))
    return tuple(swap for swaps in groups.values() for swap in swaps[:most])


def _pose_general() -> list[Task]:
    return [_pose(f"general {one.id}", "general", one.messages) for one in list_questions()]


def _pose(name: str, kind: str, messages: Sequence[Any]) -> Task:
    return Task(
        id=name,
        kind=kind,
        question=messages[-1]["content"],
        messages=list(messages),
        passages=(),
        fitting=frozenset(),
        answerable=True,
    )
