"""Tasks from questions whose answering record is known, over an index: the product's own prompt for each.

With *retrieval's* passages a task is what a patron's question would be: the passages that the search found,
or none where it found too little. With *gold* passages the search's refusal is passed over, and where the
answering record is not among the passages it takes the last one's place: what is judged is the reading alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from retrieval.evaluation.gold import GoldQuestion
from retrieval.evaluation.gold_match import answers_as_well, fold_words, is_gold
from retrieval.index import Index
from retrieval.passages import cut_record
from retrieval.prompt import Message, build_messages, render_passage
from retrieval.records import Hit
from train.evaluation.task import Task

Passages = Literal["retrieval", "gold"]
DEPTH = 20
"""Hits looked through for the answering record."""
PLACE = re.compile(
    r"\b(box(?:es)?|folders?|where|shel[fv]|call number|container|volume|reel|stored|kept)\b", re.IGNORECASE
)
"""Words of a question that asks for a place."""
_FACT = re.compile(
    r"^\W*(?:and |so )?(?:who|whom|when|why|how|where (?:was|were|did|does)"
    r"|what (?!do you|have you|is there|is in|letters|material|records|items|photographs)"
    r"|(?:can|may|could) (?:i|we|anyone|anybody))\b"
    r"|^\W*(?:is|are|was|were)\b.*\b(?:open|available|closed|restricted|accessible)\b",
    re.IGNORECASE,
)
"""A question for a fact about something, not for what there is."""
COMMON = frozenset(
    "the and for with from that this was were are his her their its has had have not but by of to in on at "
    "as an or is be it a no yes".split()
)
"""Words that tell nothing."""


@dataclass(frozen=True, slots=True)
class TaskMaker:
    """Makes tasks over one index; `token_budget` bounds a prompt as it does when a patron asks."""

    index: Index
    passages: Passages
    top_k: int
    token_budget: int
    count_tokens: Callable[[str], int]

    def make_all(self, questions: Sequence[GoldQuestion]) -> Iterator[Task]:
        """A task for each question."""
        return (self.make(question) for question in questions)

    def make(self, question: GoldQuestion) -> Task:
        """One question as a model gets it."""
        whole = question.text
        if question.earlier:
            whole = self.index.complete(question.text, question.earlier)
        result = self.index.search(whole, top_k=DEPTH)
        hits = list(replace(result, hits=result.hits[: self.top_k]).quotable)
        if self.passages == "gold" and question.is_answerable:
            hits = self._with_gold(hits, result.hits, question)
        refused = self.passages == "retrieval" and not (result.found and hits)
        history: list[Message] = [{"role": "user", "content": text} for text in question.earlier]
        messages, shown = build_messages(
            question.text, hits, history, token_budget=self.token_budget, count_tokens=self.count_tokens
        )
        hits = hits[:shown]
        return Task(
            id=question.id,
            kind=question.kind,
            question=question.text,
            messages=messages,
            passages=[render_passage(number, hit) for number, hit in enumerate(hits, start=1)],
            fitting=frozenset(n for n, hit in enumerate(hits, start=1) if _answers(hit, question)),
            answerable=question.is_answerable,
            needed=_find_needed(hits, question),
            telling=find_telling(question),
            right=question.answer,
            refused=refused,
            cluster=f"{question.file}#{question.record or question.snippet}"
            if question.is_answerable
            else "",
            collections=(question.file,) if question.file else (),
        )

    def _with_gold(self, hits: list[Hit], found: Sequence[Hit], question: GoldQuestion) -> list[Hit]:
        """The hits with the answering record's fitting passage among them."""
        for place, hit in enumerate(hits):
            if is_gold(hit.record, question):
                return [*hits[:place], show_snippet(hit, question), *hits[place + 1 :]]
        other = next((hit for hit in found if is_gold(hit.record, question)), None)
        return [*hits[: self.top_k - 1], show_snippet(other, question)] if other else hits


def show_snippet(hit: Hit, question: GoldQuestion) -> Hit:
    """The hit with that of its record's passages which holds most of the gold snippet's words."""
    wanted = set(fold_words(question.snippet).split())
    passages = [hit.passage, *cut_record(hit.record)]
    best = max(passages, key=lambda passage: len(wanted & set(fold_words(passage.text).split())))
    return replace(hit, passage=best)


def find_telling(question: GoldQuestion) -> frozenset[str]:
    """Where a fact is asked for, the gold snippet's words that the question lacks: what an answer adds.

    Where it is asked what there is, the heading that an answer quotes says it.
    """
    if not _FACT.search(question.text):
        return frozenset()
    asked = {*fold_words(question.text).split(), *COMMON}
    return frozenset(word for word in fold_words(question.snippet).split() if word not in asked)


def _answers(hit: Hit, question: GoldQuestion) -> bool:
    """Whether the record shown answers; one that it stands for and is not shown cannot be quoted."""
    return is_gold(hit.record, question) or answers_as_well(hit.record, question) > 0


def _find_needed(hits: Sequence[Hit], question: GoldQuestion) -> tuple[str, ...]:
    """The container, as the record says it, where a question asks for the place."""
    if not (question.container and PLACE.search(question.text)):
        return ()
    shown = [hit.record.container for hit in hits if is_gold(hit.record, question)]
    return tuple(dict.fromkeys(container for container in shown[:1] if container))
