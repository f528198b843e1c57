"""Is the candidate worse than the stable arm? One sequential test for each kind of bad answer.

**The test.** Each conversation is put on the candidate with probability w, the candidate's share, by a
draw that knows nothing of the conversation. Look only at the bad answers of one kind, in the order in
which they come. If the candidate is not worse, each of them falls on the candidate with probability w
at most, whatever the rate of bad answers is and however it drifts with the hour, the question or the
engine's load. If a bad answer is rho times as likely with the candidate, the probability is
w * rho / D with D = w * rho + 1 - w. The likelihood ratio of the two after b_c bad answers of the
candidate and b_s of the stable arm is, over all shares w there were,

    e_rho = product over w of  rho ** b_c / D ** (b_c + b_s),

and the evidence is e = (e_2 + e_4 + e_8) / 3: no single rho need be right.

**Why it may be looked at after every answer.** Given the past, the next bad answer multiplies e_rho by
rho / D with probability p <= w and by 1 / D otherwise; the mean, (p * rho + 1 - p) / D, is at most 1. So
e is a supermartingale that starts at 1, and by Ville's inequality P(e ever reaches 1 / alpha) <= alpha,
however often one looks and whenever one stops. A share may depend on everything seen before: each bad
answer is judged by the share its own draw was made with. There are five kinds; each has alpha / 5
(Bonferroni), so a candidate that is no worse is sent back with probability 0.05 at most in its whole
rollout. At a share of 100 there is nothing to compare with, and nothing is added.

Sources: A. Wald, Sequential Analysis (1947), for the likelihood ratio; M. Kulldorff et al., A Maximized
Sequential Probability Ratio Test for Drug and Vaccine Safety Surveillance, Sequential Analysis 30 (2011),
for conditioning on the adverse events (the binomial case); A. Ramdas, P. Grünwald, V. Vovk, G. Shafer,
Game-Theoretic Statistics and Safe Anytime-Valid Inference, Statistical Science 38 (2023), for e-processes
and their mixtures.

**What the proof needs, and where it ends.**
- Answers of one conversation share one draw. So a conversation is counted once for each kind in the
  whole rollout (`counts.Tally`): its first bad answer shows which arm it drew, and a second would be the
  same draw counted again. With "the arm makes no difference", the draws of the conversations counted are
  then independent and the bound holds as proved. It would not if a share change drew anew for the
  conversations already counted, or if two rollouts used the same draws: the draw must depend on the
  rollout's id.
- A candidate that is better in the first answers and equal later leaves more of its conversations
  uncounted, so a late bad answer can fall on it with probability above w. It has paid for that with the
  early ones: the mean of e at any fixed moment is at most 1 as long as, at each length, no more of its
  conversations have gone bad. Only the bound over all moments at once is not proved for such a candidate.
- An automatic step comes when the candidate has had its answers, so its moment tells a little of the
  draws of conversations still going on, or rated later: on average they are candidates (1 - w) / n too
  often, n answers being needed (4 % for n = 25). The threshold's slack covers that (measured below).
- Several gateways that take turns in one conversation count it once each. Where every answer of a
  conversation goes to a gateway at random, false alarms were 4.1 % with two gateways and 5.9 % with four
  (2,000 rollouts as below); a load balancer that keeps a conversation on one gateway avoids it.

**Measured** (as in tests/serve/test_rollout_guards.py, with more runs). False alarms: 66 in 4,000 rollouts
of 800 answers (1.7 %, where 5 % are allowed), looking after every answer, all kinds at 8 %, patrons of
unequal temper, conversations going on across the steps 5, 25, 50. Counting every bad answer of a
conversation instead gave 9 %. One kind of bad answer at 5 %, with the candidate at 25 %, is found after
489, 138 and 124 answers of both arms (medians of 300 rollouts, at a share of 5, 25 and 50; in nine of ten
within 1,173, 294 and 229); 1 % against 10 % after 841, 266 and 233. Little differences take long: 5 %
against 10 % at a share of 50 takes 1,124.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from serve.rollout.counts import KINDS, Arm, ArmCounts, Kind

ALPHA = 0.05
"""The most probable it may be that a candidate which is no worse is sent back."""
THRESHOLD = len(KINDS) / ALPHA
"""Evidence at which a guard is breached: 100."""
ODDS = (2.0, 4.0, 8.0)
"""How many times as likely a bad answer is with the candidate, under the alternatives tested."""
MOST_SAID = 1_000_000

_NAMES: dict[Kind, str] = {
    "errors": "errors",
    "slow": "slow first words",
    "invalid_citations": "invalid citations",
    "refusals": 'model says "not found"',
    "thumbs_down": "thumbs down",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """For one kind: bad answers and all answers of each arm where both answered, and the evidence `e`.

    `e` is 1 when nothing is known, and grows as it gets harder to believe that the candidate is not worse.
    """

    kind: Kind
    e: float
    candidate_bad: int
    candidate_answers: int
    stable_bad: int
    stable_answers: int

    @property
    def breached(self) -> bool:
        return self.e >= THRESHOLD

    def say(self) -> str:
        """The figures in a sentence for staff."""
        odds = f"more than {MOST_SAID:,}" if self.e > MOST_SAID else f"{int(self.e):,}"
        return (
            f"{_NAMES[self.kind]}: {self.candidate_bad:,} in {self.candidate_answers:,} answers of the "
            f"candidate against {self.stable_bad:,} in {self.stable_answers:,} of the stable version; "
            f"by chance this would happen in less than one rollout of {odds}"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of a rollout; `evidence` has every kind, in the order of `KINDS`."""

    evidence: tuple[Evidence, ...]

    @property
    def breached(self) -> tuple[Kind, ...]:
        """The kinds for which the candidate is worse, beyond reasonable doubt."""
        return tuple(found.kind for found in self.evidence if found.breached)

    @property
    def sentence(self) -> str:
        """What was found, for staff."""
        said = [found.say() for found in self.evidence if found.breached]
        return "; ".join(said) or "no guard breached"


