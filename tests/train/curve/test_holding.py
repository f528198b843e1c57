"""On which pairs a study measures."""

from __future__ import annotations

import pytest

from tests.train.datasets.made_pairs import make_pair, make_refusal
from train.curve.holding import hold_out
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


def test_about_a_fifth_is_held_out() -> None:
    pairs = make_some(120)
    held = hold_out(pairs)
    assert 18 <= len(held.pairs) <= 30 and len(held.pairs) + held.others == 120
    assert held.ids == tuple(sorted(held.ids)) and set(held.ids) < {pair.id for pair in pairs}
    assert {pair.kind for pair in held.pairs} == {"answer", "refusal"}


def test_no_record_is_on_both_sides() -> None:
    pairs = make_some(120)
    ids = set(hold_out(pairs).ids)
    held = {item.record_id for pair in pairs if pair.id in ids for item in pair.evidence}
    learnt = {item.record_id for pair in pairs if pair.id not in ids for item in pair.evidence}
    assert held and not held & learnt


def test_the_same_pairs_in_any_order_hold_the_same_out() -> None:
    assert hold_out(make_some(120)) == hold_out(list(reversed(make_some(120))))


def test_pairs_of_one_record_are_one_cluster() -> None:
    held = hold_out(make_some(120))
    assert set(held.clusters) == set(held.ids)
    by_record: dict[str, set[str]] = {}
    for pair in held.pairs:
        for item in pair.evidence:
            by_record.setdefault(item.record_id, set()).add(held.clusters[pair.id])
    assert all(len(clusters) == 1 for clusters in by_record.values())
    assert len(set(held.clusters.values())) < len(held.pairs)


def test_pairs_about_one_record_cannot_be_divided() -> None:
    with pytest.raises(TrainingRefused, match="Expected pairs about several records, found 20"):
        hold_out([make_pair(number, "the-one") for number in range(20)])
