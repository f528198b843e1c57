"""What is counted of one answer: by the version that wrote it, and by the arm of a rollout it belongs to."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from serve.aliases import Route
from serve.conversations.counts import FAILED, DailyTally
from serve.errors import ServeError
from serve.metrics import Metrics, TokenClock
from serve.rollout.counts import Outcome, Tally
from serve.rollout.slowness import Slowness
from serve.schemas import AnswerDetails


@dataclass(frozen=True, slots=True)
class Books:
    """Where everything is counted, for one gateway."""

    metrics: Metrics
    tally: Tally
    slowness: Slowness
    daily: DailyTally = field(default_factory=DailyTally)

    @contextmanager
    def open(self, route: Route, started: float, collection: str = "") -> Iterator[Account]:
        """An account for one answer, counted as in flight while it is open.

        `started` is when the request came, on time.perf_counter's clock: the search counts too.
        `collection` is the id of the one that the question is about, "" where that is not known.
        """
        self.metrics.count_request(route.version)
        with self.metrics.in_flight.labels(route.version).track_inprogress():
            account = Account(self, route, self.metrics.time_tokens(route.version, started), collection)
            try:
                yield account
            finally:
                seconds = time.perf_counter() - started
                self.metrics.duration.labels(route.version).observe(seconds)
                account.give_up(seconds)

    def count(self, route: Route, *, answer: bool = True, **kinds: bool) -> None:
        """Count how an answer went, or what was learnt of it later, if its arm of a rollout was drawn."""
        if route.rollout:
            self.tally.add(
                Outcome(
                    route.rollout,
                    route.share,
                    route.arm,
                    answer=answer,
                    conversation=route.conversation,
                    **kinds,
                )
            )


@dataclass(slots=True)
class Account:
    """One answer. `clock` ticks at each piece of text; `finish` or `fail` closes the account.

    An answer that its reader gave up is neither finished nor failed.
    """

    books: Books
    route: Route
    clock: TokenClock
    collection: str = ""
    closed: bool = False

    def finish(self, details: AnswerDetails, usage: Mapping[str, int], dropped_citations: int = 0) -> None:
        """The answer is complete. One that no model was asked for says nothing about a version."""
        self.closed = True
        version = self.route.version
        invalid = dropped_citations + len(details.unverified)
        self.books.metrics.count_answer(version, details.status, usage)
        self._count_day(details.status, found=details.found)
        if details.status == "answered":
            self.books.metrics.count_citations(version, valid=len(details.sources), invalid=invalid)
        if details.status == "passages_only":
            self.books.count(self.route, error=True)
        elif usage.get("completion_tokens"):
            first = self.clock.first
            slow = first is not None and self.books.slowness.judge(self.route.alias, first)
            refused = details.status == "not_found"
            if refused:
                self.books.metrics.count_refusal(version)
            # From passages, and citing none: nobody can check it. Nonsense looks just like this.
            uncited = details.status == "answered" and not details.sources
            invalid_citation = invalid > 0 or uncited
            self.books.count(self.route, slow=slow, invalid_citation=invalid_citation, refusal=refused)

    def fail(self, error: ServeError) -> None:
        """The answer failed. What the client asked wrongly is not held against the version."""
        self.closed = True
        self.books.metrics.errors.labels(self.route.version, error.code).inc()
        if error.status >= 500:
            self.books.count(self.route, error=True)
            self._count_day(FAILED, found=False)

    def give_up(self, seconds: float) -> None:
        """The reader has gone after `seconds`: with a version that keeps readers waiting, its slowness.

        Without this a version that hangs until everybody leaves would look no slower than another.
        """
        if not self.closed and self.clock.first is None:
            self.books.count(self.route, slow=self.books.slowness.judge(self.route.alias, seconds))

    def _count_day(self, status: str, *, found: bool) -> None:
        self.books.daily.add(
            collection=self.collection, found=found, status=status, adapter=self.route.version
        )