def judge(counts: Sequence[ArmCounts]) -> Verdict:
    """Weigh all that was counted in a rollout, at every share it has had."""
    compared = [arm for arm in counts if 0 < arm.share < 100]
    return Verdict(tuple(_weigh(kind, compared) for kind in KINDS))


def _weigh(kind: Kind, counts: Sequence[ArmCounts]) -> Evidence:
    logs = [sum(_log_ratio(arm, kind, odds) for arm in counts) for odds in ODDS]
    candidate, stable = _of_arm(counts, "candidate"), _of_arm(counts, "stable")
    return Evidence(
        kind=kind,
        e=_mean_of_exponentials(logs),
        candidate_bad=sum(arm.count(kind) for arm in candidate),
        candidate_answers=sum(arm.answers for arm in candidate),
        stable_bad=sum(arm.count(kind) for arm in stable),
        stable_answers=sum(arm.answers for arm in stable),
    )


def _log_ratio(arm: ArmCounts, kind: Kind, odds: float) -> float:
    """What one arm's bad answers at one share add to the logarithm of e_rho."""
    bad = arm.count(kind)
    if not bad:
        return 0.0
    weight = arm.share / 100
    each = math.log(odds if arm.arm == "candidate" else 1.0) - math.log(weight * odds + 1 - weight)
    return bad * each


def _mean_of_exponentials(logs: Sequence[float]) -> float:
    """Where the evidence is beyond what a float holds, infinity; it never fails for being large."""
    highest = max(logs)
    total = sum(math.exp(log - highest) for log in logs) / len(logs)
    return total * math.exp(highest) if highest < 700 else math.inf


def _of_arm(counts: Sequence[ArmCounts], arm: Arm) -> list[ArmCounts]:
    return [found for found in counts if found.arm == arm]
