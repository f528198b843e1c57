"""A hundred and twenty general questions with one right answer each: what the base can do must not be lost.

They are made by rule from small tables, so that nothing is downloaded and nobody's test set is in the
repository. A small base gets few of them right: what counts is what a candidate loses of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval.prompt import Message
from retrieval.words import fold_letters
from train.evaluation.comparing import Difference, compare_values
from train.evaluation.errors import EvaluationRefused

_CAPITALS = (
    "Iceland:Reykjavik Italy:Rome Spain:Madrid Germany:Berlin Portugal:Lisbon Austria:Vienna Greece:Athens "
    "Norway:Oslo Sweden:Stockholm Denmark:Copenhagen Finland:Helsinki Poland:Warsaw Hungary:Budapest "
    "Ireland:Dublin Japan:Tokyo China:Beijing Egypt:Cairo Kenya:Nairobi Cuba:Havana Peru:Lima "
    "Turkey:Ankara Syria:Damascus Thailand:Bangkok Chile:Santiago Belgium:Brussels Romania:Bucharest "
    "Iran:Tehran Canada:Ottawa"
)
_OPPOSITES = (
    "hot:cold big:small early:late open:closed old:new high:low long:short wet:dry full:empty light:dark "
    "strong:weak fast:slow first:last rich:poor hard:soft north:south east:west up:down day:night love:hate"
)
_PLURALS = (
    "box:boxes letter:letters city:cities leaf:leaves child:children woman:women map:maps diary:diaries "
    "mouse:mice foot:feet tooth:teeth knife:knives wife:wives photo:photos church:churches"
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April May June July August September October November December".split()
_SUMS = (
    (2, 3),
    (4, 4),
    (7, 5),
    (9, 6),
    (8, 8),
    (12, 7),
    (15, 15),
    (20, 22),
    (31, 9),
    (46, 13),
    (50, 27),
    (64, 36),
)
_DIFFERENCES = ((9, 4), (12, 5), (15, 8), (20, 7), (31, 11), (40, 16), (55, 25), (72, 30), (90, 48), (100, 1))
_CENTURIES = ((1492, 15), (1588, 16), (1666, 17), (1776, 18), (1848, 19), (1865, 19), (1914, 20), (1969, 20))
_SPELLINGS = "archive letter library record window garden river silver".split()


@dataclass(frozen=True, slots=True)
class GeneralQuestion:
    """`right` is a word or number that a right answer has, as a word by itself."""

    id: str
    question: str
    right: str

    @property
    def kind(self) -> str:
        return self.id.partition(" ")[0]

    @property
    def messages(self) -> list[Message]:
        """As it is asked: without the library's own rules."""
        return [{"role": "user", "content": self.question}]


def list_questions() -> list[GeneralQuestion]:
    """All of them, in an order that stays."""
    return list(_make_all())


def is_right(question: GeneralQuestion, answer: str) -> bool:
    """Whether the first 40 words of an answer have the word or number that is right."""
    said = fold_letters(" ".join(answer.split()[:40]))
    return re.search(rf"(?<!\w){re.escape(fold_letters(question.right))}(?!\w)", said) is not None


def compare_general(base: Sequence[str], candidate: Sequence[str]) -> Difference:
    """Share right of the candidate's answers less that of the base's, both in the order of `list_questions`.

    Questions of a kind (sums, capitals) are not taken for a cluster: kinds are chosen, not drawn. Raises
    EvaluationRefused where there are not as many answers as questions.
    """
    questions = list_questions()
    if not len(base) == len(candidate) == len(questions):
        raise EvaluationRefused(
            f"Expected {len(questions)} answers of each version, found {len(base)} and {len(candidate)}."
        )
    rights = [
        [float(is_right(question, answer)) for question, answer in zip(questions, answers, strict=True)]
        for answers in (base, candidate)
    ]
    return compare_values(rights[0], rights[1], [question.id for question in questions])


def _make_all() -> Iterator[GeneralQuestion]:
    def number(kind: str, asked: Sequence[tuple[str, str]]) -> Iterator[GeneralQuestion]:
        for place, (question, right) in enumerate(asked, start=1):
            yield GeneralQuestion(f"{kind} {place}", question, right)

    yield from number(
        "capital", [(f"Which city is the capital of {land}?", city) for land, city in _part(_CAPITALS)]
    )
    yield from number(
        "opposite", [(f"Which word is the opposite of “{one}”?", other) for one, other in _part(_OPPOSITES)]
    )
    yield from number("plural", [(f"Write the plural of “{one}”.", other) for one, other in _part(_PLURALS)])
    yield from number("day", [(f"Which day follows {a}?", b) for a, b in _neighbours(_DAYS)])
    yield from number("month", [(f"Which month follows {a}?", b) for a, b in _neighbours(_MONTHS)])
    yield from number("sum", [(f"How much is {a} plus {b}?", str(a + b)) for a, b in _SUMS])
    yield from number("rest", [(f"How much is {a} minus {b}?", str(a - b)) for a, b in _DIFFERENCES])
    yield from number(
        "century",
        [(f"In which century was the year {year}? Give its number.", f"{c}th") for year, c in _CENTURIES],
    )
    yield from number("letter", [(f"With which letter does “{word}” end?", word[-1]) for word in _SPELLINGS])


def _part(text: str) -> list[tuple[str, str]]:
    return [(one, other) for one, _, other in (word.partition(":") for word in text.split())]


def _neighbours(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, names[(place + 1) % len(names)]) for place, name in enumerate(names)]
