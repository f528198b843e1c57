"""Stage 3: which answers do people prefer who do not know whose they are?"""

from __future__ import annotations

from collections.abc import Iterator

from train.evaluation.gate.facts import PeopleFacts
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Finding


def judge_people(facts: PeopleFacts, limits: Thresholds) -> Iterator[Finding]:
    """Findings on blind comparisons."""
    if facts.contributors_alone:
        yield Finding(
            "judges",
            "not enough evidence",
            "Only people who wrote training pairs have voted: somebody else has to vote too.",
        )
    elif facts.judges:
        who = "One person" if facts.judges == 1 else f"{facts.judges} people"
        yield Finding("judges", "pass", f"{who} voted without knowing which version was which.")
    yield _judge_rate(facts, limits)


def _judge_rate(facts: PeopleFacts, limits: Thresholds) -> Finding:
    told = (
        f"It wins {facts.share:.0%} of {facts.votes} blind votes, ties as half (between {facts.low:.0%} and "
        f"{facts.high:.0%})"
    )
    if not facts.votes:
        return Finding("votes", "not enough evidence", "Nobody has voted yet.", facts.more)
    if not facts.enough:
        return Finding("votes", "not enough evidence", facts.sentence or f"{told}: too little.", facts.more)
    if facts.low > limits.better_rate:
        return Finding("votes", "pass", f"{told}: better.")
    if facts.low > limits.not_worse_rate:
        return Finding("votes", "pass", f"{told}: not worse.")
    if facts.high < limits.better_rate:
        return Finding("votes", "fail", f"{told}: worse.")
    advice = f" About {facts.more:,} more votes would settle it." if facts.more else ""
    return Finding("votes", "not enough evidence", f"{told}: that can mean either.{advice}", facts.more)
