"""Paired differences: against SciPy's bootstrap, by hand where few things change, and how often they mislead."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from train.evaluation.comparing import compare, compare_values, estimate
from train.evaluation.errors import EvaluationRefused
from train.evaluation.metrics import NAMES, Marks
from train.evaluation.power import (
    elo_difference,
    more_needed,
    questions_needed,
    questions_unseen,
    resolvable_margin,
    votes_needed,
)
from train.evaluation.resampling import _expand, bound_share


def _own(count: int) -> list[str]:
    return [f"q{number}" for number in range(count)]


def test_bounds_are_those_of_scipys_bootstrap_of_the_same_expanded_confidence() -> None:
    drawn = np.random.default_rng(3)
    before, after = drawn.random(150), np.clip(drawn.random(150) + 0.05, 0, 1)
    found = compare_values(list(before), list(after), _own(150))
    told = stats.bootstrap(
        (after - before,), np.mean, n_resamples=10_000, method="percentile", rng=9,
        confidence_level=1 - 2 * _expand(150, 0.95),
    ).confidence_interval  # fmt: skip
    assert found.value == pytest.approx(float(np.mean(after - before)))
    assert found.low == pytest.approx(told.low, abs=0.004)
    assert found.high == pytest.approx(told.high, abs=0.004)
    # Of means, a question's spread is the standard deviation.
    assert found.spread == pytest.approx(float(np.std(after - before)), rel=0.03)


def test_questions_in_clusters_of_four_that_are_the_same_say_as_much_as_one_of_them() -> None:
    drawn = np.random.default_rng(4)
    after = list(drawn.integers(0, 2, 50).astype(float))
    before = list(drawn.integers(0, 2, 50).astype(float))
    alone = compare_values(before, after, _own(50))
    fourfold = compare_values(before * 4, after * 4, _own(50) * 4)
    taken_apart = compare_values(before * 4, after * 4, _own(200))
    assert (fourfold.value, fourfold.low, fourfold.high) == (alone.value, alone.low, alone.high)
    assert (fourfold.count, fourfold.clusters) == (200, 50)
    assert taken_apart.low > alone.low + 0.05


def test_the_same_values_give_the_same_bounds_and_another_seed_nearly() -> None:
    before, after = [0.0, 1.0] * 60, [1.0, 1.0, 0.0] * 40
    one, same, other = (compare_values(before, after, _own(120), seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.spread != other.spread and one.low == pytest.approx(other.low, abs=0.01)


@pytest.mark.parametrize("count", [20, 58, 59, 100])
def test_answers_without_a_change_prove_only_what_so_many_can(count: int) -> None:
    """Of a loss of 5 points, 59 questions and not 58 would have shown one, to 95 %."""
    found = compare_values([1.0] * count, [1.0] * count, _own(count))
    assert found.value == 0.0
    assert found.low == pytest.approx(-(1 - 0.05 ** (1 / count)))
    assert (found.low > -0.05) == (count >= questions_unseen(0.05))


def test_a_few_losses_and_no_gain_are_bounded_exactly() -> None:
    """2 of 100 lost: Clopper and Pearson's upper bound, which SciPy knows too."""
    found = compare_values([1.0] * 100, [0.0, 0.0, *[1.0] * 98], _own(100))
    told = stats.binomtest(2, 100).proportion_ci(0.90, method="exact").high
    assert found.low == pytest.approx(-told)
    assert bound_share(0.02, 100) == pytest.approx(told)


def test_one_cluster_tells_nothing() -> None:
    found = compare_values([0.0] * 30, [1.0] * 30, ["one"] * 30)
    assert found.value == 1.0 and math.isnan(found.low) and math.isnan(found.high)


def test_a_version_worse_by_the_margin_is_rarely_found_not_worse() -> None:
    """200 exams of 100 questions in twos that hang together by half, 15 % lost and 10 % gained."""
    drawn = np.random.default_rng(7)
    clusters = [f"c{number // 2}" for number in range(100)]
    passed = 0
    for exam in range(200):
        both, apart = drawn.random((50, 1)), drawn.random((50, 2))
        luck = np.where(drawn.random((50, 2)) < 0.5, both, apart).ravel()
        before, after = (luck < 0.15).astype(float), (luck > 0.90).astype(float)
        found = compare_values(list(before), list(after), clusters, seed=exam, resamples=500)
        passed += found.low > -0.05
    # 5 % of 200 is 10. The drawing is fixed, so that this holds or not for good.
    assert passed < 18


