"""The guards: the arithmetic, how seldom they cry wolf, and how soon they see one."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pytest

from serve.rollout.counts import KINDS, Arm, ArmCounts, Kind
from serve.rollout.guards import ALPHA, THRESHOLD, Verdict, judge
from serve.rollout.slowness import ENOUGH, REMEMBERED, Slowness


def arms(share: int, stable: tuple[int, int], candidate: tuple[int, int]) -> tuple[ArmCounts, ArmCounts]:
    """(answers, thumbs down) of each arm."""
    return (
        ArmCounts(share, "stable", stable[0], thumbs_down=stable[1]),
        ArmCounts(share, "candidate", candidate[0], thumbs_down=candidate[1]),
    )


def test_evidence_is_the_mean_of_three_likelihood_ratios() -> None:
    """By hand: 2 of the candidate's and 1 of stable's at 50 %, 1 of the candidate's at 5 %."""
    by_hand = sum(rho**2 / ((1 + rho) / 2) ** 3 * rho / (0.05 * rho + 0.95) for rho in (2, 4, 8)) / 3
    found = judge((*arms(50, (10, 1), (10, 2)), *arms(5, (95, 0), (5, 1)))).evidence[-1]
    assert found.kind == "thumbs_down"
    assert found.e == pytest.approx(by_hand, rel=1e-12)
    assert (found.candidate_bad, found.candidate_answers, found.stable_bad, found.stable_answers) == (
        3, 15, 1, 105,
    )  # fmt: skip


def test_nothing_counted_is_no_evidence() -> None:
    assert [found.e for found in judge(()).evidence] == [1.0] * 5
    assert [found.kind for found in judge(()).evidence] == list(KINDS)
    assert judge(()).sentence == "no guard breached"


def test_where_every_answer_is_the_candidate_s_nothing_is_compared() -> None:
    before = arms(50, (100, 3), (100, 4))
    assert judge((*before, ArmCounts(100, "candidate", 500, thumbs_down=400))) == judge(before)


def test_each_kind_is_judged_by_itself() -> None:
    for kind in KINDS:
        bad: dict[Kind, int] = {kind: 30}
        verdict = judge((ArmCounts(50, "stable", 50), ArmCounts(50, "candidate", 50, **bad)))
        assert verdict.breached == (kind,)


def test_a_breach_is_said_in_figures() -> None:
    verdict = judge(arms(5, (1171, 3), (9, 6)))
    assert verdict.breached == ("thumbs_down",)
    assert verdict.sentence == (
        "thumbs down: 6 in 9 answers of the candidate against 3 in 1,171 of the stable version; "
        "by chance this would happen in less than one rollout of 6,268"
    )


def test_the_guard_trips_at_its_threshold_and_not_before() -> None:
    """Bad answers in a row, all of the candidate's, at 50 %: ((4/3) ** n + (8/5) ** n + (16/9) ** n) / 3."""
    nine, ten = (judge(arms(50, (99, 0), (99, bad))) for bad in (9, 10))
    assert (nine.breached, ten.breached) == ((), ("thumbs_down",))
    assert nine.evidence[-1].e == pytest.approx(86.47, abs=0.01)
    assert ten.evidence[-1].e == pytest.approx(147.68, abs=0.01)
    assert THRESHOLD == 100


def test_huge_counts_neither_overflow_nor_lose_the_verdict() -> None:
    assert judge(arms(5, (0, 0), (10**6, 10**6))).evidence[-1].e == math.inf
    assert "more than 1,000,000" in judge(arms(5, (0, 0), (10**6, 10**6))).sentence
    assert judge(arms(5, (10**7, 10**6), (10**6, 0))).evidence[-1].e == 0.0


