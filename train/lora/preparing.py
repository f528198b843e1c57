"""From a dataset version to lessons: what may be learnt from is checked, parted, and put into prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from retrieval.errors import RetrievalError
from retrieval.library import Library
from retrieval.prompt import PROMPT_VERSION
from retrieval.store.index_embedder import load_index_embedder
from train.datasets.candidate import Candidate, Member
from train.datasets.errors import DatasetDamaged
from train.datasets.folder import DatasetFolder, open_dataset
from train.datasets.selection import SENTENCES, find_reason
from train.datasets.split import Split, part_pairs
from train.lora.base import BaseFolder, Reader
from train.lora.choosing import LEAST
from train.lora.contradictions import find_contradictions
from train.lora.errors import TrainingRefused
from train.lora.lessons import Lesson, LessonMaker, make_lessons
from train.lora.passages import BorrowedPassages, PassageFinder, SearchedPassages, make_random
from train.lora.plan import Plan
from train.lora.recipe import Recipe
from train.pairs.pair import Pair

_NAMED = 5
"""Ids that a message names; the rest are counted."""
_FEW_REFUSALS = 0.1


@dataclass(frozen=True, slots=True)
class Material:
    """What may be learnt from: `train` and `held`, the part held back to check on, by groups of sources.

    `remarks` are plain sentences about what was left out or is thin; `promotable` is False where there is
    too little for anything but a trial, and the reason is among them.
    """

    dataset: DatasetFolder
    train: tuple[Pair, ...]
    held: tuple[Pair, ...]
    remarks: tuple[str, ...]
    promotable: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """The lessons of both parts, and where their other passages come from."""

    train: tuple[Lesson, ...]
    held: tuple[Lesson, ...]
    origin: str
    remarks: tuple[str, ...]


def open_material(plan: Plan, base: BaseFolder) -> tuple[DatasetFolder, tuple[Pair, ...], tuple[str, ...]]:
    """The version, whole and made beside this base; its pairs, and remarks. Raises TrainingRefused."""
    try:
        dataset = open_dataset(plan.dataset)
        members = dataset.train()
    except (DatasetDamaged, OSError) as error:
        raise TrainingRefused(f"The dataset version cannot be trusted. {error}") from error
    stated = dataset.manifest.base
    if stated and stated != base.sha256:
        raise TrainingRefused(
            f"{dataset.manifest.version} was made beside the base {stated[:12]}…, found {base.sha256[:12]}… "
            "in "
            f"{base.path}. Build a new version beside this base, or name the base it was made with."
        )
    remarks: list[str] = []
    if dataset.manifest.prompt_version not in ("", PROMPT_VERSION):
        remarks.append(
            f"The version was made under prompt {dataset.manifest.prompt_version}; its pairs are put into "
            "the "
            f"prompt in use, {PROMPT_VERSION}."
        )
    gone = {*plan.withdrawn, *dataset.manifest.tombstones}
    kept = [member for member in members if member.pair.id not in gone]
    if len(kept) < len(members):
        remarks.append(f"{_count(len(members) - len(kept))} withdrawn since, and left out.")
    _check_rights(kept)
    return dataset, tuple(member.pair for member in kept), tuple(remarks)


def part_material(
    dataset: DatasetFolder, pairs: Sequence[Pair], recipe: Recipe, remarks: Sequence[str]
) -> Material:
    """What is trained on and what is held back, never of the exam. Raises TrainingRefused."""
    said = list(remarks)
    _check_amount(pairs, recipe)
    _check_contradictions(pairs, recipe, said)
    promotable = len(pairs) >= LEAST and not recipe.smoke
    if not promotable:
        said.append(
            f"A trial only ({_count(len(pairs))}): expected {LEAST} at least for anything to be promoted."
        )
    chosen = _cap_refusals(pairs, recipe, said)
    parts = part_pairs([Member(pair, 0) for pair in sorted(chosen, key=lambda one: one.id)], Split())
    held = tuple(member.pair for member in parts.exam)
    train = tuple(member.pair for member in parts.train)
    if not held or not train:
        if not recipe.smoke:
            raise TrainingRefused(
                f"Expected pairs about several records, found {_count(len(pairs))} that all hang together by "
                "their records: what is learnt from one source alone cannot be checked on another. Approve "
                "pairs about other records, or set smoke = true for a trial."
            )
        said.append("All pairs hang together by their records: nothing is held back to check on.")
        train, held = (*train, *held), ()
    if recipe.share < 1:
        train = take_share(train, recipe.share, recipe.seed)
        said.append(f"Trained on {recipe.share:.0%} of the pairs, for comparison.")
        promotable = False
    return Material(dataset, train, held, tuple(said), promotable)


def take_share(pairs: Sequence[Pair], share: float, seed: int) -> tuple[Pair, ...]:
    """A share of the pairs; a smaller one is part of a larger one, so that a curve shows more of the same."""
    ranked = sorted(pairs, key=lambda one: make_random(seed, "share", one.id).random())
    kept = {one.id for one in ranked[: max(1, round(len(pairs) * share))]}
    return tuple(one for one in pairs if one.id in kept)


def open_passages(plan: Plan, pairs: Sequence[Pair], recipe: Recipe) -> PassageFinder:
    """The product's own search where there is an index, else other pairs' passages.

    Raises TrainingRefused.
    """
    if plan.index is None:
        return BorrowedPassages(pairs, recipe.seed)
    try:
        return SearchedPassages(Library(plan.index, load_index_embedder(plan.index, plan.embedder)).current())
    except RetrievalError as error:
        raise TrainingRefused(
            f"The index cannot be searched: {error}. Build it, or train without."
        ) from error


def prepare(
    material: Material,
    passages: PassageFinder,
    reader: Reader,
    recipe: Recipe,
    instructions: str = "",
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Prepared:
    """The lessons of both parts. Raises TrainingRefused where pairs cannot be taught and may not be left
    out."""
    maker = LessonMaker(reader, passages, recipe, instructions)
    every = (*material.train, *material.held)
    closed = [pair.id for pair in every if passages.find_closed(pair)]
    if closed:
        raise TrainingRefused(
            f"{_count(len(closed))} on material that the public may not see by now: {_name(closed)}. Build a "
            "new version of the dataset, which leaves them out."
        )
    parts: list[tuple[Lesson, ...]] = []
    left: list[tuple[str, str]] = []
    done = 0
    for pairs in (material.train, material.held):
        made: list[Lesson] = []
        for pair in pairs:
            one = make_lessons([pair], maker)
            made += one.made
            left += one.left
            done += 1
            tell(done, len(every))
        parts.append(tuple(made))
    if left and not recipe.leave_out:
        raise TrainingRefused(
            f"Of {_count(len(left))} no lesson can be made: pair {left[0][0]}: {left[0][1]}. "
            f"{'The others: ' + _name([one for one, _ in left[1:]]) + '. ' if len(left) > 1 else ''}"
            "Mend them, or set leave_out = true to train without them."
        )
    remarks = [f"Pair {one} is left out: {why}." for one, why in left]
    if not parts[0]:
        raise TrainingRefused(
            "Expected lessons to learn from, found none once all was left out. Mend the pairs."
        )
    return Prepared(parts[0], parts[1], passages.origin, tuple(remarks))


def _check_rights(members: Sequence[Member]) -> None:
    """A version never holds such pairs; a hand that put them there would go unseen otherwise."""
    for member in members:
        reason, _ = find_reason(Candidate(member.pair, member.revision))
        if reason:
            raise TrainingRefused(
                f"Pair {member.pair.id} may not be trained on: {SENTENCES[reason]} Build a new version."
            )


def _check_amount(pairs: Sequence[Pair], recipe: Recipe) -> None:
    if not pairs:
        raise TrainingRefused(
            "Expected pairs to learn from, found none. Approve pairs, and build a new version."
        )
    if len(pairs) < LEAST and not recipe.smoke:
        raise TrainingRefused(
            f"Expected {LEAST} pairs at least, found {len(pairs)}: nothing that holds can be learnt from so "
            "few. "
            "Approve more, or set smoke = true for a trial that is never promoted."
        )
    if not any(pair.kind == "answer" for pair in pairs):
        raise TrainingRefused(
            f"Expected pairs that answer, found {_count(len(pairs))} that all say “not found”: that teaches "
            "to "
            "answer nothing. Approve pairs that answer."
        )


def _check_contradictions(pairs: Sequence[Pair], recipe: Recipe, said: list[str]) -> None:
    found = find_contradictions(pairs)
    if not found:
        return
    named = "; ".join(f"{one} and {other}: {why}" for one, other, why in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    if not recipe.smoke:
        raise TrainingRefused(
            f"Expected pairs that agree, found {len(found)} contradictions ({named}{more}). Correct or "
            "withdraw one of each, and build a new version; or set smoke = true for a trial."
        )
    said.append(f"{len(found)} contradictions are trained on ({named}{more}).")


def _cap_refusals(pairs: Sequence[Pair], recipe: Recipe, said: list[str]) -> list[Pair]:
    """Refusals as the stated share at most: more teach to refuse what can be answered."""
    refusals = sorted((pair for pair in pairs if pair.kind == "refusal"), key=lambda one: one.id)
    answers = [pair for pair in pairs if pair.kind == "answer"]
    most = (
        int(recipe.refusals * len(answers) / (1 - recipe.refusals)) if recipe.refusals < 1 else len(refusals)
    )
    if len(refusals) > most:
        said.append(
            f"{len(refusals) - most} of {len(refusals)} pairs that say “not found” are left out: more than "
            f"{recipe.refusals:.0%} teach to refuse what can be answered."
        )
        refusals = make_random(recipe.seed, "refusals").sample(refusals, most)
    elif len(refusals) < _FEW_REFUSALS * len(pairs) and recipe.refusals:
        said.append(
            f"Only {len(refusals)} of {len(pairs)} pairs say “not found”: 15 % would be better, or it may "
            "learn "
            "to answer always."
        )
    return [*answers, *refusals]


def _count(many: int) -> str:
    return "1 pair" if many == 1 else f"{many} pairs"


def _name(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
