"""Who is asking, as far as access goes: what may be searched and shown is decided by this alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from retrieval.records import Record


@dataclass(frozen=True, slots=True)
class Audience:
    """Patrons, or the staff, on one day; `today` is that of the moment where it is None."""

    staff: bool = False
    today: date | None = None

    @property
    def day(self) -> int:
        """The day as a number, 20261121 for 21 November 2026, as the index has it."""
        today = self.today or datetime.now(UTC).date()
        return today.year * 10_000 + today.month * 100 + today.day

    def may_see(self, record: Record) -> bool:
        """Whether a record is for these eyes."""
        return self.staff or read_day(record.withheld_until) < self.day


PUBLIC = Audience()
STAFF = Audience(staff=True)


def read_day(text: str) -> int:
    """A day as ISO 8601 to its number; 0 for "", which is before every day."""
    return int(text.replace("-", "")) if text else 0
