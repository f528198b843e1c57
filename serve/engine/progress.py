"""Whether an engine gets on with its work. vLLM's /health says 200 for a hung one, so its counters decide."""

from __future__ import annotations

from dataclasses import dataclass

_WORK = ("vllm:num_requests_running", "vllm:num_requests_waiting")
_COUNTERS = (
    *_WORK,
    "vllm:generation_tokens_total",
    "vllm:prompt_tokens_total",
    "vllm:iteration_tokens_total_sum",
    "vllm:kv_cache_usage_perc",
    "vllm:request_success_total",
)
"""What moves when the engine takes a step, a long prompt's chunks included."""

Figures = tuple[tuple[str, float], ...]


@dataclass(slots=True)
class ProgressWatch:
    """Decides from repeated looks at the metrics whether the engine hangs.

    It hangs when there was work all the time and no figure moved, or the metrics themselves were not
    answered, for `patience` seconds. An idle engine never hangs.
    """

    patience: float
    _since: float = -1.0
    _figures: Figures | None = None

    def observe(self, now: float, figures: Figures | None, waiting: int) -> bool:
        """One look at time `now`: the figures, None if not answered, and how many wait for the engine."""
        idle = figures is not None and not waiting and not has_work(figures)
        moved = figures is not None and figures != self._figures
        if self._since < 0 or idle or moved:
            self._since = now
        if figures is not None:
            self._figures = figures
        return now - self._since > self.patience


def read_figures(metrics: str) -> Figures:
    """The figures that tell progress, from metrics in Prometheus' text form; labels are kept apart."""
    found: list[tuple[str, float]] = []
    for line in metrics.splitlines():
        if line.startswith(_COUNTERS):
            name, _, value = line.rpartition(" ")
            found.append((name, float(value)))
    return tuple(found)


def has_work(figures: Figures) -> bool:
    """Whether the engine says that requests are running or waiting in it."""
    return any(value > 0 for name, value in figures if name.startswith(_WORK))
