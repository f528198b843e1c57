"""What votes say: win rates, intervals, verdicts, agreement, ratings."""

from __future__ import annotations

import numpy as np
import pytest
from evalica import Winner, bradley_terry

from serve.comparisons.agreement import measure_agreement
from serve.comparisons.comparison import Choice, Vote
from serve.comparisons.interval import WinRate, measure, to_elo
from serve.comparisons.ratings import Bout, rate_versions
from serve.comparisons.verdict import decide, plan_votes
from tests.serve.comparison_parts import NEW, OLD, make_vote, make_votes, spread


@pytest.mark.parametrize(("share", "votes"), [(0.55, 616), (0.60, 152), (0.65, 67), (0.70, 36)])
def test_the_plan_is_that_of_the_table(share: float, votes: int) -> None:
    assert plan_votes(share) == votes


@pytest.mark.parametrize(("share", "elo"), [(0.5, 0), (0.55, 35), (0.6, 70), (0.65, 108), (0.7, 147)])
def test_a_share_as_elo_points(share: float, elo: int) -> None:
    assert round(to_elo(share)) == elo
    assert round(to_elo(1 - share)) == -elo


def test_ties_and_both_bad_count_half() -> None:
    votes = make_votes("ben", spread(4, 2, tie=3, neither=1))
    assert measure(votes).share == (4 + 0.5 * 4) / 10


def test_no_votes_say_nothing() -> None:
    assert measure([]) == WinRate(0.5, 0.0, 1.0)
    verdict = decide([], contributors_known=True)
    assert (verdict.kind, verdict.more, verdict.cautions) == ("not_enough", 20, ())


def test_all_votes_alike_are_not_certainty() -> None:
    """A bootstrap of votes that are all alike sees no spread; Clopper and Pearson do: 0.05 ** (1 / 20)."""
    rate = measure(make_votes("ben", spread(20, 0)))
    assert rate.share == 1.0 and rate.high == 1.0
    assert rate.low == pytest.approx(0.05 ** (1 / 20), abs=1e-6)


def test_the_interval_of_independent_votes_is_near_the_normal_one() -> None:
    rate = measure(make_votes("ben", spread(240, 160)))
    error = 1.645 * (0.6 * 0.4 / 400) ** 0.5
    assert rate.low == pytest.approx(0.6 - error, abs=0.006)
    assert rate.high == pytest.approx(0.6 + error, abs=0.006)


def test_votes_that_repeat_one_another_make_nothing_surer() -> None:
    """Four judges who always choose alike on a question are one answer to it, not four."""
    once = make_votes("j0", spread(30, 20))
    four = [vote for judge in range(4) for vote in make_votes(f"j{judge}", spread(30, 20))]
    assert measure(four).share == measure(once).share
    assert measure(four).low == pytest.approx(measure(once).low, abs=0.02)


def test_judges_who_differ_widen_the_interval() -> None:
    pleased, displeased = make_votes("j0", spread(90, 10)), make_votes("j1", spread(10, 90)[::-1])
    rate = measure([*pleased, *displeased])
    assert rate.share == 0.5
    assert rate.low < 0.15 and rate.high > 0.85


def test_the_same_votes_in_any_order_give_the_same_interval() -> None:
    votes = make_votes("ben", spread(30, 25, tie=5))
    shuffled = [votes[place] for place in np.random.default_rng(1).permutation(len(votes))]
    assert measure(votes) == measure(votes)
    first, second = measure(votes), measure(shuffled)
    assert (first.low, first.high) == pytest.approx((second.low, second.high), abs=1e-9)


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        (spread(120, 60, tie=20), "better"),
        (spread(600, 560), "not_worse"),
        (spread(60, 120, tie=20), "worse"),
        (spread(52, 48), "not_enough"),
        (spread(19, 0), "not_enough"),
    ],
)
def test_verdicts(choices: list[Choice], kind: str) -> None:
    verdict = decide(make_votes("ben", choices), contributors_known=True)
    assert verdict.kind == kind, verdict
    assert (verdict.more == 0) is (kind != "not_enough")


def test_how_many_more_it_takes() -> None:
    """52 of 100, not worse than 45 %: about as many as make two and a half standard errors of the 7 points."""
    verdict = decide(make_votes("ben", spread(52, 48)), contributors_known=True)
    expected = (2.4865 * 0.5 / 0.07) ** 2 - 100
    assert verdict.more == pytest.approx(expected, rel=0.2)
    assert f"About {verdict.more} more votes" in verdict.sentence