def _marks(got: list[list[float]], of: list[list[float]], clusters: list[str] | None = None) -> Marks:
    names = tuple(_own(len(got)))
    width = len(got[0])
    return Marks(names, tuple(clusters or names), NAMES[:width], np.asarray(got), np.asarray(of))


def test_every_measure_is_summed_before_it_is_divided() -> None:
    """Citations: 3 of 4 against 1 of 2. The first column's second question bears on nothing."""
    one = _marks([[1, 3], [0, 0], [1, 0]], [[1, 3], [0, 0], [1, 1]])
    other = _marks([[1, 1], [0, 0], [0, 0]], [[1, 1], [0, 0], [1, 1]])
    found = compare(one, other)
    assert found[NAMES[0]].value == pytest.approx(0.5) and found[NAMES[0]].count == 2
    assert found[NAMES[1]].value == pytest.approx(3 / 4 - 1 / 2)
    assert estimate(one)[NAMES[1]].value == pytest.approx(3 / 4)


def test_citations_that_are_all_right_differ_in_nothing_however_many_they_are() -> None:
    one = _marks([[0, number % 3 + 1] for number in range(80)], [[1, number % 3 + 1] for number in range(80)])
    other = _marks([[0, 1]] * 80, [[1, 1]] * 80)
    found = compare(one, other)[NAMES[1]]
    assert found.value == 0.0 and found.low == pytest.approx(-(1 - 0.05 ** (1 / 80)))


def test_lengths_and_times_are_compared_by_division() -> None:
    width = len(NAMES)
    of = [[1.0] * width] * 30
    one, other = ([[value] * width for value in range(start, start + 30)] for start in (20, 10))
    found = compare(_marks(one, of), _marks(other, of))["seconds"]  # type: ignore[arg-type]
    assert found.value == pytest.approx((34.5 / 24.5) - 1)
    assert found.low < found.value < found.high


def test_versions_asked_other_questions_are_not_compared() -> None:
    one = _marks([[1], [1]], [[1], [1]])
    with pytest.raises(EvaluationRefused, match="found 1 that only one was asked, the first 'q2'"):
        compare(one, _marks([[1], [1], [1]], [[1], [1], [1]]))
    with pytest.raises(EvaluationRefused, match="found 1, 1 and 2"):
        compare_values([1.0], [1.0], ["a", "b"])


def test_no_question_gives_no_figure() -> None:
    found = compare_values([], [], [])
    assert found.count == 0 and math.isnan(found.value)


@pytest.mark.parametrize(
    ("discordant", "counts"),
    [(0.15, (1031, 371, 145, 93)), (0.25, (1718, 618, 242, 155)), (0.35, (2405, 866, 338, 216))],
)
def test_the_references_table_of_questions_comes_out_to_the_question(
    discordant: float, counts: tuple[int, ...]
) -> None:
    for margin, count in zip((0.03, 0.05, 0.08, 0.10), counts, strict=True):
        assert questions_needed(margin, discordant) in (count, count + 1)
        assert resolvable_margin(count, discordant) == pytest.approx(margin, rel=0.005)


@pytest.mark.parametrize(
    ("rate", "votes", "elo"), [(0.55, 616, 35), (0.6, 152, 70), (0.65, 67, 108), (0.7, 36, 147)]
)
def test_the_references_table_of_votes_comes_out_to_the_vote(rate: float, votes: int, elo: int) -> None:
    assert votes_needed(rate) in (votes, votes + 1)
    assert elo_difference(rate) == pytest.approx(elo, abs=0.6)


def test_so_many_more_questions_do_settle_it() -> None:
    """No difference so far, a quarter differ: 371 - 100 more at 15 % discordance and 5 points."""
    assert more_needed(0.0, math.sqrt(0.15), 100, 100, goal=-0.05) == 271
    assert more_needed(0.05, 0.5, 100, 50, goal=0.0) == math.ceil((2.4864749 * 0.5 / 0.05) ** 2) - 100
    # Nothing changed: what decides is that losses would have been seen, in 59 records of 2 questions each.
    assert more_needed(0.0, 0.0, 60, 30, goal=-0.05) == 118 - 60
    # Worse by a little: either way to settle it is reckoned, and the nearer one named.
    assert more_needed(-0.04, 0.4, 100, 100, goal=-0.05) == math.ceil((2.4864749 * 0.4 / 0.04) ** 2) - 100
    assert more_needed(-0.05, 0.4, 100, 100, goal=-0.05, worse=-0.05) is None
    # As good as on the line, but for what a computer rounds.
    assert more_needed(-0.05 + 1e-17, 0.4, 100, 100, goal=-0.05, worse=-0.05 - 1e-17) is None
