"""Figures per version: counted under the right labels, and gone with the version."""

from __future__ import annotations

import time

from prometheus_client.parser import text_string_to_metric_families

from serve.adapters.alias import BASE, Alias, Rollout
from serve.metrics import Metrics

OLD, NEW = "letters--v1-00000000", "letters--v2-11111111"


def read(metrics: Metrics, name: str, **labels: str) -> dict[tuple[str, ...], float]:
    """The series of one sample name that carry these labels, by the values of the others."""
    return {
        tuple(value for key, value in sorted(sample.labels.items()) if key not in labels): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
        if sample.name == f"reading_room_{name}" and labels.items() <= sample.labels.items()
    }


def use_everything(metrics: Metrics, version: str) -> None:
    """Every method and metric that has to do with a version."""
    metrics.count_request(version)
    metrics.count_answer(version, "answered", {"prompt_tokens": 300, "completion_tokens": 40})
    metrics.count_citations(version, valid=3, invalid=1)
    metrics.count_refusal(version)
    metrics.count_feedback(version, "down")
    metrics.count_load(version, 0.2)
    metrics.errors.labels(version, "engine_stalled").inc()
    metrics.duration.labels(version).observe(2.0)
    metrics.in_flight.labels(version).inc()
    clock = metrics.time_tokens(version, time.perf_counter())
    clock.tick()
    clock.tick()


def test_what_is_counted_is_shown_by_version() -> None:
    metrics = Metrics()
    use_everything(metrics, OLD)
    use_everything(metrics, NEW)
    metrics.count_citations(NEW, valid=2, invalid=0)
    assert read(metrics, "requests_total") == {(OLD,): 1, (NEW,): 1}
    assert read(metrics, "answers_total", version=OLD) == {("answered",): 1}
    assert read(metrics, "tokens_total", version=OLD) == {("prompt",): 300, ("completion",): 40}
    assert read(metrics, "citations_total", version=NEW) == {("valid",): 5, ("invalid",): 1}
    assert read(metrics, "refusals_total", version=OLD) == {(): 1}
    assert read(metrics, "feedback_total", version=OLD) == {("down",): 1}
    assert read(metrics, "errors_total", version=OLD) == {("engine_stalled",): 1}
    assert read(metrics, "answers_in_flight", version=OLD) == {(): 1}
    assert read(metrics, "answer_seconds_sum", version=OLD) == {(): 2.0}
    assert read(metrics, "adapter_load_seconds_sum", version=OLD) == {(): 0.2}


def test_a_clock_tells_the_first_piece_of_text_from_the_others() -> None:
    metrics = Metrics()
    clock = metrics.time_tokens(NEW, time.perf_counter() - 30)
    assert clock.first is None
    for _ in range(4):
        clock.tick()
    assert clock.first is not None and 30 <= clock.first < 60
    assert read(metrics, "first_token_seconds_count") == {(NEW,): 1}
    assert read(metrics, "first_token_seconds_sum") == {(NEW,): clock.first}
    assert read(metrics, "between_tokens_seconds_count") == {(NEW,): 3}
    assert read(metrics, "between_tokens_seconds_sum")[NEW,] < 30


def test_aliases_are_shown_with_the_share_of_each_arm() -> None:
    metrics = Metrics()
    rollout = Rollout("id", NEW, 25, automatic=True, answers_needed=10)
    metrics.show_aliases(
        [Alias("letters", 7, OLD, (), rollout), Alias("default", 2, BASE, (), None)], "reader"
    )
    assert read(metrics, "alias_revision") == {("letters",): 7, ("default",): 2}
    assert read(metrics, "arm_share") == {
        ("letters", "stable", OLD): 0.75,
        ("letters", "candidate", NEW): 0.25,
        ("default", "stable", "reader"): 1,
    }
    metrics.show_aliases([Alias("letters", 8, NEW, (OLD,), None)])
    assert read(metrics, "alias_revision") == {("letters",): 8}
    assert read(metrics, "arm_share") == {("letters", "stable", NEW): 1}


def test_engines_that_can_answer_are_shown_by_version() -> None:
    metrics = Metrics()
    metrics.show_engines({OLD: 2, NEW: 0})
    assert read(metrics, "engines_able") == {(OLD,): 2, (NEW,): 0}
    metrics.show_engines({NEW: 2})
    assert read(metrics, "engines_able") == {(NEW,): 2}


def test_a_version_that_is_gone_leaves_no_series() -> None:
    """Not even where an answer of it ends, or a patron's thumb comes, after it went."""
    metrics = Metrics()
    for version in (OLD, NEW):
        use_everything(metrics, version)
    metrics.show_engines({OLD: 1, NEW: 1})
    metrics.show_aliases([Alias("letters", 1, OLD, (), None)])
    assert metrics.render().decode().count(OLD) > 40
    kept = metrics.render().decode().count(NEW)
    metrics.forget(OLD)
    assert OLD not in metrics.render().decode()
    assert metrics.render().decode().count(NEW) == kept
    use_everything(metrics, OLD)
    assert OLD not in metrics.render().decode()
    for number in range(50):
        metrics.forget(f"never--v{number}-00000000")
    metrics.count_feedback(OLD, "up")
    assert OLD not in metrics.render().decode()


def test_gateways_share_no_counts() -> None:
    one, other = Metrics(), Metrics()
    one.count_request(OLD)
    assert read(other, "requests_total") == {}
