"""What a passage shows: its words, dates, numbers, containers and shelf marks, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from retrieval.words import split_words
from train.pairs.checks.claim import blank
from train.pairs.checks.containers import read_containers
from train.pairs.checks.dates_named import NamedDate, read_named_dates
from train.pairs.checks.languages import detect_language
from train.pairs.checks.matched_text import Words, read_words
from train.pairs.checks.numbers_named import read_numbers
from train.pairs.checks.shelf_marks import stands_in
from train.pairs.pair import Evidence


@dataclass(frozen=True, slots=True)
class Shown:
    """One passage as the model reads it: heading, breadcrumb and text."""

    text: str
    about: str
    """The text and its ids and source, in which a shelf mark may stand."""
    exact: Words
    words: frozenset[str]
    containers: frozenset[str]
    dates: tuple[NamedDate, ...]
    numbers: frozenset[int]
    language: str

    def has_date(self, date: NamedDate) -> bool:
        """Whether the passage names this date, or year and day of it apart."""
        years = {year for own in self.dates for year, _, _ in own.readings if year}
        years.update(year for own in self.dates if own.years for year in own.years)
        if date.years:
            first, last = date.years
            return any(first <= year <= last for year in years)
        return any(self._has_reading(reading, years) for reading in date.readings)

    def _has_reading(self, reading: tuple[int, int, int], years: set[int]) -> bool:
        year, month, day = reading
        if year and year not in years:
            return False
        if not month:
            return True
        return any(
            own_month == month and (not day or own_day == day) and (not year or own_year in (0, year))
            for own in self.dates
            for own_year, own_month, own_day in own.readings
        )

    def has_mark(self, mark: str) -> bool:
        """Whether it has this shelf mark, in its text or among its ids."""
        return stands_in(mark, self.about)


def show(evidence: Evidence) -> Shown:
    """Read a passage."""
    return _show(
        "\n".join(
            part for part in (evidence.heading, " > ".join(evidence.breadcrumb), evidence.text) if part
        ),
        f"{evidence.record_id} {evidence.collection_id} {evidence.source}",
    )


@lru_cache(maxsize=4096)
def _show(text: str, ids: str) -> Shown:
    containers = read_containers(text)
    dates = read_named_dates(text)
    rest = blank(text, [(date.start, date.end) for date in dates])
    return Shown(
        text=text,
        about=f"{text}\n{ids}",
        exact=read_words(text),
        words=frozenset(split_words(text)),
        containers=frozenset(key for container in containers for key in container.keys),
        dates=tuple(dates),
        numbers=frozenset(value for value, _, _ in read_numbers(rest, all_words=True)),
        language=detect_language(text),
    )
