"""Measures held to figures worked out by hand or by scipy 1.16."""

from __future__ import annotations

import math

import pytest

from retrieval.evaluation.measures import Estimate, discounted_gain, estimate_mean, estimate_share, quantile


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (46, 48, 0.8602, 0.9885)],
)
def test_a_share_has_wilsons_interval(right: int, count: int, low: float, high: float) -> None:
    found = estimate_share([True] * right + [False] * (count - right))
    assert (found.value, found.count) == (right / count, count)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_nothing_measured_counts_nothing() -> None:
    assert estimate_share([]) == estimate_mean([]) == Estimate(0.0, 0.0, 0.0, 0)
    assert quantile([], 0.5) == 0.0
    assert discounted_gain([1.0], [], 10) == 0.0


def test_a_mean_has_the_same_interval_every_time_and_holds_the_mean() -> None:
    values = [0.0, 1.0, 0.5, 1.0, 0.25, 1.0, 1.0, 0.0]
    first, second = estimate_mean(values), estimate_mean(values)
    assert first == second
    assert first.value == pytest.approx(0.59375)
    assert 0.25 < first.low < 0.45 < first.value < 0.75 < first.high < 0.95
    assert estimate_mean([0.5] * 9) == Estimate(0.5, 0.5, 0.5, 9)


@pytest.mark.parametrize(
    ("gains", "ideal", "k", "wanted"),
    [
        ([1, 0, 0], [1], 10, 1.0),
        ([0, 1, 0], [1], 10, 1 / math.log2(3)),
        ([0, 1, 1], [1, 1], 10, (1 / math.log2(3) + 0.5) / (1 + 1 / math.log2(3))),
        ([0, 0, 1], [1], 2, 0.0),
        ([1, 1], [1, 1, 1], 2, 1.0),
        ([1, 2], [2, 1], 10, (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))),
    ],
)
def test_ndcg(gains: list[float], ideal: list[float], k: int, wanted: float) -> None:
    assert discounted_gain(gains, ideal, k) == pytest.approx(wanted)


def test_a_quantile_is_one_of_the_values() -> None:
    assert [quantile([4.0, 1.0, 3.0, 2.0], share) for share in (0.5, 0.75, 0.95, 1.0)] == [2.0, 3.0, 4.0, 4.0]
