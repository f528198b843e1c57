"""Two lists into one order, the board that remembers why, and siblings kept from flooding."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.explanation import Adjustment
from retrieval.ranking.board import Board, Weights
from retrieval.ranking.fusion import fuse
from retrieval.ranking.hierarchy import lift_by_parents, spread_siblings
from retrieval.store.stored import COLUMNS


def rows(*records: tuple[int, int]) -> np.ndarray:
    """One passage for each (record, parent)."""
    columns = np.zeros(len(records), dtype=COLUMNS)
    columns["record"], columns["parent"] = zip(*records, strict=True)
    return columns


def test_both_scores_are_brought_to_one_scale_and_a_missing_one_counts_nothing() -> None:
    found = fuse([(7, 12.0), (8, 4.0), (9, 8.0)], [(8, 0.9), (9, 0.5), (5, 0.1)], 0.25)
    assert found.numbers.tolist() == [7, 9, 8, 5]
    assert found.fused.tolist() == pytest.approx([0.75, 0.5, 0.25, 0.0])
    assert np.isnan(found.dense[0])


def test_meaning_alone_decides_where_no_word_is_shared() -> None:
    assert fuse([], [(1, 0.4), (2, 0.8)], 0.25).fused.tolist() == [1.0, 0.0]


def test_equal_scores_are_all_the_highest() -> None:
    assert fuse([(1, 3.0), (2, 3.0)], [], 0.5).fused.tolist() == [0.5, 0.5]


def test_a_record_has_its_best_passage_and_a_share_of_the_next() -> None:
    columns = rows((4, -1), (4, -1), (6, -1))
    board = Board(fuse([(0, 3.0), (1, 2.0), (2, 1.0)], [], 0.0), columns, Weights(second=0.1))
    assert board.records.tolist() == [4, 6]
    assert board.passages.tolist() == [0, 2]
    assert board.scores.tolist() == pytest.approx([1.05, 0.0])


def test_a_good_series_lifts_its_folders_and_says_so() -> None:
    columns = rows((1, -1), (2, 1), (3, 9))
    board = Board(fuse([(0, 5.0), (1, 3.0), (2, 1.0)], [], 0.0), columns, Weights())
    lift_by_parents(board, 0.25)
    assert board.scores.tolist() == pytest.approx([1.0, 0.75, 0.0])
    first, second, _ = board.explain([0, 1, 2])
    assert first.adjustments == ()
    assert second.adjustments == (Adjustment("its series fits", 0.25),)
    assert (second.lexical, second.lexical_rank, second.dense, second.dense_rank) == (3.0, 2, None, None)
    assert second.fused == 0.5


def test_what_is_put_again_takes_the_place_of_what_was_there() -> None:
    board = Board(fuse([(0, 2.0), (1, 1.0)], [], 0.0), rows((1, -1), (2, -1)), Weights())
    board.put("person", np.array([0.0, 0.3]), 0.4)
    board.put("person", np.array([0.0, 0.4]), 0.4)
    assert board.scores.tolist() == pytest.approx([1.0, 0.4])
    board.put("date", np.array([-0.8, 0.4]), 0.4)
    assert board.order().tolist() == [1, 0]
    board.keep(board.order()[:1])
    assert board.explain([0])[0].adjustments == (Adjustment("person", 0.4), Adjustment("date", 0.4))
    assert board.reach == pytest.approx(1.0 + 0.1 + 0.4 + 0.4)


def test_siblings_do_not_flood_unless_they_are_what_was_asked_for() -> None:
    parents = [5, 5, 5, 5, 7, -1, 5]
    assert spread_siblings(parents, [False] * 7) == [0, 1, 2, 4, 5, 3, 6]
    assert spread_siblings(parents, [False, False, False, True, False, False, False]) == [0, 1, 2, 3, 4, 5, 6]
    assert spread_siblings([-1] * 6, [False] * 6) == [0, 1, 2, 3, 4, 5]