@dataclass(slots=True)
class Traffic:
    """Conversations that begin, go on and end, each with its own temper, and automatic steps between them."""

    rng: np.random.Generator
    stable_rate: float
    candidate_rate: float
    steps: tuple[int, ...] = (5, 25, 50)
    answers_needed: int = 25
    kinds: tuple[Kind, ...] = KINDS
    once: bool = True
    mixed: bool = True
    counts: dict[tuple[int, Arm], dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    candidate_answers: int = 0

    def find_breach(self, answers: int) -> int | None:
        """The number of the answer at which a guard was breached; looks after every one that changes it."""
        draws, tempers, gone = (
            self.rng.random(answers),
            self._tempers(answers),
            self.rng.random(answers) < 0.5,
        )
        older, bad = self.rng.random(answers), self.rng.random((answers, len(self.kinds)))
        open_ones: list[int] = []
        seen: set[tuple[int, Kind]] = set()
        step = 0
        for number in range(answers):
            if not open_ones or older[number] < 0.5:
                open_ones.append(number)
            conversation = open_ones[int(older[number] * 1e6) % len(open_ones)]
            share = self.steps[step]
            arm: Arm = "candidate" if draws[conversation] * 100 < share else "stable"
            row = self.counts[share, arm]
            row["answers"] += 1
            rate = self.candidate_rate if arm == "candidate" else self.stable_rate
            came = [
                kind
                for kind, chance in zip(self.kinds, bad[number], strict=True)
                if chance < rate * tempers[conversation] and not (self.once and (conversation, kind) in seen)
            ]
            for kind in came:
                seen.add((conversation, kind))
                row[kind] += 1
            if came and self.judge().breached:
                return number + 1
            if (
                step + 1 < len(self.steps)
                and self.counts[share, "candidate"]["answers"] >= self.answers_needed
            ):
                step += 1
            if gone[number]:
                open_ones.remove(conversation)
        return None

    def judge(self) -> Verdict:
        return judge([ArmCounts(share, arm, **row) for (share, arm), row in self.counts.items()])

    def _tempers(self, answers: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Most patrons find little to complain of; one in ten finds ten times as much as the rest."""
        return np.where(self.rng.random(answers) < 0.1, 5.0, 0.55) if self.mixed else np.ones(answers)


def share_of_false_alarms(runs: int, answers: int, *, once: bool) -> float:
    rng = np.random.default_rng(1905)
    found = [Traffic(rng, 0.08, 0.08, once=once).find_breach(answers) for _ in range(runs)]
    return sum(number is not None for number in found) / runs


def test_a_candidate_that_is_no_worse_is_seldom_sent_back() -> None:
    """Five kinds, a look after every answer, steps 5, 25, 50 with conversations going on across them."""
    assert share_of_false_alarms(400, 800, once=True) <= ALPHA


def test_counting_a_conversation_more_than_once_would_cry_wolf() -> None:
    """Why the tally counts once: the same traffic, each bad answer counted, breaks the bound."""
    assert share_of_false_alarms(200, 800, once=False) > ALPHA


@pytest.mark.parametrize(("share", "most"), [(5, 3000), (25, 800), (50, 600)])
def test_a_candidate_five_times_as_bad_is_found(share: int, most: int) -> None:
    """5 % of answers bad against 25 %: found in nine rollouts of ten at least, and said how soon."""
    rng = np.random.default_rng(1905)
    found = [
        Traffic(rng, 0.05, 0.25, steps=(share,), kinds=KINDS[:1], mixed=False).find_breach(most)
        for _ in range(60)
    ]
    assert sum(number is not None for number in found) >= 54


def test_slow_is_slower_than_nineteen_in_twenty_of_the_answers_before() -> None:
    slowness = Slowness()
    assert not any(slowness.judge("letters", seconds) for seconds in range(1, ENOUGH + 1))
    assert not slowness.judge("letters", 95)
    assert slowness.judge("letters", 96.5)


def test_nothing_is_slow_until_enough_was_seen() -> None:
    slowness = Slowness()
    assert not any(slowness.judge("letters", 0.1) for _ in range(ENOUGH - 1))
    assert not slowness.judge("letters", 1000)
    assert slowness.judge("letters", 1000)
    assert not slowness.judge("photographs", 1000)


def test_what_is_slow_follows_the_newest_answers() -> None:
    """A slower engine is slow for both arms at first, and then it is the measure."""
    slowness = Slowness()
    for _ in range(REMEMBERED):
        slowness.judge("letters", 0.1)
    judged = [slowness.judge("letters", 0.5) for _ in range(REMEMBERED)]
    assert judged.index(False) == REMEMBERED // 20 + 1
    assert not any(judged[REMEMBERED // 20 + 1 :])
    assert slowness.judge("letters", 0.6)


def test_about_one_answer_in_twenty_is_slow_where_nothing_changes() -> None:
    times = np.random.default_rng(1905).lognormal(size=10_000)
    slowness = Slowness()
    slow = sum(slowness.judge("letters", float(seconds)) for seconds in times)
    assert 400 <= slow <= 600