def test_two_that_are_too_much_alike() -> None:
    """At 45 % no number of votes shows it to be over 45 %; that it is under 50 % takes many."""
    near = decide(make_votes("ben", spread(45, 55)), contributors_known=True)
    assert near.kind == "not_enough" and near.more is not None and near.more > 400


def test_a_contributor_counts_but_does_not_decide_alone() -> None:
    own = make_votes("ada", spread(60, 20), contributed=True)
    alone = decide(own, contributors_known=True)
    assert alone.kind == "not_enough"
    assert alone.more == 27  # a quarter of 107
    assert "80 of 80 are of people whose pairs" in alone.sentence
    assert "Trained on pairs of these judges too: ada." in alone.cautions
    joined = decide([*own, *make_votes("ben", spread(18, 9))], contributors_known=True)
    assert joined.kind in ("better", "not_worse")
    assert joined.rate.share == pytest.approx(78 / 107)


def test_where_contributors_are_not_known_one_judge_is_not_enough() -> None:
    votes = make_votes("ben", spread(80, 20))
    assert decide(votes, contributors_known=True).kind == "better"
    unknown = decide(votes, contributors_known=False)
    assert unknown.kind == "not_enough" and "A second one has to vote" in unknown.sentence
    second = decide([*votes, *make_votes("cora", spread(80, 20))], contributors_known=False)
    assert second.kind == "better"
    assert any("could not be told from others" in caution for caution in second.cautions)


def test_few_judges_are_said_to_be_few() -> None:
    votes = [vote for judge in "abcd" for vote in make_votes(judge, spread(20, 10))]
    assert decide(votes, contributors_known=True).cautions == ()
    (caution,) = decide(votes[:30], contributors_known=True).cautions
    assert caution.startswith("One judge has voted")


def test_agreement() -> None:
    assert measure_agreement(make_votes("ben", spread(3, 2))) is None
    same = [*make_votes("ben", spread(3, 2)), *make_votes("cora", spread(3, 2))]
    full = measure_agreement(same)
    assert full is not None
    assert (full.questions, full.pairs, full.share, full.alpha) == (5, 5, 1.0, 1.0)
    opposed = measure_agreement([*make_votes("ben", spread(5, 5)), *make_votes("cora", spread(5, 5)[::-1])])
    assert opposed is not None
    assert opposed.share == 0.0 and opposed.alpha < -0.5


def bouts(votes: list[Vote], candidate: str = NEW, champion: str = OLD) -> list[Bout]:
    return [Bout(candidate, champion, vote) for vote in votes]


def test_bradley_terry_of_two_is_the_win_rate() -> None:
    votes = make_votes("ben", spread(300, 150, tie=50))
    first, second = rate_versions(bouts(votes))
    assert (first.version, second.version, first.votes) == (NEW, OLD, 500)
    assert first.strength - second.strength == pytest.approx(to_elo(measure(votes).share), abs=1.0)
    assert first.low < first.strength < first.high
    assert first.elo > 1000 > second.elo


def test_a_version_that_won_all_of_a_few_votes_has_an_end() -> None:
    first, second = rate_versions(bouts(make_votes("ben", spread(5, 0))))
    assert first.version == NEW
    assert first.strength - second.strength == pytest.approx(400 * np.log10(5.5 / 0.5), abs=2)


def test_versions_that_never_met_stand_to_one_another_by_a_third() -> None:
    """Against evalica itself on three versions, with our prior put in as votes."""
    older = "letters--v0-2c2c2c2c"
    told = [
        *bouts(make_votes("ben", spread(30, 10))),
        *bouts(
            [make_vote(f"r{n}", "ben", choice) for n, choice in enumerate(spread(20, 20, tie=4))], OLD, older
        ),
    ]
    rated = {one.version: one.strength for one in rate_versions(told)}
    xs, ys = [NEW] * 41 + [OLD] * 45, [OLD] * 41 + [older] * 45
    winners = [Winner.X] * 30 + [Winner.Y] * 10 + [Winner.Draw]
    winners += [Winner.X] * 20 + [Winner.Y] * 20 + [Winner.Draw] * 5
    plain = bradley_terry(xs, ys, winners, limit=1_000).scores
    for name, strength in rated.items():
        assert strength == pytest.approx(1000 + 400 * np.log10(plain[name]), abs=0.01)
    assert rate_versions([]) == ()
