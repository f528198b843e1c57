"""Which pairs a study learns from, and on which it measures."""

from __future__ import annotations

import pytest

from tests.train.datasets.made_pairs import make_pair, make_refusal
from train.curve.portions import divide
from train.lora.errors import TrainingRefused
from train.pairs.pair import Pair


def make_some(many: int) -> list[Pair]:
    """Two pairs about each record, and every sixth a refusal of its own."""
    return [
        make_refusal(number) if number % 6 == 5 else make_pair(number, f"r{number // 2}")
        for number in range(many)
    ]


def ids(pairs: object) -> set[str]:
    return {pair.id for pair in pairs}  # type: ignore[attr-defined]


def test_every_pair_is_on_one_side() -> None:
    pairs = make_some(120)
    portions = divide(pairs, 0)
    assert ids(portions.held) | ids(portions.ordered) == ids(pairs)
    assert not ids(portions.held) & ids(portions.ordered)
    assert 18 <= len(portions.held) <= 30


def test_no_record_is_on_both_sides() -> None:
    portions = divide(make_some(120), 0)
    held = {item.record_id for pair in portions.held for item in pair.evidence}
    learnt = {item.record_id for pair in portions.ordered for item in pair.evidence}
    assert held and not held & learnt


def test_portions_lie_within_each_other_and_leave_the_rest() -> None:
    pairs = make_some(120)
    portions = divide(pairs, 0)
    quarter, half, whole = (portions.take(share) for share in (0.25, 0.5, 1.0))
    assert ids(quarter) < ids(half) < ids(whole) == ids(portions.ordered)
    assert len(half) == round(len(whole) / 2) and len(quarter) == round(len(whole) / 4)
    assert set(portions.leave(0.5)) == ids(pairs) - ids(half)
    assert set(portions.leave(1.0)) == ids(portions.held)


def test_every_portion_has_its_share_of_refusals() -> None:
    portions = divide(make_some(240), 0)
    for share in (0.25, 0.5, 1.0):
        taken = portions.take(share)
        refusals = sum(pair.kind == "refusal" for pair in taken) / len(taken)
        assert abs(refusals - 1 / 6) < 0.04, share


def test_the_seed_decides_the_order_and_not_who_is_held() -> None:
    pairs = make_some(120)
    one, same, other = divide(pairs, 0), divide(list(reversed(pairs)), 0), divide(pairs, 1)
    assert one == same
    assert one.held == other.held and ids(one.take(0.25)) != ids(other.take(0.25))


def test_pairs_of_one_record_are_one_cluster() -> None:
    portions = divide(make_some(120), 0)
    assert set(portions.clusters) == ids(portions.held)
    by_record: dict[str, set[str]] = {}
    for pair in portions.held:
        for item in pair.evidence:
            by_record.setdefault(item.record_id, set()).add(portions.clusters[pair.id])
    assert all(len(clusters) == 1 for clusters in by_record.values())
    assert len(set(portions.clusters.values())) < len(portions.held)


def test_pairs_about_one_record_cannot_be_divided() -> None:
    with pytest.raises(TrainingRefused, match="Expected pairs about several records, found 20"):
        divide([make_pair(number, "the-one") for number in range(20)], 0)
