"""How well search answers questions whose answers are known, in all and by kind of question."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval.evaluation.gold import GoldQuestion
from retrieval.evaluation.gold_match import answers_as_well, is_gold, names_container
from retrieval.evaluation.measures import Estimate, discounted_gain, estimate_mean, estimate_share, quantile
from retrieval.index import Index
from retrieval.ranking.search import SearchResult
from retrieval.records import Hit

DEPTH = 10
"""Hits looked at: nDCG and the reciprocal rank are cut here."""
FOLDER = "folder"
"""Stands in the kinds of question that ask for a place: by these `container_right` is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One question asked.

    `rank` is that of the gold record and `any_rank` that of the first record that answers at all, 0 for
    not among the hits; `container_right` is None where no container is known. `in_index` says whether
    the gold file is among the sources of the index.
    """

    question: GoldQuestion
    result: SearchResult
    rank: int
    any_rank: int
    gain: float
    container_right: bool | None
    milliseconds: float
    in_index: bool

    @property
    def refused(self) -> bool:
        """Whether search said that it found too little."""
        return not self.result.found


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What a set of questions gave; `latency` is (p50, p95) in milliseconds.

    `container_right` is over the questions that ask for a place (all that have a container where none
    does), `container_right_all` over every question that has one.
    """

    questions: int
    answerable: int
    k: int
    recall: dict[int, Estimate]
    any_answer: Estimate
    recall_of_files_read: Estimate
    mrr: Estimate
    ndcg: Estimate
    container_right: Estimate
    container_right_all: Estimate
    refusal_precision: Estimate
    refusal_recall: Estimate
    over_refusal: Estimate
    latency: tuple[float, float]


def ask_all(index: Index, questions: Sequence[GoldQuestion], k: int) -> Iterator[Outcome]:
    """Ask every question once, in order; what is timed includes making a follow-up whole."""
    for question in questions:
        started = time.perf_counter()
        text = index.complete(question.text, question.earlier)
        result = index.search(text, top_k=max(k, DEPTH))
        took = (time.perf_counter() - started) * 1000
        yield judge(question, result, took, in_index=is_covered(index, question))


def judge(question: GoldQuestion, result: SearchResult, milliseconds: float, *, in_index: bool) -> Outcome:
    """One result held against what is known."""
    gold = [rank for rank, hit in enumerate(result.hits, start=1) if holds_gold(hit, question)]
    gains = find_gains(result.hits, question)
    named = names_container(result.hits[0].record.container if result.hits else "", question.container)
    return Outcome(
        question=question,
        result=result,
        rank=min(gold, default=0),
        any_rank=next((rank for rank, gain in enumerate(gains, start=1) if gain), 0),
        gain=discounted_gain(gains, [1.0] * (1 + len(question.also)), DEPTH),
        container_right=named if question.container else None,
        milliseconds=milliseconds,
        in_index=in_index,
    )


def holds_gold(hit: Hit, question: GoldQuestion) -> bool:
    """Whether a hit's record, or one that it stands for, is the gold one."""
    return any(is_gold(record, question) for record in (hit.record, *hit.also))


def find_gains(hits: Sequence[Hit], question: GoldQuestion) -> list[float]:
    """1 for each hit that answers, in order; a second copy of one answer gives 0."""
    gains, met = [], set[int]()
    for hit in hits:
        others = (answers_as_well(record, question) for record in (hit.record, *hit.also))
        answer = 0 if holds_gold(hit, question) else max(others) or -1
        gains.append(float(answer >= 0 and answer not in met))
        met.add(answer)
    return gains


def is_covered(index: Index, question: GoldQuestion) -> bool:
    """Whether a file that holds the answer is among the index's sources."""
    wanted = [file for file in (question.file, question.also_in) if file]
    return any(source.endswith(file) for source in index.manifest.sources for file in wanted)


def score(outcomes: Sequence[Outcome], k: int) -> Scores:
    """All measures over these outcomes; over no question a measure is 0 with a count of 0."""
    known = [outcome for outcome in outcomes if outcome.question.is_answerable]
    hopeless = [outcome for outcome in outcomes if not outcome.question.is_answerable]
    placed = [outcome for outcome in known if outcome.container_right is not None]
    folders = [outcome for outcome in placed if FOLDER in outcome.question.kind] or placed
    refused = [outcome for outcome in outcomes if outcome.refused]
    times = [outcome.milliseconds for outcome in outcomes]
    cuts = sorted({1, k, DEPTH})
    return Scores(
        questions=len(outcomes),
        answerable=len(known),
        k=k,
        recall={cut: estimate_share([0 < outcome.rank <= cut for outcome in known]) for cut in cuts},
        any_answer=estimate_share([0 < outcome.any_rank <= k for outcome in known]),
        recall_of_files_read=estimate_share([0 < o.rank <= k for o in known if o.in_index]),
        mrr=estimate_mean([1 / o.rank if 0 < o.rank <= DEPTH else 0.0 for o in known]),
        ndcg=estimate_mean([outcome.gain for outcome in known]),
        container_right=estimate_share([outcome.container_right is True for outcome in folders]),
        container_right_all=estimate_share([outcome.container_right is True for outcome in placed]),
        refusal_precision=estimate_share([not outcome.question.is_answerable for outcome in refused]),
        refusal_recall=estimate_share([outcome.refused for outcome in hopeless]),
        over_refusal=estimate_share([outcome.refused for outcome in known]),
        latency=(quantile(times, 0.5), quantile(times, 0.95)),
    )


def score_by_kind(outcomes: Sequence[Outcome], k: int) -> dict[str, Scores]:
    """The same for each kind of question, kinds in alphabetical order."""
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[outcome.question.kind].append(outcome)
    return {kind: score(found, k) for kind, found in sorted(kinds.items())}
