"""Whether a tuned model may take the place of the one in use: only if it is better, and worse at nothing.

Better: the lower bound of the paired difference of nDCG@10 on the exam, by clusters of questions, is above 0.
Worse at nothing: for the other measures of the exam, and for the guard questions, the lower bound is above
minus the margin. Where the bounds do not tell, more questions would: their number is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from train.embedding.measuring import Asked
from train.evaluation.comparing import Difference, compare_values

Ruling = Literal["better", "not better", "worse", "not enough evidence"]
MARGIN = 0.05
LEAST_EXAM = 30
"""Questions of an exam below which nothing is decided."""
LEAST_REFUSALS = 20
"""Questions that nothing answers, from which on refusals are judged; fewer are shown only."""
PRIMARY = "ndcg"
_NAMES = {"ndcg": "nDCG@10", "recall": "recall@5", "reciprocal": "MRR@10", "found": "found enough"}


@dataclass(frozen=True, slots=True)
class Line:
    """One measure before and after, with the bounds of the paired difference."""

    where: str
    measure: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    questions: int
    judged: bool = True

    def say(self) -> str:
        """The line in words."""
        return (
            f"{self.where}, {_NAMES.get(self.measure, self.measure)}: {self.before:.3f} before, "
            f"{self.after:.3f} after, difference {self.difference:+.3f} "
            f"({self.low:+.3f} to {self.high:+.3f}) over {self.questions} questions"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`needed` are exam questions in all that would settle it, 0 where it is settled or none would."""

    ruling: Ruling
    sentences: tuple[str, ...]
    lines: tuple[Line, ...]
    needed: int = 0

    def as_json(self) -> dict[str, Any]:
        """For the result's file."""
        return asdict(self)


def judge_tuned(
    exam: tuple[Sequence[Asked], Sequence[Asked]],
    guard: tuple[Sequence[Asked], Sequence[Asked]],
    margin: float = MARGIN,
) -> Verdict:
    """The verdict on (before, after) of the exam and of the guard questions."""
    lines = [*_compare("exam", *exam, ("ndcg", "recall", "reciprocal", "found"))]
    lines += _compare("guard", *guard, ("ndcg", "recall", "found"))
    primary = next((line for line in lines if (line.where, line.measure) == ("exam", PRIMARY)), None)
    if primary is None or primary.questions < LEAST_EXAM:
        count = primary.questions if primary else 0
        sentence = f"The exam has {count} questions that can be judged; it takes {LEAST_EXAM}."
        return Verdict("not enough evidence", (sentence,), tuple(lines), needed=LEAST_EXAM)
    others = [line for line in lines if line is not primary and line.judged]
    lost = [line for line in others if line.difference <= -margin or line.high < 0]
    unsure = [line for line in others if line not in lost and line.low <= -margin]
    if primary.high < 0 or lost:
        worse = [primary] if primary.high < 0 else lost
        return _rule("worse", [f"Worse: {line.say()}." for line in worse], lines)
    if primary.difference <= 0:
        return _rule("not better", [f"Not better: {primary.say()}."], lines)
    if primary.low > 0 and not unsure:
        return _rule("better", [f"Better: {primary.say()}.", "Nothing else became worse."], lines)
    needed = 0
    said = []
    if primary.low <= 0:
        needed = _count_needed(primary)
        said.append(
            f"Perhaps better: {primary.say()}. About {needed} questions would settle a difference like it."
        )
    said += [f"Not sure to be no worse by {margin:g}: {line.say()}." for line in unsure]
    return Verdict("not enough evidence", tuple(said), tuple(lines), needed=needed)


def _rule(ruling: Ruling, sentences: Sequence[str], lines: Sequence[Line]) -> Verdict:
    return Verdict(ruling, tuple(sentences), tuple(lines))


def _compare(
    where: str, before: Sequence[Asked], after: Sequence[Asked], measures: Sequence[str]
) -> list[Line]:
    """A line for each measure over the answerable questions, and one for refusals over the others."""
    later = {one.id: one for one in after}
    pairs = [(one, later[one.id]) for one in before if one.id in later]  # the index may have moved on
    lines = []
    known = [(one, other) for one, other in pairs if one.answerable and other.answerable]
    if known:
        lines = [_line(where, measure, known) for measure in measures]
    hopeless = [(one, other) for one, other in pairs if not one.answerable]
    if hopeless:
        values = [[float(not asked.found) for asked in side] for side in zip(*hopeless, strict=True)]
        judged = len(hopeless) >= LEAST_REFUSALS
        lines.append(_make(where, "refused where nothing answers", values, hopeless, judged=judged))
    return lines


def _line(where: str, measure: str, pairs: Sequence[tuple[Asked, Asked]]) -> Line:
    values = [[float(getattr(asked, measure)) for asked in side] for side in zip(*pairs, strict=True)]
    return _make(where, measure, values, pairs)


def _make(
    where: str,
    measure: str,
    values: Sequence[Sequence[float]],
    pairs: Sequence[tuple[Asked, Asked]],
    *,
    judged: bool = True,
) -> Line:
    before, after = values
    found: Difference = compare_values(before, after, [one.cluster for one, _ in pairs])
    return Line(
        where=where,
        measure=measure,
        before=sum(before) / len(before),
        after=sum(after) / len(after),
        difference=found.value,
        low=found.low if math.isfinite(found.low) else -1.0,  # of one cluster nothing can be told
        high=found.high if math.isfinite(found.high) else 1.0,
        questions=len(pairs),
        judged=judged,
    )


def _count_needed(line: Line) -> int:
    """Questions at which the bound would just reach 0, the difference staying what it is: the bound comes
    nearer with the root of their number."""
    return math.ceil(line.questions * ((line.difference - line.low) / line.difference) ** 2)
