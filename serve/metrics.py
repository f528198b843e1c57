"""What the gateway counts, by the adapter version that answered. No text is ever a label.

Labels are the names of versions and aliases that the registry knows, and words of this program; a
version that is gone takes its series with it (`Metrics.forget`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from retrieval.index import Index
from serve.adapters.alias import BASE, Alias

_LATE = 16
"""How many of the versions forgotten last may still have had answers under way."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SHORT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """One registry per gateway, so that tests and replicas never share counts.

    May be used from any thread, but for `show_aliases` and `show_engines`: call those on the thread that
    renders, so that no page is made in the middle of a change.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._forgotten: dict[str, None] = {}
        self.requests = self._counter("requests", "Requests taken on", "version")
        self.answers = self._counter("answers", "Answers by outcome", "version", "status")
        self.errors = self._counter("errors", "Answers that failed, by error code", "version", "code")
        self.tokens = self._counter("tokens", "Tokens read and written", "version", "kind")
        self.first_token = self._histogram("first_token_seconds", "From request to first text", "version")
        self.between_tokens = self._histogram(
            "between_tokens_seconds", "From one piece of text to the next", "version", buckets=_SHORT_SECONDS
        )
        self.duration = self._histogram("answer_seconds", "Whole answers", "version")
        self.search = self._histogram("search_seconds", "Searches")
        self.in_flight = self._gauge("answers_in_flight", "Answers being written", "version")
        self.citations = self._counter(
            "citations",
            "Citations and identifiers, by whether a source has them",
            "version",
            "validity",
        )
        self.refusals = self._counter("refusals", "Answers in which the model said: not found", "version")
        self.feedback = self._counter("feedback", "Feedback kept", "version", "thumb")
        self.load = self._histogram("adapter_load_seconds", "Loading and probing a version", "version")
        self.engines = self._gauge("engines_able", "Engines that can answer with a version", "version")
        self.alias_revision = self._gauge("alias_revision", "Revision of an alias in use here", "alias")
        self.arm_share = self._gauge(
            "arm_share", "Share of an alias's conversations, 0 to 1", "alias", "version", "arm"
        )
        self.index = self._gauge("index_records", "Records that patrons may see", "index_version")
        self._by_version: tuple[MetricWrapperBase, ...] = (
            self.requests, self.answers, self.errors, self.tokens, self.first_token, self.between_tokens,
            self.duration, self.in_flight, self.citations, self.refusals, self.feedback, self.load,
            self.engines, self.arm_share,
        )  # fmt: skip

    def count_request(self, version: str) -> None:
        """One request for which a version was chosen, however it ends."""
        self.requests.labels(version).inc()

    def count_answer(self, version: str, status: str, usage: Mapping[str, int]) -> None:
        """One finished answer and the tokens it took."""
        self.answers.labels(version, status).inc()
        self.tokens.labels(version, "prompt").inc(usage.get("prompt_tokens", 0))
        self.tokens.labels(version, "completion").inc(usage.get("completion_tokens", 0))

    def count_citations(self, version: str, *, valid: int, invalid: int) -> None:
        """What one answer cited: passages it was given (valid), and numbers or identifiers in no source."""
        self.citations.labels(version, "valid").inc(valid)
        self.citations.labels(version, "invalid").inc(invalid)

    def count_refusal(self, version: str) -> None:
        """The model itself said that nothing was found."""
        self.refusals.labels(version).inc()

    def count_feedback(self, version: str, thumb: str) -> None:
        """One piece of feedback kept; for a version that was forgotten, nothing."""
        if version not in self._forgotten:
            self.feedback.labels(version, thumb).inc()

    def count_load(self, version: str, seconds: float) -> None:
        """An engine has loaded a version and answered its probes, in that time."""
        self.load.labels(version).observe(seconds)

    def time_tokens(self, version: str, started: float) -> TokenClock:
        """A clock for one answer that was asked for at `started` (time.perf_counter)."""
        return TokenClock(self.first_token.labels(version), self.between_tokens.labels(version), started)

    def show_aliases(self, aliases: Iterable[Alias], base: str = BASE) -> None:
        """Show these aliases, their revisions and the share of each arm, and no others.

        `base` is what the base model is called in the other figures.
        """
        self.alias_revision.clear()
        self.arm_share.clear()
        for alias in aliases:
            self.alias_revision.labels(alias.name).set(alias.revision)
            for version, percent in alias.weights.items():
                arm = "stable" if version == alias.stable else "candidate"
                name = base if version == BASE else version
                self.arm_share.labels(alias.name, name, arm).set(percent / 100)

    def show_engines(self, able: Mapping[str, int]) -> None:
        """Show how many engines can answer with each version, and no others."""
        self.engines.clear()
        for version, count in able.items():
            self.engines.labels(version).set(count)

    def show_index(self, index: Index) -> None:
        """Show the index in use; these figures are not for staff alone, so withheld records do not count."""
        self.index.clear()
        self.index.labels(index.version).set(sum(one.records for one in index.collections()))

    def forget(self, version: str) -> None:
        """Remove every series of a version that is retired or purged: a name never comes back."""
        self._forgotten[version] = None
        self._remove(version)

    def render(self) -> bytes:
        """The Prometheus text page."""
        for version in list(self._forgotten)[-_LATE:]:
            self._remove(version)  # an answer that was under way when its version went may have counted
        return generate_latest(self.registry)

    def _remove(self, version: str) -> None:
        for metric in self._by_version:
            metric.remove_by_labels({"version": version})

    def _counter(self, name: str, said: str, *labels: str) -> Counter:
        return Counter(f"reading_room_{name}", said, labels, registry=self.registry)

    def _gauge(self, name: str, said: str, *labels: str) -> Gauge:
        return Gauge(f"reading_room_{name}", said, labels, registry=self.registry)

    def _histogram(
        self, name: str, said: str, *labels: str, buckets: tuple[float, ...] = _SECONDS
    ) -> Histogram:
        return Histogram(f"reading_room_{name}", said, labels, buckets=buckets, registry=self.registry)


class TokenClock:
    """Times one answer's pieces of text. `first` is the seconds to the first one, None until it came."""

    __slots__ = ("_between", "_first_token", "_last", "first")

    def __init__(self, first_token: Histogram, between: Histogram, started: float) -> None:
        self._first_token, self._between, self._last = first_token, between, started
        self.first: float | None = None

    def tick(self) -> None:
        """A piece of text has come."""
        now = time.perf_counter()
        if self.first is None:
            self.first = now - self._last
            self._first_token.observe(self.first)
        else:
            self._between.observe(now - self._last)
        self._last = now
