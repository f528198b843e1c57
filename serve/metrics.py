"""What the gateway counts, by the adapter version that answered. No text is ever a label."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One registry per gateway, so that tests and replicas never share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter(
            "reading_room_answers", "Answers by outcome", ["version", "status"], registry=self.registry
        )
        self.errors = Counter(
            "reading_room_errors",
            "Answers that failed, by error code",
            ["version", "code"],
            registry=self.registry,
        )
        self.tokens = Counter(
            "reading_room_tokens", "Tokens read and written", ["version", "kind"], registry=self.registry
        )
        self.first_token = Histogram(
            "reading_room_first_token_seconds",
            "From request to first text",
            ["version"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.duration = Histogram(
            "reading_room_answer_seconds",
            "Whole answers",
            ["version"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.search = Histogram(
            "reading_room_search_seconds", "Searches", buckets=_SECONDS, registry=self.registry
        )
        self.in_flight = Gauge(
            "reading_room_answers_in_flight", "Answers being written", ["version"], registry=self.registry
        )
        self.feedback = Counter(
            "reading_room_feedback", "Feedback kept", ["version", "thumb"], registry=self.registry
        )
        self.index = Gauge(
            "reading_room_index_records",
            "Records in the index in use",
            ["index_version"],
            registry=self.registry,
        )

    def count_answer(self, version: str, status: str, usage: Mapping[str, int]) -> None:
        """One finished answer and the tokens it took."""
        self.answers.labels(version, status).inc()
        self.tokens.labels(version, "prompt").inc(usage.get("prompt_tokens", 0))
        self.tokens.labels(version, "completion").inc(usage.get("completion_tokens", 0))

    def render(self) -> bytes:
        """The Prometheus text page."""
        return generate_latest(self.registry)
