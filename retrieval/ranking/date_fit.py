"""How well the dates of a record fit the days that were asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.ranking.board import Floats, Weights
from retrieval.ranking.criteria import BROAD, days_of
from retrieval.records import Record
from retrieval.spans import Span


def judge_dates(asked: Span, rows: NDArray[np.void], weights: Weights) -> Floats:
    """1 inside what was asked, less the wider the record's dates are, -1 outside.

    An exact day or year so comes before a folder's range and that before a wide series; undated records,
    and those of the right year but another month, are neither helped nor hurt.
    """
    first, last = days_of(asked)
    starts, ends = rows["first_day"].astype(np.float64), rows["last_day"].astype(np.float64)
    overlap = np.minimum(ends, last) - np.maximum(starts, first) + 1
    share = np.clip(overlap, 0, None) / (ends - starts + 1)
    years = (int(asked.first[:4]), int(asked.last[:4]))
    same_year = (rows["first_year"] <= years[1]) & (rows["last_year"] >= years[0])
    fit = np.where(overlap > 0, share**weights.narrowness, np.where(same_year, 0.0, -1.0))
    fit = fit * np.where(rows["dates_inherited"], weights.inherited, 1.0)
    return np.where(rows["first_day"] < 1, 0.0, fit)


def may_be_of(asked: Span | None, record: Record, *, whole: bool) -> bool:
    """Whether a record can be of the days asked for: nothing speaks against an undated one.

    `whole` says that a collection as a whole is asked about, whose dates may be wide.
    """
    if asked is None or not record.spans or meets(asked, record):
        return True
    wide = whole and record.level == "collection"
    return wide and any(span.first <= asked.last and span.last >= asked.first for span in record.spans)


def meets(asked: Span, record: Record) -> bool:
    """Whether any span of the record's own dates overlaps, or inherited ones lie within what was asked.

    As in `criteria`, those of a collection or series must not be much wider than that.
    """
    if record.dates_inherited:
        return bool(record.spans) and all(
            asked.first <= span.first and span.last <= asked.last for span in record.spans
        )
    first, last = days_of(asked)
    most = None if record.level in ("file", "item") else last - first + BROAD
    for span in record.spans:
        starts, ends = days_of(span)
        if starts <= last and ends >= first and (most is None or ends - starts <= most):
            return True
    return False
