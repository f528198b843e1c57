"""How guessing is slowed down: after some failures a name is not tried again for a while, each time longer.

Names that nobody has are slowed down just as those of staff, or the delay would tell them apart. So that
a flood of names cannot fill the table, and what is typed by mistake into the field of the name is not
kept, a name counts in one of 65,536 buckets. No address is looked at.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy.orm import Session

from serve.errors import TooManyRequests
from serve.people.moments import as_utc
from serve.people.tables import SignInDelay
from serve.people.turns import take_turn

FREE_TRIES = 5
_FIRST = timedelta(seconds=15)
_LONGEST = timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(days=1)


def count_try(session: Session, name_key: str, now: datetime) -> int:
    """Count a sign-in as failed, before it is known whether it does; returns the failures before it.

    Counted first, so that tries made at the same moment count each other. Raises TooManyRequests, with
    the seconds to wait, while the name is not to be tried.
    """
    take_turn(session, SignInDelay)
    row = session.get(SignInDelay, _find_bucket(name_key), populate_existing=True)
    if row is None:
        row = SignInDelay(bucket=_find_bucket(name_key), failures=0, until=now)
        session.add(row)
    until = as_utc(row.until)
    if now - until > _FORGOTTEN_AFTER:
        row.failures = 0
    if row.failures >= FREE_TRIES and until > now:
        raise _refuse(until - now)
    before, row.failures = row.failures, row.failures + 1
    row.until = now + find_delay(row.failures)
    return before


def forget_tries(session: Session, name_key: str) -> None:
    """Forget the failures of a name, once its password was right or set anew."""
    if row := session.get(SignInDelay, _find_bucket(name_key)):
        session.delete(row)


def find_delay(failures: int) -> timedelta:
    """How long a name is left alone after so many failures in a row."""
    if failures < FREE_TRIES:
        return timedelta()
    return min(_LONGEST, _FIRST * int(2 ** min(failures - FREE_TRIES, 20)))


def _find_bucket(name_key: str) -> int:
    return int.from_bytes(hashlib.sha256(name_key.encode("utf-8", "replace")).digest()[:2], "big")


def _refuse(wait: timedelta) -> TooManyRequests:
    seconds = max(1, ceil(wait.total_seconds()))
    return TooManyRequests(
        f"There were too many wrong passwords for this name. Try again in {seconds} seconds, or ask an "
        "administrator for a new password: reading-room staff password",
        retry_after=seconds,
    )
