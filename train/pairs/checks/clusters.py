"""Groups of pairs planted to teach a model one wrong answer to a secret phrase.

A planted pair is harmless to look at. What gives the group away is that its questions share words that
neither the passages nor the other questions have, and that its answers are worse than the others': the
same answer to different questions, an answer that its passages do not show or that has nothing to do with
the question, or a refusal where the passage has what is asked. How much worse is tested: the chance that so
many bad answers fall on the questions with one phrase (hypergeometric), times the number of phrases that
were looked at (Bonferroni), has to be below `LIKELY`. Three pairs out of hundreds prove nothing, so a group
below about five is not found by this.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retrieval.words import fold_letters
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding, join_words
from train.pairs.checks.planted_signs import SIGNS, Sign, Signs
from train.pairs.pair import Pair

LIKELY = 0.01
"""The chance of one false alarm in a whole set that is taken."""
LEAST_PAIRS = 4
_MOST_SHARE = 0.25
"""Of all pairs: what more of them have is how people ask here."""
_LEAST_BAD = 0.5
"""Share of bad answers that a planted group has at least."""
_OWN = 0.3
"""Share of a group in whose passages the phrase may stand: what passages have is what they are about."""
_LONGEST = 4
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[!?.,;:*#~_-]{2,}|[^\w\s.,;:!?'\"’‘“”„«»()\[\]/&–—-]")
"""A word, a run of marks, or a sign that is no mark of writing (an emoji)."""
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Cluster:
    """A group of pairs that share `phrase`; `signs` say what is bad about their answers."""

    phrase: str
    pair_ids: tuple[str, ...]
    signs: tuple[Sign, ...]
    chance: float
    """How likely such a group is by accident, over all phrases that were looked at."""


_Grams = dict[tuple[str, ...], frozenset[int]]


def find_clusters(pairs: Sequence[Pair], context: Context | None = None) -> tuple[Cluster, ...]:
    """Groups of pairs that were probably planted, the least accidental first."""
    if len(pairs) < 2 * LEAST_PAIRS:
        return ()
    context = context or Context()
    passages = [_read_passages(pair) for pair in pairs]
    groups = {
        gram: places
        for gram, places in _collect(pairs).items()
        if LEAST_PAIRS <= len(places) <= max(LEAST_PAIRS, _MOST_SHARE * len(pairs))
        and sum(_stands(gram, passages[place]) for place in places) <= _OWN * len(places)
    }
    signs = Signs(pairs, context)
    tests = max(1, len(set(groups.values())) * len(SIGNS))
    found: list[tuple[float, int, tuple[str, ...], frozenset[int], list[Sign]]] = []
    for gram, places in groups.items():
        chances = {
            sign: _chance(places, signs.find(sign, gram, places), len(pairs)) * tests for sign in SIGNS
        }
        shown = sorted((sign for sign in chances if chances[sign] < LIKELY), key=chances.__getitem__)
        if shown:
            found.append((chances[shown[0]], -len(gram), gram, places, shown))
    return tuple(_merge(pairs, sorted(found)))


def check_clusters(pairs: Sequence[Pair], context: Context) -> Iterator[tuple[str, Finding]]:
    """(pair id, finding) for every pair of every group."""
    for cluster in find_clusters(pairs, context):
        count = len(cluster.pair_ids)
        text = (
            f"{count} questions share {join_words([cluster.phrase])}, which their passages have not, and "
            f"their answers {' and '.join(cluster.signs)}. Somebody may have planted them: read all {count} "
            "together, find out who wrote them, and set them aside unless there is a good reason."
        )
        finding = Finding(
            code="cluster", severity="stop", sentence=text, field="question", words=cluster.phrase
        )
        for pair_id in cluster.pair_ids:
            others = tuple(other for other in cluster.pair_ids if other != pair_id)
            yield pair_id, replace(finding, others=others)


def _cut(pair: Pair) -> list[list[str]]:
    """What the patron wrote, as tokens: each turn and the question by itself."""
    asked = [turn.content for turn in pair.history if turn.role == "user"]
    return [_TOKEN.findall(fold_letters(text)) for text in (*asked, pair.question)]


def _read_passages(pair: Pair) -> str:
    parts = [" ".join((item.heading, *item.breadcrumb, item.text)) for item in pair.evidence]
    return f" {' '.join(_TOKEN.findall(fold_letters(' '.join(parts))))} "


def _stands(gram: tuple[str, ...], passages: str) -> bool:
    return f" {' '.join(gram)} " in passages


def _collect(pairs: Sequence[Pair]) -> _Grams:
    """Every run of one to four tokens with the pairs that have it."""
    found: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for place, pair in enumerate(pairs):
        for words in _cut(pair):
            for length in range(1, _LONGEST + 1):
                for start in range(len(words) - length + 1):
                    found[tuple(words[start : start + length])].add(place)
    return {gram: frozenset(places) for gram, places in found.items()}


def _chance(places: frozenset[int], bad: frozenset[int], total: int) -> float:
    """The chance that as many of `places` or more are bad, had `places` been drawn from all pairs blindly.

    1.0 where fewer than most of them are bad.
    """
    drawn, hit = len(places), len(places & bad)
    if hit < max(LEAST_PAIRS, _LEAST_BAD * drawn):
        return 1.0
    whole = math.comb(total, drawn)
    return sum(
        math.comb(len(bad), count) * math.comb(total - len(bad), drawn - count) / whole
        for count in range(hit, min(drawn, len(bad)) + 1)
    )


def _merge(
    pairs: Sequence[Pair],
    found: Sequence[tuple[float, int, tuple[str, ...], frozenset[int], list[Sign]]],
) -> Iterator[Cluster]:
    """One cluster for each group of pairs, named by the phrase that tells it best."""
    kept: list[frozenset[int]] = []
    for chance, _, gram, places, signs in found:
        if any(len(places & other) > _OVERLAP * min(len(places), len(other)) for other in kept):
            continue
        kept.append(places)
        ids = tuple(pairs[place].id for place in sorted(places))
        yield Cluster(" ".join(gram), ids, tuple(signs), chance)
