"""What `--compare` prints: two versions side by side over the same questions."""

from __future__ import annotations

import math
from collections.abc import Iterator

from train.evaluation.error_kinds import EXPLAINED
from train.evaluation.metrics import METRICS
from train.evaluation.report import Comparison, Report


def render_comparison(report: Report) -> Iterator[str]:
    """Every figure of both with the difference and its bounds, then what changed, broken answers first."""
    compared = report.comparisons["base"]
    one, other = report.versions["base"], report.versions["candidate"]
    yield f"{'':<22} {one.name[:24]:>24} {other.name[:24]:>24}   difference (at 95 % each, from and to)"
    for metric in METRICS:
        found = compared.differences[metric.name]
        if not found.count or math.isnan(found.value):
            continue
        values = (version.figures[metric.name].value for version in (one, other))
        told = f"{found.value:+.3f}   {found.low:+.3f} to {found.high:+.3f}   over {found.count}"
        yield f"{metric.name:<22} {next(values):>24.3f} {next(values):>24.3f}   {told}"
    yield ""
    yield f"{compared.changes.sentence}"
    yield from _list_changes(compared)
    for version in (one, other):
        yield ""
        yield f"errors of {version.name}:"
        for kind, count in version.errors.items():
            yield f"  {count:>4}  {kind}: {EXPLAINED[kind]}"


def _list_changes(compared: Comparison) -> Iterator[str]:
    for what, changes in (("broken", compared.changes.broken), ("fixed", compared.changes.fixed)):
        for change in changes:
            yield f"\n{what}  {change.id}  {change.question}\n  known   {change.right or '-'}"
            yield f"  before  {change.before or '-'}\n  after   {change.after or '-'}"
            yield f"  fault   {change.fault}"
