"""Who is asking, as far as access goes: what may be searched and shown is decided by this alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from retrieval.records import Record

_LAST_CLOCK = timezone(timedelta(hours=-12))
"""The clock on which a day ends last."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Patrons, or the staff, on one day; where `today` is None the one that has begun everywhere."""

    staff: bool = False
    today: date | None = None

    @property
    def day(self) -> int:
        """The day as a number, 20261121 for 21 November 2026, as the index has it."""
        today = self.today or begun_everywhere(datetime.now(UTC))
        return today.year * 10_000 + today.month * 100 + today.day

    def may_see(self, record: Record) -> bool:
        """Whether a record is for these eyes."""
        return self.staff or read_day(record.withheld_until) < self.day


PUBLIC = Audience()
STAFF = Audience(staff=True)


def begun_everywhere(moment: datetime) -> date:
    """The latest day that has begun in every time zone, so that the day before has ended in all of them.

    A server's clock mostly shows UTC, where a day ends hours before it does in the Americas: what is
    withheld until then must not be shown while the library's own day still lasts.
    """
    return moment.astimezone(_LAST_CLOCK).date()


def read_day(text: str) -> int:
    """A day as ISO 8601 to its number; 0 for "", which is before every day."""
    return int(text.replace("-", "")) if text else 0
