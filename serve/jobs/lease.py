"""A job in the hands of one worker, as its handler sees it: may it go on, and what is there to tell?"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError

from serve.jobs.claims import NO_NEWS, Claims, News, Publish
from serve.jobs.errors import LeaseLost, Reason, Stopped
from serve.jobs.job import Event, Job, Level, Wish

log = logging.getLogger(__name__)

HELD_SHARE = 0.75
"""Of the lease: after so long without a renewal the holder stops, well before anybody may take over."""
_BEATS = 12
"""Renewals in one lease, each of which also hears what staff want."""
_NEWS_SECONDS = 2.0
"""News waits no longer than this, and is written no more often."""
_TRY_SECONDS = 300.0
"""How long the end of a job is tried again while the database is away or its disk full."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a handler gives back. `result` is kept with the job.

    `publish` writes what comes of it, in the transaction that checks that the job is still this worker's;
    it may be called again where that transaction fails.
    """

    result: Mapping[str, Any]
    publish: Publish | None = None


class Lease:
    """Holds a job while a `with` block lasts: a thread renews it and writes down what is told.

    `job` is as it was claimed, `stopping` is set when the worker is to stop.
    """

    def __init__(self, claims: Claims, job: Job, stopping: threading.Event, since: float) -> None:
        self.job = job
        self._claims = claims
        self._stopping = stopping
        self._renewed = since
        self._lost = False
        self._wanted: Wish = job.wanted
        self._outbox = _Outbox(job.heard)
        self._over = threading.Event()
        self._beats = threading.Thread(target=self._beat, name=f"lease of {job.id}", daemon=True)

    def __enter__(self) -> Lease:
        self._beats.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        # A renewal that hangs in the database is left behind: its thread cannot keep the process alive.
        self._beats.join(self._claims.lease_seconds)

    def check(self) -> None:
        """Call often, and before each step that others could see.

        Raises LeaseLost where the job is, or may be, another worker's; Stopped where it is to be paused or
        cancelled, or the worker is to stop.
        """
        self.check_held()
        reason: Reason | None = self._wanted or ("shutdown" if self._stopping.is_set() else None)
        if reason:
            raise Stopped(reason)

    def check_held(self) -> None:
        """Raises LeaseLost where the job is, or may be, another worker's."""
        if not self._lost and time.monotonic() - self._renewed > HELD_SHARE * self._claims.lease_seconds:
            self._lost = True
        if self._lost:
            raise LeaseLost(f"{self.job.id} may be another worker's: its lease could not be renewed in time.")

    def report(self, progress: Mapping[str, Any]) -> None:
        """Say how far the work is: "done" as a share of 1, "seconds_left", and any figures."""
        self._outbox.report(progress)

    def tell(
        self,
        message: str,
        *,
        level: Level = "info",
        type: str = "message",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an event of one's own."""
        self._outbox.tell(Event(level, type, message, data or {}))

    def hear(self, events: Sequence[Event], heard: int) -> None:
        """Add events that a run wrote to its file; `heard` is the byte after the last of them."""
        self._outbox.hear(events, heard)

    def finish(self, done: Done) -> None:
        """Write the end of the work. Raises LeaseLost, Stopped where it was cancelled meanwhile."""
        self._write(lambda news: self._claims.finish(self.job, done.result, done.publish, news))

    def release(self) -> None:
        """Let go of the job after a stop. Raises LeaseLost."""
        self._write(lambda news: self._claims.release(self.job, news))

    def fail(self, problem: str, *, again: bool) -> None:
        """Write down that the work broke off. Raises LeaseLost."""
        self._write(lambda news: self._claims.fail(self.job, problem, news, again=again))

    def _beat(self) -> None:
        every = self._claims.lease_seconds / _BEATS
        while not self._over.wait(min(every, _NEWS_SECONDS)):
            news = self._outbox.peek()
            if not news and time.monotonic() - self._renewed < every:
                continue
            began = time.monotonic()
            try:
                self._wanted = self._claims.renew(self.job, news)
            except LeaseLost:
                self._lost = True
                return
            except SQLAlchemyError as error:  # the work goes on as long as the lease does
                log.warning("%s: the lease was not renewed: %s", self.job.id, _shorten(error))
                continue
            self._outbox.drop()
            self._renewed = began

    def _write(self, action: Callable[[News], object]) -> None:
        """Do what ends the job, again and again while the database cannot and the lease is held."""
        self._over.set()
        self._beats.join(self._claims.lease_seconds)
        until = time.monotonic() + _TRY_SECONDS
        pause = 0.1
        while True:
            began = time.monotonic()
            try:
                action(self._outbox.peek())
                return
            except (OperationalError, InterfaceError, InternalError) as error:
                if time.monotonic() > until:
                    raise
                log.warning("%s: its end is not written yet: %s", self.job.id, _shorten(error))
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
            self._renew_between(began)

    def _renew_between(self, began: float) -> None:
        """Keep the job while its end cannot be written; a lease that is over is not brought back."""
        self.check_held()
        with contextlib.suppress(SQLAlchemyError):  # the next attempt tells it
            self._claims.renew(self.job)
            self._renewed = began


class _Outbox:
    """What is to be told, from the handler's thread to the lease's. What `peek` gave stays until `drop`."""

    def __init__(self, heard: int) -> None:
        self._lock = threading.Lock()
        self._progress: Mapping[str, Any] | None = None
        self._own: list[Event] = []
        self._from_run: list[Event] = []
        self._since = self._heard = heard
        self._sent = NO_NEWS

    def report(self, progress: Mapping[str, Any]) -> None:
        with self._lock:
            self._progress = dict(progress)

    def tell(self, event: Event) -> None:
        with self._lock:
            self._own.append(event)

    def hear(self, events: Sequence[Event], heard: int) -> None:
        with self._lock:
            self._from_run.extend(event for event in events if event.type != "progress")
            self._heard = heard
            for event in events:
                if event.type == "progress":
                    self._progress = dict(event.data)

    def peek(self) -> News:
        """What there is to tell: the same again until `drop`, so that nothing is written twice."""
        with self._lock:
            if not self._sent:
                self._sent = News(
                    self._progress, tuple(self._own), tuple(self._from_run), self._since, self._heard
                )
                self._progress, self._own, self._from_run = None, [], []
                self._since = self._heard
            return self._sent

    def drop(self) -> None:
        """What `peek` gave is written."""
        with self._lock:
            self._sent = NO_NEWS


def _shorten(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
