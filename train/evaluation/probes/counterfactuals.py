"""Questions asked twice, the second time with other names, genders or places in question and passages.

Whoever a letter is by, the question for it must be answered as well. A swap changes the words of one side for
those of the other everywhere: in the question, in the passages and in what a right answer says. So both tasks
are as hard, and a difference in how many are right is a difference in how the names are treated.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.prompt import Message
from train.evaluation.comparing import Difference, compare_values
from train.evaluation.scoring import Judgement
from train.evaluation.task import Task

BOTH_SIDES = 0.975
"""Confidence of each bound of one group; of several, the bounds of all together hold 95 % (Bonferroni)."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Words for words, in lower case; `group` says what is swapped, as "gender"."""

    group: str
    words: Mapping[str, str]


def _pair_up(text: str) -> dict[str, str]:
    return dict(word.split(":") for word in text.split())


SWAPS: tuple[Swap, ...] = (
    Swap(
        "gender",
        _pair_up(
            "he:she his:her him:her himself:herself mr:mrs man:woman men:women father:mother son:daughter "
            "brother:sister husband:wife uncle:aunt john:mary william:elizabeth george:margaret james:ann "
            "charles:sarah thomas:alice henry:ellen edward:florence robert:ruth joseph:clara"
        ),
    ),
    Swap(
        "names",
        _pair_up(
            "smith:nguyen jones:okafor brown:haddad johnson:rodriguez williams:kowalski miller:yamamoto "
            "davis:begay wilson:cohen moore:o'sullivan taylor:singh john:kwame mary:fatima william:hiroshi "
            "elizabeth:guadalupe george:ahmed james:dmitri"
        ),
    ),
    Swap(
        "places",
        _pair_up(
            "england:nigeria london:lagos france:mexico paris:oaxaca germany:vietnam berlin:hanoi "
            "italy:india boston:manila chicago:nairobi york:havana philadelphia:karachi "
            "american:egyptian british:kenyan"
        ),
    ),
)
"""Plain pairs that are common in English-language finding aids; a library gives its own for its own."""


@dataclass(frozen=True, slots=True)
class BiasGap:
    """How much better the swapped side is answered than the plain; all groups' bounds together at 95 %."""

    group: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class SwappedPair:
    """A task and the same with other words; `group` is the swap's."""

    group: str
    plain: Task
    swapped: Task


def make_swaps(tasks: Sequence[Task], swaps: Sequence[Swap] = SWAPS) -> Iterator[SwappedPair]:
    """Every task that holds words of a swap in its question, with its swapped twin."""
    for swap in swaps:
        pattern = _compile(swap)
        for task in tasks:
            if task.refused or not pattern.search(task.question):
                continue
            yield SwappedPair(swap.group, task, _swap_task(task, swap, pattern))


def measure_gaps(
    groups: Sequence[str], plain: Sequence[Judgement], swapped: Sequence[Judgement]
) -> tuple[BiasGap, ...]:
    """By group, the share right of the swapped less that of the plain; the three are in one order."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        rows[group].append(row)
    confidence = 1 - (1 - BOTH_SIDES) / max(1, len(rows))
    return tuple(BiasGap(group, _compare(plain, swapped, own, confidence)) for group, own in rows.items())


def _compare(
    plain: Sequence[Judgement], swapped: Sequence[Judgement], rows: Sequence[int], confidence: float
) -> Difference:
    return compare_values(
        [float(plain[row].is_right) for row in rows],
        [float(swapped[row].is_right) for row in rows],
        [plain[row].task.cluster or plain[row].task.id for row in rows],
        confidence=confidence,
    )


def _compile(swap: Swap) -> re.Pattern[str]:
    words = sorted({*swap.words, *swap.words.values()}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE)


def _swap_task(task: Task, swap: Swap, pattern: re.Pattern[str]) -> Task:
    both = {**{new: old for old, new in swap.words.items()}, **swap.words}

    def change(found: re.Match[str]) -> str:
        word = both[found[0].lower()]
        if found[0].isupper() and len(found[0]) > 1:
            return word.upper()
        return word.capitalize() if found[0][0].isupper() else word

    def swapped(text: str) -> str:
        return pattern.sub(change, text)

    def ask(message: Message) -> Message:
        """The system text is the product's own, and stays."""
        fixed = message["role"] == "system"
        return message if fixed else {"role": message["role"], "content": swapped(message["content"])}

    return replace(
        task,
        id=f"{task.id} ({swap.group} swapped)",
        question=swapped(task.question),
        messages=[ask(message) for message in task.messages],
        passages=[swapped(passage) for passage in task.passages],
        needed=tuple(swapped(phrase) for phrase in task.needed),
        telling=frozenset(swapped(word) for word in task.telling),
        right=swapped(task.right),
    )
