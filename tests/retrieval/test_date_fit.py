"""Dates held against the days asked for: exact before wide, wide before undated, none before wrong ones."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from retrieval.ranking.board import Weights
from retrieval.ranking.date_fit import judge_dates, may_be_of, meets
from retrieval.spans import Span, of_years
from retrieval.store.stored import COLUMNS, UNDATED
from tests.retrieval.shelf import make_record

YEAR = Span("1905-01-01", "1905-12-31")


def judge(asked: Span, *dated: tuple[str, str, bool] | None) -> list[float]:
    """How well records fit, each (first day, last day, inherited), or None for an undated one."""
    rows = np.zeros(len(dated), dtype=COLUMNS)
    for row, dates in zip(rows, dated, strict=True):
        if dates is None:
            row["first_day"] = row["last_day"] = row["first_year"] = row["last_year"] = UNDATED
            continue
        first, last = (date.fromisoformat(day) for day in dates[:2])
        row["first_day"], row["last_day"] = first.toordinal(), last.toordinal()
        row["first_year"], row["last_year"], row["dates_inherited"] = first.year, last.year, dates[2]
    return [round(fit, 3) for fit in judge_dates(asked, rows, Weights(narrowness=0.3, inherited=0.5))]


def test_an_exact_day_a_folder_a_series_and_no_date_in_this_order() -> None:
    day, folder, series, undated, wrong = judge(
        YEAR,
        ("1905-05-22", "1905-05-22", False),
        ("1904-07-01", "1906-06-30", False),
        ("1850-01-01", "1940-12-31", False),
        None,
        ("1912-01-01", "1912-12-31", False),
    )
    assert day == 1.0
    assert day > folder > series > undated > wrong
    assert (undated, wrong) == (0.0, -1.0)


def test_another_month_of_the_year_is_not_held_against_a_record() -> None:
    may = Span("1905-05-01", "1905-05-31")
    assert judge(may, ("1905-11-01", "1905-11-30", False), ("1906-05-01", "1906-05-31", False)) == [0.0, -1.0]


def test_dates_from_above_count_half() -> None:
    assert judge(YEAR, ("1905-03-01", "1905-03-31", True), ("1906-03-01", "1906-03-31", True)) == [0.5, -0.5]


@pytest.mark.parametrize(
    ("level", "years", "inherited", "fits"),
    [
        ("item", (1905, 1905), False, True),
        ("file", (1800, 1950), False, True),
        ("series", (1900, 1910), False, True),
        ("series", (1850, 1950), False, False),
        ("collection", (1850, 1950), False, False),
        ("item", (1905, 1905), True, True),
        ("item", (1900, 1910), True, False),
        ("item", (1906, 1906), False, False),
        ("item", None, False, False),
    ],
)
def test_what_counts_as_of_a_year(
    level: str, years: tuple[int, int] | None, inherited: bool, fits: bool
) -> None:
    record = make_record(level=level, spans=of_years(years), dates_inherited=inherited)
    assert meets(YEAR, record) is fits


def test_a_gap_between_spans_is_not_covered() -> None:
    record = make_record(spans=(*of_years((1903, 1903)), *of_years((1950, 1955))))
    assert not meets(YEAR, record)
    assert meets(Span("1952-01-01", "1952-12-31"), record)


def test_nothing_speaks_against_the_undated_or_a_whole_collection_asked_about() -> None:
    papers = make_record(level="collection", spans=of_years((1850, 1950)))
    assert may_be_of(YEAR, make_record(), whole=False)
    assert may_be_of(None, papers, whole=False)
    assert not may_be_of(YEAR, papers, whole=False)
    assert may_be_of(YEAR, papers, whole=True)
    assert not may_be_of(YEAR, make_record(spans=of_years((1906, 1906))), whole=True)
